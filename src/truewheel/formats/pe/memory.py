"""A PE image as it will lie in memory, if it is loaded at the base that it asks for.

Base relocations need not be read: an address stands in its place as a plain number, which already counts that base.

Source: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-reloc-section-image-only
"""

from __future__ import annotations

from ..cursor import Cursor
from ..memory import Area, Memory, Word
from .layout import (
    E_LFANEW_AT,
    IMAGE_SCN_MEM_EXECUTE,
    NEW_SECTION_HEADER,
)
from .read import read_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Readable
    from .layout import Header

_MOST_SECTIONS = 96
"""Sections that the loader takes."""


class PeMemory(Memory):
    """An image in memory."""

    def __init__(self, cursor: Cursor, header: Header) -> None:
        """Find the sections."""
        super().__init__(cursor, _read_areas(cursor, header), header.width.bits)
        self._first = header.base + header.headers_size
        self._end = header.base + header.image_size

    def word(self, address: int) -> Word | None:
        """Return the word at an address. A number that may be an address of the image is taken for one."""
        stored = self.stored_word(address)
        if stored is None:
            return None
        return Word(stored, self._first <= stored < self._end)


def _read_areas(cursor: Cursor, header: Header) -> list[Area]:
    """Return the sections as areas."""
    count = min(header.sections, _MOST_SECTIONS)
    rows = cursor.rows(NEW_SECTION_HEADER, header.sections_at, count, "section headers")
    areas = []
    for _, virtual, address, raw, offset, flags in rows:
        room = max(0, len(cursor) - offset)
        # A section without a place in the file is memory that begins as zeros.
        size = min(raw, virtual or raw, room) if offset else 0
        area = Area(
            address=header.base + address,
            offset=offset,
            size=size,
            # Constant arrays with addresses are in .rdata, which is not writable.
            is_data=not flags & IMAGE_SCN_MEM_EXECUTE,
        )
        areas.append(area)
    return areas


def read_memory(data: Readable) -> PeMemory:
    """Return an image in memory.

    :raises FormatError: when a header lies outside of the file.
    """
    cursor = Cursor(data, what="PE file")
    at = cursor.number("I", E_LFANEW_AT, "e_lfanew")
    return PeMemory(cursor, read_header(cursor, at + 4))
