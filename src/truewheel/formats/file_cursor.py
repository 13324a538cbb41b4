"""Reading a file a part at a time: a :class:`~.cursor.Cursor` that never holds the whole of it, and a file made of pieces.

What is asked for is bytes that somebody else cuts, from memory or from a disk; nothing is opened here.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from itertools import accumulate

from ..model.edits import Kept, size_of
from .cursor import Buffer, Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.edits import Pieces, Sliceable

_STRING_PIECE = 256
"""Bytes of a string that are read at once: nearly all strings are shorter."""


class FileCursor(Cursor):
    """A bounds-checked view of a part of a file, of which only what is asked for is read.

    :param file: the whole file.
    :param base: where the view starts, in bytes.
    :param size: how long it is.
    """

    __slots__ = ("_file", "_size")

    def __init__(
        self,
        file: Sliceable,
        *,
        little: bool = True,
        base: int = 0,
        size: int | None = None,
        what: str = "file",
    ) -> None:
        """Look at a part of a file, of which nothing is read yet."""
        super().__init__(
            b"",
            little=little,
            base=base,
            what=what,
        )
        self._file = file
        self._size = len(file) - base if size is None else size

    def __len__(self) -> int:
        return self._size

    def unpack(self, layout: str, offset: int, field: str) -> tuple[Any, ...]:
        """Return numbers at ``offset``, as :meth:`Cursor.unpack` does."""
        # Only so many bytes as the numbers take.
        layout = self._order + layout
        return struct.unpack(
            layout,
            self.bytes(
                offset,
                struct.calcsize(layout),
                field,
            ),
        )

    def bytes(
        self,
        offset: int,
        size: int,
        field: str,
    ) -> memoryview:
        """Return ``size`` bytes at ``offset``, read now.

        :raises FormatError: when they do not lie inside, or the file has become shorter.
        """
        if offset < 0 or size < 0 or offset + size > self._size:
            self.fail(
                f"{field} ({size} bytes at {offset:#x}) lies outside of it ({self._size} bytes)",
                offset=max(offset, 0),
                field=field,
                value=size,
            )
        start = self.base + offset
        found = memoryview(bytes(self._file[start : start + size]))
        if len(found) != size:
            self.fail(
                "it was cut while it was read",
                offset=offset,
                field=field,
            )
        return found

    def part(
        self,
        offset: int,
        size: int,
        field: str,
        *,
        little: bool | None = None,
    ) -> Cursor:
        """Return a cursor over ``size`` bytes at ``offset``, of which nothing is read yet."""
        if offset < 0 or size < 0 or offset + size > self._size:
            self.fail(
                f"{field} ({size} bytes at {offset:#x}) lies outside of it ({self._size} bytes)",
                offset=max(offset, 0),
                field=field,
                value=size,
            )
        return FileCursor(
            self._file,
            little=self.little if little is None else little,
            base=self.base + offset,
            size=size,
            what=self.what,
        )

    def string(
        self,
        offset: int,
        field: str,
        *,
        limit: int = 65536,
    ) -> str:
        """Return the NUL-terminated string at ``offset``, as :meth:`Cursor.string` does."""
        # Its end is not known, and the file may be large.
        found = b""
        while b"\0" not in found and len(found) <= limit:
            here = offset + len(found)
            size = min(_STRING_PIECE, self._size - here)
            if size <= 0:
                break
            found += self.bytes(
                here,
                size,
                field,
            )
        return Cursor(
            found,
            base=self.base + offset,
            what=self.what,
        ).string(
            0,
            field,
            limit=limit,
        )


class Composed:
    """The file that pieces make of an old one, cut like any other: nothing of it is put together before it is asked for.

    >>> Composed(b"0123456789", (Kept(0, 2), b"ab", Kept(8, 10)))[1:5]
    b'1ab8'
    """

    __slots__ = ("_ends", "_old", "_pieces")

    def __init__(self, old: Sliceable, pieces: Pieces) -> None:
        sizes = []
        for piece in pieces:
            sizes.append(size_of((piece,)))
        self._old = old
        self._pieces = pieces
        self._ends = tuple(accumulate(sizes))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, part: slice, /) -> Buffer:
        """Return a part of the new file; steps other than 1 are not known."""
        # Pieces that lie before it are passed over without a look.
        start, stop, _ = part.indices(len(self))
        found = []
        index = bisect_right(self._ends, start)
        while start < stop:
            piece, end = self._pieces[index], self._ends[index]
            until = min(stop, end)
            if isinstance(piece, Kept):
                # Counted from the end of the piece, in the old file and in the new one.
                shift = piece.stop - end
                found.append(bytes(self._old[start + shift : until + shift]))
            else:
                shift = len(piece) - end
                found.append(piece[start + shift : until + shift])
            start = until
            index += 1
        return b"".join(found)
