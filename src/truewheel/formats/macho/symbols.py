"""The imports and exports of a slice, out of its symbol table, its exports trie, and what the loader binds.

Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/nlist.h
"""

from __future__ import annotations

import functools

from ...model.binary import LOADABLE, Kind, Symbol
from ...model.errors import FormatError
from ...model.record import rows
from .bindings import read_bindings
from .commands import read_fields
from .exports import read_exports
from .layout import (
    LC_DYSYMTAB,
    LC_SYMTAB,
    N_EXT,
    N_PEXT,
    N_STAB,
    N_TYPE,
    N_UNDEFINED,
    N_WEAK_REF,
    SELF,
    WEAK_LOOKUP,
)
from .names import name_reader, ordinal_of, without_underscores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ...model.binary import Need
    from ..cursor import Cursor, View
    from ..skipping import SkippedParts
    from .commands import Commands
    from .layout import Header
    from .names import Imports


def read_symbols(
    cursor: Cursor,
    header: Header,
    commands: Commands,
    needs: Sequence[Need],
    skipped: SkippedParts,
) -> tuple[tuple[Symbol, ...], frozenset[str]]:
    """Return imports, in the order of the symbol table, and the names of exports.

    :param needs: the needed libraries, in the order by which symbols refer to them.
    :param skipped: takes a symbol table that is for debuggers alone, when it is odd.
    :raises FormatError: when a table is broken, or names overlap in it.
    """
    # Core dumps, kernel extensions and the companions of debuggers are not linked with anything.
    if header.kind not in LOADABLE and header.kind is not Kind.OBJECT:
        return (), frozenset()
    exported = read_exports(cursor, commands)
    # Where there is a trie, the loader looks for exports nowhere else.
    undefined, defined = _read_symbol_table(
        cursor, header, commands, skipped, with_defined=exported is None
    )
    if exported is None:
        exported = defined
    exports = frozenset(without_underscores(exported))
    bound = read_bindings(cursor, commands, len(needs))
    imports = _correct_by_bindings(undefined, bound, exports)
    return _with_libraries(imports, header, needs), exports


def _with_libraries(
    imports: Imports, header: Header, needs: Sequence[Need]
) -> tuple[Symbol, ...]:
    """Return the imports with the names of their libraries, which are counted from 1."""
    libraries: list[str | None] = [None]
    if header.is_two_level:
        libraries += [need.library for need in needs]
    count = len(libraries)
    plain = without_underscores(imports)
    symbols = []
    for name, (ordinal, is_weak) in zip(plain, imports.values(), strict=True):
        # Negative ordinals are lookups in all files.
        library = libraries[ordinal] if 0 < ordinal < count else None
        symbols.append((name, None, library, is_weak, None))
    return tuple(rows(Symbol, symbols))


def _correct_by_bindings(
    undefined: Imports, bound: Imports, exports: frozenset[str]
) -> Imports:
    """Return what the symbol table says is undefined, corrected by what the loader binds: the table may be stripped.

    Weak definitions of C++, and all symbols in files without two-level namespaces, are bound by name even where they are
    defined: what the file itself has is not an import.
    """
    for name, (ordinal, is_weak) in bound.items():
        if name in undefined:
            # The table knows which library has a weak definition; the loader takes whichever it meets first.
            if ordinal != WEAK_LOOKUP:
                undefined[name] = ordinal, is_weak
            continue
        is_elsewhere = ordinal > SELF
        if not is_elsewhere and ordinal < SELF:
            (plain,) = without_underscores((name,))
            is_elsewhere = plain not in exports
        if is_elsewhere:
            undefined[name] = ordinal, is_weak
    return undefined


# --- the symbol table -------------------------------------------------------------------------------------------


