"""Mach-O files with odd parts: dyld maps segments and binds by its own tables, and what is for debuggers it never reads.

What it makes sure of before that is in dyld's ``MachOAnalyzer.cpp`` (``validMachOForArchAndPlatform``): no machine here runs it.
"""

from __future__ import annotations

import struct

import pytest

from support.macho_images import (
    BUNDLE,
    DEFINED,
    DYLIB,
    EXECUTE,
    LIBRARIES,
    Command,
    Entry,
    Section,
    content,
    dyld_info,
    exporting,
    image,
    named,
    segment,
    symbols,
)
from support.reading import error_of
from truewheel import formats
from truewheel.model.binary import MachOSlice

INFO = dyld_info(bind=b"\x11\x40_a\0\x51\x72\x08\x90\0", exports=exporting("_x"))
ENTRIES = (Entry("_x", DEFINED), Entry("_a", description=0x0100))
FAR = 0x7000000


def read(data: bytes) -> MachOSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, MachOSlice)
    return piece


def debug_section(place: int) -> Command:
    """Return a segment of debug data, which begins at ``place`` of the file."""
    command = segment(Section("__DWARF", "__debug_info", 8))
    values = list(command.values)
    first_section = 9
    # Behind both names, its address and its size.
    values[first_section + 4] = place
    return Command(command.kind, command.layout, tuple(values), blobs=command.blobs)


def test_debug_data_outside_of_the_file_is_skipped() -> None:
    whole = read(
        image(*LIBRARIES, segment(Section("__DWARF", "__debug_info", 8)), INFO)
    )
    found = read(image(*LIBRARIES, debug_section(FAR), INFO))
    (skipped,) = found.skipped
    assert skipped.part == f"debug data at {FAR:#x}"
    assert not skipped.grave
    assert (whole.debug_bytes, found.debug_bytes) == (8, 0)


def test_a_segment_outside_of_the_file_stays_an_error() -> None:
    command = segment(filesize=FAR)
    assert error_of(image(*LIBRARIES, command, INFO)).field == "segment"


@pytest.mark.parametrize("ranges", [(0, 1, 1, 99), (0, 99, 1, 1)])
def test_a_symbol_table_that_the_loader_does_not_bind_by_may_be_odd(
    ranges: tuple[int, int, int, int],
) -> None:
    whole = read(image(*LIBRARIES, INFO, *symbols(*ENTRIES)))
    odd = symbols(*ENTRIES, ranges=ranges)
    found = read(image(*LIBRARIES, INFO, *odd))
    (skipped,) = found.skipped
    assert skipped.part == "the symbol table (LC_SYMTAB)"
    assert found.imports == whole.imports
    assert found.exports == whole.exports
    # A file from before there were other tables is bound by this one.
    assert error_of(image(*LIBRARIES, *odd)).field == "LC_DYSYMTAB"


def test_a_name_outside_of_the_string_table_is_for_debuggers_alone() -> None:
    symtab, dysymtab = symbols(*ENTRIES)
    table, strings = symtab.blobs

    def far_names(order: str, wide: bool) -> bytes:
        assert callable(table)
        rows = bytearray(table(order, wide))
        for start in range(0, len(rows), 16 if wide else 12):
            struct.pack_into(order + "I", rows, start, FAR)
        return bytes(rows)

    odd = Command(symtab.kind, symtab.layout, symtab.values, blobs=(far_names, strings))
    found = read(image(*LIBRARIES, INFO, odd, dysymtab))
    assert [symbol.name for symbol in found.imports] == ["a"]
    assert len(found.skipped) == 1
    assert error_of(image(*LIBRARIES, odd, dysymtab)).field == "string table"


def test_a_symbol_table_outside_of_the_file_stays_an_error() -> None:
    """``validLinkeditLayout`` looks at where each table of ``__LINKEDIT`` ends."""
    symtab, dysymtab = symbols(*ENTRIES)
    values = (FAR, *symtab.values[1:])
    odd = Command(symtab.kind, symtab.layout, values, blobs=symtab.blobs)
    assert error_of(image(*LIBRARIES, INFO, odd, dysymtab)).field == "symbol table"


def test_a_signature_outside_of_the_file_stays_an_error() -> None:
    """dyld hands its place to the kernel, which refuses the file (``F_ADDFILESIGS_RETURN``)."""
    place = content(0x1D, b"")
    odd = Command(place.kind, "II", (FAR, 64))
    assert error_of(image(*LIBRARIES, INFO, odd)).field == "LC_CODE_SIGNATURE"


@pytest.mark.parametrize("kind", [DYLIB, BUNDLE])
def test_nobody_asks_a_library_for_a_dynamic_linker(kind: int) -> None:
    odd = Command(0xE, "I", (200,))
    found = read(image(*LIBRARIES, odd, INFO, kind=kind))
    (skipped,) = found.skipped
    assert skipped.part == "the dynamic linker (LC_LOAD_DYLINKER)"
    assert found.interpreter is None
    assert (
        error_of(image(*LIBRARIES, odd, INFO, kind=EXECUTE)).field == "LC_LOAD_DYLINKER"
    )
    assert read(
        image(*LIBRARIES, named(0xE, "/usr/lib/dyld"), INFO, kind=kind)
    ).interpreter


def test_commands_that_nobody_knows_are_passed_over() -> None:
    assert not read(image(*LIBRARIES, Command(0x7F, "II", (FAR, FAR)), INFO)).skipped
