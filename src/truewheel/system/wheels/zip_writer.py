"""ZIP archives, written: the same input gives the same bytes on any machine, with as many cores as there are.

Large members are cut into blocks of a fixed size that are compressed side by side. Each block but the first starts with
the 32 KiB before it as its dictionary and ends on a byte boundary (``Z_SYNC_FLUSH``), so that all of them in a row are one
ordinary deflate stream; the way of pigz. The cuts depend on the content alone, never on the number of cores. The bytes of
a stream may differ between versions of zlib (and zlib-ng), like those of any packer.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime as dt
import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ...model.record import Record
from .workers import cores
from .zip_reader import DEFLATED, STORED

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 1 << 19
"""Bytes per block."""
LEVEL = 6
"""zlib's own default: higher levels cost several times the time for a few parts in a thousand."""
_WINDOW = 1 << 15
_AHEAD = 32
"""Blocks that wait per worker: enough to keep all busy over many small files, 16 MiB each at most."""
_ALONE = 1 << 20
"""Bytes that are compressed before threads are called: for fewer they are not worth their start."""
_EARLIEST, _LATEST = 315532800, 4354819198
"""What a DOS time can say: 1980-01-01 to 2107-12-31 23:59:58."""


def dos_time(epoch: int) -> tuple[int, int]:
    """DOS time and date of seconds since 1970 in UTC, clamped to what they can say.

    >>> dos_time(0)
    (0, 33)
    """
    t = dt.datetime.fromtimestamp(min(max(epoch, _EARLIEST), _LATEST), tz=dt.timezone.utc)
    return t.hour << 11 | t.minute << 5 | t.second // 2, (t.year - 1980) << 9 | t.month << 5 | t.day


class Packed(Record):
    """What became of one member.

    :param sha256: of the content, urlsafe base64 without padding.
    """

    name: str
    size: int
    sha256: str


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class _Directory:
    """A member as the central directory will name it.

    :param wide: whether its local header has room for 64-bit sizes; decided before the first byte is written.
    """

    name: bytes
    mode: int
    method: int = STORED
    offset: int = 0
    crc: int = 0
    packed: int = 0
    size: int = 0
    wide: bool = False

    @property
    def flags(self) -> int:
        """Bit 11: the name is UTF-8."""
        return 0 if self.name.isascii() else 0x800


