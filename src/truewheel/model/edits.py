"""Changes to a binary file as data, and the file that they make, as pieces.

A plan names edits (``truewheel.repair``), and the writer of each format makes them (``formats/…/patch.py``). A writer returns
no bytes of its own where the old ones stay: a library of 500 MB is then copied piece by piece.
"""

from __future__ import annotations

from .record import NamedTuple, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal, Protocol

    class Sliceable(Protocol):
        """Bytes in memory, or a file that gives a part of itself: whatever can be cut."""

        def __len__(self) -> int: ...

        def __getitem__(self, part: slice, /) -> bytes | bytearray | memoryview: ...


# --- what is asked for ------------------------------------------------------------------------------------------


class SetSearchPaths(Record):
    """The loader is to search these directories, in this order, and no others. PE files have no such list.

    :param paths: as they are written into the file (``$ORIGIN/../p.libs``, ``@loader_path``); none takes the list away.
    :param kind: how they are stored. An ELF file has one kind afterwards, whatever it had before.
    """

    paths: tuple[str, ...]
    kind: Literal["RPATH", "RUNPATH", "LC_RPATH"]


class ReplaceNeeded(Record):
    """A library is needed by another name, in every table of the file that names it.

    :param old: the name as it is written; letters of either case are the same in PE files alone. A file without it stays
        as it is.
    """

    old: str
    new: str


class RemoveNeeded(Record):
    """A library is needed no longer. Only for libraries whose symbols the process has anyway (libpython).

    :param library: the name as it is written.
    """

    library: str


class SetName(Record):
    """The file is known by another name: SONAME, or the install name of a Mach-O library."""

    name: str


Edit = SetSearchPaths | ReplaceNeeded | RemoveNeeded | SetName
"""One change to one file. For a Mach-O file with several CPUs it counts for each slice."""


# --- what comes out ---------------------------------------------------------------------------------------------


class Kept(NamedTuple):
    """A part of the old file, from ``start`` up to ``stop``, in bytes."""

    start: int
    stop: int


Pieces = tuple[Kept | bytes, ...]
"""A file in order: parts of the old one, and new bytes."""

CHUNK = 1 << 20
"""Bytes of an old file that are taken at once."""


def size_of(pieces: Pieces) -> int:
    """Return how many bytes the new file has.

    >>> size_of((Kept(0, 4), b"abc"))
    7
    """
    return sum(
        piece.stop - piece.start if isinstance(piece, Kept) else len(piece)
        for piece in pieces
    )


def chunks_of(old: Sliceable, pieces: Pieces) -> Iterator[bytes]:
    """Yield the new file, at most :data:`CHUNK` bytes of the old one at a time.

    >>> b"".join(chunks_of(b"0123456789", (Kept(0, 2), b"ab", Kept(8, 10))))
    b'01ab89'
    """
    for piece in pieces:
        if not isinstance(piece, Kept):
            yield piece
            continue
        for start in range(piece.start, piece.stop, CHUNK):
            yield bytes(old[start : min(start + CHUNK, piece.stop)])


def overwritten(size: int, changes: Iterable[tuple[int, bytes]]) -> Pieces:
    """Return a file of ``size`` bytes with new bytes at some offsets.

    :param changes: offsets with what is to stand there; no two overlap, and none reaches beyond the end.

    >>> overwritten(10, [(4, b"x"), (8, b"yz")])
    (Kept(start=0, stop=4), b'x', Kept(start=5, stop=8), b'yz')
    """
    pieces: list[Kept | bytes] = []
    here = 0
    for offset, new in sorted(changes):
        if offset > here:
            pieces.append(Kept(here, offset))
        pieces.append(new)
        here = offset + len(new)
    if here < size:
        pieces.append(Kept(here, size))
    return tuple(pieces)