def _read_symbol_table(
    cursor: Cursor,
    header: Header,
    commands: Commands,
    skipped: SkippedParts,
    *,
    with_defined: bool,
) -> tuple[Imports, Collection[bytes]]:
    """Return the symbols that are undefined, and the names of those that are defined for others.

    :raises FormatError: when the table or its names do not lie in the file, which the loader makes sure of in any case
        (dyld ``MachOAnalyzer::validLinkeditLayout``); or when they are odd, and it binds by them.
    """
    command = commands.first.get(LC_SYMTAB)
    if command is None:
        return {}, ()
    table_at, count, strings_at, strings_size = read_fields(
        cursor, command, "IIII", "LC_SYMTAB"
    )
    size = header.width.symbol_size
    table = cursor.bytes(table_at, count * size, "symbol table")
    strings = cursor.part(strings_at, strings_size, "string table")
    defined, undefined = _find_ranges(cursor, header, commands, count)
    ranges = (defined, undefined) if with_defined else (undefined,)
    try:
        for _, end in (defined, undefined):
            _check_range(cursor, commands, end, count)
        rows_of = [table[start * size : end * size] for start, end in ranges]
        return _sort_symbols(cursor, header, rows_of, strings)
    except FormatError as error:
        if with_defined or not commands.has_bindings:
            raise
        # Then it is there for debuggers, and tools strip it.
        skipped.add("the symbol table (LC_SYMTAB)", error)
        return {}, ()


def _sort_symbols(
    cursor: Cursor,
    header: Header,
    rows_of: Iterable[memoryview | View],
    strings: Cursor,
) -> tuple[Imports, Collection[bytes]]:
    """Return the symbols that are undefined, and the names of those that are defined for others.

    A library has thousands of symbols: the loop asks for as little as it can.

    :param rows_of: parts of the symbol table.
    :raises FormatError: when a name lies outside of the string table, or names overlap in it.
    """
    name_at = name_reader(strings, "string table")
    is_object = header.kind is Kind.OBJECT
    imports: Imports = {}
    exports: set[bytes] = set()
    for part in rows_of:
        for name, kind, description, value in cursor.records(header.width.symbol, part):
            # Entries for debuggers, private and local symbols are not seen by other files.
            if kind & (N_STAB | N_PEXT | N_EXT) != N_EXT or not name:
                continue
            # In an object, an undefined symbol with a value is a common one: the value is its size.
            if kind & N_TYPE in N_UNDEFINED and not (value and is_object):
                imports[name_at(name)] = _read_description(description)
            else:
                exports.add(name_at(name))
    return imports, exports


@functools.lru_cache(maxsize=1024)
def _read_description(description: int) -> tuple[int, bool]:
    """Return what ``n_desc`` of an undefined symbol says: its library's ordinal, and whether it may be missing."""
    return ordinal_of(description >> 8, 8), bool(description & N_WEAK_REF)


def _find_ranges(
    cursor: Cursor,
    header: Header,
    commands: Commands,
    count: int,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where the defined external symbols and the undefined ones are: first and end of each (``LC_DYSYMTAB``)."""
    command = commands.first.get(LC_DYSYMTAB)
    # The ranges are for the loader, which reads no objects: of these, all symbols are gone through.
    if command is None or header.kind is Kind.OBJECT:
        return (0, 0), (0, count)
    fields = read_fields(cursor, command, "8xIIII", "LC_DYSYMTAB")
    first_defined, defined_count, first_undefined, undefined_count = fields
    defined = first_defined, first_defined + defined_count
    undefined = first_undefined, first_undefined + undefined_count
    return defined, undefined


def _check_range(cursor: Cursor, commands: Commands, end: int, count: int) -> None:
    """Refuse a range of ``LC_DYSYMTAB`` that the symbol table does not have.

    :raises FormatError: when it ends behind the last symbol.
    """
    if end > count:
        cursor.fail(
            "a range of symbols reaches beyond the symbol table",
            offset=commands.first[LC_DYSYMTAB].offset + 16,
            field="LC_DYSYMTAB",
            value=end,
        )
