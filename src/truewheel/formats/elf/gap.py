"""Room that costs nothing: the end of a segment's last page, where the file has zeros and nothing else.

GNU ld pads the file so that each segment begins on a page of its own. A string table that fits into such a gap needs no
segment, no program header, and not a byte more.
"""

from __future__ import annotations

from .content import strings_section, write_entries
from .entries import string_values, with_values
from .image import page_size
from .layout import PF_W, PF_X, SHT_NOBITS, Segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings


def write_into_gap(draft: Draft, entries: Sequence[Entry], strings: Strings) -> bool:
    """Write strings and entries if a gap is large enough for the strings; return whether it was."""
    for segment in _candidates(draft):
        start = _start_in(draft, segment)
        if start + len(strings) <= _gap_end(draft, segment):
            _write(draft, segment, start, entries, strings)
            return True
    return False


def _candidates(draft: Draft) -> list[Segment]:
    """Return the mapped segments that strings may lie in: none that is written to, and code only if they do already."""
    image = draft.image
    found: list[Segment] = []
    for segment in image.loads:
        low, high = segment.offset, segment.offset + segment.filesz
        holds_strings = low <= image.strings_at < high
        is_readable = not segment.flags & (PF_W | PF_X)
        # Zeros that only memory has lie where the strings would go.
        if segment.filesz != segment.memsz:
            continue
        if holds_strings and not segment.flags & PF_W:
            found.insert(0, segment)
        elif is_readable:
            found.append(segment)
    return found


def _start_in(draft: Draft, segment: Segment) -> int:
    """Return where the strings would begin: where they are, when they are what the segment ends with."""
    image = draft.image
    end = segment.offset + segment.filesz
    if image.strings_at + len(image.strings) == end:
        return image.strings_at
    # A linker leaves some room between sections, too.
    return -(-end // 8) * 8


def _gap_end(draft: Draft, segment: Segment) -> int:
    """Return the offset up to which a segment can grow."""
    image = draft.image
    end = segment.offset + segment.filesz
    later = [load for load in image.loads if load.vaddr > segment.vaddr]
    # Behind the last segment there is no gap, but the end of the file.
    if not later:
        return end
    page = page_size(image.header.machine)
    following = min(later, key=lambda load: load.vaddr)
    # The first page of the next one has other rights.
    top = following.vaddr // page * page
    limit = end + top - (segment.vaddr + segment.memsz)
    limit = min(limit, _next_in_file(draft, end))
    if limit <= end:
        return end
    room = bytes(image.cursor.bytes(end, limit - end, "gap"))
    return end + len(room) - len(room.lstrip(b"\0"))


def _next_in_file(draft: Draft, end: int) -> int:
    """Return the offset of the first thing behind ``end``; ``end`` itself when a thing lies across it."""
    image = draft.image
    header = image.header
    size = header.file_class.section_header_size * len(draft.sections)
    places = [(header.shoff, size)]
    places += [(segment.offset, segment.filesz) for segment in image.segments]
    for section in draft.sections:
        if section.type != SHT_NOBITS:
            places.append((section.offset, section.size))
    first = draft.size
    for start, length in places:
        if length and start + length > end:
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
    address = start - segment.offset + segment.vaddr
    index = strings_section(draft)
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=address, offset=start, size=len(strings)
        )
    size = start + len(strings) - segment.offset
    draft.replace_segment(segment, segment._replace(filesz=size, memsz=size))
    draft.put(start, image.strings + strings.added)
    write_entries(draft, with_values(entries, string_values(address, len(strings))))
