"""Stamps of linkers: gone where they tell of a moment, kept where they tell of the content, and never at the cost of a file."""

from __future__ import annotations

import os
import random
import struct
import time
from pathlib import Path

import pefile
import pytest

from support import fuzzing, needs, programs
from support.pe_images import ADDRESS, Content, image, seeds
from support.pe_patching import mingw
from truewheel.formats.pe.stamps import with_fixed_stamps
from truewheel.model.edits import chunks_of
from truewheel.model.errors import FormatError, RepairError

CERTIFICATE, DEBUG = 4, 6
CODEVIEW, REPRO = 2, 16
STAMP = 0x6502AB1E
GUID = bytes(range(1, 17))


def fixed(data: bytes, *, keeps_id: bool = False) -> bytes:
    pieces = with_fixed_stamps(data, keeps_id=keeps_id)
    return b"".join(chunks_of(data, pieces))


@pytest.mark.parametrize("flags", [(), ("-Wl,--build-id",), ("-g",)])
def test_two_links_of_one_source_become_the_same(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    windres = needs.program("x86_64-w64-mingw32-windres")
    (tmp_path / "a.rc").write_text("1 VERSIONINFO FILEVERSION 1,2,3,4 { }\n")
    programs.run(windres, "a.rc", "a.o", cwd=tmp_path, environ=os.environ)
    (tmp_path / "a.c").write_text("__declspec(dllexport) int f(void) { return 3; }\n")
    first = mingw(tmp_path, "a.dll", "-shared", "a.c", "a.o", *flags)
    # The stamps count seconds.
    time.sleep(1.1)
    second = mingw(tmp_path, "a.dll", "-shared", "a.c", "a.o", *flags)
    assert first != second
    assert fixed(first) == fixed(second)
    assert fixed(fixed(first)) == fixed(first)
    assert len(fixed(first)) == len(first)
    assert pefile.PE(data=fixed(first)).verify_checksum()
    # Another source is another stamp: symbol servers tell files apart by it.
    (tmp_path / "a.c").write_text("__declspec(dllexport) int f(void) { return 4; }\n")
    other = mingw(tmp_path, "a.dll", "-shared", "a.c", "a.o", *flags)
    stamps = {pefile.PE(data=fixed(data)).FILE_HEADER.TimeDateStamp for data in (first, other)}  # fmt: skip
    assert len(stamps) == 2
    assert 0 not in stamps


def with_debug_data(*kinds: int, stamp: int = STAMP, guid: bytes = GUID) -> bytes:
    """Return an image with entries of debug data, each with a CodeView record."""
    content = Content()
    record = b"RSDS" + guid + struct.pack("<I", 1) + b"a.pdb\0"
    at = content.add(record)
    # The only section begins at the first multiple of 512 behind the headers.
    plain = image(bytes(content.data))
    place = plain.index(record)
    entries = b"".join(
        struct.pack("<IIHHIIII", 0, stamp, 0, 0, kind, len(record), at, place)
        for kind in kinds
    )
    table = content.add(entries)
    directories = {DEBUG: (table, len(entries))}
    return image(bytes(content.data), directories)


def test_the_number_of_the_debug_file_goes_unless_it_is_to_stay() -> None:
    data = with_debug_data(CODEVIEW)
    other = with_debug_data(CODEVIEW, stamp=STAMP + 1, guid=GUID[::-1])
    assert GUID not in fixed(data)
    assert fixed(data) == fixed(other)
    assert GUID in fixed(data, keeps_id=True)
    assert struct.pack("<I", STAMP) not in fixed(data, keeps_id=True)


def test_what_the_linker_made_reproducible_stays_as_it_is() -> None:
    data = with_debug_data(CODEVIEW, REPRO)
    assert fixed(data) == data


def test_what_is_signed_stays_as_it_is() -> None:
    data = image(directories={CERTIFICATE: (0x400, 8)}, behind=bytes(8))
    assert fixed(data) == data


def test_a_tree_of_resources_that_leads_back_to_itself_ends() -> None:
    content = Content()
    root = struct.pack("<IIHHHH", 0, STAMP, 0, 0, 0, 1)
    content.add(root + struct.pack("<II", 16, 1 << 31))
    size = len(content.data)
    data = image(bytes(content.data), {2: (ADDRESS, size)})
    assert struct.pack("<I", STAMP) not in fixed(data)


def test_broken_images_raise_the_errors_that_are_caught() -> None:
    chance = random.Random(20261129)
    for _ in range(400):
        for seed in (*seeds(), with_debug_data(CODEVIEW)):
            data = fuzzing.mutated(seed[:30_000], chance)
            try:
                made = fixed(data)
            except (FormatError, RepairError):
                continue
            assert len(made) == len(data)
