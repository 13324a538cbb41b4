"""The segments of a slice: how much of it is for debuggers, and where the content of its sections begins.

Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
"""

from __future__ import annotations

from ...model.binary import LOADABLE
from ...model.record import Record
from .commands import read_fields
from .layout import SECTION_TYPE, SECTIONS_WITHOUT_CONTENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Cursor
    from .commands import Commands
    from .layout import Header


class Room(Record):
    """What the segments say about the room in the file.

    :param first: where the content of the first section begins; ``None`` when no section has content.
    :param debug: how many bytes are for debuggers.
    """

    first: int | None
    debug: int


def read_room(cursor: Cursor, header: Header, commands: Commands) -> Room:
    """Read the segments and their sections.

    :raises FormatError: when a segment of a file that can be loaded, or a debug section, lies outside of the file.
    """
    width = header.width
    places: list[int] = []
    debug = 0
    for command in commands.all:
        if command.kind != width.segment_command:
            continue
        _, _, offset, size, _, _, count, _ = read_fields(
            cursor, command, width.segment, "segment"
        )
        # Objects and the companions of debuggers have segments whose content is elsewhere.
        if header.kind in LOADABLE:
            cursor.bytes(offset, size, "segment")
        sections_at = command.offset + width.segment_size
        area = cursor.part(sections_at, command.size - width.segment_size, "segment")
        for name, _, length, place, flags in area.rows(
            width.section, 0, count, "sections"
        ):
            # What the loader fills with zeros has no place in the file.
            if (
                not length
                or not place
                or flags & SECTION_TYPE in SECTIONS_WITHOUT_CONTENT
            ):
                continue
            places.append(place)
            if name.startswith(b"__DWARF\0"):
                debug += len(cursor.bytes(place, length, "__DWARF section"))
    if debug > len(cursor):
        cursor.fail(
            "debug sections overlap",
            offset=0,
            field="__DWARF",
        )
    return Room(first=min(places, default=None), debug=debug)
