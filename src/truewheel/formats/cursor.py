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

Buffer = bytes | bytearray | memoryview
"""What readers take: the whole file in memory, or mapped into it."""


_SHORT = 16384
"""Strings that a table may hold in any case before it is taken for one of short strings."""


class Cursor:
    """A bounds-checked view of a part of a file.

    :param data: the bytes.
    :param little: byte order of the numbers.
    :param base: offset of ``data`` in the file, in bytes; added to the offsets of errors.
    :param what: the name of the format, for messages.
    """

    __slots__ = ("_order", "base", "data", "little", "what")

    def __init__(self, data: Buffer, *, little: bool = True, base: int = 0, what: str = "file") -> None:
        self.data = data if isinstance(data, memoryview) else memoryview(data)
        self.little = little
        self.base = base
        self.what = what
        self._order = "<" if little else ">"

    def __len__(self) -> int:
        return len(self.data)

    def fail(self, message: str, *, offset: int, field: str, value: object = None) -> NoReturn:
        """Raise a FormatError for something at ``offset`` of this view."""
        raise FormatError(f"broken {self.what}: {message}", offset=self.base + offset, field=field, value=value)

    def unpack(self, layout: str, offset: int, field: str) -> tuple[Any, ...]:
        """Numbers at ``offset`` in the layout of :mod:`struct`, without its byte-order mark.

        :raises FormatError: when they do not lie inside.
        """
        try:
            if not 0 <= offset <= len(self.data):
                raise struct.error
            return struct.unpack_from(self._order + layout, self.data, offset)
        except struct.error:
            self.fail(f"{field} lies outside of it ({len(self.data)} bytes)", offset=max(offset, 0), field=field)

    def number(self, code: str, offset: int, field: str) -> int:
        """One number, ``code`` as in :mod:`struct` (``B H I Q``)."""
        value: int = self.unpack(code, offset, field)[0]
        return value

    def rows(self, layout: str, offset: int, count: int, field: str) -> Iterator[tuple[Any, ...]]:
        """``count`` records of one layout, one after the other.

        :raises FormatError: at once, when they do not all lie inside; no count can make this loop for long.
        """
        size = struct.calcsize(self._order + layout)
        return self.records(layout, self.bytes(offset, count * size, field))

    def records(self, layout: str, data: Buffer) -> Iterator[tuple[Any, ...]]:
        """All records of one layout in ``data``, which must hold whole ones; the byte order is the cursor's.

        They are read from a copy. An iterator over a memoryview kills the interpreter when both are garbage in one cycle,
        as they are behind an error's traceback (CPython before 3.12.5, "GC breaks a loop containing a memoryview").
        """
        return struct.iter_unpack(self._order + layout, bytes(data))

    def unpack_all(self, code: str, data: Buffer) -> tuple[int, ...]:
        """All numbers of one kind in ``data``; what is left over at its end is none."""
        return struct.unpack_from(f"{self._order}{len(data) // struct.calcsize(self._order + code)}{code}", data)

    def bytes(self, offset: int, size: int, field: str) -> memoryview:
        """``size`` bytes at ``offset``, not copied.

        :raises FormatError: when they do not lie inside.
        """
        if offset < 0 or size < 0 or offset + size > len(self.data):
            message = f"{field} ({size} bytes at {offset:#x}) lies outside of it ({len(self.data)} bytes)"
            self.fail(message, offset=max(offset, 0), field=field, value=size)
        return self.data[offset : offset + size]

    def part(self, offset: int, size: int, field: str, *, little: bool | None = None) -> Cursor:
        """A cursor over ``size`` bytes at ``offset``."""
        order = self.little if little is None else little
        return Cursor(self.bytes(offset, size, field), little=order, base=self.base + offset, what=self.what)

    def string(self, offset: int, field: str, *, limit: int = 65536) -> str:
        """The NUL-terminated string at ``offset``; bytes that are not UTF-8 come as ``\\xNN``.

        :param limit: the longest string that is believed, in bytes.
        :raises FormatError: when it starts outside, has no end, or is longer than ``limit``.
        """
        if not 0 <= offset < len(self.data):
            self.fail(f"{field} starts outside of it", offset=max(offset, 0), field=field, value=offset)
        piece = bytes(self.data[offset : offset + 256])
        end = piece.find(b"\0")
        if end < 0:
            piece = bytes(self.data[offset : offset + limit])
            end = piece.find(b"\0")
        if end < 0:
            self.fail(f"{field} has no end", offset=offset, field=field)
        return piece[:end].decode("utf-8", "backslashreplace")


class Strings(dict[int, str]):
    """A string table: NUL-terminated strings by their offset, each decoded once.

    :raises FormatError: when a string is asked for that starts or ends outside of the table.
    """

    __slots__ = ("_left", "_raw", "cursor", "field")

    def __init__(self, cursor: Cursor, field: str) -> None:
        self.cursor = cursor
        self.field = field
        self._raw = bytes(cursor.data)
        super().__init__(_strings(self._raw))
        # Names may share their ends, but not so many that a small table becomes a large amount of text.
        self._left = 8 * len(self._raw) + 65536

    def __missing__(self, offset: int) -> str:
        """The end of another string."""
        end = self._raw.find(b"\0", offset) if 0 <= offset < len(self._raw) else -1
        if end < 0:
            place = min(max(offset, 0), len(self._raw))
            self.cursor.fail(f"a name lies outside of {self.field}", offset=place, field=self.field, value=offset)
        self._left -= end - offset
        if self._left < 0:
            self.cursor.fail(f"names overlap in {self.field}", offset=offset, field=self.field, value=offset)
        known = self[offset] = _decoded(self._raw[offset:end])
        return known


def _strings(raw: bytes) -> Iterable[tuple[int, str]]:
    """The strings of a table with their offsets: all at once, which takes a fifth of the time that one by one does.

    None of a table that holds little else than ends: as objects, they would take a hundred times its memory.
    """
    if raw.count(b"\0") > _SHORT + len(raw) // 32:
        return ()
    if raw.isascii():
        texts = raw.decode("ascii").split("\0")[:-1]  # the last one has no end
        lengths = map(len, texts)
    else:
        pieces = raw.split(b"\0")[:-1]
        texts = list(map(_decoded, pieces))
        lengths = map(len, pieces)
    starts = map(int.__add__, accumulate(lengths, initial=0), range(len(texts)))  # each end takes a byte
    return zip(starts, texts, strict=False)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
