"""A PE image by the addresses that it would have in memory, relative to its base (RVA)."""

from __future__ import annotations

import bisect
import struct

from ..skipping import SkippedParts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..cursor import Cursor, View
    from .layout import Header, Section

PAGE = 0x1000
SECTOR = 0x200
_AT_ONCE = 256
"""Records that are read at once where only a zero tells the end."""
_SMALL_FILE = 4096
"""Bytes that names may take in any case before they are taken for a flood."""
_ADDRESS_SIZE = 5
"""Bytes that each name costs at the least: it has an address somewhere, and an end."""


class Image:
    """The sections of an image, to look up what the loader would find at an address.

    :param raw: the whole file.
    :ivar skipped: what was odd so far, and is not asked for when the image is loaded.
    """

    def __init__(
        self,
        cursor: Cursor,
        raw: bytes | View,
        header: Header,
        sections: Sequence[Section],
    ) -> None:
        """Sort the sections by their addresses."""
        self.cursor = cursor
        self.raw = raw
        self.header = header
        self._areas = areas_of(header, sections)
        self._starts = [start for start, *_ in self._areas]
        # The area in which the last name was, because the next is likely there too: its first address, its end in the
        # file, and what to add to an address for the place in the file.
        self._first = self._end = self._shift = 0
        # Text that all names together may have. Linkers write each once; overlapping ones would become any amount.
        self._left = len(raw) + _SMALL_FILE
        self.skipped = SkippedParts()

    def _area(self, address: int, field: str) -> tuple[int, int, int, bool]:
        """Return what holds ``address``.

        :return: its first address, from where to where the file has it, and whether zeros follow that the file does not have.
        :raises FormatError: when nothing is there.
        """
        index = bisect.bisect_right(self._starts, address) - 1
        start, virtual, offset, size = (
            self._areas[index] if index >= 0 else (0, 0, 0, 0)
        )
        # Memory is mapped in whole pages, whatever size a section has.
        pages = (virtual + PAGE - 1) & -PAGE
        if not 0 <= address - start < pages:
            self.cursor.fail(
                f"{field} lies in no section",
                offset=0,
                field=field,
                value=address,
            )
        end = min(offset + min(size, pages), len(self.raw))
        return start, offset, end, size < pages

    def rows(
        self,
        layout: str,
        address: int,
        count: int,
        field: str,
    ) -> Iterator[tuple[int, ...]]:
        """Return ``count`` records at ``address``.

        :raises FormatError: at once, when they do not all lie in the file and in one section.
        """
        first, offset, end, _ = self._area(address, field)
        start = offset + address - first
        if start + count * struct.calcsize("<" + layout) > end:
            self.cursor.fail(
                f"{field} reaches beyond its section",
                offset=min(start, end),
                field=field,
                value=count,
            )
        return self.cursor.rows(layout, start, count, field)

    def row(self, layout: str, address: int, field: str) -> tuple[int, ...]:
        """Return the one record at ``address``.

        :raises FormatError: when it does not lie in the file and in one section.
        """
        return next(self.rows(layout, address, 1, field))

    def until_zero(
        self,
        layout: str,
        last: int,
        address: int,
        field: str,
    ) -> Iterator[tuple[int, ...]]:
        """Yield records at ``address`` up to the one whose field ``last`` is zero.

        :raises FormatError: when there is none.
        """
        first, offset, end, has_zeros = self._area(address, field)
        start = min(offset + address - first, end)
        size = struct.calcsize("<" + layout)
        whole = end - (end - start) % size
        # Lists are short, and sections are not.
        for place in range(start, whole, size * _AT_ONCE):
            following = min(place + size * _AT_ONCE, whole)
            for record in self.cursor.records(
                layout, self.cursor.data[place:following]
            ):
                if not record[last]:
                    return
                yield record
        # The zeros that follow in memory end the list as well.
        if not has_zeros:
            self.cursor.fail(
                f"{field} has no end",
                offset=start,
                field=field,
                value=address,
            )

    def name(self, address: int, field: str) -> str:
        """Return the NUL-terminated string at ``address``.

        It is called for each symbol: an area is looked up only where the last one does not have it.

        :raises FormatError: when it is not in the file, or names there overlap too much.
        """
        at = address + self._shift
        if address < self._first or at >= self._end:
            self._first, offset, self._end, _ = self._area(address, field)
            self._shift = offset - self._first
            at = address + self._shift
        end = self.raw.find(b"\0", at, self._end)
        if end < 0:
            self.cursor.fail(
                f"{field} has no end",
                offset=min(at, self._end),
                field=field,
                value=address,
            )
        self._left -= end - at + _ADDRESS_SIZE
        if self._left < 0:
            self.cursor.fail(
                "names overlap",
                offset=at,
                field=field,
                value=address,
            )
        return bytes(self.raw[at:end]).decode("utf-8", "backslashreplace")


def areas_of(
    header: Header, sections: Sequence[Section]
) -> list[tuple[int, int, int, int]]:
    """Return address and size in memory, place and size in the file, of the headers and of each section."""
    # The loader maps sectors: where sections are aligned to them, lower bits of an offset do not count.
    sector_bits = SECTOR - 1 if header.file_alignment >= SECTOR else 0
    areas = [(0, header.headers_size, 0, header.headers_size)]
    for section in sections:
        size = section.raw if section.offset else 0
        areas.append(
            (
                section.address,
                section.virtual or section.raw,
                section.offset & ~sector_bits,
                size,
            )
        )
    return sorted(areas)
