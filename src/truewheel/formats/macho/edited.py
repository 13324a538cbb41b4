"""The load commands of a slice after edits: each as its bytes, in order. Nothing else of the slice is looked at.

Symbols name a library by its place among those that are needed (its ordinal), so needs are renamed where they stand, and
none is ever taken away or put between others.
"""

from __future__ import annotations

import struct

from ...model.edits import RemoveNeeded, ReplaceNeeded, SetName, SetSearchPaths
from ...model.errors import RepairError
from ...model.record import Record
from .commands import read_string
from .layout import LC_ID_DYLIB, LC_RPATH, MH_DYLIB, NEEDS
from .views import rounded_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...model.edits import Edit
    from ..cursor import Cursor
    from .commands import Command, Commands
    from .layout import Header

_RPATH_HEAD_SIZE = 12


class Wanted(Record):
    """What the edits ask for, together.

    :param paths: all that ``LC_RPATH`` is to say; ``None`` when nobody asked about it.
    :param names: new names of libraries by those that are written.
    :param removed: libraries that are to be needed no longer.
    :param name: the install name of the file itself.
    """

    paths: tuple[str, ...] | None
    names: Mapping[str, str]
    removed: frozenset[str]
    name: str | None


def wanted_of(edits: Sequence[Edit]) -> Wanted:
    """Return what edits ask for. All of them speak of names as they are written now; of two about one thing, the last counts.

    :raises ValueError: for search paths of another format.
    """
    paths: tuple[str, ...] | None = None
    names: dict[str, str] = {}
    removed: set[str] = set()
    name: str | None = None
    for edit in edits:
        match edit:
            case SetSearchPaths():
                if edit.kind != "LC_RPATH":
                    raise ValueError(f"Mach-O files have LC_RPATH, and not {edit.kind}")
                paths = _each_once(edit.paths)
            case ReplaceNeeded():
                names[edit.old] = edit.new
            case RemoveNeeded():
                removed.add(edit.library)
            case SetName():
                name = edit.name
    return Wanted(paths=paths, names=names, removed=frozenset(removed), name=name)


def _each_once(paths: Sequence[str]) -> tuple[str, ...]:
    """Return paths without those that say the same again, for which dyld refuses a file (since macOS 15.4)."""
    found: dict[str, str] = {}
    for path in paths:
        found.setdefault(path.rstrip("/") or "/", path)
    return tuple(found.values())


def edited_commands(
    cursor: Cursor,
    header: Header,
    commands: Commands,
    wanted: Wanted,
) -> list[bytes]:
    """Return every load command as it is to be: those that stay byte for byte, new ones behind all others.

    :raises RepairError: when a need is to be removed, or two would get one name.
    :raises FormatError: when the name in a command cannot be read.
    """
    # Without a wish about them, those that are there are wanted.
    paths = iter(wanted.paths or ())
    found = []
    for command in commands.all:
        old = bytes(cursor.data[command.offset : command.offset + command.size])
        if command.kind == LC_RPATH and wanted.paths is not None:
            path = next(paths, None)
            # There are more than are wanted.
            if path is None:
                continue
            new = _renamed(cursor, header, command, path)
        elif command.kind in NEEDS:
            new = _renamed_need(cursor, header, command, wanted)
        elif _is_own_name(header, command) and wanted.name is not None:
            new = _renamed(cursor, header, command, wanted.name)
        else:
            new = old
        found.append(new)
    found += [_rpath(cursor, header, path) for path in paths]
    _refuse_twins(cursor, commands, wanted)
    return found


def _is_own_name(header: Header, command: Command) -> bool:
    """Return whether a command is the install name of a library. dyld refuses a bundle that has one."""
    return command.kind == LC_ID_DYLIB and header.file_type == MH_DYLIB


def _renamed_need(
    cursor: Cursor,
    header: Header,
    command: Command,
    wanted: Wanted,
) -> bytes:
    """Return a needed library under the name that is wanted for it.

    :raises RepairError: when it is to be removed.
    """
    name = read_string(cursor, command, "LC_LOAD_DYLIB")
    if name in wanted.removed:
        raise RepairError(
            f"the need of {name} cannot be taken out of a Mach-O file",
            context=("symbols count the needed libraries, and all that follow it would be another one",),
            hint="link without it: -undefined dynamic_lookup leaves Python's symbols to the process",
        )  # fmt: skip
    return _renamed(cursor, header, command, wanted.names.get(name, name))


def _renamed(cursor: Cursor, header: Header, command: Command, name: str) -> bytes:
    """Return a command with another string at its end; the same bytes when that is what it says."""
    old = bytes(cursor.data[command.offset : command.offset + command.size])
    if read_string(cursor, command, "lc_str") == name:
        return old
    # All before the string stays: versions, and the flags of dylib_use_command.
    (start,) = struct.unpack_from(_order(cursor) + "I", old, 8)
    new = bytearray(_padded(old[:start] + _text(name), header))
    struct.pack_into(_order(cursor) + "I", new, 4, len(new))
    return bytes(new)


def _rpath(cursor: Cursor, header: Header, path: str) -> bytes:
    """Return a new ``rpath_command``."""
    text = _text(path)
    size = len(_padded(bytes(_RPATH_HEAD_SIZE) + text, header))
    head = struct.pack(_order(cursor) + "III", LC_RPATH, size, _RPATH_HEAD_SIZE)
    return _padded(head + text, header)


def _text(name: str) -> bytes:
    if "\0" in name:
        raise ValueError(f"{name!r} cannot be written: a NUL would end it")
    return name.encode() + b"\0"


def _padded(command: bytes, header: Header) -> bytes:
    """Return a command with zeros behind it: sizes are multiples of 8, in 32-bit files of 4 (loader.h)."""
    return command.ljust(rounded_up(len(command), header.width.bits // 8), b"\0")


def _order(cursor: Cursor) -> str:
    return "<" if cursor.little else ">"


def _refuse_twins(cursor: Cursor, commands: Commands, wanted: Wanted) -> None:
    """Refuse a name that two needs would share: dyld does so, in files for macOS 15 and later.

    ``Header::validSemanticsLinkedDylibs``: https://github.com/apple-oss-distributions/dyld/blob/main/mach_o/Header.cpp

    :raises RepairError: naming it.
    """
    taken: dict[str, str] = {}
    for old in need_names(cursor, commands):
        new = wanted.names.get(old, old)
        other = taken.setdefault(new, old)
        # A file may have been linked so, and that is no business of ours.
        if other != old:
            raise RepairError(
                f"{old} and {other} cannot both become {new}",
                context=("dyld refuses a file that needs one library twice",),
                hint="link with one of the two names",
            )


def need_names(cursor: Cursor, commands: Commands) -> Iterator[str]:
    """Yield the names of the needed libraries, in the order of their ordinals."""
    for command in commands.all:
        if command.kind in NEEDS:
            yield read_string(cursor, command, "LC_LOAD_DYLIB")
