"""Facts from COFF objects: what compilers for Windows make before linking, ``.obj``; and what PE images share with them.

Objects have no magic number. So a file is called one only when everything at its beginning is as the specification has it: a
known machine, no optional header, tables that follow the section headers, and a first section without an address.

Sources: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format; ``winnt.h`` for ``ANON_OBJECT_HEADER`` and its
relatives (``/bigobj``, ``/GL``, import objects).
"""

from __future__ import annotations

import struct

from ..model.binary import Binary, Format, Kind, Slice
from .cursor import Cursor, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cursor import Readable

# --- what images and objects share ------------------------------------------------------------------------------

IMAGE_FILE_MACHINE_I386 = 0x14C
IMAGE_FILE_MACHINE_ARMNT = 0x1C4
IMAGE_FILE_MACHINE_AMD64 = 0x8664
IMAGE_FILE_MACHINE_ARM64 = 0xAA64
IMAGE_FILE_MACHINE_ARM64EC = 0xA641
IMAGE_FILE_MACHINE_ARM64X = 0xA64E
CPUS = {
    IMAGE_FILE_MACHINE_I386: "i686",
    IMAGE_FILE_MACHINE_AMD64: "x86_64",
    IMAGE_FILE_MACHINE_ARM64: "arm64",
    IMAGE_FILE_MACHINE_ARM64EC: "arm64ec",
    0x1C0: "arm",
    0x1C2: "arm",
    IMAGE_FILE_MACHINE_ARMNT: "armv7l",
    0x166: "mips",
    0x1F0: "ppcle",
    0x200: "ia64",
    0x5032: "riscv32",
    0x5064: "riscv64",
    0x6232: "loongarch32",
    0x6264: "loongarch64",
}
"""The names here of ``IMAGE_FILE_MACHINE_*``."""
_DEBUG_SECTIONS = (b".debug_", b".debug$", b".zdebug", b".stab")


def cpu_name(machine: int) -> str:
    """Return the name here of an ``IMAGE_FILE_MACHINE_*`` number.

    >>> cpu_name(0x8664), cpu_name(0x1234)
    ('x86_64', 'machine-0x1234')
    """
    return CPUS.get(machine, f"machine-{machine:#06x}")


def is_debug_section(name: bytes, raw: bytes | View, names_at: int) -> bool:
    """Whether a section's name is one of DWARF's, stabs' or CodeView's.

    :param name: the eight bytes in its header; longer names are ``/OFFSET`` into the string table.
    :param names_at: where the string table begins in ``raw``; 0 when there is none.
    """
    number = name[1:].partition(b"\0")[0]
    if name[:1] == b"/" and number.isdigit() and names_at:
        at = names_at + int(number)
        name = bytes(raw[at : at + 8])
    return name.startswith(_DEBUG_SECTIONS)


# --- what looks like an object ----------------------------------------------------------------------------------

_MACHINES = frozenset(
    {
        IMAGE_FILE_MACHINE_I386,
        IMAGE_FILE_MACHINE_AMD64,
        IMAGE_FILE_MACHINE_ARM64,
        IMAGE_FILE_MACHINE_ARM64EC,
        IMAGE_FILE_MACHINE_ARM64X,
        IMAGE_FILE_MACHINE_ARMNT,
    }
)
"""Machines that compilers still make objects for."""
_FILE_HEADER = "<HHIIIHH"
_FILE_HEADER_SIZE = 20
_SECTION_HEADER = "<8s6I2HI"
_SECTION_HEADER_SIZE = 40
_SYMBOL_SIZE = 18
_MOST_SECTIONS = 0xFEFF
"""Higher section numbers are reserved."""
_FAR = 1 << 31
"""No object is so large."""
_FLAGS_OF_OBJECTS = 0x0001 | 0x0004 | 0x0008 | 0x0020 | 0x0080 | 0x0100
"""``IMAGE_FILE_*`` bits that objects may have: what is stripped, byte order and word size."""
_SECTION_CONTENT = 0x0AE0
"""``IMAGE_SCN_*`` bits of which each section has one: code, data, zeros, information, to be removed."""
_UNUSED_SECTION_BITS = 0x0001_6417
"""Those that are reserved, or of other processors."""

