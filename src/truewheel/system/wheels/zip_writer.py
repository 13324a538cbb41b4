"""ZIP archives, written: the same input gives the same bytes on any machine, with as many cores as there are.

Large members are cut into blocks of a fixed size that are compressed side by side. Each block but the first starts with
the 32 KiB before it as its dictionary and ends on a byte boundary (``Z_SYNC_FLUSH``), so that all of them in a row are one
ordinary deflate stream; the way of pigz. The cuts depend on the content alone, never on the number of cores. The bytes of
a stream may differ between versions of zlib (and zlib-ng), like those of any packer.
Source: PKWARE APPNOTE 6.3.10, whose sections are named below.
"""

from __future__ import annotations

import collections
import datetime as dt
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ...model.record_file import RecordRow
from .hashing import RunningHash
from .workers import cores
from .zip_directory import WIDE
from .zip_reader import DEFLATED, STORED

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 1 << 19
"""Bytes per block."""
LEVEL = 6
"""zlib's own default: higher levels cost several times the time for a few parts in a thousand."""
_WINDOW = 1 << 15
"""How far back deflate looks, in bytes (RFC 1951, 2)."""
_AHEAD = 32
"""Blocks that wait per worker: enough to keep all busy over many small files, 16 MiB each at most."""
_ALONE = 1 << 20
"""Bytes that are compressed before threads are called: for fewer they are not worth their start."""
_EARLIEST, _LATEST = 315532800, 4354819198
"""What a DOS time can say: 1980-01-01 to 2107-12-31 23:59:58."""
_UNIX = 3 << 8
"""Who made it (4.4.2): attributes are Unix modes."""
_PLAIN_VERSION, _ZIP64_VERSION = 20, 45
"""The version of the format that is needed to unpack (4.4.3), times ten."""
_MOST_MEMBERS = 0xFFFF


def dos_time(epoch: int) -> tuple[int, int]:
    """Return DOS time and date of seconds since 1970 in UTC, clamped to what they can say (4.4.6).

    >>> dos_time(0)
    (0, 33)
    """
    # SOURCE_DATE_EPOCH may be 0, or anything: an archive without a time would be no better.
    clamped = min(max(epoch, _EARLIEST), _LATEST)
    moment = dt.datetime.fromtimestamp(clamped, tz=dt.timezone.utc)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    date = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return time, date


class _Entry:
    """A member as its headers will name it; its numbers grow while it is written.

    :ivar is_wide: whether its local header has room for 64-bit sizes; decided before the first byte is written.
    """

    __slots__ = ("crc", "is_wide", "method", "mode", "name", "offset", "packed", "size")

    def __init__(self, name: str, *, mode: int, is_wide: bool) -> None:
        self.name = name.encode()
        self.mode = mode
        self.is_wide = is_wide
        self.method = STORED
        self.offset = self.crc = self.packed = self.size = 0

    @property
    def flags(self) -> int:
        """Bit 11: the name is UTF-8 (4.4.4)."""
        return 0 if self.name.isascii() else 0x800


