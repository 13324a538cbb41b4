"""Reading a file that was just written, as its loader will: a broken one is never handed out.

What was odd before may stay so. What is checked is what a writer can break.
"""

from __future__ import annotations

from ...model.errors import FormatError, RepairError
from ...model.record import replace
from ..file_cursor import Composed
from .image import loads_of, mapped, page_size, read_image
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
    SHF_ALLOC,
    SHT_NOBITS,
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


def verify(data: Sliceable, pieces: Pieces, old: Image, wanted: Names) -> None:
    """Check the file that pieces make of an old one.

    :raises RepairError: when it says other names than were wanted, or has a fault that the old one had not.
    """
    try:
        new = read_image(Composed(data, pieces))
        names = read_names(new)
    except (FormatError, RepairError) as error:
        raise RepairError(
            f"the patched file would be broken: {error.message}", context=error.context
        ) from None
    if names != _settled(wanted):
        raise RepairError("the patched file would not say what was asked for")
    if not _begins_with(new.strings, old.strings):
        raise RepairError("the patched file would have lost strings")
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
    size = len(image.cursor)
    page = page_size(image.header.machine)
    limit = 1 << image.header.file_class.bits
    before: Segment | None = None
    for segment in image.loads:
        end = segment.vaddr + segment.memsz
        if segment.offset + segment.filesz > size or segment.filesz > segment.memsz:
            yield "a PT_LOAD has more than there is in the file"
        if segment.align > 1 and (segment.vaddr - segment.offset) % segment.align:
            yield "address and offset of a PT_LOAD do not agree modulo p_align"
        if end > limit:
            yield "a PT_LOAD ends behind the last address"
        if before is not None:
            last = before.vaddr + before.memsz
            if segment.vaddr < last:
                yield "the PT_LOADs overlap or are out of order"
            shares_page = segment.vaddr // page == (last - 1) // page
            if shares_page and segment.flags != before.flags:
                yield f"the PT_LOAD at {segment.vaddr:#x} shares a page with other rights"
        before = segment


def _faults_of_parts(image: Image) -> Iterator[str]:
    """Check the segments that are parts of mapped ones."""
    for segment in image.segments:
        part = _PARTS.get(segment.type)
        if part and segment.memsz and not _is_inside(image, segment):
            yield f"{part} lies outside of every PT_LOAD"
        place = _PLACES.get(segment.type) if segment.filesz else None
        if place and mapped(image.loads, segment.vaddr) != segment.offset:
            yield f"{place} is not where its address is mapped"
        if segment.type == PT_PHDR and segment.offset != image.header.phoff:
            yield "PT_PHDR is not where e_phoff is"
    size = len(image.segments) * image.header.file_class.program_header_size
    if not any(
        segment.offset <= image.header.phoff
        and image.header.phoff + size <= segment.offset + segment.filesz
        for segment in image.loads
    ):
        yield "the program headers lie outside of every PT_LOAD"


def _is_inside(image: Image, part: Segment) -> bool:
    """Whether a part begins in a mapped segment, by its address: mold writes no offset for some."""
    for segment in loads_of(image.segments):
        if segment.vaddr <= part.vaddr <= segment.vaddr + segment.memsz:
            return True
    return False


def _faults_of_tables(image: Image) -> Iterator[str]:
    """Check that the loader finds what the dynamic section names."""
    values = image.values
    for tag, name in _TABLES.items():
        if tag in values and mapped(image.loads, values[tag]) is None:
            yield f"{name} lies in no PT_LOAD"
    end = values[DT_STRTAB] + len(image.strings) - 1
    if image.strings and mapped(image.loads, end) != (
        image.strings_at + len(image.strings) - 1
    ):
        yield "the strings reach beyond their PT_LOAD"


def _faults_of_sections(image: Image) -> Iterator[str]:
    """Check that sections lie where their addresses are mapped."""
    for number, section in enumerate(image.sections):
        if section.type == SHT_NOBITS or not section.flags & SHF_ALLOC:
            if section.type != SHT_NOBITS and section.offset + section.size > len(
                image.cursor
            ):
                yield f"section {number} lies outside of the file"
            continue
        if section.size and mapped(image.loads, section.address) != section.offset:
            yield f"section {number} is not where its address is mapped"


def _faults_of_versions(image: Image) -> Iterator[str]:
    """Check that versions are wanted of libraries that are needed: glibc ends the process otherwise.

    The loader itself is loaded in any case.
    """
    names = read_names(image)
    for library in names.versions:
        if library not in names.needed:
            yield f"versions are wanted of {library}, which is not needed"
