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
DIRECTORIES = ("IMAGE_DIRECTORY_ENTRY_IMPORT", "IMAGE_DIRECTORY_ENTRY_EXPORT", "IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT")


@functools.cache
def members(filename: str, magic: bytes) -> dict[str, bytes]:
    """The files of a wheel that begin with ``magic``."""
    row = next(r for r in published.listed(published.OTHERS) if r.filename == filename)
    path = published.have(row) or needs.missing(f"{filename} from the package index")
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                if file.read(len(magic)) == magic:
                    found[name] = archive.read(name)
    return found


def of(family: str) -> list[str]:
    """All of the few for Emscripten, else the sample."""
    rows = published.listed(published.OTHERS) if family == "emscripten" else published.sample(published.OTHERS)
    return [r.filename for r in rows if r.family == family]


def piece(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, PeSlice)
    return found


@pytest.mark.parametrize("filename", of("windows"))
def test_pefile_reads_the_same(filename: str) -> None:
    for data in members(filename, b"MZ").values():
        compare_with_pefile(piece(data), data)


def compare_with_pefile(ours: PeSlice, data: bytes) -> None:
    image = pefile.PE(data=data, fast_load=True)
    image.parse_data_directories([pefile.DIRECTORY_ENTRY[d] for d in DIRECTORIES])
    optional = image.OPTIONAL_HEADER
    assert ours.machine == image.FILE_HEADER.Machine
    assert ours.characteristics == image.FILE_HEADER.Characteristics
    assert ours.subsystem == optional.Subsystem
    assert ours.subsystem_version == (optional.MajorSubsystemVersion, optional.MinorSubsystemVersion)
    assert ours.os_version == (optional.MajorOperatingSystemVersion, optional.MinorOperatingSystemVersion)
    assert (ours.kind is Kind.SHARED, ours.kind is Kind.EXECUTABLE) == (image.is_dll(), image.is_exe())
    certificate = optional.DATA_DIRECTORY[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_SECURITY"]]
    assert ours.certificate == bool(certificate.VirtualAddress)
    normal, delayed = (getattr(image, f"DIRECTORY_ENTRY_{kind}", []) for kind in ("IMPORT", "DELAY_IMPORT"))
    assert [n.library for n in ours.needs if n.kind is NeedKind.NORMAL] == [d.dll.decode() for d in normal]
    assert [n.library for n in ours.needs if n.kind is NeedKind.DELAYED] == [d.dll.decode() for d in delayed]
    assert [(s.library, s.ordinal if s.ordinal is not None else s.name) for s in ours.imports] == [
        (d.dll.decode(), e.ordinal if e.import_by_ordinal else e.name.decode())
        for d in (*normal, *delayed)
        for e in d.imports
    ]
    exports = getattr(image, "DIRECTORY_ENTRY_EXPORT", None)
    symbols = [e for e in exports.symbols if e.name] if exports is not None else []
    assert ours.name == (exports.name.decode() if exports is not None else None)
    assert ours.exports == {e.name.decode() for e in symbols}
    assert dict(ours.forwards) == {e.name.decode(): e.forwarder.decode() for e in symbols if e.forwarder}


@pytest.mark.parametrize("filename", of("windows"))
def test_lief_reads_the_same(filename: str) -> None:
    for data in members(filename, b"MZ").values():
        compare_with_lief(piece(data), data)


def compare_with_lief(ours: PeSlice, data: bytes) -> None:
    config = lief.PE.ParserConfig()
    config.parse_rsrc = config.parse_reloc = config.parse_exceptions = False
    image = lief.PE.parse(list(data), config)
    ALIVE.append(image)
    header, optional = image.header, image.optional_header
    assert (ours.machine, ours.characteristics) == (number(header.machine), header.characteristics)
    assert ours.bits == (64 if number(optional.magic) == 0x20B else 32)
    assert ours.subsystem == number(optional.subsystem)
    assert ours.subsystem_version == (optional.major_subsystem_version, optional.minor_subsystem_version)
    assert (ours.hybrid == "arm64ec", ours.hybrid == "arm64x") == (image.is_arm64ec, image.is_arm64x)
    assert ours.certificate == image.has_signatures
    assert [(n.library, n.kind) for n in ours.needs] == [
        *((i.name, NeedKind.NORMAL) for i in image.imports),
        *((i.name, NeedKind.DELAYED) for i in image.delay_imports),
    ]
    assert [(s.library, s.ordinal if s.ordinal is not None else s.name) for s in ours.imports] == [
        (i.name, e.ordinal if e.is_ordinal else e.name)
        for i in (*image.imports, *image.delay_imports)
        for e in i.entries
    ]
    exports = image.get_export()
    entries = [e for e in exports.entries if e.name] if exports is not None else []
    assert ours.name == (exports.name if exports is not None else None)
    assert ours.exports == {e.name for e in entries}
    forwarded = {e.name: e.forward_information for e in entries if e.is_forwarded}
    assert dict(ours.forwards) == {name: f"{f.library}.{f.function}" for name, f in forwarded.items()}


@pytest.mark.parametrize("filename", of("emscripten"))
def test_wasmtime_reads_the_same(filename: str) -> None:
    engine = wasmtime.Engine(wasmtime.Config())
    for data in members(filename, b"\0asm").values():
        theirs = wasmtime.Module(engine, data)
        binary = formats.read(data)
        assert binary is not None
        (ours,) = binary.slices
        assert isinstance(ours, WasmSlice)
        assert [s.name for s in ours.imports] == [i.name for i in theirs.imports]
        assert list(ours.import_modules) == list(dict.fromkeys(i.module for i in theirs.imports))
        assert ours.exports == {e.name for e in theirs.exports}
        assert ours.cpu == "wasm32"
        assert ours.dylink
