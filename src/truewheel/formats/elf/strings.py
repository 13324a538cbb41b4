"""The strings of the dynamic section, as loaders read them: from an address on, up to the next zero.

Of the loaders, only Android's looks at how large the table is said to be (bionic ``linker/linker.cpp``, ``get_string``).
"""

from __future__ import annotations

from ...model.errors import FormatError
from ..cursor import Cursor, Strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..skipping import SkippedParts
    from .addresses import Place

_FIELD = "DT_STRTAB"
_AROUND = 1 << 64


class LoadedStrings(Strings):
    """A string table in memory: a string that lies beyond its size is read all the same, and that is written down.

    :raises FormatError: when a string is asked for that does not lie in the file.
    """

    __slots__ = ("_end", "_file", "_skipped", "_start")

    def __init__(
        self, cursor: Cursor, place: Place | None, size: int, skipped: SkippedParts
    ) -> None:
        """Look at the strings at a place: up to their size, and behind it up to the end of what is mapped."""
        self._file = cursor
        self._skipped = skipped
        self._start, self._end = (0, 0) if place is None else place
        self._end = min(self._end, len(cursor))
        room = max(self._end - self._start, 0)
        if place is not None and size > room:
            try:
                cursor.part(self._start, size, _FIELD)
            except FormatError as error:
                self._add(error)
        area = cursor.part(
            min(self._start, len(cursor)),
            min(size, room),
            _FIELD,
        )
        super().__init__(area, _FIELD)

    def _add(self, error: FormatError) -> None:
        self._skipped.add(
            "the size of the string table (DT_STRSZ)",
            error,
            loss="Android's loader refuses the file",
            grave=True,
        )

    def __missing__(self, offset: int) -> str:
        """Return the end of another string, or one beyond the table."""
        try:
            return super().__missing__(offset)
        except FormatError as error:
            # Addresses are counted around: a very large number leads to in front of the table.
            distance = offset - _AROUND if offset >= _AROUND // 2 else offset
            at = self._start + distance
            # Names that overlap in the table are too many, wherever they are.
            if self._left < 0 or not 0 <= at < self._end:
                raise
            text = self._file.string(at, "a name")
            self._left -= len(text)
            if self._left < 0:
                raise
            self._add(error)
        self[offset] = text
        return text