class Packer:
    """Writes members one after the other into an open file; :meth:`close` writes the directory.

    :param epoch: the time of every member, in seconds since 1970 UTC.
    :param workers: threads that compress; the bytes do not depend on it.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        epoch: int,
        workers: int | None = None,
    ) -> None:
        """Begin at the place where ``file`` stands; threads are started when there is enough to compress."""
        self._file = file
        self._time, self._date = dos_time(epoch)
        self._entries: list[_Entry] = []
        self._workers = workers or cores()
        self._waiting: collections.deque[
            tuple[_Entry, Future[bytes] | bytes | None]
        ] = collections.deque()
        self._alone = _ALONE
        self._pool: ThreadPoolExecutor | None = None

    def add(self, name: str, source: Path | bytes, *, executable: bool) -> RecordRow:
        """Append one member; return its row of RECORD.

        Files are read block by block, while earlier blocks are being compressed.
        """
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        entry = _Entry(
            name,
            mode=0o100755 if executable else 0o100644,
            is_wide=_needs_wide_sizes(size),
        )
        running = RunningHash()
        before = b""
        for block, is_last in _blocks(source):
            running.update(block)
            entry.crc = zlib.crc32(block, entry.crc)
            entry.size += len(block)
            self._waiting.append(
                (entry, self._deflated(block, before, is_last=is_last))
            )
            before = block[-_WINDOW:]
            self._write_blocks(ahead=_AHEAD * self._workers)
        # An empty member has no block, and is stored: its header has to be written all the same.
        if not entry.size:
            self._waiting.append((entry, None))
        return running.row(name)

    def copy(
        self,
        name: str,
        raw: memoryview,
        *,
        method: int,
        crc: int,
        size: int,
        mode: int,
    ) -> None:
        """Append a member that is compressed already."""
        # What was added before comes first, so its blocks are waited for.
        self._write_blocks(ahead=0)
        entry = _Entry(name, mode=mode, is_wide=_needs_wide_sizes(max(size, len(raw))))
        entry.method = method
        entry.crc = crc
        entry.packed = len(raw)
        entry.size = size
        self._begin(entry)
        self._file.write(raw)

    def close(self) -> None:
        """Write what is left, the central directory and its end."""
        self._write_blocks(ahead=0)
        self._finish_last()
        start = self._file.tell()
        for entry in self._entries:
            self._file.write(self._directory_entry(entry))
        self._write_end(start)
        if self._pool is not None:
            self._pool.shutdown()

    def abandon(self) -> None:
        """Stop the threads; nobody wants the file."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    # --- blocks -------------------------------------------------------------------------------------------------

    def _deflated(
        self,
        block: bytes,
        before: bytes,
        *,
        is_last: bool,
    ) -> Future[bytes] | bytes:
        """Return the compressed block, now or in a while."""
        self._alone -= len(block)
        if self._alone >= 0:
            return _deflate(block, before, is_last=is_last)
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # slow to import

            self._pool = ThreadPoolExecutor(self._workers)
        return self._pool.submit(_deflate, block, before, is_last=is_last)

    def _write_blocks(self, *, ahead: int) -> None:
        """Write compressed blocks in order, until at most ``ahead`` are left."""
        while len(self._waiting) > ahead:
            entry, compressed = self._waiting.popleft()
            is_new = not self._entries or self._entries[-1] is not entry
            if is_new:
                self._begin(entry)
            if compressed is not None:
                block = (
                    compressed if isinstance(compressed, bytes) else compressed.result()
                )
                entry.method = DEFLATED
                entry.packed += self._file.write(block)

    # --- headers ------------------------------------------------------------------------------------------------

    def _begin(self, entry: _Entry) -> None:
        """Start the next member with its local header."""
        self._finish_last()
        entry.offset = self._file.tell()
        self._entries.append(entry)
        self._file.write(self._local_header(entry))

    def _finish_last(self) -> None:
        """Correct the header of the member that was written last, in place: its sizes are known now.

        So no data descriptor is needed, which readers understand differently. The sizes cannot have outgrown the header's
        width: see ``_needs_wide_sizes``.
        """
        if not self._entries:
            return
        end = self._file.tell()
        self._file.seek(self._entries[-1].offset)
        self._file.write(self._local_header(self._entries[-1]))
        self._file.seek(end)

    def _local_header(self, entry: _Entry) -> bytes:
        """Return a local header (4.3.7), with a ZIP64 extra field where sizes need 64 bits (4.5.3)."""
        version, packed, size, extra = _PLAIN_VERSION, entry.packed, entry.size, b""
        if entry.is_wide:
            version, packed, size = _ZIP64_VERSION, WIDE, WIDE
            extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.packed)
        head = struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            version,
            entry.flags,
            entry.method,
            self._time,
            self._date,
            entry.crc,
            packed,
            size,
            len(entry.name),
            len(extra),
        )
        return head + entry.name + extra

    def _directory_entry(self, entry: _Entry) -> bytes:
        """Return an entry of the central directory (4.3.12)."""
        numbers = (entry.size, entry.packed, entry.offset)
        # The extra field holds only the numbers that do not fit, in this order (4.5.3).
        wide = [number for number in numbers if number >= WIDE]
        version, extra = _PLAIN_VERSION, b""
        if wide:
            version = _ZIP64_VERSION
            extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide)
        size, packed, offset = (min(number, WIDE) for number in numbers)
        head = struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            _UNIX | version,
            version,
            entry.flags,
            entry.method,
            self._time,
            self._date,
            entry.crc,
            packed,
            size,
            len(entry.name),
            len(extra),
            0,  # no comment
            0,  # the first disk
            0,  # internal attributes
            entry.mode << 16,
            offset,
        )
        return head + entry.name + extra

    def _write_end(self, start: int) -> None:
        """Write the end of the central directory that began at ``start`` (4.3.14 to 4.3.16)."""
        end = self._file.tell()
        count, size = len(self._entries), end - start
        # Readers look for the ZIP64 records when one of these fields is full (4.4.1.4).
        if count >= _MOST_MEMBERS or size >= WIDE or start >= WIDE:
            version = _ZIP64_VERSION
            record = (
                "<4sQHHIIQQQQ",
                b"PK\x06\x06",
                44,
                version,
                version,
                0,
                0,
                count,
                count,
                size,
                start,
            )
            self._file.write(struct.pack(*record))
            self._file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1))
        shown = min(count, _MOST_MEMBERS)
        tail = (
            "<4sHHHHIIH",
            b"PK\x05\x06",
            0,
            0,
            shown,
            shown,
            min(size, WIDE),
            min(start, WIDE),
            0,
        )
        self._file.write(struct.pack(*tail))


def _needs_wide_sizes(size: int) -> bool:
    """Return whether the sizes of a member may need 64 bits."""
    # Deflate may grow what it cannot compress, by a few bytes in each block.
    return size + size // 1000 + 1024 >= WIDE


def _blocks(source: Path | bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks of the content, and whether each is the last."""
    if isinstance(source, bytes):
        for start in range(0, len(source), BLOCK):
            yield source[start : start + BLOCK], start + BLOCK >= len(source)
        return
    # One block ahead: only the last may end the stream, and a file's size may change while it is read.
    with source.open("rb") as file:
        block = file.read(BLOCK)
        while block:
            following = file.read(BLOCK)
            yield block, not following
            block = following


def _deflate(block: bytes, before: bytes, *, is_last: bool) -> bytes:
    """Return a block compressed, with ``before`` as what stands in front of it."""
    # Nothing stands in front of the first block.
    if before:
        stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=before)
    else:
        stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return stream.compress(block) + stream.flush(
        zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
    )
