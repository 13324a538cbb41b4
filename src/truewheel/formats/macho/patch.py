"""The door for writing: edits made in the header of a Mach-O file, and the signature made anew.

Between those two nothing moves and nothing changes: no code, no table of the loader's, no UUID. What edits need has to fit
between the load commands and the first section, in each slice by itself. In fat files slices move as wholes.
"""

from __future__ import annotations

import struct

from ...model.binary import LOADABLE
from ...model.edits import Kept, size_of
from ...model.errors import RepairError
from ...model.record import replace
from ..cursor import Cursor
from .edited import edited_commands, need_names, wanted_of
from .ending import placed_signature, signed_pieces
from .fat_table import (
    LARGEST_TABLE,
    check_alignments,
    fits_table,
    read_table,
    table,
)
from .layout import CPU_TYPE_ARM64, FAT_ARCH
from .placement import is_slice, read_head, signature_place
from .sign import is_valid
from .views import Joined, Part, moved, rounded_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.edits import Edit, Pieces, Sliceable
    from .edited import Wanted
    from .fat_table import FatArch
    from .placement import Head


def patch(data: Sliceable, edits: Sequence[Edit]) -> Pieces:
    """Return the file with its edits made, each in every slice that can be loaded.

    A slice that says already what is wanted, and whose signature is valid, stays byte for byte; so the same edits a second
    time change nothing. A signature is made anew, ad hoc, where there was one, and for arm64, which runs nothing unsigned.

    :raises RepairError: when there is no room for what has to be said, or something asked for cannot be done.
    :raises FormatError: when the file is not what its header claims.
    """
    wanted = wanted_of(edits)
    magic = bytes(data[:4])
    if magic in FAT_ARCH:
        return _patch_fat(data, wanted, magic)
    pieces = _patch_slice(data, wanted, 0) if is_slice(data) else None
    return pieces or (Kept(0, len(data)),)


# --- fat files --------------------------------------------------------------------------------------------------


def _patch_fat(data: Sliceable, wanted: Wanted, magic: bytes) -> Pieces:
    """Return a fat file with its slices patched and laid out anew, or as it is when none changes."""
    view = Cursor(bytes(data[:LARGEST_TABLE]), little=False, what="Mach-O file")
    archs = read_table(view, magic)
    check_alignments(view, archs)
    new: dict[FatArch, Pieces] = {}
    for arch in archs:
        if arch.end > len(data):
            view.fail("a slice lies outside of it", offset=8, field="fat_arch")
        part = Part(data, arch.offset, arch.end)
        # lipo makes fat files of static libraries as well: nothing in them is loaded.
        if not is_slice(part):
            continue
        pieces = _patch_slice(part, wanted, arch.offset)
        if pieces is not None:
            new[arch] = moved(pieces, arch.offset)
    if not new:
        return (Kept(0, len(data)),)
    return _laid_out(data, magic, archs, new)


def _laid_out(
    data: Sliceable,
    magic: bytes,
    archs: Sequence[FatArch],
    new: dict[FatArch, Pieces],
) -> Pieces:
    """Return the slices one after the other, each at a multiple of its alignment, behind the table that says so.

    :raises RepairError: when the file would become too large for its table.
    """
    in_order = sorted(archs, key=lambda arch: arch.offset)
    places: dict[FatArch, FatArch] = {}
    body: list[Kept | bytes] = []
    # The first one stays: nothing before it grows.
    end = in_order[0].offset
    for arch in in_order:
        pieces = new.get(arch, (Kept(arch.offset, arch.end),))
        offset = rounded_up(end, 1 << arch.align) if places else end
        if offset > end:
            body.append(bytes(offset - end))
        body += pieces
        end = offset + size_of(pieces)
        places[arch] = replace(arch, offset=offset, size=end - offset)
    # Whatever stands behind the last slice belongs to none, and is kept.
    if in_order[-1].end < len(data):
        body.append(Kept(in_order[-1].end, len(data)))
    rows = [places[arch] for arch in archs]
    if not fits_table(magic, rows):
        raise RepairError("the fat file would be larger than 4 GiB, and cannot be")
    head = table(magic, rows).ljust(in_order[0].offset, b"\0")
    return (head, *body)


# --- slices -----------------------------------------------------------------------------------------------------


def _patch_slice(data: Sliceable, wanted: Wanted, base: int) -> Pieces | None:
    """Return one slice with its edits made, or ``None`` when it stays as it is."""
    head = read_head(data, base)
    # Objects and the companions of debuggers meet no loader.
    if head.header.kind not in LOADABLE:
        return None
    old = head.command_bytes
    new = edited_commands(head.cursor, head.header, head.commands, wanted)
    command, start, size = signature_place(head)
    needs_signature = command is not None or head.header.cpu_type == CPU_TYPE_ARM64
    # Hashed only where that decides.
    if new == old and (not needs_signature or is_valid(data, start, size)):
        return None
    if needs_signature:
        place = placed_signature(head, data, new)
        new = list(place.commands)
        pieces = signed_pieces(head, data, place, new_head(head, new))
    else:
        pieces = (new_head(head, new), Kept(head.room, head.size))
    _prove(Joined(data, pieces), head, wanted, is_signed=needs_signature)
    return pieces


def new_head(head: Head, commands: Sequence[bytes]) -> bytes:
    """Return the header and the load commands, with zeros up to the content.

    :raises RepairError: when there is too little room.
    """
    area = b"".join(commands)
    start = head.header.width.header_size
    growth = start + len(area) - head.header.end
    free = head.room - head.header.end
    if growth > free:
        raise RepairError(
            f"the {head.cpu} slice has no room for what its header has to say",
            context=(
                f"{growth} bytes more are needed for load commands, and {free} are free",
            ),
            hint="link it with -Wl,-headerpad_max_install_names, which leaves room",
        )
    fixed = bytearray(head.cursor.data[:start])
    # ncmds and sizeofcmds
    layout = "<II" if head.cursor.little else ">II"
    struct.pack_into(layout, fixed, 16, len(commands), len(area))
    return (bytes(fixed) + area).ljust(head.room, b"\0")


def _prove(new: Sliceable, old: Head, wanted: Wanted, *, is_signed: bool) -> None:
    """Read what was made as a stranger would, and refuse it when it does not say what was wanted.

    :raises RepairError: then: it would be a mistake of ours.
    """
    # read_head() has compared the room with what stands in it, and the sizes of commands with their area.
    head = read_head(new, 0)
    names = [
        wanted.names.get(name, name) for name in need_names(old.cursor, old.commands)
    ]
    is_sound = list(need_names(head.cursor, head.commands)) == names
    is_sound &= all(one.offset + one.size <= head.size for one in head.segments)
    command, start, size = signature_place(head)
    if is_signed:
        is_sound &= start + size == head.size and is_valid(new, start, size)
    if not is_sound or (command is not None) != is_signed:
        raise RepairError(
            f"the {head.cpu} slice did not come out as it should, and was not written",
            hint="this is a mistake in truewheel: please report it with the file",
        )
