"""Facts of PE files as LIEF reads them, in truewheel's nouns: how Windows is tried on published wheels until truewheel
reads PE itself.
"""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import lief

from truewheel.model.binary import (
    Binary,
    Format,
    Kind,
    Need,
    NeedKind,
    PeSlice,
    Symbol,
    WasmSlice,
)
from truewheel.model.contents import File, WheelFacts
from truewheel.system.wheelreader import read_wheel

lief.logging.disable()
PE_CPUS = {0x14C: "i686", 0x8664: "x86_64", 0xAA64: "arm64"}


def wheel_facts(path: Path) -> WheelFacts:
    """What truewheel reads of a wheel, with the binaries that it does not read itself seen by LIEF."""
    facts = read_wheel(path, digests=True)
    with zipfile.ZipFile(path) as archive:
        files = tuple(_file(f, archive) for f in facts.contents.files)
    return dataclasses.replace(facts, contents=dataclasses.replace(facts.contents, files=files))


def _file(file: File, archive: zipfile.ZipFile) -> File:
    if file.binary is None or file.binary.slices or file.binary.format is Format.ARCHIVE:
        return file
    return dataclasses.replace(file, binary=binary(archive.read(file.path), file.binary.format))


def binary(data: bytes, form: Format) -> Binary:
    """The facts of one file."""
    if form is Format.PE:
        return Binary(format=form, slices=(_pe(lief.PE.parse(list(data))),))
    return Binary(format=form, slices=(_wasm(data),))


def _number(value: object) -> int:
    return int(getattr(value, "value", value))


def _pe(image: lief.PE.Binary) -> PeSlice:
    header, optional = image.header, image.optional_header
    needs = [Need(library=i.name) for i in image.imports]
    needs += [Need(library=i.name, kind=NeedKind.DELAYED) for i in image.delay_imports]
    characteristics = header.characteristics
    exports = image.get_export()
    return PeSlice(
        cpu=PE_CPUS[_number(header.machine)],
        bits=64 if _number(optional.magic) == 0x20B else 32,
        kind=Kind.SHARED if characteristics & 0x2000 else Kind.EXECUTABLE,
        machine=_number(header.machine),
        needs=tuple(needs),
        subsystem_version=(optional.major_subsystem_version, optional.minor_subsystem_version),
        imports=tuple(Symbol(name=e.name, library=i.name) for i in image.imports for e in i.entries),
        exports=frozenset(e.name for e in exports.entries) if exports is not None else frozenset(),
    )


def _wasm(data: bytes) -> WasmSlice:
    # A side module's first section has to be the custom section dylink.0.
    dylink = b"dylink.0" in data[8:24]
    return WasmSlice(
        cpu="wasm32", bits=32, kind=Kind.SHARED if dylink else Kind.EXECUTABLE, dylink=dylink, exports_complete=False
    )
