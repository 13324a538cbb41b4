"""The door to ELF files: their headers are read here, and the facts put together."""

from __future__ import annotations

from ...model.binary import Binary, ElfSlice, Format
from ...model.errors import FormatError
from ...model.record import NamedTuple, replace, rows
from ..cursor import Cursor
from ..skipping import SkippedParts
from .dynamic import last_values, read_dynamic_tables
from .extent import check_extent
from .kind import is_debug_companion, kind_of, kind_without_dynamic_section
from .layout import (
    ELFCLASS32,
    ELFCLASS64,
    ELFDATA2LSB,
    ELFDATA2MSB,
    EM_ARM,
    ET_DYN,
    ET_EXEC,
    MAGIC,
    PF_X,
    PN_XNUM,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    PT_TLS,
    SHN_XINDEX,
    SHT_SYMTAB,
    Elf32,
    Elf64,
    Header,
    Section,
    Segment,
    first_of_type,
)
from .linking import Linking, read_linking
from .machine import cpu_name, find_arm_attributes, float_abi_of, ppc_abi_of
from .notes import read_notes
from .section_names import count_debug_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Readable
    from .arm import ArmAttributes
    from .dynamic import DynamicTables
    from .notes import Notes

_LOST_ATTRIBUTES = "for which Arm architecture it is, and how floats are passed, is known only as far as its header tells"


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is ELF.

    >>> recognises(b"\\x7fELF\\x02\\x01\\x01")
    True
    """
    return head[:4] == MAGIC


def read(data: Readable) -> Binary:
    """Return the facts of one ELF file.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    cursor, header = read_header(data)
    skipped = SkippedParts()
    segments = read_segments(cursor, header)
    sections, no_sections = _read_table_of_sections(cursor, header, segments)
    tables = read_dynamic_tables(cursor, header, segments, sections, skipped)
    values = {} if tables is None else last_values(tables.tags)
    check_extent(cursor, header, segments, values, skipped)
    notes = read_notes(cursor, header, segments, sections, skipped)
    if no_sections is not None:
        # Android's loader is the one that reads them (bionic linker/linker_phdr.cpp, ReadSectionHeaders).
        if notes.states_android:
            raise no_sections
        _skip_sections(header, no_sections, skipped)
    parts = _Parts(cursor, header, segments, sections, tables, notes)
    return Binary(format=Format.ELF, slices=(_slice(parts, skipped),))


class _Parts(NamedTuple):
    """What was found in the file: its headers, the tables of the dynamic loader, and its notes."""

    cursor: Cursor
    header: Header
    segments: Sequence[Segment]
    sections: Sequence[Section]
    tables: DynamicTables | None
    notes: Notes


def _slice(parts: _Parts, skipped: SkippedParts) -> ElfSlice:
    """Put together what the headers, the notes, and the tables of the dynamic loader say."""
    cursor, header, segments, sections, tables, notes = parts
    arm = _read_arm_attributes(cursor, header, sections, skipped)
    debug_bytes = count_debug_bytes(cursor, header, sections, skipped)
    linking = Linking()
    if tables is not None:
        linking = read_linking(cursor, header, segments, tables, skipped)
    program = header.type == ET_EXEC or linking.is_pie
    interpreter = _read_interpreter(cursor, segments, skipped, program=program)
    if tables is None:
        kind = kind_without_dynamic_section(header, sections)
    else:
        kind = kind_of(
            header,
            linking,
            has_interpreter=interpreter is not None,
            is_companion=is_debug_companion(segments, sections),
        )
    float_abi = float_abi_of(header, arm)
    arm_arch = None if arm is None else arm.architecture
    return ElfSlice(
        cpu=cpu_name(
            header, little_endian=cursor.little, float_abi=float_abi, arm_arch=arm_arch
        ),
        bits=header.file_class.bits,
        little_endian=cursor.little,
        kind=kind,
        needs=linking.needs,
        name=linking.name,
        search_paths=linking.search_paths,
        imports=linking.imports,
        exports=linking.exports,
        exports_complete=linking.exports_complete,
        minimum_os=tuple(notes.minimum_os),
        interpreter=interpreter,
        debug_bytes=debug_bytes,
        skipped=skipped.all(),
        machine=header.machine,
        flags=header.flags,
        os_abi=header.os_abi,
        float_abi=float_abi,
        ppc_abi=ppc_abi_of(header),
        arm_arch=arm_arch,
        executable_stack=_has_executable_stack(segments),
        isa_needed=notes.isa_needed,
        isa_used=notes.isa_used,
        definitions=linking.definitions,
        sections=bool(sections),
        stripped=first_of_type(sections, SHT_SYMTAB) is None,
        text_relocations=linking.text_relocations,
        build_id=notes.build_id,
        program=program,
        packed_relocations=linking.packed_relocations,
        hash_tables=linking.hash_tables,
        thread_local=first_of_type(segments, PT_TLS) is not None,
    )


