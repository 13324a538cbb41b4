"""Facts from static libraries: which CPU their members are for.

The variants of GNU, BSD and Windows, and GNU's thin archives, whose members are files elsewhere. Sources: ``ar.h``;
https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#archive-library-file-format; GNU binutils' documentation of
``ar``. Debian packages are archives of this form as well, and not libraries: they are not recognised.
"""

from __future__ import annotations

from ..model.binary import Binary, Format, Kind, Slice
from ..model.errors import FormatError
from . import coff
from .cursor import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .cursor import Readable, View

    MemberReader = Callable[[Readable], Binary | None]

NORMAL = b"!<arch>\n"
THIN = b"!<thin>\n"
AR_FMAG = b"`\n"
MEMBER_HEADER = "16s32x10s2s"
"""``ar_hdr``: name, size in decimal digits, end; the rest is not read."""
MEMBER_HEADER_SIZE = 60
SIZE_AT = 48
FMAG_AT = 58
_TABLES = frozenset(
    {b"/", b"//", b"/SYM64/", b"/<ECSYMBOLS>/", b"/<HYBRIDMAP>/", b"/<XFGHASHMAP>/"}
)
_DECLARATIONS = (b"__.SYMDEF", b"__.PKGDEF")
"""Names, and beginnings of names, of members that are not objects: indexes, long names, Go's declarations."""
_LONG_NAME = b"#1/"
"""How BSD's names begin that stand in front of the content; the length follows."""
_DEBIAN = b"debian-binary"
_LONGEST_HEAD = 64
"""How many first bytes tell the machine of a COFF member."""


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a static library.

    >>> recognises(b"!<arch>\\n"), recognises(b"!<arch>\\ndebian-binary   ")
    (True, False)
    """
    return head[:8] in (NORMAL, THIN) and not head.startswith(_DEBIAN, 8)


def read(data: Readable, read_member: MemberReader) -> Binary:
    """Return a static library, with one slice: the CPU of its first member whose CPU can be told; or without a slice.

    :param read_member: reads files of the other formats; gives ``None`` for archives.
    :raises FormatError: when a member has no header, or reaches beyond the file.
    """
    cursor = Cursor(data, what="static library")
    found: Slice | None = None
    # All members are gone through, so that a library that was cut off is told.
    for content in members(cursor):
        if found is None:
            found = _read_cpu(content, read_member)
    return Binary(format=Format.ARCHIVE, slices=() if found is None else (found,))


def _read_cpu(content: memoryview | View, read_member: MemberReader) -> Slice | None:
    """Return what a member tells about its CPU; ``None`` when it tells nothing."""
    machine = coff.machine_of_member(bytes(content[:_LONGEST_HEAD]))
    if machine is not None:
        return coff.slice_of_machine(machine, Kind.ARCHIVE)
    try:
        binary = read_member(content)
    except FormatError:
        # A linker would say more about a member that nobody can read.
        return None
    if binary is None or not binary.slices:
        return None
    first = binary.slices[0]
    return Slice(
        cpu=first.cpu,
        bits=first.bits,
        little_endian=first.little_endian,
        kind=Kind.ARCHIVE,
    )


def members(cursor: Cursor) -> Iterator[memoryview | View]:
    """Yield the content of every member that may be an object.

    :raises FormatError: when a member has no header, or reaches beyond the file.
    """
    is_thin = bytes(cursor.bytes(0, 8, "magic")) == THIN
    offset = len(NORMAL)
    while offset < len(cursor):
        if _is_padding(cursor, offset):
            return
        name, digits, end = cursor.unpack(MEMBER_HEADER, offset, "member header")
        if end != AR_FMAG:
            cursor.fail(
                "a member's header has no end",
                offset=offset + FMAG_AT,
                field="ar_fmag",
                value=end,
            )
        size = _decimal(cursor, digits, offset + SIZE_AT)
        offset += MEMBER_HEADER_SIZE
        is_table = _is_table(name)
        # The members of a thin library are elsewhere, its tables are not.
        if is_thin and not is_table:
            continue
        content = cursor.bytes(offset, size, "member")
        # Members begin at even places.
        offset += size + size % 2
        if not is_table:
            yield from _without_long_name(cursor, name, content, offset)


def _is_padding(cursor: Cursor, offset: int) -> bool:
    return not bytes(cursor.data[offset : offset + MEMBER_HEADER_SIZE]).strip(b"\n\0")


def _is_table(name: bytes) -> bool:
    return name.rstrip(b" \0") in _TABLES or name.startswith(_DECLARATIONS)


def _without_long_name(
    cursor: Cursor,
    name: bytes,
    content: memoryview | View,
    offset: int,
) -> tuple[memoryview | View, ...]:
    """Return the content, or what follows the name that BSD's long ones put in front of it; nothing of a symbol table."""
    if not name.startswith(_LONG_NAME):
        return (content,)
    length = _decimal(cursor, name.removeprefix(_LONG_NAME), offset)
    if length > len(content):
        cursor.fail(
            "a member's name is longer than the member",
            offset=offset,
            field="ar_name",
            value=length,
        )
    if _is_table(bytes(content[:length])):
        return ()
    return (content[length:],)


def _decimal(cursor: Cursor, text: bytes, offset: int) -> int:
    """Return a number of a member's header, which has all of them in decimal digits and spaces."""
    digits = text.rstrip(b" ")
    if not digits.isdigit():
        cursor.fail(
            "a size is not a number",
            offset=offset,
            field="ar_size",
            value=text,
        )
    return int(digits)
