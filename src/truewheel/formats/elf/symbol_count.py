"""How many dynamic symbols there are. No tag says so: what is certain is what other tables say about them.

That the next table begins somewhere is not: tools move tables, and fill what they leave behind.
"""

from __future__ import annotations

from ...model.errors import FormatError
from .layout import (
    DT_GNU_HASH,
    DT_HASH,
    EM_ALPHA,
    EM_S390,
    SHT_DYNSYM,
)
from .relocations import each_relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .layout import Header, Section, Segment

DT_MIPS_SYMTABNO = 0x70000011
"""The number of dynamic symbols, which only files for MIPS state."""
_CHAIN_PIECE = 256
"""Bytes of a hash chain that are read at once: only its end tells how long it is, and most are short."""
_LOST_EXPORTS = "which symbols it exports is not known for certain"


class SymbolTable:
    """What is known of a file when its dynamic symbols are counted.

    :param offset: where the file has them.
    :param values: the values of the tags of the dynamic section.
    :param place: returns where the file has the table of a tag, ``None`` when it has none.
    """

    def __init__(
        self,
        cursor: Cursor,
        header: Header,
        segments: Sequence[Segment],
        sections: Sequence[Section],
        *,
        offset: int,
        values: Mapping[int, int],
        place: Callable[[int], int | None],
    ) -> None:
        """Keep all of it, and work out how many symbols there may be."""
        self.cursor = cursor
        self.header = header
        self.segments = segments
        self.sections = sections
        self.offset = offset
        self.values = values
        self.place = place
        # No table has more symbols than there is room for up to the end of the file.
        self.most = (len(cursor) - offset) // header.file_class.symbol_size


def count_symbols(table: SymbolTable, skipped: SkippedParts) -> tuple[int, bool]:
    """Return the number of dynamic symbols, and whether no exported one is missing.

    :param skipped: takes a hash table that cannot be read. The loader reads it only when it looks for a name in the file.
    """
    try:
        count, has_all_exports = _count_by_hash(table)
    except FormatError as error:
        skipped.add("the hash table", error, loss=_LOST_EXPORTS, grave=True)
        count, has_all_exports = None, False
    if count is not None:
        return count, has_all_exports
    # An imported symbol that no table names is one that no loader looks for.
    counts = (
        table.values.get(DT_MIPS_SYMTABNO, 0),
        _count_by_section(table),
        _count_by_relocations(table),
    )
    return min(max(counts), table.most), has_all_exports


def _count_by_hash(table: SymbolTable) -> tuple[int | None, bool]:
    """Return the number as the hash tables tell it, if they do; and whether one of them has all exports.

    :raises FormatError: when a table lies outside of the file, or has more symbols than there can be.
    """
    has_all_exports = False
    # Loaders that know both go by this one.
    gnu_hash = table.place(DT_GNU_HASH)
    if gnu_hash is not None:
        count = count_by_gnu_hash(table.cursor, table.header, gnu_hash)
        # It has all that is exported, so that an empty one proves that nothing is.
        has_all_exports = True
        if count is not None:
            return _checked(table, count, "DT_GNU_HASH"), True
    sysv_hash = table.place(DT_HASH)
    if sysv_hash is None:
        return None, has_all_exports
    count = _count_by_sysv_hash(table, sysv_hash)
    return _checked(table, count, "DT_HASH"), True


def _checked(table: SymbolTable, count: int, field: str) -> int:
    """Return a number of symbols for which there is room.

    :raises FormatError: when there is none.
    """
    if count > table.most:
        table.cursor.fail(
            "there are more symbols than there is room for",
            offset=table.offset,
            field=field,
            value=count,
        )
    return count


def _count_by_sysv_hash(table: SymbolTable, sysv_hash: int) -> int:
    """Return ``nchain``.

    https://gabi.xinuos.com/elf/08-dynamic.html ("Hash Table": nchain is the number of symbols)
    """
    header = table.header
    # The psABIs of Alpha and of 64-bit S/390 have hash words of 64 bits.
    has_wide_words = header.machine == EM_ALPHA or (
        header.machine == EM_S390 and header.is_64_bit
    )
    layout = "QQ" if has_wide_words else "II"
    chains: int = table.cursor.unpack(layout, sysv_hash, "DT_HASH")[1]
    return chains


def count_by_gnu_hash(cursor: Cursor, header: Header, gnu_hash: int) -> int | None:
    """Return one more than the highest symbol that a chain reaches; ``None`` when there is no chain that would tell.

    https://sourceware.org/legacy-ml/binutils/2006-10/msg00377.html: symbols from ``symoffset`` on are in chains, sorted by
    bucket; the undefined ones come before and count too.
    """
    # Numbers of buckets, of the first symbol in a chain, of words of the Bloom filter; how far hashes are shifted for it.
    buckets, symoffset, bloom, _ = cursor.unpack("IIII", gnu_hash, "DT_GNU_HASH")
    buckets_at = gnu_hash + 16 + bloom * header.file_class.word
    last = max(cursor.unpack(f"{buckets}I", buckets_at, "gnu hash buckets"), default=0)
    if last < symoffset:
        # No symbol is in a chain: all that come before symoffset are undefined. A symoffset of 1 is what linkers write
        # that did not count those.
        return symoffset if symoffset > 1 else None
    chain = buckets_at + 4 * buckets + 4 * (last - symoffset)
    if chain > len(cursor):
        cursor.fail(
            f"gnu hash chain lies outside of it ({len(cursor)} bytes)",
            offset=chain,
            field="gnu hash chain",
        )
    return _end_of_chain(cursor, chain, last) + 1


def _end_of_chain(cursor: Cursor, chain: int, symbol: int) -> int:
    """Return the last symbol of the hash chain that begins with ``symbol``: its hash has the lowest bit set."""
    while piece := min(_CHAIN_PIECE, len(cursor) - chain) // 4:
        for (word,) in cursor.rows("I", chain, piece, "gnu hash chain"):
            if word & 1:
                return symbol
            symbol += 1
        chain += 4 * piece
    return cursor.fail(
        "a hash chain has no end",
        offset=chain,
        field="gnu hash chain",
    )


def _count_by_section(table: SymbolTable) -> int:
    """Return how many symbols the section has that is the same table; 0 when there is no such section."""
    for section in table.sections:
        if section.type == SHT_DYNSYM and section.offset == table.offset:
            return section.size // table.header.file_class.symbol_size
    return 0


def _count_by_relocations(table: SymbolTable) -> int:
    """Return one more than the highest symbol that a relocation names."""
    relocations = each_relocation(
        table.cursor, table.header, table.segments, table.values
    )
    return max((symbol for _, symbol in relocations), default=-1) + 1
