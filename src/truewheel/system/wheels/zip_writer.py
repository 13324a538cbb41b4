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
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ...model.errors import WheelError
from ...model.record_file import RecordRow
from .blocks import BLOCK, InPieces, blocks_of, size_of
from .hashing import RunningHash
from .workers import cores
from .zip_directory import WIDE
from .zip_reader import DEFLATED, STORED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from ...formats.cursor import Buffer

LEVEL = 6
"""zlib's own default: higher levels cost several times the time for a few parts in a thousand."""
_WINDOW = 1 << 15
"""How far back deflate looks, in bytes (RFC 1951, 2)."""
_AHEAD = 32
"""Blocks that wait per worker: enough to keep all busy over many small files."""
_HELD = 16 << 20
"""Bytes of content whose blocks may wait in any case; with many workers, two blocks each."""
_ALONE = 1 << 20
"""Bytes that are compressed before threads are called: for fewer they are not worth their start."""
_EARLIEST = 315532800
"""The first time that DOS can say: 1980-01-01."""
_LATEST = 4354819198
"""The last: 2107-12-31 23:59:58."""
_UNIX = 3 << 8
"""Who made it (4.4.2): attributes are Unix modes."""
_PLAIN_VERSION = 20
"""The version of the format that is needed to unpack (4.4.3), times ten."""
_ZIP64_VERSION = 45
"""The same, of a member whose sizes or place need eight bytes."""
_MOST_MEMBERS = 0xFFFF


def dos_time(epoch: int) -> tuple[int, int]:
    """Return DOS time and date of seconds since 1970 in UTC, clamped to what they can say (4.4.6).

    >>> dos_time(0)
    (0, 33)
    """
    # SOURCE_DATE_EPOCH may be 0, or anything: an archive without a time would be no better.
    clamped = min(max(epoch, _EARLIEST), _LATEST)
    moment = dt.datetime.fromtimestamp(clamped, tz=dt.timezone.utc)
    # Seconds are told in steps of two.
    half_seconds = moment.second // 2
    minutes = moment.hour << 6 | moment.minute
    years = moment.year - 1980
    months = years << 4 | moment.month
    time = minutes << 5 | half_seconds
    date = months << 5 | moment.day
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


class _Waiting(NamedTuple):
    """A block that is to be written.

    :param size: of its content, in bytes.
    :param compressed: its bytes, now or in a while; ``None`` for an empty member.
    """

    entry: _Entry
    size: int
    compressed: Future[bytes] | bytes | None


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
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._held = 0
        self._alone = _ALONE
        self._pool: ThreadPoolExecutor | None = None

    def add(
        self, name: str, source: Path | bytes | InPieces, *, executable: bool
    ) -> RecordRow:
        """Append one member; return its row of RECORD.

        Files are read block by block, while earlier blocks are being compressed. How content was cut into pieces makes no
        difference to the archive.

        :raises WheelError: when pieces have another size together than was announced.
        """
        size = size_of(source)
        entry = _Entry(
            name,
            mode=0o100755 if executable else 0o100644,
            is_wide=_needs_wide_sizes(size),
        )
        running = RunningHash()
        before = b""
        for block, is_last in blocks_of(source):
            running.update(block)
            entry.crc = zlib.crc32(block, entry.crc)
            entry.size += len(block)
            compressed = self._deflated(block, before, is_last=is_last)
            self._wait_for(entry, len(block), compressed)
            before = block[-_WINDOW:]
            self._write_blocks(ahead=_AHEAD * self._workers)
        if isinstance(source, InPieces) and entry.size != size:
            # Its header may have no room for what came instead.
            raise WheelError(f"{name} has {entry.size} bytes instead of {size}")
        # An empty member has no block, and is stored: its header has to be written all the same.
        if not entry.size:
            self._wait_for(entry, 0, None)
        return running.row(name)

    def copy(
        self,
        name: str,
        raw: Iterable[Buffer],
        *,
        packed_size: int,
        method: int,
        crc: int,
        size: int,
        mode: int,
    ) -> None:
        """Append a member that is compressed already.

        :param raw: its compressed bytes, piece by piece.
        """
        # What was added before comes first, so its blocks are waited for.
        self._write_blocks(ahead=0)
        largest = max(size, packed_size)
        entry = _Entry(name, mode=mode, is_wide=_needs_wide_sizes(largest))
        entry.method = method
        entry.crc = crc
        entry.packed = packed_size
        entry.size = size
        self._begin(entry)
        for piece in raw:
            self._file.write(piece)

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

    def _wait_for(
        self, entry: _Entry, size: int, compressed: Future[bytes] | bytes | None
    ) -> None:
        """Add a block of ``size`` bytes to those that are to be written."""
        block = _Waiting(entry, size, compressed)
        self._waiting.append(block)
        self._held += size

    def _write_blocks(self, *, ahead: int) -> None:
        """Write compressed blocks in order, until at most ``ahead`` are left, and not more than memory is meant for."""
        most = max(_HELD, 2 * BLOCK * self._workers)
        while len(self._waiting) > ahead or self._held > most:
            entry, size, compressed = self._waiting.popleft()
            self._held -= size
            is_new = not self._entries or self._entries[-1] is not entry
            if is_new:
                self._begin(entry)
            # An empty member has none.
            if compressed is None:
                continue
            if not isinstance(compressed, bytes):
                compressed = compressed.result()
            entry.method = DEFLATED
            entry.packed += self._file.write(compressed)

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
        last = self._entries[-1]
        end = self._file.tell()
        self._file.seek(last.offset)
        self._file.write(self._local_header(last))
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


def _deflate(block: bytes, before: bytes, *, is_last: bool) -> bytes:
    """Return a block compressed, with ``before`` as what stands in front of it."""
    # Nothing stands in front of the first block.
    if before:
        stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=before)
    else:
        stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    end = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
    compressed = stream.compress(block)
    return compressed + stream.flush(end)
