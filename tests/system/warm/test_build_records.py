"""The records of a kept build area come out as they went in, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.model.build_record import (
    BuildRecord,
    BuildStory,
    Inputs,
    Stamp,
    Traces,
)
from truewheel.model.evidence import Evidence, Question, StepEvidence
from truewheel.model.record import replace
from truewheel.system.warm import build_records

INPUTS = Inputs(
    software="truewheel 1",
    settings="digest",
    variables={"CC": "0123"},
    search={"/usr/include": "1:2"},
    sources={
        "src/m.c": Stamp("digest", 0o644, (1, 2, 3, 4)),
        "src": Stamp("dir", 0o755, (0, 0, 0, 0)),
    },
    started=5,
)
TRACES = Traces(
    generator="Ninja",
    outside={"/usr/bin/cc": "10:20"},
    folders={"/opt/include": "digest"},
    roots=("/elsewhere",),
    compiled=frozenset({"src/m.c", "src/n.c"}),
    runs_own_commands=True,
    finished=6,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "record.json"


def test_a_record_comes_out_as_it_went_in(file: Path) -> None:
    build_records.write_record(file, INPUTS, TRACES, None)
    assert build_records.read_record(file) == BuildRecord(inputs=INPUTS, traces=TRACES)


EVIDENCE = Evidence(
    questions=(
        Question("R", "/project/a b.c"),
        Question("A", "/x\ny"),
        Question("S", "/tree/a.o"),
    ),
    answers=("1:2:3:4 digest:644", "", "5:6"),
    configuring=StepEvidence(asked=0b10, variables=frozenset({"CC"}), is_open=True),
    packing=StepEvidence(asked=0b1),
    steps={
        "a.o": StepEvidence(
            asked=0b111,
            later=0b100,
            words=frozenset({"CI"}),
            is_own=True,
            left=frozenset({"a.d"}),
            unseen="it asks a server (inet)",
        )
    },
)


def test_evidence_comes_out_as_it_went_in(file: Path) -> None:
    build_records.write_record(file, INPUTS, TRACES, EVIDENCE)
    found = build_records.read_record(file)
    assert found is not None
    assert found.evidence == EVIDENCE


def test_evidence_in_which_a_question_has_no_answer_is_not_trusted(file: Path) -> None:
    build_records.write_record(file, INPUTS, TRACES, replace(EVIDENCE, answers=("",)))
    assert build_records.read_record(file) is None


def test_a_story_comes_out_as_it_went_in(file: Path) -> None:
    story = BuildStory(
        finished=7,
        source="/project",
        phrase="warm: a.c changed",
        changes=("a.c changed",),
        again={"a.o": "a.c changed"},
        ran=("a.o", "m.so"),
        unwatched="",
        ended_well=False,
    )
    build_records.write_story(file, story)
    assert build_records.read_story(file) == story


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"finished": 1, "other": 2}'])
def test_a_story_of_another_version_is_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert build_records.read_story(file) is None


def test_what_is_remembered_last_counts(file: Path) -> None:
    build_records.write_record(file, INPUTS, TRACES, None)
    build_records.write_record(file, replace(INPUTS, settings="other"), TRACES, None)
    found = build_records.read_record(file)
    assert found is not None
    assert found.inputs.settings == "other"


def test_nothing_but_the_record_is_left(file: Path) -> None:
    build_records.write_record(file, INPUTS, TRACES, None)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"inputs": ',
        "[]",
        "{}",
        '{"inputs": {"sources": {"m.c": ["digest"]}}, "traces": {"roots": []}}',
        '{"inputs": {"sources": {}, "a field of later versions": 1}, "traces": {"roots": []}}',
    ],
    ids=[
        "empty",
        "cut off",
        "no object",
        "no fields",
        "short stamp",
        "another version",
    ],
)
def test_a_record_that_cannot_be_trusted_is_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert build_records.read_record(file) is None


def test_a_record_that_is_not_there_is_none(file: Path) -> None:
    assert build_records.read_record(file) is None


def test_what_a_mirror_holds_comes_out_as_it_went_in(
    file: Path, tmp_path: Path
) -> None:
    build_records.write_mirror(file, INPUTS.sources, [tmp_path / "build"])
    assert build_records.read_mirror(file) == (
        INPUTS.sources,
        frozenset({tmp_path / "build"}),
    )


@pytest.mark.parametrize("text", ["no JSON", '{"files": []}', '{"files": {"m.c": []}}'])
def test_a_mirror_of_which_nothing_can_be_trusted_is_read_anew(
    file: Path, text: str
) -> None:
    file.write_text(text)
    assert build_records.read_mirror(file) == ({}, frozenset())


def test_names_come_out_as_they_went_in(file: Path) -> None:
    build_records.write_names(file, {"b", "a", "grüße"})
    assert build_records.read_names(file) == {"a", "b", "grüße"}


@pytest.mark.parametrize(
    "text", ["no JSON", "{}", '{"names": "ab"}', '{"names": null}']
)
def test_names_that_cannot_be_trusted_are_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert build_records.read_names(file) == frozenset()
