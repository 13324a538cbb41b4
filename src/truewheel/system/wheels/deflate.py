"""Content of ZIP members unpacked. Checked by whoever asks.

Two codecs come with the extra ``fast``. libdeflate is the fastest, and wants the whole of a member. zlib-ng goes step by step, as
zlib does, and takes little more than half of its time. Without them zlib does all. Content and errors are the same.
"""

from __future__ import annotations

import zlib
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CHUNK = 1 << 20
"""Bytes that are unpacked at once where a member is read piece by piece."""
_INPUT = 1 << 16
"""Compressed bytes that a stream gets at once. With more, memory falls to pieces between the kept states: 50 MB more."""
LARGE = 1 << 16
"""Compressed bytes from which on libdeflate is worth its import."""
LARGE_STREAM = 1 << 18
"""Likewise for zlib-ng, which saves less."""

_QUICK: dict[str, Any] = {}
"""The modules of quicker codecs, once they have been asked for; ``None`` when one is not installed."""


def quick_codec(size: int) -> Any:
    """Return libdeflate, more than twice as fast as zlib, or ``None``.

    It comes with the extra ``fast``. For less than :data:`LARGE` bytes its import does not pay; once it is there, it serves
    the small ones too.
    """
    if size >= LARGE:
        return _installed("deflate")
    return _QUICK.get("deflate")


def streaming_codec(size: int) -> Any:
    """Return zlib-ng for a stream of ``size`` bytes, where it is installed and worth its import, or else zlib.

    libdeflate cannot stream. ISA-L is as fast as zlib-ng, but its streams cannot be copied.
    """
    if size >= LARGE_STREAM:
        return _installed("zlib_ng.zlib_ng") or zlib
    return _QUICK.get("zlib_ng.zlib_ng") or zlib


def _installed(name: str) -> Any:
    """Return a module, or ``None``. It is looked for once."""
    if name not in _QUICK:
        try:
            # Not looked for in sys.modules: a module stands there while another thread is still importing it.
            _QUICK[name] = import_module(name)
        except ImportError:
            _QUICK[name] = None
    return _QUICK[name]


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

    __slots__ = ("_at", "_codec", "_left", "_raw", "_stream")

    def __init__(self, raw: memoryview) -> None:
        """Stand at the beginning of ``raw``."""
        self._raw = raw
        self._at = 0
        self._left = b""
        self._codec = streaming_codec(len(raw))
        self._stream = self._codec.decompressobj(-15)

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
                self._at += len(self._left)
            try:
                piece: bytes = stream.decompress(self._left, size)
            except self._codec.error as error:
                raise ValueError(f"its data are broken ({error})") from error
            self._left = stream.unconsumed_tail
            if piece or not has_more:
                return piece
        return b""

    def copy(self) -> Inflating:
        """Return another one that stands in the same place. It takes about 40 KB (zlib's "zlib.h", inflateCopy)."""
        twin = Inflating(self._raw)
        # What is left of the input is read again: many copies are kept, and each would hold it.
        twin._at = self._at - len(self._left)
        twin._codec = self._codec
        twin._stream = self._stream.copy()
        return twin


def inflated_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield what ``raw`` unpacks to, :data:`CHUNK` bytes at a time at most.

    :raises ValueError: as :func:`inflate` does.
    """
    stream = Inflating(raw)
    while piece := stream.step(CHUNK):
        yield piece


def stored_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield a member that is not compressed, likewise."""
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
