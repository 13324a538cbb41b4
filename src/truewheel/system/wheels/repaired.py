"""A wheel that is being made self-contained: its files, the copied libraries, and the edits, as one more source.

Nothing is changed in place, and no file need fit into memory. Members without an edit are handed on as they are, so that those
of a wheel on disk are not compressed again.
"""

from __future__ import annotations

import contextlib

from ... import formats
from ...model.edits import chunks_of, size_of
from ...model.errors import RepairError, TruewheelError
from .hashing import hex_digest
from .patched import PatchedMember
from .sources import BytesMember, FileMember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...model.edits import Edit, Pieces
    from ...model.record_file import RecordRow
    from ...model.repair_plan import Copy, RepairPlan
    from ..libraries import LibrariesOnDisk
    from .opened_content import OpenedContent
    from .sources import SourceMember, WheelSource
    from .zip_writer import Packer


class Repaired:
    """A source with a plan carried out; see :class:`~truewheel.system.wheels.sources.WheelSource`.

    :ivar changed: the members that are new or other than those of the first source, by name.
    :ivar dist_info: the name of the metadata directory.
    """

    def __init__(
        self,
        source: WheelSource,
        plan: RepairPlan,
        libraries: LibrariesOnDisk,
    ) -> None:
        """Work out the edits; the files are made when they are read.

        :raises RepairError: when a file has no room for what it must say, or cannot be read.
        """
        self.dist_info = source.dist_info
        self._source = source
        edits = {row.path: row.edits for row in plan.edits}
        moves = {move.path: move.new_path for move in plan.moves}
        self.changed: dict[str, SourceMember] = {}
        for member in source.members():
            path = moves.get(member.name, member.name)
            is_moved = member.name in moves
            if is_moved or path in edits:
                # Installers make scripts executable by themselves, and other files only when the archive says so.
                executable = member.executable or is_moved
                self.changed[path] = _edited(
                    member, path, edits.get(path, ()), executable=executable
                )
        for copy in plan.copies:
            self.changed[copy.path] = _copied(copy, edits.get(copy.path, ()), libraries)

    def members(self) -> Iterator[SourceMember]:
        """Yield every file, changed ones in the place of the old."""
        new = dict(self.changed)
        for member in self._source.members():
            yield new.pop(member.name, member)
        yield from new.values()

    def digest_of(self, path: str) -> str:
        """Return the SHA-256 of a changed member, in hex digits."""
        return hex_digest(self.changed[path].pieces())

    def add(
        self,
        files: Mapping[str, bytes],
        *,
        executable: bool = False,
    ) -> None:
        """Add files that were made, or replace some: the bill of materials, licences.

        :param files: contents by their names in the archive.
        """
        for name, content in files.items():
            self.changed[name] = BytesMember(name, content, executable=executable)


class EditedMember:
    """A file with edits; see :class:`~truewheel.system.wheels.sources.SourceMember`. The old one is opened for each use.

    :param pieces: what the writer of its format made of the edits.
    """

    def __init__(
        self,
        name: str,
        old: SourceMember,
        pieces: Pieces,
        *,
        executable: bool,
    ) -> None:
        """Make nothing yet."""
        self.name = name
        self.executable = executable
        self.size = size_of(pieces)
        self._old = old
        self._pieces = pieces

    @contextlib.contextmanager
    def _opened(self) -> Iterator[PatchedMember]:
        with self._old.content() as old:
            yield PatchedMember(
                self.name, old, self._pieces, executable=self.executable
            )

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return how it begins, and why it cannot be had, if so."""
        with self._opened() as member:
            return member.head(size)

    def read(self) -> bytes:
        """Return the content."""
        with self._opened() as member:
            return member.read()

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        with self._old.content() as old:
            yield from chunks_of(old, self._pieces)

    def content(self) -> OpenedContent:
        """Return the content, put together where it is asked for."""
        from .patched import PatchedContent

        return PatchedContent(self._old.content(), self._pieces)

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive."""
        with self._opened() as member:
            return member.write_to(packer)


class _CopiedFile(FileMember):
    """A library of the machine, held to be what was judged until it is written."""

    def __init__(
        self,
        copy: Copy,
        libraries: LibrariesOnDisk,
    ) -> None:
        super().__init__(copy.path, libraries.place(copy.source))
        self._copy = copy
        self._libraries = libraries

    def content(self) -> OpenedContent:
        """Return the content, read where it is asked for.

        :raises RepairError: when it is no longer what was judged.
        """
        self.require_unchanged()
        return super().content()

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive.

        :raises RepairError: when it is no longer what was judged.
        """
        row = super().write_to(packer)
        self.require_unchanged()
        return row

    def require_unchanged(self) -> None:
        """Raise an error when somebody has written the file since it was judged.

        :raises RepairError: naming it.
        """
        if self._libraries.has_changed(self._copy.source):
            raise RepairError(
                f"{self._copy.source} was changed while the wheel was being repaired",
                hint="wait until nothing writes it any more, and repair again",
            )


class _CopiedMember(EditedMember):
    """A library of the machine with edits."""

    def __init__(
        self,
        name: str,
        old: _CopiedFile,
        pieces: Pieces,
        *,
        executable: bool,
    ) -> None:
        """Make nothing yet."""
        super().__init__(name, old, pieces, executable=executable)
        self._file = old

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive.

        :raises RepairError: when it is no longer what was judged.
        """
        row = super().write_to(packer)
        self._file.require_unchanged()
        return row


def _copied(
    copy: Copy,
    edits: tuple[Edit, ...],
    libraries: LibrariesOnDisk,
) -> SourceMember:
    """Return a library of the machine as a member.

    :raises RepairError: when it cannot be read, or is no longer what was judged.
    """
    try:
        file = _CopiedFile(copy, libraries)
        # Modes differ between systems: a loader needs to read it, and that is all.
        if not edits:
            return file
        pieces = _pieces(file, edits, named=copy.source)
    except OSError as error:
        raise RepairError(
            f"{copy.source} cannot be read", context=[str(error)]
        ) from error
    return _CopiedMember(copy.path, file, pieces, executable=False)


def _edited(
    member: SourceMember,
    path: str,
    edits: Iterable[Edit],
    *,
    executable: bool,
) -> SourceMember:
    """Return a member with edits, under a name in the archive.

    :raises RepairError: when they cannot be made, or the member cannot be unpacked.
    """
    pieces = _pieces(member, edits, named=member.name)
    return EditedMember(path, member, pieces, executable=executable)


def _pieces(
    member: SourceMember,
    edits: Iterable[Edit],
    *,
    named: str,
) -> Pieces:
    """Return what the writer of a file's format makes of edits.

    :param named: what people know the file by.
    :raises RepairError: naming the file, which the writer does not know.
    """
    try:
        with member.content() as old:
            form = formats.sniff(old[: formats.HEAD])
            if form is None:
                raise RepairError(f"{named} is no binary")
            return formats.patch(form, old, tuple(edits))
    except ValueError as error:
        raise RepairError(f"{named} cannot be read", context=[str(error)]) from error
    except TruewheelError as error:
        raise RepairError(
            f"{named}: {error.message}", context=error.context, hint=error.hint
        ) from error
