"""The end of a slice with a new signature: what the load commands say of it, and its bytes."""

from __future__ import annotations

import struct

from ...model.edits import Kept
from ...model.errors import RepairError
from ...model.record import NamedTuple
from .layout import (
    CPU_TYPE_ARM64,
    LC_CODE_SIGNATURE,
    LC_ID_DYLIB,
    LC_UUID,
    MH_EXECUTE,
    WIDTH_64,
)
from .placement import ending, signature_place
from .sign import Identity, Program, read_identity, signature, signature_size
from .views import Joined, rounded_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.edits import Pieces, Sliceable
    from .placement import Head, Segment

_ALIGNMENT = 16
"""Signatures begin at a multiple of this, and those that linkers write end at one."""
_ARM64_PAGE = 1 << 14
_INTEL_PAGE = 1 << 12


class Placed(NamedTuple):
    """A signature that is still to be made, and has its place.

    :param commands: all load commands, which tell that place already.
    :param size: the room that it has, in bytes, of which the last may be left over.
    """

    commands: tuple[bytes, ...]
    content_end: int
    program: Program
    identity: Identity
    size: int


def placed_signature(
    head: Head,
    data: Sliceable,
    commands: Sequence[bytes],
) -> Placed:
    """Return where a new signature comes to lie, with load commands that say so: hashes are made of them as well.

    :param commands: the load commands after all other edits.
    :raises RepairError: when there is no place for it.
    """
    end = ending(head)
    text = head.segment(b"__TEXT")
    program = Program(
        limit=rounded_up(end.content_end, _ALIGNMENT),
        text_at=0 if text is None else text.offset,
        text_size=0 if text is None else text.size,
        is_main=head.header.file_type == MH_EXECUTE,
    )
    identity = _identity(head, data)
    size = rounded_up(signature_size(program, identity), _ALIGNMENT)
    order = "<" if head.cursor.little else ">"
    new = list(commands)
    place = struct.pack(order + "IIII", LC_CODE_SIGNATURE, 16, program.limit, size)
    # Behind all others, as codesign does.
    if end.command is None:
        new.append(place)
    linkedit = _longer(head, end.linkedit, program.limit + size)
    for nth, command in enumerate(new):
        kind = _kind(order, command)
        if kind == LC_CODE_SIGNATURE:
            new[nth] = place
        elif kind == head.header.width.segment_command and _is_linkedit(command):
            new[nth] = command[:24] + linkedit + command[24 + len(linkedit) :]
    return Placed(tuple(new), end.content_end, program, identity, size)


def signed_pieces(
    head: Head,
    data: Sliceable,
    place: Placed,
    start: bytes,
) -> Pieces:
    """Return the slice with its signature.

    :param start: header and load commands, up to where content begins.
    """
    padding = bytes(place.program.limit - place.content_end)
    content: Pieces = (start, Kept(head.room, place.content_end), padding)
    # The load commands are hashed with all else, so they have to tell the signature's place before it is made.
    made = signature(Joined(data, content), place.program, place.identity)
    return (*content, made.ljust(place.size, b"\0"))


def _kind(order: str, command: bytes) -> int:
    kind: int = struct.unpack_from(order + "I", command)[0]
    return kind


def _is_linkedit(command: bytes) -> bool:
    return command[8:24].rstrip(b"\0") == b"__LINKEDIT"


def _longer(
    head: Head,
    linkedit: Segment,
    end: int,
) -> bytes:
    """Return address and sizes of ``__LINKEDIT`` so that it reaches up to ``end`` in the file.

    :raises RepairError: when another segment is in its way in memory.
    """
    size = end - linkedit.offset
    page = _ARM64_PAGE
    # Intel's linkers round to either page: 4 KiB where that is what the file has.
    if head.header.cpu_type != CPU_TYPE_ARM64 and linkedit.memory_size % page:
        page = _INTEL_PAGE
    memory_size = rounded_up(size, page)
    first, last = linkedit.address, linkedit.address + memory_size
    for other in head.segments:
        is_below = other.address + other.memory_size <= first
        is_above = other.address >= last
        if other is not linkedit and not is_below and not is_above:
            raise RepairError(
                f"the {head.cpu} slice cannot be signed: a segment lies behind __LINKEDIT in memory"
            )
    layout = "QQQQ" if head.header.width is WIDTH_64 else "IIII"
    order = "<" if head.cursor.little else ">"
    return struct.pack(order + layout, first, memory_size, linkedit.offset, size)


def _identity(head: Head, data: Sliceable) -> Identity:
    """Return what the present signature hands on; without one the identifier is the install name's, or the UUID."""
    _, start, size = signature_place(head)
    # The same program, so the same identifier: linkers have taken the name of their output for it.
    known = read_identity(data, start, size)
    if known is not None:
        return known
    from .commands import read_string

    command = head.commands.first.get(LC_ID_DYLIB)
    if command is not None:
        name = read_string(head.cursor, command, "LC_ID_DYLIB").rpartition("/")[2]
        return Identity(name.encode())
    # Whatever tells one program from others will do: nobody else asks for it in an ad hoc signature.
    command = head.commands.first.get(LC_UUID)
    if command is None:
        return Identity(b"unnamed")
    uuid = bytes(head.cursor.data[command.offset + 8 : command.offset + command.size])
    return Identity(uuid.hex().encode())
