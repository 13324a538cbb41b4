"""Facts from static libraries: which CPU their members are for.

The variants of GNU, BSD and Windows, and GNU's thin archives, whose members are files elsewhere. Sources: ``ar.h``;
the Microsoft PE and COFF specification, chapter 7; GNU binutils' documentation of ``ar``. Debian packages are archives
of this form as well, and no libraries: they are not recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model.binary import Binary, Format, Kind, Slice
from ..model.errors import FormatError
from . import coff
from .cursor import Buffer, Cursor

NORMAL, THIN = b"!<arch>\n", b"!<thin>\n"
_HEADER = 60
_LONGEST_HEAD = 64
_TABLES = frozenset({b"/", b"//", b"/SYM64/", b"/<ECSYMBOLS>/", b"/<HYBRIDMAP>/", b"/<XFGHASHMAP>/"})
_DECLARATIONS = (b"__.SYMDEF", b"__.PKGDEF")
"""Names, and beginnings of names, of members that are no objects: indexes, long names, Go's declarations."""
_DEBIAN = b"debian-binary"


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a static library.

    >>> recognises(b"!<arch>\\n"), recognises(b"!<arch>\\ndebian-binary   ")
    (True, False)
    """
    return head[:8] in (NORMAL, THIN) and not head.startswith(_DEBIAN, 8)


def read(data: Buffer, member: Callable[[Buffer], Binary | None]) -> Binary:
    """A static library, with one slice: the CPU of its first member whose CPU can be told; or without a slice.

    :param member: reads files of the other formats; gives ``None`` for archives.
    :raises FormatError: when a member's header is none, or a member reaches beyond the file.
    """
    cursor = Cursor(data, what="static library")
    found: Slice | None = None
    for content in _members(cursor):
        if found is None:
            found = _cpu(content, member)
    return Binary(format=Format.ARCHIVE, slices=() if found is None else (found,))


def _cpu(content: memoryview, member: Callable[[Buffer], Binary | None]) -> Slice | None:
    number = coff.machine(bytes(content[:_LONGEST_HEAD]))
    if number is not None:
        return coff.of_machine(number, Kind.ARCHIVE)
    try:
        binary = member(content)
    except FormatError:
        return None  # a member that nobody can read tells nothing; a linker would say more
    first = binary.slices[0] if binary is not None and binary.slices else None
    if first is None:
        return None
    return Slice(cpu=first.cpu, bits=first.bits, little_endian=first.little_endian, kind=Kind.ARCHIVE)


def _members(cursor: Cursor) -> Iterator[memoryview]:
    """The content of every member that may be an object."""
    thin = bytes(cursor.bytes(0, 8, "magic")) == THIN
    offset = 8
    while offset < len(cursor):
        if not bytes(cursor.data[offset : offset + _HEADER]).strip(b"\n\0"):
            return  # padding
        name, text, end = cursor.unpack("16s32x10s2s", offset, "member header")
        if end != b"`\n":
            cursor.fail("a member's header has no end", offset=offset + 58, field="ar_fmag", value=end)
        size = _decimal(cursor, text, offset + 48)
        special = _is_table(name)
        offset += _HEADER
        if not thin or special:
            content = cursor.bytes(offset, size, "member")
            offset += size + size % 2
            if not special:
                yield from _without_name(cursor, name, content, offset)


def _is_table(name: bytes) -> bool:
    return name.rstrip(b" \0") in _TABLES or name.startswith(_DECLARATIONS)


def _without_name(cursor: Cursor, name: bytes, content: memoryview, offset: int) -> tuple[memoryview, ...]:
    """The content, or what follows the name that BSD's long ones put in front of it; nothing of a symbol table."""
    if name[:3] != b"#1/":
        return (content,)
    length = _decimal(cursor, name[3:], offset)
    if length > len(content):
        cursor.fail("a member's name is longer than the member", offset=offset, field="ar_name", value=length)
    special = _is_table(bytes(content[:length]))
    return () if special else (content[length:],)


def _decimal(cursor: Cursor, text: bytes, offset: int) -> int:
    digits = text.rstrip(b" ")
    if not digits.isdigit():
        cursor.fail("a number is none", offset=offset, field="ar_size", value=text)
    return int(digits)
