"""From bytes to facts. A format is recognised by its first bytes, never by trying."""

from __future__ import annotations

import functools
from importlib import import_module

from ..model.binary import Binary, Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from .cursor import Buffer

READERS: tuple[tuple[Format, str, tuple[bytes, ...]], ...] = (
    (Format.ELF, "elf", (b"\x7fELF",)),
    (
        Format.MACHO,
        "macho",
        (b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"),
    ),
    (Format.PE, "pe", (b"MZ",)),
    (Format.WASM, "wasm", (b"\0asm",)),
    (Format.ARCHIVE, "ar", (b"!<arch>\n", b"!<thin>\n")),
    (
        Format.COFF,
        "coff",
        (b"\x4c\x01", b"\x64\x86", b"\x64\xaa", b"\x41\xa6", b"\x4e\xa6", b"\xc4\x01", b"\0\0\xff\xff"),
    ),
)
"""Every format that can be read, its module here with ``recognises(head)`` and ``read(data)``, and how files begin that
may be of it. An archive's ``read`` also takes what reads its members."""

_FIRST = frozenset(beginning[:1] for _, _, beginnings in READERS for beginning in beginnings)
"""First bytes of files that may be binaries: most others are told from them by this alone."""

HEAD = 64
"""How many first bytes are enough to recognise a format."""


def sniff(head: bytes) -> Format | None:
    """What a file that begins with ``head`` is; ``None`` when it is no binary.

    >>> sniff(b"#!/bin/sh")
    >>> sniff(b"!<arch>\\n")
    <Format.ARCHIVE: 'static archive'>
    """
    for form, name, beginnings in READERS if head[:1] in _FIRST else ():
        if head.startswith(beginnings) and _reader(name).recognises(head):
            return form
    return None


@functools.cache
def _reader(name: str) -> ModuleType:
    return import_module(f".{name}", __package__)


def read(data: Buffer) -> Binary | None:
    """The facts of a file, ``None`` when it is no binary.

    :raises FormatError: when the file is not what its first bytes claim.
    """
    form = sniff(_head(data))
    if form is Format.ARCHIVE:
        found: Binary = _reader("ar").read(data, _read)  # its members are files of the other formats
        return found
    return _read(data, form)


def _head(data: Buffer) -> bytes:
    return bytes(memoryview(data)[:HEAD])


def _read(data: Buffer, form: Format | None = None) -> Binary | None:
    """The facts of anything but an archive, so that none is read inside of another."""
    form = form or sniff(_head(data))
    if form is None or form is Format.ARCHIVE:
        return None
    found: Binary | None = next(_reader(name) for known, name, _ in READERS if known is form).read(data)
    return found
