"""The entries of a dynamic section for other names, and the strings that they point to."""

from __future__ import annotations

from ...model.record import NamedTuple
from .layout import (
    DT_FLAGS,
    DT_FLAGS_1,
    DT_MIPS_RLD_MAP_REL,
    DT_NEEDED,
    DT_NULL,
    DT_RELACOUNT,
    DT_RELCOUNT,
    DT_SONAME,
    DT_STRSZ,
    DT_STRTAB,
    EM_MIPS,
    SEARCH_PATHS,
)
from .names import encoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .image import Image
    from .names import Names

DF_BIND_NOW = 0x8
DF_1_NOW = 0x1
_FREE_SLOTS = 4
"""Empty entries behind a dynamic section that moves, as GNU ld leaves them: the next edit finds room."""


class Strings:
    """A string table that only grows: what stands in it may be the end of other strings, which linkers share.

    :ivar added: what is to stand behind the old table.
    """

    __slots__ = ("_old", "added")

    def __init__(self, old: bytes) -> None:
        self._old = old
        self.added = b""

    def __len__(self) -> int:
        return len(self._old) + len(self.added)

    def at(self, text: str) -> int:
        """Return where a string stands, which is added if it does not stand there yet."""
        wanted = encoded(text) + b"\0"
        found = self._old.find(wanted)
        if found >= 0:
            return found
        found = self.added.find(wanted)
        if found < 0:
            # A table whose last string has no end would lend it the beginning of ours.
            if not self.added and self._old[-1:] != b"\0":
                self.added = b"\0"
            found = len(self.added)
            self.added += wanted
        return len(self._old) + found


class Entry(NamedTuple):
    """An entry of the dynamic section, and the slot that it had; -1 when it is new."""

    tag: int
    value: int
    slot: int


def entries_for(
    image: Image,
    before: Names,
    after: Names,
    strings: Strings,
) -> list[Entry]:
    """Return the entries that say the names of ``after``: each stands where the old one stood, new ones stand last."""
    needed = iter(
        zip(
            before.needed,
            after.needed,
            strict=True,
        )
    )
    # The first of both kinds of search path keeps its place, which saves an entry.
    search = _search_entries(after, strings)
    found = []
    for index, (tag, value) in enumerate(image.slots):
        new_tag, new_value = tag, value
        if tag == DT_NEEDED:
            old, new = next(needed)
            if new is None:
                continue
            if new != old:
                new_value = strings.at(new)
        elif tag in SEARCH_PATHS:
            if not search:
                continue
            new_tag, new_value = search.pop(0)
        elif tag == DT_SONAME and after.name != before.name and after.name:
            new_value = strings.at(after.name)
        found.append(
            Entry(
                new_tag,
                new_value,
                index,
            )
        )
    # New entries stand behind all others, so that none but they have a new place.
    if before.name is None and after.name is not None:
        found.append(
            Entry(
                DT_SONAME,
                strings.at(after.name),
                -1,
            )
        )
    found += [
        Entry(
            tag,
            value,
            -1,
        )
        for tag, value in search
    ]
    return found


def _search_entries(after: Names, strings: Strings) -> list[tuple[int, int]]:
    """Return tag and value of the entries with search paths, in order."""
    found = []
    for tag, text in after.search:
        found.append((tag, strings.at(text)))
    return found


def without_expendable(
    entries: Sequence[Entry],
    capacity: int,
) -> list[Entry]:
    """Return the entries without those that say nothing, as many as must go to make the others fit.

    ``DT_RELACOUNT`` and ``DT_RELCOUNT`` are hints by which glibc takes a shorter loop; without them it finds relative
    relocations one by one. ``DF_BIND_NOW`` is said twice by linkers.
    https://gabi.xinuos.com/elf/08-dynamic.html (``DF_BIND_NOW``), glibc ``elf/do-rel.h``
    """
    missing = len(entries) - capacity
    kept = []
    for entry in entries:
        if missing > 0 and _is_expendable(entry, entries):
            missing -= 1
        else:
            kept.append(entry)
    return kept


def _is_expendable(entry: Entry, entries: Sequence[Entry]) -> bool:
    """Whether the loader does the same without an entry."""
    if entry.tag in (DT_RELACOUNT, DT_RELCOUNT):
        return True
    if (entry.tag, entry.value) != (DT_FLAGS, DF_BIND_NOW):
        return False
    others = [other.value for other in entries if other.tag == DT_FLAGS_1]
    return any(value & DF_1_NOW for value in others)


def with_values(entries: Sequence[Entry], values: Mapping[int, int]) -> list[Entry]:
    """Return the entries with other values for some tags."""
    found = []
    for entry in entries:
        value = values.get(entry.tag, entry.value)
        found.append(
            Entry(
                entry.tag,
                value,
                entry.slot,
            )
        )
    return found


def table_of(
    image: Image,
    entries: Sequence[Entry],
    address: int,
    capacity: int,
) -> list[tuple[int, int]]:
    """Return all slots of the dynamic section at ``address``, the empty ones too."""
    size = image.header.file_class.dynamic_size
    found = []
    for index, (tag, value, old) in enumerate(entries):
        # It counts from the entry itself, of which the place may have changed.
        if tag == DT_MIPS_RLD_MAP_REL and image.header.machine == EM_MIPS and old >= 0:
            moved = address + index * size - image.dynamic.vaddr - old * size
            value = (value - moved) % (1 << image.header.file_class.bits)  # noqa: PLW2901
        found.append((tag, value))
    found += [(DT_NULL, 0)] * (capacity + 1 - len(found))
    return found


def grown_capacity(entries: Sequence[Entry]) -> int:
    """Return for how many entries a dynamic section that moves has room."""
    return len(entries) + _FREE_SLOTS


def string_values(address: int, size: int) -> dict[int, int]:
    """Return the tags of a string table."""
    return {DT_STRTAB: address, DT_STRSZ: size}
