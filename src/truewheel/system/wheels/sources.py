"""Where a wheel's files come from: one protocol, for a tree that was just built and for a wheel on disk.

A source is read by :func:`~truewheel.system.wheels.reading.contents_of` and written by
:func:`~truewheel.system.wheels.writing.write`. Whatever changes a wheel on its way is one more source.
"""

from __future__ import annotations

import stat

from ...model.errors import WheelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Protocol

    from ...formats.cursor import Buffer
    from ...model.record_file import RecordRow
    from ...model.tree import Entry, Tree
    from .opened_content import OpenedContent
    from .zip_directory import Item
    from .zip_reader import Archive
    from .zip_writer import Packer
else:
    # typing is slow to import, and `truewheel show` comes through here.
    Protocol = object

_CHUNK = 1 << 20
"""Bytes of a file that are read at once where only a hash is wanted."""


class SourceMember(Protocol):
    """One file of a wheel, wherever it comes from.

    :ivar name: in the archive, with ``/``; a directory's ends with one.
    :ivar size: in bytes, uncompressed.
    :ivar executable: whether any executable bit is set.
    """

    name: str
    size: int
    executable: bool

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return the first ``size`` bytes, and why they cannot be had (a phrase for people), if so."""

    def read(self) -> Buffer:
        """Return the whole content.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece, so that it need not fit into memory.

        :raises ValueError: as :meth:`read` does.
        """

    def content(self) -> OpenedContent:
        """Return the content, opened: to be closed with ``with``. Any part of it can be had, and it need not fit into memory.

        :raises ValueError: as :meth:`read` does; and so do its slices.
        """

    def write_to(self, packer: Packer) -> RecordRow | None:
        """Append this member to an archive; return its row of RECORD, if it is to have one."""


class WheelSource(Protocol):
    """All files of a wheel, in any order.

    :ivar dist_info: the name of the metadata directory, ``pkg-1.0.dist-info``.
    """

    dist_info: str

    def members(self) -> Iterable[SourceMember]:
        """Return every file, and maybe directories."""


# --- a tree that was just built ---------------------------------------------------------------------------------


class StagedTree:
    """The tree that a build made, as a source; see :class:`WheelSource`."""

    def __init__(self, tree: Tree, dist_info: str) -> None:
        self.tree = tree
        self.dist_info = dist_info

    def members(self) -> Iterable[SourceMember]:
        """Return a member for each file of the tree, under its name in the archive."""
        from ...model.tree import archive_path  # only builds have a tree

        for entry in self.tree.entries:
            yield member_of(entry, archive_path(entry, self.dist_info))


def member_of(entry: Entry, name: str) -> SourceMember:
    """Return a file of a tree as a member of that name."""
    if isinstance(entry.source, bytes):
        return BytesMember(name, entry.source, executable=entry.executable)
    return FileMember(name, entry.source, executable=entry.executable)


class BytesMember:
    """A file that was made in memory; see :class:`SourceMember`."""

    __slots__ = ("_content", "executable", "name", "size")

    def __init__(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self.name = name
        self._content = content
        self.size = len(content)
        self.executable = executable

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return how it begins."""
        return self._content[:size], None

    def read(self) -> Buffer:
        """Return the content."""
        return self._content

    def pieces(self) -> Iterator[bytes]:
        """Yield the content at once."""
        yield self._content

    def content(self) -> OpenedContent:
        """Return the content as it is."""
        from .opened_content import BytesContent  # only repairs open what was made

        return BytesContent(self._content)

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive."""
        return packer.add(self.name, self._content, executable=self.executable)


class FileMember:
    """A file on disk; see :class:`SourceMember`."""

    __slots__ = ("executable", "is_regular", "name", "path", "size")

    def __init__(self, name: str, path: Path, *, executable: bool = False) -> None:
        status = path.stat()
        self.name = name
        self.path = path
        self.size = status.st_size
        self.is_regular = stat.S_ISREG(status.st_mode)
        self.executable = executable

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return how it begins; nothing of what is not a regular file, for reading that could wait forever."""
        if not self.is_regular:
            return b"", None
        with self.path.open("rb") as file:
            return file.read(size), None

    def read(self) -> Buffer:
        """Return the content."""
        return self.path.read_bytes()

    def pieces(self) -> Iterator[bytes]:
        """Yield the content a megabyte at a time."""
        with self.path.open("rb") as file:
            while piece := file.read(_CHUNK):
                yield piece

    def content(self) -> OpenedContent:
        """Return the content, read where it is asked for."""
        from .opened_content import FileContent  # only large files are opened

        return FileContent(self.path)

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive."""
        return packer.add(self.name, self.path, executable=self.executable)


# --- a wheel on disk --------------------------------------------------------------------------------------------


class WheelArchive:
    """An open wheel as a source; see :class:`WheelSource`.

    :param dist_info: the name of its metadata directory.
    :param rows: the rows of its RECORD by path; only writing needs them.
    """

    def __init__(
        self,
        archive: Archive,
        dist_info: str,
        rows: Mapping[str, RecordRow] | None = None,
    ) -> None:
        self.archive = archive
        self.dist_info = dist_info
        self.rows = {} if rows is None else rows

    def members(self) -> list[ArchivedMember]:
        """Return a member for each entry of the archive, in the order of its directory."""
        return [ArchivedMember(self, item) for item in self.archive.items]


class ArchivedMember:
    """A member of an open wheel; see :class:`SourceMember`. It is copied as it is, without being compressed again."""

    __slots__ = ("executable", "item", "name", "size", "source")

    def __init__(self, source: WheelArchive, item: Item) -> None:
        self.source = source
        self.item = item
        self.name = item.name
        self.size = item.size
        executable_bits = item.mode & 0o111
        self.executable = bool(executable_bits)

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return how it begins, and why it cannot be found, if so."""
        archive = self.source.archive
        return archive.head(self.item, size)

    def read(self) -> Buffer:
        """Return the content, checked against its size and CRC."""
        archive = self.source.archive
        return archive.read(self.item)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece, checked likewise."""
        archive = self.source.archive
        return archive.pieces(self.item)

    def content(self) -> OpenedContent:
        """Return the content, inflated where it is asked for."""
        archive = self.source.archive
        return archive.content(self.item)

    def write_to(self, packer: Packer) -> RecordRow | None:
        """Copy the compressed bytes.

        :raises WheelError: when they are not where the archive says.
        """
        archive, item = self.source.archive, self.item
        try:
            raw = archive.packed_pieces(item)
        except ValueError as error:
            raise WheelError(
                f"{archive.name}: {item.name} cannot be copied: {error}"
            ) from error
        packer.copy(
            item.name,
            raw,
            packed_size=item.compressed_size,
            method=item.method,
            crc=item.crc,
            size=item.size,
            mode=item.mode,
        )
        return self._row()

    def _row(self) -> RecordRow | None:
        """Return the row that RECORD has for it, or a new one where it has none.

        Signatures of RECORD (``RECORD.jws``, ``RECORD.p7s``) have no row: they came after it.
        """
        known = self.source.rows.get(self.name)
        if known is not None:
            return known
        if self.name.startswith(f"{self.source.dist_info}/RECORD."):
            return None
        from .hashing import row_of

        return row_of(self.name, self.pieces())
