"""Files that lie: each ends in an error that says so, soon, or in a file that was checked."""

from __future__ import annotations

import os
import random
import signal
import struct
from pathlib import Path

import pytest

from support.elf_builds import EDITS, C, World, many_exports, result
from truewheel.formats.elf.image import read_image
from truewheel.formats.elf.layout import PF_R
from truewheel.formats.elf.names import read_names
from truewheel.formats.elf.patch import patch
from truewheel.formats.elf.verify import verify
from truewheel.model.edits import (
    RemoveNeeded,
    SetName,
    chunks_of,
    overwritten,
)
from truewheel.model.errors import FormatError, RepairError

MANY_EDITS = (*EDITS, SetName(name="libother.so"), RemoveNeeded(library="libc.so.6"))
SEED = int(os.environ.get("TRUEWHEEL_SEED", "13"))
SECONDS = 5


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    world = World(tmp_path_factory.mktemp("world"))
    versions = world.write("own.map", "OWN_1 { global: value; };")
    script = f"-Wl,--version-script={versions}"
    files = [
        world.library("gap", C, script),
        world.library("large", C + many_exports()),
        world.library("lld", C, "-fuse-ld=lld", script),
        world.library("mold", C, "-fuse-ld=mold"),
    ]
    found = [file.read_bytes() for file in files]
    return found + [result(data) for data in found]


def _too_long(*_: object) -> None:
    raise AssertionError(f"not done within {SECONDS} seconds")


def lied(data: bytes, chance: random.Random) -> bytes:
    """Return a file with some other numbers in its headers and tables."""
    image = read_image(data)
    header = image.header
    size = header.file_class.section_header_size * header.shnum
    regions = [
        (0, 64),
        (header.phoff, 56 * header.phnum),
        (header.shoff, size),
        (image.dynamic_at, image.dynamic.filesz),
        (image.strings_at, len(image.strings)),
    ]
    for tag in (0x6FFFFFFE, 0x6FFFFFFC, 0x6FFFFFF0):
        if tag in image.values:
            regions.append((image.offset_of(image.values[tag], "table"), 64))
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        start, length = chance.choice(regions)
        width = chance.choice((1, 2, 4, 8))
        at = start + chance.randrange(max(1, length // width)) * width
        others = (
            0,
            1,
            2,
            len(data),
            len(data) - 1,
            at,
            1 << 31,
            (1 << 63) - 1,
            (1 << 64) - 1,
        )
        value = chance.choice((*others, chance.randrange(1 << 16)))
        changed[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    if chance.random() < 0.1:
        del changed[chance.randrange(len(changed)) :]
    return bytes(changed)


@pytest.mark.parametrize("part", range(4))
def test_no_lie_gets_through(seeds: list[bytes], part: int) -> None:
    chance = random.Random(SEED * 4 + part)
    signal.signal(signal.SIGALRM, _too_long)
    outcomes = {"made": 0, "refused": 0}
    for number in range(1500):
        data = lied(chance.choice(seeds), chance)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            pieces = patch(data, MANY_EDITS)
        except (FormatError, RepairError):
            outcomes["refused"] += 1
            continue
        except BaseException as error:
            kept = Path(f"/tmp/elf-patch-{SEED}-{part}-{number}")
            kept.write_bytes(data)
            raise AssertionError(f"{error!r}: kept as {kept}") from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        outcomes["made"] += 1
        made = b"".join(chunks_of(data, pieces))
        assert b"".join(chunks_of(made, patch(made, MANY_EDITS))) == made
    assert min(outcomes.values()) > 100, outcomes


# --- what is checked after writing ------------------------------------------------------------------------------


def broken(data: bytes, offset: int, new: bytes) -> str:
    """Return why a file is not handed out in which a writer would have written this."""
    image = read_image(data)
    with pytest.raises(RepairError) as caught:
        verify(data, overwritten(len(data), [(offset, new)]), image, read_names(image))
    return " ".join((caught.value.message, *caught.value.context))


def segment_at(data: bytes, kind: int, which: int = 0) -> int:
    image = read_image(data)
    found = [i for i, part in enumerate(image.segments) if part.type == kind]
    return image.header.phoff + 56 * found[which]


def test_a_writers_mistakes_are_told(seeds: list[bytes]) -> None:
    data = seeds[5]
    image = read_image(data)
    dynamic, last = segment_at(data, 2), segment_at(data, 1, -1)
    word = struct.Struct("<Q").pack
    assert "not where PT_DYNAMIC says" in broken(data, dynamic + 8, word(8))
    assert "do not agree modulo p_align" in broken(data, last + 48, word(0x200000))
    assert "more than there is in the file" in broken(data, last + 32, word(1 << 40))
    assert image.loads[-1].flags == PF_R
    assert "out of order" in broken(data, segment_at(data, 1, -2) + 40, word(1 << 30))
    assert "outside of every PT_LOAD" in broken(
        data, segment_at(data, 0x6474E552) + 16, word(1 << 40)
    )
    tags = dict(image.slots)
    place = image.dynamic_at + 16 * [tag for tag, _ in image.slots].index(0x6FFFFEF5)
    assert "DT_GNU_HASH lies in no PT_LOAD" in broken(data, place + 8, word(1 << 40))
    needs = image.offset_of(tags[0x6FFFFFFE], "table")
    assert "would not say" in broken(data, needs + 4, struct.pack("<I", 1))
    strings = image.strings_at
    assert "lost strings" in broken(data, strings + 1, b"\xff")
    section = image.header.shoff + 64
    assert "section 1 is not where" in broken(data, section + 24, word(0x99))
