"""Ready sets for ``exclude``: ``@cuda``, ``@rocm``, ``@torch``, ``@oneapi``, and who supplies each of their libraries.

What a vendor's distributions and drivers supply must not be copied into a wheel: a process would have it twice, or one that
does not fit the kernel. The table is written by ``docs/regenerate/exclude_sets.py``. Pure.
"""

from __future__ import annotations

import re

from ..data_tables import table
from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK = "@"
"""What the name of a set begins with, where globs stand otherwise."""

_VERSION = re.compile(r"(?<=\.so)\.[\d.]+$|(?<=64_)\d+(_\d+)?(?=\.dll$)")
"""Where a name has its version: a set is for all versions, those to come as well."""


class Supplier(NamedTuple):
    """Who has a library of a set.

    :param name: of the set, without the mark.
    :param distributions: those that supply it, a version of the vendor's product each; none when a driver does.
    """

    name: str
    distributions: tuple[str, ...]


def set_names() -> tuple[str, ...]:
    """Return the names of all sets, as they are written: ``@cuda`` …"""
    return tuple(MARK + name for name in _sets())


def expand_exclude(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return globs with each set in the place of its name; a name that is not known stays.

    >>> "libcublas.so.*" in expand_exclude(["@cuda"]), expand_exclude(["libx.so.*"])
    (True, ('libx.so.*',))
    """
    found: list[str] = []
    for pattern in patterns:
        is_set = pattern.startswith(MARK) and pattern[1:] in _sets()
        found += _globs(pattern[1:]) if is_set else [pattern]
    return tuple(dict.fromkeys(found))


def unknown_sets(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the names of sets that there are not.

    >>> unknown_sets(["@cuda", "@cude", "libx.so.*"])
    ('@cude',)
    """
    known = set_names()
    return tuple(
        pattern
        for pattern in patterns
        if pattern.startswith(MARK) and pattern not in known
    )


def find_supplier(library: str) -> Supplier | None:
    """Return who supplies a library by its file name; ``None`` for one that is in no set.

    >>> find_supplier("libcublas.so.12"), find_supplier("libcuda.so.1").distributions
    (Supplier(name='cuda', distributions=('nvidia-cublas-cu12',)), ())
    """
    for name, suppliers in _sets().items():
        holders = [who for who, libraries in suppliers.items() if library in libraries]
        if holders:
            return Supplier(name, tuple(who for who in holders if who))
    return None


def _globs(name: str) -> list[str]:
    libraries = [one for held in _sets()[name].values() for one in held]
    return [_VERSION.sub(_any_version, library) for library in libraries]


def _any_version(match: re.Match[str]) -> str:
    return ".*" if match[0].startswith(".") else "*"


def _sets() -> Mapping[str, Mapping[str, list[str]]]:
    """Return the file names of libraries by set and distribution, the driver's under an empty name."""
    return table("platforms/policy/exclude_sets.json")
