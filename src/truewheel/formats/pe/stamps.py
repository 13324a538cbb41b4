"""Takes the moment of the link out of a PE image, so that the same sources make the same bytes. Pure.

Linkers write the time into several headers, and a random number into what names the file of debug data. Both are told apart
from content by their place alone. A link with ``/Brepro`` has put a hash there; it stays as it is.

Sources:

* https://learn.microsoft.com/en-us/windows/win32/debug/pe-format (``TimeDateStamp`` in each of the tables)
* https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#debug-type (``IMAGE_DEBUG_TYPE_REPRO``)
* the CodeView record ``RSDS``: LLVM, ``llvm/include/llvm/Object/CVDebugRecord.h``
"""

from __future__ import annotations

import hashlib

from ...model.edits import Kept, chunks_of, overwritten
from ...model.record import NamedTuple
from .checksum import with_checksum
from .layout import (
    CERTIFICATE,
    CHECKSUM_AT,
    DEBUG,
    EXPORT,
    LOAD_CONFIG,
    RESOURCE,
    TIME_STAMP_AT,
)
from .on_disk import OnDisk
from .versions import (
    IS_DIRECTORY,
    RESOURCE_DIRECTORY,
    RESOURCE_DIRECTORY_SIZE,
    RESOURCE_ENTRY,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Pieces, Sliceable

_STAMP_SIZE = 4
_ENTRY, _ENTRY_SIZE = "IIHHIIII", 28
"""``IMAGE_DEBUG_DIRECTORY``: bits, time, version in two parts, type, size, address, and place in the file."""
_CODEVIEW, _REPRO = 2, 16
"""``IMAGE_DEBUG_TYPE_*``."""
_RSDS = b"RSDS"
_ID_SIZE = 16
"""Bytes of the GUID that follows the mark."""
_MOST_ENTRIES = 64
"""Entries of debug data that are looked at; linkers write up to six."""
_MOST_DIRECTORIES = 4096
"""Directories of resources that are looked at."""


class _DebugEntry(NamedTuple):
    """What one entry of the debug directory says.

    :param at: where the entry begins in the file.
    :param place: where its data lies in the file.
    """

    at: int
    type: int
    size: int
    place: int


def with_fixed_stamps(data: Sliceable, *, keeps_id: bool = False) -> Pieces:
    """Return an image in which each time stamp is part of a hash over the rest; one that has none stays as it is.

    :param keeps_id: whether the number stays that ties the image to its file of debug data.
    :raises FormatError: when its headers or these tables lie outside of it.
    """
    file = OnDisk(data)
    entries = tuple(_debug_entries(file))
    is_signed = bool(file.header.directory(CERTIFICATE)[1])
    is_reproducible = any(entry.type == _REPRO for entry in entries)
    if is_signed or is_reproducible:
        return (Kept(0, file.size),)
    fields = dict(_stamps(file, entries))
    if not keeps_id:
        fields.update(_ids(file, entries))
    # A field of zeros has no time in it.
    filled = [at for at, size in fields.items() if any(file.part(at, size, "a stamp"))]
    if not filled:
        return (Kept(0, file.size),)
    digest = _digest_without(file, fields)
    changes: list[tuple[int, bytes]] = []
    for at in filled:
        size = fields[at]
        start = 0 if size == _STAMP_SIZE else _STAMP_SIZE
        changes.append((at, digest[start : start + size]))
    return with_checksum(file, file.size, changes)


def _digest_without(file: OnDisk, fields: dict[int, int]) -> bytes:
    """Return a hash of the file with zeros in the place of some fields, and of the checksum."""
    zeros = {at: bytes(size) for at, size in fields.items()}
    zeros[file.optional_header + CHECKSUM_AT] = bytes(4)
    digest = hashlib.sha256()
    for chunk in chunks_of(file.data, overwritten(file.size, zeros.items())):
        digest.update(chunk)
    return digest.digest()


def _stamps(
    file: OnDisk, entries: tuple[_DebugEntry, ...]
) -> Iterator[tuple[int, int]]:
    """Yield where time stamps stand in the file, and their size."""
    yield file.file_header + TIME_STAMP_AT, _STAMP_SIZE
    for index in (EXPORT, LOAD_CONFIG):
        address, size = file.header.directory(index)
        if size:
            field = address + TIME_STAMP_AT
            yield file.offset(field, _STAMP_SIZE, "TimeDateStamp"), _STAMP_SIZE
    for entry in entries:
        yield entry.at + TIME_STAMP_AT, _STAMP_SIZE
    for address in _resource_directories(file):
        field = address + TIME_STAMP_AT
        yield file.offset(field, _STAMP_SIZE, "resource directory"), _STAMP_SIZE


def _debug_entries(file: OnDisk) -> Iterator[_DebugEntry]:
    """Yield the entries of the debug directory."""
    address, size = file.header.directory(DEBUG)
    count = min(size // _ENTRY_SIZE, _MOST_ENTRIES)
    for index in range(count):
        entry = address + index * _ENTRY_SIZE
        at = file.offset(entry, _ENTRY_SIZE, "debug directory")
        row = file.row(_ENTRY, entry, "debug directory")
        _, _, _, _, kind, length, _, place = row
        yield _DebugEntry(at=at, type=kind, size=length, place=place)


def _ids(file: OnDisk, entries: tuple[_DebugEntry, ...]) -> Iterator[tuple[int, int]]:
    """Yield where the numbers of files of debug data stand, and their size."""
    for entry in entries:
        if entry.type != _CODEVIEW or entry.size < len(_RSDS) + _ID_SIZE:
            continue
        if file.part(entry.place, len(_RSDS), "CodeView record") == _RSDS:
            yield entry.place + len(_RSDS), _ID_SIZE


def _resource_directories(file: OnDisk) -> Iterator[int]:
    """Yield the addresses of all directories of the tree of resources."""
    root, size = file.header.directory(RESOURCE)
    if not size:
        return
    waiting = [0]
    known = {0}
    # The tree may lead back to itself.
    while waiting and len(known) < _MOST_DIRECTORIES:
        here = root + waiting.pop()
        yield here
        names, numbers = file.row(RESOURCE_DIRECTORY, here, "resource directory")
        for index in range(min(names + numbers, _MOST_DIRECTORIES)):
            at = here + RESOURCE_DIRECTORY_SIZE + 8 * index
            _, place = file.row(RESOURCE_ENTRY, at, "resource directory")
            below = place & ~IS_DIRECTORY
            if place & IS_DIRECTORY and below not in known:
                known.add(below)
                waiting.append(below)
