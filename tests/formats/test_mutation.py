"""Mutated files: only FormatError may come out, quickly, and within a small multiple of the input's memory.

A few seconds as a rule; ten minutes with ``TRUEWHEEL_EXTENDED=1``. The seed is printed, and can be set.
"""

from __future__ import annotations

import os
import random
import time
import tracemalloc

import machos
import pytest
import test_macho
from test_elf import failure, foreign_files, local_files

SEED = int(os.environ.get("TRUEWHEEL_SEED", "20261121"))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A copy with some bytes, words or lengths changed; mostly where the headers and tables are."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        where = chance.randrange(min(len(changed), chance.choice((64, 1024, len(changed)))))
        size = chance.choice((1, 2, 4, 8))
        value = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        changed[where : where + size] = bytes([value]) * min(size, len(changed) - where)
    return bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.1 else changed)


def hammer(seeds: list[bytes], seconds: float, seed: int) -> int:
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        data = mutated(chance.choice(seeds), chance)
        started = time.monotonic()
        failure(data)
        assert time.monotonic() - started < 5, f"seed {seed}, input {count}"
        count += 1
    return count


def seeds() -> list[bytes]:
    files = [p.read_bytes() for p in local_files() if p.stat().st_size < 60_000]
    return (files + [d for d in foreign_files() if len(d) < 100_000])[:60]


def mach_o_seeds() -> list[bytes]:
    """A file with a bit of everything, thin and fat, in which every byte counts."""
    small = test_macho.whole()
    return [small, machos.fat((machos.X86_64, small)), machos.fat((machos.X86_64, small), wide=True)]


@pytest.mark.network
def test_some_seconds() -> None:
    print("seed", SEED)
    assert hammer(seeds(), 6, SEED) > 100


def test_some_seconds_of_mach_o() -> None:
    print("seed", SEED)
    assert hammer(mach_o_seeds(), 3, SEED) > 100


@pytest.mark.extended
@pytest.mark.network
def test_ten_minutes() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    assert hammer(seeds() + mach_o_seeds(), 600, seed) > 10_000


@pytest.mark.network
def test_memory_stays_within_a_multiple_of_the_input() -> None:
    chance = random.Random(SEED)
    files = seeds() + mach_o_seeds()
    for _ in range(60):
        data = mutated(chance.choice(files), chance)
        tracemalloc.start()
        failure(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 * len(data) + 1_000_000
