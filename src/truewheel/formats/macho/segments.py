"""The segments of a slice: how much of it is for debuggers, and where the content of its sections begins.

Source: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
"""

from __future__ import annotations

from ...model.binary import LOADABLE
from ...model.errors import FormatError
from ...model.record import Record
from .commands import read_fields
from .layout import SECTION_TYPE, SECTIONS_WITHOUT_CONTENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .commands import Commands
    from .layout import Header


class Room(Record):
    """What the segments say about the room in the file.

    :param first: where the content of the first section begins; ``None`` when no section has content.
    :param debug: how many bytes are for debuggers.
    """

    first: int | None
    debug: int


def read_room(
    cursor: Cursor, header: Header, commands: Commands, skipped: SkippedParts
) -> Room:
    """Read the segments and their sections.

    :param skipped: takes debug data that does not lie in the file: the loader maps segments, and reads no sections of it.
    :raises FormatError: when a segment of a file that can be loaded lies outside of the file.
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
                debug += _size_in_file(cursor, place, length, skipped)
    # Sections that share bytes do not make the file larger.
    return Room(first=min(places, default=None), debug=min(debug, len(cursor)))


def _size_in_file(
    cursor: Cursor, place: int, length: int, skipped: SkippedParts
) -> int:
    """Return the size of a section of debug data; 0 when it does not lie in the file."""
    try:
        return len(cursor.bytes(place, length, "__DWARF section"))
    except FormatError as error:
        skipped.add(f"debug data at {place:#x}", error)
        return 0
