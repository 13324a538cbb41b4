"""The import directory and the delay-load directory: libraries, and every symbol of each.

Source: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-idata-section
"""

from __future__ import annotations

from itertools import islice

from ...model.binary import Need, NeedKind, Symbol
from ...model.errors import FormatError
from ...model.record import Record, rows
from .layout import DELAY_IMPORT, DELAY_RVA_BASED, IMPORT, MOST_IMPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .image import Image

IMPORT_DESCRIPTOR = "5I"
"""``IMAGE_IMPORT_DESCRIPTOR``: lookup table, time, forwarder chain, name, address table."""
IMPORT_DESCRIPTOR_NAME = 3
"""Which of these fields, counted from 0, is the name."""
DELAY_DESCRIPTOR = "8I"
"""``ImgDelayDescr``: attributes, name, module handle, address table, name table, and three that are not read."""
DELAY_DESCRIPTOR_NAME = 1
HINT_SIZE = 2
"""``IMAGE_IMPORT_BY_NAME`` has a hint in front of the name."""


class _Library(Record):
    """A library and where its symbols are listed.

    :param table: address of the import lookup table.
    :param base: what addresses in there are relative to.
    """

    kind: NeedKind
    name: str
    table: int
    base: int = 0


def read_imports(image: Image) -> tuple[tuple[Need, ...], tuple[Symbol, ...]]:
    """Return the libraries, and every symbol of each.

    :raises FormatError: when a table lies outside of the file, has no end, or shares its entries with others.
    """
    kinds: dict[str, NeedKind] = {}
    symbols: list[Symbol] = []
    _add_libraries(image, _read_import_directory(image), kinds, symbols)
    try:
        _add_libraries(image, _read_delay_directory(image), kinds, symbols)
    except FormatError as error:
        # The loader does not read it: the code that calls the first of these functions does.
        image.skipped.add(
            "the delay-load directory",
            error,
            loss="which libraries it loads on first use is not known, and calling them may fail",
            grave=True,
        )
    needs = tuple(Need(library=name, kind=kind) for name, kind in kinds.items())
    return needs, tuple(symbols)


def _add_libraries(
    image: Image,
    libraries: Iterator[_Library],
    kinds: dict[str, NeedKind],
    symbols: list[Symbol],
) -> None:
    """Add the libraries of one directory, and every symbol of each.

    :raises FormatError: as :func:`read_imports`.
    """
    # No two tables share entries, so there cannot be more of them than words in the file.
    most = min(len(image.raw) // image.header.width.thunk_size, MOST_IMPORTS)
    for library in libraries:
        kinds.setdefault(library.name, library.kind)
        left = most - len(symbols)
        symbols += rows(Symbol, islice(_read_symbols(image, library), left + 1))
        if len(symbols) > most:
            image.cursor.fail(
                "import tables overlap",
                offset=0,
                field="import lookup table",
                value=library.table,
            )


def _read_import_directory(image: Image) -> Iterator[_Library]:
    """Yield the libraries of the import directory.

    The loader does not look at the directory's size: it stops where a name or an address table is missing.
    """
    address, _ = image.header.directory(IMPORT)
    if not address:
        return
    descriptors = image.until_zero(
        IMPORT_DESCRIPTOR, IMPORT_DESCRIPTOR_NAME, address, "import directory"
    )
    for lookup_table, _, _, name_at, address_table in descriptors:
        if not address_table:
            return
        # Old linkers left out the lookup table: then the address table still has the names.
        has_lookup_table = lookup_table >= image.header.headers_size
        table = lookup_table if has_lookup_table else address_table
        yield _Library(
            kind=NeedKind.NORMAL,
            name=image.name(name_at, "DLL name"),
            table=table,
        )


def _read_delay_directory(image: Image) -> Iterator[_Library]:
    """Yield the libraries of the delay-load directory.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#delay-load-import-tables-image-only
    """
    address, _ = image.header.directory(DELAY_IMPORT)
    if not address:
        return
    descriptors = image.until_zero(
        DELAY_DESCRIPTOR, DELAY_DESCRIPTOR_NAME, address, "delay import directory"
    )
    for attributes, name_at, _, _, table, *_ in descriptors:
        # Visual C++ 6 wrote addresses instead of offsets from the base.
        base = 0 if attributes & DELAY_RVA_BASED else image.header.base
        name = image.name(name_at - base, "delayed DLL name")
        yield _Library(
            kind=NeedKind.DELAYED,
            name=name,
            table=table - base,
            base=base,
        )


def _read_symbols(
    image: Image, library: _Library
) -> Iterator[tuple[str, None, str, bool, int | None]]:
    """Yield the parts of each :class:`Symbol` of one library: by number where the highest bit says so, else by name.

    There are thousands in a program: the loop works on plain tuples, and has what it needs in local names.
    """
    width = image.header.width
    by_ordinal = width.by_ordinal
    name_of = image.name
    name = library.name
    to_name = HINT_SIZE - library.base
    for (value,) in image.until_zero(
        width.thunk, 0, library.table, "import lookup table"
    ):
        if value & by_ordinal:
            ordinal = value & 0xFFFF
            yield f"#{ordinal}", None, name, False, ordinal
        else:
            yield name_of(value + to_name, "import name"), None, name, False, None
