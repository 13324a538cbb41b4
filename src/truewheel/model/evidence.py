"""What a build asked of the world, step by step, and how it was answered: the evidence on which steps are reused.

A *question* is a letter and a path: what a file holds, whether something is there, which names a directory has. An *answer*
is a text that is another one when the world is another one (``system/warm/answers.py``). A step is a set of questions. While
the answers to all of them are the same, the step would make the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .record import NamedTuple, Record

CONTENT = "R"
"""What a file holds, or a program."""
PRESENCE = "A"
"""Whether there is a file, a directory, or nothing."""
STATUS = "S"
"""Size and time of a file; of a directory, that it is there."""
NAMES = "L"
"""Which names a directory has."""
TREE = "T"
"""Which names there are in a directory and in all below it."""

KINDS = frozenset({CONTENT, PRESENCE, STATUS, NAMES, TREE})

IN_DOUBT = "changed during the build"
"""An answer that is unequal to any: somebody changed the file while the build ran."""


class Question(NamedTuple):
    """What was asked: one of the kinds above, and an absolute path."""

    kind: str
    path: str


class StepEvidence(Record):
    """What one step asked for.

    :param asked: numbers of questions, as bits of an integer: 1 for the first.
    :param later: of those, the ones about files of the build tree. They can be answered only when CMake, or other steps,
        have made the files.
    :param variables: environment variables that it asked for by name.
    :param is_open: whether programs of it may have looked at all variables, as shells and interpreters do.
    :param words: names in texts that such programs read, as far as they may be variables that otherwise do not count.
    :param is_own: whether it runs commands of the project's, which are asked again when they are in doubt.
    :param left: files that it made in the build tree without declaring them, by names below the tree.
    :param unseen: why not all that it asked for is known: one phrase, empty if it is.
    :param asks_a_server: whether it does: then nobody knows what it would be told now.
    """

    asked: int = 0
    later: int = 0
    variables: frozenset[str] = frozenset()
    is_open: bool = False
    words: frozenset[str] = frozenset()
    is_own: bool = False
    left: frozenset[str] = frozenset()
    unseen: str = ""
    asks_a_server: bool = False

    @property
    def why_in_doubt(self) -> str:
        """Why it is in doubt though nothing changed; empty if it is not."""
        if self.asks_a_server and not self.unseen:
            return "it asks a server"
        return self.unseen


class Evidence(Record):
    """What a build asked for.

    :param questions: all that were asked by any of its parts.
    :param answers: one for each question, as the build was answered.
    :param configuring: what CMake asked for when it configured.
    :param packing: what was read to be packed as it is.
    :param steps: those of the build tool, by the name of the first file that they make.
    """

    questions: tuple[Question, ...] = ()
    answers: tuple[str, ...] = ()
    configuring: StepEvidence = StepEvidence()
    packing: StepEvidence = StepEvidence()
    steps: Mapping[str, StepEvidence] = MappingProxyType({})


def numbers(bits: int) -> list[int]:
    """Return the numbers of the questions in a set of them, from 0, ascending.

    >>> numbers(0b1010)
    [1, 3]
    """
    found: list[int] = []
    while bits:
        # In two's complement, only the lowest bit is set in a number and in its negative.
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found