# --- headers ----------------------------------------------------------------------------------------------------


def read_header(data: Readable) -> tuple[Cursor, Header]:
    """Return a cursor in the file's byte order, and the file header.

    :raises FormatError: when the file is not ELF, or of a class or byte order that does not exist.
    """
    view = Cursor(data, what="ELF file")
    little = is_little_endian(view)
    cursor = Cursor(view.data, little=little, what="ELF file")
    return cursor, read_file_header(cursor)


def is_little_endian(view: Cursor) -> bool:
    """Return the byte order of a file, as ``e_ident`` tells it.

    https://gabi.xinuos.com/elf/02-eheader.html ("ELF Identification")

    :raises FormatError: when the file is not ELF, or of a class or byte order that does not exist.
    """
    # Bytes have no order, so e_ident is read before the order is known.
    magic, bits, order = view.unpack("4sBB", 0, "e_ident")
    if magic != MAGIC:
        why = "the magic number is missing"
        view.fail(why, offset=0, field="EI_MAG", value=magic)
    if bits not in (ELFCLASS32, ELFCLASS64):
        why = "it has neither 32 nor 64 bits"
        view.fail(why, offset=4, field="EI_CLASS", value=bits)
    if order not in (ELFDATA2LSB, ELFDATA2MSB):
        view.fail(
            "its byte order is unknown",
            offset=5,
            field="EI_DATA",
            value=order,
        )
    return bool(order == ELFDATA2LSB)


def read_file_header(cursor: Cursor) -> Header:
    """Return the file header, read by a cursor that has the file's byte order.

    https://gabi.xinuos.com/elf/02-eheader.html

    :raises FormatError: when it does not lie inside of the file.
    """
    _, bits, _, _, os_abi = cursor.unpack("4sBBBB", 0, "e_ident")
    file_class = Elf64 if bits == ELFCLASS64 else Elf32
    # The entry point, the version and the size of this header are not read.
    (
        kind,
        machine,
        _,
        _,
        phoff,
        shoff,
        flags,
        _,
        phentsize,
        phnum,
        shentsize,
        shnum,
        shstrndx,
    ) = cursor.unpack(file_class.header, 16, "e_type")
    header = Header(
        file_class=file_class,
        os_abi=os_abi,
        type=kind,
        machine=machine,
        flags=flags,
        phoff=phoff,
        phentsize=phentsize,
        phnum=phnum,
        shoff=shoff,
        shentsize=shentsize,
        shnum=shnum,
        shstrndx=shstrndx,
    )
    return _with_large_counts(cursor, header)


def _with_large_counts(cursor: Cursor, header: Header) -> Header:
    """Return the header with the counts that are too large for its fields: they stand in section header 0.

    https://gabi.xinuos.com/elf/02-eheader.html (``e_phnum``: PN_XNUM; ``e_shnum``; ``e_shstrndx``: SHN_XINDEX)
    """
    shnum, phnum, shstrndx = header.shnum, header.phnum, header.shstrndx
    if not header.shoff:
        return header
    if shnum and phnum != PN_XNUM and shstrndx != SHN_XINDEX:
        return header
    try:
        first = Section(
            *cursor.unpack(
                header.file_class.section_header, header.shoff, "section header"
            )
        )
    except FormatError:
        # Loaders do not count sections.
        if phnum == PN_XNUM or header.type not in (ET_DYN, ET_EXEC):
            raise
        return header
    if shnum == 0:
        shnum = first.size
    if phnum == PN_XNUM:
        phnum = first.info
    if shstrndx == SHN_XINDEX:
        shstrndx = first.link
    return replace(header, shnum=shnum, phnum=phnum, shstrndx=shstrndx)


