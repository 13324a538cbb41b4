"""Where the strings go that grow: behind the end of the last segment, or in a new one at the end of the file.

Nothing that is mapped gets another address but what moves here, so that debug information, also in other files, stays right.
"""

from __future__ import annotations

from ...model.edits import Kept
from ...model.errors import RepairError
from ...model.record import NamedTuple
from .entries import grown_capacity, string_values, table_of, with_values
from .image import loads_of
from .layout import (
    EM_386,
    EM_IAMCU,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    PF_R,
    PF_W,
    PF_X,
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_LOAD,
    SHF_ALLOC,
    SHT_DYNAMIC,
    SHT_NOBITS,
    SHT_NULL,
    SHT_PROGBITS,
    SHT_STRTAB,
    DT_STRTAB,
    Section,
    Segment,
    first_of_type,
)
from .room import PN_MANY, Room, insert_load, make_room, move_headers, moved_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings

_SMALL_PAGES = {EM_386, EM_IAMCU, EM_X86_64, EM_S390, EM_RISCV}
"""Machines whose pages have 4 KiB. On all others there are, or may be, systems with pages of 64 KiB."""
_LARGEST_STEP = 1 << 24
"""The largest alignment of a segment that a new address keeps to: more would waste addresses."""
_TABLE_NAME = b".phdr"
"""Section of a table of program headers that has moved: what no section covers, GNU strip takes for nothing."""


class Place(NamedTuple):
    """Where new content goes.

    :param start: its offset in the file.
    :param shift: what an offset lacks to be an address.
    """

    start: int
    shift: int


def page_size(machine: int) -> int:
    """Return the size of the largest pages that a machine's systems have, in bytes.

    >>> page_size(EM_X86_64)
    4096
    """
    return 0x1000 if machine in _SMALL_PAGES else 0x10000


def place(draft: Draft, entries: Sequence[Entry], strings: Strings) -> None:
    """Write the entries, and give them and the strings the room that they need."""
    fits = len(entries) <= draft.image.capacity
    if fits and not strings.added:
        _write_entries(draft, entries)
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
        if section.type in (SHT_NULL, SHT_NOBITS):
            continue
        if section.offset + section.size > end:
            if section.flags & SHF_ALLOC or section.offset < end:
                return False
    size = len(draft.sections) * header.file_class.section_header_size
    return header.shoff >= end or header.shoff + size <= draft.image.strings_at