_ANONYMOUS = b"\0\0\xff\xff"
"""``IMAGE_FILE_MACHINE_UNKNOWN`` and an impossible number of sections: one of the newer headers follows."""
_ANONYMOUS_MACHINE_AT = 6
_ANONYMOUS_HEADER_SIZE = 20
_CLASS_ID = slice(12, 28)
"""Where ``ANON_OBJECT_HEADER`` says which of its forms it has."""
_BIG_OBJECT = bytes.fromhex("c7a1bad1eebaa94baf20faf66aa4dcb8")
_BIG_OBJECT_SIZES_AT = 44
_BIG_OBJECT_HEADER_SIZE = 56
_BIG_OBJECT_SYMBOL_SIZE = 20
_LINK_TIME_CODE = bytes.fromhex("38feb30ca5d9ab4dac9bd6b6222653c2")


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (64 bytes) is a COFF object, beyond reasonable doubt.

    >>> recognises(bytes.fromhex("6486") + bytes(62)), recognises(b"\\0\\0\\xff\\xff\\2\\0" + bytes(58))
    (False, False)
    """
    if len(head) < 64:
        return False
    if head[:4] == _ANONYMOUS:
        is_known_form = head[_CLASS_ID] in (_BIG_OBJECT, _LINK_TIME_CODE)
        return is_known_form and machine_of_member(head) in _MACHINES
    return int.from_bytes(head[:2], "little") in _MACHINES and _is_plausible(head)


def _is_plausible(head: bytes) -> bool:
    """Whether header and first section are those of an object."""
    _, sections, _, symbols_at, symbols, optional_header, flags = struct.unpack_from(
        _FILE_HEADER, head
    )
    if not 0 < sections <= _MOST_SECTIONS:
        return False
    # Images have an optional header, and bits that say what the loader is to do with them.
    if optional_header or flags & ~_FLAGS_OF_OBJECTS:
        return False
    if not 0 < symbols < _FAR // _SYMBOL_SIZE:
        return False
    headers_end = _FILE_HEADER_SIZE + _SECTION_HEADER_SIZE * sections
    return headers_end <= symbols_at < _FAR and _is_first_section(head, headers_end)


def _is_first_section(head: bytes, headers_end: int) -> bool:
    """Whether the first section has a name, no address yet, and its content behind the headers."""
    (
        name,
        size,
        address,
        raw,
        raw_at,
        relocations_at,
        lines_at,
        relocations,
        lines,
        flags,
    ) = struct.unpack_from(_SECTION_HEADER, head, _FILE_HEADER_SIZE)
    # The linker is yet to give it an address; until then, its size in memory is not told either.
    if (size, address) != (0, 0):
        return False
    text = name.partition(b"\0")[0]
    if raw >= _FAR or not _is_printable(text):
        return False
    places = ((raw_at, raw_at), (relocations_at, relocations), (lines_at, lines))
    if not all(_is_placed(place, count, headers_end) for place, count in places):
        return False
    has_content = bool(flags & _SECTION_CONTENT)
    return has_content and not flags & _UNUSED_SECTION_BITS


def _is_placed(place: int, count: int, headers_end: int) -> bool:
    """Whether a table lies behind the headers, or nowhere when it is empty (as the content of a section of zeros)."""
    if count == 0:
        return place == 0
    return headers_end <= place < _FAR


def _is_printable(text: bytes) -> bool:
    return (
        text.isascii()
        and b" " not in text
        and text != b""
        and text.decode("ascii").isprintable()
    )


def machine_of_member(head: bytes) -> int | None:
    """Return the machine of a member of an archive that begins with ``head``; ``None`` for what is not COFF.

    Besides objects, import libraries have members that are nothing but a header: they are told by its first bytes.

    >>> machine_of_member(b"\\0\\0\\xff\\xff\\0\\0\\x64\\xaa" + bytes(12)) == 0xAA64
    True
    """
    if head[:4] == _ANONYMOUS and len(head) >= _ANONYMOUS_HEADER_SIZE:
        found = int.from_bytes(
            head[_ANONYMOUS_MACHINE_AT : _ANONYMOUS_MACHINE_AT + 2], "little"
        )
        return found if found in _MACHINES else None
    return int.from_bytes(head[:2], "little") if recognises(head) else None


# --- facts ------------------------------------------------------------------------------------------------------


def read(data: Readable) -> Binary:
    """Return the facts of one object: its machine, and the size of its debug sections.

    :raises FormatError: when its tables lie outside of the file.
    """
    raw = data if isinstance(data, (bytes, View)) else bytes(data)
    cursor = Cursor(raw, what="COFF object")
    machine, sections = cursor.unpack("HH", 0, "Machine")
    if bytes(raw[:4]) != _ANONYMOUS:
        symbols_at, symbols = cursor.unpack("II", 8, "header")
        names_at = _find_names(cursor, symbols_at, symbols * _SYMBOL_SIZE)
        debug_bytes = _count_debug_bytes(
            cursor, raw, _FILE_HEADER_SIZE, sections, names_at
        )
        return _binary(machine, debug_bytes)
    machine = cursor.number("H", _ANONYMOUS_MACHINE_AT, "Machine")
    if bytes(raw[_CLASS_ID]) == _LINK_TIME_CODE:
        # What follows is for the compiler that wrote it.
        return _binary(machine, 0)
    sections, symbols_at, symbols = cursor.unpack(
        "III", _BIG_OBJECT_SIZES_AT, "header of a large object"
    )
    names_at = _find_names(cursor, symbols_at, symbols * _BIG_OBJECT_SYMBOL_SIZE)
    debug_bytes = _count_debug_bytes(
        cursor, raw, _BIG_OBJECT_HEADER_SIZE, sections, names_at
    )
    return _binary(machine, debug_bytes)


def _binary(machine: int, debug_bytes: int) -> Binary:
    return Binary(
        format=Format.COFF,
        slices=(slice_of_machine(machine, Kind.OBJECT, debug_bytes=debug_bytes),),
    )


def slice_of_machine(machine: int, kind: Kind, *, debug_bytes: int = 0) -> Slice:
    """Return what a machine number tells."""
    # Only objects have this one: an ARM64X image says ARM64.
    cpu = "arm64x" if machine == IMAGE_FILE_MACHINE_ARM64X else cpu_name(machine)
    is_32_bit = machine in (IMAGE_FILE_MACHINE_I386, IMAGE_FILE_MACHINE_ARMNT)
    return Slice(
        cpu=cpu,
        bits=32 if is_32_bit else 64,
        kind=kind,
        debug_bytes=debug_bytes,
    )


def _find_names(cursor: Cursor, symbols_at: int, size: int) -> int:
    """Return where the string table begins: behind the symbols."""
    cursor.bytes(symbols_at, size, "symbol table")
    return symbols_at + size


def _count_debug_bytes(
    cursor: Cursor,
    raw: bytes | View,
    headers_at: int,
    sections: int,
    names_at: int,
) -> int:
    """Return the size of the sections whose names say that they are for debuggers."""
    total = 0
    for name, size in cursor.rows("8s8xI20x", headers_at, sections, "section headers"):
        if is_debug_section(name, raw, names_at):
            total += size
    return total
