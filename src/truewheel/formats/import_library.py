"""Which DLL an import library is for: ``foo.lib`` of Microsoft's linker and LLVM's, ``libfoo.dll.a`` of GNU's.

An import library is an archive whose members are nothing but headers ("Import Library Format" in
https://learn.microsoft.com/en-us/windows/win32/debug/pe-format), or small objects with sections ``.idata$`` (binutils'
``dlltool``). Whatever else is in an archive makes it a static library.
"""

from __future__ import annotations

import struct

from ..model.errors import FormatError
from . import ar, coff
from .cursor import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cursor import Buffer

_SHORT = b"\0\0\xff\xff"
"""``Sig1`` and ``Sig2`` of ``IMPORT_OBJECT_HEADER``, which is followed by the symbol and by the DLL."""
_SHORT_SIZE = 20
_FILE_HEADER = "<HHIIIHH"
_FILE_HEADER_SIZE = 20
_SECTION_HEADER = "<8s8xII"
_SECTION_HEADER_SIZE = 40
_NAME_SECTIONS = (b".idata$7", b".idata$6")
"""Where GNU's and Microsoft's tools put the name of the DLL; GNU's have the names of symbols in the second."""
_ENDINGS = (b".dll", b".pyd", b".exe", b".drv")
"""How files are called that others import from; ``WINSPOOL.DRV`` is Windows' own."""
_IMPORTS = b".idata$"
_MANY = 4
"""How many members without a sign of an import are enough."""


def dll_name(data: Buffer) -> str | None:
    """Return the name of the DLL that an import library is for; ``None`` for every other file."""
    cursor = Cursor(data, what="import library")
    strangers = 0
    # A file that was cut off, or only begins like an archive, is for nothing.
    try:
        for member in ar.members(cursor):
            if bytes(member[:4]) == _SHORT:
                strings = bytes(member[_SHORT_SIZE:])
                return _short_name(strings)
            sections = dict(_import_sections(memoryview(bytes(member))))
            for name in _NAME_SECTIONS:
                text = sections.get(name, b"").rstrip(b"\0")
                if text.lower().endswith(_ENDINGS):
                    return text.decode("utf-8", "replace")
            strangers += not sections
            if strangers == _MANY:
                return None
    except (FormatError, struct.error):
        return None
    return None


def _short_name(strings: bytes) -> str | None:
    """Return the second of two strings, each of which ends in a zero."""
    _, _, rest = strings.partition(b"\0")
    name, end, _ = rest.partition(b"\0")
    return name.decode("utf-8", "replace") if end else None


def _import_sections(member: memoryview) -> Iterator[tuple[bytes, bytes]]:
    """Yield the sections of an object that a linker makes import tables of, with their content."""
    machine, count, _, _, _, optional, _ = struct.unpack_from(_FILE_HEADER, member)
    # ELF's and Mach-O's objects begin with other numbers.
    if machine not in coff.CPUS:
        return
    at = _FILE_HEADER_SIZE + optional
    for number in range(count):
        offset = at + number * _SECTION_HEADER_SIZE
        name, size, start = struct.unpack_from(_SECTION_HEADER, member, offset)
        if name.startswith(_IMPORTS):
            yield name, bytes(member[start : start + size])
