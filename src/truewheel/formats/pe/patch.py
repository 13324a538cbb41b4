"""Writes PE images anew in which libraries have other names. Pure: bytes and edits in, pieces of a file out.

Only the addresses of names change; the names themselves are new bytes in free room (``room``). Code, import address tables,
stamps of bound imports and exports stay as they are. What an edit makes untrue goes: signature, checksum, the directory of
bound imports, and flags that keep the loader from looking beside the file.

What Windows does not have is refused: there is no search path in a PE image, and symbols are imported from a library by its
name, so that a library whose symbols are used cannot be left out.
"""

from __future__ import annotations

import struct

from ...model.edits import (
    Kept,
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
)
from ...model.errors import RepairError
from ...model.record import Record
from .checksum import with_checksum
from .descriptors import EXPORT_NAME_AT, forwarded_libraries, read_descriptors
from .layout import (
    BOUND_IMPORT,
    CERTIFICATE,
    DEPENDENT_LOAD_FLAGS_AT,
    DEPENDENT_LOAD_FLAGS_SIZE,
    DIRECTORY_SIZE,
    EXPORT,
    LOAD_CONFIG,
)
from .on_disk import OnDisk
from .patched import check_patched
from .room import add_strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.edits import Edit, Pieces, Sliceable
    from .descriptors import Descriptor
    from .room import Additions

_CERTIFICATE_ALIGNMENT = 8
_LONGEST_NAME = 255
"""Characters that NTFS takes in a file name."""


class _Wishes(Record):
    """What edits ask for.

    :param new_names: of libraries, by their old ones in lower case.
    :param removed: libraries that are no longer needed, in lower case.
    :param own_name: of the file itself.
    """

    new_names: dict[str, str]
    removed: frozenset[str]
    own_name: str | None


class _Plan(Record):
    """What is to change, for one file.

    :param descriptors: those that stay, each with the library that it is to name.
    :param removed: descriptors that go.
    :param own_name: the new name in the export directory.
    """

    descriptors: tuple[tuple[Descriptor, str], ...]
    removed: tuple[Descriptor, ...]
    own_name: str | None

    @property
    def renamed(self) -> tuple[tuple[Descriptor, str], ...]:
        """The descriptors whose library gets another name."""
        found = []
        for descriptor, name in self.descriptors:
            if name != descriptor.name:
                found.append((descriptor, name))
        return tuple(found)

    @property
    def changes_nothing(self) -> bool:
        """Whether the file is to stay as it is."""
        if self.own_name is not None:
            return False
        return not self.renamed and not self.removed


def patch(data: Sliceable, edits: Sequence[Edit]) -> Pieces:
    """Return a PE image with edits made. When they change nothing, it is the old file as a whole, signature included.

    All edits count for the file as it is: one that renames a to b, and one that renames b to c, leave b where a was.

    :raises FormatError: when this is not a PE image, or its tables lie outside of it.
    :raises RepairError: when an edit cannot be made in a PE image, or not in this one.
    """
    file = OnDisk(data)
    wishes = _read_edits(edits)
    _check_forwarders(file, wishes)
    plan = _plan(file, wishes)
    if plan.changes_nothing:
        return (Kept(0, file.size),)
    end = _end_without_certificate(file)
    additions = add_strings(file, _strings(plan), end)
    changes = [
        *additions.changes,
        *_descriptor_changes(plan, additions),
        *_own_name_changes(file, plan, additions),
        *_outdated(file),
    ]
    pieces = with_checksum(file, end, changes, additions.tail)
    expected = tuple(
        (name, descriptor.is_delayed) for descriptor, name in plan.descriptors
    )
    check_patched(file, pieces, expected)
    return pieces


# --- what is asked for ------------------------------------------------------------------------------------------


def _read_edits(edits: Sequence[Edit]) -> _Wishes:
    """Return what edits ask for.

    :raises RepairError: when PE images do not have such a thing, or two edits contradict each other.
    """
    new_names: dict[str, str] = {}
    removed = set()
    own_name = None
    for edit in edits:
        if isinstance(edit, SetSearchPaths):
            raise RepairError(
                "a PE file has no list of directories to search",
                hint="put libraries beside the module that needs them",
            )
        if isinstance(edit, ReplaceNeeded):
            old, new = edit.old.lower(), _checked_name(edit.new)
            if new_names.setdefault(old, new) != new:
                raise RepairError(
                    f"{edit.old} cannot be renamed both to {new_names[old]} and to {new}"
                )
        elif isinstance(edit, RemoveNeeded):
            removed.add(edit.library.lower())
        elif isinstance(edit, SetName):
            own_name = _checked_name(edit.name)
    return _Wishes(new_names=new_names, removed=frozenset(removed), own_name=own_name)


def _checked_name(name: str) -> str:
    """Return a library's name, if every Windows understands it: the loader reads names in the code page of the machine."""
    is_plain = name.isascii() and name.isprintable()
    if not is_plain or not 0 < len(name) <= _LONGEST_NAME:
        raise RepairError(
            f"{name!r} cannot be the name of a library in a PE file: it has to be 1 to {_LONGEST_NAME} characters of ASCII"
        )
    return name


