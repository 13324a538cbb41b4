"""Facts of Mach-O files as LIEF reads them, in truewheel's nouns: a second opinion on its own readers.

Until truewheel reads them itself, this is also how Apple's platforms are tried on published wheels.
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
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
    Symbol,
)
from truewheel.model.contents import File, WheelFacts
from truewheel.system.wheelreader import read_wheel

lief.logging.disable()
MACHO_CPUS = {0x01000007: "x86_64", 0x0100000C: "arm64", 7: "i686", 18: "ppc", 0x01000012: "ppc64"}
MACHO_SYSTEMS = {1: "macos", 2: "ios", 6: "catalyst", 7: "ios-simulator"}
MACHO_KINDS = {2: Kind.EXECUTABLE, 6: Kind.SHARED, 8: Kind.BUNDLE, 1: Kind.OBJECT}
WEAK = {0x80000018: NeedKind.WEAK, 0x8000001F: NeedKind.REEXPORTED, 0x20: NeedKind.DELAYED}


def wheel_facts(path: Path) -> WheelFacts:
    """What truewheel reads of a wheel, with the binaries that it does not read itself seen by LIEF."""
    facts = read_wheel(path, digests=True)
    with zipfile.ZipFile(path) as archive:
        files = tuple(_file(f, archive) for f in facts.contents.files)
    return dataclasses.replace(facts, contents=dataclasses.replace(facts.contents, files=files))


def _file(file: File, archive: zipfile.ZipFile) -> File:
    if file.binary is None or file.binary.format is not Format.MACHO or file.binary.slices:
        return file
    return dataclasses.replace(file, binary=binary(archive.read(file.path)))


def binary(data: bytes) -> Binary:
    """The facts of one file."""
    fat = lief.MachO.parse(list(data))  # has to outlive its slices
    return Binary(format=Format.MACHO, slices=tuple(_macho(s) for s in fat))


def _number(value: object) -> int:
    return int(getattr(value, "value", value))


def _macho(image: lief.MachO.Binary) -> MachOSlice:
    kind = MACHO_KINDS.get(_number(image.header.file_type), Kind.OTHER)
    needs = [
        Need(library=c.name, kind=WEAK.get(_number(c.command), NeedKind.NORMAL))
        for c in image.libraries
        if _number(c.command) != 0xD
    ]
    name = next((c.name for c in image.libraries if _number(c.command) == 0xD), None)
    signature = image.code_signature if image.has_code_signature else None
    return MachOSlice(
        cpu=MACHO_CPUS[_number(image.header.cpu_type)],
        bits=64,
        kind=kind,
        file_type=_number(image.header.file_type),
        needs=tuple(needs),
        name=name,
        minimum_os=tuple(_minimum(image)),
        search_paths=tuple(SearchPath(path=r.path, kind="LC_RPATH") for r in image.rpaths),
        signed=signature is not None and signature.data_size > 0,
        imports=tuple(Symbol(name=s.name.removeprefix("_")) for s in image.imported_symbols),
        exports=frozenset(s.name.removeprefix("_") for s in image.exported_symbols),
    )


def _minimum(image: lief.MachO.Binary) -> list[MinimumOS]:
    found = []
    if image.has_build_version:
        build = image.build_version
        found.append(
            MinimumOS(platform=MACHO_SYSTEMS.get(_number(build.platform), "other"), version=_version(build.minos))
        )
    if image.has_version_min:
        systems = {0x24: "macos", 0x25: "ios"}
        command = image.version_min
        found.append(
            MinimumOS(platform=systems.get(_number(command.command), "other"), version=_version(command.version))
        )
    return found


def _version(numbers: list[int]) -> tuple[int, ...]:
    return tuple(numbers) if numbers[2] else tuple(numbers[:2])
