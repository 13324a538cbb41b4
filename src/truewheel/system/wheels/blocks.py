"""Content cut into the blocks that are compressed side by side, wherever it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from ...formats.cursor import Buffer

BLOCK = 1 << 19
"""Bytes per block: the archive's bytes depend on it."""


class InPieces(NamedTuple):
    """Content that comes piece by piece, so that it need not fit into memory.

    :param size: of all pieces together, in bytes.
    """

    size: int
    pieces: Iterable[Buffer]


def size_of(source: Path | bytes | InPieces) -> int:
    """Return how many bytes a member is to have."""
    if isinstance(source, InPieces):
        return source.size
    if isinstance(source, bytes):
        return len(source)
    return source.stat().st_size


def blocks_of(source: Path | bytes | InPieces) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks of the content, and whether each is the last."""
    if isinstance(source, InPieces):
        yield from _with_last(_regrouped(source.pieces))
    elif isinstance(source, bytes):
        yield from _with_last(_regrouped((source,)))
    else:
        with source.open("rb") as file:
            yield from _with_last(_blocks_of_file(file))


def _blocks_of_file(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks, and whether each is the last."""
    # One block ahead: only the last may end the stream, and a file's size may change while it is read.
    block = next(blocks, b"")
    while block:
        following = next(blocks, b"")
        yield block, not following
        block = following


def _regrouped(pieces: Iterable[Buffer]) -> Iterator[bytes]:
    """Yield the content of pieces in blocks of the fixed size; the last may be shorter."""
    gathered = bytearray()
    for piece in pieces:
        # A piece may be as large as it likes, and is not copied as a whole.
        left = memoryview(piece)
        while left:
            missing = BLOCK - len(gathered)
            gathered += left[:missing]
            left = left[missing:]
            if len(gathered) == BLOCK:
                yield bytes(gathered)
                gathered.clear()
    if gathered:
        yield bytes(gathered)
