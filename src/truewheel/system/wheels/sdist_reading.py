"""Source distributions read with suspicion: the names of their files, and the few texts that say what they are.

Python's ``tarfile`` believes the sizes in an archive, and would take a header of gigabytes into memory. Here a limit is set on
all that is unpacked, on every text and on the number of files. Nothing is written to disk.

Sources: the source distribution format specification; pax(1) and tar(5) for extended headers.
"""

from __future__ import annotations

import stat
import tarfile
import zlib
from gzip import BadGzipFile, GzipFile
from typing import TYPE_CHECKING

from ...model.errors import WheelError
from ...model.sets import SdistFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 512
_PIECE = 1 << 20
_MOST_BYTES = 2 << 30
"""Bytes that are unpacked of one sdist; the largest that are published have a tenth of it."""
_MOST_FILES = 500_000
_LONGEST_TEXT = 4 << 20
"""Bytes of the largest text that is read."""
_LONGEST_NAME = 1 << 16
"""Bytes of the largest extended header, which holds a long name."""
_ALL_NAMES = 64 << 20
"""Bytes of all extended headers, and characters of all names."""
_WITHOUT_CONTENT = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
)
_TEXTS = ("pyproject.toml", "setup.cfg", "setup.py")
_METADATA = "PKG-INFO"


def read_sdist(path: Path) -> SdistFacts:
    """Return what the sdist at ``path`` holds.

    :raises WheelError: when it is not a ``.tar.gz`` file that can be read.
    """
    try:
        # To open a pipe could wait forever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise WheelError(f"{path} cannot be read: it is not a regular file")
        with path.open("rb") as file, GzipFile(fileobj=file) as unpacked:
            return _facts(path.name, _Tar(unpacked))
    except (OSError, EOFError, ValueError, zlib.error, tarfile.HeaderError) as error:
        # A damaged file, or one that is not what its name says: the words of zlib are as good as any.
        is_content = isinstance(error, BadGzipFile) or not isinstance(error, OSError)
        what = "is not an sdist" if is_content else "cannot be read"
        message = f"{path} {what}"
        raise WheelError(message, context=[str(error)]) from error


class _Tar:
    """A tar archive that is read from its beginning to its end."""

    def __init__(self, file: GzipFile) -> None:
        self._file = file
        self._left = _MOST_BYTES
        self._left_of_names = _ALL_NAMES
        # Of the member that was read last: what is left of its content, and what fills its last block.
        self._unread = 0
        self._padding = 0

    def members(self) -> Iterator[tuple[str, int]]:
        """Yield the name and size of each regular file. Its content may be read then, or is passed over.

        :raises ValueError: when the archive is damaged, or holds too much.
        """
        long_name = ""
        for _ in range(_MOST_FILES):
            header = self.read(_BLOCK)
            # Two empty blocks end an archive, and one is enough to know.
            if not header.strip(b"\0"):
                self._read_to_the_end()
                return
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            if info.size < 0:
                raise ValueError(f"{info.name!r} has a negative size")
            self._unread = info.size
            self._padding = -info.size % _BLOCK
            # A name that is too long for the header comes before it, in a member of its own.
            if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
                self._count_name(info.size)
                content = self.content(_LONGEST_NAME)
                long_name = _long_name(info.type, content) or long_name
            elif info.isreg():
                self._count_name(len(info.name))
                yield long_name or info.name, info.size
                long_name = ""
            # The target of a long link comes before the link itself, which has the long name.
            elif info.type != tarfile.GNUTYPE_LONGLINK:
                long_name = ""
            # As tarfile has it: links and directories have no content, whatever size they state.
            if not info.isreg() and info.type in _WITHOUT_CONTENT:
                continue
            self._pass_over(self._unread + self._padding)
        raise ValueError(f"more than {_MOST_FILES} files")

    def content(self, longest: int) -> bytes:
        """Return the content of the member that was yielded last.

        :raises ValueError: when it is longer than that.
        """
        size = self._unread
        if size > longest:
            raise ValueError(f"a text of {size} bytes")
        self._unread = 0
        return self.read(size)

    def read(self, size: int) -> bytes:
        """Return so many bytes.

        :raises ValueError: when there are not so many, or too many were read already.
        """
        self._left -= size
        if self._left < 0:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        found = self._file.read(size)
        if len(found) < size:
            raise ValueError("the archive ends too early")
        return found

    def _count_name(self, size: int) -> None:
        self._left_of_names -= size
        if self._left_of_names < 0:
            raise ValueError(f"names of more than {_ALL_NAMES} bytes")

    def _read_to_the_end(self) -> None:
        """Read what fills the last record, so that gzip compares its checksum."""
        while self._left > 0:
            found = self._file.read(min(_PIECE, self._left))
            if not found:
                return
            self._left -= len(found)
        raise ValueError(f"more than {_MOST_BYTES} bytes")

    def _pass_over(self, size: int) -> None:
        # Not found out after gigabytes.
        if size > self._left:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        while size > 0:
            size -= len(self.read(min(size, _PIECE)))


def _facts(filename: str, tar: _Tar) -> SdistFacts:
    """Return what the members of an archive say."""
    tops: set[str] = set()
    paths = []
    texts = {}
    for name, size in tar.members():
        top, _, path = name.removeprefix("./").partition("/")
        tops.add(top)
        paths.append(path)
        # PKG-INFO decides; of the others, one that is larger than any tells nothing.
        if path == _METADATA or (path in _TEXTS and size <= _LONGEST_TEXT):
            raw = tar.content(_LONGEST_TEXT)
            texts[path] = raw.decode("utf-8", "backslashreplace")
    metadata = texts.pop(_METADATA, None)
    has_one_top = len(tops) == 1
    return SdistFacts(
        filename=filename,
        top=tops.pop() if has_one_top else "",
        paths=tuple(paths),
        metadata=metadata,
        build_texts=tuple(texts.values()),
    )


def _long_name(kind: bytes, content: bytes) -> str:
    """Return the name in an extended header; empty when it holds none."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return content.rstrip(b"\0").decode("utf-8", "surrogateescape")
    # pax: "LENGTH path=NAME\n", where the length counts itself.
    found = ""
    start = 0
    while start < len(content):
        digits, _, _ = content[start : start + 8].partition(b" ")
        end = start + int(digits) if digits.isdigit() else start
        first = start + len(digits) + 1
        if not first < end <= len(content):
            raise ValueError("a damaged extended header")
        key, _, value = content[first : end - 1].partition(b"=")
        if key == b"path":
            found = value.decode("utf-8", "surrogateescape")
        start = end
    return found
