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
    DT_SYMTAB,
    PT_GNU_PROPERTY,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_NULL,
    PT_PHDR,
    SHF_ALLOC,
    SHT_DYNSYM,
    SHT_GNU_HASH,
    SHT_HASH,
    SHT_NOBITS,
    SHT_NOTE,
    SHT_NULL,
    SHT_PROGBITS,
    SHT_STRTAB,
    first_of_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .draft import Draft
    from .layout import Section, Segment

SHF_WRITE, SHF_EXECINSTR = 1, 4
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
    if not draft.sections or not _is_in_front(draft):
        return None
    properties = first_of_type(draft.segments, PT_GNU_PROPERTY)
    notes = [segment for segment in draft.segments if segment.type == PT_NOTE]
    for note in notes:
        if properties and (note.offset, note.filesz) == (
            properties.offset,
            properties.filesz,
        ):
            return note
    for note in notes:
        if _is_build_id(draft, note):
            return note
    return None


def _is_build_id(draft: Draft, note: Segment) -> bool:
    """Whether a segment holds one note, and that is a build ID.

    https://gabi.xinuos.com/elf/07-pheader.html ("Note Section")
    """
    if note.filesz < _NOTE_HEADER:
        return False
    cursor = draft.image.cursor
    name_size, size, kind, name = cursor.unpack("III4s", note.offset, "note")
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
        draft.replace_segment(table, table._replace(filesz=size, memsz=size))


def _table_end(draft: Draft) -> int:
    header = draft.image.header
    return header.phoff + len(draft.segments) * header.file_class.program_header_size


def _needed_end(draft: Draft) -> int:
    return _table_end(draft) + draft.image.header.file_class.program_header_size


def _sections_in_file(draft: Draft) -> list[Section]:
    """Return the sections with content, in the order of the file."""
    found = []
    for section in draft.sections:
        if section.type not in (SHT_NULL, SHT_NOBITS) and section.size:
            found.append(section)
    return sorted(found, key=lambda section: section.offset)


def _first_used(draft: Draft) -> int:
    """Return where the first thing behind the table lies; the table's end when that is not known."""
    end = _table_end(draft)
    if not draft.sections or not _is_in_front(draft):
        return end
    places = [draft.image.header.shoff]
    places += [section.offset for section in _sections_in_file(draft)]
    for segment in draft.segments:
        is_part = segment.type not in (PT_LOAD, PT_PHDR, PT_GNU_STACK)
        if is_part and segment.filesz:
            places.append(segment.offset)
        elif segment.type == PT_LOAD:
            # What is mapped must not end before the table does.
            places.append(segment.offset or segment.filesz)
    return min((place for place in places if place >= end), default=end)


def _is_in_front(draft: Draft) -> bool:
    """Whether the table lies behind the file header, and is mapped together with it."""
    header = draft.image.header
    first = draft.image.loads[0]
    is_mapped = first.offset == 0 and first.filesz >= _table_end(draft)
    return is_mapped and header.phoff == FILE_HEADER_SIZES[header.file_class.bits]


def _movable_block(draft: Draft) -> Block | None:
    """Return what follows the table and can lie elsewhere, enough of it; ``None`` when something else is in the way.

    What a segment names moves as a whole, and the order of what moves stays. The strings move in any case.
    """
    if not draft.sections or not _is_in_front(draft):
        return None
    sections = _sections_in_file(draft)
    start = stop = _table_end(draft)
    needed = _needed_end(draft)
    moving: list[Section] = []
    for section in sections:
        if section.offset + section.size <= start:
            continue
        if section.offset >= max(needed, stop):
            break
        if _is_strings(draft, section):
            # Their old place is free, and what follows them may stay.
            needed = max(needed, stop)
            stop = max(stop, section.offset)
            if section.offset + section.size >= needed:
                break
            return None
        if section.offset < stop or not _is_movable(draft, section):
            return None
        moving.append(section)
        stop = max(section.offset + section.size, _followers_end(draft, section))
    if not moving:
        return None
    return _block_of(draft, moving)


def _block_of(draft: Draft, moving: list[Section]) -> Block | None:
    """Return the part of the file that these sections take, ``None`` when it cannot be moved as a whole."""
    start = moving[0].offset
    stop = moving[-1].offset + moving[-1].size
    align = max(section.align or 1 for section in moving)
    first = draft.image.loads[0]
    # A segment that lies here in part would be torn.
    for segment in draft.segments:
        low, high = segment.offset, segment.offset + segment.filesz
        is_apart = high <= start or low >= stop or not segment.filesz
        follows = segment.type in _FOLLOW and start <= low and high <= stop
        if not (is_apart or follows or segment.type in (PT_LOAD, PT_PHDR)):
            return None
    is_in_first = stop <= first.offset + first.filesz
    is_aligned = (first.vaddr - first.offset) % align == 0
    return Block(start, stop, align) if is_in_first and is_aligned else None


def _followers_end(draft: Draft, section: Section) -> int:
    """Return up to where the segments reach that name a section."""
    end = 0
    for segment in draft.segments:
        low, high = segment.offset, segment.offset + segment.filesz
        if segment.type in _FOLLOW and low <= section.offset < high:
            end = max(end, high)
    return end


def _is_strings(draft: Draft, section: Section) -> bool:
    is_table = section.type == SHT_STRTAB and section.flags & SHF_ALLOC
    return bool(is_table) and section.offset == draft.image.strings_at


def _is_movable(draft: Draft, section: Section) -> bool:
    """Whether everything finds a section by the dynamic section or by a program header, and only there."""
    if section.flags & (SHF_WRITE | SHF_EXECINSTR) or not section.flags & SHF_ALLOC:
        return False
    first = draft.image.loads[0]
    # Code in one segment with it may reach it by its distance, but not by these types.
    if section.address - section.offset != first.vaddr - first.offset:
        return False
    if section.type == SHT_NOTE:
        return True
    if section.type == SHT_PROGBITS:
        interpreter = first_of_type(draft.segments, PT_INTERP)
        return interpreter is not None and interpreter.offset == section.offset
    tag = _BY_TAG.get(section.type)
    return tag is not None and draft.image.values.get(tag) == section.address


def move_headers(draft: Draft, block: Block, *, distance: int, new_offset: int) -> None:
    """Tell of a block's new place in the headers of what lies in it.

    :param distance: how far its addresses move.
    """
    offset_distance = new_offset - block.start
    for index, section in enumerate(draft.sections):
        is_inside = block.start <= section.offset < block.stop
        if is_inside and section.type not in (SHT_NULL, SHT_NOBITS) and section.size:
            draft.sections[index] = section._replace(
                address=section.address + distance,
                offset=section.offset + offset_distance,
            )
    for segment in list(draft.segments):
        is_inside = block.start <= segment.offset < block.stop
        if segment.type in _FOLLOW and is_inside and segment.filesz:
            new = segment._replace(
                offset=segment.offset + offset_distance,
                vaddr=segment.vaddr + distance,
                paddr=segment.paddr + distance,
            )
            draft.replace_segment(segment, new)


def moved_tags(draft: Draft, block: Block, *, distance: int) -> dict[int, int]:
    """Return the tags of tables in a block, with their new addresses."""
    first = draft.image.loads[0]
    low = block.start - first.offset + first.vaddr
    high = block.stop - first.offset + first.vaddr
    found = {}
    for tag in _BY_TAG.values():
        address = draft.image.values.get(tag)
        if address is not None and low <= address < high:
            found[tag] = address + distance
    return found
