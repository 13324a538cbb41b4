"""What the notes of an ELF file say: the oldest system, the CPU levels, the build's identifier.

No loader refuses a file for a note that it cannot read: glibc looks for a few owners, and only where the alignment is that
of notes. So an area that holds something else is skipped.

Sources: gABI chapter 5, "Note Section" (https://gabi.xinuos.com/elf/07-pheader.html), glibc ``elf/elf.h`` and
``elf/dl-load.c``, bionic's ``.note.android.ident``.
"""

from __future__ import annotations

from ...model.binary import MinimumOS
from ...model.errors import FormatError
from ...model.record import NamedTuple
from .layout import EM_386, EM_X86_64, PT_NOTE, SHT_NOTE
from .section_names import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .layout import Header, Section, Segment

    Odd = list[tuple["_Area", FormatError]]
    """Areas that hold something else than notes, with what is wrong there."""

NOTE_HEADER = "III"
"""Size of the owner's name, size of the description, type."""
NOTE_HEADER_SIZE = 12
NT_GNU_ABI_TAG = 1
NT_GNU_BUILD_ID = 3
NT_GNU_PROPERTY_TYPE_0 = 5
NT_ANDROID_IDENT = 1
ELF_NOTE_OS_LINUX = 0
GNU_PROPERTY_X86_ISA_1_NEEDED = 0xC0008002
GNU_PROPERTY_X86_ISA_1_USED = 0xC0010002
ISA_1_LEVELS = {1: "x86-64-baseline", 2: "x86-64-v2", 4: "x86-64-v3", 8: "x86-64-v4"}
"""https://gitlab.com/x86-psABIs/x86-64-ABI, "Program Property": ``GNU_PROPERTY_X86_ISA_1_BASELINE`` and on."""


class Notes:
    """What the notes of a file say, gathered one after the other."""

    def __init__(self) -> None:
        # A dictionary keeps the order: a note is met again where its segment is odd, and its section is read.
        self.minimum_os: dict[MinimumOS, None] = {}
        self.isa_needed: tuple[str, ...] = ()
        self.isa_used: tuple[str, ...] = ()
        self.build_id: str | None = None

    @property
    def states_android(self) -> bool:
        """Whether a note of the NDK's is there."""
        return any(stated.platform == "android" for stated in self.minimum_os)


