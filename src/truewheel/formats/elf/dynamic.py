"""Where the tables of the dynamic loader lie in a file: its strings, symbols, and versions.

There are two ways to them. The loader goes by the program headers and the tags of the dynamic section; linkers and
debuggers go by the section headers, which a stripped file may lack. The loader's way is taken where there is one.
"""

from __future__ import annotations

from ...model.errors import FormatError
from ...model.record import Record
from ..cursor import Cursor, Strings
from .addresses import place_of
from .layout import (
    DT_NULL,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    DT_VERSYM,
    ET_REL,
    PT_DYNAMIC,
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
from .strings import LoadedStrings
from .symbol_count import SymbolTable, count_symbols

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..cursor import View
    from ..skipping import SkippedParts
    from .addresses import Place

    Tags = tuple[tuple[int, int], ...]

_ENTRIES_AT_ONCE = 64
"""Entries of the dynamic section that are read at once: only its end tells how many there are."""
_LARGEST_SECTION = 1 << 16
"""Bytes of a dynamic section that are believed, if its program header does not have more."""
_NOTHING = memoryview(b"")
DEFINITIONS = "the versions that it defines"
LOST_DEFINITIONS = "a version of it that another file needs may be among them"


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

    def whole_symbols(self, header: Header) -> memoryview | View:
        """Return the symbol records, without a part of one at the end of a section."""
        size = header.file_class.symbol_size
        return self.symbols[: len(self.symbols) // size * size]


def read_dynamic_tables(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    sections: Sequence[Section],
    skipped: SkippedParts,
) -> DynamicTables | None:
    """Find the tables of the dynamic loader; ``None`` for a file that is not linked dynamically.

    :param skipped: takes what is odd and not needed to load the file.
    :raises FormatError: when a table lies outside of the file.
    """
    for segment in segments:
        if segment.type == PT_DYNAMIC and segment.filesz:
            tags = _tags_of_segment(cursor, header, segments, segment)
            return _tables_by_address(cursor, header, segments, sections, tags, skipped)
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


def _tags_of_segment(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    segment: Segment,
) -> Tags:
    """Return the entries that loaders read: at the address of the segment, up to ``DT_NULL``, whatever its size in the file.

    :raises FormatError: when the segment lies outside of the file.
    """
    place = place_of(segments, segment.vaddr)
    if place is None:
        return read_tags(cursor, header, segment.offset, segment.filesz)
    size = header.file_class.dynamic_size
    cursor.bytes(place.offset, size, "dynamic section")
    most = max(segment.filesz, _LARGEST_SECTION)
    end = min(place.end, place.offset + most, len(cursor))
    found: list[tuple[int, int]] = []
    offset = place.offset
    while count := min(_ENTRIES_AT_ONCE, (end - offset) // size):
        tags = read_tags(cursor, header, offset, count * size)
        found += tags
        # Fewer than were asked for: the end was among them.
        if len(tags) < count:
            break
        offset += count * size
    return tuple(found)


def last_values(tags: Tags) -> dict[int, int]:
    """Return the values of tags; the last value of a tag that appears again, as loaders take it."""
    return dict(tags)


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
    sections: Sequence[Section],
    tags: Tags,
    skipped: SkippedParts,
) -> DynamicTables:
    """Find the tables by their addresses in memory, which the dynamic section has.

    https://gabi.xinuos.com/elf/08-dynamic.html ("Dynamic Section")
    """
    values = last_values(tags)

    def place(tag: int) -> Place | None:
        address = values.get(tag)
        return None if address is None else _place(cursor, segments, tag, address)

    def offset(tag: int) -> int | None:
        found = place(tag)
        return None if found is None else found.offset

    strings_at = place(DT_STRTAB)
    # Unlike the strings, the symbols have no tag for their size: they are counted.
    symbols_at = offset(DT_SYMTAB)
    indices_at = offset(DT_VERSYM)
    count, has_all_exports = 0, True
    if symbols_at is not None:
        table = SymbolTable(
            cursor,
            header,
            segments,
            sections,
            offset=symbols_at,
            values=values,
            place=offset,
        )
        count, has_all_exports = count_symbols(table, skipped)
    return DynamicTables(
        tags=tags,
        strings=LoadedStrings(cursor, strings_at, values.get(DT_STRSZ, 0), skipped),
        symbols=_table(
            cursor, symbols_at, count * header.file_class.symbol_size, "DT_SYMTAB"
        ),
        version_indices=_table(cursor, indices_at, count * 2, "DT_VERSYM"),
        version_needs=_rest(cursor, offset(DT_VERNEED), "DT_VERNEED"),
        version_definitions=_definitions(cursor, offset, skipped),
        has_all_exports=has_all_exports,
    )


def _definitions(
    cursor: Cursor, offset: Callable[[int], int | None], skipped: SkippedParts
) -> Cursor | None:
    """Return the versions that the file defines. Other files may ask for them, and the loader of this one does not."""
    try:
        return _rest(cursor, offset(DT_VERDEF), "DT_VERDEF")
    except FormatError as error:
        skipped.add(DEFINITIONS, error, loss=LOST_DEFINITIONS)
        return None


def _place(
    cursor: Cursor,
    segments: Sequence[Segment],
    tag: int,
    address: int,
) -> Place:
    """Return where the file has what the loader maps at ``address``.

    :raises FormatError: when nothing of the file is mapped there.
    """
    found = place_of(segments, address)
    if found is None:
        cursor.fail(
            "a dynamic table lies in no segment",
            offset=0,
            field=f"d_tag {tag:#x}",
            value=address,
        )
    return found


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
