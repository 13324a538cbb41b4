"""What a file looks like in memory, once a loader has applied its relocations: the part of it that readers of data ask for.

Each format has a subclass: where the data lies, and what stands at an address once it is relocated. Nothing here knows a
format.
"""

from __future__ import annotations

import struct

from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cursor import Cursor

_LONGEST_NAME = 1024
"""Bytes of the longest name that is read."""


class Area(NamedTuple):
    """A part of a file that is mapped into memory.

    :param address: where its first byte comes to lie, if the file is loaded where it asks to be.
    :param offset: where it begins in the file.
    :param size: how many bytes of it the file has.
    :param is_data: whether static variables with addresses in them may lie there: not in code.
    :param span: how many bytes of memory it takes, with the zeros that follow, where that is known.
    """

    address: int
    offset: int
    size: int
    is_data: bool
    span: int = 0

    def holds(self, address: int) -> bool:
        """Whether the file has the byte that comes to lie at an address."""
        inside = address - self.address
        return 0 <= inside < self.size

    def spans(self, address: int) -> bool:
        """Return whether an address lies in it, or in the zeros that follow."""
        inside = address - self.address
        return 0 <= inside < max(self.size, self.span)


class Word(NamedTuple):
    """A number as wide as an address, and whether a loader makes an address of it."""

    value: int
    is_address: bool


class Memory:
    """A file as it will lie in memory.

    :param cursor: the whole file, or its slice.
    :param areas: what is mapped, at most a few dozen.
    :param bits: 32 or 64.
    """

    def __init__(self, cursor: Cursor, areas: Sequence[Area], bits: int) -> None:
        self.cursor = cursor
        self.areas = areas
        self.bits = bits

    @property
    def word_size(self) -> int:
        """The bytes of an address."""
        return self.bits // 8

    @property
    def word_code(self) -> str:
        """An address, as :mod:`struct` has it."""
        return "Q" if self.bits == 64 else "I"

    def word(self, address: int) -> Word | None:
        """Return the word at an address; ``None`` when the file has none there, or a library elsewhere makes it."""
        raise NotImplementedError

    def read(self, address: int, size: int) -> bytes | None:
        """Return bytes as the file has them, before anything is relocated; ``None`` when it does not have them all."""
        area = self._area(address)
        if area is None:
            return None
        inside = address - area.address
        # Nothing that is asked for lies in two areas.
        if inside + size > area.size:
            return None
        raw = self.cursor.bytes(area.offset + inside, size, "data")
        return bytes(raw)

    def numbers(self, layout: str, address: int) -> tuple[int, ...] | None:
        """Return numbers as the file has them, in the layout of :mod:`struct`."""
        raw = self.read(address, struct.calcsize(f"={layout}"))
        if raw is None:
            return None
        return struct.unpack(self._order + layout, raw)

    def number(self, code: str, address: int) -> int | None:
        """Return one number as the file has it."""
        found = self.numbers(code, address)
        return None if found is None else found[0]

    def stored_word(self, address: int) -> int | None:
        """Return a word as the file has it."""
        return self.number(self.word_code, address)

    def string(self, address: int) -> str:
        """Return the string at an address; empty when none ends near it."""
        area = self._area(address)
        if area is None:
            return ""
        left = area.address + area.size - address
        raw = self.read(address, min(left, _LONGEST_NAME)) or b""
        text, end, _ = raw.partition(b"\0")
        return text.decode("utf-8", "replace") if end else ""

    def packed(self, layout: str, *numbers: int) -> bytes:
        """Return numbers as the file would have them."""
        return struct.pack(self._order + layout, *numbers)

    @property
    def _order(self) -> str:
        """The byte order, as :mod:`struct` has it."""
        return "<" if self.cursor.little else ">"

    def _area(self, address: int) -> Area | None:
        """Return the area that an address lies in."""
        # Areas of broken files reach beyond the last address.
        if address >> self.bits:
            return None
        for area in self.areas:
            if area.holds(address):
                return area
        return None
