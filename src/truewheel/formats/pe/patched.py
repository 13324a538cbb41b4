"""Looks at a new image before anybody gets it: the libraries that it names, and whether its sections are laid out soundly."""

from __future__ import annotations

from ...model.edits import Kept, size_of
from ...model.errors import FormatError, RepairError
from .descriptors import forwarded_libraries, read_descriptors
from .on_disk import OnDisk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.edits import Pieces, Sliceable


class Patched:
    """The new file as bytes that can be cut, without making it."""

    def __init__(self, old: Sliceable, pieces: Pieces) -> None:
        self._old = old
        self._pieces = pieces

    def __len__(self) -> int:
        return size_of(self._pieces)

    def __getitem__(self, part: slice, /) -> bytes:
        """Return a part; its step is 1."""
        start, stop, _ = part.indices(len(self))
        found = []
        here = 0
        for piece in self._pieces:
            size = size_of((piece,))
            # What of this piece is wanted, counted from its beginning.
            first = max(start - here, 0)
            last = min(stop - here, size)
            here += size
            if first >= last:
                continue
            if not isinstance(piece, Kept):
                found.append(piece[first:last])
                continue
            first += piece.start
            last += piece.start
            found.append(bytes(self._old[first:last]))
        return b"".join(found)


def check_patched(
    old: OnDisk, pieces: Pieces, expected: tuple[tuple[str, bool], ...]
) -> None:
    """Check a new image.

    :param expected: the libraries that it has to name, in order, and whether each is loaded on first use.
    :raises RepairError: when it names others, or its sections overlap though the old ones did not.
    """
    try:
        is_right = _is_right(old, OnDisk(Patched(old.data, pieces)), expected)
    except FormatError:
        is_right = False
    # Tables that lie over each other do that, or over what was taken for room.
    if not is_right:
        raise RepairError("it cannot be changed: the new file would not be sound")


def _is_right(old: OnDisk, new: OnDisk, expected: tuple[tuple[str, bool], ...]) -> bool:
    """Whether the new file names the expected libraries, and forwards exports where the old one does."""
    found = []
    for descriptor in read_descriptors(new):
        found.append((descriptor.name, descriptor.is_delayed))
    if tuple(found) != expected:
        return False
    if forwarded_libraries(new) != forwarded_libraries(old):
        return False
    # What was not sound before may load all the same.
    return _is_sound(new) or not _is_sound(old)


def _is_sound(file: OnDisk) -> bool:
    """Whether sections follow each other in memory, and each has its content in the file."""
    free = 0
    for section in file.sections:
        end = section.offset + section.size
        if section.address < free or end > file.size:
            return False
        free = section.address + section.virtual
    # The loader reserves this much memory, and no more.
    return free <= file.header.image_size
