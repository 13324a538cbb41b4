"""How the world answers the questions of a build (``model/evidence.py``): as texts that can be compared later."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping

from ...model.evidence import (
    CONTENT,
    IN_DOUBT,
    NAMES,
    PRESENCE,
    STATUS,
    TREE,
    Evidence,
    Question,
    numbers,
)
from . import file_state
from .source_manifest import listing

_DIRECTORY = "d"
_MOST_NAMES = 2000
"""Characters of the names of a directory that are kept, so that people can be told which one is new."""
_OTHER = "o"
"""Neither file nor directory: a device, a pipe."""


def early_questions(evidence: Evidence) -> int:
    """Return the questions that can be answered before anything is built, as bits: all but those about what is built."""
    early = evidence.configuring.asked | evidence.packing.asked
    for step in evidence.steps.values():
        early |= step.asked & ~step.later
    return early


def changed_answers(evidence: Evidence, bits: int) -> dict[int, str]:
    """Return the answers that are other ones now, by the number of the question.

    :param bits: the questions that are asked.
    """
    found: dict[int, str] = {}
    for number in numbers(bits):
        question = evidence.questions[number]
        before = evidence.answers[number]
        now = answer_like(question, before)
        if not is_same(before, now):
            found[number] = now
    return found


def answer_like(question: Question, before: str) -> str:
    """Return the present answer, told by content if the one before was; the one before where it is the same."""
    if question.kind == CONTENT:
        # Only a seal has a blank in it; see ``file_state``.
        return _seal(question.path, before) if " " in before else _stamp(question.path)
    return _ANSWERS[question.kind](question.path)


def answer(question: Question, *, is_trusted: bool) -> str:
    """Return the present answer to a question.

    :param is_trusted: whether the time of a file tells that it changed; else its content is looked at.
    """
    if question.kind == CONTENT:
        return _stamp(question.path) if is_trusted else _seal(question.path)
    return _ANSWERS[question.kind](question.path)


def is_same(before: str, now: str) -> bool:
    """Return whether two answers say the same; a file may have been touched, or made anew with the same content."""
    if before == IN_DOUBT:
        return False
    if before == now:
        return True
    _, has_digest, digest = before.rpartition(" ")
    return bool(has_digest) and now.endswith(f" {digest}")


def _seal(path: str, before: str = "") -> str:
    """Return status, content and mode of a file; ``before`` if that has its status."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    # Whoever opens a pipe waits for somebody to write into it.
    if not stat.S_ISREG(status.st_mode):
        return _kind(status.st_mode)
    facts = (
        f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"
    )
    if before.startswith(facts + " "):
        return before
    if status.st_size > file_state.LARGE:
        return facts
    try:
        digest = file_state.digest(path)
    except OSError:
        return facts
    return f"{facts} {digest}:{status.st_mode & 0o777:o}"


def _stamp(path: str) -> str:
    """Return size and time of a file."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if not stat.S_ISREG(status.st_mode):
        return _kind(status.st_mode)
    return f"{status.st_size}:{status.st_mtime_ns}"


def _looks(path: str) -> str:
    """Return what a program sees that looks at a path: of a file its size and time as well as its presence."""
    presence = _presence(path)
    return f"{_stamp(path)}:{presence}" if presence else ""


def _presence(path: str) -> str:
    """Return what is there, who may do what with it, and where a link leads."""
    link = _link(path)
    try:
        mode = os.stat(path).st_mode
    except OSError:
        # A link that leads nowhere is there for a program that asks for the link.
        return link
    if stat.S_ISDIR(mode):
        link += _way(path)
    return f"{_kind(mode)}:{stat.S_IMODE(mode):o}{link}"


def _link(path: str) -> str:
    """Return a digest of what a link says; empty if there is no link."""
    try:
        target = os.readlink(path)
    except OSError:
        return ""
    # A digest has no blank, which means something in an answer.
    return f"@{file_state.digest_of_text(target)}"


def _way(path: str) -> str:
    """Return a digest of where a directory is reached through links; empty if there are none on the way.

    A process that went into a directory, or opened it, asks for the files in it by the name at the end of that way.
    """
    real = os.path.realpath(path)
    return "" if real == path else f"@{file_state.digest_of_text(real)}"


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "f"
    return _DIRECTORY if stat.S_ISDIR(mode) else _OTHER


def _names(path: str) -> str:
    """Return the names in a directory, or a digest of many; and where it is reached through links."""
    try:
        names = sorted(os.listdir(path))
    except OSError:
        return ""
    # A blank means something in an answer, and no name has a null byte.
    text = "/".join(names).replace(" ", "\0")
    if len(text) > _MOST_NAMES:
        text = file_state.digest_of_text(text)
    return f"{_way(path)}/{text}"


_ANSWERS: Mapping[str, Callable[[str], str]] = {
    PRESENCE: _presence,
    STATUS: _looks,
    NAMES: _names,
    TREE: listing,
}
