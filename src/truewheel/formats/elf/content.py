"""What goes into a segment that grows or is new: the strings, and what else must move with them."""

from __future__ import annotations

from ...model.edits import Kept
from ...model.errors import RepairError
from ...model.record import NamedTuple
from .draft import length_of
from .entries import grown_capacity, string_values, table_of, with_values
from .layout import (
    DT_STRTAB,
    PF_W,
    SHF_ALLOC,
    SHT_DYNAMIC,
    SHT_PROGBITS,
    SHT_STRTAB,
    Section,
)
from .room import PN_MANY, move_headers, moved_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Entry, Strings
    from .room import Block, Room

_TABLE_NAME = b".phdr"
"""Section of a table of program headers that has moved: eu-strip keeps what a section covers."""


class Place(NamedTuple):
    """Where new content goes.

    :param start: its offset in the file.
    :param shift: what an offset lacks to be an address.
    """

    start: int
    shift: int


def fill(
    draft: Draft,
    spot: Place,
    entries: Sequence[Entry],
    strings: Strings,
    *,
    fits: bool,
    room: Room | None = None,
) -> int:
    """Write what moves, the strings last, so that they can grow again. Return the offset of its end."""
    here = spot.start
    values: dict[int, int] = {}
    if room is not None and room.moves_table:
        here = _place_table(draft, spot)
    elif room is not None and room.block is not None:
        values |= _place_block(
            draft,
            room.block,
            spot,
        )
        here += room.block.stop - room.block.start
    dynamic_at = None
    if not fits:
        dynamic_at = -(-here // 16) * 16
        here = dynamic_at + _dynamic_size(draft, entries)
    strings_at = here if here == spot.start else -(-here // 8) * 8
    values |= string_values(strings_at + spot.shift, len(strings))
    entries = with_values(entries, values)
    if dynamic_at is None:
        write_entries(draft, entries)
    else:
        _place_dynamic(
            draft,
            spot,
            dynamic_at,
            entries,
        )
    pad_to(draft, strings_at)
    _place_strings(
        draft,
        spot,
        strings_at,
        strings,
    )
    return strings_at + len(strings)


def _place_block(draft: Draft, block: Block, spot: Place) -> dict[int, int]:
    """Put a block at the start of the segment; return the tags of what lies in it."""
    address = spot.start + spot.shift
    move_headers(
        draft,
        block,
        offset=spot.start,
        address=address,
    )
    draft.tail.append(Kept(block.start, block.stop))
    return moved_tags(
        draft,
        block,
        address=address,
    )


def pad_to(draft: Draft, offset: int) -> None:
    """Fill with zeros up to an offset of the new file."""
    here = draft.cut + sum(length_of(piece) for piece in draft.tail)
    draft.tail.append(bytes(offset - here))


def _place_strings(
    draft: Draft,
    spot: Place,
    offset: int,
    strings: Strings,
) -> None:
    """Put the old strings and the new ones at an offset; they are kept where they stand, too, which nobody looks at."""
    image = draft.image
    draft.tail.append(Kept(image.strings_at, image.strings_at + len(image.strings)))
    draft.tail.append(strings.added)
    # A file without sections has no header to tell it.
    index = strings_section(draft)
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=offset + spot.shift,
            offset=offset,
            size=len(strings),
        )


def strings_section(draft: Draft) -> int | None:
    """Return the index of the section with the strings of the dynamic section, ``None`` when no section is."""
    address = draft.image.values[DT_STRTAB]
    return draft.section_index(address, (SHT_STRTAB,))


def write_entries(draft: Draft, entries: Sequence[Entry]) -> None:
    """Write the dynamic section where it stands."""
    image = draft.image
    table = table_of(
        image,
        entries,
        image.dynamic.vaddr,
        image.capacity,
    )
    layout = image.header.file_class.dynamic
    draft.put(image.dynamic_at, b"".join(draft.pack(layout, *row) for row in table))


def _dynamic_size(draft: Draft, entries: Sequence[Entry]) -> int:
    size = draft.image.header.file_class.dynamic_size
    return (grown_capacity(entries) + 1) * size


def _place_dynamic(
    draft: Draft,
    spot: Place,
    offset: int,
    entries: Sequence[Entry],
) -> None:
    """Put the dynamic section at an offset, and tell of it in the headers."""
    image = draft.image
    address = offset + spot.shift
    table = table_of(
        image,
        entries,
        address,
        grown_capacity(entries),
    )
    layout = image.header.file_class.dynamic
    pad_to(draft, offset)
    draft.tail.append(b"".join(draft.pack(layout, *row) for row in table))
    size = _dynamic_size(draft, entries)
    old = image.dynamic
    # glibc before 2.35 writes into it, and later ones do if this says so.
    new = old.moved(offset, address).sized(size)._replace(flags=old.flags | PF_W)
    draft.replace_segment(old, new)
    index = draft.section_index(old.vaddr, (SHT_DYNAMIC,))
    if index is not None:
        draft.sections[index] = draft.sections[index]._replace(
            address=address,
            offset=offset,
            size=size,
        )


# --- the table of program headers moves -------------------------------------------------------------------------


def _place_table(
    draft: Draft,
    spot: Place,
) -> int:
    """Give the table its place at the start of the new segment; return where it ends."""
    file_class = draft.image.header.file_class
    size = len(draft.segments) * file_class.program_header_size
    address = spot.start + spot.shift
    draft.phoff = spot.start
    header = draft.segments[0]
    draft.segments[0] = header._replace(
        offset=spot.start,
        vaddr=address,
        paddr=address,
    )
    # What stands in it is known when all else has its place.
    draft.tail.append(bytes(size))
    if draft.sections:
        name = draft.sections[draft.image.header.shstrndx].size - len(_TABLE_NAME) - 1
        draft.sections.append(
            Section(
                name,
                SHT_PROGBITS,
                SHF_ALLOC,
                address,
                spot.start,
                size,
                0,
                0,
                file_class.word,
                0,
            )
        )
    return spot.start + size


def make_room_for_section(draft: Draft) -> int:
    """Move the section headers and their names behind all else, for one more; return where they will end."""
    image = draft.image
    header = image.header
    if not draft.sections:
        return draft.size
    if len(draft.sections) + 1 >= PN_MANY or header.shstrndx >= len(draft.sections):
        raise RepairError("its section headers cannot take one more")
    names = draft.sections[header.shstrndx]
    size = header.file_class.section_header_size
    # The name of the new section is added behind all others.
    old_names = bytes(
        image.cursor.bytes(
            names.offset,
            names.size,
            "section names",
        )
    )
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
    pad_to(draft, draft.shoff)
    total = (len(draft.sections) + 1) * size
    draft.tail.append(bytes(total))
    return draft.shoff + total


def write_table(draft: Draft) -> None:
    """Write the tables of headers whose place was kept free."""
    tables = {
        draft.phoff: draft.packed_segments(),
        draft.shoff: draft.packed_sections(),
    }
    here = draft.cut
    for index, piece in enumerate(draft.tail):
        # Nothing was put into a place that a file without sections has no use for.
        if piece and here in tables:
            draft.tail[index] = tables.pop(here)
        here += length_of(piece)
