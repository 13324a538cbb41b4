"""Reading a file that was just written, as its loader will: a broken one is never handed out.

What was odd before may stay so. What is checked is what a writer can break.
"""

from __future__ import annotations

from ...model.errors import FormatError, RepairError
from ...model.record import replace
from ..file_cursor import Composed
from .image import mapped, page_size, read_image
from .layout import (
    DT_GNU_HASH,
    DT_HASH,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    DT_VERSYM,
    PT_GNU_RELRO,
    PT_INTERP,
    PT_NOTE,
    PT_PHDR,
    PT_TLS,
    first_of_type,
)
from .names import read_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Pieces, Sliceable
    from .image import Image
    from .layout import Segment
    from .names import Names

_TABLES = {
    DT_STRTAB: "DT_STRTAB",
    DT_SYMTAB: "DT_SYMTAB",
    DT_HASH: "DT_HASH",
    DT_GNU_HASH: "DT_GNU_HASH",
    DT_VERSYM: "DT_VERSYM",
    DT_VERNEED: "DT_VERNEED",
    DT_VERDEF: "DT_VERDEF",
}
_PARTS = {PT_TLS: "PT_TLS", PT_GNU_RELRO: "PT_GNU_RELRO"}
_PLACES = {PT_NOTE: "PT_NOTE", PT_INTERP: "PT_INTERP", PT_PHDR: "PT_PHDR"}


def verify(
    data: Sliceable,
    pieces: Pieces,
    old: Image,
    wanted: Names,
) -> None:
    """Check the file that pieces make of an old one.

    :raises RepairError: when it says other names than were wanted, or has a fault that the old one had not.
    """
    # Nothing is put together: what is read is cut out of the pieces.
    try:
        new = read_image(Composed(data, pieces))
        names = read_names(new)
    except (FormatError, RepairError) as error:
        raise RepairError(
            f"the patched file would be broken: {error.message}", context=error.context
        ) from None
    # Every name is where a reader looks for it.
    if names != _settled(wanted):
        raise RepairError("the patched file would not say what was asked for")
    # Symbols and versions point into the old table.
    if not _begins_with(new.strings, old.strings):
        raise RepairError("the patched file would have lost strings")
    # What was odd in the old file is not ours to mend.
    found = set(faults(new)) - set(faults(old))
    if found:
        raise RepairError("the patched file would be broken", context=sorted(found))


def _settled(names: Names) -> Names:
    """Return the names without those that were taken away."""
    return replace(
        names,
        needed=tuple(name for name in names.needed if name is not None),
        versions=tuple(name for name in names.versions if name is not None),
    )


def _begins_with(new: bytes, old: bytes) -> bool:
    return new[: len(old)] == old


def faults(image: Image) -> Iterator[str]:
    """Yield what a loader or a tool would stumble over, a sentence each."""
    yield from _faults_of_loads(image)
    yield from _faults_of_parts(image)
    yield from _faults_of_tables(image)
    yield from _faults_of_sections(image)
    yield from _faults_of_versions(image)


def _faults_of_loads(image: Image) -> Iterator[str]:
    """Check the mapped segments.

    https://gabi.xinuos.com/elf/07-pheader.html (``PT_LOAD``: ascending; ``p_align``: address and offset agree)
    """
    limit = 1 << image.header.file_class.bits
    for segment in image.loads:
        if segment.end > len(image.cursor):
            yield "a PT_LOAD has more than there is in the file"
        if segment.filesz > segment.memsz:
            yield "a PT_LOAD has more in the file than in memory"
        # An alignment of 0 or 1 asks for nothing.
        if segment.shift % max(segment.align, 1):
            yield "address and offset of a PT_LOAD do not agree modulo p_align"
        if segment.top > limit:
            yield "a PT_LOAD ends behind the last address"
    yield from _faults_between_loads(image)


