"""ZIP archives, read with suspicion: what the central directory says, and whether a member is where it says.

Written for wheels, so without what wheels never have (spanned archives, encryption); those are recognised and refused.
What readers may understand differently is told by :mod:`~truewheel.system.wheels.zip_oddities`.
Source: PKWARE APPNOTE 6.3.10, whose sections are named below. Nothing here knows what a wheel is.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
import zlib

from ...model.contents import Oddity
from ...model.errors import WheelError
from ...model.record import NamedTuple
from . import deflate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STORED, DEFLATED = 0, 8
LOCAL_MAGIC = b"PK\x03\x04"
_CENTRAL_MAGIC, _END_MAGIC = b"PK\x01\x02", b"PK\x05\x06"
_END64_MAGIC, _LOCATOR64_MAGIC = b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL = struct.Struct("<4s2xBxHH4xIIIHHH4xII")
"""What is wanted of an entry of the central directory (4.3.12); it is 46 bytes long."""
_LOCAL = struct.Struct("<4s2xHH16xHH")
"""The same of a local header (4.3.7); it is 30 bytes long."""
_END_SIZE, _LONGEST_COMMENT = 22, 0xFFFF
_LOCATOR64_SIZE, _END64_SIZE = 20, 56
WIDE = 0xFFFFFFFF
"""What a 32-bit number says when the real one stands in the ZIP64 extra field (4.5.3)."""

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
"""The version of the format, times ten, that Python's zipfile reads up to: with a newer member it refuses the archive."""
_UNPRINTABLE = bytes([*range(0x20), 0x7F])
_WORTH_MAPPING = 4 << 20
"""Bytes from which on a file is mapped into memory rather than read: for a small one, the pages cost more."""

