"""Where things are in a slice that are not to move: what bounds the load commands, and the end with the signature.

The head alone is read, never the content: the slice may be a file of which only a part is in memory.
Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
"""

from __future__ import annotations

from ...model.errors import RepairError
from ...model.record import NamedTuple, Record
from ..cursor import Cursor
from .commands import read_commands, read_fields, read_header
from .layout import (
    LC_CODE_SIGNATURE,
    SECTION_TYPE,
    SECTIONS_WITHOUT_CONTENT,
    THIN,
    Header,
    cpu_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Sliceable
    from .commands import Command, Commands

_FIXED_SIZE = 32
"""Bytes of the longest ``mach_header``."""
_LARGEST_FILE = 1 << 32
"""``linkedit_data_command`` and ``section`` tell places in 32 bits."""


class Segment(NamedTuple):
    """A segment: its name, its place in memory and in the file.

    :param nth: which load command it is.
    """

    nth: int
    name: bytes
    address: int
    memory_size: int
    offset: int
    size: int


class Head(Record):
    """The header and the load commands of a slice, whose content is elsewhere.

    :param size: of the whole slice, in bytes.
    :param room: where content begins that must stay: up to there, load commands may reach.
    """

    cursor: Cursor
    header: Header
    commands: Commands
    segments: tuple[Segment, ...]
    size: int
    room: int

    @property
    def cpu(self) -> str:
        """The name of the CPU."""
        return cpu_name(self.header.cpu_type, self.header.cpu_subtype)

    @property
    def command_bytes(self) -> list[bytes]:
        """Each load command as it is."""
        data = self.cursor.data
        return [
            bytes(data[command.offset : command.offset + command.size])
            for command in self.commands.all
        ]

    def segment(self, name: bytes) -> Segment | None:
        """Return the segment of that name."""
        found = [segment for segment in self.segments if segment.name == name]
        return found[0] if found else None


def is_slice(data: Sliceable) -> bool:
    """Return whether ``data`` begins as a thin Mach-O file."""
    return bytes(data[:4]) in THIN


def read_head(data: Sliceable, base: int) -> Head:
    """Read the header and the load commands of a slice.

    :param base: where the slice is in the file, for messages.
    :raises FormatError: when they contradict each other, or sections lie over them.
    """
    little, width = THIN[bytes(data[:4])]
    start = _beginning(data, _FIXED_SIZE, base, little=little)
    # ncmds and sizeofcmds, from which follows how much has to be read
    count, size = start.unpack("II", 16, "mach_header")
    cursor = _beginning(data, width.header_size + size, base, little=little)
    header, count = read_header(cursor, width)
    commands = read_commands(cursor, header, count)
    segments = tuple(_segments(cursor, header, commands))
    places = [*_sections(cursor, header, commands)]
    # A segment that begins later in the file is content, too, though it have no sections: __LINKEDIT.
    places += [one.offset for one in segments if one.offset and one.size]
    room = min(places, default=header.end)
    if room < header.end:
        cursor.fail(
            "content lies over the load commands",
            offset=20,
            field="sizeofcmds",
            value=size,
        )
    return Head(
        cursor=cursor,
        header=header,
        commands=commands,
        segments=segments,
        size=len(data),
        room=min(room, len(data)),
    )


def _beginning(data: Sliceable, size: int, base: int, *, little: bool) -> Cursor:
    return Cursor(bytes(data[:size]), little=little, base=base, what="Mach-O file")


def _segments(cursor: Cursor, header: Header, commands: Commands) -> Iterator[Segment]:
    for nth, command in enumerate(commands.all):
        if command.kind == header.width.segment_command:
            fields = read_fields(cursor, command, header.width.segment, "segment")
            address, memory_size, offset, size, *_ = fields
            start = command.offset + 8
            name = bytes(cursor.data[start : start + 16]).rstrip(b"\0")
            yield Segment(nth, name, address, memory_size, offset, size)


def _sections(cursor: Cursor, header: Header, commands: Commands) -> Iterator[int]:
    """Yield where each section with content begins."""
    width = header.width
    for command in commands.all:
        if command.kind != width.segment_command:
            continue
        *_, count, _ = read_fields(cursor, command, width.segment, "segment")
        area = cursor.part(
            command.offset + width.segment_size,
            command.size - width.segment_size,
            "segment",
        )
        for _, _, size, place, flags in area.rows(width.section, 0, count, "sections"):
            has_content = flags & SECTION_TYPE not in SECTIONS_WITHOUT_CONTENT
            if size and place and has_content:
                yield place


# --- the end ----------------------------------------------------------------------------------------------------


class Ending(NamedTuple):
    """The end of a slice, where a signature is or will be.

    :param command: ``LC_CODE_SIGNATURE``; ``None`` when there is none.
    :param content_end: where all ends that is not the signature.
    :param linkedit: the last segment, of which the signature is the last part.
    """

    command: Command | None
    content_end: int
    linkedit: Segment


def signature_place(head: Head) -> tuple[Command | None, int, int]:
    """Return ``LC_CODE_SIGNATURE`` with the offset and size that it tells; ``None`` and zeros when there is none.

    :raises FormatError: when the signature lies outside of the slice.
    """
    command = head.commands.first.get(LC_CODE_SIGNATURE)
    if command is None:
        return None, 0, 0
    offset, size = read_fields(head.cursor, command, "II", "LC_CODE_SIGNATURE")
    if offset + size > head.size:
        head.cursor.fail(
            "the signature lies outside of it",
            offset=command.offset + 8,
            field="dataoff",
            value=offset,
        )
    return command, offset, size


def ending(head: Head) -> Ending:
    """Return the end of a slice that is to be signed.

    :raises RepairError: when a signature cannot be its last part, where the system looks for it.
    """
    linkedit = head.segment(b"__LINKEDIT")
    if linkedit is None:
        raise RepairError(
            f"the {head.cpu} slice cannot be signed: it has no segment __LINKEDIT"
        )
    # A place without a size is one that a linker left for later.
    command, start, size = signature_place(head)
    end = linkedit.offset + linkedit.size
    # What linkers and codesign write, without exception. Other bytes there would be lost, or be covered by no hash.
    is_last = end == head.size and (not size or start + size == end)
    is_last &= linkedit.offset <= (start if size else end)
    is_last &= all(one.offset + one.size <= end for one in head.segments)
    if not is_last or end >= _LARGEST_FILE:
        raise RepairError(
            f"the {head.cpu} slice cannot be signed: its signature has to be its end, and that is taken",
            hint="link it anew; strip and lipo leave such files as they are",
        )
    return Ending(command, start if size else end, linkedit)
