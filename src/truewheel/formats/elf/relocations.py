"""Which symbols the relocations of a file name: those that its loader certainly looks at.

Source: https://gabi.xinuos.com/elf/06-reloc.html. The types of relocations are the psABIs' business, and not looked at.
"""

from __future__ import annotations

from .addresses import place_of
from .layout import EM_MIPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..cursor import Cursor
    from .layout import Header, Segment

DT_PLTRELSZ = 2
DT_RELA = 7
DT_RELASZ = 8
DT_REL = 17
DT_RELSZ = 18
DT_PLTREL = 20
DT_JMPREL = 23


def each_relocation(
    cursor: Cursor,
    header: Header,
    segments: Sequence[Segment],
    values: Mapping[int, int],
) -> Iterator[tuple[int, int]]:
    """Yield the address and the symbol of each relocation; packed ones, which name no symbol, are left out.

    Tables that do not lie in the file are left out as well: what they would say is not certain.

    :param values: the values of the tags of the dynamic section.
    """
    procedure_linkage = values.get(DT_PLTREL, DT_RELA)
    for tag, size_tag, kind in (
        (DT_RELA, DT_RELASZ, DT_RELA),
        (DT_REL, DT_RELSZ, DT_REL),
        (DT_JMPREL, DT_PLTRELSZ, procedure_linkage),
    ):
        address, size = values.get(tag), values.get(size_tag, 0)
        place = None if address is None else place_of(segments, address)
        if place is None or place.offset + size > len(cursor):
            continue
        yield from _rows(cursor, header, place.offset, size, kind)


def _rows(
    cursor: Cursor,
    header: Header,
    offset: int,
    size: int,
    kind: int,
) -> Iterator[tuple[int, int]]:
    """Yield the address and the symbol of each row of one table (``r_offset``, ``r_info``)."""
    word = "Q" if header.is_64_bit else "I"
    # DT_RELA's rows have an addend as well.
    numbers = 3 if kind == DT_RELA else 2
    count = size // (numbers * header.file_class.word)
    shift = 32 if header.is_64_bit else 8
    # In little-endian files of 64-bit MIPS, the symbol stands in front.
    is_swapped = header.machine == EM_MIPS and header.is_64_bit and cursor.little
    for address, info, *_ in cursor.rows(word * numbers, offset, count, "relocations"):
        yield address, info & 0xFFFFFFFF if is_swapped else info >> shift
