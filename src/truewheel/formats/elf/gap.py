"""Room that costs nothing: the end of a segment's last page, where the file has zeros and nothing else.

GNU ld pads the file so that each segment begins on a page of its own. A string table that fits into such a gap needs no
segment, no program header, and not a byte more.
"""

from __future__ import annotations

from .content import strings_section, write_entries
from .entries import string_values, with_values
from .image import page_size
from .layout import Segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings


def write_into_gap(draft: Draft, entries: Sequence[Entry], strings: Strings) -> bool:
    """Write strings and entries if a gap is large enough for the strings; return whether it was."""
    for segment in _candidates(draft):
        start = _start_in(draft, segment)
        end = start + len(strings)
        if end <= _gap_end(
            draft,
            segment,
            end,
        ):
            _write(
                draft,
                segment,
                start,
                entries,
                strings,
            )
            return True
    return False


def _candidates(draft: Draft) -> list[Segment]:
    """Return the mapped segments that strings may lie in: none that is written to, and code only if they do already."""
    strings_at = draft.image.strings_at
    # Zeros that only memory has lie where the strings would go.
    whole = [load for load in draft.image.loads if load.is_in_file]
    readable = [load for load in whole if not load.is_writable]
    holding = [load for load in readable if load.offset <= strings_at < load.end]
    return holding + [load for load in readable if not load.is_code]


def _start_in(draft: Draft, segment: Segment) -> int:
    """Return where the strings would begin: where they are, when they are what the segment ends with."""
    if draft.image.strings_end == segment.end:
        return draft.image.strings_at
    # A linker leaves some room between sections, too.
    return -(-segment.end // 8) * 8


def _gap_end(
    draft: Draft,
    segment: Segment,
    wanted: int,
) -> int:
    """Return the offset up to which a segment can grow, not further than is wanted."""
    image = draft.image
    end = segment.end
    later = [load for load in image.loads if load.vaddr > segment.vaddr]
    # Behind the last segment there is no gap, but the end of the file.
    if not later:
        return end
    page = page_size(image.header.machine)
    following = min(later, key=lambda load: load.vaddr)
    # The first page of the next one has other rights.
    top = following.vaddr // page * page
    limit = top - segment.shift
    limit = min(
        limit,
        wanted,
        _next_in_file(draft, end),
    )
    if limit <= end:
        return end
    room = bytes(
        image.cursor.bytes(
            end,
            limit - end,
            "gap",
        )
    )
    return end + len(room) - len(room.lstrip(b"\0"))


def _next_in_file(
    draft: Draft,
    end: int,
) -> int:
    """Return the offset of the first thing behind ``end``; ``end`` itself when a thing lies across it."""
    header = draft.image.header
    size = header.file_class.section_header_size * len(draft.sections)
    places = [(header.shoff, header.shoff + size)]
    for segment in draft.segments:
        places.append((segment.offset, segment.end))
    for section in draft.contents():
        places.append((section.offset, section.end))
    first = draft.size
    for start, stop in places:
        # What ends before it, or has no bytes, is not in the way.
        if stop > max(start, end):
            first = min(first, max(start, end))
    return first


def _write(
    draft: Draft,
    segment: Segment,
    start: int,
    entries: Sequence[Entry],
    strings: Strings,
) -> None:
    """Write the strings at an offset behind the end of a segment, and let it reach up to their end."""
    image = draft.image
    address = start + segment.shift
    index = strings_section(draft)
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=address,
            offset=start,
            size=len(strings),
        )
    size = start + len(strings) - segment.offset
    draft.replace_segment(segment, segment.sized(size))
    draft.put(start, image.strings + strings.added)
    write_entries(draft, with_values(entries, string_values(address, len(strings))))
