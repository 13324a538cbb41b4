"""Reading numbers and strings out of a buffer without ever leaving it.

Every reader in this folder goes through a :class:`Cursor`, so that a broken file ends in a
:class:`~truewheel.model.errors.FormatError` that says where, in which field, and what stood there. Nothing here
knows a format.
"""

from __future__ import annotations

import struct
from itertools import accumulate

from ..model.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

    from ..model.edits import Sliceable


class View:
    """A part of a content whose bytes are read when they are wanted: what a memoryview is to bytes in memory.

    >>> view = View(b"0123456789")[2:8]
    >>> len(view), bytes(view[1:3]), view.find(b"6", 0, 6)
    (6, b'34', 4)
    """

    __slots__ = ("_source", "_start", "_stop")

    def __init__(
        self, source: Sliceable, start: int = 0, stop: int | None = None
    ) -> None:
        """Look at ``source`` from ``start`` up to ``stop``, which lie inside; at all of it by default."""
        self._source = source
        self._start = start
        self._stop = len(source) if stop is None else stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, part: slice) -> View:
        """Return a part of it, of which nothing is read yet."""
        # As a memoryview does: beyond the end, there is nothing.
        size = len(self)
        start, stop, _ = part.indices(size)
        first = self._start + start
        last = self._start + stop
        return View(self._source, first, max(first, last))

    def __bytes__(self) -> bytes:
        """Read it."""
        part = self._source[self._start : self._stop]
        return bytes(part)

    def find(self, byte: bytes, start: int, stop: int) -> int:
        """Return where ``byte`` stands between two places, -1 when it does not, as ``bytes.find`` does."""
        while start < stop:
            # As a rule a name's end is near, and the view's is not.
            end = min(start + _FIND_PIECE, stop)
            piece = bytes(self[start:end])
            found = piece.find(byte)
            if found >= 0:
                return start + found
            start = end
        return -1


Buffer = bytes | bytearray | memoryview
"""The whole file in memory, or mapped into it."""
Readable = Buffer | View
"""What readers take."""

_FIND_PIECE = 1024
"""Bytes that are read at once to find the end of a name."""

_SHORT_TABLE = 16384
"""Strings that a table may hold in any case before it is taken for one of little else than ends."""
_SMALL_TABLE = 65536
"""Bytes that names may take in any case before they are taken for a flood."""
_SHORT_STRING = 256
"""Bytes in which most strings end: for them, no more is copied."""


