"""Distributions that are known to have libraries for others: Qt's, cmeel's, NVIDIA's, Intel's, ``pyarrow``, ``torch`` …

The tables are written by ``docs/regenerate/known_suppliers.py`` and ``docs/regenerate/exclude_sets.py``, and grow old: a
distribution has new versions, whose libraries have other numbers in their names. Pure.
"""

from __future__ import annotations

import functools
import re

from ..data_tables import table
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERSIONS = (
    re.compile(r"(?P<base>.+\.so)\.(?P<version>[0-9][0-9.]*)"),
    re.compile(r"(?P<base>.+?)\.(?P<version>[0-9][0-9.]*)\.dylib"),
    re.compile(r"(?P<base>.+64)_(?P<version>[0-9]+(_[0-9]+)?)\.dll"),
)
"""Where a library's name has its version: ``libx.so.1``, ``libx.1.dylib``, ``x64_12.dll``."""
_PYTHON = re.compile(r"(?<=boost_python)3[0-9]{1,2}|(?<=boost_numpy)3[0-9]{1,2}")
"""Where a name has the version of Python: Boost has such libraries for each.

https://www.boost.org/doc/libs/release/libs/python/doc/html/building/configuring_boost_build.html
"""
_MOST_CHARACTERS = 200
"""Characters of a library's name; none that is known is longer."""


class KnownSupplier(Record):
    """A distribution with libraries for others.

    :param distribution: its name, as it writes it.
    :param versions: those that were looked at; none when they were not noted down.
    :param requires: its requirements, of other distributions with libraries.
    :param libraries: the names of their files, in all systems' wheels.
    """

    distribution: str
    versions: tuple[str, ...]
    requires: tuple[str, ...]
    libraries: tuple[str, ...]


@functools.cache
def known_suppliers() -> tuple[KnownSupplier, ...]:
    """Return every distribution that is known to have libraries for others, or to require one that has."""
    rows = table("platforms/policy/known_suppliers.json")
    libraries: dict[str, tuple[str, ...]] = {}
    for suppliers in table("platforms/policy/exclude_sets.json").values():
        for distribution, names in suppliers.items():
            # A driver's libraries stand under no name.
            if distribution:
                libraries[distribution] = tuple(names)
    found = []
    for distribution in dict.fromkeys((*rows, *libraries)):
        row = rows.get(distribution, {})
        own = (*row.get("libraries", ()), *libraries.get(distribution, ()))
        found.append(
            KnownSupplier(
                distribution=distribution,
                versions=tuple(row.get("versions", ())),
                requires=tuple(row.get("requires", ())),
                libraries=own,
            )
        )
    return tuple(found)


def find_distributions(library: str) -> tuple[str, ...]:
    """Return the distributions that are known to have a library of this very name.

    >>> find_distributions("libQt5Core.so.5"), find_distributions("libnobody.so.1")
    (('PyQt5-Qt5',), ())
    """
    return _by_library().get(library, ())


@functools.cache
def _by_library() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in known_suppliers():
        for library in row.libraries:
            found[library] = (*found.get(library, ()), row.distribution)
    return found


class LibraryNames:
    """The names of a distribution's libraries, in the version that is known.

    >>> names = LibraryNames(["libx.so.1"])
    >>> names.include("libx.so.2", is_same_version=True), names.include("libx.so.0", is_same_version=True)
    (True, False)
    >>> names.include("libx.so.0", is_same_version=False), names.include("liby.so.2", is_same_version=False)
    (True, False)
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Note the newest version of each library."""
        self._names = frozenset(map(_without_python, names))
        self._newest: dict[str, tuple[int, ...]] = {}
        for name in self._names:
            base, version = _divided(name)
            if version:
                self._newest[base] = max(version, self._newest.get(base, ()))

    def include(self, library: str, *, is_same_version: bool) -> bool:
        """Return whether the distribution is known to have a library.

        :param is_same_version: whether the version that is known may be installed. If not, its libraries may have other
            numbers. A number that is higher than the known one is that of a version newer than the table.
        """
        if _without_python(library) in self._names:
            return True
        base, version = _divided(library)
        if not version or base not in self._newest:
            return False
        return not is_same_version or version > self._newest[base]


def _without_python(library: str) -> str:
    """Return a library's name without the version of Python: of a wheel for another one, it has another."""
    return _PYTHON.sub("", library)


# One name is asked about for each supplier.
@functools.lru_cache(maxsize=1024)
def _divided(library: str) -> tuple[str, tuple[int, ...]]:
    """Return a library's name without its version, and the version; no numbers when it has none."""
    library = _without_python(library)
    if len(library) <= _MOST_CHARACTERS:
        for form in _VERSIONS:
            match = form.fullmatch(library)
            if match is not None:
                # The kind of file stays a part of the name.
                ending = library.rpartition(".")[2]
                kind = ending if ending in ("dylib", "dll") else ""
                numbers = re.findall("[0-9]+", match["version"])
                return f"{match['base']}|{kind}", tuple(map(int, numbers))
    return library, ()
