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
    NUMBER_OF_SECTIONS_AT,
    RESOURCE,
    SECTION_HEADER,
    SECTION_HEADER_SIZE,
    SIZE_OF_IMAGE_AT,
    SIZE_OF_INITIALIZED_DATA_AT,
    VIRTUAL_SIZE_AT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .on_disk import OnDisk

_WANTED = IMAGE_SCN_MEM_READ | IMAGE_SCN_CNT_INITIALIZED_DATA
_UNWANTED = IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_DISCARDABLE | IMAGE_SCN_MEM_SHARED
_GAP = 32
"""Zeros that stay behind a section's content: they may end a list of descriptors, of which the largest has 32 bytes."""
_NAME = b".needed"
"""The name of a new section."""
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
        self.section = section
        # Not into the next section, and not beyond the size of the image.
        alignment = max(file.section_alignment, 1)
        pages = section.virtual + -section.virtual % alignment
        self.end = min(section.raw, pages, file.size - section.offset)
        padding = b""
        # A section that begins as zeros has less content than memory.
        if section.virtual < self.end:
            padding = file.part(
                section.offset + section.virtual,
                self.end - section.virtual,
                "padding of a section",
            )
        self.used = section.virtual + len(padding.rstrip(b"\0")) + _GAP
        self.strings: list[bytes] = []

    def take(self, string: bytes) -> int | None:
        """Return the address at which a string will be; ``None`` when there is no room for it."""
        if self.used + len(string) > self.end:
            return None
        address: int = self.section.address + self.used
        self.used += len(string)
        self.strings.append(string)
        return address


def _in_padding(file: OnDisk, strings: Iterable[bytes]) -> Additions | None:
    """Put each string into the first section that has room for it; return ``None`` when one finds none."""
    paddings = [(index, _Padding(file, index)) for index in _fit_sections(file)]
    addresses = {}
    for string in strings:
        places = (padding.take(string) for _, padding in paddings)
        address = next((place for place in places if place is not None), None)
        if address is None:
            return None
        addresses[string] = address
    changes = []
    for index, padding in paddings:
        if not padding.strings:
            continue
        content = b"".join(padding.strings)
        at = padding.section.offset + padding.used - len(content)
        size_at = file.section_header(index) + VIRTUAL_SIZE_AT
        changes += [(at, content), (size_at, struct.pack("<I", padding.used))]
    return Additions(addresses=addresses, changes=tuple(changes))


def _fit_sections(file: OnDisk) -> list[int]:
    """Return the sections whose padding the loader can read names from: first the one that has the import directory."""
    imports, _ = file.header.directory(IMPORT)
    resources, _ = file.header.directory(RESOURCE)
    fit = []
    for index, section in enumerate(file.sections):
        flags = file.section_flags[index]
        # The loader maps whole sectors: at an odd offset, the content is not where the header says.
        is_plain = section.offset > 0 and section.offset % SECTOR == 0
        inside = range(section.address, section.address + section.virtual)
        # Whoever changes an icon writes the section of resources anew.
        if not is_plain or not inside or resources in inside:
            continue
        if flags & _WANTED != _WANTED or flags & _UNWANTED:
            continue
        is_writable = bool(flags & IMAGE_SCN_MEM_WRITE)
        fit.append((imports not in inside, is_writable, index))
    return [index for *_, index in sorted(fit)]


# --- a new section ----------------------------------------------------------------------------------------------


def _in_new_section(file: OnDisk, strings: Iterable[bytes], end: int) -> Additions:
    """Put all strings into a section behind the end of the file.

    What linkers leave behind the sections (symbols of COFF) stays where it is, for it is found by its offset.

    :raises RepairError: when the headers have no room, or something else stands behind the sections.
    """
    header = file.header
    _check_alignment(file)
    _check_overlay(file, end)
    row_at = _free_section_header(file)
    content = b""
    addresses = {}
    last = file.sections[-1]
    address = _aligned(
        last.address + (last.virtual or last.raw), file.section_alignment
    )
    for string in strings:
        addresses[string] = address + len(content)
        content += string
    offset = _aligned(end, header.file_alignment)
    raw = _aligned(len(content), header.file_alignment)
    row = struct.pack("<" + SECTION_HEADER, _NAME, len(content), address, raw, offset)
    row = row[:-4] + struct.pack("<I", _WANTED)
    image_end = _aligned(address + len(content), file.section_alignment)
    count_at = file.file_header + NUMBER_OF_SECTIONS_AT
    data_at = file.optional_header + SIZE_OF_INITIALIZED_DATA_AT
    data_size = file.cursor.number("I", data_at, "SizeOfInitializedData") + raw
    changes = (
        (row_at, row),
        (count_at, struct.pack("<H", header.sections + 1)),
        (data_at, struct.pack("<I", data_size & 0xFFFFFFFF)),
        (file.optional_header + SIZE_OF_IMAGE_AT, struct.pack("<I", image_end)),
    )
    tail = bytes(offset - end) + content.ljust(raw, b"\0")
    return Additions(addresses=addresses, changes=changes, tail=tail)


def _check_alignment(file: OnDisk) -> None:
    """Raise a RepairError for an image that is not laid out in pages and sectors, as some drivers are not."""
    alignments = (file.section_alignment, file.header.file_alignment)
    are_powers = all(value and not value & (value - 1) for value in alignments)
    is_plain = are_powers and alignments[0] >= PAGE and alignments[1] >= SECTOR
    if not file.sections or not is_plain or alignments[1] > 1 << 16:
        raise RepairError(
            "no section has room for a longer library name, and a new one cannot be added: sections are not aligned to pages",
            hint="link it with the linker's usual alignment (/ALIGN, --section-alignment)",
        )


def _check_overlay(file: OnDisk, end: int) -> None:
    """Raise a RepairError when something stands behind the sections that is not the symbols of COFF.

    An archive there, for example, is found from the end of the file.
    """
    content_end = max(section.offset + section.raw for section in file.sections)
    names_at = file.header.names_at
    if names_at and names_at + 4 <= end:
        size = int.from_bytes(file.part(names_at, 4, "COFF string table"), "little")
        content_end = max(content_end, names_at + size)
    rest = end - content_end
    # Up to a multiple of its alignment, a file may be filled.
    is_padding = rest <= file.header.file_alignment
    if rest > 0 and not (is_padding and not any(file.data[content_end:end])):
        raise RepairError(
            "no section has room for a longer library name, and a new one cannot be added: data follows the sections",
            hint="link it anew without that data, or keep the library's name (keep-names)",
        )


def _free_section_header(file: OnDisk) -> int:
    """Return where the header of one more section goes.

    :raises RepairError: when there is no room.
    """
    at = file.section_header(len(file.sections))
    first = min(
        (section.offset for section in file.sections if section.offset),
        default=file.header.headers_size,
    )
    room = min(first, file.header.headers_size, file.size) - at
    has_room = room >= SECTION_HEADER_SIZE and len(file.sections) < _MOST_SECTIONS
    if not has_room or any(file.data[at : at + SECTION_HEADER_SIZE]):
        raise RepairError(
            "no section has room for a longer library name, and the headers have none for another section",
            hint="keep the library's name (keep-names)",
        )
    return at


def _aligned(value: int, alignment: int) -> int:
    return value + -value % alignment