_AGAIN = "download or build it again"
_MULTI_PART = "it is one part of a multi-part archive"


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

    :ivar items: the entries of the central directory, in its order.
    :raises WheelError: when ``path`` cannot be read, is not a ZIP file, or its directory is broken.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.path.basename(path)
        self._whole = _opened(path)
        self.size = len(self._whole)
        self.data = memoryview(self._whole)
        self.noticed: list[Oddity] = []
        self.items = self._read_directory()
        self._ends = self._member_ends()
        self._refuse_bombs()

    def __enter__(self) -> Archive:  # noqa: PYI034  # typing.Self is newer than our oldest Python
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.data.release()
            if isinstance(self._whole, mmap.mmap):
                self._whole.close()
        except BufferError:
            pass  # an exception on its way out may still hold parts of the map; they go with it

    def oddities(self) -> tuple[Oddity, ...]:
        """Return what readers that follow the local headers see differently from those that follow the directory."""
        from .zip_oddities import oddities_of  # `show` does not ask

        return (*self.noticed, *oddities_of(self))

    # --- the directory ------------------------------------------------------------------------------------------

    def _read_directory(self) -> tuple[Item, ...]:
        """Return the entries of the central directory.

        :raises WheelError: when it is broken.
        """
        count, size, offset = self._find_directory()
        if offset + size > self.size or count * _CENTRAL.size > size:
            raise self._broken("its central directory lies outside of the file")
        items = []
        place = offset
        for _ in range(count):
            item, place = self._read_item(place)
            items.append(item)
        if place != offset + size:
            self._notice("", "its central directory has another size than the end record says")
        self.directory_offset = offset
        return tuple(items)

    def _find_directory(self) -> tuple[int, int, int]:
        """Return the number of members, and size and offset of the central directory, from the end record (4.3.16)."""
        if bytes(self.data[:4]) not in (LOCAL_MAGIC, _END_MAGIC):
            raise self._broken("it is not a ZIP file", hint=None)
        end = self._whole.rfind(_END_MAGIC, max(self.size - _END_SIZE - _LONGEST_COMMENT, 0))
        if end < 0:
            raise self._broken("its end is missing (truncated?)")
        disk, first, here, count, size, offset, comment = self.unpack("HHHHIIH", end + 4, "the end record")
        surplus = self.size - end - _END_SIZE - comment
        if surplus:
            self._notice("", f"{surplus} bytes after its end, or a comment that is cut")
        locator = end - _LOCATOR64_SIZE
        if locator >= 0 and self.data[locator : locator + 4] == _LOCATOR64_MAGIC:
            return self._find_wide_directory(locator)
        if disk or first or here != count:
            raise self._broken(_MULTI_PART, hint=None)
        if offset + size != end:
            self._notice("", "bytes between its central directory and its end record")
        return count, size, offset

    def _find_wide_directory(self, locator: int) -> tuple[int, int, int]:
        """Return the same three from the ZIP64 end record (4.3.14), which the locator (4.3.15) leads to."""
        disk, end, disks = self.unpack("IQI", locator + 4, "the ZIP64 locator")
        if disk or disks > 1:
            raise self._broken(_MULTI_PART, hint=None)
        if bytes(self.data[end : end + 4]) != _END64_MAGIC:
            raise self._broken("its ZIP64 end record is missing")
        own_size, _, _, disk, first, here, count, size, offset = self.unpack(
            "QHHIIQQQQ", end + 4, "the ZIP64 end record"
        )
        if disk or first or here != count:
            raise self._broken(_MULTI_PART, hint=None)
        is_in_order = own_size == _END64_SIZE - 12 and end + _END64_SIZE == locator and offset + size == end
        if not is_in_order:
            self._notice("", "its ZIP64 end record is not where the others say, or has another size")
        return count, size, offset

    def _read_item(self, place: int) -> tuple[Item, int]:
        """Return the entry at ``place``, and where the next one begins.

        A wheel may have thousands of them, and `show` reads each: so one long function, and no value that is not needed.
        """
        try:
            (
                magic, version, flags, method, crc, packed, size,
                name_length, extra_length, comment_length, attributes, offset,
            ) = _CENTRAL.unpack_from(self.data, place)  # fmt: skip
        except struct.error:
            magic = b""
        if magic != _CENTRAL_MAGIC:
            raise self._broken("its central directory is broken")
        name_at = place + 46
        extra_at = name_at + name_length
        end = extra_at + extra_length + comment_length
        if end > self.size:
            raise self._broken("its central directory is truncated")
        raw_name = self._whole[name_at:extra_at]
        if extra_length and WIDE in (size, packed, offset):
            size, packed, offset = self.wide_numbers(extra_at, extra_length, size, packed, offset)
        if comment_length:
            where = raw_name.decode("utf-8", "backslashreplace")
            self._notice(where, "a comment in the central directory", grave=False)
        # Flag bit 11 says UTF-8; without it, it is IBM's code page 437 (appendix D).
        is_utf8 = flags & 0x800 or raw_name.isascii()
        name = raw_name.decode("utf-8" if is_utf8 else "cp437", "backslashreplace")
        if not (raw_name.isascii() and name.isprintable()):
            self._look_at_name(raw_name, flags)
        return Item(name, raw_name, flags, method, crc, packed, size, attributes >> 16, offset, version), end

    def wide_numbers(self, extra: int, length: int, size: int, packed: int, offset: int) -> tuple[int, int, int]:
        """Return the three numbers, from the ZIP64 extra field where they did not fit (4.5.3).

        :param extra: where the extra fields begin; they are ``length`` bytes long.
        """
        numbers = [size, packed, offset]
        place = extra
        while place + 4 <= extra + length and WIDE in numbers:
            kind, field_length = self.unpack("HH", place, "an extra field")
            if kind == 1:
                missing = [index for index, number in enumerate(numbers) if number == WIDE]
                for index in missing[: field_length // 8]:
                    numbers[index] = self.unpack("Q", place + 4, "the ZIP64 field")[0]
                    place += 8
                break
            place += 4 + field_length
        return numbers[0], numbers[1], numbers[2]

    def _look_at_name(self, raw: bytes, flags: int) -> None:
        """Note a name that readers may spell differently."""
        where = raw.decode("utf-8", "backslashreplace")
        if raw.translate(None, _UNPRINTABLE) != raw:
            self._notice(where, "an unprintable character in its name")
        elif not raw.isascii() and (not flags & 0x800 or not _is_utf8(raw)):
            self._notice(where, "its name is not ASCII and not marked as UTF-8, so readers spell it differently")

    def _member_ends(self) -> dict[int, int]:
        """Return, by the offset of each local header, where the next one begins: no member may reach further."""
        offsets = sorted({item.offset for item in self.items})
        return dict(zip(offsets, [*offsets[1:], self.size], strict=False))

    def _refuse_bombs(self) -> None:
        """Refuse an archive that claims to hold more than anybody wants to unpack."""
        claimed = 0
        for item in self.items:
            # What a member's bytes cannot possibly hold is told with that member, which unpacks to nothing.
            if item.size <= _most_that_fits(item.compressed_size):
                claimed += item.size
        if claimed > _BOMB_SIZE and claimed > self.size * _BOMB_RATIO:
            raise self._broken(
                f"it claims to hold {claimed} bytes in {self.size}",
                hint="this is how a ZIP bomb looks; truewheel does not unpack it",
            )

    # --- members ------------------------------------------------------------------------------------------------

    def packed(self, item: Item) -> memoryview:
        """Return the compressed bytes of a member.

        Every member passes here, in a wheel of thousands, so the tests stand in one function.

        :raises ValueError: with a phrase for people, when the local header is broken or disagrees.
        """
        try:
            magic, flags, method, name_length, extra_length = _LOCAL.unpack_from(self.data, item.offset)
        except struct.error:
            raise ValueError("its local header lies outside of the file") from None
        if magic != LOCAL_MAGIC:
            raise ValueError("its local header is not where the directory says")
        name_at = item.offset + 30
        start = name_at + name_length + extra_length
        if self._whole[name_at : name_at + name_length] != item.raw_name:
            raise ValueError("its local header has another name")
        if method != item.method or (flags ^ item.flags) & 1:
            raise ValueError("its local header contradicts the directory")
        if item.version > _NEWEST:
            needed, known = item.version / 10, _NEWEST / 10
            raise ValueError(f"it needs version {needed} of the ZIP format, Python reads up to {known}")
        if item.flags & _UNREADABLE:
            raise ValueError("it is marked as a patch or as strongly encrypted, which Python does not read")
        if start + item.compressed_size > self._ends[item.offset]:
            raise ValueError("it overlaps another member or the end of the file")
        return self.data[start : start + item.compressed_size]

    def head(self, item: Item, size: int) -> tuple[bytes, str | None]:
        """Return the first ``size`` bytes of a member, and why it cannot be found (a phrase for people), if so.

        There are fewer when the member is shorter or broken.
        """
        try:
            raw = self.packed(item)
        except ValueError as error:
            return b"", str(error)
        if item.method == STORED:
            return bytes(raw[:size]), None
        if item.method == DEFLATED:
            return deflate.inflate_head(raw, size), None
        return b"", None

    def read(self, item: Item) -> bytes | bytearray:
        """Return the content of a member, checked against its size and CRC.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        if item.size > LARGEST:
            raise ValueError(f"it claims {item.size} bytes, more than is unpacked into memory")
        content = bytes(raw) if item.method == STORED else deflate.inflate(raw, item.size)
        _check(item, len(content), deflate.crc_of(content))
        return content

    def pieces(self, item: Item) -> Iterator[bytes]:
        """Yield the content of a member piece by piece, checked as by :meth:`read`.

        When it raises, what was yielded before is not the member's content.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        crc = length = 0
        pieces = deflate.stored_pieces(raw) if item.method == STORED else deflate.inflated_pieces(raw)
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
            length += len(piece)
            if length > item.size:
                break
            yield piece
        _check(item, length, crc)

    def _unpackable(self, item: Item) -> memoryview:
        """Return the compressed bytes of a member that may be unpacked at all.

        :raises ValueError: with a phrase for people, when it may not.
        """
        if item.encrypted:
            raise ValueError("it is encrypted")
        raw = self.packed(item)
        if item.method not in (STORED, DEFLATED):
            raise ValueError(f"compression method {item.method} is not one that wheels may use")
        if item.size > _most_that_fits(len(raw)):
            raise ValueError(f"it claims {item.size} bytes, more than {len(raw)} compressed ones can hold")
        return raw

    # --- helpers ------------------------------------------------------------------------------------------------

    def unpack(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        """Return the little-endian numbers at ``offset``.

        :param what: is named in the error when they lie outside of the file.
        """
        try:
            if offset < 0:
                raise struct.error
            return struct.unpack_from("<" + layout, self.data, offset)
        except struct.error:
            raise self._broken(f"{what} lies outside of the file") from None

    def _broken(self, what: str, *, hint: str | None = _AGAIN) -> WheelError:
        """Return the error that says why the archive cannot be read."""
        return WheelError(f"{self.name} is not a wheel that can be read: {what}", hint=hint)

    def _notice(self, where: str, message: str, *, grave: bool = True) -> None:
        """Keep in mind what was odd about the directory."""
        self.noticed.append(Oddity(where=where, message=message, grave=grave))


def _opened(path: str | os.PathLike[str]) -> bytes | mmap.mmap:
    """Return the whole file, mapped into memory when it is large.

    :raises WheelError: when it cannot be read.
    """
    try:
        status = os.stat(path)  # before opening, which would wait for the other end of a pipe
        if not stat.S_ISREG(status.st_mode):
            hint = "name the .whl file itself" if stat.S_ISDIR(status.st_mode) else None
            raise WheelError(f"{path} cannot be read: it is not a regular file", hint=hint)
        with open(path, "rb", buffering=0) as file:
            if status.st_size < _WORTH_MAPPING:
                return file.read()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise WheelError(f"{path} cannot be read", context=[str(error)]) from error


def _most_that_fits(compressed_size: int) -> int:
    """Return how many bytes that many compressed ones can hold at most."""
    return compressed_size * _MAX_RATIO + 64


def _check(item: Item, length: int, crc: int) -> None:
    """Hold what was unpacked against the directory.

    :raises ValueError: with a phrase for people, when it is something else.
    """
    if length != item.size:
        raise ValueError(f"its size is not {item.size} bytes as stated")
    if crc != item.crc:
        raise ValueError("its CRC is wrong")


def _is_utf8(raw: bytes) -> bool:
    """Return whether ``raw`` can be decoded as UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
