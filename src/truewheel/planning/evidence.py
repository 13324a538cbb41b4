"""Which steps of an earlier build may be used again, by the evidence of what they asked for. Pure; never looks at disk.

A step is used again while everything that it asked for would be answered as it was. Nothing is decided by the name of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model.build_record import BuildRecord, Inputs, Reuse, ReuseDecision, differing
from ..model.evidence import (
    NAMES,
    TREE,
    Evidence,
    Question,
    StepEvidence,
    numbers,
)
from ..model.record import Record
from .input_names import is_another_each_time, is_restless


class NewsOfTheWorld(Record):
    """What is not as it was when the earlier build ran.

    :param evidence: what that build asked for.
    :param answers: new answers, by the number of the question.
    :param variables: names of the environment variables that changed.
    :param source: the source tree, with a separator at its end: paths in it are told from there.
    """

    evidence: Evidence
    answers: Mapping[int, str]
    variables: frozenset[str]
    source: str

    @property
    def changed(self) -> int:
        """The questions that are answered otherwise now, as bits."""
        bits = 0
        for number in self.answers:
            bits |= 1 << number
        return bits

    def phrases(self, step: StepEvidence) -> list[str]:
        """Return what changed of all that a step asked for, in words; nothing when it may be used again."""
        found = []
        for number in numbers(step.asked & self.changed):
            found.append(self._phrase(number))
        for name in sorted(self.variables):
            if asks_for_variable(step, name):
                found.append(f"{variable_phrase(name)} changed")
        if not found and step.why_in_doubt:
            found.append(step.why_in_doubt)
        return found

    def _phrase(self, number: int) -> str:
        question = self.evidence.questions[number]
        was = self.evidence.answers[number]
        now = self.answers[number]
        return question_phrase(question, was, now, self.source)


def question_phrase(question: Question, was: str, now: str, source: str) -> str:
    """Return in words that the answer to a question is another one.

    >>> question_phrase(Question("A", "/p/a.h"), "", "f", "/p/")
    'a.h is new'
    """
    name = question.path.removeprefix(source)
    if name == source.rstrip("/"):
        name = "the source directory"
    if question.kind in (NAMES, TREE):
        return _phrase_for_names(name, was, now)
    # An empty answer says that nothing is there.
    was_here = bool(was)
    is_here_now = bool(now)
    if is_here_now == was_here:
        return f"{name} changed"
    return f"{name} is new" if is_here_now else f"{name} is gone"


def _phrase_for_names(folder: str, was: str, now: str) -> str:
    """Return which name came or went in a directory, if the answers have them."""
    before = _names_in(was)
    after = _names_in(now)
    new = sorted(after - before)
    gone = sorted(before - after)
    # One for another: a name was changed, or there are only digests, for there are many names.
    is_exchange = len(new) == len(gone) == 1
    differing_names = new or gone
    if is_exchange or not differing_names:
        return f"the names in {folder} changed"
    first, *_ = differing_names
    name = first.replace("\0", " ")
    state = "new" if new else "gone"
    return f"{name} in {folder} is {state}"


def _names_in(answer: str) -> set[str]:
    """Return the names that an answer about a directory lists."""
    _, *names = answer.split("/")
    return set(names)


def asks_for_variable(step: StepEvidence, name: str) -> bool:
    """Return whether a step may be another one when a variable of the environment is."""
    # A pseudo-variable, which has blanks, tells of files: most of them were asked for as such.
    if name in step.variables or " " in name:
        return name in step.variables
    # A script may go through all of them. What it makes is compared, so that running it once more costs little.
    if step.is_own and step.is_open:
        return not is_another_each_time(name)
    # Else those that differ between builds that are the same count only where a text names them.
    if is_restless(name):
        return name in step.words
    return step.is_open


def variable_phrase(name: str) -> str:
    """Return a variable in words; a pseudo-variable is a phrase with blanks already."""
    if " " in name:
        return name
    return f"the environment variable {name}"


# --- the decision -------------------------------------------------------------------------------------------------


def decide_by_evidence(
    before: BuildRecord,
    now: Inputs,
    *,
    reason_to_configure: str,
    answers: Mapping[int, str],
    source: str,
) -> ReuseDecision:
    """Return how much of a tree is used again whose build was watched, and which steps are not.

    :param reason_to_configure: one that is known already; empty when there is none.
    :param answers: those that are not as they were, by the number of the question.
    :param source: the source tree, with a separator at its end.
    """
    evidence = before.evidence or Evidence()
    variables = differing(before.inputs.variables, now.variables)
    news = NewsOfTheWorld(
        evidence=evidence,
        answers=answers,
        variables=variables,
        source=source,
    )
    again = _steps_in_doubt(news, evidence.steps)
    configuring = news.phrases(evidence.configuring)
    if reason_to_configure:
        configuring.insert(0, reason_to_configure)
    if before.traces.generator != "Ninja":
        return _decide_for_whole_tree(news, configuring, again)
    reasons = _all_of(configuring, again)
    if reasons:
        # What changed for a step says more than that it leaves files.
        leaving = _with_files_left(evidence)
        again = {**leaving, **again}
    told = [*reasons, *news.phrases(evidence.packing)]
    return ReuseDecision(
        reuse=Reuse.CONFIGURE if configuring else Reuse.KEEP,
        because=first_of(told, evidence),
        changes=_different(told, evidence),
        again=_first_of_each(again),
    )


def _all_of(configuring: Iterable[str], again: Mapping[str, list[str]]) -> list[str]:
    """Return why anything is made anew, in the order in which it is told."""
    reasons = list(configuring)
    for because in again.values():
        reasons += because
    return reasons


def _first_of_each(again: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the first reason for each step."""
    found: dict[str, str] = {}
    for name, because in again.items():
        found[name] = because[0]
    return found


