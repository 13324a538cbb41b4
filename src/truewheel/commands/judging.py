"""What ``show`` and ``check`` have in common: every wheel that is named is read and judged, and none stops the others."""

from __future__ import annotations

import os

from .. import boundary
from ..audit.verdict import check
from ..model.errors import ExitCode, TruewheelError
from ..model.judged import WheelOnDisk
from ..model.record import NamedTuple
from ..system.wheels.reading import read_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import SimpleNamespace

    from ..audit.truth import Checked
    from ..model.neighbours import Neighbour
    from ..model.sets import Role, SetChecked, SetMember


class Named(NamedTuple):
    """A wheel that is named, by itself or by its directory.

    :param role: what it is asked for the sake of the other wheels in its directory; ``None`` for one that is named itself.
    """

    path: str
    role: Role | None = None


class Judged(NamedTuple):
    """One wheel with what was concluded about it.

    :param member: what its set needs to know of it.
    """

    wheel: WheelOnDisk
    checked: Checked
    member: SetMember | None = None


class Unread(NamedTuple):
    """One path that is not a wheel that can be read, and why."""

    path: str
    error: TruewheelError


class Batch(NamedTuple):
    """The wheels that one argument names.

    :param directory: that the argument is; empty when it is a file.
    :param error: why there is no wheel.
    """

    directory: str
    wheels: tuple[Named, ...]
    error: TruewheelError | None = None


class Judge(NamedTuple):
    """How every wheel is judged: what the options ask for. It gets to other processes.

    :param digests: whether each member is hashed, and all is asked that indexes ask.
    """

    exclude: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    beside: tuple[Neighbour, ...]
    digests: bool

    def judge(self, named: Named, *, threads: int | None = None) -> Judged:
        """Read and judge one wheel.

        :param threads: how many may look at it, if it is large.
        :raises TruewheelError: when it cannot be read.
        """
        # Once for all questions: to unpack a wheel takes most of the time.
        facts = read_wheel(
            named.path,
            digests=self.digests,
            old_names=self.digests,
            threads=threads,
        )
        others: tuple[Neighbour, ...] = ()
        if self.beside:
            from ..model.neighbours import without

            others = without(facts, self.beside)
        checked = check(
            facts,
            exclude=self.exclude,
            neighbours=others,
            select=self.select,
            ignore=self.ignore,
            upload=self.digests,
        )
        # Not the facts themselves: of a thousand wheels, they would fill the memory.
        wheel = WheelOnDisk(facts.filename, facts.path, facts.size)
        if named.role is None:
            return Judged(wheel, checked)
        from ..audit.sets.members import member_of  # a wheel alone is no set

        return Judged(wheel, checked, member_of(facts, named.role))

    def judge_or_explain(
        self, named: Named, *, threads: int | None = None
    ) -> Judged | TruewheelError:
        """Return what came of one wheel. That it cannot be read is a value here, for others go on."""
        try:
            return self.judge(named, threads=threads)
        except TruewheelError as error:
            return error


class Results:
    """What came of all the paths that were named; files that cannot be read are told at once."""

    def __init__(self, options: SimpleNamespace, *, digests: bool) -> None:
        """Read what the options say of judging; nothing is judged yet."""
        self.judge = Judge(
            exclude=tuple(options.exclude),
            # Every code begins so: without --select, all findings are wanted.
            select=tuple(options.select) or ("TW",),
            ignore=tuple(options.ignore),
            beside=_read_beside(options),
            digests=digests,
        )
        self.judged: list[Judged] = []
        self.unread: list[Unread] = []
        self.sets: list[SetChecked] = []

    def take(self, path: str, outcome: Judged | TruewheelError) -> Judged | None:
        """Keep what came of one path; tell why a file cannot be read, and return ``None`` then."""
        if isinstance(outcome, TruewheelError):
            self.refuse(path, outcome)
            return None
        self.judged.append(outcome)
        return outcome

    def refuse(self, path: str, error: TruewheelError) -> None:
        """Tell why a file cannot be read; the others go on."""
        boundary.tell(error)
        self.unread.append(Unread(path, error))

    def judge_sets(
        self, directory: str, members: Iterable[SetMember]
    ) -> Sequence[SetChecked]:
        """Judge the wheels of a directory together, with the sdists beside them; return what is to be said."""
        from pathlib import Path

        from ..audit.sets import check_sets
        from ..audit.sets.members import sdists_of, sets_of, with_sdists
        from ..system.wheels.sdist_reading import read_sdist

        sets = sets_of(directory, members)
        sdists = {}
        # One sdist of a version is all that an index takes.
        for name, one in sdists_of(sets, sorted(os.listdir(directory))).items():
            path = os.path.join(directory, name)
            try:
                sdists[one.label] = read_sdist(Path(path))
            except TruewheelError as error:
                self.refuse(path, error)
        sets = with_sdists(sets, sdists)
        judge = self.judge
        found = check_sets(directory, sets, select=judge.select, ignore=judge.ignore)
        checked = tuple(found)
        self.sets += checked
        return checked

    @property
    def exit_code(self) -> int:
        """The worst exit code of what could not be read; fine when all could."""
        codes = [int(unread.error.exit_code) for unread in self.unread]
        return max(codes, default=int(ExitCode.FINE))

    def print_json(self) -> None:
        """Print one JSON document for all of them."""
        from ..report.json_document import json_document  # people ask for text

        wheels = [(judged.wheel, judged.checked) for judged in self.judged]
        print(json_document(wheels, self.unread, self.sets))


def batches_named(arguments: Iterable[str]) -> Iterator[Batch]:
    """Yield what each argument names: a wheel, or all wheels of a directory."""
    for argument in arguments:
        if not os.path.isdir(argument):
            yield Batch("", (Named(argument),))
            continue
        try:
            yield Batch(argument, _wheels_in(argument))
        except (TruewheelError, OSError) as error:
            yield Batch(argument, (), _as_ours(argument, error))


def _wheels_in(directory: str) -> tuple[Named, ...]:
    """Return the wheels of a directory, each with its role."""
    from ..audit.sets.members import roles_of
    from .beside import wheels_named

    # Their names alone tell what the set will ask of each.
    paths = tuple(wheels_named([directory]))
    roles = roles_of([os.path.basename(path) for path in paths])
    return tuple(map(Named, paths, roles))


def _as_ours(argument: str, error: TruewheelError | OSError) -> TruewheelError:
    """Return why a directory cannot be listed, in words."""
    if isinstance(error, TruewheelError):
        return error
    return TruewheelError(f"{argument} cannot be listed: {error.strerror}")


def _read_beside(options: SimpleNamespace) -> tuple[Neighbour, ...]:
    """Return the wheels that are named as being installed beside these; few runs name any."""
    if not options.beside:
        return ()
    from .beside import read_neighbours

    return read_neighbours(options.beside)
