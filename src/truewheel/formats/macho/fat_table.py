"""The table of a fat file: which slice is where, read and written.

Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/fat.h; all in big-endian order.
"""

from __future__ import annotations

import struct

from ...model.record import Record
from .layout import FAT_ARCH, FAT_HEADER_SIZE, FAT_MAGIC, MOST_SLICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor

LARGEST_TABLE = FAT_HEADER_SIZE + MOST_SLICES * 32
"""Bytes from which the table of every fat file can be read."""
_LARGEST_ALIGNMENT = 15
"""``MAXSECTALIGN``: of two to this power, ``lipo`` takes no more."""


class FatArch(Record):
    """``fat_arch``: a slice, and the CPU that it is for, by which the loader chooses one.

    :param align: the slice begins at a multiple of two to this power.
    """

    cpu_type: int
    cpu_subtype: int
    offset: int
    size: int
    align: int

    @property
    def end(self) -> int:
        """Where the slice ends."""
        return self.offset + self.size


def read_table(view: Cursor, magic: bytes) -> tuple[FatArch, ...]:
    """Return the slices of a fat file, in the order of its table.

    :raises FormatError: when two overlap, or one lies over the table.
    """
    layout = FAT_ARCH[magic]
    count = view.number("I", 4, "nfat_arch")
    archs = []
    for cpu_type, cpu_subtype, offset, size, align, *_ in view.rows(
        layout,
        FAT_HEADER_SIZE,
        count,
        "fat_arch",
    ):
        archs.append(
            FatArch(
                cpu_type=cpu_type,
                cpu_subtype=cpu_subtype,
                offset=offset,
                size=size,
                align=align,
            )
        )
    # Slices lie behind the table, in any order.
    end = FAT_HEADER_SIZE + count * struct.calcsize(">" + layout)
    for arch in sorted(archs, key=lambda arch: arch.offset):
        if arch.offset < end:
            view.fail(
                "slices overlap",
                offset=arch.offset,
                field="fat_arch",
                value=arch.offset,
            )
        end = arch.end
    return tuple(archs)


def check_alignments(view: Cursor, archs: Sequence[FatArch]) -> None:
    """Refuse an alignment that nobody writes: padding for it would be as large as a file can be.

    :raises FormatError: when a slice has one.
    """
    for arch in archs:
        if arch.align > _LARGEST_ALIGNMENT:
            view.fail(
                "the alignment of a slice is impossible",
                offset=FAT_HEADER_SIZE,
                field="align",
                value=arch.align,
            )


def table(magic: bytes, archs: Sequence[FatArch]) -> bytes:
    """Return the header of a fat file and its table."""
    rows = struct.pack(">4sI", magic, len(archs))
    for arch in archs:
        values = [arch.cpu_type, arch.cpu_subtype, arch.offset, arch.size, arch.align]
        if magic != FAT_MAGIC:
            # reserved, in fat_arch_64 alone
            values.append(0)
        rows += struct.pack(">" + FAT_ARCH[magic], *values)
    return rows


def fits_table(magic: bytes, archs: Sequence[FatArch]) -> bool:
    """Return whether the table can tell where all slices are: ``FAT_MAGIC`` has 32 bits for that."""
    return magic != FAT_MAGIC or max(arch.end for arch in archs) < 1 << 32
