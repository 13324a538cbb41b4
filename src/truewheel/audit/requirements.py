"""What METADATA requires of one distribution, on one platform and with the Pythons that take the wheel. Pure.

Markers count: what is required for another platform, or with an extra, is not installed with the wheel.
A requirement is taken apart only if its distribution is asked for, because that takes time.
"""

from __future__ import annotations

import re

from .environments import PYTHONS, environments_on, may_hold, normalised, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

_NAME = re.compile(r"\s*([A-Za-z0-9._-]+)")
"""How a requirement begins (dependency specifiers, "Names")."""

_SHOWN = 5
"""Distributions that a line of evidence names."""


class Requirements:
    """The requirements of a wheel, as they hold for the files of one platform."""

    def __init__(
        self,
        requires: Sequence[str],
        *,
        family: str,
        cpu: str,
        takes: Callable[[tuple[int, int]], bool],
        requires_python: str = "",
    ) -> None:
        """Begin with what METADATA says.

        :param requires: the values of ``Requires-Dist``.
        :param takes: whether a Python takes the wheel for its tags.
        :param requires_python: the value of ``Requires-Python``.
        """
        self._family = family
        self._cpu = cpu
        self._texts: dict[str, list[str]] = {}
        for text in requires:
            match = _NAME.match(text)
            if match is not None:
                self._texts.setdefault(normalised(match[1]), []).append(text)
        self.pythons = [python for python in PYTHONS if takes(_numbers(python))]
        """The Pythons that take the wheel for its tags, ``["3.12"]``."""
        self._requires_python = _specifier(requires_python) if requires_python else None

    def allow_python(self, python: str) -> bool:
        """Return whether ``Requires-Python`` takes a patch release of a Python."""
        allowed = self._requires_python
        if allowed is None:
            return True
        # ">=3.9.1" leaves out the first, and "<3.9.30" the last.
        return any(allowed.contains(f"{python}.{patch}") for patch in (0, 9, 40))

    def of(self, name: str) -> list[Requirement]:
        """Return the requirements of a distribution that may hold; none of those that only an extra brings."""
        return [one for one in self.named(name) if self._may_hold(one, self.pythons)]

    def named(self, name: str) -> list[Requirement]:
        """Return the requirements of a distribution, whether they hold or not."""
        found = map(parsed, self._texts.get(name, ()))
        return [one for one in found if one is not None]

    def are_unclear(self, name: str) -> bool:
        """Return whether a distribution is named in what is no requirement: TW529 tells, and a cure may change all."""
        return any(parsed(text) is None for text in self._texts.get(name, ()))

    def others(self) -> list[str]:
        """Return the names of all distributions that are required without an extra, as names are compared."""
        return [name for name in sorted(self._texts) if self.of(name)]

    def allowed(self, name: str, versions: Iterable[str], python: str) -> list[str]:
        """Return the versions that every requirement allows that holds with a Python; none when none does."""
        held = [one for one in self.named(name) if self._may_hold(one, (python,))]
        # Without a requirement nothing is installed, rather than anything.
        if not held:
            return []
        # Nothing tells which version lies at an address (PEP 508).
        if any(one.url for one in held):
            return []
        found = list(versions)
        for requirement in held:
            found = list(requirement.specifier.filter(found))
        return found

    def _may_hold(self, requirement: Requirement, pythons: Iterable[str]) -> bool:
        # Most have no marker, and environments take time.
        if requirement.marker is None:
            return True
        environments = environments_on(self._family, self._cpu, pythons)
        return may_hold(requirement, environments)


def listed(names: Sequence[str]) -> str:
    """Return names for a line of evidence: not more than fit into it.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f", "g"])
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    shown = ", ".join(names[:_SHOWN])
    hidden = len(names) - _SHOWN
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def _numbers(python: str) -> tuple[int, int]:
    major, _, minor = python.partition(".")
    return int(major), int(minor)


def _specifier(text: str) -> SpecifierSet | None:
    """Return the Pythons that ``Requires-Python`` allows; ``None`` for what is wrong, which TW529 tells."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None
