"""Thin files for different CPUs joined into one that serves them all, as ``lipo -create`` does.

The result is what LLVM's ``lipo`` writes, byte for byte. Source:
https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/fat.h
"""

from __future__ import annotations

from ...model.edits import CHUNK
from ...model.errors import TruewheelError
from ...model.record import NamedTuple, Record
from .. import ar
from ..cursor import Cursor
from .fat_table import (
    LARGEST_TABLE,
    FatArch,
    check_alignments,
    fits_table,
    read_table,
    table,
)
from .layout import (
    CPU_TYPE_ARM,
    CPU_TYPE_ARM64,
    CPU_TYPE_ARM64_32,
    CPU_TYPE_I386,
    CPU_TYPE_X86_64,
    FAT_ARCH,
    FAT_HEADER_SIZE,
    FAT_MAGIC,
    SUBTYPE_NUMBER,
    THIN,
    cpu_name,
)
from .views import Part, rounded_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.binary import Binary, Slice
    from ...model.edits import Sliceable
    from ..cursor import Buffer

ALIGNMENTS = {
    CPU_TYPE_I386: 12,
    CPU_TYPE_X86_64: 12,
    CPU_TYPE_ARM: 14,
    CPU_TYPE_ARM64: 14,
    CPU_TYPE_ARM64_32: 14,
}
"""Where slices begin, as powers of two: ``lipo``'s choice, the page sizes of the CPUs."""
_ARCHIVE_ALIGNMENT = 3
"""Of static libraries for 64 bits: nobody maps them into memory."""
_SUBTYPES = {"x86_64": (CPU_TYPE_X86_64, 3), "arm64": (CPU_TYPE_ARM64, 0)}
"""``CPU_SUBTYPE_*_ALL``, of static libraries, which do not tell their own."""


class From(NamedTuple):
    """A part of one of several files."""

    file: int
    start: int
    stop: int


class _Source(Record):
    """A slice of one of the files.

    :param arch: what the table will say; its offset is that in the old file.
    """

    file: int
    arch: FatArch

    @property
    def cpu(self) -> str:
        """The name of its CPU."""
        return cpu_name(self.arch.cpu_type, self.arch.cpu_subtype & SUBTYPE_NUMBER)


def is_fusible(data: Sliceable) -> bool:
    """Return whether a file is Mach-O, thin or fat, or a static library: what :func:`fuse` takes."""
    head = bytes(data[:8])
    return head[:4] in THIN or head[:4] in FAT_ARCH or head == ar.NORMAL


def fuse(files: Sequence[Sliceable]) -> tuple[From | bytes, ...]:
    """Return one file with the slices of all: what is new, and which part of which file stands where.

    The order of the files does not count. Slices of one CPU that are equal are taken once.

    :raises TruewheelError: when two files have different code for one CPU, or a file is for a CPU that has no place.
    :raises FormatError: when a file is not what its header claims.
    """
    sources: dict[str, _Source] = {}
    for nth, data in enumerate(files):
        # By their names: of subtypes that have one name here, a loader sees one.
        for source in _slices(nth, data):
            other = sources.setdefault(source.cpu, source)
            if other is not source and not _are_equal(files, source, other):
                raise TruewheelError(f"both have code for {source.cpu}, and it differs")
    # The new table is FAT_MAGIC's, whose rows have five numbers: no loader looks for one of 64 bits.
    pieces: list[From | bytes] = []
    archs: list[FatArch] = []
    end = FAT_HEADER_SIZE + 20 * len(sources)
    for source in sorted(sources.values(), key=_order):
        old = source.arch
        offset = rounded_up(end, 1 << old.align)
        pieces += [bytes(offset - end), From(source.file, old.offset, old.end)]
        archs.append(_moved(old, offset))
        end = offset + old.size
    if not fits_table(FAT_MAGIC, archs):
        raise TruewheelError("joined, they are larger than a fat file can be (4 GiB)")
    return (table(FAT_MAGIC, archs), *pieces)


