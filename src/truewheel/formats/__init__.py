"""From bytes to facts. A format is recognised by its first bytes, never by trying."""

from __future__ import annotations

from types import ModuleType

from ..model.binary import Binary, Format
from . import elf
from .cursor import Buffer

READERS: tuple[tuple[Format, ModuleType], ...] = ((Format.ELF, elf),)
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
    return next((form for form, reader in READERS if reader.recognises(head)), None)


def read(data: Buffer) -> Binary | None:
    """The facts of a file, ``None`` when it is no binary. Static archives are recognised, not read.

    :raises FormatError: when the file is not what its first bytes claim.
    """
    head = bytes(memoryview(data)[:HEAD])
    form = sniff(head)
    if form is None or form is Format.ARCHIVE:
        return None if form is None else Binary(format=Format.ARCHIVE)
    reader = next(module for known, module in READERS if known is form)
    binary: Binary = reader.read(data)
    return binary
