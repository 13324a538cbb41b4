"""``CheckSum`` of the optional header, which drivers and system libraries must have, and others may.

Microsoft's ``ImageHlp`` computes it: https://learn.microsoft.com/en-us/windows/win32/api/imagehlp/nf-imagehlp-checksummappedfile
"""

from __future__ import annotations

import struct

from ...model.edits import chunks_of, overwritten, size_of
from ...model.errors import RepairError
from .layout import CHECKSUM_AT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.edits import Pieces, Sliceable
    from .on_disk import OnDisk

_MODULUS = 0xFFFF
"""Sums of 16-bit words with the carry added again are sums modulo this."""


def checksum_of(old: Sliceable, pieces: Pieces) -> int:
    """Return the checksum of a new file, in which the field itself is zero: a sum of its 16-bit words, and its size.

    A number in base 65536 is the sum of its digits modulo 65535. So each chunk is one large number, which takes a thousandth
    of the time that its words take one by one.
    """
    total = 0
    offset = 0
    for chunk in chunks_of(old, pieces):
        value = int.from_bytes(chunk, "little") % _MODULUS
        # A chunk that begins within a word counts 256 times as much.
        if offset % 2:
            value <<= 8
        total += value
        offset += len(chunk)
    # A carry that is added again never leaves zero. No image is zeros alone.
    folded = total % _MODULUS or _MODULUS
    return folded + size_of(pieces)


def with_checksum(
    file: OnDisk,
    end: int,
    changes: list[tuple[int, bytes]],
    tail: bytes = b"",
) -> Pieces:
    """Return the new file, with its checksum if the old one has one.

    :raises RepairError: when changes overlap, as they do only where the tables of a file do.
    """
    checksum_at = file.optional_header + CHECKSUM_AT
    old_checksum = file.cursor.number("I", checksum_at, "CheckSum")
    if not old_checksum:
        return joined(end, changes, tail)
    # The sum is over the file with zeros in the place of the sum.
    field = (checksum_at, bytes(4))
    without = joined(end, [*changes, field], tail)
    checksum = checksum_of(file.data, without) & 0xFFFFFFFF
    field = (checksum_at, struct.pack("<I", checksum))
    return joined(end, [*changes, field], tail)


def joined(end: int, changes: list[tuple[int, bytes]], tail: bytes = b"") -> Pieces:
    """Return the file up to ``end`` with changes, and what follows.

    :raises RepairError: when changes overlap.
    """
    reach = 0
    for offset, new in sorted(changes):
        if offset < reach:
            raise RepairError("it cannot be changed: its tables overlap")
        reach = offset + len(new)
    if reach > end:
        raise RepairError("it cannot be changed: its tables overlap")
    pieces = overwritten(end, changes)
    if tail:
        pieces += (tail,)
    return pieces
