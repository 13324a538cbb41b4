"""Where the tables of the dynamic loader lie in a file: its strings, symbols, and versions.

There are two ways to them. The loader goes by the program headers and the tags of the dynamic section; linkers and
debuggers go by the section headers, which a stripped file may lack. The loader's way is taken where there is one.
"""

from __future__ import annotations

from ...model.record import Record
from ..cursor import Cursor, Strings
from .layout import (
    DT_GNU_HASH,
    DT_HASH,
    DT_NULL,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    DT_VERSYM,
    EM_ALPHA,
    EM_S390,
    ET_REL,
    PT_DYNAMIC,
    PT_LOAD,
    SHT_DYNAMIC,
    SHT_DYNSYM,
    SHT_GNU_VERDEF,
    SHT_GNU_VERNEED,
    SHT_GNU_VERSYM,
    Header,
    Section,
    Segment,
    first_of_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import View

    Tags = tuple[tuple[int, int], ...]

_CHAIN_PIECE = 256
"""Bytes of a hash chain that are read at once: only its end tells how long it is, and most are short."""
_NOTHING = memoryview(b"")


class DynamicTables(Record):
    """The dynamic section and the tables that it leads to; a table that is not there is empty, or ``None``.

    :param tags: tag and value of each entry, in file order.
    :param symbols: raw symbol records.
    :param version_indices: raw entries of ``DT_VERSYM``, one for each symbol.
    :param has_all_exports: whether no exported symbol is missing; the number of imported ones may be a guess.
    """

    tags: tuple[tuple[int, int], ...]
    strings: Strings
    symbols: memoryview | View
    version_indices: memoryview | View
    version_needs: Cursor | None
    version_definitions: Cursor | None
    has_all_exports: bool = True


def read_dynamic_tables(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    sections: Sequence[Section],
) -> DynamicTables | None:
    """Find the tables of the dynamic loader; ``None`` for a file that is not linked dynamically.

    :raises FormatError: when a table lies outside of the file.
    """
    for segment in segments:
        if segment.type == PT_DYNAMIC and segment.filesz:
            tags = read_tags(cursor, header, segment.offset, segment.filesz)
            return _tables_by_address(cursor, header, segments, tags)
    # Objects have no program headers; a dynamic section in one is not for a loader.
    if header.type == ET_REL:
        return None
    for section in sections:
        if section.type == SHT_DYNAMIC and section.size:
            tags = read_tags(cursor, header, section.offset, section.size)
            return _tables_by_section(cursor, header, sections, section, tags)
    return None


def read_tags(
    cursor: Cursor,
    header: Header,
    offset: int,
    size: int,
) -> Tags:
    """Return the entries of the dynamic section at ``offset``, up to ``DT_NULL``."""
    file_class = header.file_class
    found = []
    for tag, value in cursor.rows(
        file_class.dynamic, offset, size // file_class.dynamic_size, "dynamic section"
    ):
        # Linkers leave room behind it, for tools that add entries.
        if tag == DT_NULL:
            break
        found.append((tag, value))
    return tuple(found)


def first_values(tags: Tags) -> dict[int, int]:
    """Return the values of tags; the first value of a tag that appears again."""
    return dict(reversed(tags))


# --- by section headers -----------------------------------------------------------------------------------------


def _tables_by_section(
    cursor: Cursor,
    header: Header,
    sections: Sequence[Section],
    dynamic: Section,
    tags: Tags,
) -> DynamicTables:
    """Find the tables by the types of their sections, and the strings by ``sh_link`` of the dynamic section.

    https://gabi.xinuos.com/elf/03-sheader.html ("sh_link and sh_info Interpretation")
    """
    if dynamic.link >= len(sections):
        cursor.fail(
            "the dynamic section names a string table that does not exist",
            offset=header.shoff,
            field="sh_link",
            value=dynamic.link,
        )
    table = sections[dynamic.link]
    symbols = _content(cursor, sections, SHT_DYNSYM)
    version_indices = _content(cursor, sections, SHT_GNU_VERSYM)
    return DynamicTables(
        tags=tags,
        strings=Strings(cursor.part(table.offset, table.size, ".dynstr"), ".dynstr"),
        symbols=_NOTHING if symbols is None else symbols.data,
        version_indices=_NOTHING if version_indices is None else version_indices.data,
        version_needs=_content(cursor, sections, SHT_GNU_VERNEED),
        version_definitions=_content(cursor, sections, SHT_GNU_VERDEF),
    )


def _content(cursor: Cursor, sections: Sequence[Section], kind: int) -> Cursor | None:
    section = first_of_type(sections, kind)
    return (
        None
        if section is None
        else cursor.part(section.offset, section.size, "section")
    )


# --- by program headers, as the loader does ---------------------------------------------------------------------


def _tables_by_address(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    tags: Tags,
) -> DynamicTables:
    """Find the tables by their addresses in memory, which the dynamic section has.

    https://gabi.xinuos.com/elf/08-dynamic.html ("Dynamic Section")
    """
    values = first_values(tags)
    loads = [segment for segment in segments if segment.type == PT_LOAD]

    def place(tag: int) -> int | None:
        address = values.get(tag)
        return None if address is None else _file_offset(cursor, loads, tag, address)

    strings_at = place(DT_STRTAB)
    strings_size = 0 if strings_at is None else values.get(DT_STRSZ, 0)
    strings = Strings(
        cursor.part(strings_at or 0, strings_size, "DT_STRTAB"), "DT_STRTAB"
    )
    # Unlike the strings, the symbols have no tag for their size: they are counted.
    symbols_at = place(DT_SYMTAB)
    indices_at = place(DT_VERSYM)
    count = 0
    has_all_exports = True
    if symbols_at is not None:
        gnu_hash = place(DT_GNU_HASH)
        count, is_exact = _count_symbols(cursor, header, place(DT_HASH), gnu_hash)
        if not is_exact:
            count = (
                _count_up_to_next(header, symbols_at, (strings_at, indices_at)) or count
            )
        # A GNU hash table has all that is exported, so that an empty one proves that nothing is.
        has_all_exports = is_exact or gnu_hash is not None
    needs_at = place(DT_VERNEED)
    definitions_at = place(DT_VERDEF)
    return DynamicTables(
        tags=tags,
        strings=strings,
        symbols=_table(
            cursor, symbols_at, count * header.file_class.symbol_size, "DT_SYMTAB"
        ),
        version_indices=_table(cursor, indices_at, count * 2, "DT_VERSYM"),
        version_needs=_rest(cursor, needs_at, "DT_VERNEED"),
        version_definitions=_rest(cursor, definitions_at, "DT_VERDEF"),
        has_all_exports=has_all_exports,
    )


def _file_offset(
    cursor: Cursor,
    loads: Sequence[Segment],
    tag: int,
    address: int,
) -> int:
    """Return where the file has what the loader maps at ``address``."""
    for segment in loads:
        if segment.vaddr <= address < segment.vaddr + segment.filesz:
            return segment.offset + address - segment.vaddr
    return cursor.fail(
        "a dynamic table lies in no segment",
        offset=0,
        field=f"d_tag {tag:#x}",
        value=address,
    )


def _table(
    cursor: Cursor,
    offset: int | None,
    size: int,
    field: str,
) -> memoryview | View:
    return _NOTHING if offset is None else cursor.bytes(offset, size, field)


def _rest(cursor: Cursor, offset: int | None, field: str) -> Cursor | None:
    """Return what follows ``offset``. Version tables have no size: the links and counts of their records bound them."""
    return None if offset is None else cursor.part(offset, len(cursor) - offset, field)


# --- how many symbols there are: no tag says so, but hash tables have an entry for each --------------------------


def _count_symbols(
    cursor: Cursor,
    header: Header,
    sysv_hash: int | None,
    gnu_hash: int | None,
) -> tuple[int, bool]:
    """Return the number of dynamic symbols as the hash tables tell it, and whether it is known.

    https://gabi.xinuos.com/elf/08-dynamic.html ("Hash Table": nchain is the number of symbols)
    """
    # The psABIs of Alpha and of 64-bit S/390 have hash words of 64 bits.
    has_wide_words = header.machine == EM_ALPHA or (
        header.machine == EM_S390 and header.is_64_bit
    )
    # LLD writes 32 bits all the same, so that the other table is believed where there are both.
    is_sure = gnu_hash is None or not has_wide_words
    if sysv_hash is not None and is_sure:
        layout = "QQ" if has_wide_words else "II"
        _, chains = cursor.unpack(layout, sysv_hash, "DT_HASH")
        return chains, True
    if gnu_hash is not None:
        return _count_by_gnu_hash(cursor, header, gnu_hash)
    return 0, False


def _count_by_gnu_hash(
    cursor: Cursor, header: Header, gnu_hash: int
) -> tuple[int, bool]:
    """Return one more than the highest symbol that a chain reaches, and whether that is all.

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
        return symoffset, symoffset > 1
    chain = buckets_at + 4 * buckets + 4 * (last - symoffset)
    if chain > len(cursor):
        cursor.fail(
            f"gnu hash chain lies outside of it ({len(cursor)} bytes)",
            offset=chain,
            field="gnu hash chain",
        )
    return _end_of_chain(cursor, chain, last) + 1, True


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


def _count_up_to_next(
    header: Header, symbols_at: int, others: Sequence[int | None]
) -> int:
    """Return how many symbols fit before the next table, as linkers lay them out; 0 when no table follows."""
    following = [other for other in others if other is not None and other > symbols_at]
    if not following:
        return 0
    return (min(following) - symbols_at) // header.file_class.symbol_size
