"""The export directory: the names that an image offers, and those that it forwards to others.

Source: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-edata-section-image-only
"""

from __future__ import annotations

from ...model.record import Record
from .layout import EXPORT, MOST_EXPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .image import Image

EXPORT_DIRECTORY = "12x7I"
"""``IMAGE_EXPORT_DIRECTORY``: name, first ordinal, numbers of addresses and of names; their tables, and that of ordinals."""


class Exports(Record):
    """What an image exports.

    :param library: its own name, as its import library was made for.
    :param forwards: exports that live elsewhere: name and ``OTHER.name``.
    """

    library: str | None = None
    names: frozenset[str] = frozenset()
    forwards: tuple[tuple[str, str], ...] = ()


def read_exports(image: Image) -> Exports:
    """Return the names that the image exports. Those that it exports by number alone have none.

    :raises FormatError: when a table lies outside of the file, or there are more names than ordinals.
    """
    directory, size = image.header.directory(EXPORT)
    if not directory:
        return Exports()
    library_at, _, functions, count, functions_at, names_at, ordinals_at = image.row(
        EXPORT_DIRECTORY, directory, "export directory"
    )
    if not count:
        return Exports(library=_library_name(image, library_at))
    if count > MOST_EXPORTS:
        image.cursor.fail(
            "there are more names than ordinals",
            offset=0,
            field="NumberOfNames",
            value=count,
        )
    name_of = image.name
    names = [
        name_of(at, "export name")
        for (at,) in image.rows("I", names_at, count, "export name table")
    ]
    targets = [
        target
        for (target,) in image.rows(
            "I", functions_at, functions, "export address table"
        )
    ]
    ordinals = image.rows("H", ordinals_at, count, "export ordinal table")
    end = directory + size
    # An address inside of the export directory is not code, but the name of a symbol elsewhere. Most libraries have none:
    # their names need not be gone through.
    forwards: list[tuple[str, str]] = []
    if any(directory <= target < end for target in targets):
        inside = range(directory, end)
        forwards = _read_forwards(
            image, zip(names, ordinals, strict=True), targets, inside
        )
    return Exports(
        library=_library_name(image, library_at),
        names=frozenset(names),
        forwards=tuple(forwards),
    )


def _library_name(image: Image, address: int) -> str | None:
    return image.name(address, "export DLL name") if address else None


def _read_forwards(
    image: Image,
    exports: Iterable[tuple[str, tuple[int, ...]]],
    targets: Sequence[int],
    inside: range,
) -> list[tuple[str, str]]:
    """Return the exports whose target is a name: the export's own, and the one that it stands for.

    :param exports: each name with its ordinal, the index of its target.
    """
    forwards = []
    for name, (ordinal,) in exports:
        if ordinal >= len(targets):
            continue
        target = targets[ordinal]
        if target in inside:
            forwards.append((name, image.name(target, "export forwarder")))
    return forwards
