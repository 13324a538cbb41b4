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
_NO_FIXUP, _SEVERAL_CHAINS = 0xFFFF, 0x8000


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


class MachOMemory(Memory):
    """A slice in memory."""

    def __init__(self, cursor: Cursor, header: Header, commands: Commands) -> None:
        width = header.width
        areas: list[Area] = []
        for command in commands.all:
            if command.kind == width.segment_command and len(areas) < _MOST_SEGMENTS:
                areas.append(_read_area(cursor, command, width))
        super().__init__(cursor, areas, width.bits)
        self._header = header
        self._is_chained = LC_DYLD_CHAINED_FIXUPS in commands.first
        self._pages = _read_pages(cursor, commands, areas)
        self._walked: dict[tuple[int, int], frozenset[int]] = {}

    @property
    def _base(self) -> int:
        """The address of the header."""
        return min((area.address for area in self.areas if not area.offset), default=0)

    def word(self, address: int) -> Word | None:
        """Return the word at an address after fixups."""
        stored = self.stored_word(address)
        if stored is None:
            return None
        if not self._is_chained:
            # Numbers up to the size of the header are no addresses of anything that a program has.
            inside = stored - self._base >= self._header.end
            is_address = inside and any(area.spans(stored) for area in self.areas)
            return Word(stored, is_address)
        pages = self._pages_at(address)
        if pages is None:
            return Word(stored, is_address=False)
        if address not in self._fixups(pages, address):
            return Word(stored, is_address=False)
        chain = pages.chain
        if stored >> chain.bind_at & 1:
            return None
        target = stored & (1 << chain.target_bits) - 1
        return Word(target + self._base * chain.is_offset, is_address=True)

    def _pages_at(self, address: int) -> _Pages | None:
        """Return the fixups of the segment that an address lies in."""
        for pages in self._pages:
            end = pages.address + len(pages.starts) * pages.page_size
            if pages.address <= address < end:
                return pages
        return None

    def _fixups(self, pages: _Pages, address: int) -> frozenset[int]:
        """Return the addresses of all fixups in one page; a page is walked once."""
        number = (address - pages.address) // pages.page_size
        key = pages.address, number
        if key not in self._walked:
            self._walked[key] = frozenset(self._walk(pages, number))
        return self._walked[key]

    def _walk(self, pages: _Pages, number: int) -> list[int]:
        """Follow the chain of one page."""
        found: list[int] = []
        start = pages.starts[number]
        # Only 32-bit formats have several chains in a page.
        if start == _NO_FIXUP or start & _SEVERAL_CHAINS:
            return found
        page = pages.address + number * pages.page_size
        here = page + start
        chain = pages.chain
        # The next one is always further on, so that the page's end is reached.
        while here < page + pages.page_size:
            stored = self.stored_word(here)
            if stored is None:
                break
            found.append(here)
            steps = stored >> chain.next_at & (1 << chain.next_bits) - 1
            if not steps:
                break
            here += steps * chain.stride
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
    count = min(table.number("I", starts_at, "seg_count"), _MOST_SEGMENTS)
    offsets = [
        offset for (offset,) in table.rows("I", starts_at + 4, count, "seg_info_offset")
    ]
    found = []
    for area, offset in zip(areas, offsets, strict=False):
        # A segment without fixups has no record.
        if not offset:
            continue
        at = starts_at + offset
        _, page_size, form, _, _, pages = table.unpack(_STARTS_IN_SEGMENT, at, "starts")
        chain = _CHAINS.get(form)
        if chain is None or not page_size:
            continue
        starts = table.rows("H", at + _PAGE_STARTS_AT, pages, "page_start")
        firsts = tuple(first for (first,) in starts)
        found.append(_Pages(area.address, page_size, chain, firsts))
    return tuple(found)


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
