"""The header that rpm keeps of an installed package: names and values of its tags.

Source: rpm, "docs/manual/format_header.md" and "rpmtag.h". In a database, a header begins with two numbers: how many entries
it has, and how many bytes their values take. Entries follow, then the values. All numbers are big-endian.
"""

from __future__ import annotations

from ...formats.cursor import Cursor
from ...model.errors import FormatError
from ...model.record import NamedTuple, Record

NAME = 1000
VERSION = 1001
RELEASE = 1002
EPOCH = 1003
LICENCE = 1014
ARCHITECTURE = 1022
FILE_FLAGS = 1037
DIRECTORY_INDEXES = 1116
BASE_NAMES = 1117
DIRECTORY_NAMES = 1118
"""Tags of "rpmtag.h", the last three of which are BASENAMES and its companions."""
IS_DOCUMENTATION = 1 << 1
IS_LICENCE = 1 << 7
"""RPMFILE_DOC and RPMFILE_LICENSE of "rpmfiles.h"."""
_INT32 = 4
_STRING = 6
_STRING_ARRAY = 8
_TRANSLATED = 9
"""Types of values; the last is I18NSTRING."""
_TEXTS = frozenset({_STRING, _STRING_ARRAY, _TRANSLATED})
_FIRST_ENTRY = 8
_ENTRY_SIZE = 16
"""Where entries begin, and how large one is."""
_WHAT = "RPM header"


class InstalledFile(Record):
    """One file of a package, with its flags."""

    path: str
    flags: int


class _Entry(NamedTuple):
    """Where the values of a tag lie, of which type they are, and how many."""

    kind: int
    offset: int
    many: int


_ABSENT = _Entry(0, 0, 0)


class Header:
    """The values of one package's header.

    :raises FormatError: when it is broken; so do the methods.
    """

    def __init__(self, blob: bytes) -> None:
        """Read the entries. Values are read when they are asked for."""
        cursor = Cursor(blob, little=False, what=_WHAT)
        count, size = cursor.unpack("II", 0, "il, dl")
        start = _FIRST_ENTRY + count * _ENTRY_SIZE
        store = cursor.bytes(start, size, "data store")
        self._values = Cursor(store, little=False, what=_WHAT)
        self._entries: dict[int, _Entry] = {}
        rows = cursor.rows("IIII", _FIRST_ENTRY, count, "index")
        for tag, kind, offset, values in rows:
            self._entries[tag] = _Entry(kind, offset, values)

    def text(self, tag: int) -> str:
        """Return a string; empty when the package has none. Of translations, the first is the one without a language."""
        entry = self._entries.get(tag, _ABSENT)
        if entry.kind not in _TEXTS:
            return ""
        (text,) = self._strings(entry.offset, 1)
        # Old packages are in any encoding. What is shown is not used to find a file.
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def texts(self, tag: int) -> list[str]:
        """Return a list of strings; empty when the package has none."""
        entry = self._entries.get(tag, _ABSENT)
        if entry.kind != _STRING_ARRAY:
            return []
        return self._strings(entry.offset, entry.many)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return a list of numbers of 32 bits; empty when the package has none."""
        entry = self._entries.get(tag, _ABSENT)
        if entry.kind != _INT32:
            return ()
        size = 4 * entry.many
        data = self._values.bytes(entry.offset, size, f"tag {tag}")
        return self._values.unpack_all("I", data)

    def files(self) -> list[InstalledFile]:
        """Return the package's files, in the order of the header."""
        directories = self.texts(DIRECTORY_NAMES)
        names = self.texts(BASE_NAMES)
        indexes = self.numbers(DIRECTORY_INDEXES)
        # Packages without flags have none for any file.
        flags = self.numbers(FILE_FLAGS) or (0,) * len(names)
        files = []
        for name, index, flag in zip(names, indexes, flags, strict=False):
            # An index that leads nowhere is a broken header's.
            if index < len(directories):
                file = InstalledFile(
                    path=directories[index] + name,
                    flags=flag,
                )
                files.append(file)
        return files

    def _strings(
        self,
        offset: int,
        count: int,
    ) -> list[str]:
        """Return strings that follow each other, each with a zero byte at its end."""
        rest = len(self._values) - offset
        data = bytes(self._values.bytes(offset, rest, "string"))
        # What follows the last one is of another tag.
        parts = data.split(b"\0", count)[:count]
        if len(parts) < count:
            raise FormatError(
                f"broken {_WHAT}: a list of strings ends too early",
                offset=offset,
                field="string",
                value=count,
            )
        return [part.decode("utf-8", "surrogateescape") for part in parts]