class _Area(NamedTuple):
    """A place where notes are said to be; ``section`` is the header that says so, ``None`` for a program header."""

    offset: int
    size: int
    section: Section | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Where it is, whatever says so."""
        return self.offset, self.size

    def holds(self, other: _Area) -> bool:
        """Whether another area lies inside."""
        end = self.offset + self.size
        end_of_other = other.offset + other.size
        return self.offset <= other.offset and end_of_other <= end


def read_notes(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    sections: Sequence[Section],
    skipped: SkippedParts,
) -> Notes:
    """Read the notes that the loader sees; in a file without such segments, those in sections.

    :param skipped: takes the areas that hold something else than notes.
    """
    from_sections = _areas_of_sections(sections)
    from_segments = _areas_of_segments(segments)
    reading = _Reading(cursor, header)
    odd = reading.odd_areas(from_segments or from_sections)
    if odd and from_segments:
        odd, loses_notes = _odd_sections(reading, odd, from_segments, from_sections)
    else:
        loses_notes = True
    # What is not known is told when all areas were read: another may have it.
    loss = _loss(reading.notes, header) if loses_notes else ""
    for area, error in odd:
        place = f"{area.size} bytes at {area.offset:#x}"
        section = area.section or _section_at(sections, area)
        name = name_of(cursor, header, sections, section)
        where = f"the notes in section {name}" if name else "the notes"
        skipped.add(f"{where} ({place})", error, loss=loss)
    return reading.notes


def _areas_of_sections(sections: Sequence[Section]) -> list[_Area]:
    """Return where section headers say that notes are, sorted."""
    found = []
    for section in sections:
        if section.type == SHT_NOTE:
            area = _Area(section.offset, section.size, section)
            found.append(area)
    return sorted(found)


def _areas_of_segments(segments: Sequence[Segment]) -> list[_Area]:
    """Return where program headers say that notes are, sorted."""
    # A set: tools describe the same notes by more than one program header.
    found = set()
    for segment in segments:
        if segment.type == PT_NOTE:
            area = _Area(segment.offset, segment.filesz)
            found.add(area)
    return sorted(found)


def _odd_sections(
    reading: _Reading,
    odd: Odd,
    from_segments: Sequence[_Area],
    from_sections: Sequence[_Area],
) -> tuple[Odd, bool]:
    """Read the notes in sections, where a segment of notes is odd; return what is odd then, and whether notes may be lost.

    Old linkers put all notes into one segment, and those in its other sections may be sound. Old releases of patchelf have
    moved the sections, and left the segment where it was.
    """
    known = {area.place for area in from_segments}
    others = [part for part in from_sections if part.place not in known]
    odd_others = reading.odd_areas(others)
    found: Odd = []
    for area, error in odd:
        # A segment with sections in it is told by these.
        if not any(map(area.holds, others)):
            found.append((area, error))
    found += odd_others
    # Nothing is lost where all sections of notes are sound, and only a segment is not.
    in_sections = {part.place for part in from_sections}
    odd_places = {area.place for area, _ in found}
    loses_notes = not others or not in_sections.isdisjoint(odd_places)
    return found, loses_notes


class _Reading:
    """The notes that were read so far."""

    def __init__(self, cursor: Cursor, header: Header) -> None:
        self.cursor = cursor
        self.header = header
        self.notes = Notes()
        # Areas that share bytes would make a small file long to read.
        self._left = 2 * len(cursor)

    def odd_areas(self, areas: Sequence[_Area]) -> Odd:
        """Read the notes in areas; return those that hold something else as well, with what is wrong there."""
        odd = []
        for area in areas:
            error = self._error_in(area)
            if error is not None:
                odd.append((area, error))
        return odd

    def _error_in(self, area: _Area) -> FormatError | None:
        """Read the notes in an area; return what is wrong with it. Those before the odd place were read."""
        cursor = self.cursor
        self._left -= area.size
        try:
            if self._left < 0:
                cursor.fail("notes overlap", offset=area.offset, field="PT_NOTE")
            content = cursor.part(area.offset, area.size, "notes")
            _read_area(self.notes, self.header, content)
        except FormatError as error:
            return error
        return None


def _section_at(sections: Sequence[Section], area: _Area) -> Section | None:
    """Return the section that is an area, whatever type it has."""
    for section in sections:
        place = (section.offset, section.size)
        if place == area.place:
            return section
    return None


def _loss(notes: Notes, header: Header) -> str:
    """Return what is not known if it stood in an area that was skipped."""
    unknown = []
    if not notes.states_android:
        unknown.append("an Android API level")
    if header.machine == EM_X86_64 and not notes.isa_needed:
        unknown.append("a level of x86-64 that the code needs")
    if not unknown:
        return ""
    what = " or ".join(unknown)
    return f"if they state {what}, it is not known"


def _read_area(notes: Notes, header: Header, area: Cursor) -> None:
    """Read the notes in one area.

    :raises FormatError: when one leaves it; those before it were read.
    """
    for owner, kind, content in _each_note(area):
        if owner == b"GNU":
            _add_gnu_note(notes, header, kind, content)
        elif owner == b"Android":
            _add_android_note(notes, kind, content)


def _each_note(area: Cursor) -> Iterator[tuple[bytes, int, Cursor]]:
    """Yield the owner, type and description of each note. Owner and description are padded to four bytes.

    https://gabi.xinuos.com/elf/07-pheader.html ("Note Section")
    """
    offset = 0
    while offset + NOTE_HEADER_SIZE <= len(area):
        name_size, size, kind = area.unpack(NOTE_HEADER, offset, "note")
        name_at = offset + NOTE_HEADER_SIZE
        name = area.bytes(name_at, name_size, "note owner")
        owner = bytes(name).rstrip(b"\0")
        start = name_at + _padded(name_size, 4)
        content = area.part(start, size, "note content")
        yield owner, kind, content
        # Property notes are padded to eight bytes in 64-bit files, but their sizes are multiples of it already.
        offset = start + _padded(size, 4)


def _padded(size: int, alignment: int) -> int:
    units = (size + alignment - 1) // alignment
    return units * alignment


def _add_gnu_note(
    notes: Notes,
    header: Header,
    kind: int,
    content: Cursor,
) -> None:
    """Add what a note of the GNU tools says (glibc ``elf/elf.h``, "Note section contents")."""
    if kind == NT_GNU_ABI_TAG and len(content) >= 16:
        system, *version = content.unpack("IIII", 0, "ABI tag")
        if system == ELF_NOTE_OS_LINUX:
            stated = MinimumOS(platform="linux", version=tuple(version))
            notes.minimum_os[stated] = None
    elif kind == NT_GNU_BUILD_ID:
        notes.build_id = bytes(content.data).hex()
    elif kind == NT_GNU_PROPERTY_TYPE_0 and header.machine in (EM_386, EM_X86_64):
        _add_x86_levels(notes, header, content)


def _add_android_note(notes: Notes, kind: int, content: Cursor) -> None:
    """Add the API level that the NDK compiled for (bionic's ``.note.android.ident``)."""
    if kind == NT_ANDROID_IDENT and len(content) >= 4:
        level = content.number("I", 0, "Android API level")
        stated = MinimumOS(platform="android", version=(level,))
        notes.minimum_os[stated] = None


def _add_x86_levels(notes: Notes, header: Header, content: Cursor) -> None:
    """Add the levels of x86-64 that a property note names; properties are padded to the size of an address."""
    alignment = header.file_class.word
    offset = 0
    while offset + 8 <= len(content):
        kind, size = content.unpack("II", offset, "property")
        is_needed = kind == GNU_PROPERTY_X86_ISA_1_NEEDED
        is_used = kind == GNU_PROPERTY_X86_ISA_1_USED
        if size >= 4 and (is_needed or is_used):
            bits = content.number("I", offset + 8, "x86 ISA level")
            levels = _x86_levels(bits)
            if is_needed:
                notes.isa_needed = levels
            else:
                notes.isa_used = levels
        offset += 8 + _padded(size, alignment)


def _x86_levels(bits: int) -> tuple[str, ...]:
    found = []
    for bit, name in ISA_1_LEVELS.items():
        if bits & bit:
            found.append(name)
    return tuple(found)
