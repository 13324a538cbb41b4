"""The places at which an image names libraries: import descriptors, delay-load descriptors, and export forwarders.

``imports`` and ``exports`` read the symbols as well; here are the offsets of what can be changed.
"""

from __future__ import annotations

import struct

from ...model.record import Record
from .exports import EXPORT_DIRECTORY
from .imports import DELAY_DESCRIPTOR, IMPORT_DESCRIPTOR
from .layout import DELAY_IMPORT, DELAY_RVA_BASED, EXPORT, IMPORT, MOST_EXPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .on_disk import OnDisk

IMPORT_NAME_AT = 12
"""Where ``IMAGE_IMPORT_DESCRIPTOR`` has the address of a name."""
DELAY_NAME_AT = 4
"""Where ``ImgDelayDescr`` has it."""
EXPORT_NAME_AT = 12
"""Where ``IMAGE_EXPORT_DIRECTORY`` has it."""
_MOST_NEEDS = 4096
"""Libraries that one file is believed to need: programs have a hundred."""


class Descriptor(Record):
    """One library that an image needs.

    :param at: where in the file the descriptor begins.
    :param row: its bytes.
    :param name_at: where in it the address of the name stands.
    :param base: what that address is relative to: 0 for the image's base.
    :param name: the library, as written.
    :param is_empty: whether no symbol is imported.
    :param is_delayed: whether it is loaded on first use.
    """

    at: int
    row: bytes
    name_at: int
    base: int
    name: str
    is_empty: bool
    is_delayed: bool

    def renamed(self, address: int) -> bytes:
        """Return the bytes of the descriptor with its name at another address."""
        row = bytearray(self.row)
        name = self.base + address
        struct.pack_into(
            "<I",
            row,
            self.name_at,
            name & 0xFFFFFFFF,
        )
        return bytes(row)


def read_descriptors(file: OnDisk) -> tuple[Descriptor, ...]:
    """Return the descriptors of both directories, in their order.

    :raises FormatError: when one lies outside of the file, or there is no end to them.
    """
    normal = _import_descriptors(file)
    delayed = _delay_descriptors(file)
    return (*normal, *delayed)


def _import_descriptors(file: OnDisk) -> Iterator[Descriptor]:
    """Yield the descriptors of the import directory, as the loader does: up to one without a name or an address table."""
    size = struct.calcsize("<" + IMPORT_DESCRIPTOR)
    for address in _addresses(file, IMPORT, size, "import directory"):
        fields = file.row(IMPORT_DESCRIPTOR, address, "import directory")
        lookup_table, _, _, name, address_table = fields
        # The directory's size is not looked at.
        if not name or not address_table:
            return
        # Old linkers left out the lookup table: then the address table still has the names.
        has_lookup_table = lookup_table >= file.header.headers_size
        table = lookup_table if has_lookup_table else address_table
        at = file.offset(address, size, "import directory")
        yield Descriptor(
            at=at,
            row=file.part(at, size, "import directory"),
            name_at=IMPORT_NAME_AT,
            base=0,
            name=file.name(name, "DLL name"),
            is_empty=_is_empty(file, table),
            is_delayed=False,
        )


def _delay_descriptors(file: OnDisk) -> Iterator[Descriptor]:
    """Yield the descriptors of the delay-load directory.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#delay-load-import-tables-image-only
    """
    size = struct.calcsize("<" + DELAY_DESCRIPTOR)
    for address in _addresses(file, DELAY_IMPORT, size, "delay import directory"):
        fields = file.row(DELAY_DESCRIPTOR, address, "delay import directory")
        attributes, name, _, _, table, *_ = fields
        if not name:
            return
        # Visual C++ 6 wrote addresses instead of offsets from the base; the loader's relocations add to what stands there.
        base = 0 if attributes & DELAY_RVA_BASED else file.header.base
        at = file.offset(address, size, "delay import directory")
        yield Descriptor(
            at=at,
            row=file.part(at, size, "delay import directory"),
            name_at=DELAY_NAME_AT,
            base=base,
            name=file.name(name - base, "delayed DLL name"),
            is_empty=_is_empty(file, table - base),
            is_delayed=True,
        )


def _addresses(file: OnDisk, directory: int, size: int, field: str) -> Iterator[int]:
    """Yield the addresses of a directory's descriptors, and then fail."""
    address, _ = file.header.directory(directory)
    if not address:
        return
    last = address + size * _MOST_NEEDS
    yield from range(address, last, size)
    file.fail(
        f"{field} has no end",
        at=0,
        field=field,
    )


def _is_empty(file: OnDisk, table: int) -> bool:
    thunk = file.header.width.thunk
    (first,) = file.row(thunk, table, "import lookup table")
    return not first


def forwarded_libraries(file: OnDisk) -> frozenset[str]:
    """Return the libraries to which exports are forwarded, in lower case and with their suffix.

    A forwarder is ``LIBRARY.symbol`` in the place of code, within the export directory.
    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#export-address-table

    :raises FormatError: when a table lies outside of the file.
    """
    address, size = file.header.directory(EXPORT)
    if not address:
        return frozenset()
    inside = range(address, address + size)
    fields = file.row(EXPORT_DIRECTORY, address, "export directory")
    _, _, functions, _, table, *_ = fields
    if not functions:
        return frozenset()
    count = min(functions, MOST_EXPORTS)
    targets = file.row(f"{count}I", table, "export address table")
    found = set()
    for target in targets:
        # Anything else is the address of code or data.
        if target not in inside:
            continue
        forwarder = file.name(target, "export forwarder")
        library, _, _ = forwarder.rpartition(".")
        found.add(_with_suffix(library.lower()))
    return frozenset(found)


def _with_suffix(library: str) -> str:
    # The loader adds the suffix where there is none (LdrpSnapProcedure).
    if "." in library:
        return library
    return library + ".dll"
