"""An ELF file as it will lie in memory. Relocations are looked up where somebody asks, for a large module has 100,000.

Sources: the gABI's chapters on relocation and on the dynamic section; the psABIs of each CPU for the numbers;
https://gabi.xinuos.com/elf/06-reloc.html for the compact table (``DT_RELR``).
"""

from __future__ import annotations

import bisect

from ..memory import Area, Memory, Word
from .dynamic import first_values, read_tags
from .layout import (
    DT_RELR,
    DT_RELRSZ,
    DT_SYMTAB,
    EM_386,
    EM_AARCH64,
    EM_ARM,
    EM_LOONGARCH,
    EM_PPC64,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    PT_DYNAMIC,
    PT_LOAD,
    SHN_UNDEF,
    first_of_type,
)
from .read import read_header, read_segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor, Readable
    from .layout import Header, Segment

_DT_RELA = 7
_DT_RELASZ = 8
_DT_REL = 17
_DT_RELSZ = 18
_RELATIVE = {
    EM_386: 8,
    EM_X86_64: 8,
    EM_AARCH64: 1027,
    EM_ARM: 23,
    EM_PPC64: 22,
    EM_S390: 12,
    EM_RISCV: 3,
    EM_LOONGARCH: 3,
}
"""``R_…_RELATIVE`` of each CPU: the base is added."""
_ABSOLUTE = {
    EM_386: (1,),
    EM_X86_64: (1,),
    EM_AARCH64: (257,),
    EM_ARM: (2,),
    EM_PPC64: (38,),
    EM_S390: (22, 4),
    EM_RISCV: (2, 1),
    EM_LOONGARCH: (2, 1),
}
"""``R_…_64`` and its like: the address of a symbol is added."""
_MOST_RELOCATIONS = 1 << 26
"""Bytes of the largest table that is looked at."""
_MOST_HITS = 4096
"""Places in a table that are tried for one address: as a rule the first is the entry."""
_MOST_SEGMENTS = 64
"""Segments that are mapped; linkers write four or five."""


class ElfMemory(Memory):
    """An ELF file in memory."""

    def __init__(
        self, cursor: Cursor, header: Header, segments: Sequence[Segment]
    ) -> None:
        """Find the tables of relocations."""
        super().__init__(cursor, _areas(cursor, segments), header.file_class.bits)
        self._header = header
        self._tags = _read_dynamic_tags(cursor, header, segments)
        self._rela = self._table(_DT_RELA, _DT_RELASZ)
        self._rel = self._table(_DT_REL, _DT_RELSZ)
        packed = self._table(DT_RELR, DT_RELRSZ)
        entries = cursor.unpack_all(self.word_code, packed)
        self._packed = PackedRelocations(entries, self.bits)

    def _table(self, tag: int, size_tag: int) -> bytes:
        """Return a table of relocations; nothing when it is not there, or not whole."""
        address = self._tags.get(tag)
        size = self._tags.get(size_tag, 0)
        if address is None or size > _MOST_RELOCATIONS:
            return b""
        return self.read(address, size) or b""

    def word(self, address: int) -> Word | None:
        """Return the word at an address after relocation."""
        stored = self.stored_word(address)
        if stored is None:
            return None
        entry = self._find(self._rela, address, fields=3)
        if entry is not None:
            _, info, addend = entry
            return self._relocated(info, addend)
        entry = self._find(self._rel, address, fields=2)
        if entry is not None:
            # Without a field of its own, the addend is what stands in place.
            _, info = entry
            return self._relocated(info, stored)
        return Word(stored, address in self._packed)

    def _find(
        self, table: bytes, address: int, *, fields: int
    ) -> tuple[int, ...] | None:
        """Return the entry of a table that is for an address."""
        wanted = self.packed(self.word_code, address)
        size = self.word_size * fields
        place = -1
        for _ in range(_MOST_HITS):
            place = table.find(wanted, place + 1)
            if place < 0:
                break
            entry = table[place : place + size]
            # The bytes of an address may stand anywhere: a whole entry begins with them.
            if place % size == 0 and len(entry) == size:
                return self.cursor.unpack_all(self.word_code, entry)
        return None

    def _relocated(self, info: int, addend: int) -> Word | None:
        """Return what a relocation makes; ``None`` when another library decides, or its kind is not known."""
        # ELF64_R_SYM and ELF32_R_SYM.
        shift = 32 if self.bits == 64 else 8
        symbol = info >> shift
        kind = info - (symbol << shift)
        machine = self._header.machine
        if kind == _RELATIVE.get(machine):
            return Word(addend, is_address=True)
        if kind not in _ABSOLUTE.get(machine, ()):
            return None
        defined = self._symbol(symbol)
        if defined is None:
            return None
        # Addresses wrap around.
        return Word((defined + addend) % (1 << self.bits), is_address=True)

    def _symbol(self, index: int) -> int | None:
        """Return the address of a symbol that the file defines."""
        table = self._tags.get(DT_SYMTAB)
        if table is None:
            return None
        file_class = self._header.file_class
        at = table + index * file_class.symbol_size
        fields = self.numbers(file_class.symbol, at)
        value = self.stored_word(at + file_class.symbol_value_at)
        if fields is None or fields[-1] == SHN_UNDEF:
            return None
        return value


def _areas(cursor: Cursor, segments: Sequence[Segment]) -> list[Area]:
    """Return the segments that are mapped."""
    found: list[Area] = []
    for segment in segments:
        if segment.type != PT_LOAD or len(found) == _MOST_SEGMENTS:
            continue
        room = max(0, len(cursor) - segment.offset)
        area = Area(
            address=segment.vaddr,
            offset=segment.offset,
            size=min(segment.filesz, room),
            # What is constant after relocation (RELRO) is writable before.
            is_data=segment.is_writable,
        )
        found.append(area)
    return found


def _read_dynamic_tags(
    cursor: Cursor, header: Header, segments: Sequence[Segment]
) -> dict[int, int]:
    """Return the values of the dynamic section; nothing where there is none."""
    dynamic = first_of_type(segments, PT_DYNAMIC)
    if dynamic is None:
        return {}
    tags = read_tags(cursor, header, dynamic.offset, dynamic.filesz)
    return first_values(tags)


class PackedRelocations:
    """The addresses in a compact table of relocations (``DT_RELR``), whose addends stand in place.

    An even word is an address. An odd one is a map of the words that follow the last address, a bit each.
    """

    def __init__(self, entries: Sequence[int], bits: int) -> None:
        """Note where each map begins: an address is a map of itself."""
        self._word = bits // 8
        self._starts: list[int] = []
        self._maps: list[int] = []
        here = 0
        for entry in entries:
            is_map = entry & 1
            start = here if is_map else entry
            covered = bits - 1 if is_map else 1
            here = start + covered * self._word
            # Linkers write them in order. What is not is hostile, and cannot be found.
            if not self._starts or start >= self._starts[-1]:
                self._starts.append(start)
                self._maps.append(entry >> 1 if is_map else 1)

    def __contains__(self, address: int) -> bool:
        """Return whether a word is relocated."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return False
        inside = address - self._starts[index]
        number, rest = divmod(inside, self._word)
        is_set = self._maps[index] >> number & 1
        return bool(is_set and not rest)


def read_memory(data: Readable) -> ElfMemory:
    """Return an ELF file in memory.

    :raises FormatError: when a header or a table lies outside of the file.
    """
    cursor, header = read_header(data)
    segments = read_segments(cursor, header)
    return ElfMemory(cursor, header, segments)
