"""What a file looks like in memory, once a loader has applied its relocations: the part of it that readers of data ask for.

Each format has a subclass: where the data lies, and what stands at an address once it is relocated. Nothing here knows a
format.
"""

from __future__ import annotations

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
        return self.address <= address < self.address + self.size

    def spans(self, address: int) -> bool:
        """Return whether an address lies in it, or in the zeros that follow."""
        return self.address <= address < self.address + max(self.size, self.span)


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

    def word(self, address: int) -> Word | None:
        """Return the word at an address; ``None`` when the file has none there, or a library elsewhere makes it."""
        raise NotImplementedError

    def offset(self, address: int, size: int) -> int | None:
        """Return where the file has some bytes; ``None`` when it does not have them all."""
        for area in self.areas:
            if area.holds(address):
                inside = address - area.address
                return area.offset + inside if inside + size <= area.size else None
        return None

    def read(self, address: int, size: int) -> bytes | None:
        """Return bytes as the file has them, before anything is relocated."""
        offset = self.offset(address, size)
        if offset is None:
            return None
        return bytes(self.cursor.bytes(offset, size, "data"))

    def number(self, code: str, address: int) -> int | None:
        """Return one number as the file has it, ``code`` as in :mod:`struct`."""
        sizes = {"B": 1, "H": 2, "I": 4, "Q": 8}
        offset = self.offset(address, sizes[code])
        if offset is None:
            return None
        return self.cursor.number(code, offset, "data")

    def stored_word(self, address: int) -> int | None:
        """Return a word as the file has it."""
        return self.number("Q" if self.bits == 64 else "I", address)

    def string(self, address: int) -> str:
        """Return the string at an address; empty when none ends near it, or it is not UTF-8."""
        for area in self.areas:
            if area.holds(address):
                inside = address - area.address
                size = min(area.size - inside, _LONGEST_NAME)
                raw = self.cursor.bytes(area.offset + inside, size, "string")
                text, end, _ = bytes(raw).partition(b"\0")
                return text.decode("utf-8", "replace") if end else ""
        return ""
