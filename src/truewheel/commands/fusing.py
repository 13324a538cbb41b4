"""Two wheels for different CPUs as one: binaries of one path are joined, everything else has to be the same.

What differs is never chosen in silence: it is told, all of it at once, or taken from the first wheel where the caller says
so. WHEEL and RECORD are made anew; so a signature of RECORD would be untrue, and is left out.
"""

from __future__ import annotations

from .. import formats
from ..formats.macho.fat import fused_bytes, is_fusible
from ..model.binary import Kind
from ..model.errors import TruewheelError, WheelError
from ..system.wheels.reading import read_binary
from ..system.wheels.sources import BytesMember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..system.wheels.sources import ArchivedMember, SourceMember, WheelArchive

UNIVERSAL2 = frozenset({"x86_64", "arm64"})
"""The CPUs of ``universal2``."""
_MADE_ANEW = ("WHEEL", "RECORD", "RECORD.jws", "RECORD.p7s")


class FusedWheel:
    """Two wheels as one; see :class:`~truewheel.system.wheels.sources.WheelSource`.

    :ivar notes: what a person should know of how it was put together, a sentence each.
    """

    def __init__(
        self,
        dist_info: str,
        members: Sequence[SourceMember],
        notes: Sequence[str],
    ) -> None:
        self.dist_info = dist_info
        self.notes = tuple(notes)
        self._members = tuple(members)

    def members(self) -> tuple[SourceMember, ...]:
        """Return every file."""
        return self._members


class _ObstacleError(TruewheelError):
    """Why one file cannot be fused; all of them are told together."""


def fused(
    first: WheelArchive,
    second: WheelArchive,
    *,
    is_preferred: Callable[[str], bool],
) -> FusedWheel:
    """Return two wheels of one distribution as one.

    :param is_preferred: whether a file that differs is to be taken from the first.
    :raises TruewheelError: naming every file that stands in the way.
    :raises WheelError: when a file cannot be unpacked.
    """
    own = _files_of(first)
    others = _files_of(second)
    # The result must not depend on the order of the two, and equal files may be compressed in two ways.
    is_first_base = first.archive.name <= second.archive.name
    fusion = _Fusion(is_preferred)
    for name in sorted({*own, *others}):
        try:
            if name not in others:
                fusion.add_single(own[name])
            elif name not in own:
                fusion.add_single(others[name])
            elif is_first_base:
                fusion.add_pair(own[name], others[name], base=own[name])
            else:
                fusion.add_pair(own[name], others[name], base=others[name])
        except _ObstacleError as obstacle:
            fusion.obstacles.append(f"{name}: {obstacle.message}")
    if fusion.obstacles:
        raise TruewheelError(
            f"{first.archive.name} and {second.archive.name} cannot be fused",
            context=fusion.obstacles,
            hint="build both from one source; --prefer-first GLOB takes files that differ from the first",
        )
    return FusedWheel(first.dist_info, fusion.members, fusion.notes)


def _files_of(wheel: WheelArchive) -> dict[str, ArchivedMember]:
    """Return the files of a wheel by their names, but those that are made anew."""
    made = {f"{wheel.dist_info}/{base}" for base in _MADE_ANEW}
    found = {}
    for member in wheel.members():
        if not member.name.endswith("/") and member.name not in made:
            found[member.name] = member
    return found


def _content(member: ArchivedMember) -> bytes:
    """Return a file's bytes.

    :raises WheelError: when it cannot be unpacked.
    """
    try:
        return bytes(member.read())
    except ValueError as error:
        archive = member.source.archive
        raise WheelError(
            f"{archive.name}: {member.name} cannot be unpacked: {error}"
        ) from error


