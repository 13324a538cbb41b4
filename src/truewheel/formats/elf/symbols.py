"""Symbols that stand for what has moved: debuggers and linters read them, loaders do not."""

from __future__ import annotations

from .layout import SHT_SYMTAB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .draft import Draft

_MANY_SYMBOLS = 1 << 16
"""Local symbols that are looked at. Those of sections, and ``_DYNAMIC``, stand among the first."""


def move_symbols(draft: Draft) -> None:
    """Give the local symbols of sections that have moved their new addresses."""
    distances = _distances(draft)
    if not distances:
        return
    for table in draft.image.sections:
        if table.type == SHT_SYMTAB:
            count = min(table.info, _MANY_SYMBOLS)
            _move_in(
                draft,
                table.offset,
                count,
                distances,
            )


def _distances(draft: Draft) -> dict[int, int]:
    """Return how far each section has moved that has, by its index."""
    found = {}
    for index, old in enumerate(draft.image.sections):
        distance = draft.sections[index].address - old.address
        if distance:
            found[index] = distance
    return found


def _move_in(
    draft: Draft,
    offset: int,
    count: int,
    distances: dict[int, int],
) -> None:
    """Change the values of symbols in one table."""
    file_class = draft.image.header.file_class
    cursor = draft.image.cursor
    code = "Q" if file_class.bits == 64 else "I"
    # Values are not part of the layout that readers use.
    rows = cursor.rows(
        file_class.symbol,
        offset,
        count,
        "symbol table",
    )
    for number, (_, _, section) in enumerate(rows):
        distance = distances.get(section)
        if distance is not None:
            at = offset + number * file_class.symbol_size + file_class.symbol_value_at
            value = (
                cursor.number(
                    code,
                    at,
                    "st_value",
                )
                + distance
            )
            draft.put(at, draft.pack(code, value % (1 << file_class.bits)))
