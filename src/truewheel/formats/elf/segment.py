"""Where the strings go that grow: behind the end of the last segment, or in a new one at the end of the file.

Nothing that is mapped gets another address but what moves here, so that debug information, also in other files, stays right.
"""

from __future__ import annotations

from .content import (
    Place,
    fill,
    make_room_for_section,
    pad_to,
    strings_section,
    write_entries,
    write_table,
)
from .gap import write_into_gap
from .image import page_size
from .layout import (
    PF_R,
    PF_W,
    PT_GNU_STACK,
    PT_LOAD,
    PT_PHDR,
    Segment,
)
from .room import insert_load, make_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings
    from .room import Room

_LARGEST_STEP = 1 << 24
"""The largest alignment of a segment that a new address keeps to: more would waste addresses."""
_LARGEST_ALIGN = 0x1000
"""The largest alignment of what is not mapped that is kept: nobody needs any."""


def place(
    draft: Draft,
    entries: Sequence[Entry],
    strings: Strings,
) -> None:
    """Write the entries, and give them and the strings the room that they need."""
    fits = len(entries) <= draft.image.capacity
    if fits and not strings.added:
        write_entries(draft, entries)
        return
    if fits and write_into_gap(
        draft,
        entries,
        strings,
    ):
        return
    last = _open_segment(draft, moves_dynamic=not fits)
    if last is None:
        _add_segment(
            draft,
            entries,
            strings,
            fits=fits,
        )
    else:
        _grow_segment(
            draft,
            last,
            entries,
            strings,
            fits=fits,
        )


# --- the last segment grows -------------------------------------------------------------------------------------


def _open_segment(
    draft: Draft,
    *,
    moves_dynamic: bool,
) -> Segment | None:
    """Return the last segment if it can grow: what we wrote before, and what else is as well suited.

    It has the highest addresses and the last content of the file, except for what is not mapped.
    """
    last = draft.image.loads[-1]
    # Zeros that only memory has lie where it would grow to.
    if not last.is_in_file or last.is_code:
        return None
    # The dynamic section is written to.
    if moves_dynamic and not last.is_writable:
        return None
    is_last = _is_last(draft, last) and _keeps_order(draft, last)
    return last if is_last and _suits_strings(draft, last) else None


def _suits_strings(draft: Draft, segment: Segment) -> bool:
    """Whether strings may lie in a segment: writable memory is for those only that lie in it already."""
    has_strings = segment.offset <= draft.image.strings_at < segment.end
    return has_strings or not segment.is_writable


def _is_last(draft: Draft, last: Segment) -> bool:
    """Whether no segment has a higher address or lies further behind, and all else that does may lie anywhere."""
    parts = [part for part in draft.segments if part.type != PT_GNU_STACK]
    # The header of the stack has a size on some systems, and no place.
    end = max(part.end for part in parts)
    top = max(part.top for part in draft.image.loads)
    if (end, top) != (last.end, last.top):
        return False
    return last.end == draft.size or _is_loose_behind(draft, last.end)


def _is_loose_behind(
    draft: Draft,
    end: int,
) -> bool:
    """Whether all that lies behind a segment is known, and may lie anywhere else."""
    if not draft.sections:
        return False
    for section in draft.contents():
        if section.end > end and not section.is_loose(end):
            return False
    header = draft.image.header
    size = header.file_class.section_header_size
    table_end = header.shoff + len(draft.sections) * size
    return header.shoff >= end or table_end <= draft.image.strings_at


def _keeps_order(
    draft: Draft,
    last: Segment,
) -> bool:
    """Whether strings at the end of a segment stand in the order of sections, as linkers write them."""
    if draft.image.strings_end == last.end:
        return True
    strings = strings_section(draft)
    if strings is None:
        return True
    for section in draft.sections[strings + 1 :]:
        is_inside = last.vaddr <= section.address < last.top
        if is_inside and section.is_mapped and section.size:
            return False
    return True


