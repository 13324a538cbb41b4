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
)
from .read import read_header, read_segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor, Readable
    from .layout import Header, Segment

_DT_RELA, _DT_RELASZ, _DT_REL, _DT_RELSZ = 7, 8, 17, 18
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
    """An ELF file in memory.

    :param segments: its program headers.
    """

    def __init__(
        self, cursor: Cursor, header: Header, segments: Sequence[Segment]
    ) -> None:
        areas = [
            Area(
                address=segment.vaddr,
                offset=segment.offset,
                size=min(segment.filesz, max(0, len(cursor) - segment.offset)),
                # What is constant after relocation (RELRO) is writable before.
                is_data=segment.is_writable,
            )
            for segment in segments
            if segment.type == PT_LOAD and segment.filesz
        ][:_MOST_SEGMENTS]
        super().__init__(cursor, areas, header.file_class.bits)
        self._header = header
        self._tags: dict[int, int] = {}
        for segment in segments:
            if segment.type == PT_DYNAMIC and segment.filesz:
                tags = read_tags(cursor, header, segment.offset, segment.filesz)
                self._tags = first_values(tags)
                break
        self._rela = self._table(_DT_RELA, _DT_RELASZ)
        self._rel = self._table(_DT_REL, _DT_RELSZ)
        self._packed = _Packed(self, self._table(DT_RELR, DT_RELRSZ))

    def _table(self, tag: int, size_tag: int) -> bytes:
        """Return a table of relocations; nothing when it is not there, or not whole."""
        address, size = self._tags.get(tag), self._tags.get(size_tag, 0)
        if address is None or not 0 < size <= _MOST_RELOCATIONS:
            return b""
        return self.read(address, size) or b""

    def word(self, address: int) -> Word | None:
        """Return the word at an address after relocation."""
        stored = self.stored_word(address)
        if stored is None:
            return None
        entry = self._find(self._rela, address, 3)
        if entry is not None:
            return self._relocated(entry[1], entry[2])
        entry = self._find(self._rel, address, 2)
        if entry is not None:
            # Without a field of its own, the addend is what stands in place.
            return self._relocated(entry[1], stored)
        return Word(stored, address in self._packed)

    def _find(self, table: bytes, address: int, fields: int) -> tuple[int, ...] | None:
        """Return the entry of a table that is for an address."""
        word, order = self.word_size, "little" if self.cursor.little else "big"
        if not table or address >> self.bits:
            return None
        wanted = address.to_bytes(word, order)  # type: ignore[arg-type]
        size = word * fields
        place = -1
        # The bytes of an address may stand anywhere: an entry begins with them.
        for _ in range(_MOST_HITS):
            place = table.find(wanted, place + 1)
            if place < 0:
                break
            if place % size == 0 and place + size <= len(table):
                code = "Q" if self.bits == 64 else "I"
                return self.cursor.unpack_all(code, table[place : place + size])
        return None

    def _relocated(self, info: int, addend: int) -> Word | None:
        """Return what a relocation makes; ``None`` when another library decides, or its kind is not known."""
        shift = 32 if self.bits == 64 else 8
        kind, symbol = info & (1 << shift) - 1, info >> shift
        if kind == _RELATIVE.get(self._header.machine):
            return Word(addend, is_address=True)
        if kind in _ABSOLUTE.get(self._header.machine, ()):
            defined = self._symbol(symbol)
            if defined is not None:
                return Word(defined + addend & (1 << self.bits) - 1, is_address=True)
        return None

    def _symbol(self, index: int) -> int | None:
        """Return the address of a symbol that the file defines."""
        table = self._tags.get(DT_SYMTAB)
        if table is None or not index:
            return None
        file_class = self._header.file_class
        raw = self.read(table + index * file_class.symbol_size, file_class.symbol_size)
        if raw is None:
            return None
        entry = next(iter(self.cursor.records(file_class.symbol, raw)))
        code = "Q" if self.bits == 64 else "I"
        value_at = file_class.symbol_value_at
        (value,) = self.cursor.unpack_all(
            code, raw[value_at : value_at + file_class.word]
        )
        is_defined = entry[2] != 0
        return value if is_defined else None


class _Packed:
    """The addresses in a compact table of relocations (``DT_RELR``), whose addends stand in place.

    An even word is an address. An odd one is a map of the words that follow the last address, a bit each.
    """

    def __init__(self, memory: Memory, table: bytes) -> None:
        code = "Q" if memory.bits == 64 else "I"
        self._word = memory.word_size
        self._starts: list[int] = []
        self._maps: list[int] = []
        here = 0
        for entry in memory.cursor.unpack_all(code, table):
            if entry & 1:
                self._add(here, entry >> 1)
                here += (memory.bits - 1) * self._word
            else:
                self._add(entry, 1)
                here = entry + self._word

    def _add(self, start: int, bits: int) -> None:
        """Note a map of words that begins at an address; linkers write them in order."""
        if not self._starts or start >= self._starts[-1]:
            self._starts.append(start)
            self._maps.append(bits)

    def __contains__(self, address: int) -> bool:
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return False
        number, rest = divmod(address - self._starts[index], self._word)
        return not rest and bool(self._maps[index] >> number & 1)


def read_memory(data: Readable) -> ElfMemory:
    """Return an ELF file in memory.

    :raises FormatError: when a header or a table lies outside of the file.
    """
    cursor, header = read_header(data)
    return ElfMemory(cursor, header, read_segments(cursor, header))
