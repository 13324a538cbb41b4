"""From bytes to facts, and from facts to be changed to bytes. A format is recognised by its first bytes, never by trying.

Each format has a module with ``recognises(head)`` and ``read(data)``, which is imported for the first file of that format.
Those whose files can be changed have another one with ``patch(data, edits)``.
"""

from __future__ import annotations

import functools
from importlib import import_module

from ..model.binary import Binary, Format
from ..model.errors import RepairError
from .cursor import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from ..model.edits import Edit, Pieces, Sliceable
    from .cursor import Buffer, Readable

READERS: tuple[tuple[Format, str, tuple[bytes, ...]], ...] = (
    (
        Format.ELF,
        "elf.read",
        (b"\x7fELF",),
    ),
    (
        Format.MACHO,
        "macho.read",
        (
            b"\xfe\xed\xfa",
            b"\xce\xfa\xed\xfe",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
            b"\xca\xfe\xba\xbf",
        ),
    ),
    (
        Format.PE,
        "pe.read",
        (b"MZ",),
    ),
    (
        Format.WASM,
        "wasm.read",
        (b"\0asm",),
    ),
    (
        Format.ARCHIVE,
        "ar",
        (b"!<arch>\n", b"!<thin>\n"),
    ),
    (
        Format.COFF,
        "coff",
        # Objects have no magic number: these are the machines that they are for.
        (
            b"\x4c\x01",
            b"\x64\x86",
            b"\x64\xaa",
            b"\x41\xa6",
            b"\x4e\xa6",
            b"\xc4\x01",
            b"\0\0\xff\xff",
        ),
    ),
)
"""Every format that can be read, its module here, and how files begin that may be of it."""

WRITERS = {
    Format.ELF: "elf.patch",
    Format.MACHO: "macho.patch",
    Format.PE: "pe.patch",
}
"""The formats whose files can be changed, and the module for it."""

_BEGINNINGS = sum((beginnings for *_, beginnings in READERS), ())
_FIRST_BYTES = frozenset(beginning[:1] for beginning in _BEGINNINGS)
"""First bytes of files that may be binaries: most others are told from them by this alone."""

HEAD = 64
"""How many first bytes are enough to recognise a format."""


def sniff(head: bytes) -> Format | None:
    """Return the format of a file that begins with ``head``; ``None`` when it is not a binary.

    >>> sniff(b"#!/bin/sh")
    >>> sniff(b"!<arch>\\n")
    <Format.ARCHIVE: 'static archive'>
    """
    # This is asked about every file of a wheel.
    if head[:1] not in _FIRST_BYTES:
        return None
    for form, module, beginnings in READERS:
        if head.startswith(beginnings) and _reader(module).recognises(head):
            return form
    return None


def read(data: Buffer | Sliceable) -> Binary | None:
    """Return the facts of a file, ``None`` when it is not a binary.

    :param data: the whole file, or one that gives parts of itself: of that, no more is read than is looked at.
    :raises FormatError: when the file is not what its first bytes claim.
    """
    # A view is for what gives parts of itself; bytes in memory are quicker without one.
    if isinstance(data, (bytes, bytearray, memoryview)):
        return _read_any(data)
    return _read_any(View(data))


def _read_any(data: Readable) -> Binary | None:
    form = _sniff_start(data)
    if form is None:
        return None
    if form is Format.ARCHIVE:
        found: Binary = _reader("ar").read(data, _read_member)
        return found
    return _read(data, form)


def patch(form: Format, data: Sliceable, edits: Sequence[Edit]) -> Pieces:
    """Return a file with changes, as parts of the old one and new bytes. The same edits to the result change nothing.

    :param form: what :func:`sniff` says of the file.
    :raises FormatError: when the file is not what its first bytes claim.
    :raises RepairError: when files of this format are not changed, or this one has no room for it.
    """
    # What is linked anew has no names to be changed.
    module = WRITERS.get(form)
    if module is None:
        raise RepairError(f"a {form.value} cannot be changed")
    made: Pieces = _reader(module).patch(data, edits)
    return made


def with_fixed_stamps(data: Sliceable, *, keeps_id: bool) -> Pieces:
    """Return a PE image without the moment of its link; see :mod:`~truewheel.formats.pe.stamps`.

    :raises FormatError: when its tables cannot be followed.
    :raises RepairError: when they overlap.
    """
    made: Pieces = _reader("pe.stamps").with_fixed_stamps(data, keeps_id=keeps_id)
    return made


def _sniff_start(data: Readable) -> Format | None:
    return sniff(bytes(data[:HEAD]))


def _read_member(data: Readable) -> Binary | None:
    """Return the facts of a member of an archive; ``None`` for an archive, so that none is read inside of another."""
    form = _sniff_start(data)
    if form is None or form is Format.ARCHIVE:
        return None
    return _read(data, form)


def _read(data: Readable, form: Format) -> Binary | None:
    for known, module, _ in READERS:
        if known is form:
            # A DOS program begins like a PE image: the reader alone can tell.
            found: Binary | None = _reader(module).read(data)
            return found
    return None


@functools.cache
def _reader(module: str) -> ModuleType:
    return import_module(f".{module}", __package__)
