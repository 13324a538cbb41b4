"""Libraries that a repair gave another name, and the names by which code may still ask for them. Pure.

auditwheel and truewheel put eight hex digits before the first dot (``libfoo-0123abcd.so.1``), delvewheel 32 before ``.dll``.
delocate keeps the names.
"""

from __future__ import annotations

import re

from .record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_HASH = re.compile(r"-[0-9a-f]{8}(?=\.)(?=.*\.so(?:\.|$))|-[0-9a-f]{32}(?=\.dll$)", re.IGNORECASE)  # fmt: skip
_MOST_PARTS = 8
"""Numbers in a version: real ones have three or four."""


class Renamed(NamedTuple):
    """A library under a new name.

    :param path: the file in the wheel.
    :param old: the names that it may have been known by: ``libfoo.so.1.2`` may have been opened as ``libfoo.so.1``.
    """

    path: str
    old: frozenset[str]


def renamed_libraries(paths: Iterable[str]) -> tuple[Renamed, ...]:
    """Return the files whose name says that a repair renamed them.

    >>> (found,) = renamed_libraries(["p/x.so", "p.libs/libw-1-48d854ed.2.so.3.1"])
    >>> sorted(found.old)
    ['libw-1.2.so', 'libw-1.2.so.3', 'libw-1.2.so.3.1']
    """
    found = []
    for path in paths:
        # Nearly every file of a wheel is told from these at once.
        if ".so" not in path and not path.endswith(".dll"):
            continue
        _, _, name = path.rpartition("/")
        old = _HASH.sub("", name, count=1)
        if old != name:
            names = frozenset(_shorter_names(old))
            renamed = Renamed(path, names)
            found.append(renamed)
    return tuple(found)


def _shorter_names(name: str) -> Iterable[str]:
    """Yield a name, and those with less of its version."""
    stem, suffix, version = name.partition(".so")
    # A DLL's name has no version in it.
    if not suffix:
        yield name
        return
    known = stem + suffix
    yield known
    for part in version.split(".")[1:_MOST_PARTS]:
        known += f".{part}"
        yield known
