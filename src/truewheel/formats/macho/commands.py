"""The header and the load commands of a slice, and what single commands say.

Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
"""

from __future__ import annotations

import struct

from ...model.binary import Kind, MinimumOS, Need, SearchPath
from ...model.errors import FormatError
from ...model.record import NamedTuple, Record, rows
from .layout import (
    CSMAGIC_EMBEDDED_SIGNATURE,
    DYLIB_USE_COMMAND_SIZE,
    DYLIB_USE_MARKER,
    DYLIB_USES,
    INTEL,
    LC_BUILD_VERSION,
    LC_CODE_SIGNATURE,
    LC_DYLD_CHAINED_FIXUPS,
    LC_DYLD_INFO,
    LC_DYLD_INFO_ONLY,
    LC_ID_DYLIB,
    LC_LOAD_DYLINKER,
    LC_RPATH,
    NEEDS,
    PLATFORMS,
    SUBTYPE_NUMBER,
    VERSION_MIN,
    Header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .layout import Width

COMMAND_HEAD_SIZE = 8
"""Every command begins with its kind and its size."""


class Command(NamedTuple):
    """A load command: its kind (``LC_*``), offset in the slice and size in bytes."""

    kind: int
    offset: int
    size: int


class Commands(Record):
    """The load commands in file order, and the first of each kind."""

    all: Sequence[Command]
    first: Mapping[int, Command]

    @property
    def dyld_info(self) -> Command | None:
        """The command with the opcodes and tables of the loader that were before chained fixups."""
        return self.first.get(LC_DYLD_INFO_ONLY) or self.first.get(LC_DYLD_INFO)

    @property
    def has_bindings(self) -> bool:
        """Whether the loader binds by tables of its own, and not by the symbol table."""
        return LC_DYLD_CHAINED_FIXUPS in self.first or self.dyld_info is not None


# --- reading commands -------------------------------------------------------------------------------------------


def read_header(cursor: Cursor, width: Width) -> tuple[Header, int]:
    """Return the header, and how many load commands it announces.

    :raises FormatError: when there is no room for them.
    """
    cpu_type, subtype, file_type, count, size, flags = cursor.unpack(
        "IIIIII", 4, "mach_header"
    )
    start = width.header_size
    # Checked here as a whole, so that nothing needs to be checked for each command.
    cursor.bytes(start, size, "load commands")
    if count > size // COMMAND_HEAD_SIZE:
        cursor.fail(
            "there are more load commands than there is room for",
            offset=16,
            field="ncmds",
            value=count,
        )
    header = Header(
        width=width,
        cpu_type=cpu_type,
        cpu_subtype=subtype & SUBTYPE_NUMBER,
        file_type=file_type,
        flags=flags,
        end=start + size,
    )
    return header, count


def read_commands(cursor: Cursor, header: Header, count: int) -> Commands:
    """Find the load commands.

    :raises FormatError: when one is shorter than its head, not aligned, or reaches beyond the area of all.
    """
    offset = header.width.header_size
    found: list[tuple[int, int, int]] = []
    head = struct.Struct("<II" if cursor.little else ">II")
    area = bytes(cursor.data[: header.end])
    for _ in range(count):
        if offset + COMMAND_HEAD_SIZE > header.end:
            cursor.fail(
                "not all load commands fit into their area",
                offset=offset,
                field="sizeofcmds",
            )
        kind, size = head.unpack_from(area, offset)
        # loader.h asks for multiples of 8 in 64-bit files; for reading, multiples of 4 are enough.
        if size < COMMAND_HEAD_SIZE or size % 4 or offset + size > header.end:
            cursor.fail(
                "a load command has an impossible size",
                offset=offset + 4,
                field="cmdsize",
                value=size,
            )
        found.append((kind, offset, size))
        offset += size
    commands = tuple(rows(Command, found))
    first = {command.kind: command for command in reversed(commands)}
    return Commands(all=commands, first=first)


def read_fields(
    cursor: Cursor,
    command: Command,
    layout: str,
    field: str,
) -> tuple[int, ...]:
    """Return numbers of a load command, behind its kind and size.

    :raises FormatError: when the command is shorter than they are.
    """
    if struct.calcsize("<" + layout) > command.size - COMMAND_HEAD_SIZE:
        cursor.fail(
            f"{field} is too short",
            offset=command.offset + 4,
            field="cmdsize",
            value=command.size,
        )
    return cursor.unpack(layout, command.offset + COMMAND_HEAD_SIZE, field)


def read_string(cursor: Cursor, command: Command, field: str) -> str:
    """Return the string of a load command (``lc_str``): its first number tells where it begins.

    :raises FormatError: when it lies outside of the command, or has no end in it.
    """
    (start,) = read_fields(cursor, command, "I", field)
    offset, size = command.offset, command.size
    if not COMMAND_HEAD_SIZE + 4 <= start < size:
        cursor.fail(
            f"the name lies outside of {field}",
            offset=offset + 8,
            field=field,
            value=start,
        )
    # It is padded with zeros up to the end of the command.
    text, end, _ = bytes(cursor.data[offset + start : offset + size]).partition(b"\0")
    if not end:
        cursor.fail(
            f"the name in {field} has no end",
            offset=offset + start,
            field=field,
        )
    return text.decode("utf-8", "backslashreplace")


def read_linkedit(
    cursor: Cursor,
    commands: Commands,
    kind: int,
    field: str,
) -> Cursor | None:
    """Return the content that a ``linkedit_data_command`` points at; ``None`` when there is no such command."""
    command = commands.first.get(kind)
    if command is None:
        return None
    offset, size = read_fields(cursor, command, "II", field)
    return cursor.part(offset, size, field) if size else None


# --- libraries --------------------------------------------------------------------------------------------------


def read_needs(cursor: Cursor, commands: Commands) -> tuple[Need, ...]:
    """Return the needed libraries, in the order by which symbols refer to them."""
    return tuple(
        _read_need(cursor, command) for command in commands.all if command.kind in NEEDS
    )


def _read_need(cursor: Cursor, command: Command) -> Need:
    """Read a ``dylib_command``, or the newer ``dylib_use_command`` in its place."""
    # Place of the name, timestamp or marker, current version, compatibility version.
    start, marker, _, _ = read_fields(cursor, command, "IIII", "LC_LOAD_DYLIB")
    kind = NEEDS[command.kind]
    if marker == DYLIB_USE_MARKER and start >= DYLIB_USE_COMMAND_SIZE:
        *_, flags = read_fields(cursor, command, "IIIII", "LC_LOAD_DYLIB")
        for bit, use in DYLIB_USES:
            if flags & bit:
                kind = use
                break
    return Need(library=read_string(cursor, command, "LC_LOAD_DYLIB"), kind=kind)


def read_identity(
    cursor: Cursor, commands: Commands
) -> tuple[str | None, tuple[int, ...] | None]:
    """Return the install name and the compatibility version of a library."""
    command = commands.first.get(LC_ID_DYLIB)
    if command is None:
        return None, None
    # Place of the name, timestamp, current version, compatibility version.
    _, _, _, compatibility = read_fields(cursor, command, "IIII", "LC_ID_DYLIB")
    return read_string(cursor, command, "LC_ID_DYLIB"), _version(compatibility)


def read_search_paths(cursor: Cursor, commands: Commands) -> tuple[SearchPath, ...]:
    """Return the directories that ``@rpath`` stands for, in file order."""
    return tuple(
        SearchPath(path=read_string(cursor, command, "LC_RPATH"), kind="LC_RPATH")
        for command in commands.all
        if command.kind == LC_RPATH
    )


def read_linker(
    cursor: Cursor, header: Header, commands: Commands, skipped: SkippedParts
) -> str | None:
    """Return the dynamic linker that a program names. In other files, nobody asks for it.

    :raises FormatError: when a program's has no name, or one that has no end.
    """
    command = commands.first.get(LC_LOAD_DYLINKER)
    if command is None:
        return None
    try:
        return read_string(cursor, command, "LC_LOAD_DYLINKER")
    except FormatError as error:
        if header.kind is Kind.EXECUTABLE:
            raise
        skipped.add("the dynamic linker (LC_LOAD_DYLINKER)", error)
        return None


def is_signed(cursor: Cursor, commands: Commands) -> bool:
    """Whether there is a signature, and not only the place for one."""
    area = read_linkedit(cursor, commands, LC_CODE_SIGNATURE, "LC_CODE_SIGNATURE")
    if area is None:
        return False
    # Signatures are big-endian whatever the file is (cs_blobs.h).
    return int.from_bytes(bytes(area.data[:4]), "big") == CSMAGIC_EMBEDDED_SIGNATURE


# --- the oldest system ------------------------------------------------------------------------------------------


def read_minimum_os(
    cursor: Cursor, header: Header, commands: Commands
) -> tuple[MinimumOS, ...]:
    """Return the oldest systems that the file is for: more than one for a library of macOS and Catalyst."""
    found = []
    for command in commands.all:
        if command.kind == LC_BUILD_VERSION:
            found.append(_read_build_version(cursor, command))
        elif command.kind in VERSION_MIN:
            found.append(_read_version_min(cursor, header, command))
    return tuple(found)


def _read_build_version(cursor: Cursor, command: Command) -> MinimumOS:
    number, version, sdk = read_fields(cursor, command, "III", "LC_BUILD_VERSION")
    platform = PLATFORMS.get(number, f"platform-{number}")
    return _minimum_os(platform, version, sdk)


def _read_version_min(cursor: Cursor, header: Header, command: Command) -> MinimumOS:
    """Read ``LC_VERSION_MIN_*``, which says nothing about simulators: only that the CPU is Intel's gives them away."""
    version, sdk = read_fields(cursor, command, "II", "LC_VERSION_MIN")
    platform = VERSION_MIN[command.kind]
    if platform != "macos" and header.cpu_type in INTEL:
        platform += "-simulator"
    return _minimum_os(platform, version, sdk)


def _minimum_os(platform: str, version: int, sdk: int) -> MinimumOS:
    # An SDK of 0 means that the linker was not told which it was.
    return MinimumOS(
        platform=platform,
        version=_release(version),
        sdk=_release(sdk) if sdk else None,
    )


def _version(packed: int) -> tuple[int, int, int]:
    # X.Y.Z in 16, 8 and 8 bits
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF


def _release(packed: int) -> tuple[int, ...]:
    """Return a version, without its third number when that is zero."""
    version = _version(packed)
    return version if version[2] else version[:2]