def read_segments(cursor: Cursor, header: Header) -> tuple[Segment, ...]:
    """Return the program headers.

    https://gabi.xinuos.com/elf/07-pheader.html

    :raises FormatError: when they have another size than their class prescribes, or lie outside of the file.
    """
    if not header.phnum or not header.phoff:
        return ()
    file_class = header.file_class
    if header.phentsize != file_class.program_header_size:
        cursor.fail(
            "the program headers have the wrong size",
            offset=file_class.phentsize_at,
            field="e_phentsize",
            value=header.phentsize,
        )
    found = cursor.rows(
        file_class.program_header, header.phoff, header.phnum, "program headers"
    )
    if header.is_64_bit:
        return tuple(rows(Segment, found))
    # In 32-bit files, the flags stand behind the sizes.
    reordered = ((kind, flags, *places, align) for kind, *places, flags, align in found)
    return tuple(rows(Segment, reordered))


def read_sections(cursor: Cursor, header: Header) -> tuple[Section, ...]:
    """Return the section headers.

    https://gabi.xinuos.com/elf/03-sheader.html

    :raises FormatError: when they have another size than their class prescribes, or lie outside of the file.
    """
    if not header.shoff or not header.shnum:
        return ()
    file_class = header.file_class
    if header.shentsize != file_class.section_header_size:
        cursor.fail(
            "the section headers have the wrong size",
            offset=file_class.shentsize_at,
            field="e_shentsize",
            value=header.shentsize,
        )
    found = cursor.rows(
        file_class.section_header, header.shoff, header.shnum, "section headers"
    )
    return tuple(rows(Section, found))


# --- what single headers say -----------------------------------------------------------------------------------------


def _has_executable_stack(segments: Sequence[Segment]) -> bool | None:
    stack = first_of_type(segments, PT_GNU_STACK)
    return None if stack is None else bool(stack.flags & PF_X)


def _read_interpreter(
    cursor: Cursor,
    segments: Sequence[Segment],
    skipped: SkippedParts,
    *,
    program: bool,
) -> str | None:
    """Return the interpreter that a file names. Of libraries, nobody asks for it.

    :raises FormatError: when a program has one that does not lie in the file: the system does not start it.
    """
    for segment in segments:
        if segment.type == PT_INTERP and segment.filesz:
            try:
                return cursor.string(segment.offset, "PT_INTERP")
            except FormatError as error:
                if program:
                    raise
                skipped.add("the interpreter (PT_INTERP)", error)
    return None


# --- what no loader asks for ------------------------------------------------------------------------------------


def _read_table_of_sections(
    cursor: Cursor, header: Header, segments: Sequence[Segment]
) -> tuple[tuple[Section, ...], FormatError | None]:
    """Return the section headers; without any, what is wrong with them. Loaders go by the program headers.

    :raises FormatError: when there are no program headers to go by.
    """
    try:
        return read_sections(cursor, header), None
    except FormatError as error:
        # Then a loader would refuse it, or nothing is known of it.
        is_loadable = first_of_type(segments, PT_LOAD) is not None
        if header.type not in (ET_DYN, ET_EXEC) or not is_loadable:
            raise
        return (), error


def _skip_sections(header: Header, error: FormatError, skipped: SkippedParts) -> None:
    """Write down that the section headers cannot be read."""
    loss = ""
    # Its attributes have no segment of their own in all files.
    if header.machine == EM_ARM:
        loss = _LOST_ATTRIBUTES
    skipped.add("the table of sections", error, loss=loss)


def _read_arm_attributes(
    cursor: Cursor,
    header: Header,
    sections: Sequence[Section],
    skipped: SkippedParts,
) -> ArmAttributes | None:
    """Return the build attributes, which linkers compare, and loaders do not."""
    try:
        return find_arm_attributes(cursor, header, sections)
    except FormatError as error:
        skipped.add("the build attributes", error, loss=_LOST_ATTRIBUTES)
        return None
