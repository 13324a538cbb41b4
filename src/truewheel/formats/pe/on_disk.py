"""A PE image of which only those parts are read that are asked for, so that a large file is never in memory as a whole.

``image`` is for reading everything; this is for changing little. It knows where in the file things stand.
"""

from __future__ import annotations

import bisect
import struct

from ...model.record import rows
from ..cursor import Cursor
from .image import PAGE, areas_of
from .layout import (
    E_LFANEW_AT,
    FILE_HEADER_SIZE,
    SECTION_ALIGNMENT_AT,
    SECTION_FLAGS_AT,
    SECTION_HEADER,
    SECTION_HEADER_SIZE,
    SIGNATURE,
    Section,
)
from .read import read_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ...model.edits import Sliceable

_MOST_HEADERS = 1 << 20
"""Bytes in which all headers are to lie: linkers need a few thousand."""
_LONGEST_NAME = 1 << 15
"""The longest path that Windows knows, in characters."""
_STEP = 256
"""Bytes in which most names end."""


class OnDisk:
    """The headers of an image, and what lies at an address.

    :ivar file_header: where the COFF file header begins.
    :ivar optional_header: where the optional header begins.
    :ivar section_flags: ``Characteristics`` of each section.
    """

    def __init__(self, data: Sliceable) -> None:
        """Read the headers.

        :raises FormatError: when this is not a PE image, or its headers lie outside of it.
        """
        self.data = data
        self.size = len(data)
        self.cursor = Cursor(bytes(data[:_MOST_HEADERS]), what="PE file")
        signature_at = self.cursor.number("I", E_LFANEW_AT, "e_lfanew")
        if self.cursor.bytes(signature_at, 4, "PE signature") != SIGNATURE:
            self.fail("it has no PE header", at=signature_at, field="e_lfanew")
        self.file_header = signature_at + len(SIGNATURE)
        self.optional_header = self.file_header + FILE_HEADER_SIZE
        self.header = read_header(self.cursor, self.file_header)
        found = self.cursor.rows(
            SECTION_HEADER,
            self.header.sections_at,
            self.header.sections,
            "section headers",
        )
        self.sections = tuple(rows(Section, found))
        self.section_flags = tuple(
            self.cursor.number("I", at + SECTION_FLAGS_AT, "Characteristics")
            for at in map(self.section_header, range(self.header.sections))
        )
        self.section_alignment: int = self.cursor.number(
            "I", self.optional_header + SECTION_ALIGNMENT_AT, "SectionAlignment"
        )
        self._areas = areas_of(self.header, self.sections)
        self._starts = [start for start, *_ in self._areas]

    def fail(self, message: str, *, at: int, field: str) -> NoReturn:
        """Raise a FormatError for something at an offset of the file."""
        self.cursor.fail(message, offset=at, field=field)

    def section_header(self, index: int) -> int:
        """Return where the header of a section begins."""
        return self.header.sections_at + SECTION_HEADER_SIZE * index

    def directory_field(self, index: int) -> int:
        """Return where a data directory's address and size stand."""
        return self.optional_header + self.header.width.directories_at + 8 * index

    def part(self, offset: int, size: int, field: str) -> bytes:
        """Return bytes at an offset of the file.

        :raises FormatError: when they do not lie inside.
        """
        if offset < 0 or size < 0 or offset + size > self.size:
            self.fail(f"{field} lies outside of it", at=max(offset, 0), field=field)
        return bytes(self.data[offset : offset + size])

    def offset(self, address: int, size: int, field: str) -> int:
        """Return where the file has ``size`` bytes of memory.

        :raises FormatError: when it has not all of them, one behind the other.
        """
        start, end = self._place(address, field)
        if start + size > end:
            self.fail(f"{field} lies in no section", at=min(start, end), field=field)
        return start

    def _place(self, address: int, field: str) -> tuple[int, int]:
        """Return where the file has what is at an address, and where it ends that belongs together."""
        index = bisect.bisect_right(self._starts, address) - 1
        # The first area is that of the headers; it begins at 0.
        start, virtual, offset, size = self._areas[max(index, 0)]
        pages = (virtual + PAGE - 1) & -PAGE
        if not 0 <= address - start < pages:
            self.fail(f"{field} lies in no section", at=0, field=field)
        end = min(offset + min(size, pages), self.size)
        return offset + address - start, end

    def memory(self, address: int, size: int, field: str) -> bytes:
        """Return what a process would find at an address; what the file does not have is zeros.

        :raises FormatError: when nothing is there.
        """
        start, end = self._place(address, field)
        stop = min(start + size, end)
        return bytes(self.data[min(start, stop) : stop]).ljust(size, b"\0")

    def row(self, layout: str, address: int, field: str) -> tuple[Any, ...]:
        """Return numbers at an address, in the layout of :mod:`struct`."""
        layout = "<" + layout
        return struct.unpack(
            layout, self.memory(address, struct.calcsize(layout), field)
        )

    def name(self, address: int, field: str) -> str:
        """Return the NUL-terminated string at an address.

        :raises FormatError: when it has no end in the file.
        """
        start, end = self._place(address, field)
        stop = min(end, start + _LONGEST_NAME)
        found = b""
        nul = b""
        for at in range(start, stop, _STEP):
            piece = bytes(self.data[at : min(at + _STEP, stop)])
            text, nul, _ = piece.partition(b"\0")
            found += text
            if nul:
                break
        if not nul:
            self.fail(f"{field} has no end", at=min(start, end), field=field)
        return found.decode("utf-8", "backslashreplace")
