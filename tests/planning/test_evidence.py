"""Which steps are used again: the decision alone, from evidence made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from truewheel.model.build_record import (
    BuildRecord,
    Inputs,
    Reuse,
    ReuseDecision,
    Traces,
)
from truewheel.model.evidence import Evidence, Question, StepEvidence
from truewheel.model.record import replace
from truewheel.planning import reuse

EVIDENCE = Evidence(
    questions=(
        Question("R", "/project/CMakeLists.txt"),
        Question("R", "/project/src/main.c"),
        Question("A", "/project/src/deep.h"),
        Question("R", "/project/data.json"),
        Question("L", "/project"),
        Question("R", "/project/src/pkg/__init__.py"),
        Question("S", "/usr/lib/libz.so"),
        Question("R", "/tree/made.h"),
    ),
    answers=("1", "2", "", "4", "5", "6", "7", "8"),
    configuring=StepEvidence(
        asked=0b1, variables=frozenset({"CC"}), is_open=True, words=frozenset({"CI"})
    ),
    packing=StepEvidence(asked=0b10_0000),
    steps={
        "main.o": StepEvidence(
            asked=0b1000_0110, later=0b1000_0000, variables=frozenset({"CPATH"})
        ),
        "data.c": StepEvidence(asked=0b1_1000, is_own=True, is_open=True),
        "m.so": StepEvidence(asked=0b100_0000),
    },
)
INPUTS = Inputs(
    software="1", settings="1", variables={}, search={}, sources={}, started=2
)
TRACES = Traces(generator="Ninja", finished=1)


def decide(
    answers: dict[int, str],
    *,
    now: dict[str, Any] | None = None,
    traces: dict[str, Any] | None = None,
    evidence: Evidence = EVIDENCE,
) -> ReuseDecision:
    before = BuildRecord(
        inputs=INPUTS, traces=replace(TRACES, **traces or {}), evidence=evidence
    )
    return reuse.decide(
        before,
        replace(INPUTS, **now or {}),
        outside={},
        answers=answers,
        source="/project/",
    )


@pytest.mark.parametrize(
    ("answers", "kept", "because", "again"),
    [
        ({}, Reuse.KEEP, "nothing changed", set()),
        ({0: "x"}, Reuse.CONFIGURE, "CMakeLists.txt changed", set()),
        ({1: "x"}, Reuse.KEEP, "src/main.c changed", {"main.o"}),
        ({1: ""}, Reuse.KEEP, "src/main.c is gone", {"main.o"}),
        ({2: "f"}, Reuse.KEEP, "src/deep.h is new", {"main.o"}),
        ({3: "x"}, Reuse.KEEP, "data.json changed", {"data.c"}),
        ({4: "x"}, Reuse.KEEP, "the names in the source directory changed", {"data.c"}),
        ({5: "x"}, Reuse.KEEP, "src/pkg/__init__.py changed", set()),
        ({6: "x"}, Reuse.KEEP, "/usr/lib/libz.so changed", {"m.so"}),
        ({1: "x", 3: "x"}, Reuse.KEEP, "and 1 more", {"main.o", "data.c"}),
    ],
)  # fmt: skip
def test_a_step_is_run_again_when_something_that_it_asked_for_changed(
    answers: dict[int, str], kept: Reuse, because: str, again: set[str]
) -> None:
    found = decide(answers)
    assert (found.reuse, set(found.again)) == (kept, again)
    assert because in found.because


@pytest.mark.parametrize(
    ("variable", "kept", "again"),
    [
        ("CC", Reuse.CONFIGURE, {"data.c"}),
        ("ANY", Reuse.CONFIGURE, {"data.c"}),
        ("CPATH", Reuse.CONFIGURE, {"main.o", "data.c"}),
        ("CI", Reuse.CONFIGURE, {"data.c"}),
        ("GITHUB_RUN_ID", Reuse.KEEP, {"data.c"}),
        ("OLDPWD", Reuse.KEEP, set()),
        ("which commit is checked out", Reuse.KEEP, set()),
    ],
)
def test_a_variable_counts_for_whoever_may_have_looked_at_it(
    variable: str, kept: Reuse, again: set[str]
) -> None:
    found = decide({}, now={"variables": {variable: "1"}})
    assert (found.reuse, set(found.again)) == (kept, again)


@pytest.mark.parametrize(
    ("now", "traces", "kept", "because"),
    [
        ({"software": "2"}, {}, Reuse.CLEAN, "another version"),
        ({"settings": "2"}, {}, Reuse.CONFIGURE, "settings changed"),
        ({"started": 0}, {}, Reuse.CLEAN, "the clock was set back"),
        ({"is_shared": True}, {}, Reuse.CLEAN, "take turns"),
        ({}, {"ended_well": False}, Reuse.CONFIGURE, "did not end well"),
    ],
)
def test_other_reasons_hold_for_watched_builds_too(
    now: dict[str, Any], traces: dict[str, Any], kept: Reuse, because: str
) -> None:
    found = decide({}, now=now, traces=traces)
    assert found.reuse is kept
    assert because in found.because


def test_what_cannot_be_seen_is_run_again_each_time_and_is_no_change() -> None:
    unseen = replace(EVIDENCE.steps["data.c"], unseen="it asks a server (inet)")
    steps = {**EVIDENCE.steps, "data.c": unseen}
    found = decide({}, evidence=replace(EVIDENCE, steps=steps))
    assert found.again == {"data.c": "it asks a server (inet)"}
    assert found.because == "nothing changed"


@pytest.mark.parametrize("answers", [{0: "x"}, {1: "x"}])
def test_a_step_that_leaves_files_is_run_again_when_anything_else_is(
    answers: dict[int, str],
) -> None:
    leaving = replace(EVIDENCE.steps["data.c"], left=frozenset({"part_1"}))
    steps = {**EVIDENCE.steps, "data.c": leaving}
    found = decide(answers, evidence=replace(EVIDENCE, steps=steps))
    assert "data.c" in found.again


@pytest.mark.parametrize(
    ("answers", "kept"), [({}, Reuse.KEEP), ({5: "x"}, Reuse.KEEP), ({1: "x"}, Reuse.CLEAN)]
)  # fmt: skip
def test_without_an_account_of_steps_it_is_all_or_nothing(
    answers: dict[int, str], kept: Reuse
) -> None:
    assert decide(answers, traces={"generator": "Unix Makefiles"}).reuse is kept


def test_files_of_the_tree_are_answered_later() -> None:
    among = {"main.o"}
    found = reuse.in_doubt(EVIDENCE, {7: "x"}, among=among, source="/tree/")
    assert found == {"main.o": "made.h changed"}
    assert reuse.in_doubt(EVIDENCE, {3: "x"}, among=among, source="/tree/") == {}
