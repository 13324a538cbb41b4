"""What is told of a build: short by default, in full when asked, and nothing in it moves the cursor."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from truewheel.model.build_record import BuildStory
from truewheel.model.evidence import Evidence, Question, StepEvidence
from truewheel.model.record import replace
from truewheel.report.build_story import build_story_document, build_story_text

STORY = BuildStory(
    finished=86_400_000_000_000,
    source="/p",
    phrase="warm: data.txt changed and 1 more",
    changes=("data.txt changed", "a.h changed"),
    again={"table.h": "data.txt changed", "a.o": "a.h changed", "b.o": "a.h changed"},
    ran=("a.o", "b.o", "m.so", "table.h"),
)
EVIDENCE = Evidence(
    questions=(
        Question("R", "/p/CMakeLists.txt"),
        Question("R", "/p/a.c"),
        Question("R", "/p/a.h"),
        Question("R", "/usr/include/stdio.h"),
        Question("A", "/p/not_there.h"),
        Question("R", "/p/data.txt"),
        Question("R", "/p/pkg/__init__.py"),
        Question("R", "/pp/beside.c"),
    ),
    answers=("",) * 8,
    configuring=StepEvidence(
        asked=0b1, variables=frozenset({"CC", "CFLAGS"}), is_open=True
    ),
    packing=StepEvidence(asked=0b100_0000),
    steps={
        "table.h": StepEvidence(asked=0b10_0000, is_own=True),
        "b.o": StepEvidence(asked=0b1000_1100),
        "a.o": StepEvidence(asked=0b1_1110),
        "m.so": StepEvidence(),
        "n.so": StepEvidence(),
    },
)


@pytest.fixture(autouse=True)
def _universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(
    story: BuildStory = STORY,
    evidence: Evidence | None = EVIDENCE,
    *,
    is_verbose: bool = False,
) -> str:
    return build_story_text("/p", story, evidence, is_verbose=is_verbose)


def test_a_warm_build_is_told_by_what_had_changed() -> None:
    assert (
        text()
        == """\
/p, built on 1970-01-02 00:00:00
warm: data.txt changed and 1 more
changed since the build before:
  data.txt changed
  a.h changed
run: 4 of 5 steps:
  because a.h changed:
    a.o
    b.o
  because data.txt changed:
    table.h
  decided by the build tool:
    m.so
read:
  to configure: 1 file of the project
  by the steps: 3 files of the project, 2 elsewhere
  packed as they are: 1 file of the project
truewheel cache why --verbose names every step and every file"""
    )


def test_everything_is_named_when_that_is_wanted() -> None:
    told = text(is_verbose=True)
    assert (
        told.partition("read:\n")[2]
        == """\
  to configure:
    CMakeLists.txt
    variables: CC, CFLAGS
    any variable, for a shell or an interpreter looks at all of them
  to make a.o:
    a.c
    a.h
  to make b.o:
    a.h
  to make m.so:
  to make n.so:
  to make table.h:
    data.txt
  packed as they are:
    pkg/__init__.py
  elsewhere:
    /pp/beside.c
    /usr/include/stdio.h"""
    )


def test_a_single_change_is_told_once() -> None:
    story = replace(STORY, phrase="warm: a.h changed", changes=("a.h changed",))
    assert "changed since" not in text(story)


def test_a_build_from_nothing_ran_all_its_steps_and_names_them_only_when_wanted() -> (
    None
):
    ran = tuple(sorted(EVIDENCE.steps))
    story = replace(STORY, changes=(), again={}, ran=ran)
    assert "\nrun: 5 of 5 steps\nread:\n" in text(story)
    told = text(story, is_verbose=True)
    assert "\nrun: 5 of 5 steps:\n  decided by the build tool:\n    a.o\n" in told


def test_all_steps_that_had_a_reason_are_named_with_it() -> None:
    story = replace(STORY, again=dict.fromkeys(EVIDENCE.steps, "a.h changed"))
    story = replace(story, ran=tuple(EVIDENCE.steps))
    assert "run: 5 of 5 steps:\n  because a.h changed:\n    a.o\n" in text(story)


def test_reasons_are_told_in_the_order_of_the_alphabet() -> None:
    story = replace(STORY, again={"a.o": "z changed", "b.o": "a changed"})
    told = text(replace(story, ran=("a.o", "b.o")))
    assert "  because a changed:\n    b.o\n  because z changed:\n    a.o\n" in told


def test_where_nothing_was_run_nothing_is_listed() -> None:
    story = replace(STORY, changes=(), again={}, ran=())
    assert "\nrun: 0 of 5 steps\nread:\n" in text(story)
    assert "\nrun: 0 of 5 steps\nread:\n" in text(story, is_verbose=True)


def test_one_step_is_one_step() -> None:
    evidence = replace(EVIDENCE, steps={"m.so": StepEvidence()})
    assert "run: 1 of 1 step:\n" in text(evidence=evidence)


def test_steps_in_which_cmake_only_looks_at_itself_are_not_told() -> None:
    story = replace(STORY, ran=(*STORY.ran, "/kept/build/CMakeFiles/verify"))
    assert text(story) == text()


def test_what_was_due_and_not_run_because_the_build_failed_before_is_not_told_as_run() -> (
    None
):
    story = replace(STORY, ran=("table.h",), ended_well=False)
    told = text(story)
    assert told.startswith("/p, failed on 1970-01-02 00:00:00\n")
    assert "run: 1 of 5 steps:\n  because data.txt changed:\n    table.h\nread:" in told


@pytest.mark.parametrize(
    ("count", "end"),
    [(3, "    2.o\nread:"), (4, "    3.o\nread:"), (5, "    2.o\n    and 2 more\nread:")],
)  # fmt: skip
def test_a_long_list_is_cut_unless_everything_is_wanted(count: int, end: str) -> None:
    ran = tuple(f"{number}.o" for number in range(count))
    steps = {**dict.fromkeys(ran, StepEvidence()), "m.so": StepEvidence()}
    story = replace(STORY, again={}, ran=ran)
    assert end in text(story, replace(EVIDENCE, steps=steps))
    told = text(story, replace(EVIDENCE, steps=steps), is_verbose=True)
    assert f"    {count - 1}.o\nread:" in told


def test_many_changes_are_cut_too() -> None:
    story = replace(STORY, changes=tuple(f"{n} changed" for n in range(10)))
    assert "  2 changed\n  and 7 more\nrun:" in text(story)


def test_a_step_that_makes_a_source_is_named_from_the_project() -> None:
    evidence = replace(EVIDENCE, steps={"/p/made.c": StepEvidence()})
    story = replace(STORY, again={"/p/made.c": "data.txt changed"}, ran=("/p/made.c",))
    assert "  because data.txt changed:\n    made.c\n" in text(story, evidence)
    assert "  to make made.c:\n" in text(story, evidence, is_verbose=True)


def test_what_is_run_in_every_build_is_told_with_the_reason() -> None:
    unseen = StepEvidence(is_own=True, unseen="it asks a server (inet)")
    evidence = replace(EVIDENCE, steps={"/p/fetched.c": unseen, "b.o": StepEvidence()})
    assert """
