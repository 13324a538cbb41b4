"""Ready sets for ``exclude``: ``@cuda``, ``@rocm``, ``@torch``, ``@oneapi``, and who supplies each of their libraries.

What a vendor's distributions and drivers supply must not be copied into a wheel: a process would have it twice, or one that
does not fit the kernel. The table is written by ``docs/regenerate/exclude_sets.py``. Pure.
"""

from __future__ import annotations

import functools
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
    :param distributions: those that supply it, a version of the vendor's product each; none when they are not known.
    :param has_driver: whether it comes with a driver, or with an installation of the vendor's.
    """

    name: str
    distributions: tuple[str, ...] = ()
    has_driver: bool = False


def set_names() -> tuple[str, ...]:
    """Return the names of all sets, as they are written: ``@cuda`` …"""
    return tuple(MARK + name for name in _sets())


def expand_exclude(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return globs with each set in the place of its name; a name that is not known stays.

    >>> "libcublas.so.*" in expand_exclude(["@cuda"]), expand_exclude(["libx.so.*"])
    (True, ('libx.so.*',))
    """
    known = set_names()
    found: list[str] = []
    for pattern in patterns:
        if pattern in known:
            found += _globs(pattern)
        else:
            found.append(pattern)
    # Several versions of a product have libraries of one name.
    return tuple(dict.fromkeys(found))


def unknown_sets(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the names of sets that there are not.

    >>> unknown_sets(["@cuda", "@cude", "libx.so.*"])
    ('@cude',)
    """
    known = set_names()
    unknown = []
    for pattern in patterns:
        # No library's name begins so.
        is_set = pattern.startswith(MARK)
        if is_set and pattern not in known:
            unknown.append(pattern)
    return tuple(unknown)


def find_supplier(library: str) -> Supplier | None:
    """Return who supplies a library by its file name; ``None`` for one that is in no set.

    >>> find_supplier("libcublas.so.12").distributions, find_supplier("libcublas.so.19").distributions
    (('nvidia-cublas-cu12',), ())
    >>> find_supplier("libcuda.so.1").has_driver
    True
    """
    for name, suppliers in _sets().items():
        holders = []
        for distribution, libraries in suppliers.items():
            if library in libraries:
                holders.append(distribution)
        if holders:
            # A driver's libraries stand under no name.
            named = tuple(filter(None, holders))
            return Supplier(name, named, has_driver="" in holders)
    # A version that the table does not have is somebody's as well.
    unversioned = _VERSION.sub(_any_version, library)
    for name in _sets():
        if unversioned in _globs(name):
            return Supplier(name)
    return None


# A wheel may lack thousands of libraries.
@functools.cache
def _globs(name: str) -> tuple[str, ...]:
    """Return a glob for each library of a set."""
    suppliers = _sets()[name.removeprefix(MARK)]
    found = []
    for libraries in suppliers.values():
        for library in libraries:
            found.append(_VERSION.sub(_any_version, library))
    return tuple(found)


def _any_version(match: re.Match[str]) -> str:
    # libx.so.12 is any of libx.so.*, and not libx.sound.
    if match[0].startswith("."):
        return ".*"
    return "*"


def _sets() -> Mapping[str, Mapping[str, list[str]]]:
    """Return the file names of libraries by set and distribution, the driver's under an empty name."""
    return table("platforms/policy/exclude_sets.json")
