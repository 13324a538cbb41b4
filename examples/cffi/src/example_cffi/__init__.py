"""CRC-32 of data in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._zlib import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Buffer

__all__ = ["combine", "crc32"]


def crc32(data: Buffer) -> int:
    """CRC-32 of a bytes-like object."""
    with ffi.from_buffer(data) as view:
        return lib.crc32(0, view, len(view))


def combine(first: int, second: int, length: int) -> int:
    """CRC-32 of joined data, from that of each half and the ``length`` of the second; without the data."""
    if length < 0:
        raise ValueError("a length is not negative")
    return lib.crc32_combine(first, second, length)