run in every build, for it is not seen what they read:
  fetched.c: it asks a server (inet)
read:""" in text(evidence=evidence)


def test_a_build_tool_without_an_account_of_steps_has_no_step_without_a_name() -> None:
    evidence = replace(EVIDENCE, steps={"": StepEvidence(asked=0b10)})
    told = text(replace(STORY, again={}, ran=("",)), evidence)
    assert (
        "\nrun: not known, for this build tool keeps no account of its steps\n" in told
    )
    assert "  by the steps: 1 file of the project\n" in told
    assert "  to make all:\n    a.c\n" in text(evidence=evidence, is_verbose=True)


def test_nothing_is_counted_where_nothing_was_read() -> None:
    told = text(evidence=Evidence())
    assert (
        told.partition("run: ")[2]
        == """\
0 of 0 steps
read:
truewheel cache why --verbose names every step and every file"""
    )
    assert "packed" not in text(evidence=Evidence(), is_verbose=True)


# --- builds that were not watched ---------------------------------------------------------------------------------


def test_a_build_that_was_not_watched() -> None:
    story = BuildStory(
        finished=0, source="/p", phrase="warm: m.c changed", again={"t.h": "nobody knows what it reads"}, unwatched="there is no C compiler",
    )  # fmt: skip
    assert (
        text(story, None)
        == """\
/p, built on 1970-01-01 00:00:00
warm: m.c changed
run again:
  because nobody knows what it reads:
    t.h
read: not known, for there is no C compiler
  any change of a source file that the build tool does not know of leads to a build from nothing"""
    )


def test_of_what_was_not_written_down_nothing_is_known() -> None:
    told = text(replace(STORY, again={}, unwatched=""), None)
    assert "\nread: not known, for it was not written down\n" in told
    assert "run" not in told


@pytest.mark.parametrize("evidence", [EVIDENCE, None], ids=["watched", "not watched"])
def test_no_name_moves_the_cursor(evidence: Evidence | None) -> None:
    evil = "a\x1b[31m\r\u202e"
    story = replace(
        STORY, source=f"/{evil}", phrase=evil, changes=(evil, evil), unwatched=evil
    )
    told = build_story_text(evil, story, evidence, is_verbose=False)
    assert not set(told) & set("\x1b\r\u202e")


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_programs_are_told_the_same_in_json() -> None:
    told = json.loads(build_story_document("demo", STORY, EVIDENCE))
    read = told.pop("read")
    assert told == {
        "version": 1,
        "project": "demo",
        "finished": 86_400_000_000_000,
        "source": "/p",
        "phrase": "warm: data.txt changed and 1 more",
        "changes": ["data.txt changed", "a.h changed"],
        "again": dict(STORY.again),
        "ran": ["a.o", "b.o", "m.so", "table.h"],
        "unwatched": "",
        "ended_well": True,
    }
    assert read["configuring"] == {
        "files": ["/p/CMakeLists.txt"],
        "variables": ["CC", "CFLAGS"],
        "any_variable": True,
        "unseen": "",
    }
    assert read["packing"]["files"] == ["/p/pkg/__init__.py"]
    assert set(read["steps"]) == set(EVIDENCE.steps)
    assert read["steps"]["a.o"]["files"] == ["/p/a.c", "/p/a.h", "/usr/include/stdio.h"]


def test_what_is_not_known_is_null_in_json() -> None:
    assert json.loads(build_story_document("demo", STORY, None))["read"] is None
