"""Modules whose data is broken on purpose: nothing but facts comes out, in little time and memory."""

from __future__ import annotations

import os
import random
import struct
import time

import pytest

from support import fuzzing
from support import module_definitions as made
from support.facts import contents
from truewheel.audit.python.tags import python_claim_findings
from truewheel.formats.cursor import Cursor
from truewheel.formats.elf.memory import PackedRelocations
from truewheel.formats.memory import Area, Memory, Word
from truewheel.formats.slots import find_definitions, find_exported
from truewheel.model.contents import File
from truewheel.system.wheels.reading import read_binary

NAME = "p/m.cpython-315t-x86_64-linux-gnu.so"
TARGETS = ("x86_64", "x86_64-relr", "i686", "aarch64", "win_amd64", "macos-arm64", made.CHAINED)  # fmt: skip
SOURCES = (
    made.MULTI_PHASE.replace("SLOTS", made.NOT_USED, 1).replace(
        "SLOTS {0", f"{made.NOT_USED} {{0"
    ),
    made.EXPORTED.replace("SLOTS", "{87, 4, 0, {(void *)1}},"),
)


def read_and_judge(data: bytes) -> None:
    """Read a module, its data as well, and judge it."""
    binary, _ = read_binary(data, NAME)
    if binary is None:
        return
    inside = contents(File(path=NAME, size=len(data), binary=binary))
    python_claim_findings(inside, interpreters=("cp315",), abis=("cp315t",))


def hammer(target: str, seconds: float) -> int:
    """Mutate and read for some seconds; return the number of inputs."""
    chance = random.Random(int(os.environ.get("TRUEWHEEL_SEED", "20261129")))
    sound = [made.module(source, target=target) for source in SOURCES]
    read_and_judge(sound[0])
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = fuzzing.mutated(chance.choice(sound), chance)
        # Tables of relocations and the data itself lie behind the headers.
        where = chance.randrange(len(data)) if data else 0
        data = data[:where] + bytes(chance.randrange(256) for _ in range(3)) + data[where + 3 :]  # fmt: skip
        with fuzzing.limited(data, "binary", memory=count % 8 == 0):
            read_and_judge(data)
        count += 1
    return count


@pytest.mark.parametrize("target", TARGETS)
def test_broken_modules_are_survived(target: str) -> None:
    assert hammer(target, 2) > 20


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_many_broken_modules_are_survived(target: str) -> None:
    assert hammer(target, 60) > 1000


@pytest.mark.parametrize("target", TARGETS)
def test_modules_that_are_cut_off_are_survived(target: str) -> None:
    data = made.module(SOURCES[0], target=target)
    for end in range(0, len(data), max(1, len(data) // 200)):
        read_and_judge(data[:end])


# --- floods -----------------------------------------------------------------------------------------------------


class Flat(Memory):
    """Memory that is all data, of which every second word is an address."""

    def __init__(self, data: bytes, copies: int = 1) -> None:
        areas = [Area(0, 0, len(data), is_data=True)] * copies
        super().__init__(Cursor(data), areas, 64)

    def word(self, address: int) -> Word | None:
        stored = self.stored_word(address)
        return None if stored is None else Word(stored, is_address=stored > 100)


def test_a_flood_of_definitions_ends() -> None:
    object_ = bytes(12) + b"\xff" * 4 + bytes(40)
    data = object_ * 20_000
    started = time.monotonic()
    assert len(list(find_definitions(Flat(data)))) <= 256
    assert time.monotonic() - started < 1


def test_a_flood_of_slots_ends() -> None:
    record = struct.pack("<BBHII", 1, 0, 2, 0x030F0000, 0x030F0000).ljust(128, b"\0")
    slot = struct.pack("<HHIQ", 109, 4, 0, 104)
    data = bytes(104) + record[:24] + slot * 50_000
    started = time.monotonic()
    found = list(find_exported(Flat(data)))
    assert len(found) <= 256
    # No array of so many slots is one.
    assert all(one.gil is None for one in found)
    assert time.monotonic() - started < 5


def test_areas_that_lie_over_one_another_are_searched_once() -> None:
    definition = bytes(12) + b"\xff" * 4 + bytes(40) + bytes(64)
    memory = Flat(definition * 100, copies=64)
    started = time.monotonic()
    list(find_definitions(memory))
    assert time.monotonic() - started < 1


def test_a_table_of_packed_relocations_may_be_in_disorder() -> None:
    entries = (0x2000, 0x1000, (1 << 64) - 1, 0x3000, 0b1011, 1, 1)
    found = PackedRelocations(entries, 64)
    assert [address in found for address in (0x2000, 0x1000, 0x3000)] == [
        True,
        False,
        True,
    ]
    assert [0x3008 + 8 * bit in found for bit in range(4)] == [True, False, True, False]
    assert 0x3004 not in found
    assert 0 not in found


def test_addresses_that_there_are_not_have_no_words() -> None:
    data = made.module(SOURCES[0], target="x86_64")
    # The address of the writable segment.
    headers_at = int.from_bytes(data[32:40], "little")
    for number in range(int.from_bytes(data[56:58], "little")):
        at = headers_at + 56 * number
        kind, flags = struct.unpack_from("<II", data, at)
        if kind == 1 and flags & 2:
            broken = bytearray(data)
            struct.pack_into("<Q", broken, at + 16, (1 << 64) - 64)
            read_and_judge(bytes(broken))
            return
    raise AssertionError("no segment is writable")


def test_a_table_of_relocations_may_end_within_an_entry() -> None:
    data = made.module(SOURCES[0], target="x86_64")
    headers_at = int.from_bytes(data[32:40], "little")
    segments = struct.iter_unpack(
        "<IIQQQQQQ", data[headers_at : headers_at + 56 * data[56]]
    )
    (dynamic,) = [row for row in segments if row[0] == 2]
    tags = struct.iter_unpack("<QQ", data[dynamic[2] : dynamic[2] + dynamic[5]])
    # DT_RELASZ
    place, size = next(
        (number, value) for number, (tag, value) in enumerate(tags) if tag == 8
    )
    for shorter in range(size):
        broken = bytearray(data)
        struct.pack_into("<Q", broken, dynamic[2] + 16 * place + 8, shorter)
        read_and_judge(bytes(broken))
