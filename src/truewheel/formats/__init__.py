"""From bytes to facts. A format is recognised by its first bytes, never by trying."""

from __future__ import annotations

from types import ModuleType

from ..model.binary import Binary, Format
from . import elf, macho
from .cursor import Buffer

READERS: tuple[tuple[Format, ModuleType], ...] = ((Format.ELF, elf), (Format.MACHO, macho))
"""Every format that can be read: a module with ``recognises(head)`` and ``read(data)``."""

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
    return next((form for form, reader in READERS if reader.recognises(head)), _unread(head))


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
    reader = next((module for known, module in READERS if known is form), None)
    if form is None or reader is None:
        return None if form is None else Binary(format=form)
    binary: Binary = reader.read(data)
    return binary
