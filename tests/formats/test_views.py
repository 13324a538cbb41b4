"""Files of which parts are read when they are wanted tell the same as files in memory, and fail the same."""

from __future__ import annotations

import random

import pytest

from support import fuzzing
from truewheel import formats
from truewheel.formats.cursor import View
from truewheel.model.errors import FormatError

CHANCE = 20261129
MUTATIONS = 60


class Watched:
    """A content that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.taken = 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, part: slice) -> bytes:
        assert part.start >= 0
        assert part.stop <= len(self.data)
        self.taken += part.stop - part.start
        return self.data[part]


def outcome(data: bytes | Watched) -> object:
    """Return the facts, or the error with all that it says."""
    try:
        return formats.read(data)
    except FormatError as error:
        return str(error), error.offset, error.field, repr(error.value)


@pytest.mark.parametrize("kind", sorted(fuzzing.seeds().keys() - {fuzzing.WHEEL}))
def test_facts_and_errors_are_the_same(kind: str) -> None:
    chance = random.Random(CHANCE)
    seeds = fuzzing.seeds()[kind]
    for data in seeds:
        assert outcome(Watched(data)) == outcome(data)
    for _ in range(MUTATIONS):
        data = fuzzing.mutated(chance.choice(seeds), chance)
        assert outcome(Watched(data)) == outcome(data)


@pytest.mark.parametrize("kind", ["ELF", "MACHO", "PE"])
def test_of_a_large_file_little_is_read(kind: str) -> None:
    """What stands behind everything that the headers lead to is not looked at."""
    for seed in fuzzing.seeds()[kind]:
        if not isinstance(outcome(seed), tuple):
            large = Watched(seed + bytes(10_000_000))
            assert outcome(large) is not None
            assert large.taken < 2_000_000 + 8 * len(seed)


def test_a_byte_is_found_as_in_bytes() -> None:
    data = bytes(1500) + b"x" + bytes(1500) + b"x"
    view = View(data)
    for start in (0, 1, 1000, 1500, 1501, 3001, 3002):
        for stop in (0, 1, 1024, 1500, 1501, 3001, 3002):
            assert view.find(b"x", start, stop) == data.find(b"x", start, stop)