def _faults_between_loads(image: Image) -> Iterator[str]:
    """Check that mapped segments do not get into each other's way."""
    page = page_size(image.header.machine)
    pairs = zip(
        image.loads,
        image.loads[1:],
        strict=False,
    )
    for before, segment in pairs:
        if segment.vaddr < before.top:
            yield "the PT_LOADs overlap or are out of order"
        if _shares_page(
            before,
            segment,
            page,
        ):
            yield f"the PT_LOAD at {segment.vaddr:#x} shares a page with other rights"


def _shares_page(before: Segment, segment: Segment, page: int) -> bool:
    """Whether a page would have to have the rights of two segments."""
    is_shared = segment.vaddr // page == (before.top - 1) // page
    return is_shared and segment.flags != before.flags


def _faults_of_parts(image: Image) -> Iterator[str]:
    """Check the segments that are parts of mapped ones."""
    for segment in image.segments:
        # mold writes no offset for these: they go by their addresses.
        name = _PARTS.get(segment.type)
        if name and not _is_inside(image, segment):
            yield f"{name} lies outside of every PT_LOAD"
    yield from _faults_of_places(image)
    yield from _faults_of_headers(image)


def _faults_of_places(image: Image) -> Iterator[str]:
    """Check the segments that tools find by their offset, and processes by their address."""
    for segment in image.segments:
        name = _PLACES.get(segment.type)
        if name and not _is_in_place(image, segment):
            yield f"{name} is not where its address is mapped"


def _is_in_place(image: Image, segment: Segment) -> bool:
    place = mapped(image.loads, segment.vaddr)
    return place == segment.offset or not segment.filesz


def _is_inside(image: Image, part: Segment) -> bool:
    """Whether a part begins in a mapped segment, by its address."""
    for load in image.loads:
        if load.vaddr <= part.vaddr <= load.top:
            return True
    return not part.memsz


def _faults_of_headers(image: Image) -> Iterator[str]:
    """Check that loaders find the table of program headers.

    bionic wants it to be mapped, and takes the place that ``PT_PHDR`` tells.
    """
    header = image.header
    table = first_of_type(image.segments, PT_PHDR)
    if table is not None and table.offset != header.phoff:
        yield "PT_PHDR is not where e_phoff is"
    size = header.file_class.program_header_size
    end = header.phoff + len(image.segments) * size
    if not _is_mapped(
        image,
        header.phoff,
        end,
    ):
        yield "the program headers lie outside of every PT_LOAD"


def _is_mapped(image: Image, start: int, stop: int) -> bool:
    """Whether one segment has a part of the file."""
    holders = [load for load in image.loads if load.offset <= start]
    return any(stop <= load.end for load in holders)


def _faults_of_tables(image: Image) -> Iterator[str]:
    """Check that the loader finds what the dynamic section names."""
    # Relocations and initialisers stay, and so do their tags.
    for tag, address in image.slots:
        if tag in _TABLES and mapped(image.loads, address) is None:
            yield f"{_TABLES[tag]} lies in no PT_LOAD"
    # All of the strings lie in one segment.
    last = image.values[DT_STRTAB] + max(len(image.strings) - 1, 0)
    if mapped(image.loads, last) != max(image.strings_end - 1, image.strings_at):
        yield "the strings reach beyond their PT_LOAD"


def _faults_of_sections(image: Image) -> Iterator[str]:
    """Check that sections lie in the file, and where their addresses are mapped."""
    for number, section in enumerate(image.sections):
        if not section.has_content:
            continue
        if section.end > len(image.cursor):
            yield f"section {number} lies outside of the file"
        # Their addresses are what the loader goes by, and their offsets what tools go by.
        place = mapped(image.loads, section.address)
        if section.is_mapped and place != section.offset:
            yield f"section {number} is not where its address is mapped"


def _faults_of_versions(image: Image) -> Iterator[str]:
    """Check that versions are wanted of libraries that are needed: glibc ends the process otherwise.

    The loader itself is loaded in any case.
    """
    # A library is looked for by the name in the record.
    names = read_names(image)
    needed = set(names.needed)
    for library in names.versions:
        # A file that asks versions of its loader, which is loaded in any case, asked before.
        if library not in needed:
            yield f"versions are wanted of {library}, which is not needed"
