"""The content of a file, unpacked, of which any part can be had without having the whole in memory.

A member of a wheel is not unpacked to the disk for that. It is inflated once from its beginning, which checks it, and on the way
the state of the stream is kept every few megabytes. Any of these spans is then inflated again when it is asked for. A reader
asks for few: of a library of 500 MB it wants the headers and the symbols, less than a tenth.
"""

from __future__ import annotations

import os

from . import deflate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...formats.cursor import Buffer
    from .zip_directory import Item
    from .zip_reader import Archive

SPAN = 1 << 20
"""Bytes of the shortest span that is inflated again at once."""
_MOST_SPANS = 256
"""States of a stream that are kept of one member: some 40 KB each."""
_SPANS_AT_HAND = 4
"""Spans that stay in memory: a table often goes on in the next one."""
_MOST_AGAIN = 4
"""How many times the whole member may be inflated again, span by span, before spans stay in memory. Only a file whose
tables lie scattered on purpose gets there."""


class OpenedContent:
    """Content that is open: it has a length, gives slices as bytes, and is closed by ``with``."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """Return a slice.

        :raises ValueError: with a phrase for people, when it cannot be had.
        """
        start, stop, step = part.indices(self._size)
        if step != 1:
            raise ValueError("only consecutive bytes can be had")
        if start >= stop:
            return b""
        return self._between(start, stop)

    def __enter__(self) -> OpenedContent:  # noqa: PYI034  # typing.Self is newer than our oldest Python
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what was taken."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece; a member of a wheel is checked on the way.

        :raises ValueError: with a phrase for people, when it is not what the archive says.
        """
        start = 0
        while start < self._size:
            piece = self[start : start + deflate.CHUNK]
            yield piece
            start += len(piece)

    def _between(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to ``stop``, which lie inside."""
        raise NotImplementedError


class BytesContent(OpenedContent):
    """Content that is in memory anyway."""

    def __init__(self, content: Buffer) -> None:
        super().__init__(len(content))
        self._content = content

    def _between(self, start: int, stop: int) -> bytes:
        return bytes(self._content[start:stop])


class FileContent(OpenedContent):
    """The content of a file on disk.

    :raises OSError: when it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # It stays open until the block of ``with`` ends.
        self._file = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115
        status = os.fstat(self._file.fileno())
        super().__init__(status.st_size)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _between(self, start: int, stop: int) -> bytes:
        """Return a part of the file.

        :raises ValueError: with a phrase for people, when it is not there any more.
        """
        left = stop - start
        parts = []
        self._file.seek(start)
        while left:
            # One read gives 2 GB at most (read(2)).
            part = self._file.read(left)
            if not part:
                raise ValueError("it became shorter while it was read")
            got = len(part)
            parts.append(part)
            left -= got
        return b"".join(parts)


class CheckedContent(OpenedContent):
    """A member of an archive. It is gone through and checked before any part of it is given.

    :param raw: its compressed bytes.
    """

    def __init__(self, archive: Archive, item: Item, raw: memoryview) -> None:
        """Begin unchecked."""
        super().__init__(item.size)
        self._archive = archive
        self._item = item
        self._raw = raw
        self._is_checked = False

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece, checked."""
        unchecked = self._unchecked()
        yield from self._archive.checked(self._item, unchecked)
        self._is_checked = True

    def _between(self, start: int, stop: int) -> bytes:
        """Return a part.

        :raises ValueError: with a phrase for people, when the member is not what the archive says.
        """
        if not self._is_checked:
            for _ in self.pieces():
                pass
        part = self._part(start, stop)
        self._archive.give_back_pages(len(part))
        return part

    def _unchecked(self) -> Iterator[bytes]:
        """Yield the content from its beginning."""
        raise NotImplementedError

    def _part(self, start: int, stop: int) -> bytes:
        """Return a part of what has been checked."""
        raise NotImplementedError


class StoredContent(CheckedContent):
    """A member that is not compressed."""

    def _unchecked(self) -> Iterator[bytes]:
        return deflate.stored_pieces(self._raw)

    def _part(self, start: int, stop: int) -> bytes:
        return bytes(self._raw[start:stop])


class InflatedContent(CheckedContent):
    """A member that is compressed."""

    def __init__(self, archive: Archive, item: Item, raw: memoryview) -> None:
        """Begin with nothing inflated."""
        super().__init__(archive, item, raw)
        shortest = item.size // _MOST_SPANS + 1
        self._span = max(SPAN, shortest)
        self._states: list[deflate.Inflating] = []
        self._at_hand: dict[int, bytes] = {}
        self._again = 0

    def __exit__(self, *_: object) -> None:
        self._is_checked = False
        self._states.clear()
        self._at_hand.clear()

    def _unchecked(self) -> Iterator[bytes]:
        """Yield the content, and keep the state of the stream where a span begins."""
        stream = deflate.Inflating(self._raw)
        self._states.clear()
        left = 0
        while True:
            # A span ends with a step, so that the next begins exactly here.
            if not left:
                self._states.append(stream.copy())
                left = self._span
            size = min(left, deflate.CHUNK)
            piece = stream.step(size)
            if not piece:
                return
            left -= len(piece)
            yield piece

    def _part(self, start: int, stop: int) -> bytes:
        """Return a part, out of as many spans as it lies in."""
        parts = []
        while start < stop:
            number, skipped = divmod(start, self._span)
            span = self._span_of(number)
            wanted = stop - start
            until = skipped + wanted
            part = span[skipped:until]
            size = len(part)
            parts.append(part)
            start += size
        return b"".join(parts)

    def _span_of(self, number: int) -> bytes:
        """Return one span: from those at hand, or inflated again."""
        at_hand = self._at_hand
        span = at_hand.pop(number, None)
        if span is None:
            self._make_room()
            span = self._inflated_again(number)
        at_hand[number] = span
        return span

    def _make_room(self) -> None:
        """Drop the span that has not been asked for the longest, when there are enough."""
        if len(self._at_hand) < _SPANS_AT_HAND:
            return
        if self._again > _MOST_AGAIN * self._size:
            return
        # A dictionary keeps its order.
        oldest = next(iter(self._at_hand))
        del self._at_hand[oldest]

    def _inflated_again(self, number: int) -> bytes:
        """Return one span, inflated from the state in which it begins.

        :raises ValueError: when the archive has changed since it was checked.
        """
        first = number * self._span
        left = self._size - first
        size = min(self._span, left)
        self._again += size
        stream = self._states[number].copy()
        parts = []
        while size:
            part = stream.step(size)
            got = len(part)
            if not got:
                raise ValueError("it changed while it was read")
            parts.append(part)
            size -= got
        return b"".join(parts)
