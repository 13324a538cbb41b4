"""Whether a file was cut short: whether its segments end where the file does, and what of them is not there.

A loader maps what a segment is said to have, and looks at nothing of it: memory that the file does not have can only not be
read or written (mmap(2), SIGBUS).
"""

from __future__ import annotations

from ...model.errors import FormatError
from .addresses import SMALLEST_PAGE, place_of
from .layout import PT_LOAD
from .relocations import each_relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .layout import Header, Segment


def check_extent(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    values: Mapping[int, int],
    skipped: SkippedParts,
) -> None:
    """Refuse a file that was cut short.

    :param values: the values of the tags of the dynamic section; empty when there is none.
    :param skipped: takes a segment that is said to be too long, when nothing that is known lies in what is missing.
    :raises FormatError: when the table of sections at its end is missing as well, or the loader writes into what is missing.
    """
    for segment in segments:
        if segment.type != PT_LOAD or segment.end <= len(cursor):
            continue
        try:
            cursor.bytes(segment.offset, segment.filesz, "PT_LOAD")
        except FormatError as error:
            if _ends_behind(cursor, header):
                raise
            if _is_written_to(cursor, header, segments, values):
                raise
            skipped.add(
                f"the end of the segment at {segment.vaddr:#x}",
                error,
                loss="some loaders refuse the file",
                grave=True,
            )


def _ends_behind(cursor: Cursor, header: Header) -> bool:
    """Whether the table of sections, which is the last thing in most files, is not in this one."""
    end = header.shoff + header.shnum * header.shentsize
    return header.shoff > 0 and end > len(cursor)


def _is_written_to(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    values: Mapping[int, int],
) -> bool:
    """Whether a relocation changes a page of which the file has nothing."""
    end = len(cursor) + -len(cursor) % SMALLEST_PAGE
    for address, _ in each_relocation(cursor, header, segments, values):
        place = place_of(segments, address)
        if place is not None and place.offset >= end:
            return True
    return False
