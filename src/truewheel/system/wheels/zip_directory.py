"""The central directory of a ZIP archive: which members it names, and what is odd about it.

Source: PKWARE APPNOTE 6.3.10, whose sections are named below. Nothing here unpacks a member.
"""

from __future__ import annotations

import struct

from ...model.contents import Oddity
from ...model.errors import WheelError
from ...model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap

LOCAL_MAGIC = b"PK\x03\x04"
_CENTRAL_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_END64_MAGIC = b"PK\x06\x06"
_LOCATOR64_MAGIC = b"PK\x06\x07"
_CENTRAL = struct.Struct("<4s2xBxHH4xIIIHHH4xII")
"""What is wanted of an entry of the central directory (4.3.12)."""
_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF
_LOCATOR64_SIZE = 20
_END64_SIZE = 56
WIDE = 0xFFFFFFFF
"""What a 32-bit number says when the real one stands in the ZIP64 extra field (4.5.3)."""
_IS_UTF8 = 0x800
"""Flag bit 11: the name is UTF-8; without it, it is IBM's code page 437 (appendix D)."""
_UNPRINTABLE = bytes([*range(0x20), 0x7F])

_AGAIN = "download or build it again"
_NO_ARCHIVE = "a wheel is a ZIP file with a name that ends in .whl: name one"
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


