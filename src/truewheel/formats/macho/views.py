"""Parts of a file, and a file that is still in pieces, as things that can be cut. Nothing is copied but what is asked for."""

from __future__ import annotations

from ...model.edits import Kept, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Pieces, Sliceable


class Part:
    """A part of a file as a file of its own: a slice of a fat one.

    >>> part = Part(b"0123456789", 2, 6)
    >>> len(part), part[1:3]
    (4, b'34')
    """

    __slots__ = ("data", "start", "stop")

    def __init__(self, data: Sliceable, start: int, stop: int) -> None:
        self.data = data
        self.start = start
        self.stop = stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice, /) -> bytes:
        first, end, _ = part.indices(len(self))
        return bytes(self.data[self.start + first : self.start + max(first, end)])


class Joined:
    """The new file that pieces of an old one make, without making it.

    >>> joined = Joined(b"0123456789", (Kept(0, 2), b"ab", Kept(8, 10)))
    >>> len(joined), joined[1:5]
    (6, b'1ab8')
    """

    __slots__ = ("old", "pieces")

    def __init__(self, old: Sliceable, pieces: Pieces) -> None:
        self.old = old
        self.pieces = pieces

    def __len__(self) -> int:
        return size_of(self.pieces)

    def __getitem__(self, part: slice, /) -> bytes:
        first, end, _ = part.indices(len(self))
        return b"".join(self._cut(first, end))

    def _cut(self, first: int, end: int) -> Iterator[bytes]:
        """Yield what each piece has of the bytes from ``first`` to ``end``."""
        here = 0
        for piece in self.pieces:
            # Both ends as the piece counts them: outside of it they are beyond its own.
            size = size_of((piece,))
            start = max(first - here, 0)
            stop = min(end - here, size)
            here += size
            if start >= stop:
                continue
            if isinstance(piece, Kept):
                yield bytes(self.old[piece.start + start : piece.start + stop])
            else:
                yield piece[start:stop]


def moved(pieces: Pieces, by: int) -> Pieces:
    """Return pieces of a part as pieces of the whole file, in which the part begins at ``by``.

    >>> moved((b"ab", Kept(0, 4)), 16)
    (b'ab', Kept(start=16, stop=20))
    """
    found: list[Kept | bytes] = []
    for piece in pieces:
        if isinstance(piece, Kept):
            found.append(Kept(piece.start + by, piece.stop + by))
        else:
            found.append(piece)
    return tuple(found)


def rounded_up(number: int, multiple: int) -> int:
    """Return the first multiple that is not less than a number.

    >>> rounded_up(17, 16), rounded_up(16, 16)
    (32, 16)
    """
    return -(-number // multiple) * multiple
