"""Fuzzing every reader of a format, and the reader of wheels.

Only FormatError and WheelError may come out, memory stays within a small multiple of the input, and nothing loops. A few
seconds as a rule; ten minutes with ``TRUEWHEEL_EXTENDED=1``, split over the readers. ``TRUEWHEEL_SEED`` repeats a run. An
input that fails is written to ``tests/corpus/seeds``, and replayed by every run from then on.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import costly_files, fuzzing
from truewheel import formats

KINDS = [form.name for form, *_ in formats.READERS] + [fuzzing.WHEEL]
EXTENDED_SECONDS = 600 / len(KINDS)


def hammer(kind: str, seconds: float, seed: int) -> int:
    """Mutate and read for some seconds; return the number of inputs."""
    chance, sound, run = (
        random.Random(seed),
        fuzzing.seeds()[kind],
        fuzzing.target(kind),
    )
    fuzzing.target(kind)(sound[0])  # imports and tables that are read once
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = fuzzing.mutated(
            chance.choice(sound), chance, tail=600 if kind == fuzzing.WHEEL else 0
        )
        with fuzzing.limited(data, kind, memory=count % 8 == 0):
            run(data)
        count += 1
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_readers_survive_some_seconds_of_mutations(kind: str) -> None:
    seed = int(os.environ.get("TRUEWHEEL_SEED", "20261121"))
    assert hammer(kind, 3, seed) > 20


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_readers_survive_ten_minutes_of_mutations(kind: str) -> None:
    seed = int(os.environ.get("TRUEWHEEL_SEED", random.randrange(2**32)))
    print("TRUEWHEEL_SEED", seed)
    assert hammer(kind, EXTENDED_SECONDS, seed) > 1000


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_readers_survive_edits_that_hypothesis_chooses(
    kind: str, data: st.DataObject
) -> None:
    """It makes an input that fails as small as it can."""
    sound = fuzzing.seeds()[kind]
    changed = bytearray(
        min(sound, key=len)
        if data.draw(st.booleans())
        else data.draw(st.sampled_from(sound))
    )
    edits = st.tuples(
        st.integers(0, len(changed) - 1), st.binary(min_size=1, max_size=8)
    )
    for where, piece in data.draw(st.lists(edits, min_size=1, max_size=8)):
        changed[where : where + len(piece)] = piece
    with fuzzing.limited(bytes(changed), kind):
        fuzzing.target(kind)(bytes(changed))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(rest=st.binary(max_size=600))
def test_readers_survive_files_that_only_begin_well(kind: str, rest: bytes) -> None:
    """The first bytes are those of a sound file; behind them is anything."""
    sound = min(fuzzing.seeds()[kind], key=len)
    for size in (4, 8, 20, 64):
        with fuzzing.limited(sound[:size] + rest, kind):
            fuzzing.target(kind)(sound[:size] + rest)


@pytest.mark.parametrize("make", costly_files.AMPLIFIERS, ids=lambda m: m.__name__)
def test_small_files_that_ask_for_much_cost_little(make: Callable[[], bytes]) -> None:
    data = make()
    form = formats.sniff(data[: formats.HEAD])
    assert form is not None
    started = time.monotonic()
    with fuzzing.limited(data, form.name, memory=True):
        fuzzing.read_and_judge(data)
    assert time.monotonic() - started < fuzzing.SECONDS


def test_inputs_that_failed_once_do_not_fail_again() -> None:
    for path in sorted(p for p in fuzzing.KEPT.iterdir() if p.suffix != ".md"):
        data = path.read_bytes()
        kind = fuzzing.WHEEL if path.name.startswith(fuzzing.WHEEL) else "binary"
        for memory in (False, True):
            with fuzzing.limited(data, kind, memory=memory):
                fuzzing.target(kind)(data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_has_sound_seeds(kind: str) -> None:
    """A reader that refuses all of its seeds would be fuzzed at its door only."""
    sound = fuzzing.seeds()[kind]
    assert sound
    if kind != fuzzing.WHEEL:
        assert any(fuzzing.read(data) is not None for data in sound)
