"""Where an image takes new bytes: in the padding of its sections, else in a section of its own behind everything.

A section is padded in the file up to a multiple of ``FileAlignment``, and the loader maps whole pages. So what stands behind
a section's ``VirtualSize`` is in memory as well; the size is raised only so that tools know.
"""

from __future__ import annotations

import struct

from ...model.errors import RepairError
from ...model.record import Record
from .image import PAGE, SECTOR
from .layout import (
    IMAGE_SCN_CNT_INITIALIZED_DATA,
    IMAGE_SCN_MEM_DISCARDABLE,
    IMAGE_SCN_MEM_EXECUTE,
    IMAGE_SCN_MEM_READ,
    IMAGE_SCN_MEM_SHARED,
    IMAGE_SCN_MEM_WRITE,
    IMPORT,
    NEW_SECTION_HEADER,
    NUMBER_OF_SECTIONS_AT,
    RESOURCE,
    SECTION_HEADER_SIZE,
    SIZE_OF_IMAGE_AT,
    SIZE_OF_INITIALIZED_DATA_AT,
    VIRTUAL_SIZE_AT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .layout import Section
    from .on_disk import OnDisk

_WANTED = IMAGE_SCN_MEM_READ | IMAGE_SCN_CNT_INITIALIZED_DATA
_UNWANTED = IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_DISCARDABLE | IMAGE_SCN_MEM_SHARED
_GAP = 32
"""Zeros that stay behind a section's content: they may end a list of descriptors, of which the largest has 32 bytes."""
_NAME = b".needed"
"""The name of a new section."""
_NO_PADDING = "no section has room for a longer library name"
_LARGEST_ALIGNMENT = 1 << 16
"""The most that ``FileAlignment`` may be."""
_MOST_SECTIONS = 96
"""The loader of Windows XP takes no more; no linker makes half as many."""


class Additions(Record):
    """Strings that were found a place.

    :param addresses: where each string will be in memory.
    :param changes: offsets of the file, with what is to stand there.
    :param tail: what follows the end of the file.
    """

    addresses: dict[bytes, int]
    changes: tuple[tuple[int, bytes], ...]
    tail: bytes = b""


def add_strings(file: OnDisk, strings: Sequence[bytes], end: int) -> Additions:
    """Find a place for NUL-terminated strings.

    :param end: how much of the file stays: a certificate may follow.
    :raises RepairError: when there is none, with what stands in the way.
    """
    if not strings:
        return Additions(addresses={}, changes=())
    found = _in_padding(file, strings)
    return found if found is not None else _in_new_section(file, strings, end)


# --- padding ----------------------------------------------------------------------------------------------------


class _Padding:
    """What is free behind the content of one section.

    :ivar used: how many bytes of the section are taken, those of new strings included.
    """

    def __init__(self, file: OnDisk, index: int) -> None:
        """Look at what follows the content: some files have something there without saying so."""
        section = file.sections[index]
        self.index = index
        self.section = section
        # Not into the next section, and not beyond the size of the image.
        pages = _aligned(section.virtual, max(file.section_alignment, 1))
        in_file = file.size - section.offset
        self.end = min(section.raw, pages, in_file)
        padding = b""
        # A section that begins as zeros has less content than memory.
        if section.virtual < self.end:
            padding = file.part(
                section.offset + section.virtual,
                self.end - section.virtual,
                "padding of a section",
            )
        taken = len(padding.rstrip(b"\0"))
        self.used = section.virtual + taken + _GAP
        self.strings: list[bytes] = []

    def take(self, string: bytes) -> int | None:
        """Return the address at which a string will be; ``None`` when there is no room for it."""
        if self.used + len(string) > self.end:
            return None
        address: int = self.section.address + self.used
        self.used += len(string)
        self.strings.append(string)
        return address

    def changes(self, file: OnDisk) -> list[tuple[int, bytes]]:
        """Return the new strings and the new size of the section, with their offsets."""
        if not self.strings:
            return []
        content = b"".join(self.strings)
        at = self.section.offset + self.used - len(content)
        size_at = file.section_header(self.index) + VIRTUAL_SIZE_AT
        size = struct.pack("<I", self.used)
        return [(at, content), (size_at, size)]


def _in_padding(file: OnDisk, strings: Iterable[bytes]) -> Additions | None:
    """Put each string into the first section that has room for it; return ``None`` when one finds none."""
    paddings = [_Padding(file, index) for index in _fit_sections(file)]
    addresses = {}
    for string in strings:
        address = _first_place(paddings, string)
        if address is None:
            return None
        addresses[string] = address
    changes: list[tuple[int, bytes]] = []
    for padding in paddings:
        changes += padding.changes(file)
    return Additions(addresses=addresses, changes=tuple(changes))


def _first_place(paddings: Iterable[_Padding], string: bytes) -> int | None:
    for padding in paddings:
        address = padding.take(string)
        if address is not None:
            return address
    return None


def _fit_sections(file: OnDisk) -> list[int]:
    """Return the sections whose padding the loader can read names from: first the one that has the import directory."""
    imports, _ = file.header.directory(IMPORT)
    fit = []
    for index, section in enumerate(file.sections):
        flags = file.section_flags[index]
        if not _is_fit(file, section, flags):
            continue
        # What a program may write to is the last choice.
        is_writable = bool(flags & IMAGE_SCN_MEM_WRITE)
        is_another = imports not in _memory_of(section)
        fit.append((is_another, is_writable, index))
    return [index for *_, index in sorted(fit)]


def _is_fit(file: OnDisk, section: Section, flags: int) -> bool:
    """Whether names can be put behind the content of a section."""
    # The loader maps whole sectors: at an odd offset, the content is not where the header says.
    if not section.offset or section.offset % SECTOR:
        return False
    resources, _ = file.header.directory(RESOURCE)
    # Whoever changes an icon writes the section of resources anew.
    if resources in _memory_of(section):
        return False
    is_readable = flags & _WANTED == _WANTED
    is_lasting = not flags & _UNWANTED
    return is_readable and is_lasting


def _memory_of(section: Section) -> range:
    end = section.address + section.virtual
    return range(section.address, end)


# --- a new section ----------------------------------------------------------------------------------------------


def _in_new_section(file: OnDisk, strings: Iterable[bytes], end: int) -> Additions:
    """Put all strings into a section behind the end of the file.

    What linkers leave behind the sections (symbols of COFF) stays where it is, for it is found by its offset.

    :raises RepairError: when the headers have no room, or something else stands behind the sections.
    """
    _check_alignment(file)
    _check_overlay(file, end)
    row_at = _free_section_header(file)
    address = _aligned(_memory_end(file), file.section_alignment)
    content = b""
    addresses = {}
    for string in strings:
        addresses[string] = address + len(content)
        content += string
    offset = _aligned(end, file.header.file_alignment)
    raw = _aligned(len(content), file.header.file_alignment)
    memory_end = _aligned(address + len(content), file.section_alignment)
    # All numbers of the headers have 32 bits.
    if max(memory_end, offset + raw) >> 32:
        raise RepairError(f"{_NO_PADDING}, and a new one would lie beyond 4 GiB")
    row = struct.pack(
        "<" + NEW_SECTION_HEADER,
        _NAME,
        len(content),
        address,
        raw,
        offset,
        _WANTED,
    )
    changes = (
        (row_at, row),
        *_totals(file, raw, memory_end),
    )
    tail = bytes(offset - end) + content.ljust(raw, b"\0")
    return Additions(
        addresses=addresses,
        changes=changes,
        tail=tail,
    )


def _totals(file: OnDisk, raw: int, memory_end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the numbers in the headers that count a new section.

    :param raw: its size in the file.
    :param memory_end: where it ends in memory, in whole pages.
    """
    count_at = file.file_header + NUMBER_OF_SECTIONS_AT
    count = file.header.sections + 1
    yield count_at, count.to_bytes(2, "little")
    data_at = file.optional_header + SIZE_OF_INITIALIZED_DATA_AT
    data = file.cursor.number("I", data_at, "SizeOfInitializedData")
    # Nobody relies on this one: a file that lies about it may make it too large.
    total = min(data + raw, 0xFFFFFFFF)
    yield data_at, total.to_bytes(4, "little")
    image_at = file.optional_header + SIZE_OF_IMAGE_AT
    yield image_at, struct.pack("<I", memory_end)


def _memory_end(file: OnDisk) -> int:
    """Return where the last section ends in memory."""
    last = file.sections[-1]
    return last.address + (last.virtual or last.raw)


def _check_alignment(file: OnDisk) -> None:
    """Raise a RepairError for an image that is not laid out in pages and sectors, as some drivers are not."""
    in_memory = file.section_alignment
    in_file = file.header.file_alignment
    is_plain = in_memory >= PAGE and SECTOR <= in_file <= _LARGEST_ALIGNMENT
    are_powers = in_memory.bit_count() == in_file.bit_count() == 1
    if not (file.sections and is_plain and are_powers):
        raise RepairError(
            f"{_NO_PADDING}, and a new one cannot be added: sections are not aligned to pages",
            hint="link it with the linker's usual alignment (/ALIGN, --section-alignment)",
        )


def _check_overlay(file: OnDisk, end: int) -> None:
    """Raise a RepairError when something stands behind the sections that is not the symbols of COFF.

    An archive there, for example, is found from the end of the file.
    """
    ends = [section.offset + section.raw for section in file.sections]
    names_at = file.header.names_at
    if 0 < names_at <= end - 4:
        # The string table begins with its own size.
        start = file.part(names_at, 4, "COFF string table")
        ends.append(names_at + int.from_bytes(start, "little"))
    known = max(ends)
    # Up to a multiple of its alignment, a file may be filled.
    is_short = end - known <= file.header.file_alignment
    if known < end and not (is_short and not any(file.data[known:end])):
        raise RepairError(
            f"{_NO_PADDING}, and a new one cannot be added: data follows the sections",
            hint="link it anew without that data, or keep the library's name (keep-names)",
        )


def _free_section_header(file: OnDisk) -> int:
    """Return where the header of one more section goes.

    :raises RepairError: when there is no room.
    """
    at = file.section_header(len(file.sections))
    # Content begins where the headers end, or later.
    offsets = [section.offset for section in file.sections if section.offset]
    end = min([file.header.headers_size, file.size, *offsets])
    has_room = at + SECTION_HEADER_SIZE <= end
    is_free = not any(file.data[at : at + SECTION_HEADER_SIZE])
    if not has_room or not is_free or len(file.sections) >= _MOST_SECTIONS:
        raise RepairError(
            f"{_NO_PADDING}, and the headers have none for another section",
            hint="keep the library's name (keep-names)",
        )
    return at


def _aligned(value: int, alignment: int) -> int:
    return value + -value % alignment
