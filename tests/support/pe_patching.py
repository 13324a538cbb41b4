"""Changed PE files, and what pefile finds in them."""

from __future__ import annotations

import os
from pathlib import Path

import pefile

from support import needs, programs
from truewheel.formats.pe.patch import patch
from truewheel.model.edits import Edit, ReplaceNeeded, chunks_of

FIELDS = ("OriginalFirstThunk", "TimeDateStamp", "ForwarderChain", "FirstThunk")


def patched(data: bytes, *edits: Edit) -> bytes:
    """Return the changed file."""
    return b"".join(chunks_of(data, patch(data, edits)))


def renamed(data: bytes, names: dict[str, str]) -> bytes:
    """Return the file with libraries by other names."""
    return patched(
        data, *[ReplaceNeeded(old=old, new=new) for old, new in names.items()]
    )


def descriptors(image: pefile.PE) -> list[pefile.ImportDescData]:
    """Return the descriptors of both directories."""
    found = []
    for directory in ("IMPORT", "DELAY_IMPORT"):
        found += getattr(image, f"DIRECTORY_ENTRY_{directory}", [])
    return found


def libraries(data: bytes) -> list[str]:
    """Return the names of libraries, in order, as pefile reads them."""
    image = pefile.PE(data=data, fast_load=True)
    kinds = pefile.DIRECTORY_ENTRY
    image.parse_data_directories(
        [
            kinds["IMAGE_DIRECTORY_ENTRY_IMPORT"],
            kinds["IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT"],
        ]
    )
    return [entry.dll.decode() for entry in descriptors(image)]


def symbols(descriptor: pefile.ImportDescData) -> list[tuple[object, ...]]:
    """Return name or number of each symbol, and where its address goes; pefile knows names of some libraries' numbers."""
    return [
        (entry.import_by_ordinal or entry.name, entry.ordinal, entry.address)
        for entry in descriptor.imports
    ]


def check_against(old: bytes, new: bytes, names: dict[str, str]) -> None:
    """Compare two files by pefile: nothing but names, and what follows from that, is different."""
    before, after = pefile.PE(data=old), pefile.PE(data=new)
    lower = {name.lower(): other for name, other in names.items()}
    expected = [lower.get(name.lower(), name) for name in libraries(old)]
    assert libraries(new) == expected
    for one, two in zip(descriptors(before), descriptors(after), strict=True):
        for field in FIELDS:
            if hasattr(one.struct, field):
                assert getattr(one.struct, field) == getattr(two.struct, field)
        assert symbols(one) == symbols(two)
    for section, other in zip(before.sections, after.sections, strict=False):
        assert (section.Name, section.VirtualAddress, section.PointerToRawData) == (
            other.Name,
            other.VirtualAddress,
            other.PointerToRawData,
        )
        assert section.Misc_VirtualSize <= other.Misc_VirtualSize
    optional = after.OPTIONAL_HEADER
    if before.OPTIONAL_HEADER.CheckSum:
        assert optional.CheckSum == after.generate_checksum()
    else:
        assert not optional.CheckSum
    assert not optional.DATA_DIRECTORY[4].VirtualAddress
    assert not optional.DATA_DIRECTORY[4].Size
    last = after.sections[-1]
    alignment = optional.SectionAlignment
    end = last.VirtualAddress + max(last.Misc_VirtualSize, 1)
    if len(before.sections) < len(after.sections):
        assert optional.SizeOfImage == end + -end % alignment
    else:
        assert optional.SizeOfImage == before.OPTIONAL_HEADER.SizeOfImage


def mingw(place: Path, output: str, *arguments: str | Path) -> bytes:
    """Run mingw's gcc for 64 bits; return what it made."""
    compiler = needs.program("x86_64-w64-mingw32-gcc")
    programs.run(compiler, "-o", output, *arguments, cwd=place, environ=os.environ)
    return (place / output).read_bytes()
