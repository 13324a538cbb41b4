"""ZIP archives, read with suspicion: what the central directory says, and whether the rest agrees.

Written for wheels, so without what wheels never have (spanned archives, encryption); those are recognised and refused.
Source: PKWARE APPNOTE 6.3.10. Nothing here knows what a wheel is.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
import zlib
from importlib import import_module

from ...model.contents import Oddity
from ...model.errors import WheelError
from ...model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

STORED, DEFLATED = 0, 8
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_ENTRY = struct.Struct("<4s2xBxHH4xIIIHHH4xII")
"""What is wanted of an entry of the central directory (APPNOTE 4.3.12)."""
_HEADER = struct.Struct("<4s2xHH16xHH")
"""The same of a local header (4.3.7)."""
_MAX_RATIO = 1032
"""Deflate cannot do better (zlib's technical notes)."""
LARGEST = 4 << 30
"""The largest member that is unpacked into memory, in bytes."""
_BOMB_SIZE, _BOMB_RATIO = 64 << 20, 100
"""An archive that claims to hold more bytes than this, and this many times its own size, is not unpacked. Package
indexes refuse half of that."""
_UNREADABLE = 0x60
"""Flag bits 5 and 6: a patch to another file, strong encryption."""
_NEWEST = 63
"""The version of the format that Python's zipfile reads up to: with a newer member it refuses the archive."""
_UNPRINTABLE = bytes([*range(0x20), 0x7F])
_ONCE = frozenset({0x0001, 0x7075})
"""Extra fields that change what a member is: ZIP64 sizes, Info-ZIP's Unicode path."""
_LARGE = 1 << 16
"""Compressed bytes from which on a quicker codec is worth its import."""
_WORTH_MAPPING = 4 << 20
"""Bytes from which on a file is mapped into memory rather than read: of a small one, the pages cost more."""
_CHUNK = 1 << 20
"""Bytes that are unpacked at once where only a hash is wanted."""


class Item(NamedTuple):
    """One entry of the central directory.

    :param offset: of the local header, from the start of the file, in bytes.
    :param version: of the ZIP format that is needed to unpack it, times ten.
    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed_size: int
    size: int
    mode: int
    offset: int
    version: int

    @property
    def encrypted(self) -> bool:
        """Whether flag bit 0 is set."""
        return bool(self.flags & 1)


class Archive:
    """An open archive.

    :raises WheelError: when ``path`` cannot be read, is not a ZIP file, or its directory is broken.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.path.basename(path)
        try:
            about = os.stat(path)  # before opening, which would wait for the other end of a pipe
            if not stat.S_ISREG(about.st_mode):
                hint = "name the .whl file itself" if stat.S_ISDIR(about.st_mode) else None
                raise WheelError(f"{path} cannot be read: it is not a regular file", hint=hint)
            with open(path, "rb", buffering=0) as file:
                self._whole: bytes | mmap.mmap = (
                    file.read()
                    if about.st_size < _WORTH_MAPPING
                    else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                )
        except OSError as error:
            raise WheelError(f"{path} cannot be read", context=[str(error)]) from error
        self.size = len(self._whole)
        self.data = memoryview(self._whole)
        self._oddities: list[Oddity] = []
        self.items = self._directory()
        self._ends = self._bounds()
        # A claim that its bytes cannot keep is told with the member; it unpacks to nothing.
        claimed = sum(i.size for i in self.items if i.size <= i.compressed_size * _MAX_RATIO + 64)
        if claimed > _BOMB_SIZE and claimed > self.size * _BOMB_RATIO:
            what = f"it claims to hold {claimed} bytes in {self.size}"
            raise self._broken(what, hint="this is how a ZIP bomb looks; truewheel does not unpack it")

    def __enter__(self) -> Archive:  # noqa: PYI034  # typing.Self is newer than our oldest Python
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.data.release()
            if isinstance(self._whole, mmap.mmap):
                self._whole.close()
        except BufferError:
            pass  # an exception on its way out may still hold parts of the map; they go with it

    def _broken(self, what: str, *, hint: str | None = None) -> WheelError:
        return WheelError(f"{self.name} is not a wheel that can be read: {what}", hint=hint)

    def _unpack(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        try:
            if offset < 0:
                raise struct.error
            return struct.unpack_from("<" + layout, self.data, offset)
        except struct.error:
            raise self._broken(f"{what} lies outside of the file", hint="download or build it again") from None

    def _directory(self) -> tuple[Item, ...]:
        count, size, offset = self._end()
        if offset + size > self.size or count * 46 > size:
            raise self._broken("its central directory lies outside of the file", hint="download or build it again")
        items = []
        place = offset
        for _ in range(count):
            item, place = self._item(place)
            items.append(item)
        if place != offset + size:
            self._odd("", "its central directory has another size than the end record says")
        self._directory_place = offset
        return tuple(items)

    def _odd(self, where: str, message: str, *, grave: bool = True) -> None:
        self._oddities.append(Oddity(where=where, message=message, grave=grave))

    def _end(self) -> tuple[int, int, int]:
        """Number of members, size and offset of the central directory."""
        if bytes(self.data[:4]) not in (_LOCAL, _END):
            raise self._broken("it is not a ZIP file")
        end = self._whole.rfind(_END, max(self.size - 65557, 0))
        if end < 0:
            raise self._broken("its end is missing (truncated?)", hint="download or build it again")
        disk, first, here, count, size, offset, comment = self._unpack("HHHHIIH", end + 4, "the end record")
        if end + 22 + comment != self.size:
            self._odd("", f"{self.size - end - 22 - comment} bytes after its end, or a comment that is cut")
        if self.data[end - 20 : end - 16] == _LOCATOR64 and end >= 20:
            return self._end64(end - 20)
        if disk or first or here != count:
            raise self._broken("it is one part of a multi-part archive")
        if offset + size != end:
            self._odd("", "bytes between its central directory and its end record")
        return count, size, offset

    def _end64(self, locator: int) -> tuple[int, int, int]:
        disk, end, disks = self._unpack("IQI", locator + 4, "the ZIP64 locator")
        if disk or disks > 1:
            raise self._broken("it is one part of a multi-part archive")
        if bytes(self.data[end : end + 4]) != _END64:
            raise self._broken("its ZIP64 end record is missing", hint="download or build it again")
        own, _, _, disk, first, here, count, size, offset = self._unpack("QHHIIQQQQ", end + 4, "the ZIP64 end record")
        if disk or first or here != count:
            raise self._broken("it is one part of a multi-part archive")
        if own != 44 or end + 56 != locator or offset + size != end:
            self._odd("", "its ZIP64 end record is not where the others say, or has another size")
        return count, size, offset

    def _item(self, place: int) -> tuple[Item, int]:
        try:
            magic, version, flags, method, crc, packed, size, n, m, k, external, offset = _ENTRY.unpack_from(
                self.data, place
            )
        except struct.error:
            magic = b""
        if magic != _CENTRAL:
            raise self._broken("its central directory is broken", hint="download or build it again")
        end = place + 46 + n + m + k
        if end > self.size:
            raise self._broken("its central directory is truncated", hint="download or build it again")
        raw = self._whole[place + 46 : place + 46 + n]
        if m and 0xFFFFFFFF in (size, packed, offset):
            size, packed, offset = self._wide(place + 46 + n, m, size, packed, offset)
        if k:
            self._odd(raw.decode("utf-8", "backslashreplace"), "a comment in the central directory", grave=False)
        name = raw.decode("utf-8" if flags & 0x800 or raw.isascii() else "cp437", "backslashreplace")
        if not (raw.isascii() and name.isprintable()):
            self._look_at_name(raw, flags)
        return Item(name, raw, flags, method, crc, packed, size, external >> 16, offset, version), end

    def _wide(self, extra: int, length: int, size: int, packed: int, offset: int) -> tuple[int, int, int]:
        """The three numbers, from the ZIP64 extra field where they did not fit."""
        numbers = [size, packed, offset]
        place, end = extra, extra + length
        while place + 4 <= end and 0xFFFFFFFF in numbers:
            kind, many = self._unpack("HH", place, "an extra field")
            if kind == 1:
                for index in [i for i in range(3) if numbers[i] == 0xFFFFFFFF][: many // 8]:
                    numbers[index] = self._unpack("Q", place + 4, "the ZIP64 field")[0]
                    place += 8
                break
            place += 4 + many
        return numbers[0], numbers[1], numbers[2]

    def _bounds(self) -> dict[int, int]:
        """By offset of each local header, where the next one begins: no member may reach further."""
        offsets = sorted({item.offset for item in self.items})
        return dict(zip(offsets, [*offsets[1:], self.size], strict=False))

    def _look_at_name(self, raw: bytes, flags: int) -> None:
        if raw.translate(None, _UNPRINTABLE) != raw:
            self._odd(raw.decode("utf-8", "backslashreplace"), "an unprintable character in its name")
        elif not raw.isascii() and (not flags & 0x800 or not _is_utf8(raw)):
            name = raw.decode("utf-8", "backslashreplace")
            self._odd(name, "its name is not ASCII and not marked as UTF-8, so readers spell it differently")

    def oddities(self) -> tuple[Oddity, ...]:
        """What readers that follow the local headers see differently from those that follow the directory."""
        found = list(self._oddities)
        place = 0
        for item in sorted(self.items, key=lambda i: i.offset):
            if item.offset > place:
                found.append(
                    Oddity(where=item.name, message=f"{item.offset - place} bytes before it belong to no member")
                )
            told, place = self._local(item)
            found += [Oddity(where=item.name, message=message, grave=grave) for message, grave in told]
        if place < self._directory_place:
            found.append(
                Oddity(
                    where="", message=f"{self._directory_place - place} bytes before its directory belong to no member"
                )
            )
        return tuple(dict.fromkeys(found))

    def _local(self, item: Item) -> tuple[list[tuple[str, bool]], int]:
        """What is odd about a local header, and where the member ends."""
        try:
            magic, _, flags, _, _, _, _, packed, size, n, m = struct.unpack_from(
                "<4sHHHHHIIIHH", self.data, item.offset
            )
        except struct.error:
            return [], item.offset
        if magic != _LOCAL:
            return [], item.offset
        end = item.offset + 30 + n + m + item.compressed_size
        if flags & 8:
            # Sizes follow the data, with or without a signature, in 4 or 8 bytes each: readers guess.
            end += 16 if bytes(self.data[end : end + 4]) == b"PK\x07\x08" else 12
            return [("its sizes stand behind its data (a data descriptor)", False)], end
        if end > self.size:
            return [], end
        told = self._extras(item.offset + 30 + n, m)
        size, packed, _ = self._wide(item.offset + 30 + n, m, size, packed, 0)
        if (packed, size) != (item.compressed_size, item.size):
            told.append(("its local header tells other sizes than the directory", True))
        return told, end

    def _extras(self, place: int, length: int) -> list[tuple[str, bool]]:
        """What is odd about the extra fields at ``place``: parts that end elsewhere, sizes or names that are told twice."""
        end, seen = place + length, set()
        while place + 4 <= end:
            kind, many = self._unpack("HH", place, "an extra field")
            if kind in seen and kind in _ONCE:
                return [("an extra field that may be there once is there twice", True)]
            seen.add(kind)
            place += 4 + many
        return [("its extra fields are cut", True)] if place != end else []

    def packed(self, item: Item) -> memoryview:
        """The compressed bytes of a member.

        :raises ValueError: with a phrase for people, when the local header is broken or disagrees.
        """
        try:
            magic, flags, method, n, m = _HEADER.unpack_from(self.data, item.offset)
        except struct.error:
            raise ValueError("its local header lies outside of the file") from None
        if magic != _LOCAL:
            raise ValueError("its local header is not where the directory says")
        start = item.offset + 30 + n + m
        if self._whole[item.offset + 30 : item.offset + 30 + n] != item.raw_name:
            raise ValueError("its local header has another name")
        if method != item.method or (flags ^ item.flags) & 1:
            raise ValueError("its local header contradicts the directory")
        if item.version > _NEWEST:
            raise ValueError(
                f"it needs version {item.version / 10} of the ZIP format, Python reads up to {_NEWEST / 10}"
            )
        if item.flags & _UNREADABLE:
            raise ValueError("it is marked as a patch or as strongly encrypted, which Python does not read")
        if start + item.compressed_size > self._ends[item.offset]:
            raise ValueError("it overlaps another member or the end of the file")
        return self.data[start : start + item.compressed_size]

    def head(self, item: Item, size: int) -> tuple[bytes, str | None]:
        """The first ``size`` bytes of a member, fewer when it is shorter or broken; and why it cannot be found, for people."""
        try:
            raw = self.packed(item)
            if item.method == STORED:
                return bytes(raw[:size]), None
            inflate = zlib.decompressobj(-15).decompress
            return inflate(raw[: size * 16 + 1024], size) if item.method == DEFLATED else b"", None
        except zlib.error:
            return b"", None
        except ValueError as error:
            return b"", str(error)

    def read(self, item: Item) -> bytes | bytearray:
        """The content of a member, checked against its size and CRC.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        if item.size > LARGEST:
            raise ValueError(f"it claims {item.size} bytes, more than is unpacked into memory")
        content = bytes(raw) if item.method == STORED else _inflate(raw, item.size)
        if len(content) != item.size:
            raise ValueError(f"it has not the {item.size} bytes that it claims")
        if _crc(content) != item.crc:
            raise ValueError("its CRC is wrong")
        return content

    def pieces(self, item: Item) -> Iterator[bytes]:
        """The content of a member bit by bit, checked as by :meth:`read`; what was yielded before an error is no content.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        crc = length = 0
        for piece in _stored(raw) if item.method == STORED else _inflated(raw):
            crc, length = zlib.crc32(piece, crc), length + len(piece)
            if length > item.size:
                break
            yield piece
        if length != item.size:
            raise ValueError(f"it has not the {item.size} bytes that it claims")
        if crc != item.crc:
            raise ValueError("its CRC is wrong")

    def _unpackable(self, item: Item) -> memoryview:
        if item.encrypted:
            raise ValueError("it is encrypted")
        raw = self.packed(item)
        if item.method not in (STORED, DEFLATED):
            raise ValueError(f"compression method {item.method} is not one that wheels may use")
        if item.size > len(raw) * _MAX_RATIO + 64:
            raise ValueError(f"it claims {item.size} bytes, more than {len(raw)} compressed ones can hold")
        return raw


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _stored(raw: memoryview) -> Iterator[bytes]:
    for start in range(0, len(raw), _CHUNK):
        yield bytes(raw[start : start + _CHUNK])


def _inflated(raw: memoryview) -> Iterator[bytes]:
    stream = zlib.decompressobj(-15)
    left: bytes | memoryview = raw
    try:
        while not stream.eof:
            piece = stream.decompress(left, _CHUNK)
            if not piece:
                return
            yield piece
            left = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"its data are broken ({error})") from error


def _inflate(raw: memoryview, size: int) -> bytes | bytearray:
    quick = _quick_codec(len(raw))
    if quick is not None:
        try:
            found: bytearray = quick.deflate_decompress(raw, size)
        except quick.DeflateError:
            pass  # which says no more than that: zlib tells what is wrong
        else:
            return found
    try:
        return zlib.decompressobj(-15).decompress(raw, size + 1)
    except zlib.error as error:
        raise ValueError(f"its data are broken ({error})") from error


def _crc(content: bytes | bytearray) -> int:
    found: int = (_quick_codec(len(content)) or zlib).crc32(content)
    return found


_QUICK: dict[str, Any] = {}
"""libdeflate, once it has been asked for; ``None`` when it is not installed."""


def _quick_codec(size: int) -> Any:
    """libdeflate, more than twice as fast as zlib, when it is installed (the extra ``fast``), and ``size`` bytes are worth its
    import; that done, it serves the small ones too."""
    if size >= _LARGE and not _QUICK:
        try:
            # Not found in sys.modules: there a module stands while another thread is importing it.
            _QUICK["deflate"] = import_module("deflate")
        except ImportError:
            _QUICK["deflate"] = None
    return _QUICK.get("deflate")