class Cursor:
    """A bounds-checked view of a part of a file.

    :param data: the bytes.
    :param little: whether its numbers are little-endian.
    :param base: offset of ``data`` in the file, in bytes; added to the offsets of errors.
    :param what: the name of the format, for messages.
    """

    __slots__ = ("_order", "base", "data", "little", "what")

    def __init__(
        self,
        data: Readable,
        *,
        little: bool = True,
        base: int = 0,
        what: str = "file",
    ) -> None:
        """Look at ``data`` without a copy."""
        self.data: memoryview | View
        if isinstance(data, (memoryview, View)):
            self.data = data
        else:
            self.data = memoryview(data)
        self.little = little
        self.base = base
        self.what = what
        self._order = "<" if little else ">"

    def __len__(self) -> int:
        return len(self.data)

    def fail(
        self,
        message: str,
        *,
        offset: int,
        field: str,
        value: object = None,
    ) -> NoReturn:
        """Raise a FormatError for something at ``offset`` of this view.

        :param field: the name that the format's specification gives to what was read.
        :param value: what was found there.
        """
        text = f"broken {self.what}: {message}"
        raise FormatError(
            text,
            offset=self.base + offset,
            field=field,
            value=value,
            reason=message,
        )

    # --- numbers ----------------------------------------------------------------------------------------------------

    def unpack(self, layout: str, offset: int, field: str) -> tuple[Any, ...]:
        """Return numbers at ``offset`` in the layout of :mod:`struct`, without its byte-order mark.

        :raises FormatError: when they do not lie inside.
        """
        try:
            # To struct, a negative offset would count from the end.
            if not 0 <= offset <= len(self.data):
                raise struct.error
            if isinstance(self.data, View):
                return self._unpack_view(self.data, layout, offset)
            return struct.unpack_from(self._order + layout, self.data, offset)
        except struct.error:
            message = f"{field} lies outside of it ({len(self.data)} bytes)"
            self.fail(
                message,
                offset=max(offset, 0),
                field=field,
            )

    def _unpack_view(self, view: View, layout: str, offset: int) -> tuple[Any, ...]:
        """Return numbers that are read for that.

        :raises struct.error: when they do not lie inside.
        """
        whole = self._order + layout
        end = offset + struct.calcsize(whole)
        part = bytes(view[offset:end])
        return struct.unpack(whole, part)

    def number(self, code: str, offset: int, field: str) -> int:
        """Return one number, ``code`` as in :mod:`struct` (``B H I Q``).

        :raises FormatError: when it does not lie inside.
        """
        value: int = self.unpack(code, offset, field)[0]
        return value

    def rows(
        self,
        layout: str,
        offset: int,
        count: int,
        field: str,
    ) -> Iterator[tuple[Any, ...]]:
        """Return ``count`` records of one layout, one after the other.

        :raises FormatError: at once, when they do not all lie inside; no count can make this loop for long.
        """
        size = struct.calcsize(self._order + layout)
        return self.records(layout, self.bytes(offset, count * size, field))

    def records(self, layout: str, data: Readable) -> Iterator[tuple[Any, ...]]:
        """Return all records of one layout in ``data``, which must hold whole ones; the byte order is the cursor's."""
        # They are read from a copy. An iterator over a memoryview kills the interpreter when both are garbage in one cycle,
        # as they are behind an error's traceback (CPython before 3.12.5, "GC breaks a loop containing a memoryview").
        whole = self._order + layout
        return struct.iter_unpack(whole, bytes(data))

    def unpack_all(self, code: str, data: Readable) -> tuple[int, ...]:
        """Return all numbers of one kind in ``data``; a part of one that is left over at its end is left out."""
        size = struct.calcsize(self._order + code)
        count = len(data) // size
        whole = f"{self._order}{count}{code}"
        return struct.unpack_from(whole, bytes(data))

    # --- bytes and strings ------------------------------------------------------------------------------------------

    def bytes(self, offset: int, size: int, field: str) -> memoryview | View:
        """Return ``size`` bytes at ``offset``, not copied.

        :raises FormatError: when they do not lie inside.
        """
        end = offset + size
        if offset < 0 or size < 0 or end > len(self.data):
            message = f"{field} ({size} bytes at {offset:#x}) lies outside of it ({len(self.data)} bytes)"
            self.fail(
                message,
                offset=max(offset, 0),
                field=field,
                value=size,
            )
        return self.data[offset:end]

    def part(
        self,
        offset: int,
        size: int,
        field: str,
        *,
        little: bool | None = None,
    ) -> Cursor:
        """Return a cursor over ``size`` bytes at ``offset``, in another byte order if one is given.

        :raises FormatError: when they do not lie inside.
        """
        if little is None:
            little = self.little
        data = self.bytes(offset, size, field)
        return Cursor(data, little=little, base=self.base + offset, what=self.what)

    def string(self, offset: int, field: str, *, limit: int = 65536) -> str:
        """Return the NUL-terminated string at ``offset``; bytes that are not UTF-8 come as ``\\xNN``.

        :param limit: the longest string that is believed, in bytes.
        :raises FormatError: when it starts outside, has no end, or is longer than ``limit``.
        """
        if not 0 <= offset < len(self.data):
            self.fail(
                f"{field} starts outside of it",
                offset=max(offset, 0),
                field=field,
                value=offset,
            )
        piece = bytes(self.data[offset : offset + _SHORT_STRING])
        end = piece.find(b"\0")
        if end < 0:
            piece = bytes(self.data[offset : offset + limit])
            end = piece.find(b"\0")
        if end < 0:
            self.fail(
                f"{field} has no end",
                offset=offset,
                field=field,
            )
        return _decode(piece[:end])


class Strings(dict[int, str]):
    """A string table: NUL-terminated strings by their offset, each decoded once.

    :raises FormatError: when a string is asked for that starts or ends outside of the table.
    """

    __slots__ = ("_left", "_raw", "cursor", "field")

    def __init__(self, cursor: Cursor, field: str) -> None:
        self.cursor = cursor
        self.field = field
        self._raw = bytes(cursor.data)
        super().__init__(_split_strings(self._raw))
        # Names may share their ends, but not so many that a small table becomes a large amount of text.
        self._left = 8 * len(self._raw) + _SMALL_TABLE

    def __missing__(self, offset: int) -> str:
        """Return the end of another string."""
        is_inside = 0 <= offset < len(self._raw)
        end = self._raw.find(b"\0", offset) if is_inside else -1
        if end < 0:
            place = min(max(offset, 0), len(self._raw))
            self.cursor.fail(
                f"a name lies outside of {self.field}",
                offset=place,
                field=self.field,
                value=offset,
            )
        self._left -= end - offset
        if self._left < 0:
            self.cursor.fail(
                f"names overlap in {self.field}",
                offset=offset,
                field=self.field,
                value=offset,
            )
        text = _decode(self._raw[offset:end])
        self[offset] = text
        return text


def _split_strings(raw: bytes) -> Iterable[tuple[int, str]]:
    """Return the strings of a table with their offsets.

    All at once takes a fifth of the time that one by one does. A table that holds little else than ends is left out: as
    objects, its strings would take a hundred times its memory.
    """
    if raw.count(b"\0") > _SHORT_TABLE + len(raw) // 32:
        return ()
    # What follows the last end is not a string.
    if raw.isascii():
        texts = raw.decode("ascii").split("\0")[:-1]
        lengths = map(len, texts)
    else:
        pieces = raw.split(b"\0")[:-1]
        texts = list(map(_decode, pieces))
        lengths = map(len, pieces)
    # Each string begins behind the end of the one before, which takes a byte.
    starts = map(int.__add__, accumulate(lengths, initial=0), range(len(texts)))
    return zip(starts, texts, strict=False)


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
