"""Warm builds equal cold ones in projects that nobody wrote: features, files and edits are chosen at random.

``TRUEWHEEL_SEED`` plays one round; ``generated_rounds.py`` plays as many as there is time for.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from support import needs, warm_generated
from support.generated.edits import FILE_EDITS, WORLD_EDITS
from support.generated.registry import FEATURES, missing
from support.warm_generated import Built, counted, proven_round, run_round
from support.warm_project import EXTENDED

SEEDS = (2, 3, 5, 7, 9, 14)
"""Rounds of every run."""
FAULTS = {
    1: "an sdist: a file in docs/ got another name, which a command lists",
    8: "a response file outside, which another one names",
    10: "a header that ends in .json came to be, where __has_include looks",
    12: "find_package would find another file first, outside",
    15: "the source of a generator and a CMake file changed at once",
    106: "a script reads data outside",
    204: "a linker script in docs/ includes another, which changed",
    208: "an sdist: a script of a command lost the file that it sources, in tests/",
}
"""Seeds that once found a fault, and what it was; they belong to every run."""
ROUNDS = 445
"""Of the extended run: about 2,000 edits, as a round has four and a half."""


def chosen_seeds() -> list[int]:
    """Return the seeds of this run; every worker of pytest-xdist must come to the same."""
    if "TRUEWHEEL_SEED" in os.environ:
        return [int(os.environ["TRUEWHEEL_SEED"])]
    seeds = [*SEEDS, *FAULTS]
    if EXTENDED:
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(time.time_ns()))
        first = random.Random(run).randrange(10**6, 10**9)
        seeds += range(first, first + ROUNDS)
    return seeds


@pytest.mark.parametrize("seed", chosen_seeds())
def test_after_any_edit_of_any_project_a_warm_build_equals_a_cold_one(
    seed: int,
) -> None:
    needs.program("gcc")
    played = proven_round(seed)
    print(played)  # the seed, for a run whose seeds are random
    if played.fault:
        pytest.fail(str(played), pytrace=False)


def test_what_projects_are_made_of_does_not_depend_on_time_or_path() -> None:
    """Two builds from nothing at two paths are the same; otherwise the law above would ask for too much."""
    needs.program("gcc")
    played = run_round(SEEDS[0], is_cold=True)
    assert not played.fault, str(played)
    assert any(step.has_changed for step in played.steps[1:])


def test_a_seed_replays_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every feature gets into some round; nothing is built here."""
    needs.program("gcc")
    built = Built("the same", {}, "")
    monkeypatch.setattr(warm_generated, "run_build", lambda *_: built)
    first = [run_round(seed) for seed in range(100)]
    assert first[:10] == [run_round(seed) for seed in range(10)]
    assert not [one for one in first if one.fault]
    seen = {name for one in first for name in one.features}
    assert seen == {f.name for f in FEATURES.values() if not missing(f)}
    assert len(seen) > 40
    edits = counted(first)
    for edit in (*FILE_EDITS, *WORLD_EDITS):
        assert edit[0].__name__ in edits
