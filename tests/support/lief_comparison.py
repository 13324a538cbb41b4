"""Comparing what the Mach-O reader says with what LIEF says."""

from __future__ import annotations

import lief

from truewheel.model.binary import MachOSlice, Symbol

lief.logging.disable()
ALIVE: list[object] = []
"""What LIEF parsed stays until the end: collected in cycles, parents go before their parts, and the process dies."""
LC_ID_DYLIB = 0xD


def compare_with_lief(ours: MachOSlice, theirs: lief.MachO.Binary) -> None:
    """Compare the facts of one slice.

    - LIEF lists data that the file itself defines among its imports.
    - It lists names that are re-exported from another library neither as exports nor as imports.
    - If a symbol is bound twice, by its library and as a weak definition, it keeps the second, which has no library.
    """
    defined = {
        symbol.name.removeprefix("_")
        for symbol in theirs.symbols
        if symbol.numberof_sections or symbol.has_export_info
    }
    imports = {
        symbol.name.removeprefix("_"): symbol for symbol in theirs.imported_symbols
    }
    exports = {symbol.name.removeprefix("_") for symbol in theirs.exported_symbols}
    mine = {symbol.name: symbol for symbol in ours.imports}
    assert imports.keys() - mine.keys() <= defined
    reexported = ours.exports - exports
    assert exports <= ours.exports
    assert reexported <= mine.keys()
    assert mine.keys() - imports.keys() <= reexported
    for name in mine.keys() & imports.keys():
        compare_binding(mine[name], imports[name])

    libraries, compatibility_version = [], None
    for command in theirs.libraries:
        if number(command.command) == LC_ID_DYLIB:
            compatibility_version = tuple(command.compatibility_version)
        else:
            libraries.append(command.name)
    search_paths = [command.path for command in theirs.rpaths]
    assert ours.compatibility_version == compatibility_version
    assert [need.library for need in ours.needs] == libraries
    assert [search.path for search in ours.search_paths] == search_paths


def compare_binding(ours: Symbol, theirs: lief.MachO.Symbol) -> None:
    """Compare the library of a symbol, and whether it may be missing."""
    if not theirs.has_binding_info or theirs.binding_info.library_ordinal <= 0:
        return
    assert ours.library == theirs.binding_info.library.name
    assert ours.weak == theirs.binding_info.weak_import


def number(value: object) -> int:
    """Return the number behind one of LIEF's enumerations, or the number itself."""
    return int(getattr(value, "value", value))  # type: ignore[call-overload]
