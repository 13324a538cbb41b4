"""The file version, from resources of windres, and from broken ones: a file that lies about them is read all the same."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from support import needs, programs
from support.pe_images import ADDRESS, Content, image
from support.pe_patching import mingw
from truewheel import formats
from truewheel.model.binary import PeSlice

RESOURCE = 2


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    return piece


def test_the_version_that_windres_writes_is_read(tmp_path: Path) -> None:
    windres = needs.program("x86_64-w64-mingw32-windres")
    (tmp_path / "a.rc").write_text(
        '1 VERSIONINFO FILEVERSION 14,51,36247,9 PRODUCTVERSION 1,2,3,4 { BLOCK "StringFileInfo" {} }\n'
        "5 RCDATA { 1 }\n"
    )
    (tmp_path / "a.c").write_text("int a;\n")
    programs.run(windres, "a.rc", "a.o", cwd=tmp_path, environ=os.environ)
    piece = read(mingw(tmp_path, "a.dll", "-shared", "a.c", "a.o"))
    assert piece.file_version == (14, 51, 36247, 9)
    assert piece.linker_version[0] == 2
    assert read(mingw(tmp_path, "b.dll", "-shared", "a.c")).file_version is None


def with_resource(*, mark: int = 0xFEEF04BD) -> tuple[bytes, int]:
    """Return an image with a version resource and nothing else, and the size of the resource."""
    directory, leaf = 1 << 31, 72
    levels = [(16, 24 | directory), (1, 48 | directory), (0x409, leaf)]
    tree = b"".join(
        struct.pack("<12xHHII", 0, 1, number, place) for number, place in levels
    )
    content = Content()
    data_at = ADDRESS + leaf + 16
    tree += struct.pack("<IIII", data_at, 92, 0, 0)
    key = "VS_VERSION_INFO\0".encode("utf-16-le")
    fixed = struct.pack("<IIHHHH", mark, 0x10000, 51, 14, 9, 36247)
    content.add(tree + struct.pack("<HHH", 92, 52, 0) + key + bytes(2) + fixed)
    size = len(content.data)
    return image(bytes(content.data), {RESOURCE: (ADDRESS, size)}, virtual=size), size


def test_the_four_numbers_come_in_their_order() -> None:
    data, _ = with_resource()
    assert read(data).file_version == (14, 51, 36247, 9)
    data, _ = with_resource(mark=0)
    assert read(data).file_version is None


@pytest.mark.parametrize("directory", [0x10, 0x1060, 0x9000, 0xFFFFFFF0])
def test_resources_that_are_not_there_are_no_version(directory: int) -> None:
    assert read(image(bytes(0x80), {RESOURCE: (directory, 16)})).file_version is None


def test_broken_resources_do_not_break_the_file() -> None:
    data, size = with_resource()
    chance = random.Random(os.environ.get("TRUEWHEEL_SEED", "version"))
    start = data.index(struct.pack("<12xHHI", 0, 1, 16))
    seen = set()
    for _ in range(3000):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 2, 8))):
            at = start + chance.randrange(size)
            broken[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        seen.add(read(bytes(broken)).file_version)
    assert None in seen
    assert (14, 51, 36247, 9) in seen
