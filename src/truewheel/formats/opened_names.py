"""Names of libraries that a file may open while it runs: as strings of a program's data, or in calls of Python code. Pure.

What is sought is known: the old names of libraries that were renamed. Programs are looked at only if they are ELF files: of
PE images nobody can tell the strings of the program from those that a tool left behind.
"""

from __future__ import annotations

import re
from importlib import import_module

from ..model.binary import Format
from ..model.errors import FormatError
from . import sniff
from .cursor import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.edits import Sliceable

_PIECE = 4 << 20
"""Bytes of a program that are looked at together."""
_LONGEST = 256
"""Bytes of the longest name that is looked for: file systems take no longer one."""
_MOST_PLACES = 100_000
"""Places that are looked at closely in one file. Real ones have hundreds."""
_CALLS = (b"CDLL", b"LoadLibrary", b"dlopen", b"PyDLL", b"WinDLL", b"load_library")
"""Words of calls that open a library: ctypes' and cffi's, and what wraps them."""
_QUOTED = re.compile(rb"""["']([^"'\n]{1,255})["']""")


def names_opened(content: Sliceable, names: frozenset[str]) -> frozenset[str]:
    """Return those of ``names`` that a program has as whole strings in its data; none for other formats than ELF.

    :param content: the whole file.
    """
    if sniff(bytes(content[:64])) is not Format.ELF:
        return frozenset()
    # For wheels with renamed libraries alone.
    data_areas = import_module(".elf.data_areas", __package__).data_areas
    wanted = {name.encode(): name for name in names}
    found: set[str] = set()
    try:
        areas = list(data_areas(View(content)))
    except FormatError:
        return frozenset()
    left = _MOST_PLACES
    for start, stop in areas:
        for text in _strings_with_suffix(content, start, stop):
            left -= 1
            if left < 0:
                return frozenset(found)
            if text in wanted:
                found.add(wanted[text])
    return frozenset(found)


def _strings_with_suffix(content: Sliceable, start: int, stop: int) -> Iterator[bytes]:
    """Yield the strings between two places that have ``.so`` in them, from one zero byte to the next."""
    for begin in range(start, stop, _PIECE):
        # What is cut at the end of a piece is whole in the one that overlaps it.
        first = max(start, begin - _LONGEST)
        piece = bytes(content[first : min(stop, begin + _PIECE + _LONGEST)])
        place = piece.find(b".so")
        while place >= 0:
            end = piece.find(b"\0", place, place + _LONGEST)
            if end >= 0:
                # The first string of a section has no zero byte before it.
                yield piece[piece.rfind(b"\0", max(0, place - _LONGEST), place) + 1 : end]  # fmt: skip
            place = piece.find(b".so", place + 3)


def names_loaded(source: bytes | bytearray, names: frozenset[str]) -> frozenset[str]:
    """Return those of ``names`` that Python code opens: by a string in the line of a call that opens libraries.

    >>> sorted(names_loaded(b'x = ctypes.CDLL("libfoo.so.1")\\ny = "libz.so"', frozenset({"libfoo.so.1", "libz.so"})))
    ['libfoo.so.1']
    """
    # Most files are told by this alone, and lines take time.
    suffix = b".so" if any(".so" in name for name in names) else b".dll"
    if suffix not in source:
        return frozenset()
    if not any(call in source for call in _CALLS):
        return frozenset()
    found: set[str] = set()
    for line in source.splitlines():
        if line.lstrip().startswith(b"#") or not any(call in line for call in _CALLS):
            continue
        for text in _QUOTED.findall(line):
            name = text.decode("utf-8", "replace")
            if name in names:
                found.add(name)
    return frozenset(found)
