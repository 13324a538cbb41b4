"""The dynamic symbols of a file in which a name lies outside of the string table.

A loader reads the names of symbols that relocations name, and of those that have the hash of a name that is looked for. All
other names may stand anywhere.
"""

from __future__ import annotations

from ...model.errors import FormatError
from .dynamic import last_values
from .layout import STB_LOCAL, STB_WEAK
from .relocations import each_relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..cursor import Cursor
    from ..skipping import SkippedParts
    from .dynamic import DynamicTables
    from .layout import Header, Segment

_NAMELESS = (0, 0, 0)
_LAYOUT_32 = "I8xBBH"
"""Of a symbol: name, type and binding, visibility, section."""
_LAYOUT_64 = "IBBH16x"
_VISIBILITY = 0x3
STV_INTERNAL = 1
STV_HIDDEN = 2


def without_odd_names(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    tables: DynamicTables,
    skipped: SkippedParts,
) -> Iterator[tuple[int, int, int]]:
    """Yield the symbols (name, type and binding, section); a nameless one in place of each that has no name to be read.

    :raises FormatError: when the loader looks for the symbol by that name.
    """
    names = tables.strings
    values = last_values(tables.tags)
    relocations = each_relocation(cursor, header, segments, values)
    # Number 0 stands for no symbol, whatever is written there.
    relocated = {symbol for _, symbol in relocations} - {0}
    layout = _LAYOUT_64 if header.is_64_bit else _LAYOUT_32
    records = cursor.records(layout, tables.whole_symbols(header))
    for number, (name_at, info, other, section) in enumerate(records):
        binding = info >> 4
        if name_at and binding != STB_LOCAL:
            try:
                names[name_at]
            except FormatError as error:
                # A weak one may stay undefined, and what others cannot see is the file's own.
                is_own = other & _VISIBILITY in (STV_INTERNAL, STV_HIDDEN)
                if number in relocated and binding != STB_WEAK and not is_own:
                    raise
                skipped.add(
                    "the name of a symbol",
                    error,
                    loss="nobody finds it by that name",
                )
                yield _NAMELESS
                continue
        yield name_at, info, section
