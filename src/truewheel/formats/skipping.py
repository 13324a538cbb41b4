"""Going on behind a part of a file that is odd, when its loader does not ask for that part.

A reader catches the error where it knows that nothing depends on the part, and writes it down here. Errors in what a loader
does ask for are never caught.
"""

from __future__ import annotations

from ..model.skipped import Skipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.errors import FormatError

_MOST = 16
"""Parts of one file that are told: a file that is odd in more places is told well enough by these."""


class SkippedParts:
    """What was skipped in a file so far."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[str, Skipped] = {}

    def add(
        self,
        part: str,
        error: FormatError,
        *,
        loss: str = "",
        grave: bool = False,
    ) -> None:
        """Write down a part, with what was wrong in it; the first time only that it is met.

        :param loss: what is not known without it, as a sentence.
        :param grave: whether something fails for somebody because of it.
        """
        if part in self.found or len(self.found) >= _MOST:
            return
        where = ", ".join(error.context)
        self.found[part] = Skipped(
            part=part,
            problem=f"{error.reason} ({where})",
            loss=loss,
            grave=grave,
        )

    def all(self) -> tuple[Skipped, ...]:
        """Return what was skipped, in the order in which it was met."""
        return tuple(self.found.values())
