"""A wheel that is being made self-contained: its files, the copied libraries, and the edits, as one more source.

Nothing is changed in place. Members without an edit are handed on as they are, so that those of a wheel on disk are not
compressed again.
"""

from __future__ import annotations

from ... import formats
from ...model.edits import chunks_of
from ...model.errors import RepairError, TruewheelError
from .hashing import hex_digest
from .sources import BytesMember, FileMember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...model.edits import Edit
    from ...model.repair_plan import Copy, RepairPlan
    from ..libraries import LibrariesOnDisk
    from .sources import SourceMember, WheelSource


class Repaired:
    """A source with a plan carried out; see :class:`~truewheel.system.wheels.sources.WheelSource`.

    :ivar changed: the members that are new or other than those of the first source.
    :ivar dist_info: the name of the metadata directory.
    """

    def __init__(
        self, source: WheelSource, plan: RepairPlan, libraries: LibrariesOnDisk
    ) -> None:
        """Make the edits.

        :raises RepairError: when a file has no room for what it must say, or was changed meanwhile.
        """
        self.dist_info = source.dist_info
        self._source = source
        edits = {row.path: row.edits for row in plan.edits}
        moves = {move.path: move.new_path for move in plan.moves}
        self.changed: dict[str, SourceMember] = {}
        for member in source.members():
            path = moves.get(member.name, member.name)
            if path in edits:
                self.changed[path] = _patched(member, path, edits[path])
        for copy in plan.copies:
            self.changed[copy.path] = _copied(copy, edits, libraries)

    def members(self) -> Iterator[SourceMember]:
        """Yield every file, changed ones in the place of the old."""
        new = dict(self.changed)
        for member in self._source.members():
            yield new.pop(member.name, member)
        yield from new.values()

    def digest_of(self, path: str) -> str:
        """Return the SHA-256 of a changed member, in hex digits."""
        return hex_digest(self.changed[path].pieces())

    def add(self, files: Mapping[str, bytes], *, executable: bool = False) -> None:
        """Add files that were made, or replace some: the bill of materials, licences.

        :param files: contents by their names in the archive.
        """
        for name, content in files.items():
            self.changed[name] = BytesMember(name, content, executable=executable)


def _patched(member: SourceMember, path: str, edits: Iterable[Edit]) -> SourceMember:
    """Return a member with edits made, under a name in the archive.

    :raises RepairError: when they cannot be made, or the member cannot be unpacked.
    """
    try:
        old = member.read()
        pieces = formats.patch(old, tuple(edits))
    except ValueError as error:
        raise RepairError(
            f"{member.name} cannot be read", context=[str(error)]
        ) from error
    except TruewheelError as error:
        # The writer of a format knows no names of files.
        raise RepairError(
            f"{member.name}: {error.message}", context=error.context, hint=error.hint
        ) from error
    content = b"".join(chunks_of(old, pieces))
    return BytesMember(path, content, executable=member.executable)


def _copied(
    copy: Copy, edits: Mapping[str, tuple[Edit, ...]], libraries: LibrariesOnDisk
) -> SourceMember:
    """Return a library of the machine as a member.

    :raises RepairError: when it is no longer what was judged.
    """
    try:
        member = FileMember(copy.path, libraries.place(copy.source))
        content = bytes(member.read())
    except OSError as error:
        raise RepairError(
            f"{copy.source} cannot be read", context=[str(error)]
        ) from error
    if hex_digest([content]) != copy.digest:
        raise RepairError(
            f"{copy.source} was changed while the wheel was being repaired",
            hint="wait until nothing writes it any more, and repair again",
        )
    # Modes differ between systems; a loader needs to read it, and that is all.
    read = BytesMember(copy.path, content)
    if copy.path not in edits:
        return read
    return _patched(read, copy.path, edits[copy.path])
