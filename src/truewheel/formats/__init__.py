"""From bytes to facts. A format is recognised by its first bytes, never by trying."""

from __future__ import annotations

from types import ModuleType

from ..model.binary import Binary, Format
from . import archive, coff, elf, pe, wasm
from .cursor import Buffer

READERS: tuple[tuple[Format, ModuleType], ...] = (
    (Format.ELF, elf),
    (Format.PE, pe),
    (Format.WASM, wasm),
    (Format.ARCHIVE, archive),
    (Format.COFF, coff),
)
"""Every format that can be read: a module with ``recognises(head)`` and ``read(data)``; an archive's also takes what
reads its members."""

HEAD = 64
"""How many first bytes are enough to recognise a format."""

_MACHO = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")


def sniff(head: bytes) -> Format | None:
    """What a file that begins with ``head`` is; ``None`` when it is no binary.

    >>> sniff(b"#!/bin/sh")
    >>> sniff(b"!<arch>\\n")
    <Format.ARCHIVE: 'static archive'>
    """
    return next((form for form, reader in READERS if reader.recognises(head)), _unread(head))


def _unread(head: bytes) -> Format | None:
    """Formats that are recognised but have no reader here: their files are known to be binaries, and no more."""
    if head[:4] in _MACHO or (head[:4] in _FAT and 0 < int.from_bytes(head[4:8], "big") < 32):
        return Format.MACHO  # Java classes have the fat magic too, and a version number of 45 or more behind it
    return None


def read(data: Buffer) -> Binary | None:
    """The facts of a file, ``None`` when it is no binary. Formats without a reader come without slices.

    :raises FormatError: when the file is not what its first bytes claim.
    """
    form = sniff(_head(data))
    if form is Format.ARCHIVE:
        return archive.read(data, _read)  # its members are files of the other formats
    return _read(data, form)


def _head(data: Buffer) -> bytes:
    return bytes(memoryview(data)[:HEAD])


def _read(data: Buffer, form: Format | None = None) -> Binary | None:
    """The facts of anything but an archive, so that none is read inside of another."""
    form = form or sniff(_head(data))
    reader = next((module for known, module in READERS if known is form), None)
    if form is None or form is Format.ARCHIVE:
        return None
    binary: Binary | None = reader.read(data) if reader is not None else Binary(format=form)
    return binary
