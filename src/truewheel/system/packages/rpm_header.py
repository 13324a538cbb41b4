"""The header that rpm keeps of an installed package: names and values of its tags.

Source: rpm, "docs/manual/format_header.md" and "rpmtag.h". In a database, a header begins with two numbers: how many entries
it has, and how many bytes their values take. Entries follow, then the values. All numbers are big-endian.
"""

from __future__ import annotations

from ...formats.cursor import Cursor
from ...model.errors import FormatError
from ...model.record import Record

NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
LICENCE, ARCHITECTURE = 1014, 1022
FILE_FLAGS, DIRECTORY_INDEXES, BASE_NAMES, DIRECTORY_NAMES = 1037, 1116, 1117, 1118
"""Tags of "rpmtag.h"."""
IS_DOCUMENTATION, IS_LICENCE = 1 << 1, 1 << 7
"""RPMFILE_DOC and RPMFILE_LICENSE of "rpmfiles.h"."""
_NUMBERS = 4
_STRING, _STRING_ARRAY, _TRANSLATED = 6, 8, 9
"""Types of values: INT32, STRING, STRING_ARRAY, I18NSTRING."""
_ENTRIES, _ENTRY_SIZE = 8, 16
"""Where entries begin, and how large one is."""


class InstalledFile(Record):
    """One file of a package, with its flags."""

    path: str
    flags: int


class Header:
    """The values of one package's header.

    :raises FormatError: when it is broken; so do the methods.
    """

    def __init__(self, blob: bytes) -> None:
        cursor = Cursor(blob, little=False, what="RPM header")
        count, size = cursor.unpack("II", 0, "il, dl")
        self._values = Cursor(
            cursor.bytes(_ENTRIES + count * _ENTRY_SIZE, size, "data store"),
            little=False,
            what="RPM header",
        )
        self._entries = {}
        for tag, kind, offset, length in cursor.rows("IIII", _ENTRIES, count, "index"):
            self._entries[tag] = (kind, offset, length)

    def text(self, tag: int) -> str:
        """Return a string; empty when the package has none. Of translations, the first is the one without a language."""
        kind, offset, _ = self._entries.get(tag, (0, 0, 0))
        if kind not in {_STRING, _STRING_ARRAY, _TRANSLATED}:
            return ""
        return self._strings(offset, 1)[0]

    def texts(self, tag: int) -> list[str]:
        """Return a list of strings; empty when the package has none."""
        kind, offset, length = self._entries.get(tag, (0, 0, 0))
        return self._strings(offset, length) if kind == _STRING_ARRAY else []

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return a list of numbers of 32 bits; empty when the package has none."""
        kind, offset, length = self._entries.get(tag, (0, 0, 0))
        if kind != _NUMBERS:
            return ()
        data = self._values.bytes(offset, 4 * length, f"tag {tag}")
        return self._values.unpack_all("I", data)

    def files(self) -> list[InstalledFile]:
        """Return the package's files, in the order of the header."""
        directories = self.texts(DIRECTORY_NAMES)
        names = self.texts(BASE_NAMES)
        indexes = self.numbers(DIRECTORY_INDEXES)
        flags = self.numbers(FILE_FLAGS) or (0,) * len(names)
        files = []
        for name, index, flag in zip(names, indexes, flags, strict=False):
            if index < len(directories):
                files.append(InstalledFile(path=directories[index] + name, flags=flag))
        return files

    def _strings(self, offset: int, count: int) -> list[str]:
        """Return strings that follow each other, each with a zero byte at its end."""
        data = bytes(self._values.bytes(offset, len(self._values) - offset, "string"))
        # What follows the last one is of another tag.
        parts = data.split(b"\0", count)[:count]
        if len(parts) < count:
            raise FormatError(
                "broken RPM header: a list of strings ends too early",
                offset=offset,
                field="string",
                value=count,
            )
        return [part.decode("utf-8", "surrogateescape") for part in parts]
