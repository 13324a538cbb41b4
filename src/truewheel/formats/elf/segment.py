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
    PF_X,
    PT_GNU_STACK,
    PT_LOAD,
    SHF_ALLOC,
    SHT_NOBITS,
    SHT_NULL,
    Segment,
)
from .room import insert_load, make_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings

_LARGEST_STEP = 1 << 24
"""The largest alignment of a segment that a new address keeps to: more would waste addresses."""


def place(draft: Draft, entries: Sequence[Entry], strings: Strings) -> None:
    """Write the entries, and give them and the strings the room that they need."""
    fits = len(entries) <= draft.image.capacity
    if fits and not strings.added:
        write_entries(draft, entries)
        return
    if fits and write_into_gap(draft, entries, strings):
        return
    last = _open_segment(draft, moves_dynamic=not fits)
    if last is None:
        _add_segment(draft, entries, strings, fits=fits)
    else:
        _grow_segment(draft, last, entries, strings, fits=fits)


# --- the last segment grows -------------------------------------------------------------------------------------


def _open_segment(draft: Draft, *, moves_dynamic: bool) -> Segment | None:
    """Return the last segment if it can grow: what we wrote before, and what else is as well suited.

    It has the highest addresses and the last content of the file, except for what is not mapped.
    """
    image = draft.image
    last = image.loads[-1]
    end = last.offset + last.filesz
    # Zeros that only memory has lie where it would grow to.
    if last.filesz != last.memsz or last.flags & PF_X:
        return None
    has_strings = last.offset <= image.strings_at < end
    # Strings in writable memory are not made of those that cannot be written.
    if last.flags & PF_W and not has_strings:
        return None
    if moves_dynamic and not last.flags & PF_W:
        return None
    tops = [segment.vaddr + segment.memsz for segment in image.loads]
    ends = [
        segment.offset + segment.filesz
        for segment in image.segments
        if segment.type != PT_GNU_STACK
    ]
    if max(tops) > last.vaddr + last.memsz or max(ends) > end:
        return None
    is_last = end == draft.size or _is_loose_behind(draft, end)
    return last if is_last and _keeps_order(draft, last) else None


def _is_loose_behind(draft: Draft, end: int) -> bool:
    """Whether all that lies behind a segment is known, and may lie anywhere else."""
    header = draft.image.header
    if not draft.sections:
        return False
    for section in draft.sections:
        if section.type in (SHT_NULL, SHT_NOBITS) or not section.size:
            continue
        is_behind = section.offset >= end and not section.flags & SHF_ALLOC
        if section.offset + section.size > end and not is_behind:
            return False
    size = len(draft.sections) * header.file_class.section_header_size
    return header.shoff >= end or header.shoff + size <= draft.image.strings_at


def _keeps_order(draft: Draft, last: Segment) -> bool:
    """Whether strings at the end of a segment stand in the order of sections, which GNU strip lays them out by."""
    image = draft.image
    strings = strings_section(draft)
    if strings is None:
        return True
    for section in draft.sections[strings + 1 :]:
        is_inside = last.vaddr <= section.address < last.vaddr + last.memsz
        if is_inside and section.flags & SHF_ALLOC and section.size:
            return image.strings_at + len(image.strings) == last.offset + last.filesz
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
    end = last.offset + last.filesz
    start = end
    if image.strings_at + len(image.strings) == end:
        start = image.strings_at
    draft.cut, draft.resume = start, end
    new_end = fill(
        draft, Place(start, last.vaddr - last.offset), entries, strings, fits=fits
    )
    size = new_end - last.offset
    draft.replace_segment(last, last._replace(filesz=size, memsz=size))
    if end < draft.size:
        _shift_rest(draft, end, new_end)


def _shift_rest(draft: Draft, end: int, new_end: int) -> None:
    """Move what is not mapped behind the end of a segment that has grown."""
    step = draft.image.header.file_class.word
    for section in draft.sections:
        if section.offset >= end and section.type != SHT_NOBITS:
            step = max(step, min(section.align, 0x1000))
    distance = -(-(new_end - end) // step) * step
    draft.tail.append(bytes(end + distance - new_end))
    for index, section in enumerate(draft.sections):
        if section.offset >= end and not section.flags & SHF_ALLOC and section.type:
            draft.sections[index] = section._replace(offset=section.offset + distance)
    if draft.shoff >= end:
        draft.shoff += distance


# --- a new segment ----------------------------------------------------------------------------------------------


def _add_segment(
    draft: Draft, entries: Sequence[Entry], strings: Strings, *, fits: bool
) -> None:
    """Put everything that must move into one new segment at the end of the file."""
    room = make_room(draft)
    image = draft.image
    start = draft.size
    if room.moves_table:
        start = make_room_for_section(draft)
    # No byte of the segment lies before its first section.
    align = 16
    residue = 0
    if room.block is not None:
        align = max(align, room.block.align)
        residue = room.block.start
    start += (residue - start) % align
    address = _free_address(draft, start)
    page = page_size(image.header.machine)
    last = image.loads[-1]
    new = Segment(
        PT_LOAD,
        # glibc writes into the dynamic section.
        PF_R if fits else PF_R | PF_W,
        start,
        address,
        address + last.paddr - last.vaddr,
        0,
        0,
        page,
    )
    insert_load(draft, new)
    pad_to(draft, start)
    spot = Place(start, address - start)
    size = fill(draft, spot, entries, strings, fits=fits, room=room) - start
    draft.replace_segment(new, new._replace(filesz=size, memsz=size))
    if room.moves_table:
        write_table(draft)


def _free_address(draft: Draft, offset: int) -> int:
    """Return an address behind all segments, on a page of its own, that suits the offset without any padding."""
    image = draft.image
    page = step = page_size(image.header.machine)
    top = 0
    for segment in image.loads:
        top = max(top, segment.vaddr + segment.memsz)
        # Some tools align all segments as the one with the largest alignment.
        if step < segment.align <= _LARGEST_STEP:
            step = segment.align
    base = -(-top // page) * page
    return base + (offset - base) % step
