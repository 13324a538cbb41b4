"""Writing the tables of symbol versions for other names: they keep their size, for a name is an offset in them."""

from __future__ import annotations

from ...model.errors import RepairError
from ..skipping import SkippedParts
from .dynamic import read_dynamic_tables
from .entries import Entry
from .layout import (
    DT_VERNEED,
    DT_VERNEEDNUM,
    DT_VERSYM,
    SHT_GNU_VERNEED,
    VER_NDX_GLOBAL,
    VERDEF,
    VERNAUX,
    VERNEED,
    VERSYM_VERSION,
)
from .names import base_version, encoded, version_needs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import Draft
    from .entries import Strings
    from .names import Names, VersionNeed


def elf_hash(name: bytes) -> int:
    """Return the hash of a name by which versions are compared.

    https://gabi.xinuos.com/elf/08-dynamic.html ("Hash Table")

    >>> hex(elf_hash(b"GLIBC_2.2.5"))
    '0x9691a75'
    """
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & 0x0FFFFFFF
    return value


def write_base(
    draft: Draft,
    before: Names,
    after: Names,
    strings: Strings,
) -> None:
    """Write the name of the version that stands for the file itself, and its hash."""
    record = base_version(draft.image)
    if record is None or after.base is None or after.base == before.base:
        return
    _, flags, index, count, _, names_at, following = draft.image.cursor.unpack(
        VERDEF,
        record.at,
        "version definition",
    )
    # The hash is of the name, and loaders compare it first.
    value = elf_hash(encoded(after.base))
    new = draft.pack(
        VERDEF,
        1,
        flags,
        index,
        count,
        value,
        names_at,
        following,
    )
    draft.put(record.at, new)
    draft.put(record.name_at, draft.pack("I", strings.at(after.base)))


def write_needs(
    draft: Draft,
    entries: Sequence[Entry],
    before: Names,
    after: Names,
    strings: Strings,
) -> list[Entry]:
    """Write the libraries of version records, and return the entries of the dynamic section that fit them.

    The hash in an entry is that of its version's name, not of the library: it stays.
    """
    records = list(version_needs(draft.image))
    kept, removed = [], []
    for record, old, new in zip(
        records,
        before.versions,
        after.versions,
        strict=True,
    ):
        if new is None:
            removed.append(record)
        elif new == old:
            kept.append(record)
        else:
            kept.append(record._replace(file=strings.at(new)))
    # Records lie in a chain, each behind the one before.
    if not removed:
        _rewrite(
            draft,
            records,
            kept,
        )
        return list(entries)
    _forget_indices(draft, removed)
    _rewrite(
        draft,
        records[: len(kept)],
        kept,
    )
    return _with_count(
        draft,
        entries,
        len(kept),
    )


def _rewrite(
    draft: Draft,
    places: Sequence[VersionNeed],
    kept: Sequence[VersionNeed],
) -> None:
    """Write the records that stay into the places of the first ones: distances are counted from where a record stands."""
    for index, (place, record) in enumerate(
        zip(
            places,
            kept,
            strict=True,
        )
    ):
        is_last = index + 1 == len(places)
        following = 0 if is_last else places[index + 1].at - place.at
        aux = record.aux + record.at - place.at
        new = record._replace(
            at=place.at,
            aux=aux,
            next=following,
        )
        if new != place:
            draft.put(place.at, draft.pack(VERNEED, *new[1:]))


def _with_count(
    draft: Draft,
    entries: Sequence[Entry],
    count: int,
) -> list[Entry]:
    """Return the entries for fewer records; none of them speaks of an empty table."""
    address = draft.image.values[DT_VERNEED]
    # The number of records stands in the section's header, too.
    index = draft.section_index(address, (SHT_GNU_VERNEED,))
    if index is not None:
        section = draft.sections[index]
        size = section.size if count else 0
        draft.sections[index] = section._replace(info=count, size=size)
    found = []
    for entry in entries:
        if entry.tag == DT_VERNEEDNUM:
            entry = entry._replace(value=count)  # noqa: PLW2901
        if count or entry.tag not in (DT_VERNEED, DT_VERNEEDNUM):
            found.append(entry)
    return found


def _forget_indices(
    draft: Draft,
    removed: Sequence[VersionNeed],
) -> None:
    """Make the symbols of removed records symbols without a version.

    The loader takes an index that has no record for a mistake, or reads beyond its table.
    """
    image = draft.image
    indices = set()
    for record in removed:
        at = record.at + record.aux
        for _ in range(record.entries):
            _, _, index, _, following = image.cursor.unpack(
                VERNAUX,
                at,
                "version need entry",
            )
            indices.add(index & VERSYM_VERSION)
            if not following:
                break
            at += following
    # Without the table no symbol has a version.
    address = image.values.get(DT_VERSYM)
    if address is None:
        return
    tables = read_dynamic_tables(
        image.cursor,
        image.header,
        image.segments,
        image.sections,
        SkippedParts(),
    )
    if tables is None or not tables.has_all_exports:
        raise RepairError("the number of its symbols is not known")
    start = image.offset_of(address, "DT_VERSYM")
    table = image.cursor.unpack_all("H", tables.version_indices)
    for number, index in enumerate(table):
        if index & VERSYM_VERSION in indices:
            draft.put(start + 2 * number, draft.pack("H", VER_NDX_GLOBAL))
