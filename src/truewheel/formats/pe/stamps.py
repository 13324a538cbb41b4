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
_ENTRY = "IIHHIIII"
"""``IMAGE_DEBUG_DIRECTORY``: bits, time, version in two parts, type, size, address, and place in the file."""
_ENTRY_SIZE = 28
_CODEVIEW = 2
"""``IMAGE_DEBUG_TYPE_CODEVIEW``."""
_REPRO = 16
"""``IMAGE_DEBUG_TYPE_REPRO``."""
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
    as_it_is = (Kept(0, file.size),)
    _, certificate_size = file.header.directory(CERTIFICATE)
    # Any change would make a signature invalid.
    if certificate_size:
        return as_it_is
    is_reproducible = any(entry.type == _REPRO for entry in entries)
    if is_reproducible:
        return as_it_is
    fields = dict(_stamps(file, entries))
    if not keeps_id:
        fields.update(_ids(file, entries))
    filled = _filled(file, fields)
    if not filled:
        return as_it_is
    digest = _digest_without(file, fields)
    changes: list[tuple[int, bytes]] = []
    for at, size in filled.items():
        # A stamp and a number take different parts of the hash, so that neither repeats the other.
        start = 0 if size == _STAMP_SIZE else _STAMP_SIZE
        value = digest[start : start + size]
        changes.append((at, value))
    return with_checksum(file, file.size, changes)


def _filled(file: OnDisk, fields: dict[int, int]) -> dict[int, int]:
    """Return the fields that hold anything, with their sizes: one of zeros has no time in it."""
    found = {}
    for at, size in fields.items():
        content = file.part(at, size, "a stamp")
        if any(content):
            found[at] = size
    return found


def _digest_without(file: OnDisk, fields: dict[int, int]) -> bytes:
    """Return a hash of the file with zeros in the place of some fields, and of the checksum."""
    zeros = {at: bytes(size) for at, size in fields.items()}
    zeros[file.optional_header + CHECKSUM_AT] = bytes(4)
    digest = hashlib.sha256()
    pieces = overwritten(file.size, zeros.items())
    for chunk in chunks_of(file.data, pieces):
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
            at = file.offset(field, _STAMP_SIZE, "TimeDateStamp")
            yield at, _STAMP_SIZE
    for entry in entries:
        yield entry.at + TIME_STAMP_AT, _STAMP_SIZE
    for address in _resource_directories(file):
        field = address + TIME_STAMP_AT
        at = file.offset(field, _STAMP_SIZE, "resource directory")
        yield at, _STAMP_SIZE


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
    mark_size = len(_RSDS)
    least = mark_size + _ID_SIZE
    for entry in entries:
        if entry.type != _CODEVIEW or entry.size < least:
            continue
        mark = file.part(entry.place, mark_size, "CodeView record")
        # Old linkers wrote NB10, which has a time instead of a number.
        if mark == _RSDS:
            yield entry.place + mark_size, _ID_SIZE


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
        count = min(names + numbers, _MOST_DIRECTORIES)
        for index in range(count):
            at = here + RESOURCE_DIRECTORY_SIZE + 8 * index
            _, place = file.row(RESOURCE_ENTRY, at, "resource directory")
            is_directory = place & IS_DIRECTORY
            below = place & ~IS_DIRECTORY
            if is_directory and below not in known:
                known.add(below)
                waiting.append(below)
