"""From bytes to facts. A format is recognised by its first bytes, never by trying; its reader is loaded when it turns up."""

from __future__ import annotations

from importlib import import_module

from ..model.binary import Binary, Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from .cursor import Buffer

_MACHO = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")

READERS: tuple[tuple[Format, str, tuple[bytes, ...]], ...] = (
    (Format.ELF, "elf", (b"\x7fELF",)),
    (Format.MACHO, "macho", (*_MACHO, *_FAT)),
)
"""Every format that can be read, its module here with ``recognises(head)`` and ``read(data)``, and how files begin that
may be of it."""

HEAD = 64
"""How many first bytes are enough to recognise a format."""

_ARCHIVES = (b"!<arch>\n", b"!<thin>\n")


def sniff(head: bytes) -> Format | None:
    """What a file that begins with ``head`` is; ``None`` when it is no binary.

    >>> sniff(b"#!/bin/sh")
    >>> sniff(b"!<arch>\\n")
    <Format.ARCHIVE: 'static archive'>
    """
    if head[:8] in _ARCHIVES:
        return Format.ARCHIVE
    for form, name, beginnings in READERS:
        if head.startswith(beginnings) and _reader(name).recognises(head):
            return form
    return _unread(head)


def _reader(name: str) -> ModuleType:
    return import_module(f".{name}", __package__)


def _unread(head: bytes) -> Format | None:
    """Formats that are recognised but have no reader here: their files are known to be binaries, and no more."""
    if head[:2] == b"MZ" and len(head) >= 64:
        return Format.PE
    return Format.WASM if head[:4] == b"\0asm" else None


def read(data: Buffer) -> Binary | None:
    """The facts of a file, ``None`` when it is no binary. Archives and formats without a reader come without slices.

    :raises FormatError: when the file is not what its first bytes claim.
    """
    head = bytes(memoryview(data)[:HEAD])
    form = sniff(head)
    reader = next((_reader(name) for known, name, _ in READERS if known is form), None)
    if form is None or reader is None:
        return None if form is None else Binary(format=form)
    binary: Binary = reader.read(data)
    return binary
