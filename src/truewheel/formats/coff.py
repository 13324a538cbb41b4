"""Facts from COFF objects: what compilers for Windows make before linking, ``.obj``.

They have no magic number. So a file is called one only when everything at its beginning is as the specification has
it: a known machine, no optional header, tables that follow the section headers, and a first section without an
address. Sources: the Microsoft PE and COFF specification; ``winnt.h`` for ``ANON_OBJECT_HEADER`` and its relatives
(``/bigobj``, ``/GL``, import objects).
"""

from __future__ import annotations

import struct

from ..model.binary import Binary, Format, Kind, Slice
from .cursor import Buffer, Cursor
from .pe import cpu, is_debug

_MACHINES = frozenset({0x14C, 0x8664, 0xAA64, 0xA641, 0xA64E, 0x1C4})
_ANONYMOUS = b"\0\0\xff\xff"
"""``IMAGE_FILE_MACHINE_UNKNOWN`` and an impossible number of sections: one of the newer headers follows."""
_BIG_OBJECT = bytes.fromhex("c7a1bad1eebaa94baf20faf66aa4dcb8")
_LINK_TIME_CODE = bytes.fromhex("38feb30ca5d9ab4dac9bd6b6222653c2")
_OF_OBJECTS = 0x0001 | 0x0004 | 0x0008 | 0x0020 | 0x0080 | 0x0100
"""``IMAGE_FILE_*`` bits that objects may have: what is stripped, byte order and word size."""
_CONTENT = 0x0AE0
"""``IMAGE_SCN_*`` bits of which each section has one: code, data, zeros, information, to be removed."""
_UNUSED = 0x0001_6417
"""Those that are reserved, or of other processors."""
_FAR = 1 << 31
_HEADER, _SECTION, _SYMBOL = 20, 40, 18
"""Sizes of the header, and of the records in its tables."""


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (64 bytes) is a COFF object, beyond reasonable doubt.

    >>> recognises(bytes.fromhex("6486") + bytes(62)), recognises(b"\\0\\0\\xff\\xff\\2\\0" + bytes(58))
    (False, False)
    """
    if len(head) < 64:
        return False
    if head[:4] == _ANONYMOUS:
        return head[12:28] in (_BIG_OBJECT, _LINK_TIME_CODE) and machine(head) in _MACHINES
    return int.from_bytes(head[:2], "little") in _MACHINES and _is_plausible(head)


def _is_plausible(head: bytes) -> bool:
    """Whether header and first section are those of an object."""
    _, sections, _, symbols_at, symbols, optional, flags = struct.unpack_from("<HHIIIHH", head)
    tables_at = _HEADER + _SECTION * sections
    return (
        0 < sections < 0xFF00
        and optional == 0
        and not flags & ~_OF_OBJECTS
        and 0 < symbols < _FAR // _SYMBOL
        and tables_at <= symbols_at < _FAR
        and _is_first_section(head, tables_at)
    )


def _is_first_section(head: bytes, tables_at: int) -> bool:
    """Whether the first section has a name, no address yet, and its content behind the headers."""
    name, size, address, raw, raw_at, relocations_at, lines_at, relocations, lines, flags = struct.unpack_from(
        "<8s6I2HI", head, _HEADER
    )
    return (
        size == address == 0
        and _is_name(name.partition(b"\0")[0])
        and raw < _FAR
        and all(
            at == 0 if not there else tables_at <= at < _FAR
            for at, there in ((raw_at, raw_at), (relocations_at, relocations), (lines_at, lines))
        )
        and flags & _CONTENT != 0
        and not flags & _UNUSED
    )


def _is_name(text: bytes) -> bool:
    return text != b"" and text.isascii() and b" " not in text and text.decode("ascii").isprintable()


def machine(head: bytes) -> int | None:
    """The machine of a member of an archive that begins with ``head``: an object, or an import object; else ``None``.

    >>> machine(b"\\0\\0\\xff\\xff\\0\\0\\x64\\xaa" + bytes(12)) == 0xAA64
    True
    """
    if head[:4] == _ANONYMOUS and len(head) >= 20:
        found = int.from_bytes(head[6:8], "little")
        return found if found in _MACHINES else None
    return int.from_bytes(head[:2], "little") if recognises(head) else None


def read(data: Buffer) -> Binary:
    """The facts of one object: its machine, and the size of its debug sections.

    :raises FormatError: when its tables lie outside of the file.
    """
    raw = data if isinstance(data, bytes) else bytes(data)
    cursor = Cursor(raw, what="COFF object")
    number, sections = cursor.unpack("HH", 0, "Machine")
    if raw[:4] != _ANONYMOUS:
        return _binary(
            number, _debug_bytes(cursor, raw, (_HEADER, sections, *cursor.unpack("II", 8, "header")), _SYMBOL)
        )
    number = cursor.number("H", 6, "Machine")
    if raw[12:28] == _LINK_TIME_CODE:
        return _binary(number, 0)  # what follows is the compiler's own affair
    sections, symbols_at, symbols = cursor.unpack("III", 44, "header of a large object")
    return _binary(number, _debug_bytes(cursor, raw, (56, sections, symbols_at, symbols), _SYMBOL + 2))


def _binary(number: int, debug_bytes: int) -> Binary:
    return Binary(format=Format.COFF, slices=(of_machine(number, Kind.OBJECT, debug_bytes=debug_bytes),))


def of_machine(number: int, kind: Kind, *, debug_bytes: int = 0) -> Slice:
    """What a machine number tells."""
    name = "arm64x" if number == 0xA64E else cpu(number)
    bits = 32 if number in (0x14C, 0x1C4) else 64
    return Slice(cpu=name, bits=bits, kind=kind, debug_bytes=debug_bytes)


def _debug_bytes(cursor: Cursor, raw: bytes, tables: tuple[int, int, int, int], symbol: int) -> int:
    """Of the sections whose names say so; ``tables`` are place and number of sections and of symbols."""
    at, sections, symbols_at, symbols = tables
    size = len(cursor.bytes(symbols_at, symbols * symbol, "symbol table"))
    rows = cursor.rows("8s8xI20x", at, sections, "section headers")
    return sum(length for name, length in rows if is_debug(name, raw, symbols_at + size))