def fused_bytes(files: Sequence[Sliceable]) -> bytes:
    """Return the file that :func:`fuse` describes."""
    found = []
    for piece in fuse(files):
        if isinstance(piece, From):
            found.append(bytes(files[piece.file][piece.start : piece.stop]))
        else:
            found.append(piece)
    return b"".join(found)


def _moved(arch: FatArch, offset: int) -> FatArch:
    return FatArch(
        cpu_type=arch.cpu_type,
        cpu_subtype=arch.cpu_subtype,
        offset=offset,
        size=arch.size,
        align=arch.align,
    )


def _order(source: _Source) -> tuple[bool, int, int, int]:
    """Return by what slices are sorted: those of arm64 last, as Apple's ``lipo`` has it, the least alignment first."""
    arch = source.arch
    is_last = arch.cpu_type == CPU_TYPE_ARM64
    return is_last, arch.align, arch.cpu_type, arch.cpu_subtype


def _are_equal(files: Sequence[Sliceable], one: _Source, other: _Source) -> bool:
    """Return whether two slices are the same bytes."""
    # Piece by piece: a library may be larger than what is to be in memory.
    if one.arch.size != other.arch.size:
        return False
    for start in range(0, one.arch.size, CHUNK):
        stop = min(start + CHUNK, one.arch.size)
        parts = [
            bytes(
                files[source.file][
                    source.arch.offset + start : source.arch.offset + stop
                ]
            )
            for source in (one, other)
        ]
        if parts[0] != parts[1]:
            return False
    return True


# --- slices -----------------------------------------------------------------------------------------------------


def _slices(nth: int, data: Sliceable) -> Iterator[_Source]:
    """Yield the slices of a file: of a thin one, itself."""
    head = bytes(data[:LARGEST_TABLE])
    view = Cursor(head, little=False, what="Mach-O file")
    magic = head[:4]
    if magic in FAT_ARCH:
        archs = read_table(view, magic)
        check_alignments(view, archs)
        for arch in archs:
            if arch.end > len(data):
                view.fail("a slice lies outside of it", offset=8, field="fat_arch")
            yield _Source(file=nth, arch=arch)
    elif head[:8] == ar.NORMAL:
        yield _Source(file=nth, arch=_archive(data))
    else:
        yield _Source(file=nth, arch=_thin(data, view, magic))


def _thin(data: Sliceable, view: Cursor, magic: bytes) -> FatArch:
    """Return a thin file as a slice.

    :raises TruewheelError: when it is for a CPU of which no alignment is known.
    """
    if magic not in THIN:
        view.fail("the magic number is missing", offset=0, field="magic", value=magic)
    little, _ = THIN[magic]
    cursor = view.part(0, len(view), "slice", little=little)
    cpu_type, subtype = cursor.unpack("II", 4, "mach_header")
    if cpu_type not in ALIGNMENTS:
        name = cpu_name(cpu_type, subtype & SUBTYPE_NUMBER)
        raise TruewheelError(f"code for {name} cannot be joined")
    return FatArch(
        cpu_type=cpu_type,
        cpu_subtype=subtype,
        offset=0,
        size=len(data),
        align=ALIGNMENTS[cpu_type],
    )


def _archive(data: Sliceable) -> FatArch:
    """Return a static library as a slice, for the CPU of its first object.

    :raises TruewheelError: when that cannot be told, or is one that no Mac has.
    """
    from . import read

    found: list[Slice] = []

    def read_member(content: Buffer) -> Binary | None:
        """Read an object, and remember it if it is one of Apple's."""
        if not read.recognises(bytes(content[:8])):
            return None
        binary = read.read(content)
        found.extend(binary.slices)
        return binary

    ar.read(Part(data, 0, len(data))[:], read_member)
    # One CPU stands for all of its objects: ar(1) mixes none, and a linker would refuse them.
    if not found or found[0].cpu not in _SUBTYPES:
        raise TruewheelError("a static library is for no CPU that could be joined")
    cpu_type, subtype = _SUBTYPES[found[0].cpu]
    return FatArch(
        cpu_type=cpu_type,
        cpu_subtype=subtype,
        offset=0,
        size=len(data),
        align=_ARCHIVE_ALIGNMENT,
    )
