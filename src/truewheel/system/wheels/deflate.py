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


def inflated_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield what ``raw`` unpacks to, a megabyte at a time.

    :raises ValueError: as :func:`inflate` does.
    """
    stream = zlib.decompressobj(-15)
    left: bytes | memoryview = raw
    try:
        while not stream.eof:
            piece = stream.decompress(left, CHUNK)
            if not piece:
                return
            yield piece
            left = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"its data are broken ({error})") from error


def stored_pieces(raw: memoryview) -> Iterator[bytes]:
    """Yield a member that is not compressed, a megabyte at a time."""
    for start in range(0, len(raw), CHUNK):
        yield bytes(raw[start : start + CHUNK])


def crc_of(content: bytes | bytearray) -> int:
    """Return the CRC-32 of ``content``."""
    codec = quick_codec(len(content)) or zlib
    crc: int = codec.crc32(content)
    return crc
