"""ZIP archives, read with suspicion: what the central directory says, and whether the rest agrees.

Written for wheels, so without what wheels never have (spanned archives, encryption); those are recognised and refused.
Source: PKWARE APPNOTE 6.3.10. Nothing here knows what a wheel is.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib

from ..model.diagnostics import WheelError
from ..model.record import Record

STORED, DEFLATED = 0, 8
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_MAX_RATIO = 1032
"""Deflate cannot do better (zlib's technical notes)."""
LARGEST = 4 << 30
"""The largest member that is unpacked into memory, in bytes."""


class Item(Record):
    """One entry of the central directory.

    :param offset: of the local header, from the start of the file, in bytes.
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
        if os.path.exists(path) and not os.path.isfile(path):
            hint = "name the .whl file itself" if os.path.isdir(path) else None
            raise WheelError(f"{path} cannot be read: it is not a regular file", hint=hint)
        try:
            with open(path, "rb") as file:
                self.size = file.seek(0, 2)
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
        except OSError as error:
            raise WheelError(f"{path} cannot be read", context=[str(error)]) from error
        self.data = memoryview(self._map)
        self.items = self._directory()
        self._ends = self._bounds()

    def __enter__(self) -> Archive:  # noqa: PYI034  # typing.Self is newer than our oldest Python
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.data.release()
            if isinstance(self._map, mmap.mmap):
                self._map.close()
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
        return tuple(items)

    def _end(self) -> tuple[int, int, int]:
        """Number of members, size and offset of the central directory."""
        if bytes(self.data[:4]) not in (_LOCAL, _END):
            raise self._broken("it is not a ZIP file")
        start = max(self.size - 65557, 0)
        found = bytes(self.data[start:]).rfind(_END)
        if found < 0:
            raise self._broken("its end is missing (truncated?)", hint="download or build it again")
        end = start + found
        disk, first, here, count, size, offset, _ = self._unpack("HHHHIIH", end + 4, "the end record")
        if self.data[end - 20 : end - 16] == _LOCATOR64 and end >= 20:
            return self._end64(end - 20)
        if disk or first or here != count:
            raise self._broken("it is one part of a multi-part archive")
        return count, size, offset

    def _end64(self, locator: int) -> tuple[int, int, int]:
        disk, end, disks = self._unpack("IQI", locator + 4, "the ZIP64 locator")
        if disk or disks > 1:
            raise self._broken("it is one part of a multi-part archive")
        if bytes(self.data[end : end + 4]) != _END64:
            raise self._broken("its ZIP64 end record is missing", hint="download or build it again")
        _, _, _, disk, first, here, count, size, offset = self._unpack("QHHIIQQQQ", end + 4, "the ZIP64 end record")
        if disk or first or here != count:
            raise self._broken("it is one part of a multi-part archive")
        return count, size, offset

    def _item(self, place: int) -> tuple[Item, int]:
        if bytes(self.data[place : place + 4]) != _CENTRAL:
            raise self._broken("its central directory is broken", hint="download or build it again")
        _, _, flags, method, _, _, crc, packed, size, n, m, k, _, _, external, offset = self._unpack(
            "HHHHHHIIIHHHHHII", place + 4, "the central directory"
        )
        end = place + 46 + n + m + k
        if end > self.size:
            raise self._broken("its central directory is truncated", hint="download or build it again")
        raw = bytes(self.data[place + 46 : place + 46 + n])
        wide = self._wide(place + 46 + n, m, size, packed, offset)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "backslashreplace")
        item = Item(
            name=name, raw_name=raw, flags=flags, method=method, crc=crc, size=wide[0], compressed_size=wide[1],
            offset=wide[2], mode=external >> 16,
        )  # fmt: skip
        return item, end

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

    def packed(self, item: Item) -> memoryview:
        """The compressed bytes of a member.

        :raises ValueError: with a phrase for people, when the local header is broken or disagrees.
        """
        try:
            magic, _, flags, method, *_, n, m = struct.unpack_from("<4sHHHHHIIIHH", self.data, item.offset)
        except struct.error:
            raise ValueError("its local header lies outside of the file") from None
        if magic != _LOCAL:
            raise ValueError("its local header is not where the directory says")
        start = item.offset + 30 + n + m
        if bytes(self.data[item.offset + 30 : item.offset + 30 + n]) != item.raw_name:
            raise ValueError("its local header has another name")
        if method != item.method or (flags ^ item.flags) & 1:
            raise ValueError("its local header contradicts the directory")
        if start + item.compressed_size > self._ends[item.offset]:
            raise ValueError("it overlaps another member or the end of the file")
        return self.data[start : start + item.compressed_size]

    def head(self, item: Item, size: int) -> bytes:
        """The first ``size`` bytes of a member, fewer when it is shorter or broken."""
        try:
            raw = self.packed(item)
            if item.method == STORED:
                return bytes(raw[:size])
            return zlib.decompressobj(-15).decompress(raw[: size * 16 + 1024], size) if item.method == DEFLATED else b""
        except (ValueError, zlib.error):
            return b""

    def read(self, item: Item) -> bytes:
        """The content of a member, checked against its size and CRC.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        if item.encrypted:
            raise ValueError("it is encrypted")
        raw = self.packed(item)
        if item.size > LARGEST:
            raise ValueError(f"it claims {item.size} bytes, more than is unpacked into memory")
        if item.method == STORED:
            content = bytes(raw)
        elif item.method == DEFLATED:
            content = _inflate(raw, item.size)
        else:
            raise ValueError(f"compression method {item.method} is not one that wheels may use")
        if len(content) != item.size:
            raise ValueError(f"it has not the {item.size} bytes that it claims")
        if zlib.crc32(content) != item.crc:
            raise ValueError("its CRC is wrong")
        return content


def _inflate(raw: memoryview, size: int) -> bytes:
    if size > len(raw) * _MAX_RATIO + 64:
        raise ValueError(f"it claims {size} bytes, more than {len(raw)} compressed ones can hold")
    try:
        return zlib.decompressobj(-15).decompress(raw, size + 1)
    except zlib.error as error:
        raise ValueError(f"its data are broken ({error})") from error
