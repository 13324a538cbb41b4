"""What lies in a project and is not packed, and why: told in one line for each reason, for nothing is left out in silence.

What the project's settings exclude is not meant: its author knows.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable

from .record import Record


class Reason(enum.Enum):
    """Why something is not packed. The values follow the file's name in a sentence."""

    SPECIAL = "sockets, named pipes and devices cannot be packed"
    DANGLING = "a link that leads nowhere cannot be in a wheel"
    UNREADABLE = "this user may not read it, or its directory"
    VANISHED = "it was gone before it could be read"
    TOP_METADATA = (
        "at its top a wheel has the .dist-info of one project, which truewheel writes"
    )
    BYTE_CODE = "Python compiles the source beside it when the wheel is installed"


class LeftOut(Record):
    """Files or directories that are not packed for the same reason.

    :param paths: from the top of the source or of the wheel, with ``/``; at least one.
    """

    why: Reason
    paths: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """Return a sentence that names the first and says how many there are.

        >>> LeftOut(why=Reason.SPECIAL, paths=("run.sock",)).phrase
        'run.sock is left out: sockets, named pipes and devices cannot be packed'
        >>> LeftOut(why=Reason.DANGLING, paths=("a", "b", "c")).phrase
        'a and 2 more are left out: a link that leads nowhere cannot be in a wheel'
        """
        first, *others = self.paths
        if not others:
            return f"{first} is left out: {self.why.value}"
        return f"{first} and {len(others)} more are left out: {self.why.value}"


def phrases_of(left_out: Iterable[tuple[str, Reason]]) -> tuple[str, ...]:
    """Return a sentence for each reason.

    :param left_out: paths with the reasons why they are not packed.
    """
    # Sorting is stable, so that the names of a reason stay in order.
    by_name = sorted(set(left_out), key=_name_of)
    by_reason = sorted(by_name, key=_sentence_of)
    found: list[str] = []
    for _, alike in itertools.groupby(by_reason, key=_sentence_of):
        names, reasons = zip(*alike, strict=True)
        found.append(LeftOut(why=reasons[0], paths=names).phrase)
    return tuple(found)


def _name_of(left_out: tuple[str, Reason]) -> str:
    return left_out[0]


def _sentence_of(left_out: tuple[str, Reason]) -> str:
    return left_out[1].value
