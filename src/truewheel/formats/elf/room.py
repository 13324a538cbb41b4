"""Room for one more program header: where it is found, and what makes way for it.

The table stays behind the file header wherever it can: GNU strip and objcopy write it there in any case, over whatever they
find.
"""

from __future__ import annotations

from ...model.errors import RepairError
from ...model.record import NamedTuple
from .image import loads_of
from .layout import (
    DT_GNU_HASH,
    DT_HASH,
    DT_NULL,
    DT_SYMTAB,
    PT_GNU_PROPERTY,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_NULL,
    PT_PHDR,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHT_DYNSYM,
    SHT_GNU_HASH,
    SHT_HASH,
    SHT_NOTE,
    SHT_PROGBITS,
    first_of_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .layout import Section, Segment

PN_MANY = 0xFF00
"""Entries of a table from which on its header says their number in another way."""
FILE_HEADER_SIZES = {32: 52, 64: 64}
NT_GNU_BUILD_ID = 3
_NOTE_HEADER = 16
"""Bytes of a note before its content, with the name that GNU's notes have."""
_FOLLOW = (PT_NOTE, PT_GNU_PROPERTY, PT_INTERP)
"""Segments that say where in the file something lies, and nothing else: they follow it to another place."""
_BY_TAG = {SHT_HASH: DT_HASH, SHT_GNU_HASH: DT_GNU_HASH, SHT_DYNSYM: DT_SYMTAB}
"""Sections that are only found by a tag of the dynamic section: they can lie anywhere."""


class Block(NamedTuple):
    """A part of the file that makes way: it moves as it is."""

    start: int
    stop: int
    align: int

    def holds(self, segment: Segment) -> bool:
        """Whether all of a segment lies in it."""
        is_inside = self.start <= segment.offset and segment.end <= self.stop
        return is_inside and segment.filesz > 0


class Room(NamedTuple):
    """How room was made: a block moves, the table itself, or neither."""

    block: Block | None = None
    moves_table: bool = False


def make_room(draft: Draft) -> Room:
    """Make room for one more program header, by what costs least.

    :raises RepairError: when there is none, and the table cannot move.
    """
    if len(draft.segments) + 1 >= PN_MANY:
        raise RepairError("it has too many program headers")
    unused = first_of_type(draft.segments, PT_NULL)
    if unused is not None:
        draft.segments.remove(unused)
        return Room()
    if _first_used(draft) >= _needed_end(draft):
        return Room()
    # Only a program's start-up code goes by PT_PHDR; the loaders find a library's table without it.
    table = first_of_type(draft.segments, PT_PHDR)
    if table is not None and not draft.image.is_program:
        draft.segments.remove(table)
        return Room()
    block = _movable_block(draft)
    if block is not None:
        return Room(block=block)
    note = _expendable_note(draft)
    if note is not None:
        draft.segments.remove(note)
        return Room()
    if draft.image.is_program:
        # Linux before 5.18 tells a program that its table lies where the first segment would have it.
        raise RepairError(
            "there is no room for another program header, and the table of a program cannot move",
            hint="link it with -Wl,-z,separate-code, or with a search path of its own",
        )
    return Room(moves_table=True)


def _expendable_note(draft: Draft) -> Segment | None:
    """Return a program header of notes that no loader needs, ``None`` when there is none.

    Properties have a header of their own kind. A build ID is for debuggers, which find it by its section; a library whose
    table has moved would be destroyed by GNU strip.
    """
    if not _is_in_front(draft):
        return None
    for segment in draft.segments:
        if segment.type == PT_NOTE and _is_expendable(draft, segment):
            return segment
    return None


def _is_expendable(draft: Draft, note: Segment) -> bool:
    properties = first_of_type(draft.segments, PT_GNU_PROPERTY)
    if properties is not None and _is_same(note, properties):
        return True
    return _is_build_id(draft, note)


def _is_same(note: Segment, other: Segment) -> bool:
    return (note.offset, note.filesz) == (other.offset, other.filesz)


def _is_build_id(
    draft: Draft,
    note: Segment,
) -> bool:
    """Whether a segment holds one note, and that is a build ID.

    https://gabi.xinuos.com/elf/07-pheader.html ("Note Section")
    """
    if note.filesz < _NOTE_HEADER:
        return False
    cursor = draft.image.cursor
    name_size, size, kind, name = cursor.unpack(
        "III4s",
        note.offset,
        "note",
    )
    is_alone = note.filesz < size + 2 * _NOTE_HEADER
    is_gnu = (name_size, name) == (4, b"GNU\0")
    return is_alone and is_gnu and kind == NT_GNU_BUILD_ID


def insert_load(draft: Draft, new: Segment) -> None:
    """Add a program header behind those of its kind, which stand in the order of addresses."""
    last = loads_of(draft.segments)[-1]
    draft.segments.insert(draft.segments.index(last) + 1, new)
    table = first_of_type(draft.segments, PT_PHDR)
    if table is not None:
        size = draft.image.header.file_class.program_header_size * len(draft.segments)
        draft.replace_segment(table, table.sized(size))


def _table_end(draft: Draft) -> int:
    header = draft.image.header
    return header.phoff + len(draft.segments) * header.file_class.program_header_size


def _needed_end(draft: Draft) -> int:
    return _table_end(draft) + draft.image.header.file_class.program_header_size


def _first_used(draft: Draft) -> int:
    """Return where the first thing behind the table lies; the table's end when that is not known."""
    end = _table_end(draft)
    if not _is_in_front(draft):
        return end
    places = [draft.image.header.shoff]
    for section in draft.contents():
        # The strings move in any case, and leave their place to the table.
        if section.offset != draft.image.strings_at:
            places.append(section.offset)
    places += map(_place_behind, draft.segments)
    behind = [place for place in places if place >= end]
    return min(behind, default=end)


def _place_behind(segment: Segment) -> int:
    """Return an offset that the table must not reach beyond, 0 when a segment has none."""
    # These have no content of their own.
    if segment.type in (PT_PHDR, PT_GNU_STACK):
        return 0
    # What is mapped together with the table must not end before it.
    if segment.type == PT_LOAD and not segment.offset:
        return segment.end
    return segment.offset


def _is_in_front(draft: Draft) -> bool:
    """Whether the table lies behind the file header, is mapped together with it, and what follows is known."""
    header = draft.image.header
    first = draft.image.loads[0]
    is_first = header.phoff == FILE_HEADER_SIZES[header.file_class.bits]
    is_mapped = first.offset == 0 and first.end >= _table_end(draft)
    return is_first and is_mapped and bool(draft.sections)


def _movable_block(draft: Draft) -> Block | None:
    """Return what follows the table and can lie elsewhere, enough of it; ``None`` when something else is in the way.

    What a segment names moves as a whole, and the order of what moves stays.
    """
    if not _is_in_front(draft):
        return None
    moving = _sections_in_the_way(draft)
    for section in moving:
        if not _is_movable(draft, section):
            return None
    # The place of the strings may be room enough.
    if not moving:
        return None
    block = _block_of(moving)
    return block if _is_whole(draft, block) else None


def _block_of(moving: Sequence[Section]) -> Block:
    """Return the part of the file that sections take, as strictly aligned as one of them is."""
    start = moving[0].offset
    stop = moving[-1].end
    aligns = [section.align for section in moving]
    return Block(
        start,
        stop,
        max(1, *aligns),
    )


def _is_whole(draft: Draft, block: Block) -> bool:
    """Whether no segment would be torn, and the block can be as well aligned elsewhere."""
    for segment in draft.segments:
        if not _leaves_whole(block, segment):
            return False
    first = draft.image.loads[0]
    is_inside = block.stop <= first.end
    return is_inside and first.shift % block.align == 0


def _sections_in_the_way(draft: Draft) -> list[Section]:
    """Return the sections behind the table that make room for another entry, all that one segment names together."""
    needed = _table_end(draft) + draft.image.header.file_class.program_header_size
    found: list[Section] = []
    for section in draft.contents():
        # Sections stand in the order of the file.
        if section.offset >= needed:
            break
        # The strings move in any case, and leave their place to the table.
        if section.offset == draft.image.strings_at:
            return found if section.end >= needed else []
        if section.end > _table_end(draft):
            found.append(section)
            needed = max(needed, _end_of_followers(draft, section))
    return found


def _leaves_whole(block: Block, segment: Segment) -> bool:
    """Whether a segment moves with a block, or does not care."""
    if segment.type in (PT_LOAD, PT_PHDR) or not segment.filesz:
        return True
    if segment.end <= block.start or segment.offset >= block.stop:
        return True
    return segment.type in _FOLLOW and block.holds(segment)


def _end_of_followers(draft: Draft, section: Section) -> int:
    """Return up to where the segments reach that name a section; 0 when none does."""
    ends = [0]
    for segment in draft.segments:
        names_it = segment.offset <= section.offset < segment.end
        if names_it and segment.type in _FOLLOW:
            ends.append(segment.end)
    return max(ends)


def _is_movable(
    draft: Draft,
    section: Section,
) -> bool:
    """Whether everything finds a section by the dynamic section or by a program header, and only there."""
    first = draft.image.loads[0]
    rights = section.flags & (SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR)
    # Something at another distance than all else was not put there by a linker.
    if rights != SHF_ALLOC or section.address - section.offset != first.shift:
        return False
    if section.type == SHT_NOTE:
        return True
    if section.type == SHT_PROGBITS:
        return _is_interpreter(draft, section)
    tag = _BY_TAG.get(section.type, DT_NULL)
    return draft.image.values.get(tag) == section.address


def _is_interpreter(draft: Draft, section: Section) -> bool:
    interpreter = first_of_type(draft.segments, PT_INTERP)
    return interpreter is not None and interpreter.offset == section.offset


def move_headers(
    draft: Draft,
    block: Block,
    *,
    offset: int,
    address: int,
) -> None:
    """Tell of a block's new place, where it begins, in the headers of what lies in it."""
    for index, section in enumerate(draft.sections):
        inside = section.offset - block.start
        if section.has_content and 0 <= inside < block.stop - block.start:
            moved = section.moved(offset + inside, address + inside)
            draft.sections[index] = moved
    followers = [part for part in draft.segments if part.type in _FOLLOW]
    for segment in filter(block.holds, followers):
        inside = segment.offset - block.start
        new = segment.moved(offset + inside, address + inside)
        draft.replace_segment(segment, new)


def moved_tags(draft: Draft, block: Block, *, address: int) -> dict[int, int]:
    """Return the tags of tables in a block, with their addresses when it begins at ``address``."""
    low = block.start + draft.image.loads[0].shift
    high = low + block.stop - block.start
    found = {}
    # Tags of tables that stay are not among them.
    for tag, old in draft.image.slots:
        if tag in _BY_TAG.values() and low <= old < high:
            found[tag] = old - low + address
    return found
