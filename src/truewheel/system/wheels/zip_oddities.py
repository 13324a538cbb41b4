"""What readers of a ZIP archive may understand differently: bytes that belong to nobody, headers that disagree.

Some readers follow the central directory, others the local headers in front of the members. A file that only some of them
see is a way to smuggle something in. Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import struct
from operator import attrgetter

from ...model.contents import Oddity
from .zip_directory import LOCAL_MAGIC
from .zip_reader import AROUND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .zip_directory import Item
    from .zip_reader import Archive

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
"""A local header (4.3.7)."""
_HAS_DATA_DESCRIPTOR = 8
"""Flag bit 3."""
_ONCE = frozenset({0x0001, 0x7075})
"""Extra fields that change what a member is: ZIP64 sizes (4.5.3), Info-ZIP's Unicode path (4.6.9)."""


def oddities_of(archive: Archive) -> tuple[Oddity, ...]:
    """Return what is odd about the members, in the order in which they lie in the file, each thing once."""
    oddities: list[Oddity] = []
    place = 0
    # In the order of the file, not of the directory, which may be any: only so do gaps show.
    for item in sorted(archive.items, key=attrgetter("offset")):
        if item.offset > place:
            oddities.append(_nobodys_bytes(item.offset - place, item.name, "it"))
        oddities += _of_local_header(archive, item)
        archive.give_back_pages(AROUND)
        place = _end_of(archive, item)
    if place < archive.directory.offset:
        oddities.append(
            _nobodys_bytes(archive.directory.offset - place, "", "its directory")
        )
    # Several entries may lead to one member; what is odd about it is told once.
    return tuple(dict.fromkeys(oddities))


def _nobodys_bytes(count: int, where: str, before: str) -> Oddity:
    """Return that there are bytes which no member owns."""
    return Oddity(
        where=where, message=f"{count} bytes before {before} belong to no member"
    )


class _LocalHeader:
    """The local header of a member.

    :ivar start: where the compressed data begin.
    """

    def __init__(self, item: Item, fields: tuple[int, ...]) -> None:
        """Keep what is compared with the directory, and work out where the data begin."""
        # What is skipped is compared when the member is read, or changes no file (its time).
        (
            _,
            _,
            self.flags,
            _,
            _,
            _,
            _,
            self.packed,
            self.size,
            name_length,
            self.extra_length,
        ) = fields
        self.extra = item.offset + _LOCAL.size + name_length
        self.start = self.extra + self.extra_length


def _local_header(archive: Archive, item: Item) -> _LocalHeader | None:
    """Return the local header of a member; ``None`` when there is none where the directory says."""
    try:
        fields = _LOCAL.unpack_from(archive.data, item.offset)
    except struct.error:
        return None
    if fields[0] != LOCAL_MAGIC:
        return None
    return _LocalHeader(item, fields)


def _end_of(archive: Archive, item: Item) -> int:
    """Return where the member ends, its data descriptor included."""
    header = _local_header(archive, item)
    # That it is missing is told by whoever reads the member.
    if header is None:
        return item.offset
    end = header.start + item.compressed_size
    if header.flags & _HAS_DATA_DESCRIPTOR:
        # 4.3.9: with or without a signature.
        end += 16 if bytes(archive.data[end : end + 4]) == b"PK\x07\x08" else 12
    return end


def _of_local_header(archive: Archive, item: Item) -> Iterator[Oddity]:
    """Yield what a local header says differently from the directory."""
    header = _local_header(archive, item)
    if header is None:
        return
    if header.flags & _HAS_DATA_DESCRIPTOR:
        # Its sizes come in 4 or 8 bytes each, which nothing tells: readers guess.
        yield Oddity(
            where=item.name,
            message="its sizes stand behind its data (a data descriptor)",
            grave=False,
        )
        return
    if header.start + item.compressed_size > archive.size:
        return  # reading the member tells that
    problem = _of_extra_fields(archive, header.extra, header.extra_length)
    if problem is not None:
        yield Oddity(where=item.name, message=problem)
    size, packed, _ = archive.directory.wide_numbers(
        header.extra, header.extra_length, header.size, header.packed, 0
    )
    if (packed, size) != (item.compressed_size, item.size):
        yield Oddity(
            where=item.name,
            message="its local header tells other sizes than the directory",
        )


def _of_extra_fields(archive: Archive, place: int, length: int) -> str | None:
    """Return what is wrong with the extra fields at ``place``: cut, or something told twice."""
    end = place + length
    seen = set()
    while place + 4 <= end:
        kind, field_length = archive.directory.unpack("HH", place, "an extra field")
        # One reader takes the first, another the last.
        if kind in seen and kind in _ONCE:
            return "an extra field that may be there once is there twice"
        seen.add(kind)
        place += 4 + field_length
    return "its extra fields are cut" if place != end else None
