"""A slice of a Mach-O file as it will lie in memory.

Two ways to mark addresses: chained fixups, each of which tells where the next one is, and streams of opcodes, which need
not be read: with them, an address stands in its place as a plain number.

Sources: https://github.com/apple-oss-distributions/dyld/blob/main/include/mach-o/fixup-chains.h (chains);
https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h (segments).
"""

from __future__ import annotations

from ...model.errors import FormatError
from ...model.record import NamedTuple
from ..cursor import Cursor
from ..memory import Area, Memory, Word
from .commands import read_commands, read_fields, read_header, read_linkedit
from .layout import LC_DYLD_CHAINED_FIXUPS, THIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Readable
    from .commands import Command, Commands
    from .layout import Header, Width

_WRITABLE = 2
"""``VM_PROT_WRITE`` in a segment's initial protection; that of ``__DATA_CONST`` changes once it is relocated."""
_MOST_SEGMENTS = 64
"""Segments that are mapped; linkers write four or five."""
_STARTS_IN_SEGMENT = "IHHQIH"
"""``dyld_chained_starts_in_segment``: size, page size, format, offset of the segment, largest address, number of pages."""
_PAGE_STARTS_AT = 22
"""Where the offsets of each page's first fixup stand in it."""
_NO_FIXUP = 0xFFFF
_SEVERAL_CHAINS = 0x8000


class _Chain(NamedTuple):
    """How fixups of one format are read (``DYLD_CHAINED_PTR_…``).

    :param stride: what the distance of the next one counts.
    :param next_at: the bits of that distance, from this one on.
    :param next_bits: their number.
    :param bind_at: the bit that says that another library decides.
    :param target_bits: the number of the lowest bits, which are the address.
    :param is_offset: whether that counts from the beginning of the image.
    """

    stride: int
    next_at: int
    next_bits: int
    bind_at: int
    target_bits: int
    is_offset: bool


_CHAINS = {
    2: _Chain(4, 51, 12, 63, 36, is_offset=False),
    6: _Chain(4, 51, 12, 63, 36, is_offset=True),
    1: _Chain(8, 51, 11, 62, 43, is_offset=False),
    9: _Chain(8, 51, 11, 62, 43, is_offset=True),
    12: _Chain(8, 51, 11, 62, 43, is_offset=True),
}
"""``_64``, ``_64_OFFSET``, ``_ARM64E``, ``_ARM64E_USERLAND``, ``_ARM64E_USERLAND24``."""


class _Pages(NamedTuple):
    """The fixups of one segment.

    :param starts: offset of the first fixup in each page.
    """

    address: int
    page_size: int
    chain: _Chain
    starts: tuple[int, ...]

    def page(self, address: int) -> int | None:
        """Return the number of the page that an address lies in."""
        number = (address - self.address) // self.page_size
        return number if 0 <= number < len(self.starts) else None


