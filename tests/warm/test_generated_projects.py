"""Warm builds equal cold ones in projects that nobody wrote: features, files and edits are chosen at random.

``TRUEWHEEL_SEED=7`` plays one round, ``TRUEWHEEL_SEED="7 incbin"`` one whose project has that feature in any case.
``generated_rounds.py`` plays as many as there is time for.
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

SEEDS = (2, 5, 14)
"""Rounds of every run."""
FAULTS = {
    "1": "an sdist: a file in docs/ got another name, which a command lists",
    "8": "a response file outside, which another one names",
    "10": "a header that ends in .json came to be, where __has_include looks",
    "12": "find_package would find another file first, outside",
    "15": "the source of a generator and a CMake file changed at once",
    "106": "a script reads data outside",
    "204": "a linker script in docs/ includes another, which changed",
    "208": "an sdist: a script of a command lost the file that it sources, in tests/",
    "302 git_in_a_command": "a shell script asks git for the status",
    "401 incbin": "inline assembly takes bytes of a file that ends in .md",
    "401 script_perl": "a shell script reads WINDOWID, which differs from shell to shell",
    "501 modules_of_a_command": "a module that PYTHONPATH leads to",
}
"""Seeds, with features that were wanted, that once found a fault, and what it was; they belong to every run."""
ROUNDS = 445
"""Of the extended run: about 2,000 edits, as a round has four and a half."""


def chosen_rounds() -> list[str]:
    """Return the seeds of this run; every worker of pytest-xdist must come to the same."""
    if "TRUEWHEEL_SEED" in os.environ:
        return [os.environ["TRUEWHEEL_SEED"]]
    chosen = [*map(str, SEEDS), *FAULTS]
    if EXTENDED:
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(time.time_ns()))
        first = random.Random(run).randrange(10**6, 10**9)
        chosen += map(str, range(first, first + ROUNDS))
    return chosen


@pytest.mark.parametrize("chosen", chosen_rounds())
def test_after_any_edit_of_any_project_a_warm_build_equals_a_cold_one(
    chosen: str,
) -> None:
    needs.program("gcc")
    seed, _, wanted = chosen.partition(" ")
    played = proven_round(int(seed), wanted=wanted)
    if played.fault:
        pytest.fail(f"{played}\n  known: {FAULTS.get(chosen, 'no')}", pytrace=False)


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
