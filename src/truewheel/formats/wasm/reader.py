"""Numbers and names of WebAssembly, one after the other."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..cursor import Cursor


class Reader:
    """A position in a part of the file. It is true as long as something is left."""

    __slots__ = ("at", "cursor", "raw")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.raw = bytes(cursor.data)
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.raw)

    def byte(self, field: str) -> int:
        """Return the next byte.

        :raises FormatError: when none is left.
        """
        if self.at >= len(self.raw):
            self.cursor.fail(
                f"{field} lies outside of it",
                offset=self.at,
                field=field,
            )
        self.at += 1
        return self.raw[self.at - 1]

    def number(self, field: str) -> int:
        """Return a LEB128 number of at most 64 bits. A signed one is skipped by this as well.

        https://webassembly.github.io/spec/core/binary/values.html#integers

        :raises FormatError: when it is longer.
        """
        value = self.byte(field)
        # Most numbers take one byte.
        if value < 0x80:
            return value
        # Each byte has seven bits, the lowest first; the eighth says that more follow.
        value &= 0x7F
        for shift in range(7, 70, 7):
            more = self.byte(field)
            value |= (more & 0x7F) << shift
            if more < 0x80:
                return value
        return self.cursor.fail(
            f"{field} is a number without an end",
            offset=self.at,
            field=field,
            value=value,
        )

    def content(self, size: int, field: str) -> Cursor:
        """Return the next ``size`` bytes.

        :raises FormatError: when fewer are left.
        """
        part = self.cursor.part(self.at, size, field)
        self.at += size
        return part

    def name(self, field: str) -> str:
        """Return a name, which is UTF-8 behind its length; bytes that are not come as ``\\xNN``.

        https://webassembly.github.io/spec/core/binary/values.html#names

        :raises FormatError: when it reaches beyond its section.
        """
        size = self.number(field)
        start = self.at
        self.at += size
        if self.at > len(self.raw):
            self.cursor.fail(
                f"{field} reaches beyond its section",
                offset=start,
                field=field,
                value=size,
            )
        return self.raw[start : self.at].decode("utf-8", "backslashreplace")

    def names(self, field: str) -> Iterator[str]:
        """Return a list of names behind its length, read one by one: no length makes this take memory.

        :raises FormatError: when a name reaches beyond its section.
        """
        count = self.number(f"number of {field}s")
        return (self.name(field) for _ in range(count))
