"""Where a file has what its loader would find at an address."""

from __future__ import annotations

from ...model.record import NamedTuple
from .layout import PT_LOAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Segment

SMALLEST_PAGE = 0x1000
"""Segments are mapped in whole pages, and no CPU has smaller ones."""


class Place(NamedTuple):
    """An offset in the file, and where the bytes end that are mapped with it."""

    offset: int
    end: int


def place_of(segments: Sequence[Segment], address: int) -> Place | None:
    """Return where the file has what is mapped at an address; ``None`` when nothing of the file is.

    https://gabi.xinuos.com/elf/07-pheader.html ("Program Loading": memory images are in pages)
    """
    # A later segment lies over an earlier one.
    for segment in reversed(segments):
        if segment.type != PT_LOAD:
            continue
        # The rest of the first and of the last page is mapped with the segment.
        first = segment.vaddr % SMALLEST_PAGE
        end = segment.vaddr + segment.filesz
        # Memory that the file does not have is cleared, the rest of the page as well.
        if segment.memsz <= segment.filesz:
            end += -end % SMALLEST_PAGE
        if segment.vaddr - first <= address < end and segment.offset >= first:
            offset = segment.offset + address - segment.vaddr
            return Place(offset, segment.offset + end - segment.vaddr)
    return None
