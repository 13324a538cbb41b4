"""What a kept build area remembers of its builds, as JSON files that are whole or not there.

Values come out as they went in; a file that is damaged, or that another version wrote, is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ...model.build_record import (
    BuildRecord,
    BuildStory,
    Inputs,
    Manifest,
    Stamp,
    Traces,
)
from ...model.evidence import KINDS, Evidence, Question, StepEvidence
from ...model.record import Record, parts
from .source_manifest import Folders, Stamps

R = TypeVar("R", bound=Record)
_NO_INPUTS = Inputs(
    software="", settings="", variables={}, search={}, sources={}, started=0
)
_NO_STORY = BuildStory(finished=0, source="", phrase="")
_BITS = ("asked", "later")
"""Of the evidence of a step, those that are sets of questions."""


def read_record(path: Path) -> BuildRecord | None:
    """Return the record of an area's last build; ``None`` when there is none that can be trusted."""
    found = _read(path)
    if found is None:
        return None
    try:
        told = found["evidence"]
        return BuildRecord(
            inputs=_checked(_read_inputs(found["inputs"]), _NO_INPUTS),
            traces=_checked(_read_traces(found["traces"]), Traces()),
            evidence=None if told is None else _read_evidence(told),
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        return None  # written by another version, or damaged


def _read_inputs(found: Mapping[str, Any]) -> Inputs:
    values = dict(found)
    values["sources"] = _read_manifest(found["sources"])
    return Inputs(**values)


def _read_traces(found: Mapping[str, Any]) -> Traces:
    """Undo what JSON made of tuples and sets: lists of both."""
    values = dict(found)
    for name, value in found.items():
        if isinstance(value, list):
            values[name] = frozenset(value)
    values["roots"] = tuple(found["roots"])
    return Traces(**values)


def write_record(
    path: Path, inputs: Inputs, traces: Traces, evidence: Evidence | None
) -> None:
    """Write the record of a build."""
    told = None if evidence is None else _write_evidence(evidence)
    record = {
        "inputs": _as_json(inputs),
        "traces": _as_json(traces),
        "evidence": told,
    }
    _write(path, record)


# --- evidence ---------------------------------------------------------------------------------------------------


def _write_evidence(evidence: Evidence) -> dict[str, object]:
    """Return evidence as JSON has it: questions as texts that begin with their kind, sets of them as hexadecimal numbers."""
    steps = {}
    for name, step in evidence.steps.items():
        steps[name] = _write_step(step)
    return {
        "questions": [kind + path for kind, path in evidence.questions],
        "answers": evidence.answers,
        "configuring": _write_step(evidence.configuring),
        "packing": _write_step(evidence.packing),
        "steps": steps,
    }


def _read_evidence(found: Mapping[str, Any]) -> Evidence:
    """Return evidence from what JSON has of it.

    :raises ValueError: when there are more questions than answers, or fewer.
    """
    questions: list[Question] = []
    for text in found["questions"]:
        question = Question(text[0], text[1:])
        questions.append(question)
    answers = tuple(found["answers"])
    if len(questions) != len(answers):
        raise ValueError("a question has no answer")
    _require_texts(answers)
    if not {question.kind for question in questions} <= KINDS:
        raise ValueError("a question is of no known kind")
    if any("\0" in question.path for question in questions):
        raise ValueError("a path has a zero byte")
    steps = {}
    for name, step in found["steps"].items():
        steps[name] = _read_step(step, len(questions))
    return Evidence(
        questions=tuple(questions),
        answers=answers,
        configuring=_read_step(found["configuring"], len(questions)),
        packing=_read_step(found["packing"], len(questions)),
        steps=steps,
    )


def _write_step(step: StepEvidence) -> dict[str, object]:
    """Return what a step asked for, without what is as it mostly is."""
    values: dict[str, object] = {}
    for name, value in parts(step).items():
        if name in _BITS:
            values[name] = f"{value:x}"
        elif value:
            values[name] = sorted(value) if isinstance(value, frozenset) else value
    return values


def _read_step(found: Mapping[str, Any], count: int) -> StepEvidence:
    """Undo what JSON made of numbers and sets: texts and lists.

    :param count: how many questions there are.
    """
    values = dict(found)
    for name, value in found.items():
        if name in _BITS:
            values[name] = int(value, 16)
        elif isinstance(value, list):
            values[name] = frozenset(value)
    step = _checked(StepEvidence(**values), StepEvidence())
    # A negative number is an endless set of bits.
    if step.asked >> count or step.later >> count:
        raise ValueError("a step asks a question that is not there")
    return step


# --- whether values are what they should be ---------------------------------------------------------------------


def _checked(record: R, example: R) -> R:
    """Return a record whose parts are of the same types as those of an example.

    :raises TypeError: when one is not.
    """
    for name, wanted in parts(example).items():
        value = getattr(record, name)
        kind = Mapping if isinstance(wanted, Mapping) else type(wanted)
        if not isinstance(value, kind):
            raise TypeError(f"{name} is something else")
        if isinstance(value, (frozenset, tuple)):
            _require_texts(value)
        elif isinstance(value, Mapping) and name != "sources":
            _require_texts(value.values())
    return record


def _require_texts(values: Iterable[object]) -> None:
    if not set(map(type, values)) <= {str}:
        raise TypeError("something is no text")


# --- what is told of a build ------------------------------------------------------------------------------------


def read_story(path: Path) -> BuildStory | None:
    """Return what is told of an area's last build; ``None`` when nothing is."""
    found = _read(path)
    if found is None:
        return None
    values = dict(found)
    for name, value in found.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    try:
        return _checked(BuildStory(**values), _NO_STORY)
    except TypeError:
        return None  # written by another version


def write_story(path: Path, story: BuildStory) -> None:
    """Write what is told of a build."""
    values = parts(story)
    values["again"] = dict(story.again)
    _write(path, values)


# --- mirrors and names ------------------------------------------------------------------------------------------


def read_mirror(path: Path) -> tuple[Manifest, Folders]:
    """Return what a mirror held when it was left, and the directories in it that are not the source's."""
    found = _read(path) or {}
    try:
        files = _read_manifest(found.get("files", {}))
        leave_out = map(Path, found.get("leave", ()))
        return files, frozenset(leave_out)
    except (AttributeError, TypeError, ValueError):
        return {}, frozenset()


def write_mirror(path: Path, files: Manifest, leave_out: Iterable[Path]) -> None:
    """Write what a mirror holds."""
    _write(
        path,
        {
            "files": files,
            "leave": [str(folder) for folder in leave_out],
        },
    )


def read_names(path: Path) -> frozenset[str]:
    """Return names that were remembered; none when the file cannot be trusted."""
    found = _read(path) or {}
    names = found.get("names")
    if not isinstance(names, list):
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str))


def write_names(path: Path, names: Iterable[str]) -> None:
    """Write a set of names."""
    _write(path, {"names": sorted(names)})


def _as_json(value: Inputs | Traces) -> dict[str, object]:
    """Return the parts of a record, with sets as sorted lists."""
    values = parts(value)
    for name, part in values.items():
        if isinstance(part, frozenset):
            values[name] = sorted(part)
        elif isinstance(part, Mapping):
            values[name] = dict(part)
    return values


def _read_manifest(rows: Mapping[str, Any]) -> Stamps:
    """Undo what JSON made of stamps: lists."""
    found: Stamps = {}
    for name, row in rows.items():
        digest, mode, status = row
        # Each field by its name: JSON may hold anything.
        size, mtime, ctime, inode = status
        _require_texts([digest])
        kinds = set(map(type, status))
        kinds.add(type(mode))
        if kinds != {int}:
            raise TypeError("a status is no number")
        found[name] = Stamp(digest, mode, (size, mtime, ctime, inode))
    return found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, value: Mapping[str, object]) -> None:
    """Write under another name first, then rename: whoever is killed meanwhile leaves the old file, or none."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)
