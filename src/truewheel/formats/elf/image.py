"""An ELF file as a writer needs it: headers, every slot of the dynamic section, the strings, and nothing else of it."""

from __future__ import annotations

from ...model.errors import RepairError
from ...model.record import Record, replace
from ..file_cursor import FileCursor
from .dynamic import first_values
from .layout import (
    DT_NULL,
    DT_STRSZ,
    DT_STRTAB,
    EM_386,
    EM_IAMCU,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    ET_DYN,
    ET_EXEC,
    PT_DYNAMIC,
    PT_INTERP,
    PT_LOAD,
    SHT_DYNAMIC,
    SHT_NOBITS,
    Header,
    Section,
    Segment,
    first_of_type,
)
from .read import is_little_endian, read_file_header, read_sections, read_segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.edits import Sliceable
    from .dynamic import Tags

_SMALL_PAGES = {EM_386, EM_IAMCU, EM_X86_64, EM_S390, EM_RISCV}
"""Machines whose pages have 4 KiB. On all others there are, or may be, systems with pages of 64 KiB."""
_MANY_SLOTS = 1 << 16
"""Entries of a dynamic section that are looked at: real ones have dozens."""


class Image(Record):
    """The parts of a dynamically linked file that a writer looks at.

    :param slots: tag and value of each entry of the dynamic section up to ``DT_NULL``.
    :param capacity: how many entries the dynamic section has room for, the last ``DT_NULL`` not counted.
    :param dynamic_at: where the dynamic section lies in the file.
    :param strings_at: where the strings of ``DT_STRTAB`` lie in the file.
    :param strings: what ``DT_STRTAB`` and ``DT_STRSZ`` name.
    """

    cursor: FileCursor
    header: Header
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    dynamic: Segment
    dynamic_at: int
    slots: Tags
    capacity: int
    strings_at: int
    strings: bytes

    @property
    def values(self) -> dict[int, int]:
        """The first value of each tag."""
        return first_values(self.slots)

    @property
    def loads(self) -> tuple[Segment, ...]:
        """The segments that are mapped."""
        return loads_of(self.segments)

    @property
    def strings_end(self) -> int:
        """Where the strings end in the file."""
        return self.strings_at + len(self.strings)

    @property
    def is_program(self) -> bool:
        """Whether the kernel may start it: it has an interpreter, or a fixed address."""
        has_interpreter = first_of_type(self.segments, PT_INTERP) is not None
        return has_interpreter or self.header.type == ET_EXEC

    def offset_of(
        self,
        address: int,
        field: str,
    ) -> int:
        """Return where the file has what the loader maps at ``address``.

        :raises FormatError: when it maps nothing of the file there.
        """
        found = mapped(self.loads, address)
        if found is None:
            self.cursor.fail(
                f"{field} lies in no segment",
                offset=0,
                field=field,
                value=address,
            )
        return found

    def name_at(self, offset: int) -> str:
        """Return a string of ``DT_STRTAB``, as the reader decodes it.

        :raises FormatError: when it starts or ends outside.
        """
        end = self.strings.find(b"\0", offset) if offset >= 0 else -1
        if end < 0:
            self.cursor.fail(
                "a name lies outside of DT_STRTAB",
                offset=self.strings_at,
                field="DT_STRTAB",
                value=offset,
            )
        return self.strings[offset:end].decode("utf-8", "backslashreplace")


def page_size(machine: int) -> int:
    """Return the size of the largest pages that a machine's systems have, in bytes.

    >>> page_size(EM_X86_64)
    4096
    """
    return 0x1000 if machine in _SMALL_PAGES else 0x10000


