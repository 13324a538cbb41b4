"""The table of all that builds in one area asked, with the answers that they got. It grows: questions keep their numbers."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from ...model.evidence import (
    CONTENT,
    IN_DOUBT,
    NAMES,
    PRESENCE,
    STATUS,
    Evidence,
    Question,
)
from . import answers
from .path_regions import PathRegions, with_separator

_OF_OTHERS = (CONTENT, PRESENCE, STATUS, NAMES)
"""Questions whose answers somebody else may change while a build runs."""


class AnswerTable:
    """Questions and answers, begun as the last build left them.

    :ivar contradicted: questions that this build got another answer to than the last one, as bits.
    """

    def __init__(
        self,
        before: Evidence,
        *,
        regions: PathRegions,
        written: frozenset[str],
        started: int,
    ) -> None:
        """Begin with the table of the last build.

        :param regions: where files lie.
        :param written: all that this build itself wrote or removed.
        :param started: when CMake started, in ns since the epoch.
        """
        self._regions = regions
        self._written = written
        self._started = started
        self._questions = list(before.questions)
        self._answers = list(before.answers)
        self._numbers: dict[Question, int] = {}
        for number, question in enumerate(before.questions):
            self._numbers[question] = number
        self._fresh: set[Question] = set()
        self.contradicted = 0

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, in the order of their numbers."""
        return tuple(self._questions)

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers, in the same order."""
        return tuple(self._answers)

    def bits(self, questions: Iterable[Question]) -> int:
        """Return a set of questions as bits, each with its answer in the table."""
        bits = 0
        for question in questions:
            if question not in self._fresh:
                self._ask(question)
            number = self._numbers.get(question)
            if number is not None:
                bits |= 1 << number
        return bits

    def _ask(self, question: Question) -> None:
        """Write down the answer to a question that this build asked, in the place of an older one."""
        self._fresh.add(question)
        number = self._numbers.get(question)
        if number is None:
            answer = self._answer(question)
            # What the build made and removed again was its own.
            if not answer and question.path in self._written:
                return
            self._numbers[question] = len(self._questions)
            self._questions.append(question)
            self._answers.append(answer)
            return
        before = self._answers[number]
        answer = self._answer(question)
        self._answers[number] = answer
        if not answers.is_same(before, answer):
            self.contradicted |= 1 << number

    def _answer(self, question: Question) -> str:
        """Return the answer that the build got, in doubt if somebody else changed what was asked for meanwhile."""
        path = question.path
        regions = self._regions
        is_trusted = regions.is_packaged(path)
        now = answers.answer(question, is_trusted=is_trusted)
        if path in self._written or path.startswith(regions.build):
            return now
        if question.kind in _OF_OTHERS and self._changed(question):
            return IN_DOUBT
        return now

    def _changed(self, question: Question) -> bool:
        """Return whether somebody else changed what was asked for since CMake started."""
        try:
            status = os.stat(question.path)
        except OSError:
            return False
        started = self._started
        if stat.S_ISDIR(status.st_mode):
            # Its time tells that names came or went, which is asked for by another question than its presence.
            is_touched = question.kind == NAMES and status.st_ctime_ns >= started
            return is_touched and not self._holds_anything_written(question.path)
        # Nobody can set this time, while the other one may lie in the future.
        return status.st_ctime_ns >= started

    def _holds_anything_written(self, folder: str) -> bool:
        below = with_separator(folder)
        return any(path.startswith(below) for path in self._written)
