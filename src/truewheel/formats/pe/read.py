"""The door to PE images: their headers are read here, and the facts put together."""

from __future__ import annotations

from ...model.binary import Binary, Format, MinimumOS, PeSlice
from ...model.record import replace, rows
from ..coff import cpu_name, is_debug_section
from ..cursor import Cursor, View
from .exports import read_exports
from .image import Image
from .imports import read_imports
from .kind import has_certificate, hybrid_of, kind_of
from .layout import (
    COFF_SYMBOL_SIZE,
    E_LFANEW_AT,
    FILE_HEADER,
    FILE_HEADER_SIZE,
    MOST_DIRECTORIES,
    SECTION_HEADER,
    SECTION_HEADER_SIZE,
    SIGNATURE,
    SIZE_OF_RAW_DATA_AT,
    WIDTHS,
    Header,
    Section,
)
from .versions import read_file_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Readable

_DOS_HEADER_SIZE = 64
_PORTABLE = b"MZqFpD='"
"""How Actually Portable Executables begin (https://justine.lol/ape.html)."""
_STUBS = (b"be run in DOS mode", b"must be run under Win")
"""What the small DOS programs in front of PE images print."""
_OTHER_FORMATS = (b"NE", b"LE", b"LX", b"W3", b"W4")
"""Other formats that follow a DOS program: 16-bit Windows, its drivers, OS/2."""


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` may be a PE image: what is at ``e_lfanew`` decides (:func:`read`).

    >>> recognises(b"MZ" + bytes(58) + b"\\x80\\0\\0\\0"), recognises(b"MZ" + bytes(62)), recognises(b"MZ")
    (True, False, False)
    """
    # Programs of Cosmopolitan Libc look like PE images, and are shell scripts and ELF or Mach-O files as well: they are
    # bound to no system.
    if head.startswith(_PORTABLE):
        return False
    if head[:2] != b"MZ" or len(head) < _DOS_HEADER_SIZE:
        return False
    signature_at = int.from_bytes(head[E_LFANEW_AT : E_LFANEW_AT + 4], "little")
    return 4 <= signature_at < 1 << 28


def read(data: Readable) -> Binary | None:
    """Return the facts of one PE image; ``None`` for a plain DOS program, which only begins like one.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    raw = data if isinstance(data, (bytes, View)) else bytes(data)
    cursor = Cursor(raw, what="PE file")
    signature_at = cursor.number("I", E_LFANEW_AT, "e_lfanew")
    if bytes(raw[signature_at : signature_at + 4]) != SIGNATURE:
        if _is_damaged(raw, signature_at):
            cursor.fail(
                "no PE header follows the DOS program",
                offset=60,
                field="e_lfanew",
                value=signature_at,
            )
        return None
    header = read_header(cursor, signature_at + 4)
    sections = read_sections(cursor, header)
    debug_sections = [
        section
        for section in sections
        if section.offset and is_debug_section(section.name, raw, header.names_at)
    ]
    if debug_sections and not _has_other_content(sections, debug_sections):
        # What "objcopy --only-keep-debug" leaves: the tables that the directories lead to are in the stripped file.
        header = replace(header, directories=(), is_companion=True)
    image = Image(cursor, raw, header, sections)
    return Binary(format=Format.PE, slices=(_slice(image, debug_sections),))


def _is_damaged(raw: bytes | View, signature_at: int) -> bool:
    """Whether a file without a signature was a PE image once, rather than a program for DOS.

    The DOS program that linkers put in front says so in words. Where even that is cut off, its header must be like theirs:
    relocations behind the extended header, and the signature soon after.
    """
    if bytes(raw[signature_at : signature_at + 2]) in _OTHER_FORMATS:
        return False
    stub = bytes(raw[_DOS_HEADER_SIZE : min(signature_at, 4096)])
    if any(text in stub for text in _STUBS):
        return True
    is_cut_off = len(raw) < 128 and signature_at >= len(raw) - 3
    relocations_at = int.from_bytes(bytes(raw[24:26]), "little")
    return is_cut_off and relocations_at == _DOS_HEADER_SIZE <= signature_at < 4096


def _has_other_content(
    sections: Sequence[Section], debug_sections: Sequence[Section]
) -> bool:
    # A section without a place in the file is memory that begins as zeros (.bss).
    return any(
        section.offset and section.raw
        for section in sections
        if section not in debug_sections
    )


def _slice(image: Image, debug_sections: Sequence[Section]) -> PeSlice:
    """Put together what the headers and the directories say."""
    header = image.header
    needs, imports = read_imports(image)
    exports = read_exports(image)
    file_version = read_file_version(image)
    hybrid = hybrid_of(image)
    certificate = has_certificate(image)
    return PeSlice(
        cpu=cpu_name(header.machine),
        bits=header.width.bits,
        kind=kind_of(image),
        needs=needs,
        name=exports.library,
        imports=imports,
        exports=exports.names,
        minimum_os=(MinimumOS(platform="windows", version=header.subsystem_version),),
        debug_bytes=sum(section.size for section in debug_sections),
        machine=header.machine,
        subsystem=header.subsystem,
        subsystem_version=header.subsystem_version,
        os_version=header.os_version,
        linker_version=header.linker_version,
        file_version=file_version,
        characteristics=header.characteristics,
        forwards=exports.forwards,
        hybrid=hybrid,
        certificate=certificate,
        skipped=image.skipped.all(),
    )


# --- headers ----------------------------------------------------------------------------------------------------


def read_header(cursor: Cursor, at: int) -> Header:
    """Read the COFF file header at ``at``, and the optional header and the data directories behind it.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#coff-file-header-object-and-image

    :raises FormatError: when they lie outside of the file, or it is neither PE32 nor PE32+.
    """
    machine, sections, _, symbols_at, symbols, size, characteristics = cursor.unpack(
        FILE_HEADER, at, "Machine"
    )
    start = at + FILE_HEADER_SIZE
    magic = cursor.number("H", start, "Magic")
    if magic not in WIDTHS:
        cursor.fail(
            "it is neither PE32 nor PE32+",
            offset=start,
            field="Magic",
            value=magic,
        )
    width = WIDTHS[magic]
    # https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#optional-header-image-only
    (
        linker_major,
        linker_minor,
        code,
        entry,
        base,
        alignment,
        os_major,
        os_minor,
        major,
        minor,
        image_size,
        headers_size,
        subsystem,
    ) = cursor.unpack(width.optional_header, start, "optional header")
    directories = _read_directories(cursor, start + width.directories_at)
    return Header(
        width=width,
        machine=machine,
        sections=sections,
        sections_at=start + size,
        # The string table follows the symbols.
        names_at=symbols_at + COFF_SYMBOL_SIZE * symbols if symbols_at else 0,
        characteristics=characteristics,
        code=code,
        entry=entry,
        base=base,
        file_alignment=alignment,
        image_size=image_size,
        headers_size=headers_size,
        subsystem=subsystem,
        subsystem_version=(major, minor),
        os_version=(os_major, os_minor),
        linker_version=(linker_major, linker_minor),
        directories=directories,
    )


def _read_directories(cursor: Cursor, table: int) -> tuple[tuple[int, int], ...]:
    """Return address and size of each data directory; their number stands in front of them."""
    count = cursor.number("I", table - 4, "NumberOfRvaAndSizes")
    # The loader looks at no more.
    count = min(count, MOST_DIRECTORIES)
    return tuple(cursor.rows("II", table, count, "data directories"))


def read_sections(cursor: Cursor, header: Header) -> tuple[Section, ...]:
    """Read the section headers.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#section-table-section-headers

    :raises FormatError: when they, or the content of a section, reach beyond the file.
    """
    found = cursor.rows(
        SECTION_HEADER, header.sections_at, header.sections, "section headers"
    )
    sections = tuple(rows(Section, found))
    for number, section in enumerate(sections):
        end = section.offset + section.size
        if section.offset and end > len(cursor):
            row = header.sections_at + SECTION_HEADER_SIZE * number
            cursor.fail(
                f"section {_plain_name(section.name)} ends at {end:#x}, but the file at {len(cursor):#x}",
                offset=row + SIZE_OF_RAW_DATA_AT,
                field="SizeOfRawData",
                value=section.raw,
            )
    return sections


def _plain_name(name: bytes) -> str:
    return name.partition(b"\0")[0].decode("ascii", "backslashreplace")
