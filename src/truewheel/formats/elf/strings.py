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


class LoadedStrings(Strings):
    """A string table in memory: a string that lies beyond its size is read all the same, and that is written down.

    :raises FormatError: when a string is asked for that does not lie in the file.
    """

    __slots__ = ("_behind", "_skipped")

    def __init__(
        self, cursor: Cursor, place: Place | None, size: int, skipped: SkippedParts
    ) -> None:
        self._skipped = skipped
        offset, end = (0, 0) if place is None else place
        end = max(offset, min(end, len(cursor)))
        self._behind = cursor.part(min(offset, end), end - min(offset, end), _FIELD)
        if place is not None and size > len(self._behind):
            try:
                cursor.part(offset, size, _FIELD)
            except FormatError as error:
                self._add(error)
        size = min(size, len(self._behind))
        super().__init__(self._behind.part(0, size, _FIELD), _FIELD)

    def _add(self, error: FormatError) -> None:
        self._skipped.add(
            "the size of the string table (DT_STRSZ)",
            error,
            loss="Android's loader refuses the file",
            grave=True,
        )

    def __missing__(self, offset: int) -> str:
        """Return the end of another string, or one behind the end of the table."""
        try:
            return super().__missing__(offset)
        except FormatError as error:
            # Names that overlap are inside; a table without strings has nothing behind it.
            if 0 <= offset < len(self._raw) and self._left < 0:
                raise
            if not 0 <= offset < len(self._behind):
                raise
            text = self._behind.string(offset, "a name")
            self._left -= len(text)
            if self._left < 0:
                raise
            self._add(error)
        self[offset] = text
        return text
