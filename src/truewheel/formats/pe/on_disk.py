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
    DIRECTORY_SIZE,
    E_LFANEW_AT,
    FILE_HEADER_SIZE,
    SECTION_ALIGNMENT_AT,
    SECTION_FLAGS,
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
        signature = bytes(self.cursor.bytes(signature_at, 4, "PE signature"))
        if signature != SIGNATURE:
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
        flags = self.cursor.rows(
            SECTION_FLAGS,
            self.header.sections_at,
            self.header.sections,
            "section headers",
        )
        self.section_flags = tuple(flag for (flag,) in flags)
        self.section_alignment: int = self.cursor.number(
            "I",
            self.optional_header + SECTION_ALIGNMENT_AT,
            "SectionAlignment",
        )
        self._areas = areas_of(self.header, self.sections)
        self._starts = [start for start, *_ in self._areas]

    def fail(self, message: str, *, at: int, field: str) -> NoReturn:
        """Raise a FormatError for something at an offset of the file."""
        self.cursor.fail(
            message,
            offset=at,
            field=field,
        )

    def section_header(self, index: int) -> int:
        """Return where the header of a section begins."""
        behind = SECTION_HEADER_SIZE * index
        return self.header.sections_at + behind

    def directory_field(self, index: int) -> int:
        """Return where a data directory's address and size stand."""
        table = self.optional_header + self.header.width.directories_at
        return table + DIRECTORY_SIZE * index

    def part(self, offset: int, size: int, field: str) -> bytes:
        """Return bytes at an offset of the file.

        :raises FormatError: when they do not lie inside.
        """
        end = offset + size
        if not 0 <= offset <= end <= self.size:
            self.fail(
                f"{field} lies outside of it",
                at=max(offset, 0),
                field=field,
            )
        return bytes(self.data[offset:end])

    def offset(self, address: int, size: int, field: str) -> int:
        """Return where the file has ``size`` bytes of memory.

        :raises FormatError: when it has not all of them, one behind the other.
        """
        start, end = self._place(address, field)
        if start + size > end:
            self.fail(
                f"{field} reaches beyond its section",
                at=min(start, end),
                field=field,
            )
        return start

    def _place(self, address: int, field: str) -> tuple[int, int]:
        """Return where the file has what is at an address, and where it ends that belongs together."""
        index = bisect.bisect_right(self._starts, address) - 1
        # The first area is that of the headers; it begins at 0.
        start, virtual, offset, size = self._areas[max(index, 0)]
        behind = address - start
        # Memory is mapped in whole pages, whatever size a section has.
        pages = (virtual + PAGE - 1) & -PAGE
        if not 0 <= behind < pages:
            self.fail(
                f"{field} lies in no section",
                at=0,
                field=field,
            )
        end = offset + min(size, pages)
        return offset + behind, min(end, self.size)

    def memory(self, address: int, size: int, field: str) -> bytes:
        """Return what a process would find at an address; what the file does not have is zeros.

        :raises FormatError: when nothing is there.
        """
        start, end = self._place(address, field)
        stop = min(start + size, end)
        # Behind the file's part of a section, only zeros are in memory.
        found = bytes(self.data[min(start, stop) : stop])
        return found.ljust(size, b"\0")

    def row(self, layout: str, address: int, field: str) -> tuple[Any, ...]:
        """Return numbers at an address, in the layout of :mod:`struct`."""
        layout = "<" + layout
        size = struct.calcsize(layout)
        content = self.memory(address, size, field)
        return struct.unpack(layout, content)

    def name(self, address: int, field: str) -> str:
        """Return the NUL-terminated string at an address.

        :raises FormatError: when it has no end in the file.
        """
        start, end = self._place(address, field)
        stop = min(end, start + _LONGEST_NAME)
        found = b""
        nul = b""
        for at in range(start, stop, _STEP):
            behind = min(at + _STEP, stop)
            piece = bytes(self.data[at:behind])
            text, nul, _ = piece.partition(b"\0")
            found += text
            if nul:
                break
        if not nul:
            self.fail(
                f"{field} has no end",
                at=min(start, end),
                field=field,
            )
        # As readers have it: what is not UTF-8 can still be told apart.
        return found.decode("utf-8", "backslashreplace")
