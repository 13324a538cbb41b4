"""ZIP archives, read with suspicion: whether a member is where the directory says, and what it unpacks to.

Written for wheels, so without what wheels never have (spanned archives, encryption); those are recognised and refused.
What readers may understand differently is told by :mod:`~truewheel.system.wheels.zip_oddities`.
Source: PKWARE APPNOTE 6.3.10, whose sections are named below. Nothing here knows what a wheel is.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct

from ...model.errors import WheelError
from . import deflate
from .zip_directory import LOCAL_MAGIC, Directory, Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.contents import Oddity
    from .opened_content import OpenedContent

STORED = 0
DEFLATED = 8
_LOCAL = struct.Struct("<4s2xHH16xHH")
"""What is wanted of a local header (4.3.7); it is 30 bytes long."""

_MAX_RATIO = 1032
"""Deflate cannot do better (zlib's technical notes)."""
LARGEST = 4 << 30
"""The largest member that is unpacked into memory, in bytes."""
_BOMB_SIZE = 64 << 20
"""An archive that claims to hold more bytes than this, and many times its own size, is not unpacked."""
_BOMB_RATIO = 100
"""How many times. Package indexes refuse half of that."""
_UNREADABLE = 0x60
"""Flag bits 5 and 6: a patch to another file, strong encryption."""
_NEWEST = 63
"""The version of the format, times ten, that Python's zipfile reads up to: with a newer member it refuses the archive."""
_MOST_MAPPED = 16 << 20
"""Bytes of a mapped file that are read before its pages are let go."""
_CAN_GIVE_BACK = hasattr(mmap, "MADV_DONTNEED")
AROUND = 1 << 16
"""Bytes that the system maps around one that is touched (Linux: "fault-around")."""
_WORTH_MAPPING = 4 << 20
"""Bytes from which on a file is mapped into memory rather than read: for a small one, the pages cost more."""


class Archive:
    """An open archive.

    :ivar items: the entries of the central directory, in its order.
    :raises WheelError: when ``path`` cannot be read, is not a ZIP file, or its directory is broken.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, and read its directory."""
        self.name = os.path.basename(path)
        self._whole = _opened(path)
        self.size = len(self._whole)
        self.data = memoryview(self._whole)
        directory = Directory(self.name, self._whole, self.data)
        self.directory = directory
        self.items = directory.items
        self._ends = self._member_ends()
        self._mapped = 0
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

        return (*self.directory.oddities, *oddities_of(self))

    def _member_ends(self) -> dict[int, int]:
        """Return, by the offset of each local header, where the next one begins: no member may reach further."""
        offsets = sorted({item.offset for item in self.items})
        following = [*offsets[1:], self.size]
        return dict(zip(offsets, following, strict=False))

    def _refuse_bombs(self) -> None:
        """Refuse an archive that claims to hold more than anybody wants to unpack."""
        claimed = 0
        for item in self.items:
            # What a member's bytes cannot possibly hold is told with that member, which unpacks to nothing.
            if item.size <= _most_that_fits(item.compressed_size):
                claimed += item.size
        if claimed > _BOMB_SIZE and claimed > self.size * _BOMB_RATIO:
            raise self.directory.broken(
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
            magic, flags, method, name_length, extra_length = _LOCAL.unpack_from(
                self.data, item.offset
            )
        except struct.error:
            raise ValueError("its local header lies outside of the file") from None
        # Each of these is a way to show one file to pip and another to a scanner.
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
            raise ValueError(
                f"it needs version {needed} of the ZIP format, Python reads up to {known}"
            )
        if item.flags & _UNREADABLE:
            raise ValueError(
                "it is marked as a patch or as strongly encrypted, which Python does not read"
            )
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
        self.give_back_pages(AROUND)
        if item.method == STORED:
            return bytes(raw[:size]), None
        # Any other method is told when the member is read whole.
        if item.method == DEFLATED:
            return deflate.inflate_head(raw, size), None
        return b"", None

    def read(self, item: Item) -> bytes | bytearray:
        """Return the content of a member, checked against its size and CRC.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        if item.size > LARGEST:
            raise ValueError(
                f"it claims {item.size} bytes, more than is unpacked into memory"
            )
        content: bytes | bytearray
        if item.method == STORED:
            content = bytes(raw)
        else:
            content = deflate.inflate(raw, item.size)
        crc = deflate.crc_of(content)
        _check(item, len(content), crc)
        self.give_back_pages(len(raw))
        return content

    def pieces(self, item: Item) -> Iterator[bytes]:
        """Yield the content of a member piece by piece, checked as by :meth:`read`.

        When it raises, what was yielded before is not the member's content.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        raw = self._unpackable(item)
        if item.method == STORED:
            pieces = deflate.stored_pieces(raw)
        else:
            pieces = deflate.inflated_pieces(raw)
        yield from self.checked(item, pieces)

    def content(self, item: Item) -> OpenedContent:
        """Return the content of a member, opened: of a large one, no more than a part is in memory at once.

        :raises ValueError: with a phrase for people, when it cannot be unpacked.
        """
        from .opened_content import InflatedContent, StoredContent  # for large members

        raw = self._unpackable(item)
        if item.method == STORED:
            return StoredContent(self, item, raw)
        return InflatedContent(self, item, raw)

    def packed_pieces(self, item: Item) -> Iterator[memoryview]:
        """Return the compressed bytes of a member, piece by piece.

        :raises ValueError: at once, as :meth:`packed` does.
        """
        return self._pieces_of(self.packed(item))

    def _pieces_of(self, raw: memoryview) -> Iterator[memoryview]:
        for start in range(0, len(raw), deflate.CHUNK):
            end = start + deflate.CHUNK
            yield raw[start:end]
            self.give_back_pages(deflate.CHUNK)

    def give_back_pages(self, size: int) -> None:
        """Let go of the mapped file's pages, when it is time: else a large wheel would be in memory as a whole in the end.

        They are read again when they are wanted, as a rule from the system's cache.

        :param size: how many bytes have been read since this was called.
        """
        self._mapped += size
        if self._mapped < _MOST_MAPPED:
            return
        self._mapped = 0
        # Windows takes back the pages of a file by itself.
        if _CAN_GIVE_BACK and isinstance(self._whole, mmap.mmap):
            self._whole.madvise(mmap.MADV_DONTNEED)

    def checked(self, item: Item, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the content of a member on, and hold it against the directory at the end.

        :raises ValueError: with a phrase for people, when it is something else.
        """
        crc = length = 0
        for piece in pieces:
            crc = deflate.crc_of(piece, crc)
            length += len(piece)
            # No more is unpacked of a member that lied: it might fill the disk of whoever writes the pieces.
            if length > item.size:
                break
            yield piece
            self.give_back_pages(len(piece))
        _check(item, length, crc)

    def _unpackable(self, item: Item) -> memoryview:
        """Return the compressed bytes of a member that may be unpacked at all.

        :raises ValueError: with a phrase for people, when it may not.
        """
        if item.encrypted:
            raise ValueError("it is encrypted")
        raw = self.packed(item)
        if item.method not in (STORED, DEFLATED):
            raise ValueError(
                f"compression method {item.method} is not one that wheels may use"
            )
        # Before a byte is unpacked: the claimed size is what memory is taken for.
        if item.size > _most_that_fits(len(raw)):
            raise ValueError(
                f"it claims {item.size} bytes, more than {len(raw)} compressed ones can hold"
            )
        return raw


def _opened(path: str | os.PathLike[str]) -> bytes | mmap.mmap:
    """Return the whole file, mapped into memory when it is large.

    :raises WheelError: when it cannot be read.
    """
    try:
        # Before opening, which would wait for the other end of a pipe.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            is_directory = stat.S_ISDIR(status.st_mode)
            hint = "name the .whl file itself" if is_directory else None
            raise WheelError(
                f"{path} cannot be read: it is not a regular file", hint=hint
            )
        with open(path, "rb", buffering=0) as file:
            # An empty file cannot be mapped at all (mmap raises ValueError).
            if status.st_size < _WORTH_MAPPING:
                return file.read()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise WheelError(
            f"{path} cannot be read",
            context=[str(error)],
            hint="look for a slip in its path; a * that stayed in it matched nothing",
        ) from error
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