class Packer:
    """Writes members one after the other into an open file; :meth:`close` writes the directory.

    :param epoch: the time of every member, in seconds since 1970 UTC.
    :param workers: threads that compress; the bytes do not depend on it.
    """

    def __init__(self, file: BinaryIO, *, epoch: int, workers: int | None = None) -> None:
        self._file = file
        self._time, self._date = dos_time(epoch)
        self._entries: list[_Directory] = []
        self._workers = workers or cores()
        self._waiting: collections.deque[tuple[_Directory, Future[bytes] | bytes | None]] = collections.deque()
        self._alone = _ALONE
        self._pool: ThreadPoolExecutor | None = None

    def add(self, name: str, source: Path | bytes, *, executable: bool) -> Packed:
        """Append one member; files are read block by block, while earlier blocks are being compressed."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        entry = _Directory(name=name.encode(), mode=0o100755 if executable else 0o100644, wide=_is_wide(size))
        digest = hashlib.sha256()
        before = b""
        for block, last in _blocks(source):
            digest.update(block)
            entry.crc = zlib.crc32(block, entry.crc)
            entry.size += len(block)
            self._waiting.append((entry, self._deflated(block, before, last=last)))
            before = block[-_WINDOW:]
            self._write(ahead=_AHEAD * self._workers)
        if not entry.size:
            self._waiting.append((entry, None))
        return Packed(
            name=name, size=entry.size, sha256=base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        )

    def _deflated(self, block: bytes, before: bytes, *, last: bool) -> Future[bytes] | bytes:
        """The compressed block, now or in a while."""
        self._alone -= len(block)
        if self._alone >= 0:
            return _deflate(block, before, last=last)
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # slow to import

            self._pool = ThreadPoolExecutor(self._workers)
        return self._pool.submit(_deflate, block, before, last=last)

    def copy(self, name: str, raw: memoryview, *, method: int, crc: int, size: int, mode: int) -> None:
        """Append a member that is compressed already."""
        self._write(ahead=0)
        entry = _Directory(name=name.encode(), mode=mode, method=method, crc=crc, packed=len(raw), size=size)
        entry.wide = _is_wide(max(size, len(raw)))
        self._begin(entry)
        self._file.write(raw)

    def close(self) -> None:
        """Write what is left, the central directory and its end."""
        self._write(ahead=0)
        self._finish()
        start = self._file.tell()
        for entry in self._entries:
            self._file.write(self._central(entry))
        self._end(start)
        if self._pool is not None:
            self._pool.shutdown()

    def abandon(self) -> None:
        """Stop the threads; the file is nobody's."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _write(self, *, ahead: int) -> None:
        """Put compressed blocks down in order, until at most ``ahead`` are left."""
        while len(self._waiting) > ahead:
            entry, compressed = self._waiting.popleft()
            if not self._entries or self._entries[-1] is not entry:
                self._begin(entry)
            if compressed is not None:
                entry.method = DEFLATED
                entry.packed += self._file.write(compressed if isinstance(compressed, bytes) else compressed.result())

    def _begin(self, entry: _Directory) -> None:
        self._finish()
        entry.offset = self._file.tell()
        self._entries.append(entry)
        self._file.write(self._local(entry))

    def _finish(self) -> None:
        """Sizes are known once a member is written: its header is corrected in place, so no data descriptor is
        needed. (Its size cannot have outgrown the header's width: see ``_is_wide``.)"""
        if not self._entries:
            return
        end = self._file.tell()
        self._file.seek(self._entries[-1].offset)
        self._file.write(self._local(self._entries[-1]))
        self._file.seek(end)

    def _local(self, entry: _Directory) -> bytes:
        wide = entry.wide
        extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.packed) if wide else b""
        sizes = (0xFFFFFFFF, 0xFFFFFFFF) if wide else (entry.packed, entry.size)
        head = struct.pack(
            "<4sHHHHHIIIHH", b"PK\x03\x04", 45 if wide else 20, entry.flags, entry.method, self._time, self._date,
            entry.crc, *sizes, len(entry.name), len(extra),
        )  # fmt: skip
        return head + entry.name + extra

    def _central(self, entry: _Directory) -> bytes:
        numbers = (entry.size, entry.packed, entry.offset)
        wide = [n for n in numbers if n >= 0xFFFFFFFF]
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        size, packed, offset = (min(n, 0xFFFFFFFF) for n in numbers)
        version = 45 if wide else 20
        head = struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 3 << 8 | version, version, entry.flags, entry.method, self._time,
            self._date, entry.crc, packed, size, len(entry.name), len(extra), 0, 0, 0, entry.mode << 16, offset,
        )  # fmt: skip
        return head + entry.name + extra

    def _end(self, start: int) -> None:
        end = self._file.tell()
        count, size = len(self._entries), end - start
        if count >= 0xFFFF or size >= 0xFFFFFFFF or start >= 0xFFFFFFFF:
            self._file.write(struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start))
            self._file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1))
        many, small, place = min(count, 0xFFFF), min(size, 0xFFFFFFFF), min(start, 0xFFFFFFFF)
        self._file.write(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, many, many, small, place, 0))


def _is_wide(size: int) -> bool:
    # Deflate may grow what it cannot compress, by a few bytes in each block.
    return size + size // 1000 + 1024 >= 0xFFFFFFFF


def _blocks(source: Path | bytes) -> Iterator[tuple[bytes, bool]]:
    """Blocks of the content, and whether each is the last."""
    if isinstance(source, bytes):
        for start in range(0, len(source), BLOCK):
            yield source[start : start + BLOCK], start + BLOCK >= len(source)
        return
    with source.open("rb") as file:
        block = file.read(BLOCK)
        while block:
            following = file.read(BLOCK)
            yield block, not following
            block = following


def _deflate(block: bytes, before: bytes, *, last: bool) -> bytes:
    stream = (
        zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=before)
        if before
        else zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    )
    return stream.compress(block) + stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
