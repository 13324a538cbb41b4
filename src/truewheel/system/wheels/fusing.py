"""Two wheels for different CPUs as one: binaries of one path are joined, everything else has to be the same.

What differs is never chosen in silence: it is told, all of it at once, or taken from the first wheel where the caller says
so. WHEEL and RECORD are made anew; so a signature of RECORD would be untrue, and is left out.
"""

from __future__ import annotations

from ... import formats
from ...formats.macho.fat import fused_bytes, is_fusible
from ...model.binary import LOADABLE, Kind
from ...model.errors import FormatError, TruewheelError, WheelError
from ...model.record import NamedTuple
from .sources import BytesMember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .sources import ArchivedMember, SourceMember, WheelArchive

UNIVERSAL2 = frozenset({"x86_64", "arm64"})
"""The CPUs of ``universal2``."""
_MADE_ANEW = ("WHEEL", "RECORD", "RECORD.jws", "RECORD.p7s")


class FusedWheel:
    """Two wheels as one; see :class:`~truewheel.system.wheels.sources.WheelSource`.

    :ivar notes: what a person should know of how it was put together, a sentence each.
    """

    def __init__(
        self, dist_info: str, members: Sequence[SourceMember], notes: Sequence[str]
    ) -> None:
        self.dist_info = dist_info
        self.notes = tuple(notes)
        self._members = tuple(members)

    def members(self) -> tuple[SourceMember, ...]:
        """Return every file."""
        return self._members


class _Pair(NamedTuple):
    """A file that both wheels have.

    :param first: of the wheel that the caller named first.
    :param base: of the wheel whose copy is taken of what is equal in both, whichever was named first.
    """

    first: ArchivedMember
    second: ArchivedMember
    base: ArchivedMember


def fused(
    first: WheelArchive, second: WheelArchive, *, is_preferred: Callable[[str], bool]
) -> FusedWheel:
    """Return two wheels of one distribution as one.

    :param is_preferred: whether a file that differs is to be taken from the first.
    :raises TruewheelError: naming every file that stands in the way.
    :raises WheelError: when a file cannot be unpacked.
    """
    files = [_files_of(wheel) for wheel in (first, second)]
    # The result must not depend on the order of the two, and equal files may be compressed in two ways.
    is_first_base = first.archive.name <= second.archive.name
    members: list[SourceMember] = []
    notes: list[str] = []
    obstacles: list[str] = []
    for name in sorted(files[0].keys() | files[1].keys()):
        own, other = files[0].get(name), files[1].get(name)
        try:
            if own is not None and other is not None:
                pair = _Pair(own, other, own if is_first_base else other)
                members.append(_joined(pair, is_preferred, notes))
            else:
                members.append(_single(own or other, notes))
        except TruewheelError as error:
            if isinstance(error, (WheelError, FormatError)):
                raise
            obstacles.append(f"{name}: {error.message}")
    if obstacles:
        raise TruewheelError(
            f"{first.archive.name} and {second.archive.name} cannot be fused",
            context=obstacles,
            hint="build both from one source; --prefer-first GLOB takes files that differ from the first",
        )
    return FusedWheel(first.dist_info, members, notes)


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


# --- files of both ----------------------------------------------------------------------------------------------


def _joined(
    pair: _Pair, is_preferred: Callable[[str], bool], notes: list[str]
) -> SourceMember:
    """Return the one file that comes of two.

    :raises TruewheelError: when they differ, and are nothing that can be joined.
    """
    name = pair.first.name
    executable = pair.first.executable or pair.second.executable
    contents = [_content(pair.first), _content(pair.second)]
    if contents[0] == contents[1]:
        # As it was compressed, if its mode says what is wanted.
        if pair.base.executable == executable:
            return pair.base
        return BytesMember(name, contents[0], executable=executable)
    if all(is_fusible(content) for content in contents):
        return BytesMember(name, _fused_binary(contents), executable=executable)
    # It tells installers what the project is and needs: both wheels have to say the same.
    if name == f"{pair.first.source.dist_info}/METADATA":
        raise TruewheelError("it has to be the same in both")
    if not is_preferred(name):
        raise TruewheelError("it differs")
    notes.append(f"{name}: taken from {pair.first.source.archive.name}")
    return BytesMember(name, contents[0], executable=executable)


def _fused_binary(contents: Sequence[bytes]) -> bytes:
    """Return two binaries as one.

    :raises TruewheelError: when they cannot be joined, or one cannot be read.
    """
    try:
        return fused_bytes(contents)
    except FormatError as error:
        # It stands in the way like all others, and is named with them.
        raise TruewheelError(error.message) from error


# --- files of one -----------------------------------------------------------------------------------------------


def _single(member: ArchivedMember | None, notes: list[str]) -> SourceMember:
    """Return a file that one wheel has alone.

    A library for one CPU may stand beside one for the other, under another name: each slice loads its own. Whether all are
    there that are needed is for the judge to say.

    :raises TruewheelError: when it is code that the other CPU lacks.
    """
    assert member is not None
    owner = member.source.archive.name
    head, _ = member.head(formats.HEAD)
    if formats.sniff(head) is not None:
        binary = formats.read(_content(member))
        for piece in () if binary is None else binary.slices:
            cpus = {one.cpu for one in binary.slices} if binary is not None else set()
            is_code = piece.kind in LOADABLE and piece.kind is not Kind.SHARED
            if is_code and not cpus >= UNIVERSAL2:
                lacking = " and ".join(sorted(UNIVERSAL2 - cpus))
                raise TruewheelError(f"only {owner} has it, without code for {lacking}")
    notes.append(f"{member.name}: only in {owner}")
    return member
