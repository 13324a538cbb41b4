"""Changing the names in an ELF file: search paths, needed libraries, its own name. Returns pieces, and writes nothing.

What other writers do, and why this one is as it is: ``docs/explanation/writing-binaries.md``.

1. The final names are worked out first (``names.py``). If nothing changes, the file stays as it is.
2. Strings are appended, never written over; the dynamic section stays where it is, in its empty slots (``entries.py``).
3. What must move goes into one new segment behind everything else (``segment.py``), whose program header needs room
   (``room.py``). No address changes but of what moves.
4. The result is read again before it is handed out (``verify.py``).
"""

from __future__ import annotations

from ...model.edits import Kept
from .draft import Draft
from .entries import Strings, entries_for, without_expendable
from .image import read_image
from .names import edited, read_names
from .segment import place
from .symbols import move_symbols
from .verify import verify
from .versions import write_base, write_needs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.edits import Edit, Pieces, Sliceable


def patch(
    data: Sliceable,
    edits: Sequence[Edit],
) -> Pieces:
    """Return a file with other names.

    Of the old file only headers, the dynamic section, its strings and its tables of versions are read. The same edits to
    the result change nothing.

    :raises FormatError: when the file is not what its header claims.
    :raises RepairError: when it is not linked dynamically, an edit cannot be made, or there is no room for it.
    """
    image = read_image(data)
    before = read_names(image)
    after = edited(before, edits)
    # Not even headers are written anew: the file may be signed, or linked from many places.
    if after == before:
        return (Kept(0, len(data)),)
    draft = Draft(image)
    # Names are added while the tables that point to them are written.
    strings = Strings(image.strings)
    entries = entries_for(
        image,
        before,
        after,
        strings,
    )
    entries = write_needs(
        draft,
        entries,
        before,
        after,
        strings,
    )
    write_base(
        draft,
        before,
        after,
        strings,
    )
    place(
        draft,
        without_expendable(entries, image.capacity),
        strings,
    )
    # All places are known now.
    move_symbols(draft)
    pieces = draft.pieces()
    verify(
        data,
        pieces,
        image,
        after,
    )
    return pieces
