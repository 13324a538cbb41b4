"""What ``show`` and ``check`` have in common: every wheel that is named is read and judged, and none stops the others."""

from __future__ import annotations

from .. import boundary
from ..audit.verdict import check
from ..model.errors import ExitCode, TruewheelError
from ..model.record import NamedTuple, replace
from ..model.wheel_name import escape
from ..system.wheels.reading import read_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..audit.truth import Checked
    from ..model.contents import WheelFacts
    from ..model.finding import Finding
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
        facts = read_wheel(path, digests=self._digests, old_names=self._digests)
        select, ignore = self._selection
        checked = check(
            facts,
            exclude=tuple(self._options.exclude),
            neighbours=self._others_than(facts),
            select=select,
            ignore=ignore,
            upload=self._digests,
        )
        self.judged.append(Judged(facts, checked))

    def refuse(self, path: str, error: TruewheelError) -> None:
        """Tell why a file cannot be read; the others go on."""
        boundary.tell(error)
        self.unread.append(Unread(path, error))

    def compare_places(self) -> None:
        """Add what wheels of different distributions install in one place."""
        if len({escape(own.facts.contents.dist_info) for own in self.judged}) < 2:
            return
        from ..audit.filtering import select_and_sort  # few runs are about several
        from ..audit.shared_places import places_shared_among

        found: dict[int, list[Finding]] = {}
        facts = [own.facts for own in self.judged]
        for position, finding in places_shared_among(facts):
            found.setdefault(position, []).append(finding)
        for position, more in found.items():
            own = self.judged[position]
            together = (*own.checked.findings, *more)
            findings = select_and_sort(together, *self._selection)
            checked = replace(own.checked, findings=findings)
            self.judged[position] = Judged(own.facts, checked)

    @property
    def _selection(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The prefixes of the codes that are told, and of those that are not."""
        # Every code begins so: without --select, all findings are wanted.
        return tuple(self._options.select) or ("TW",), tuple(self._options.ignore)

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