class Directory:
    """The central directory of an archive, read when this is made.

    :ivar items: its entries, in its order.
    :ivar offset: where it begins, in bytes from the start of the file.
    :ivar oddities: what not all readers understand alike.
    :param archive: the name of the file, for messages.
    :raises WheelError: when it is broken.
    """

    def __init__(
        self,
        archive: str,
        whole: bytes | mmap.mmap,
        data: memoryview,
    ) -> None:
        """Read the directory at once: without it, nothing can be said of the archive."""
        self._archive = archive
        self._whole = whole
        self._data = data
        self._size = len(whole)
        self.oddities: list[Oddity] = []
        self.items, self.offset = self._read()

    def _read(self) -> tuple[tuple[Item, ...], int]:
        """Return the entries, and where they begin."""
        count, size, offset = self._find()
        # An entry has 46 bytes at least: more of them than fit would be a loop without an end.
        if offset + size > self._size or count * 46 > size:
            raise self.broken("its central directory lies outside of the file")
        items = []
        place = offset
        for _ in range(count):
            item, place = self._read_item(place)
            items.append(item)
        if place != offset + size:
            self._notice(
                "", "its central directory has another size than the end record says"
            )
        return tuple(items), offset

    def _find(self) -> tuple[int, int, int]:
        """Return the number of members, and size and offset of the directory, from the end record (4.3.16)."""
        magic = bytes(self._data[:4])
        if magic not in (LOCAL_MAGIC, _END_MAGIC):
            raise self.broken("it is not a ZIP file", hint=_NO_ARCHIVE)
        # A comment may follow the record, so it is looked for from behind.
        earliest = max(self._size - _END_SIZE - _LONGEST_COMMENT, 0)
        end = self._whole.rfind(_END_MAGIC, earliest)
        if end < 0:
            raise self.broken("its end is missing (truncated?)")
        record = self.unpack("HHHHIIH", end + 4, "the end record")
        disk, first, here, count, size, offset, comment = record
        told_end = end + _END_SIZE + comment
        surplus = self._size - told_end
        if surplus:
            self._notice("", f"{surplus} bytes after its end, or a comment that is cut")
        locator = end - _LOCATOR64_SIZE
        if locator >= 0:
            magic = bytes(self._data[locator : locator + 4])
            if magic == _LOCATOR64_MAGIC:
                return self._find_wide(locator)
        elsewhere = count - here
        self._refuse_parts(disk, first, elsewhere)
        if offset + size != end:
            self._notice("", "bytes between its central directory and its end record")
        return count, size, offset

    def _find_wide(self, locator: int) -> tuple[int, int, int]:
        """Return the same three from the ZIP64 end record (4.3.14), which the locator (4.3.15) leads to."""
        disk, end, disks = self.unpack("IQI", locator + 4, "the ZIP64 locator")
        others = max(disks - 1, 0)
        self._refuse_parts(disk, 0, others)
        magic = bytes(self._data[end : end + 4])
        if magic != _END64_MAGIC:
            raise self.broken("its ZIP64 end record is missing")
        record = self.unpack("QHHIIQQQQ", end + 4, "the ZIP64 end record")
        own_size, _, _, disk, first, here, count, size, offset = record
        self._refuse_parts(disk, first, count - here)
        # Its size does not count the magic and itself.
        has_own_size = own_size == _END64_SIZE - 12
        directory_end = offset + size
        own_end = end + _END64_SIZE
        is_in_its_place = directory_end == end and own_end == locator
        if not (has_own_size and is_in_its_place):
            self._notice(
                "",
                "its ZIP64 end record is not where the others say, or has another size",
            )
        return count, size, offset

    def _refuse_parts(self, disk: int, first: int, elsewhere: int) -> None:
        """Refuse an archive that goes on in other files.

        :param disk: the number of this part, from 0.
        :param first: that of the part where the directory begins.
        :param elsewhere: how much is in other parts.
        """
        if disk or first or elsewhere:
            raise self.broken(_MULTI_PART, hint=None)

    def _read_item(self, place: int) -> tuple[Item, int]:
        """Return the entry at ``place``, and where the next one begins.

        A wheel may have thousands of them, and `show` reads each: so it is one function.
        """
        # What is cut has no magic, either, and is told in the same words.
        try:
            fields = _CENTRAL.unpack_from(self._data, place)
        except struct.error:
            fields = (b"",) * 12
        magic, version, flags, method, crc, packed, size = fields[:7]
        name_length, extra_length, comment_length, attributes, offset = fields[7:]
        if magic != _CENTRAL_MAGIC:
            raise self.broken("its central directory is broken")
        name_at = place + 46
        extra_at = name_at + name_length
        end = extra_at + extra_length + comment_length
        if end > self._size:
            raise self.broken("its central directory is truncated")
        raw_name = self._whole[name_at:extra_at]
        if extra_length and WIDE in (size, packed, offset):
            wide = self.wide_numbers(extra_at, extra_length, size, packed, offset)
            size, packed, offset = wide
        if comment_length:
            where = raw_name.decode("utf-8", "backslashreplace")
            self._notice(where, "a comment in the central directory", grave=False)
        encoding = "utf-8" if flags & _IS_UTF8 or raw_name.isascii() else "cp437"
        name = raw_name.decode(encoding, "backslashreplace")
        if not (raw_name.isascii() and name.isprintable()):
            self._look_at_name(raw_name, flags)
        # The upper half of the attributes is a Unix mode (4.4.15, 4.4.2).
        mode = attributes >> 16
        # By position, for a keyword costs time for each of thousands of members.
        item = Item(
            name,
            raw_name,
            flags,
            method,
            crc,
            packed,
            size,
            mode,
            offset,
            version,
        )
        return item, end

    def wide_numbers(
        self,
        extra: int,
        length: int,
        size: int,
        packed: int,
        offset: int,
    ) -> tuple[int, int, int]:
        """Return the three numbers, from the ZIP64 extra field where they did not fit (4.5.3).

        :param extra: where the extra fields begin; they are ``length`` bytes long.
        """
        numbers = [size, packed, offset]
        place = extra
        while place + 4 <= extra + length and WIDE in numbers:
            kind, field_length = self.unpack("HH", place, "an extra field")
            if kind == 1:
                # It holds only the numbers that did not fit, in this order.
                missing = [
                    index for index, number in enumerate(numbers) if number == WIDE
                ]
                for index in missing[: field_length // 8]:
                    (numbers[index],) = self.unpack("Q", place + 4, "the ZIP64 field")
                    place += 8
                break
            place += 4 + field_length
        return numbers[0], numbers[1], numbers[2]

    def _look_at_name(self, raw: bytes, flags: int) -> None:
        """Note a name that readers may spell differently."""
        where = raw.decode("utf-8", "backslashreplace")
        if raw.translate(None, _UNPRINTABLE) != raw:
            self._notice(where, "an unprintable character in its name")
            return
        if raw.isascii():
            return
        # Python takes an unmarked name for code page 437, Info-ZIP for the system's own encoding.
        if not flags & _IS_UTF8 or not _is_utf8(raw):
            message = "its name is not ASCII and not marked as UTF-8, so readers spell it differently"
            self._notice(where, message)

    def unpack(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        """Return the little-endian numbers at ``offset``.

        :param what: is named in the error when they lie outside of the file.
        """
        # struct counts negative offsets from the end.
        if offset < 0:
            raise self.broken(f"{what} lies outside of the file")
        try:
            return struct.unpack_from("<" + layout, self._data, offset)
        except struct.error:
            raise self.broken(f"{what} lies outside of the file") from None

    def broken(self, what: str, *, hint: str | None = _AGAIN) -> WheelError:
        """Return the error that says why the archive cannot be read."""
        return WheelError(
            f"{self._archive} is not a wheel that can be read: {what}", hint=hint
        )

    def _notice(self, where: str, message: str, *, grave: bool = True) -> None:
        """Keep in mind what is odd."""
        self.oddities.append(Oddity(where=where, message=message, grave=grave))


def _is_utf8(raw: bytes) -> bool:
    """Return whether ``raw`` can be decoded as UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
