"""The Mach-O reader beside macholib and LIEF, on every Mach-O file of the published wheels.

Where LIEF sees something else, :func:`compare_with_lief` says why.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import lief
import pytest
from macholib.mach_o import CPU_TYPE_NAMES
from macholib.MachO import MachO, MachOHeader
from macholib.SymbolTable import SymbolTable

from support import published
from support.lief_comparison import ALIVE, compare_with_lief
from truewheel import formats
from truewheel.model.binary import Format, MachOSlice

pytestmark = pytest.mark.network
ROWS = [
    row for row in published.sample(published.OTHERS) if row.family in {"macos", "ios"}
]
LC_ID_DYLIB, LC_RPATH, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0xD, 0x8000001C, 0x1D, 0x32
CPUS = {"x86_64": "x86_64", "ARM64": "arm64", "i386": "i686"}
LOADS = {0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023}
VERSION_MIN = {0x24: "macos", 0x25: "ios"}
PLATFORMS = {1: "macos", 2: "ios", 7: "ios-simulator"}
N_WEAK_REF = 0x40
DYNAMIC_LOOKUP_ORDINAL = 0xFE


def macho_files(path: Path) -> Iterator[tuple[str, bytes, tuple[MachOSlice, ...]]]:
    """Yield the name, the content and the slices of each Mach-O file in a wheel."""
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            data = archive.read(item)
            if formats.sniff(data[: formats.HEAD]) is not Format.MACHO:
                continue
            binary = formats.read(data)
            assert binary is not None
            if binary.format is Format.ARCHIVE:
                continue  # a universal static library, which macholib takes for broken
            yield item.filename, data, binary.slices  # type: ignore[misc]


def wheel(row: published.Published) -> Path:
    return published.path_of(row, published.OTHERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_macholib_reads_the_same(row: published.Published, tmp_path: Path) -> None:
    found = list(macho_files(wheel(row)))
    assert found
    for name, data, ours in found:
        path = tmp_path / "file"
        path.write_bytes(data)
        theirs = MachO(str(path))
        assert len(theirs.headers) == len(ours), name
        for piece, header in zip(ours, theirs.headers, strict=True):
            compare_headers(piece, header)
            compare_symbols(piece, SymbolTable(theirs, header))


def text(raw: bytes) -> str:
    """Return a string of a load command, without its padding."""
    return raw.rstrip(b"\0").decode()


def version(packed: int) -> tuple[int, ...]:
    """Return a version as load commands have it; a third number only if it is not 0."""
    major, minor, patch = int(packed) >> 16, int(packed) >> 8 & 0xFF, int(packed) & 0xFF
    if patch:
        return (major, minor, patch)
    return (major, minor)


def compare_headers(ours: MachOSlice, theirs: MachOHeader) -> None:
    """Compare the header and the load commands of one slice."""
    libraries, search_paths, systems = [], [], []
    name, signed = None, False
    for load, command, rest in theirs.commands:
        if load.cmd in LOADS:
            libraries.append(text(rest))
        elif load.cmd == LC_RPATH:
            search_paths.append(text(rest))
        elif load.cmd == LC_ID_DYLIB:
            name = text(rest)
        elif load.cmd in VERSION_MIN:
            systems.append(
                (VERSION_MIN[load.cmd], version(command.version), version(command.sdk))
            )
        elif load.cmd == LC_BUILD_VERSION:
            systems.append(
                (
                    PLATFORMS[command.platform],
                    version(command.minos),
                    version(command.sdk),
                )
            )
        elif load.cmd == LC_CODE_SIGNATURE:
            signed = command.datasize > 0
    assert ours.cpu == CPUS[CPU_TYPE_NAMES[theirs.header.cputype]]
    assert ours.file_type == theirs.header.filetype
    assert ours.offset == theirs.offset
    assert ours.size == theirs.size
    assert [need.library for need in ours.needs] == libraries
    assert [search.path for search in ours.search_paths] == search_paths
    assert ours.name == name
    assert [
        (system.platform, system.version, system.sdk or (0, 0))
        for system in ours.minimum_os
    ] == systems
    assert ours.signed == signed
    assert ours.header_padding == theirs.low_offset - theirs.total_size


def compare_symbols(ours: MachOSlice, theirs: SymbolTable) -> None:
    """Compare undefined symbols, the libraries that they are bound to, and whether they may be missing.

    For a symbol that is bound by its name alone, wherever it is defined first, the symbol table names the library that the
    linker saw.
    """
    libraries = [None, *(need.library for need in ours.needs)]
    expected = {}
    for entry, raw in theirs.undefsyms:
        ordinal = entry.n_desc >> 8 & 0xFF
        library = libraries[ordinal] if ordinal < DYNAMIC_LOOKUP_ORDINAL else None
        expected[text(raw).removeprefix("_")] = (
            library,
            bool(entry.n_desc & N_WEAK_REF),
        )
    assert {
        symbol.name: (symbol.library, symbol.weak) for symbol in ours.imports
    } == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_lief_reads_the_same(row: published.Published) -> None:
    for _, data, ours in macho_files(wheel(row)):
        fat = lief.MachO.parse(list(data))
        ALIVE.append(fat)
        assert fat.size == len(ours)
        for number, piece in enumerate(ours):
            compare_with_lief(piece, fat.at(number))