def loads_of(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments that are mapped, in the order of the table."""
    return tuple(segment for segment in segments if segment.type == PT_LOAD)


def mapped(loads: Sequence[Segment], address: int) -> int | None:
    """Return where the file has what is mapped at ``address``, ``None`` when it has nothing for it."""
    for segment in loads:
        if segment.vaddr <= address < segment.vaddr + segment.filesz:
            return segment.offset + address - segment.vaddr
    return None


def read_image(data: Sliceable) -> Image:
    """Read what a writer needs of a file.

    :raises FormatError: when the file is not what its header claims.
    :raises RepairError: when no loader links it dynamically, so that there is nothing to be changed.
    """
    cursor, header = _read_header(data)
    if header.type not in (ET_EXEC, ET_DYN):
        raise RepairError("it is neither a library nor a program")
    # Headers are all read: there are few.
    segments = read_segments(cursor, header)
    sections = read_sections(cursor, header)
    dynamic = first_of_type(segments, PT_DYNAMIC)
    if dynamic is None or not dynamic.filesz:
        raise RepairError("it is not linked dynamically: it has no dynamic section")
    # Debug companions have the headers of the file that they belong to, without what they tell of.
    section = first_of_type(sections, SHT_DYNAMIC)
    has_content = section is not None or not _is_empty(sections, dynamic.vaddr)
    if not has_content:
        raise RepairError("it holds the debug symbols of another file")
    dynamic_at = mapped(loads_of(segments), dynamic.vaddr)
    # The loader goes by addresses; most tools go by the offset.
    if dynamic_at != dynamic.offset:
        raise RepairError(
            "its dynamic section is not where PT_DYNAMIC says: a tool has damaged it",
            hint="strip a file before it is patched, or take the file as the linker wrote it",
        )
    slots, capacity = _read_slots(
        cursor,
        header,
        dynamic,
    )
    values = first_values(slots)
    image = Image(
        cursor=cursor,
        header=header,
        segments=segments,
        sections=sections,
        dynamic=dynamic,
        dynamic_at=dynamic_at,
        slots=slots,
        capacity=capacity,
        strings_at=0,
        strings=b"",
    )
    if DT_STRTAB not in values:
        raise RepairError("its dynamic section names no string table")
    strings_at = image.offset_of(values[DT_STRTAB], "DT_STRTAB")
    # The one table that is read as a whole.
    strings = cursor.bytes(
        strings_at,
        values.get(DT_STRSZ, 0),
        "DT_STRSZ",
    )
    return replace(
        image,
        strings_at=strings_at,
        strings=bytes(strings),
    )


def _read_header(data: Sliceable) -> tuple[FileCursor, Header]:
    """Return a cursor over the whole file in its byte order, and the file header."""
    little = is_little_endian(FileCursor(data, what="ELF file"))
    cursor = FileCursor(
        data,
        little=little,
        what="ELF file",
    )
    return cursor, read_file_header(cursor)


def _is_empty(sections: Sequence[Section], address: int) -> bool:
    """Whether a section without content claims an address, as in what ``objcopy --only-keep-debug`` leaves."""
    for section in sections:
        if section.type == SHT_NOBITS and section.address == address and section.size:
            return True
    return False


def _read_slots(
    cursor: FileCursor,
    header: Header,
    dynamic: Segment,
) -> tuple[Tags, int]:
    """Return the entries up to ``DT_NULL``, and how many there is room for before the last one.

    Linkers leave empty slots behind the end. What is not empty there belongs to somebody else.
    """
    file_class = header.file_class
    count = min(dynamic.filesz // file_class.dynamic_size, _MANY_SLOTS)
    found = list(
        cursor.rows(
            file_class.dynamic,
            dynamic.offset,
            count,
            "dynamic section",
        )
    )
    # The loader stops at the first.
    ends = [index for index, (tag, _) in enumerate(found) if tag == DT_NULL]
    if not ends:
        cursor.fail(
            "the dynamic section has no end",
            offset=dynamic.offset,
            field="DT_NULL",
        )
    end = ends[0]
    free = end
    while free + 1 < count and found[free + 1] == (DT_NULL, 0):
        free += 1
    return tuple((tag, value) for tag, value in found[:end]), free
