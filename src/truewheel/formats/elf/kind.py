"""What an ELF file is to a loader: a library, a program, an object, or the debug symbols of another file."""

from __future__ import annotations

from ...model.binary import Kind
from .layout import (
    ET_DYN,
    ET_EXEC,
    ET_REL,
    PT_DYNAMIC,
    SHF_ALLOC,
    SHT_NOBITS,
    SHT_NOTE,
    first_of_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Header, Section, Segment
    from .linking import Linking


def kind_of(
    header: Header,
    linking: Linking,
    *,
    has_interpreter: bool,
    is_companion: bool,
) -> Kind:
    """Return what a file with a dynamic section is.

    Today's programs are position-independent, and of the type of libraries: they are told by ``DF_1_PIE``, or by an
    interpreter without a SONAME. libc.so.6 has an interpreter, so that it can be run to print its version, and a SONAME.
    """
    if header.type == ET_EXEC:
        return Kind.EXECUTABLE
    if header.type != ET_DYN or is_companion:
        return Kind.OTHER
    if linking.is_pie or (has_interpreter and linking.name is None):
        return Kind.EXECUTABLE
    return Kind.SHARED


def kind_without_dynamic_section(header: Header, sections: Sequence[Section]) -> Kind:
    """Return what a file is that has nothing for the dynamic loader."""
    if header.type == ET_REL:
        return Kind.OBJECT
    if header.type == ET_EXEC:
        return Kind.EXECUTABLE
    # A static program that is position-independent; with sections, it may be the debug symbols of another file.
    if header.type == ET_DYN and not sections:
        return Kind.EXECUTABLE
    return Kind.OTHER


def is_debug_companion(
    segments: Sequence[Segment], sections: Sequence[Section]
) -> bool:
    """Whether no section that is loaded has content: ``objcopy --only-keep-debug`` leaves only its notes."""
    for section in sections:
        if (
            section.name
            and section.flags & SHF_ALLOC
            and section.type not in (SHT_NOTE, SHT_NOBITS)
        ):
            return False
    # The loader does not read sections, and they may be anything: what it goes by has no content either.
    dynamic = first_of_type(segments, PT_DYNAMIC)
    return dynamic is None or any(
        section.type == SHT_NOBITS and section.address == dynamic.vaddr
        for section in sections
    )
