"""Content of ZIP members unpacked: by libdeflate where it is installed, else by zlib. Checked by whoever asks."""

from __future__ import annotations

import zlib
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CHUNK = 1 << 20
"""Bytes that are unpacked at once where a member is read piece by piece."""
_INPUT = 1 << 15
"""Compressed bytes that zlib gets at once."""
LARGE = 1 << 16
"""Compressed bytes from which on a quicker codec is worth its import."""

_QUICK: dict[str, Any] = {}
"""libdeflate, once it has been asked for; ``None`` when it is not installed."""


def quick_codec(size: int) -> Any:
    """Return libdeflate, more than twice as fast as zlib, or ``None``.

    It comes with the extra ``fast``. For less than :data:`LARGE` bytes its import does not pay; once it is there, it serves
    the small ones too.
    """
    if size >= LARGE and not _QUICK:
        try:
            # Not looked for in sys.modules: a module stands there while another thread is still importing it.
            _QUICK["deflate"] = import_module("deflate")
        except ImportError:
            _QUICK["deflate"] = None
    return _QUICK.get("deflate")


def inflate(raw: memoryview, size: int) -> bytes | bytearray:
    """Return what ``raw`` unpacks to: at most one byte more than ``size``, so that a wrong claim shows.

    :raises ValueError: with a phrase for people, when the stream is broken.
    """
    quick = quick_codec(len(raw))
    if quick is not None:
        try:
            unpacked: bytearray = quick.deflate_decompress(raw, size)
        except quick.DeflateError:
            pass  # it says no more than that; zlib tells what is wrong
        else:
            return unpacked
    try:
        return zlib.decompressobj(-15).decompress(raw, size + 1)
    except zlib.error as error:
        raise ValueError(f"its data are broken ({error})") from error


def inflate_head(raw: memoryview, size: int) -> bytes:
    """Return the first ``size`` bytes of what ``raw`` unpacks to; nothing when it is broken."""
    # Deflate may need a table of some hundred bytes before it yields the first; this is enough for any.
    enough = raw[: size * 16 + 1024]
    try:
        return zlib.decompressobj(-15).decompress(enough, size)
    except zlib.error:
        return b""


class Inflating:
    """A deflate stream that is unpacked step by step, and can be gone back to where a copy was made of it.

    zlib copies what is left of its input with each step: so it gets little at a time.
    """

    __slots__ = ("_at", "_left", "_raw", "_stream")

    def __init__(self, raw: memoryview) -> None:
        """Stand at the beginning of ``raw``."""
        self._raw = raw
        self._at = 0
        self._left = b""
        self._stream = zlib.decompressobj(-15)

    def step(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``; none when the stream has ended, or was cut off.

        :raises ValueError: as :func:`inflate` does.
        """
        stream = self._stream
        while not stream.eof:
            has_more = self._at < len(self._raw)
            if not self._left and has_more:
                end = self._at + _INPUT
                self._left = bytes(self._raw[self._at : end])
                self._at = end
            try:
                piece = stream.decompress(self._left, size)
            except zlib.error as error:
                raise ValueError(f"its data are broken ({error})") from error
            self._left = stream.unconsumed_tail
            if piece or not has_more:
                return piece
        return b""

    def copy(self) -> Inflating:
        """Return another one that stands in the same place. It takes about 40 KB (zlib's "zlib.h", inflateCopy)."""
        twin = Inflating(self._raw)
        twin._at = self._at
        twin._left = self._left
        twin._stream = self._stream.copy()
        return twin


def inflated_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield what ``raw`` unpacks to, a megabyte at a time.

    :raises ValueError: as :func:`inflate` does.
    """
    stream = Inflating(raw)
    while piece := stream.step(CHUNK):
        yield piece


def stored_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield a member that is not compressed, a megabyte at a time."""
    for start in range(0, len(raw), CHUNK):
        end = start + CHUNK
        yield bytes(raw[start:end])


def crc_of(content: bytes | bytearray, before: int = 0) -> int:
    """Return the CRC-32 of ``content``.

    :param before: that of what comes in front of it.
    """
    size = len(content)
    codec = quick_codec(size) or zlib
    crc: int = codec.crc32(content, before)
    return crc