class MachOMemory(Memory):
    """A slice in memory."""

    def __init__(self, cursor: Cursor, header: Header, commands: Commands) -> None:
        """Find the segments and their fixups."""
        areas = _read_areas(cursor, header, commands)
        super().__init__(cursor, areas, header.width.bits)
        self._header = header
        self._is_chained = LC_DYLD_CHAINED_FIXUPS in commands.first
        self._pages = _read_pages(cursor, commands, areas)
        self._walked: dict[int, frozenset[int]] = {}
        firsts = [area.address for area in areas if not area.offset]
        self._base = min(firsts, default=0)

    def word(self, address: int) -> Word | None:
        """Return the word at an address after fixups."""
        stored = self.stored_word(address)
        if stored is None:
            return None
        if not self._is_chained:
            return Word(stored, self._may_be_address(stored))
        pages = self._pages_at(address)
        if pages is None or address not in self._fixups(pages, address):
            return Word(stored, is_address=False)
        chain = pages.chain
        is_bind = stored >> chain.bind_at & 1
        # Another library decides.
        if is_bind:
            return None
        target = stored % (1 << chain.target_bits)
        if chain.is_offset:
            target += self._base
        return Word(target, is_address=True)

    def _may_be_address(self, stored: int) -> bool:
        """Return whether a number may be the address of something."""
        # Up to the end of the header there is nothing that a program has the address of.
        if stored - self._base < self._header.end:
            return False
        return any(area.spans(stored) for area in self.areas)

    def _pages_at(self, address: int) -> _Pages | None:
        """Return the fixups of the segment that an address lies in."""
        for pages in self._pages:
            if pages.page(address) is not None:
                return pages
        return None

    def _fixups(self, pages: _Pages, address: int) -> frozenset[int]:
        """Return the addresses of all fixups in the page of an address; a page is walked once."""
        number = pages.page(address) or 0
        page = pages.address + number * pages.page_size
        if page not in self._walked:
            found = self._walk(pages, page, pages.starts[number])
            self._walked[page] = frozenset(found)
        return self._walked[page]

    def _walk(self, pages: _Pages, page: int, start: int) -> list[int]:
        """Follow the chain of one page.

        :param page: its address.
        :param start: the offset of its first fixup.
        """
        found: list[int] = []
        # Only 32-bit formats have several chains in a page.
        if start == _NO_FIXUP or start & _SEVERAL_CHAINS:
            return found
        here = page + start
        end = page + pages.page_size
        chain = pages.chain
        # The next one is always further on, so that the page's end is reached.
        while here < end:
            stored = self.stored_word(here)
            if stored is None:
                break
            found.append(here)
            steps = (stored >> chain.next_at) % (1 << chain.next_bits)
            if not steps:
                break
            here += steps * chain.stride
        return found


def _read_areas(cursor: Cursor, header: Header, commands: Commands) -> list[Area]:
    """Return the segments as areas."""
    width = header.width
    found: list[Area] = []
    for command in commands.all:
        is_segment = command.kind == width.segment_command
        if is_segment and len(found) < _MOST_SEGMENTS:
            found.append(_read_area(cursor, command, width))
    return found


def _read_area(cursor: Cursor, command: Command, width: Width) -> Area:
    """Return a segment as an area."""
    address, span, offset, size, _, protection, _, _ = read_fields(
        cursor, command, width.segment, "segment"
    )
    room = max(0, len(cursor) - offset)
    return Area(
        address=address,
        offset=offset,
        size=min(size, room),
        is_data=bool(protection & _WRITABLE),
        span=span,
    )


def _read_pages(
    cursor: Cursor, commands: Commands, areas: list[Area]
) -> tuple[_Pages, ...]:
    """Return the fixups of each segment whose format is known."""
    table = read_linkedit(cursor, commands, LC_DYLD_CHAINED_FIXUPS, "chained fixups")
    if table is None:
        return ()
    starts_at = table.number("I", 4, "starts_offset")
    count = table.number("I", starts_at, "seg_count")
    count = min(count, len(areas))
    offsets = table.rows("I", starts_at + 4, count, "seg_info_offset")
    found = []
    for area, (offset,) in zip(areas, offsets, strict=False):
        # A segment without fixups has no record.
        pages = _read_segment(table, starts_at + offset, area) if offset else None
        if pages is not None:
            found.append(pages)
    return tuple(found)


def _read_segment(table: Cursor, at: int, area: Area) -> _Pages | None:
    """Return the fixups of one segment; ``None`` when their format is not known."""
    _, page_size, form, _, _, count = table.unpack(_STARTS_IN_SEGMENT, at, "starts")
    chain = _CHAINS.get(form)
    if chain is None or not page_size:
        return None
    starts = table.bytes(at + _PAGE_STARTS_AT, 2 * count, "page_start")
    return _Pages(
        address=area.address,
        page_size=page_size,
        chain=chain,
        starts=table.unpack_all("H", starts),
    )


def read_memory(data: Readable) -> MachOMemory:
    """Return one slice in memory.

    :param data: the slice, not the fat file around it.
    :raises FormatError: when a header or a table lies outside of it.
    """
    view = Cursor(data, what="Mach-O file")
    magic = bytes(view.bytes(0, 4, "magic"))
    if magic not in THIN:
        message = "a slice is not Mach-O"
        raise FormatError(message, offset=0, field="magic", value=magic)
    little, width = THIN[magic]
    cursor = Cursor(view.data, little=little, what="Mach-O file")
    header, count = read_header(cursor, width)
    return MachOMemory(cursor, header, read_commands(cursor, header, count))
