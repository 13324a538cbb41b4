"""What METADATA requires of one distribution, on one platform and with the Pythons that take the wheel. Pure.

Markers count: what is required for another platform, or with an extra, is not installed with the wheel.
"""

from __future__ import annotations

from .environments import PYTHONS, environments_on, may_hold, normalised, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from packaging.requirements import Requirement


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
        self._all = [one for one in map(parsed, requires) if one is not None]
        self.pythons = [
            python
            for python in PYTHONS
            if takes(_numbers(python)) and _is_allowed(python, requires_python)
        ]
        """The Pythons that take the wheel, ``["3.12"]``."""

    def of(self, name: str) -> list[Requirement]:
        """Return the requirements of a distribution that may hold; none of those that only an extra brings."""
        environments = environments_on(self._family, self._cpu, self.pythons)
        return [one for one in self.named(name) if may_hold(one, environments)]

    def named(self, name: str) -> list[Requirement]:
        """Return the requirements of a distribution, whether they hold or not."""
        return [one for one in self._all if normalised(one.name) == name]

    def others(self) -> list[str]:
        """Return the names of all distributions that are required without an extra, as names are compared."""
        environments = environments_on(self._family, self._cpu, self.pythons)
        held = [
            normalised(one.name) for one in self._all if may_hold(one, environments)
        ]
        return sorted(set(held))

    def allowed(self, name: str, versions: Iterable[str], python: str) -> list[str]:
        """Return the versions that every requirement allows that holds with a Python; none when none does."""
        environments = environments_on(self._family, self._cpu, (python,))
        held = [one for one in self.named(name) if may_hold(one, environments)]
        # Without a requirement nothing is installed, rather than anything.
        if not held:
            return []
        found = list(versions)
        for requirement in held:
            found = list(requirement.specifier.filter(found))
        return found


def _numbers(python: str) -> tuple[int, int]:
    major, _, minor = python.partition(".")
    return int(major), int(minor)


def _is_allowed(python: str, requires_python: str) -> bool:
    """Return whether ``Requires-Python`` takes a patch release of a Python."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(requires_python)
    # What it means is nobody's to guess; that it is wrong, TW529 tells.
    except InvalidSpecifier:
        return True
    # ">=3.9.1" leaves out the first, and "<3.9.30" the last.
    return any(allowed.contains(f"{python}.{patch}") for patch in (0, 9, 40))