def _grow_segment(
    draft: Draft,
    last: Segment,
    entries: Sequence[Entry],
    strings: Strings,
    *,
    fits: bool,
) -> None:
    """Put the strings at the end of a segment: in place of the old ones if these are what it ends with."""
    image = draft.image
    start = image.strings_at if image.strings_end == last.end else last.end
    draft.cut, draft.resume = start, last.end
    end = fill(
        draft,
        Place(start, last.shift),
        entries,
        strings,
        fits=fits,
    )
    draft.replace_segment(last, last.sized(end - last.offset))
    if last.end < draft.size:
        _shift_rest(
            draft,
            last.end,
            end,
        )


def _shift_rest(
    draft: Draft,
    end: int,
    new_end: int,
) -> None:
    """Move what is not mapped behind the end of a segment that has grown."""
    # Strings that were just put there are mapped.
    behind = [section for section in draft.contents() if section.is_loose(end)]
    aligns = [min(section.align, _LARGEST_ALIGN) for section in behind]
    step = max(aligns, default=1)
    # Section headers have words.
    step = max(step, draft.image.header.file_class.word)
    distance = -(-(new_end - end) // step) * step
    draft.tail.append(bytes(end + distance - new_end))
    for index, section in enumerate(draft.sections):
        if section in behind:
            draft.sections[index] = section.moved(
                section.offset + distance, section.address
            )
    if draft.shoff >= end:
        draft.shoff += distance


# --- a new segment ----------------------------------------------------------------------------------------------


def _add_segment(
    draft: Draft,
    entries: Sequence[Entry],
    strings: Strings,
    *,
    fits: bool,
) -> None:
    """Put everything that must move into one new segment at the end of the file."""
    room = make_room(draft)
    start = _start_of_segment(draft, room)
    new = _new_load(draft, start, fits=fits)
    if room.moves_table:
        # bionic would look for the table behind the file header. LLVM's tools align the segment as what it begins with.
        table = new._replace(type=PT_PHDR, flags=PF_R)
        draft.segments.insert(0, table)
    insert_load(draft, new)
    pad_to(draft, start)
    end = fill(
        draft,
        Place(start, new.shift),
        entries,
        strings,
        fits=fits,
        room=room,
    )
    draft.replace_segment(new, new.sized(end - start))
    # What stands in the tables is known now.
    if room.moves_table:
        write_table(draft)


def _start_of_segment(draft: Draft, room: Room) -> int:
    """Return the offset of a new segment: no byte of it lies before its first section."""
    start = draft.size
    align = 16
    residue = 0
    if room.moves_table:
        start = make_room_for_section(draft)
    # A block is as well aligned in its new place as it was.
    if room.block is not None:
        align = max(align, room.block.align)
        residue = room.block.start
    return start + (residue - start) % align


def _new_load(draft: Draft, start: int, *, fits: bool) -> Segment:
    """Return the program header of a new segment, which is empty yet."""
    address = _free_address(draft, start)
    last = draft.image.loads[-1]
    # glibc writes into the dynamic section.
    flags = PF_R if fits else PF_R | PF_W
    # Physical addresses mean nothing here, but linkers write them.
    paddr = address + last.paddr - last.vaddr
    page = page_size(draft.image.header.machine)
    return Segment(PT_LOAD, flags, start, address, paddr, 0, 0, page)


def _free_address(
    draft: Draft,
    offset: int,
) -> int:
    """Return an address behind all segments, on a page of its own, that suits the offset without any padding."""
    image = draft.image
    page = step = page_size(image.header.machine)
    top = max(segment.top for segment in image.loads)
    for segment in image.loads:
        # Some tools align all segments as the one with the largest alignment.
        if step < segment.align <= _LARGEST_STEP:
            step = segment.align
    base = -(-top // page) * page
    return base + (offset - base) % step
