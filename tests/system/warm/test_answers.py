"""Answers are other ones when the world is, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from truewheel.model.evidence import IN_DOUBT, Evidence, Question, StepEvidence
from truewheel.system.warm import answers

Change = Callable[[Path], None]
OLD = (1_000_000_000, 1_000_000_000)


def other_content_of_the_same_age(path: Path) -> None:
    """As ``cp -p`` and some editors do it: neither size nor mtime tells."""
    status = path.stat()
    path.write_text("b\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touched(path: Path) -> None:
    os.utime(path, ns=OLD)


def made_anew(path: Path) -> None:
    path.unlink()
    path.write_text("a\n")


def deleted(path: Path) -> None:
    path.unlink()


def executable(path: Path) -> None:
    path.chmod(0o755)


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_link_to_the_same(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


@pytest.mark.parametrize(
    ("kind", "change", "is_other"),
    [
        ("R", other_content_of_the_same_age, True),
        ("R", touched, False),
        ("R", made_anew, False),
        ("R", deleted, True),
        ("R", executable, True),
        ("R", a_directory, True),
        ("R", a_pipe, True),
        ("R", a_link_to_the_same, False),
        ("A", other_content_of_the_same_age, False),
        ("A", deleted, True),
        ("A", a_directory, True),
        ("S", touched, True),
        ("S", deleted, True),
    ],
)
def test_a_question_about_a_file(
    tmp_path: Path, kind: str, change: Change, is_other: bool
) -> None:
    file = tmp_path / "data.json"
    file.write_text("a\n")
    question = Question(kind, str(file))
    before = answers.answer(question, is_trusted=False)
    assert answers.is_same(before, answers.answer_like(question, before))
    change(file)
    now = answers.answer_like(question, before)
    assert answers.is_same(before, now) is not is_other


@pytest.mark.parametrize(
    ("kind", "name", "is_other"),
    [("L", "new.c", True), ("L", "below/new.c", False), ("T", "below/new.c", True)],
)
def test_a_question_about_names(
    tmp_path: Path, kind: str, name: str, is_other: bool
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "old.c").touch()
    question = Question(kind, str(tmp_path))
    before = answers.answer(question, is_trusted=False)
    (tmp_path / "old.c").write_text("more")
    assert answers.answer_like(question, before) == before
    (tmp_path / name).touch()
    assert (answers.answer_like(question, before) != before) is is_other


def test_what_is_packaged_is_told_by_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "stdio.h"
    file.write_text("a\n")
    question = Question("R", str(file))
    before = answers.answer(question, is_trusted=True)
    other_content_of_the_same_age(file)
    assert answers.answer_like(question, before) == before
    touched(file)
    assert answers.answer_like(question, before) != before


def test_an_answer_in_doubt_is_unequal_to_itself() -> None:
    assert not answers.is_same(IN_DOUBT, IN_DOUBT)


def test_a_name_that_only_looks_like_a_digest_is_no_digest() -> None:
    assert not answers.is_same("f", "12:1 f")


def test_only_early_questions_are_answered_before_a_build(tmp_path: Path) -> None:
    evidence = Evidence(
        questions=tuple(Question("A", str(tmp_path / name)) for name in "abcd"),
        answers=("f",) * 4,
        configuring=StepEvidence(asked=0b1),
        packing=StepEvidence(asked=0b10),
        steps={"x": StepEvidence(asked=0b1100, later=0b1000)},
    )
    early = answers.early_questions(evidence)
    assert early == 0b111
    assert answers.changed_answers(evidence, early) == {0: "", 1: "", 2: ""}