class _Fusion:
    """What two wheels have become so far.

    :param is_preferred: whether a file that differs is to be taken from the first.
    :ivar obstacles: files that stand in the way, and why.
    """

    def __init__(self, is_preferred: Callable[[str], bool]) -> None:
        self.is_preferred = is_preferred
        self.members: list[SourceMember] = []
        self.notes: list[str] = []
        self.obstacles: list[str] = []

    # --- files of both ----------------------------------------------------------------------------------------------

    def add_pair(
        self,
        first: ArchivedMember,
        second: ArchivedMember,
        *,
        base: ArchivedMember,
    ) -> None:
        """Add what comes of two files of one name: as a rule one file.

        :param base: the one that is copied where both are equal.
        :raises _ObstacleError: when they differ, and are nothing that can be joined.
        """
        own = _content(first)
        theirs = _content(second)
        executable = first.executable or second.executable
        if own == theirs and base.executable == executable:
            # As it was compressed.
            self.members.append(base)
        elif own == theirs:
            self._add(first.name, own, executable=executable)
        elif is_fusible(own) and is_fusible(theirs):
            joined = _fused_binary(own, theirs)
            self._add(first.name, joined, executable=executable)
        elif first.name.startswith(f"{first.source.dist_info}/sboms/"):
            # Each tells what is in the binaries of its own wheel, and both are true of the new one (PEP 770).
            self._add_by_platform(first, own)
            self._add_by_platform(second, theirs)
            self.notes.append(f"{first.name}: both are kept, named by their platforms")
        else:
            self._refuse_unless_preferred(first)
            self._add(first.name, own, executable=executable)

    def _add(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self.members.append(BytesMember(name, content, executable=executable))

    def _add_by_platform(self, member: ArchivedMember, content: bytes) -> None:
        """Add a file under a name that begins with the platform of its wheel."""
        directory, _, base = member.name.rpartition("/")
        wheel = member.source.archive.name.removesuffix(".whl")
        platform = wheel.rpartition("-")[2]
        self._add(f"{directory}/{platform}-{base}", content)

    def _refuse_unless_preferred(self, first: ArchivedMember) -> None:
        """Refuse a file that differs, unless the caller wants the first wheel's."""
        name = first.name
        # It tells installers what the project is and needs: both wheels have to say the same.
        if name == f"{first.source.dist_info}/METADATA":
            raise _ObstacleError("it has to be the same in both")
        if not self.is_preferred(name):
            raise _ObstacleError("it differs")
        self.notes.append(f"{name}: taken from {first.source.archive.name}")

    # --- files of one -----------------------------------------------------------------------------------------------

    def add_single(self, member: ArchivedMember) -> None:
        """Add a file that one wheel has alone.

        A library for one CPU may stand beside one for the other, under another name: each slice loads its own. Whether all
        are there that are needed is for the judge to say.

        :raises _ObstacleError: when it is code that the other CPU lacks.
        """
        owner = member.source.archive.name
        lacking = _lacking_cpus(member)
        if lacking:
            cpus = " and ".join(lacking)
            raise _ObstacleError(f"only {owner} has it, without code for {cpus}")
        self.notes.append(f"{member.name}: only in {owner}")
        self.members.append(member)


def _fused_binary(one: bytes, other: bytes) -> bytes:
    """Return two binaries as one.

    :raises _ObstacleError: when they cannot be joined, or one cannot be read.
    """
    try:
        return fused_bytes((one, other))
    except TruewheelError as error:
        raise _ObstacleError(error.message) from error


def _lacking_cpus(member: ArchivedMember) -> list[str]:
    """Return the CPUs for which a module or program has no code; none for libraries, and for all that is not a binary."""
    head, _ = member.head(formats.HEAD)
    if formats.sniff(head) is None:
        return []
    binary, _ = read_binary(_content(member))
    # A broken one is told by the judge.
    if binary is None or not binary.is_loadable:
        return []
    lacking = set(UNIVERSAL2)
    for piece in binary.slices:
        if piece.kind is Kind.SHARED:
            return []
        lacking.discard(piece.cpu)
    return sorted(lacking)