def _keeps_order(draft: Draft, last: Segment) -> bool:
    """Whether strings at the end of a segment stand in the order of sections, which GNU strip lays them out by."""
    image = draft.image
    strings = _strings_section(draft)
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
    new_end = _fill(
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
        start = _make_room_for_section(draft)
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
    _pad_to(draft, start)
    spot = Place(start, address - start)
    size = _fill(draft, spot, entries, strings, fits=fits, room=room) - start
    draft.replace_segment(new, new._replace(filesz=size, memsz=size))
    if room.moves_table:
        _write_table(draft)


def _length(piece: Kept | bytes) -> int:
    return piece.stop - piece.start if isinstance(piece, Kept) else len(piece)


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


# --- content ----------------------------------------------------------------------------------------------------


def _fill(
    draft: Draft,
    spot: Place,
    entries: Sequence[Entry],
    strings: Strings,
    *,
    fits: bool,
    room: Room | None = None,
) -> int:
    """Write what moves, the strings last, so that they can grow again. Return the offset of its end."""
    image = draft.image
    here = spot.start
    values: dict[int, int] = {}
    if room is not None and room.moves_table:
        here = _place_table(draft, spot)
    elif room is not None and room.block is not None:
        block = room.block
        new_address = here + spot.shift
        first = image.loads[0]
        distance = new_address - (block.start - first.offset + first.vaddr)
        values |= moved_tags(draft, block, distance=distance)
        move_headers(draft, block, distance=distance, new_offset=here)
        draft.tail.append(Kept(block.start, block.stop))
        here += block.stop - block.start
    dynamic_at = None
    if not fits:
        dynamic_at = -(-here // 16) * 16
        here = dynamic_at + _dynamic_size(draft, entries)
    strings_at = here if here == spot.start else -(-here // 8) * 8
    values |= string_values(strings_at + spot.shift, len(strings))
    entries = with_values(entries, values)
    if dynamic_at is None:
        _write_entries(draft, entries)
    else:
        _place_dynamic(draft, spot, dynamic_at, entries)
    _pad_to(draft, strings_at)
    _place_strings(draft, spot, strings_at, strings)
    return strings_at + len(strings)


def _pad_to(draft: Draft, offset: int) -> None:
    """Fill with zeros up to an offset of the new file."""
    here = draft.cut + sum(_length(piece) for piece in draft.tail)
    draft.tail.append(bytes(offset - here))


def _place_strings(draft: Draft, spot: Place, offset: int, strings: Strings) -> None:
    """Put the old strings and the new ones at an offset; they are kept where they stand, too, which nobody looks at."""
    image = draft.image
    draft.tail.append(Kept(image.strings_at, image.strings_at + len(image.strings)))
    draft.tail.append(strings.added)
    index = _strings_section(draft)
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=offset + spot.shift, offset=offset, size=len(strings)
        )


def _strings_section(draft: Draft) -> int | None:
    address = draft.image.values[DT_STRTAB]
    return draft.section_index(address, (SHT_STRTAB,))


def _write_entries(draft: Draft, entries: Sequence[Entry]) -> None:
    """Write the dynamic section where it stands."""
    image = draft.image
    table = table_of(image, entries, image.dynamic.vaddr, image.capacity)
    layout = image.header.file_class.dynamic
    draft.put(image.dynamic_at, b"".join(draft.pack(layout, *row) for row in table))


def _dynamic_size(draft: Draft, entries: Sequence[Entry]) -> int:
    size = draft.image.header.file_class.dynamic_size
    return (grown_capacity(entries) + 1) * size


def _place_dynamic(
    draft: Draft, spot: Place, offset: int, entries: Sequence[Entry]
) -> None:
    """Put the dynamic section at an offset, and tell of it in the headers."""
    image = draft.image
    address = offset + spot.shift
    table = table_of(image, entries, address, grown_capacity(entries))
    layout = image.header.file_class.dynamic
    _pad_to(draft, offset)
    draft.tail.append(b"".join(draft.pack(layout, *row) for row in table))
    size = _dynamic_size(draft, entries)
    old = image.dynamic
    new = Segment(
        PT_DYNAMIC,
        old.flags | PF_W,
        offset,
        address,
        old.paddr + address - old.vaddr,
        size,
        size,
        old.align,
    )
    draft.replace_segment(old, new)
    index = draft.section_index(old.vaddr, (SHT_DYNAMIC,))
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=address, offset=offset, size=size
        )


# --- the table of program headers moves -------------------------------------------------------------------------


def _place_table(draft: Draft, spot: Place) -> int:
    """Give the table its place at the start of the new segment; return where it ends."""
    file_class = draft.image.header.file_class
    size = len(draft.segments) * file_class.program_header_size
    draft.phoff = spot.start
    # What stands in it is known when all else has its place.
    draft.tail.append(bytes(size))
    if draft.sections:
        name = draft.sections[draft.image.header.shstrndx].size - len(_TABLE_NAME) - 1
        draft.sections.append(
            Section(
                name,
                SHT_PROGBITS,
                SHF_ALLOC,
                spot.start + spot.shift,
                spot.start,
                size,
                0,
                0,
                file_class.word,
                0,
            )
        )
    return spot.start + size


def _make_room_for_section(draft: Draft) -> int:
    """Move the section headers and their names behind all else, for one more; return where they will end."""
    image = draft.image
    header = image.header
    if not draft.sections:
        return draft.size
    if len(draft.sections) + 1 >= PN_MANY or header.shstrndx >= len(draft.sections):
        raise RepairError("its section headers cannot take one more")
    names = draft.sections[header.shstrndx]
    size = header.file_class.section_header_size
    old_names = bytes(image.cursor.bytes(names.offset, names.size, "section names"))
    # They usually are the last things in the file, and leave no hole then.
    cut = draft.size
    for start, length in sorted(
        ((header.shoff, len(draft.sections) * size), (names.offset, names.size)),
        reverse=True,
    ):
        if cut - 16 < start + length <= cut:
            cut = start
    draft.cut = cut
    new_names = old_names + _TABLE_NAME + b"\0"
    draft.sections[header.shstrndx] = names._replace(offset=cut, size=len(new_names))
    draft.tail.append(new_names)
    draft.shoff = -(-(cut + len(new_names)) // 8) * 8
    _pad_to(draft, draft.shoff)
    total = (len(draft.sections) + 1) * size
    draft.tail.append(bytes(total))
    return draft.shoff + total


def _write_table(draft: Draft) -> None:
    """Write the tables of headers whose place was kept free."""
    written = draft.cut
    for index, piece in enumerate(draft.tail):
        if written == draft.phoff and _length(piece):
            draft.tail[index] = draft.packed_segments()
        elif written == draft.shoff and draft.sections and _length(piece):
            draft.tail[index] = draft.packed_sections()
        written += _length(piece)
