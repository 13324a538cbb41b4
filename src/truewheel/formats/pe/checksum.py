"""``CheckSum`` of the optional header, which drivers and system libraries must have, and others may.

Microsoft's ``ImageHlp`` computes it: https://learn.microsoft.com/en-us/windows/win32/api/imagehlp/nf-imagehlp-checksummappedfile
"""

from __future__ import annotations

from ...model.edits import chunks_of, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.edits import Pieces, Sliceable

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