def _check_forwarders(file: OnDisk, wishes: _Wishes) -> None:
    """Raise a RepairError for a library that exports are forwarded to: forwarders have to stand within the export directory.

    Nobody but the linker can make that longer, for what follows it is code or data.
    """
    wanted = wishes.new_names.keys() | wishes.removed
    clash = sorted(wanted & forwarded_libraries(file)) if wanted else []
    if clash:
        raise RepairError(
            f"{clash[0]} cannot be renamed or left out: the file forwards exports to it",
            hint=f"keep its name (keep-names = [{clash[0]!r}])",
        )


def _plan(file: OnDisk, wishes: _Wishes) -> _Plan:
    """Return what is to change.

    :raises RepairError: when a library cannot be left out.
    """
    staying = []
    removed = []
    for descriptor in read_descriptors(file):
        old = descriptor.name.lower()
        if old in wishes.removed:
            _check_removal(descriptor)
            removed.append(descriptor)
        else:
            staying.append((descriptor, wishes.new_names.get(old, descriptor.name)))
    own_name = wishes.own_name
    if own_name is not None and _own_name(file) in (None, own_name):
        # The loader knows a library by its file's name. Without an export directory there is no other.
        own_name = None
    return _Plan(descriptors=tuple(staying), removed=tuple(removed), own_name=own_name)


def _check_removal(descriptor: Descriptor) -> None:
    # Code has the addresses of delay-load descriptors: they cannot move up.
    if descriptor.is_delayed or not descriptor.is_empty:
        raise RepairError(
            f"{descriptor.name} cannot be left out: Windows looks symbols up in the library that is named with them",
            hint="link without it",
        )


def _own_name(file: OnDisk) -> str | None:
    """Return the name in the export directory."""
    address, _ = file.header.directory(EXPORT)
    if not address:
        return None
    (name,) = file.row("I", address + EXPORT_NAME_AT, "export directory")
    return file.name(name, "export DLL name") if name else None


# --- changes ----------------------------------------------------------------------------------------------------


def _strings(plan: _Plan) -> list[bytes]:
    """Return the names that the file is to have, each once, with their ends."""
    names = [name for _, name in plan.renamed]
    if plan.own_name is not None:
        names.append(plan.own_name)
    return [_string(name) for name in dict.fromkeys(names)]


def _string(name: str) -> bytes:
    return name.encode("ascii") + b"\0"


def _descriptor_changes(
    plan: _Plan, additions: Additions
) -> Iterator[tuple[int, bytes]]:
    """Yield the descriptors that change; where one goes, the following ones move up."""
    free = [descriptor.at for descriptor in plan.removed]
    for descriptor, name in plan.descriptors:
        place, row = descriptor.at, descriptor.row
        if name != descriptor.name:
            address = additions.addresses[_string(name)]
            row = descriptor.renamed(address)
        # Only import descriptors are taken out; those for delayed loading are another list.
        if free and not descriptor.is_delayed and free[0] < place:
            free.append(place)
            place = free.pop(0)
        yield place, row
    for descriptor, place in zip(plan.removed, free, strict=True):
        yield place, bytes(len(descriptor.row))


def _own_name_changes(
    file: OnDisk, plan: _Plan, additions: Additions
) -> Iterator[tuple[int, bytes]]:
    """Yield the address of the file's new name in the export directory."""
    if plan.own_name is None:
        return
    directory, _ = file.header.directory(EXPORT)
    at = file.offset(
        directory + EXPORT_NAME_AT,
        4,
        "export directory",
    )
    address = additions.addresses[_string(plan.own_name)]
    yield at, struct.pack("<I", address)


def _outdated(file: OnDisk) -> Iterator[tuple[int, bytes]]:
    """Yield what any edit makes untrue."""
    # Old loaders take the names of bound libraries from here. Unbound, imports are looked up as always.
    for index in (CERTIFICATE, BOUND_IMPORT):
        if any(file.header.directory(index)):
            yield file.directory_field(index), bytes(DIRECTORY_SIZE)
    address, _ = file.header.directory(LOAD_CONFIG)
    if not address:
        return
    # The structure begins with its own size, and has grown with each Windows.
    field = DEPENDENT_LOAD_FLAGS_AT[file.header.width.bits]
    (size,) = file.row("I", address, "load configuration")
    if size < field + DEPENDENT_LOAD_FLAGS_SIZE:
        return
    # The flags may say that dependencies are looked for in Windows' directory alone (/DEPENDENTLOADFLAG).
    at = file.offset(
        address + field,
        DEPENDENT_LOAD_FLAGS_SIZE,
        "DependentLoadFlags",
    )
    yield at, bytes(DEPENDENT_LOAD_FLAGS_SIZE)


def _end_without_certificate(file: OnDisk) -> int:
    """Return how much of the file stays: all in front of a certificate that ends it.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-attribute-certificate-table-image-only
    """
    # The address in this directory, and in no other, is an offset in the file.
    offset, size = file.header.directory(CERTIFICATE)
    if not size:
        return file.size
    ends = [section.offset + section.size for section in file.sections]
    content = max(
        file.header.headers_size,
        file.header.names_at,
        *ends,
        0,
    )
    # A certificate is filled up to 8 bytes. One with something behind it stays, as bytes that nothing leads to.
    behind = file.size - (offset + size)
    is_last = 0 <= behind < _CERTIFICATE_ALIGNMENT
    if is_last and offset >= content:
        return offset
    return file.size
