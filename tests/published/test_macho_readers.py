"""The Mach-O reader beside macholib and LIEF, on every Mach-O file of the published wheels.

Where the two see something else, the test says why: :func:`compare_with_lief` lists the cases.
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

from support import needs, published
from support.lief_comparison import ALIVE, compare_with_lief
from truewheel import formats
from truewheel.model.binary import Format, MachOSlice

pytestmark = pytest.mark.network
ROWS = [r for r in published.sample(published.OTHERS) if r.family in {"macos", "ios"}]
LC_ID_DYLIB, LC_RPATH, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0xD, 0x8000001C, 0x1D, 0x32
CPUS = {"x86_64": "x86_64", "ARM64": "arm64", "i386": "i686"}
LOADS = {0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023}
VERSION_MIN = {0x24: "macos", 0x25: "ios"}
PLATFORMS = {1: "macos", 2: "ios", 7: "ios-simulator"}
N_WEAK_REF = 0x40


def machos(path: Path) -> Iterator[tuple[str, bytes, tuple[MachOSlice, ...]]]:
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            data = archive.read(item)
            if formats.macho.recognises(data[:64]):
                binary = formats.read(data)
                assert binary is not None
                if binary.format is Format.ARCHIVE:
                    continue  # a universal static library, which macholib takes for broken
                assert all(isinstance(s, MachOSlice) for s in binary.slices)
                yield item.filename, data, binary.slices  # type: ignore[misc]


def wheel(row: published.Published) -> Path:
    path = published.fetched(published.OTHERS).get(row.filename)
    return path if path is not None else needs.missing(f"{row.filename} from the package index")


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_agrees_with_macholib(row: published.Published, tmp_path: Path) -> None:
    found = list(machos(wheel(row)))
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
    return raw.rstrip(b"\0").decode()


def version(packed: int) -> tuple[int, ...]:
    numbers = int(packed) >> 16, int(packed) >> 8 & 0xFF, int(packed) & 0xFF
    return numbers if numbers[2] else numbers[:2]


def compare_headers(ours: MachOSlice, theirs: MachOHeader) -> None:
    commands = [(load.cmd, command, rest) for load, command, rest in theirs.commands]
    assert ours.cpu == CPUS[CPU_TYPE_NAMES[theirs.header.cputype]]
    assert (ours.file_type, ours.offset, ours.size) == (theirs.header.filetype, theirs.offset, theirs.size)
    assert [n.library for n in ours.needs] == [text(rest) for kind, _, rest in commands if kind in LOADS]
    assert [s.path for s in ours.search_paths] == [text(rest) for kind, _, rest in commands if kind == LC_RPATH]
    assert ours.name == next((text(rest) for kind, _, rest in commands if kind == LC_ID_DYLIB), None)
    stated = [(VERSION_MIN[k], version(c.version), version(c.sdk)) for k, c, _ in commands if k in VERSION_MIN]
    stated += [
        (PLATFORMS[c.platform], version(c.minos), version(c.sdk)) for k, c, _ in commands if k == LC_BUILD_VERSION
    ]
    assert [(m.platform, m.version, m.sdk or (0, 0)) for m in ours.minimum_os] == stated
    assert ours.signed == any(kind == LC_CODE_SIGNATURE and command.datasize for kind, command, _ in commands)
    assert ours.header_padding == theirs.low_offset - theirs.total_size


def compare_symbols(ours: MachOSlice, theirs: SymbolTable) -> None:
    """Undefined symbols with ordinals and flags. Of one that is bound by name alone, wherever it is defined first,
    the symbol table names the library that the linker saw."""
    libraries = [None, *(n.library for n in ours.needs)]
    expected = {
        text(name).removeprefix("_"): (
            libraries[entry.n_desc >> 8 & 0xFF] if entry.n_desc >> 8 & 0xFF < 0xFE else None,
            bool(entry.n_desc & N_WEAK_REF),
        )
        for entry, name in theirs.undefsyms
    }
    assert {s.name: (s.library, s.weak) for s in ours.imports} == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_agrees_with_lief(row: published.Published) -> None:
    for _, data, ours in machos(wheel(row)):
        fat = lief.MachO.parse(list(data))
        ALIVE.append(fat)
        assert fat.size == len(ours)
        for number, piece in enumerate(ours):
            compare_with_lief(piece, fat.at(number))
