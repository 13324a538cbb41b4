"""The names in an ELF file that edits change: what they are, and what they are to be. No byte is written here.

The final names are worked out before anything is written, so that edits that change nothing leave the file as it is.
"""

from __future__ import annotations

from ...model.edits import (
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
)
from ...model.errors import RepairError
from ...model.record import NamedTuple, Record, replace
from .layout import (
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    DT_VERDEF,
    DT_VERNEED,
    SEARCH_PATHS,
    VER_FLG_BASE,
    VERDEF,
    VERNEED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.edits import Edit
    from .image import Image

_TAGS = {"RPATH": DT_RPATH, "RUNPATH": DT_RUNPATH}
_MANY_RECORDS = 1 << 14
"""Version records that are believed: a file has one for each library, or for each of its versions."""


class VersionNeed(NamedTuple):
    """A record of ``DT_VERNEED``: where it lies in the file, and its fields (``vn_…``)."""

    at: int
    version: int
    entries: int
    file: int
    aux: int
    next: int


class BaseVersion(NamedTuple):
    """The record of ``DT_VERDEF`` that stands for the file itself: where it and its entry with the name lie in the file."""

    at: int
    name_at: int
    name: int


class Names(Record):
    """The names that edits change.

    :param needed: of each ``DT_NEEDED``, in order; ``None`` for one that is taken away.
    :param versions: the library of each record of ``DT_VERNEED``, in order; ``None`` for one that is taken away.
    :param search: tag and text of each ``DT_RPATH`` and ``DT_RUNPATH``.
    :param name: ``DT_SONAME``.
    :param base: what the version that stands for the file itself is called; ``None`` when the file defines no versions.
    """

    needed: tuple[str | None, ...]
    versions: tuple[str | None, ...]
    search: tuple[tuple[int, str], ...]
    name: str | None
    base: str | None


def read_names(image: Image) -> Names:
    """Read the names of a file.

    :raises FormatError: when a name or a record lies outside of the file.
    """
    # Each of them may be there more than once, but for the name.
    needed, search, name = [], [], None
    for tag, value in image.slots:
        if tag == DT_NEEDED:
            needed.append(image.name_at(value))
        elif tag in SEARCH_PATHS:
            search.append((tag, image.name_at(value)))
        elif tag == DT_SONAME:
            name = image.name_at(value)
    # Versions that a file defines have a first one, which is the file itself.
    base = base_version(image)
    return Names(
        needed=tuple(needed),
        versions=tuple(image.name_at(need.file) for need in version_needs(image)),
        search=tuple(search),
        name=name,
        base=None if base is None else image.name_at(base.name),
    )


# --- edits ------------------------------------------------------------------------------------------------------


def edited(
    names: Names,
    edits: Sequence[Edit],
) -> Names:
    """Return the names after all edits.

    :raises RepairError: when a name cannot be written, or the edits undo each other, so that a second run would change the
        file again.
    """
    found = _edited_once(names, edits)
    if _edited_once(found, edits) != found:
        raise RepairError(
            "the edits contradict each other: one writes a name that another takes away",
            context=[repr(edit) for edit in edits],
        )
    return found


def _edited_once(
    names: Names,
    edits: Sequence[Edit],
) -> Names:
    """Make each edit on what the one before it has left."""
    for edit in edits:
        if isinstance(edit, SetSearchPaths):
            names = replace(names, search=_search_of(edit))
        elif isinstance(edit, ReplaceNeeded):
            new = _writable(edit.new)
            names = _with_library(
                names,
                edit.old,
                new,
            )
        elif isinstance(edit, RemoveNeeded):
            names = _with_library(
                names,
                edit.library,
                None,
            )
        elif isinstance(edit, SetName):
            name = _writable(edit.name)
            # The base is there when versions are defined, and has the file's name by convention.
            base = None if names.base is None else name
            names = replace(
                names,
                name=name,
                base=base,
            )
    return names


def _search_of(edit: SetSearchPaths) -> tuple[tuple[int, str], ...]:
    """Return the one tag that holds these directories; none when there are none."""
    tag = _TAGS.get(edit.kind)
    if tag is None:
        raise RepairError(f"an ELF file has no {edit.kind}, but RPATH or RUNPATH")
    for path in edit.paths:
        # https://gabi.xinuos.com/elf/08-dynamic.html ("Shared Object Dependencies"): a colon ends a directory.
        if ":" in _writable(path):
            raise RepairError(
                f"a search path of an ELF file cannot hold a colon: {path!r}"
            )
    return ((tag, ":".join(edit.paths)),) if edit.paths else ()


def _with_library(
    names: Names,
    old: str,
    new: str | None,
) -> Names:
    """Return the names with another one for a library, in every table; with ``None``, without it."""

    def renamed(name: str | None) -> str | None:
        return new if name == old else name

    # The loader looks for a version in the library that the record names: it must be the one that is loaded.
    return replace(
        names,
        needed=tuple(map(renamed, names.needed)),
        versions=tuple(map(renamed, names.versions)),
    )


def _writable(text: str) -> str:
    if not text:
        raise RepairError("an empty name cannot be written into an ELF file")
    if "\0" in text:
        raise RepairError(f"a name in an ELF file cannot hold a NUL: {text!r}")
    encoded(text)
    return text


def encoded(text: str) -> bytes:
    """Return a name as it stands in the file.

    :raises RepairError: when it is not text.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise RepairError(f"{text!r} is not text that can be written") from None


# --- records of versions ----------------------------------------------------------------------------------------


def version_needs(image: Image) -> Iterator[VersionNeed]:
    """Yield the records of ``DT_VERNEED``.

    :raises FormatError: when one lies outside of the file, or they do not end.
    """
    for at, record in _linked(
        image,
        DT_VERNEED,
        VERNEED,
        "version need",
    ):
        yield VersionNeed(at, *record)


def base_version(image: Image) -> BaseVersion | None:
    """Return the record of ``DT_VERDEF`` that stands for the file itself, ``None`` when there is none.

    :raises FormatError: as :func:`version_needs`.
    """
    for at, record in _linked(
        image,
        DT_VERDEF,
        VERDEF,
        "version definition",
    ):
        _, flags, _, _, _, names_at, _ = record
        if flags & VER_FLG_BASE:
            name_at = at + names_at
            name = image.cursor.number(
                "I",
                name_at,
                "version definition entry",
            )
            return BaseVersion(
                at,
                name_at,
                name,
            )
    return None


def _linked(
    image: Image,
    tag: int,
    layout: str,
    field: str,
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield offset and fields of records, the last of which is the distance to the next one."""
    address = image.values.get(tag)
    if address is None:
        return
    at = image.offset_of(address, field)
    for _ in range(_MANY_RECORDS):
        record = image.cursor.unpack(
            layout,
            at,
            field,
        )
        yield at, record
        if not record[-1]:
            return
        at += record[-1]
    image.cursor.fail(
        "version records do not end",
        offset=at,
        field=field,
    )