def _steps_in_doubt(news: NewsOfTheWorld, among: Iterable[str]) -> dict[str, list[str]]:
    """Return the steps that cannot be used again, each with what changed."""
    found: dict[str, list[str]] = {}
    for name in among:
        step = news.evidence.steps[name]
        phrases = news.phrases(step)
        if phrases:
            found[name] = phrases
    return found


def in_doubt(
    evidence: Evidence, answers: Mapping[int, str], *, among: Iterable[str], source: str
) -> dict[str, str]:
    """Return which steps cannot be used again once there are other answers, each with what changed.

    :param answers: new ones, by the number of the question.
    :param among: the steps to look at, by the first file that each makes.
    :param source: the directory from which paths are told, with a separator at its end.
    """
    news = NewsOfTheWorld(
        evidence=evidence, answers=answers, variables=frozenset(), source=source
    )
    found = _steps_in_doubt(news, among)
    return _first_of_each(found)


def _decide_for_whole_tree(
    news: NewsOfTheWorld, configuring: list[str], again: Mapping[str, list[str]]
) -> ReuseDecision:
    """Return the decision where only Ninja's account would tell which file belongs to which step: all or nothing."""
    reasons = _all_of(configuring, again)
    if reasons:
        because = first_of(reasons, news.evidence)
        return ReuseDecision(reuse=Reuse.CLEAN, because=because)
    # Files that are packed as they are need nothing made anew, but are told.
    packed = news.phrases(news.evidence.packing)
    because = first_of(packed, news.evidence)
    return ReuseDecision(reuse=Reuse.KEEP, because=because)


def _with_files_left(evidence: Evidence) -> dict[str, list[str]]:
    """Return the steps that make files without declaring them: when anything else is made anew they may make others."""
    found: dict[str, list[str]] = {}
    for name, step in evidence.steps.items():
        if step.is_own and step.left:
            left = min(step.left)
            found[name] = [f"it makes {left} without declaring it"]
    return found


def first_of(reasons: Iterable[str], evidence: Evidence) -> str:
    """Return the first reason, and how many more there are; what cannot be seen is none.

    >>> first_of(["b changed", "a changed", "b changed"], Evidence())
    'b changed and 1 more'
    """
    different = _different(reasons, evidence)
    if not different:
        return "nothing changed"
    first, *others = different
    if not others:
        return first
    return f"{first} and {len(others)} more"


def _different(reasons: Iterable[str], evidence: Evidence) -> tuple[str, ...]:
    """Return each reason once, in order; that something cannot be seen is none, for it did not change."""
    unseen = {step.why_in_doubt for step in evidence.steps.values()}
    found: dict[str, None] = {}
    for reason in reasons:
        if reason not in unseen:
            found[reason] = None
    return tuple(found)
