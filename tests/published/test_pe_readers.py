"""The PE and WebAssembly readers beside pefile, LIEF and wasmtime, on every such file of the published wheels."""

from __future__ import annotations

import functools
import zipfile

import lief
import pefile
import pytest
import wasmtime

from support import needs, published
from support.lief_comparison import ALIVE, number
from truewheel import formats
from truewheel.model.binary import Kind, NeedKind, PeSlice, WasmSlice

pytestmark = pytest.mark.network
DIRECTORIES = (
    "IMAGE_DIRECTORY_ENTRY_IMPORT",
    "IMAGE_DIRECTORY_ENTRY_EXPORT",
    "IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT",
)


@functools.cache
def members(filename: str, magic: bytes) -> dict[str, bytes]:
    """Return the files of a wheel that begin with ``magic``."""
    row = next(
        row for row in published.listed(published.OTHERS) if row.filename == filename
    )
    path = published.have(row) or needs.missing(f"{filename} from the package index")
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                if file.read(len(magic)) == magic:
                    found[name] = archive.read(name)
    return found


WINDOWS = [
    row.filename
    for row in published.sample(published.OTHERS)
    if row.family == "windows"
]
EMSCRIPTEN = [
    row.filename
    for row in published.listed(published.OTHERS)
    if row.family == "emscripten"
]
"""There are few of them: all are read in every run."""


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, PeSlice)
    return found


@pytest.mark.parametrize("filename", WINDOWS)
def test_pefile_reads_the_same(filename: str) -> None:
    for data in members(filename, b"MZ").values():
        compare_with_pefile(read(data), data)


def compare_with_pefile(ours: PeSlice, data: bytes) -> None:
    image = pefile.PE(data=data, fast_load=True)
    image.parse_data_directories([pefile.DIRECTORY_ENTRY[d] for d in DIRECTORIES])
    optional = image.OPTIONAL_HEADER
    assert ours.machine == image.FILE_HEADER.Machine
    assert ours.characteristics == image.FILE_HEADER.Characteristics
    assert ours.subsystem == optional.Subsystem
    assert ours.subsystem_version == (
        optional.MajorSubsystemVersion,
        optional.MinorSubsystemVersion,
    )
    assert ours.os_version == (
        optional.MajorOperatingSystemVersion,
        optional.MinorOperatingSystemVersion,
    )
    assert (ours.kind is Kind.SHARED) == image.is_dll()
    assert (ours.kind is Kind.EXECUTABLE) == image.is_exe()
    certificate = optional.DATA_DIRECTORY[
        pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_SECURITY"]
    ]
    assert ours.certificate == bool(certificate.VirtualAddress)
    needs_by_pefile, imports_by_pefile = [], []
    for directory, kind in (
        ("IMPORT", NeedKind.NORMAL),
        ("DELAY_IMPORT", NeedKind.DELAYED),
    ):
        for library in getattr(image, f"DIRECTORY_ENTRY_{directory}", []):
            name = library.dll.decode()
            needs_by_pefile.append((name, kind))
            for entry in library.imports:
                symbol = (
                    entry.ordinal if entry.import_by_ordinal else entry.name.decode()
                )
                imports_by_pefile.append((name, symbol))
    assert [(need.library, need.kind) for need in ours.needs] == needs_by_pefile
    assert imports(ours) == imports_by_pefile

    if not hasattr(image, "DIRECTORY_ENTRY_EXPORT"):
        assert ours.name is None
        assert ours.exports == frozenset()
        return
    directory = image.DIRECTORY_ENTRY_EXPORT
    named = [entry for entry in directory.symbols if entry.name]
    assert ours.name == directory.name.decode()
    assert ours.exports == {entry.name.decode() for entry in named}
    assert dict(ours.forwards) == {
        entry.name.decode(): entry.forwarder.decode()
        for entry in named
        if entry.forwarder
    }


def imports(ours: PeSlice) -> list[tuple[str | None, int | str]]:
    """Return library and name of each symbol; the number of one that is imported by its number."""
    found: list[tuple[str | None, int | str]] = []
    for symbol in ours.imports:
        name = symbol.name if symbol.ordinal is None else symbol.ordinal
        found.append((symbol.library, name))
    return found


@pytest.mark.parametrize("filename", WINDOWS)
def test_lief_reads_the_same(filename: str) -> None:
    for data in members(filename, b"MZ").values():
        compare_with_lief(read(data), data)


def compare_with_lief(ours: PeSlice, data: bytes) -> None:
    config = lief.PE.ParserConfig()
    config.parse_rsrc = config.parse_reloc = config.parse_exceptions = False
    image = lief.PE.parse(list(data), config)
    ALIVE.append(image)
    header, optional = image.header, image.optional_header
    assert ours.machine == number(header.machine)
    assert ours.characteristics == header.characteristics
    assert (ours.bits == 64) == (number(optional.magic) == 0x20B)
    assert ours.subsystem == number(optional.subsystem)
    assert ours.subsystem_version == (
        optional.major_subsystem_version,
        optional.minor_subsystem_version,
    )
    assert (ours.hybrid == "arm64ec") == image.is_arm64ec
    assert (ours.hybrid == "arm64x") == image.is_arm64x
    assert ours.certificate == image.has_signatures
    needs_by_lief, imports_by_lief = [], []
    for libraries, kind in (
        (image.imports, NeedKind.NORMAL),
        (image.delay_imports, NeedKind.DELAYED),
    ):
        for library in libraries:
            needs_by_lief.append((library.name, kind))
            for entry in library.entries:
                symbol = entry.ordinal if entry.is_ordinal else entry.name
                imports_by_lief.append((library.name, symbol))
    assert [(need.library, need.kind) for need in ours.needs] == needs_by_lief
    assert imports(ours) == imports_by_lief

    directory = image.get_export()
    if directory is None:
        assert ours.name is None
        assert ours.exports == frozenset()
        return
    named = [entry for entry in directory.entries if entry.name]
    assert ours.name == directory.name
    assert ours.exports == {entry.name for entry in named}
    forwards = {}
    for entry in named:
        if entry.is_forwarded:
            target = entry.forward_information
            forwards[entry.name] = f"{target.library}.{target.function}"
    assert dict(ours.forwards) == forwards


@pytest.mark.parametrize("filename", EMSCRIPTEN)
def test_wasmtime_reads_the_same(filename: str) -> None:
    engine = wasmtime.Engine(wasmtime.Config())
    for data in members(filename, b"\0asm").values():
        theirs = wasmtime.Module(engine, data)
        binary = formats.read(data)
        assert binary is not None
        (ours,) = binary.slices
        assert isinstance(ours, WasmSlice)
        names = [symbol.name for symbol in theirs.imports]
        modules = dict.fromkeys(symbol.module for symbol in theirs.imports)
        assert [symbol.name for symbol in ours.imports] == names
        assert ours.import_modules == tuple(modules)
        assert ours.exports == {symbol.name for symbol in theirs.exports}
        assert ours.cpu == "wasm32"
        assert ours.dylink
