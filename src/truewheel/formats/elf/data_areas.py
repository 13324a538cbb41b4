"""Where an ELF file keeps the strings of its program, apart from those of its loader.

Tools that rename libraries leave the old names behind in the loader's string table, where they mean nothing any more. What
code may open while it runs stands in its data: in sections with content that are loaded, and hold no code.
"""

from __future__ import annotations

from .layout import SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS
from .read import read_header, read_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..cursor import Readable


def data_areas(data: Readable) -> Iterator[tuple[int, int]]:
    """Yield where the data of a program begin and end in the file; nothing when there are no section headers.

    :raises FormatError: when the headers are broken.
    """
    cursor, header = read_header(data)
    sections = read_sections(cursor, header)
    # Overlapping sections could make it look at the same bytes without end.
    left = len(data)
    for section in sections:
        is_loaded = section.type == SHT_PROGBITS and section.flags & SHF_ALLOC
        if not is_loaded or section.flags & SHF_EXECINSTR:
            continue
        start = min(section.offset, len(data))
        stop = min(start + section.size, len(data), start + left)
        left -= stop - start
        if stop > start:
            yield start, stop
