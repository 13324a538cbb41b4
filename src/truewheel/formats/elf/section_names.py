"""The names of sections. Nothing but messages and the count of debug data depends on them, and no loader reads them."""

from __future__ import annotations

from ...model.errors import FormatError
from ..cursor import Strings
from .layout import SHT_NOBITS, SHT_NULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .layout import Header, Section

_LONGEST = 256
"""Bytes of a section's name that are believed in a message."""


def name_of(
    cursor: Cursor,
    header: Header,
    sections: Sequence[Section],
    section: Section | None,
) -> str:
    """Return the name of a section for a message; empty when it has none, or none that can be read."""
    if section is None or not 0 < header.shstrndx < len(sections):
        return ""
    table = sections[header.shstrndx]
    try:
        area = cursor.part(table.offset, table.size, ".shstrtab")
        return area.string(section.name, "sh_name", limit=_LONGEST)
    except FormatError:
        return ""


def count_debug_bytes(
    cursor: Cursor,
    header: Header,
    sections: Sequence[Section],
    skipped: SkippedParts,
) -> int:
    """Return the size of the sections that hold DWARF, compressed or not, as their names tell.

    :param skipped: takes the names, or a section of debug data, when they do not lie in the file.
    """
    if not 0 < header.shstrndx < len(sections):
        return 0
    table = sections[header.shstrndx]
    try:
        raw = cursor.part(table.offset, table.size, ".shstrtab")
        # Nearly all published files have none: their names need not be decoded.
        if b"debug_" not in bytes(raw.data):
            return 0
        names = Strings(raw, ".shstrtab")
        debug = [
            section
            for section in sections
            if section.type not in (SHT_NULL, SHT_NOBITS)
            and names[section.name].startswith((".debug_", ".zdebug_"))
        ]
    except FormatError as error:
        skipped.add("the names of its sections", error)
        return 0
    return _size_in_file(cursor, debug, skipped)


def _size_in_file(
    cursor: Cursor, debug: Sequence[Section], skipped: SkippedParts
) -> int:
    """Return the size of those sections of debug data that lie in the file."""
    total = 0
    for section in debug:
        try:
            cursor.bytes(section.offset, section.size, "section of debug data")
        except FormatError as error:
            skipped.add(f"debug data at {section.offset:#x}", error)
        else:
            total += section.size
    # Sections that share bytes do not make the file larger.
    return min(total, len(cursor))
