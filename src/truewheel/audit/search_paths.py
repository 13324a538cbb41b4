"""What a loader looks for in the directory that a search path names: the libraries that may come from there. Pure.

Sources: ld.so(8), https://man7.org/linux/man-pages/man8/ld.so.8.html; dyld(1),
https://keith.github.io/xcode-man-pages/dyld.1.html.
"""

from __future__ import annotations

from ..model.binary import MachOSlice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.audit import LoadableSlice
    from ..model.binary import Slice

_MOST_NAMES = 3
"""Libraries that a line of evidence names."""


def sought_there(code: LoadableSlice) -> tuple[str, ...]:
    """Return a line of evidence on what is looked for in the search paths of a file, or none if nothing is."""
    names = _sought(code.slice)
    if not names:
        return ()
    listed = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return (f"{listed}{f' and {more} more' if more > 0 else ''} may come from there",)


def _sought(piece: Slice) -> list[str]:
    """Return the libraries that a file needs and that are looked for in its search paths."""
    needs = [need.library for need in piece.needs]
    if isinstance(piece, MachOSlice):
        return [name for name in needs if name.startswith("@rpath/")]
    # A name with a slash is a path. All others are looked for there first, those of the system, too.
    names = [name for name in needs if "/" not in name]
    return [name for name in names if not _is_there_already(name, piece)]


def _is_there_already(name: str, piece: Slice) -> bool:
    """Return whether a library is loaded before anything is looked for: the C library of a process that loads a module."""
    # musl's loader is the C library itself, of programs, too.
    if name.startswith(("libc.musl-", "ld-musl-")):
        return True
    is_program = piece.interpreter is not None
    return not is_program and name.startswith(("libc.so", "ld-linux"))
