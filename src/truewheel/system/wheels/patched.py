"""Binary files with changes, as members of a wheel: made of the old file while they are read, never written anywhere first."""

from __future__ import annotations

import bisect

from ...model.edits import Kept, chunks_of, size_of
from ...model.errors import WheelError
from .blocks import InPieces
from .opened_content import OpenedContent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Pieces, Sliceable
    from ...model.record_file import RecordRow
    from .zip_writer import Packer


class PatchedContent(OpenedContent):
    """The content of a file that is made of parts of an old one, and of new bytes.

    :param old: the old one, which has to stay open.
    """

    def __init__(self, old: Sliceable, pieces: Pieces) -> None:
        super().__init__(size_of(pieces))
        self._old = old
        self._pieces = pieces
        self._starts = []
        start = 0
        for piece in pieces:
            self._starts.append(start)
            start += size_of((piece,))

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        return chunks_of(self._old, self._pieces)

    def _between(self, start: int, stop: int) -> bytes:
        """Return a part, out of as many pieces as it lies in."""
        parts = []
        # The last piece that begins here or before; empty ones before it begin at the same place.
        index = bisect.bisect_right(self._starts, start) - 1
        while start < stop:
            skipped = start - self._starts[index]
            piece = self._pieces[index]
            wanted = stop - start
            part = self._part_of(piece, skipped, wanted)
            parts.append(part)
            start += len(part)
            index += 1
        return b"".join(parts)

    def _part_of(self, piece: Kept | bytes, skipped: int, size: int) -> bytes:
        """Return what one piece has from ``skipped`` on, at most ``size`` bytes."""
        if not isinstance(piece, Kept):
            until = skipped + size
            return piece[skipped:until]
        first = piece.start + skipped
        last = min(first + size, piece.stop)
        part = self._old[first:last]
        return bytes(part)


class PatchedMember:
    """A file of a wheel with changes; see :class:`~truewheel.system.wheels.sources.SourceMember`.

    :param old: the file without them, opened for as long as this member is used.
    :param pieces: what the writer of its format made of the edits.
    """

    __slots__ = ("_old", "_pieces", "executable", "name", "size")

    def __init__(
        self, name: str, old: Sliceable, pieces: Pieces, *, executable: bool = False
    ) -> None:
        """Make nothing yet."""
        self.name = name
        self._old = old
        self._pieces = pieces
        self.size = size_of(pieces)
        self.executable = executable

    def head(self, size: int) -> tuple[bytes, str | None]:
        """Return how it begins, and why it cannot be had, if so."""
        try:
            return self.content()[:size], None
        except ValueError as error:
            return b"", str(error)

    def read(self) -> bytes:
        """Return the content.

        :raises ValueError: with a phrase for people, when the old file cannot be read.
        """
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        return chunks_of(self._old, self._pieces)

    def content(self) -> PatchedContent:
        """Return the content, put together where it is asked for."""
        return PatchedContent(self._old, self._pieces)

    def write_to(self, packer: Packer) -> RecordRow:
        """Compress it into the archive.

        :raises WheelError: when the old file cannot be read.
        """
        content = InPieces(self.size, self.pieces())
        try:
            return packer.add(self.name, content, executable=self.executable)
        except ValueError as error:
            raise WheelError(f"{self.name} cannot be written: {error}") from error
