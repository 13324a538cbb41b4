"""A file that is being changed: new bytes over old ones, a new end, and the headers that tell of them."""

from __future__ import annotations

import struct

from ...model.edits import Kept, overwritten, size_of
from ...model.errors import RepairError
from .layout import Section, Segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...model.edits import Pieces
    from .image import Image


class Draft:
    """Changes to one file, until they become pieces.

    :ivar segments: the program headers.
    :ivar sections: the section headers.
    :ivar phoff: where the program headers are to lie.
    :ivar shoff: where the section headers are to lie.
    :ivar shstrndx: the section with the names of sections.
    :ivar cut: up to where the old file stays in its place.
    :ivar resume: from where on what is left of the old file follows the new end; only what no segment maps.
    :ivar tail: what stands between.
    """

    def __init__(self, image: Image) -> None:
        """Begin with the file as it is."""
        self.image = image
        self.segments = list(image.segments)
        self.sections = list(image.sections)
        self.phoff = image.header.phoff
        self.shoff = image.header.shoff
        self.size = len(image.cursor)
        self.cut = self.resume = self.size
        self.tail: list[Kept | bytes] = []
        self._changes: dict[int, bytes] = {}

    def pack(self, layout: str, *values: int) -> bytes:
        """Return numbers in the byte order of the file.

        :raises RepairError: when one is too large for its field.
        """
        order = "<" if self.image.cursor.little else ">"
        try:
            return struct.pack(order + layout, *values)
        except struct.error:
            raise RepairError(
                "there is no room for it: a number becomes too large for its field"
            ) from None

    def put(self, offset: int, new: bytes) -> None:
        """Write over old bytes. A later change of the same bytes takes the place of an earlier one."""
        self._changes[offset] = new

    # --- headers ----------------------------------------------------------------------------------------------------

    def replace_segment(self, old: Segment, new: Segment) -> None:
        """Put one program header in the place of another."""
        self.segments[self.segments.index(old)] = new

    def section_index(self, address: int, kinds: Iterable[int]) -> int | None:
        """Return the index of the section of one of these types at an address, ``None`` when there is none."""
        for index, section in enumerate(self.sections):
            if section.type in kinds and section.address == address:
                return index
        return None

    def contents(self) -> list[Section]:
        """Return the sections that take bytes of the file, in its order."""
        found = [section for section in self.sections if section.has_content]
        return sorted(found, key=lambda section: section.offset)

    def packed_segments(self) -> bytes:
        """Return the table of program headers."""
        file_class = self.image.header.file_class
        # As in the file: a dozen records.
        found = b""
        for segment in self.segments:
            kind, flags, *places, align = segment
            if file_class.bits == 32:
                # There, the flags stand behind the sizes.
                found += self.pack(
                    file_class.program_header,
                    kind,
                    *places,
                    flags,
                    align,
                )
            else:
                found += self.pack(file_class.program_header, *segment)
        return found

    def packed_sections(self) -> bytes:
        """Return the table of section headers."""
        layout = self.image.header.file_class.section_header
        return b"".join(self.pack(layout, *section) for section in self.sections)

    # --- the end ----------------------------------------------------------------------------------------------------

    def pieces(self) -> Pieces:
        """Return the file that the changes make."""
        self._write_headers()
        before = self._kept(0, self.cut)
        behind = self._kept(self.resume, self.size)
        added = [piece for piece in self.tail if piece]
        return (*before, *added, *behind)

    def _kept(
        self,
        start: int,
        stop: int,
    ) -> Iterator[Kept | bytes]:
        """Yield a part of the old file, with its changes."""
        changes = []
        for offset, new in self._changes.items():
            if start <= offset < stop:
                changes.append((offset - start, new))
        for piece in overwritten(stop - start, changes):
            # Pieces are counted from the start of the part.
            if isinstance(piece, Kept):
                yield Kept(piece.start + start, piece.stop + start)
            else:
                yield piece

    def _write_headers(self) -> None:
        """Write what has changed of the file header, the program headers and the section headers."""
        image = self.image
        file_class = image.header.file_class
        if self.phoff == image.header.phoff:
            self.put(self.phoff, self.packed_segments())
        # The section headers follow what stands behind them, or were written with the new end.
        if len(self.sections) == len(image.sections) and image.header.shoff:
            size = file_class.section_header_size
            for index, section in enumerate(self.sections):
                if section != image.sections[index]:
                    new = self.pack(file_class.section_header, *section)
                    self.put(image.header.shoff + index * size, new)
        self._write_file_header()

    def _write_file_header(self) -> None:
        """Write where the tables lie, and how many entries they have.

        https://gabi.xinuos.com/elf/02-eheader.html (``e_phoff``, ``e_shoff``, ``e_phnum``, ``e_shnum``)
        """
        header = self.image.header
        # Offsets have the size of an address.
        wide = header.file_class.bits == 64
        offset = "Q" if wide else "I"
        self.put(
            32 if wide else 28,
            self.pack(
                offset * 2,
                self.phoff,
                self.shoff,
            ),
        )
        if len(self.segments) != len(self.image.segments):
            count = self.pack("H", len(self.segments))
            self.put(header.file_class.phentsize_at + 2, count)
        if len(self.sections) != len(self.image.sections):
            count = self.pack("H", len(self.sections))
            self.put(header.file_class.shentsize_at + 2, count)


def length_of(piece: Kept | bytes) -> int:
    """Return how many bytes a piece makes."""
    return size_of((piece,))
