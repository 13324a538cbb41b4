"""What a build made: a wheel on disk, with what was concluded about it, or an sdist."""

from __future__ import annotations

from pathlib import Path

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .build_record import NothingKept, ReuseDecision
    from .repairs import Repairs
    from .verdict import Verdict


class WheelFile(Record):
    """A wheel that was written.

    :param size: in bytes.
    """

    path: Path
    size: int


class Built(Record):
    """A wheel that was made.

    :param warmth: how much of an earlier build was used, and why; ``None`` when nothing was compiled.
    :param message: ``messages.after-success`` of the project.
    :param notes: sentences about what the build did without.
    :param repairs: which libraries were copied into it; ``None`` when nothing was looked for.
    """

    wheel: WheelFile
    verdict: Verdict
    warmth: ReuseDecision | NothingKept | None
    message: str
    notes: tuple[str, ...]
    repairs: Repairs | None = None


class RepairedWheel(Record):
    """A wheel on disk that was made self-contained.

    :param wheel: the one that was written.
    :param verdict: what it is called, and why.
    :param is_new: whether a file was written; not when there was nothing to do, and the wheel lies where it would be written.
    """

    wheel: WheelFile
    verdict: Verdict
    repairs: Repairs
    is_new: bool = True


class Sdist(Record):
    """A source distribution that was written.

    :param notes: sentences about what is not in it.
    """

    path: Path
    notes: tuple[str, ...]
