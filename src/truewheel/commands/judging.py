"""What ``show`` and ``check`` have in common: every wheel that is named is read and judged, and none stops the others."""

from __future__ import annotations

from .. import boundary
from ..audit.verdict import check
from ..model.errors import ExitCode, TruewheelError
from ..model.record import NamedTuple
from ..system.wheels.reading import read_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..audit.truth import Checked
    from ..model.contents import WheelFacts
    from ..model.neighbours import Neighbour


class Judged(NamedTuple):
    """One wheel with what was concluded about it."""

    facts: WheelFacts
    checked: Checked


class Unread(NamedTuple):
    """One path that is not a wheel that can be read, and why."""

    path: str
    error: TruewheelError


class Results:
    """What came of all the paths that were named; files that cannot be read are told at once."""

    def __init__(self, options: SimpleNamespace, *, digests: bool) -> None:
        self._options = options
        self._digests = digests
        self._beside = self._read_beside()
        self.judged: list[Judged] = []
        self.unread: list[Unread] = []

    def judge(self, path: str) -> None:
        """Read and judge one wheel.

        :raises TruewheelError: when it cannot be read.
        """
        options = self._options
        facts = read_wheel(path, digests=self._digests)
        checked = check(
            facts,
            exclude=tuple(options.exclude),
            neighbours=self._others_than(facts),
            # Every code begins so: without --select, all findings are wanted.
            select=tuple(options.select) or ("TW",),
            ignore=tuple(options.ignore),
            upload=self._digests,
        )
        self.judged.append(Judged(facts, checked))

    def refuse(self, path: str, error: TruewheelError) -> None:
        """Tell why a file cannot be read; the others go on."""
        boundary.tell(error)
        self.unread.append(Unread(path, error))

    def _read_beside(self) -> tuple[Neighbour, ...]:
        """Return the wheels that are named as being installed beside these; few runs name any."""
        if not self._options.beside:
            return ()
        from .beside import read_neighbours

        return read_neighbours(self._options.beside)

    def _others_than(self, facts: WheelFacts) -> tuple[Neighbour, ...]:
        """Return those of other distributions than a wheel's own."""
        if not self._beside:
            return ()
        from ..model.neighbours import without

        return without(facts, self._beside)

    @property
    def exit_code(self) -> int:
        """The worst exit code of what could not be read; fine when all could."""
        codes = [int(unread.error.exit_code) for unread in self.unread]
        return max(codes, default=int(ExitCode.FINE))

    def print_json(self) -> None:
        """Print one JSON document for all of them."""
        from ..report.json_document import json_document  # people ask for text

        print(json_document(self.judged, self.unread))
