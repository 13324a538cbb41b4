"""Comparing what the Mach-O reader says with what LIEF says."""

from __future__ import annotations

import lief

from truewheel.model.binary import MachOSlice, Symbol

lief.logging.disable()
ALIVE: list[object] = []
"""What LIEF parsed stays until the end: collected in cycles, parents go before their parts, and the process dies."""
LC_ID_DYLIB = 0xD


def compare_with_lief(ours: MachOSlice, theirs: lief.MachO.Binary) -> None:
    """Facts of one slice.

    - LIEF lists data that the file itself defines among its imports.
    - It lists names that are re-exported from another library neither as exports nor as imports.
    - Of a symbol that is bound twice, by its library and as a weak definition, it keeps the second, which has no library.
    """
    defined = {s.name.removeprefix("_") for s in theirs.symbols if s.numberof_sections or s.has_export_info}
    imports = {s.name.removeprefix("_"): s for s in theirs.imported_symbols}
    exports = {s.name.removeprefix("_") for s in theirs.exported_symbols}
    mine = {s.name: s for s in ours.imports}
    assert imports.keys() - mine.keys() <= defined
    reexported = ours.exports - exports
    assert exports <= ours.exports
    assert reexported <= mine.keys()
    assert mine.keys() - imports.keys() <= reexported
    for name in mine.keys() & imports.keys():
        compare_binding(mine[name], imports[name])
    identity = next((c for c in theirs.libraries if number(c.command) == LC_ID_DYLIB), None)
    assert ours.compatibility_version == (tuple(identity.compatibility_version) if identity is not None else None)
    assert [n.library for n in ours.needs] == [c.name for c in theirs.libraries if number(c.command) != LC_ID_DYLIB]
    assert [s.path for s in ours.search_paths] == [r.path for r in theirs.rpaths]


def compare_binding(ours: Symbol, theirs: lief.MachO.Symbol) -> None:
    bound = theirs.binding_info if theirs.has_binding_info else None
    if bound is not None and bound.library_ordinal > 0:
        assert (ours.library, ours.weak) == (bound.library.name, bound.weak_import)


def number(value: object) -> int:
    return int(getattr(value, "value", value))  # type: ignore[call-overload]
