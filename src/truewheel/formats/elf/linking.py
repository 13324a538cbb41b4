"""What the tables of the dynamic loader say: libraries and versions that a file needs, symbols, search paths.

Sources: gABI chapter 5 (https://gabi.xinuos.com/elf/08-dynamic.html); the Linux Standard Base on symbol versions
(https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html).
"""

from __future__ import annotations

from itertools import chain, islice, repeat

from ...model.binary import Need, SearchPath, Symbol
from ...model.errors import FormatError
from ...model.record import Record, rows
from .dynamic import DEFINITIONS, LOST_DEFINITIONS, last_values
from .layout import (
    DF_1_PIE,
    DF_TEXTREL,
    DT_FLAGS,
    DT_FLAGS_1,
    DT_NEEDED,
    DT_RELR,
    DT_RELRSZ,
    DT_SONAME,
    DT_TEXTREL,
    HASH_TABLES,
    PACKED_RELOCATIONS,
    SEARCH_PATHS,
    SHN_UNDEF,
    STB_LOCAL,
    STB_WEAK,
    VER_FLG_BASE,
    VER_FLG_WEAK,
    VER_NDX_GLOBAL,
    VERDEF,
    VERDEF_NEXT,
    VERNAUX,
    VERNAUX_NEXT,
    VERNAUX_SIZE,
    VERNEED,
    VERNEED_NEXT,
    VERSYM_VERSION,
    Header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .dynamic import DynamicTables
    from .layout import Segment

    VersionsByLibrary = dict[str, list[tuple[str, int]]]
    """Each library's versions with their flags, in file order."""
    VersionsByIndex = dict[int, tuple[str | None, str | None]]
    """What an index in ``DT_VERSYM`` stands for: a version, and the library that has it."""

_UNVERSIONED = (None, None)
"""Also for what is defined here: a version of its own says nothing about where an import comes from."""


class Linking(Record):
    """What a file asks of the dynamic loader, and what it offers; all empty for a file without a dynamic section.

    :param is_pie: whether ``DF_1_PIE`` says that it is a program, although its type is that of a library.
    """

    needs: tuple[Need, ...] = ()
    name: str | None = None
    search_paths: tuple[SearchPath, ...] = ()
    imports: tuple[Symbol, ...] = ()
    exports: frozenset[str] = frozenset()
    exports_complete: bool = True
    definitions: tuple[str, ...] = ()
    text_relocations: bool = False
    is_pie: bool = False
    packed_relocations: tuple[str, ...] = ()
    hash_tables: tuple[str, ...] = ()


def read_linking(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    tables: DynamicTables,
    skipped: SkippedParts,
) -> Linking:
    """Read the tables of the dynamic loader.

    :param skipped: takes what is odd and not needed to load the file.
    :raises FormatError: when the name of a library or of an imported symbol lies outside of the string table, or version
        records overlap.
    """
    by_library, by_index = _read_needed_versions(tables, skipped)
    values = last_values(tables.tags)
    try:
        records = cursor.records(header.file_class.symbol, tables.whole_symbols(header))
        imports, exports = _sort_symbols(cursor, records, tables, by_index)
    except FormatError:
        from .odd_symbols import without_odd_names  # few files have any

        sound = without_odd_names(cursor, header, segments, tables, skipped)
        imports, exports = _sort_symbols(cursor, sound, tables, by_index)
    return Linking(
        needs=_read_needs(tables, by_library),
        name=_read_name(tables, values, skipped),
        search_paths=_read_search_paths(tables, skipped),
        imports=imports,
        exports=exports,
        exports_complete=tables.has_all_exports,
        definitions=_read_defined_versions(tables, skipped),
        text_relocations=DT_TEXTREL in values
        or bool(values.get(DT_FLAGS, 0) & DF_TEXTREL),
        is_pie=bool(values.get(DT_FLAGS_1, 0) & DF_1_PIE),
        packed_relocations=_packed_relocations(values),
        hash_tables=tuple(name for tag, name in HASH_TABLES.items() if tag in values),
    )


# --- libraries --------------------------------------------------------------------------------------------------


def _read_needs(tables: DynamicTables, versions: VersionsByLibrary) -> tuple[Need, ...]:
    """Return the libraries of ``DT_NEEDED`` in file order, then those that only the version table names.

    The loader checks no versions of a library that ``DT_NEEDED`` lacks, but the symbols are wanted all the same.
    """
    strings = tables.strings
    # A dictionary keeps the order, and each library once.
    libraries = dict.fromkeys(
        strings[value] for tag, value in tables.tags if tag == DT_NEEDED
    )
    libraries.update(dict.fromkeys(versions))
    return tuple(_need(library, versions.get(library, [])) for library in libraries)


def _need(library: str, versions: list[tuple[str, int]]) -> Need:
    weak = (name for name, flags in versions if flags & VER_FLG_WEAK)
    return Need(
        library=library,
        versions=tuple(dict.fromkeys(name for name, _ in versions)),
        weak_versions=tuple(dict.fromkeys(weak)),
    )


def _read_name(
    tables: DynamicTables, values: dict[int, int], skipped: SkippedParts
) -> str | None:
    """Return ``DT_SONAME``. The loader compares it with names that other files need; for this one it is not asked."""
    name_at = values.get(DT_SONAME)
    if name_at is None:
        return None
    try:
        return tables.strings[name_at]
    except FormatError as error:
        skipped.add(
            "its name (DT_SONAME)",
            error,
            loss="files that need it by that name do not find it",
            grave=True,
        )
        return None


def _read_search_paths(
    tables: DynamicTables, skipped: SkippedParts
) -> tuple[SearchPath, ...]:
    """Return the directories of ``DT_RPATH`` and ``DT_RUNPATH`` in file order, without empty ones."""
    found: list[SearchPath] = []
    for tag, value in tables.tags:
        kind = SEARCH_PATHS.get(tag)
        if kind is None:
            continue
        # https://gabi.xinuos.com/elf/08-dynamic.html ("Shared Object Dependencies"): directories separated by colons
        try:
            paths = tables.strings[value].split(":")
        except FormatError as error:
            skipped.add(
                f"its search paths (DT_{kind})",
                error,
                loss="libraries that lie there are not found",
                grave=True,
            )
            continue
        found += [SearchPath(path=path, kind=kind) for path in paths if path]
    return tuple(found)


def _packed_relocations(values: dict[int, int]) -> tuple[str, ...]:
    """Return the names of the compact relocation tables. An empty one asks nothing of a loader."""
    found = [name for tag, name in PACKED_RELOCATIONS.items() if tag in values]
    if DT_RELR in values and values.get(DT_RELRSZ, 1) == 0:
        found.remove(PACKED_RELOCATIONS[DT_RELR])
    return tuple(found)


# --- versions ---------------------------------------------------------------------------------------------------


def _each_linked(
    table: Cursor,
    layout: str,
    next_at: int,
    field: str,
    start: int,
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the offsets and values of records, each of which tells the distance to the next in field ``next_at``.

    Distances are positive, so this ends.
    """
    offset = start
    while True:
        record = table.unpack(layout, offset, field)
        yield offset, record
        if not record[next_at]:
            return
        offset += record[next_at]


def _read_needed_versions(
    tables: DynamicTables, skipped: SkippedParts
) -> tuple[VersionsByLibrary, VersionsByIndex]:
    """Read ``DT_VERNEED``: a record for each library, followed by an entry for each of its versions."""
    by_library: VersionsByLibrary = {}
    by_index: VersionsByIndex = {}
    table = tables.version_needs
    if table is None:
        return by_library, by_index
    # There are no more entries than there is room for: chains may not overlap.
    room = len(table) // VERNAUX_SIZE
    for offset, need in _each_linked(table, VERNEED, VERNEED_NEXT, "version need", 0):
        _, count, library_at, entries_at, _ = need
        library = tables.strings[library_at]
        versions = by_library.setdefault(library, [])
        entries = _each_linked(
            table, VERNAUX, VERNAUX_NEXT, "version need entry", offset + entries_at
        )
        for _, entry in islice(entries, count):
            _, flags, index, name_at, _ = entry
            room -= 1
            if room < 0:
                table.fail(
                    "version needs overlap",
                    offset=offset,
                    field="vn_aux",
                    value=entries_at,
                )
            try:
                name = tables.strings[name_at]
            except FormatError as error:
                # One that may be missing is not asked for by its name.
                if not flags & VER_FLG_WEAK:
                    raise
                skipped.add("the name of a weak version", error)
                continue
            versions.append((name, flags))
            if index & VERSYM_VERSION > VER_NDX_GLOBAL:
                by_index[index & VERSYM_VERSION] = (name, library)
    return by_library, by_index


def _read_defined_versions(
    tables: DynamicTables, skipped: SkippedParts
) -> tuple[str, ...]:
    """Return the names of the versions that the file defines, without the base, which is the file's own name.

    The loader compares them with what other files need, and asks for none to load this one.
    """
    table = tables.version_definitions
    if table is None:
        return ()
    found: list[str] = []
    try:
        for name in _each_defined_version(tables, table):
            found.append(name)  # noqa: PERF402 (those before an odd one stay)
    except FormatError as error:
        skipped.add(DEFINITIONS, error, loss=LOST_DEFINITIONS)
    return tuple(found)


def _each_defined_version(tables: DynamicTables, table: Cursor) -> Iterator[str]:
    """Yield the names of the versions that the file defines.

    :raises FormatError: when a record or a name lies outside of the file.
    """
    for offset, definition in _each_linked(
        table, VERDEF, VERDEF_NEXT, "version definition", 0
    ):
        _, flags, _, _, _, names_at, _ = definition
        if flags & VER_FLG_BASE:
            continue
        # The first name is the version's own; those behind it are of the versions that it inherits from.
        name_at = table.number("I", offset + names_at, "version definition entry")
        yield tables.strings[name_at]


# --- symbols ----------------------------------------------------------------------------------------------------


def _sort_symbols(
    cursor: Cursor,
    records: Iterable[tuple[int, int, int]],
    tables: DynamicTables,
    versions: VersionsByIndex,
) -> tuple[tuple[Symbol, ...], frozenset[str]]:
    """Return imports with their versions, and the names of exports.

    A file has hundreds of symbols: the loop works on plain tuples, and the imports get their class all at once.

    https://gabi.xinuos.com/elf/05-symtab.html
    """
    # A file without versions, or with too few: its symbols are taken as unversioned.
    indices = chain(cursor.unpack_all("H", tables.version_indices), repeat(0))
    version_of = versions.get
    names = tables.strings
    imports = []
    exports = []
    for (name_at, info, section), index in zip(records, indices, strict=False):
        # Section symbols have no name, and what is local is not seen by other files.
        if not name_at or info >> 4 == STB_LOCAL:
            continue
        if section != SHN_UNDEF:
            exports.append(names[name_at])
            continue
        version, library = version_of(index & VERSYM_VERSION, _UNVERSIONED)
        is_weak = info >> 4 == STB_WEAK
        # A bare row for ``rows``, which is faster than a Symbol: name, version, library, weak, ordinal.
        imports.append((names[name_at], version, library, is_weak, None))
    return tuple(rows(Symbol, imports)), frozenset(exports)
