"""What a build produced and where it goes: the packer's input, as data."""

from __future__ import annotations

import enum
from pathlib import Path

from .record import Record


class Scheme(enum.Enum):
    """Where an installer puts a file: the root of the wheel, or a key of ``.data``."""

    LIB = "lib"
    """purelib or platlib: the root of the archive, whichever ``Root-Is-Purelib`` says."""
    SCRIPTS = "scripts"
    DATA = "data"
    HEADERS = "headers"
    DIST_INFO = "dist-info"
    """Additional metadata files: licences, SBOMs, what ``SKBUILD_METADATA_DIR`` received."""


class Entry(Record):
    """One file of the product.

    :param path: relative to the scheme's root, with ``/``.
    :param source: the file on disk, or its bytes when it was generated.
    :param executable: whether any executable bit was set.
    """

    scheme: Scheme
    path: str
    source: Path | bytes
    executable: bool = False


class Tree(Record):
    """All files, sorted by scheme and path: the order of discovery leaves no trace.

    :param purelib: what the settings say of ``Root-Is-Purelib`` (``wheel.platlib``, ``wheel.cmake``). The verdict may
        overrule ``True`` when a binary is there.
    """

    entries: tuple[Entry, ...]
    purelib: bool = False

    def __post_init__(self) -> None:
        # The archive lists them so: the same files give the same bytes.
        in_order = sorted(
            self.entries, key=lambda entry: (entry.scheme.value, entry.path)
        )
        object.__setattr__(self, "entries", tuple(in_order))


def archive_path(entry: Entry, dist_info: str) -> str:
    """Return the name of a file in the wheel's archive. Nothing else works that out.

    Source: the binary distribution format, "The .data directory".

    :param dist_info: the name of the wheel's metadata directory.

    >>> tool = Entry(scheme=Scheme.SCRIPTS, path="tool", source=b"")
    >>> archive_path(tool, "p-1.dist-info")
    'p-1.data/scripts/tool'
    """
    if entry.scheme is Scheme.LIB:
        return entry.path
    if entry.scheme is Scheme.DIST_INFO:
        return f"{dist_info}/{entry.path}"
    return (
        f"{dist_info.removesuffix('.dist-info')}.data/{entry.scheme.value}/{entry.path}"
    )
