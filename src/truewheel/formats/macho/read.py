"""The door to Mach-O files: fat ones are taken apart here, and the facts of each slice put together."""

from __future__ import annotations

from ...model.binary import Binary, Format, MachOSlice
from ..cursor import Cursor
from ..skipping import SkippedParts
from .commands import (
    is_signed,
    read_commands,
    read_header,
    read_identity,
    read_linker,
    read_minimum_os,
    read_needs,
    read_search_paths,
)
from .fat_table import read_table
from .layout import (
    FAT_ARCH,
    MOST_SLICES,
    SUBTYPE_NUMBER,
    THIN,
    Header,
    cpu_name,
)
from .segments import read_room
from .symbols import read_symbols

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Readable
    from .fat_table import FatArch
    from .segments import Room

_ARCHIVES = (b"!<arch>\n", b"!<thin>\n")


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is Mach-O, thin or fat. A Java class is neither.

    >>> recognises(b"\\xcf\\xfa\\xed\\xfe"), recognises(b"\\xca\\xfe\\xba\\xbe\\0\\0\\0\\2")
    (True, True)
    >>> recognises(b"\\xca\\xfe\\xba\\xbe\\0\\0\\0\\x34")
    False
    """
    magic = head[:4]
    if magic in FAT_ARCH:
        return 0 < int.from_bytes(head[4:8], "big") <= MOST_SLICES
    return magic in THIN


def read(data: Readable) -> Binary:
    """Return the facts of one Mach-O file; a fat one of static archives comes as an archive, without slices.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    view = Cursor(data, little=False, what="Mach-O file")
    magic = bytes(view.bytes(0, 4, "magic"))
    if magic in FAT_ARCH:
        return _read_fat(view, magic)
    if magic not in THIN:
        view.fail(
            "the magic number is missing",
            offset=0,
            field="magic",
            value=magic,
        )
    return Binary(format=Format.MACHO, slices=(_read_slice(view, 0, len(view)),))


# --- fat files --------------------------------------------------------------------------------------------------


def _read_fat(view: Cursor, magic: bytes) -> Binary:
    """Read the slices of a fat file."""
    archs = read_table(view, magic)
    # lipo makes fat files of static libraries too: each slice is one.
    if archs and all(_is_archive(view, arch) for arch in archs):
        return Binary(format=Format.ARCHIVE)
    slices = tuple(_read_slice(view, arch.offset, arch.size, arch) for arch in archs)
    return Binary(format=Format.MACHO, slices=slices)


def _is_archive(view: Cursor, arch: FatArch) -> bool:
    return bytes(view.bytes(arch.offset, arch.size, "slice")[:8]) in _ARCHIVES


# --- slices -----------------------------------------------------------------------------------------------------


def _read_slice(
    view: Cursor,
    offset: int,
    size: int,
    arch: FatArch | None = None,
) -> MachOSlice:
    """Return the facts of one slice; ``arch`` is what the fat header says about it."""
    magic = bytes(view.bytes(offset, size, "slice")[:4])
    if magic not in THIN:
        view.fail(
            "a slice is not Mach-O",
            offset=offset,
            field="magic",
        )
    little, width = THIN[magic]
    cursor = view.part(offset, size, "slice", little=little)
    header, count = read_header(cursor, width)
    if arch is not None:
        _check_same_cpu(cursor, header, arch)
    commands = read_commands(cursor, header, count)
    skipped = SkippedParts()
    room = read_room(cursor, header, commands, skipped)
    needs = read_needs(cursor, commands)
    imports, exports = read_symbols(cursor, header, commands, needs, skipped)
    linker = read_linker(cursor, header, commands, skipped)
    name, compatibility = read_identity(cursor, commands)
    return MachOSlice(
        cpu=cpu_name(header.cpu_type, header.cpu_subtype),
        bits=width.bits,
        little_endian=little,
        kind=header.kind,
        needs=needs,
        name=name,
        search_paths=read_search_paths(cursor, commands),
        imports=imports,
        exports=exports,
        minimum_os=read_minimum_os(cursor, header, commands),
        interpreter=linker,
        debug_bytes=room.debug,
        skipped=skipped.all(),
        file_type=header.file_type,
        cpu_subtype=header.cpu_subtype,
        signed=is_signed(cursor, commands),
        compatibility_version=compatibility,
        two_level=header.is_two_level,
        offset=offset,
        size=size,
        header_padding=_header_padding(header, room),
    )


def _check_same_cpu(cursor: Cursor, header: Header, arch: FatArch) -> None:
    """Refuse a slice for another CPU than the fat header says. Subtypes that have one name here do not contradict.

    :raises FormatError: when type or subtype differ.
    """
    message = "the fat header names another CPU than the slice"
    if arch.cpu_type != header.cpu_type:
        cursor.fail(
            message,
            offset=4,
            field="cputype",
            value=header.cpu_type,
        )
    name = cpu_name(header.cpu_type, header.cpu_subtype)
    if cpu_name(arch.cpu_type, arch.cpu_subtype & SUBTYPE_NUMBER) != name:
        cursor.fail(
            message,
            offset=8,
            field="cpusubtype",
            value=header.cpu_subtype,
        )


def _header_padding(header: Header, room: Room) -> int:
    """Return how many bytes are free for more load commands (``install_name_tool`` needs them)."""
    if room.first is None:
        return 0
    return max(room.first - header.end, 0)
