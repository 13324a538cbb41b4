"""A tree that is about to become a wheel, as a judge sees it: paths as they will stand in the archive, and facts."""

from __future__ import annotations

import stat
from pathlib import Path

from ... import formats
from ...model.contents import Contents, File
from ...model.tree import Entry, Scheme, Tree
from ...model.variants import Variant
from .reading import read_binary


def contents_of(tree: Tree, *, dist_info: str, variant: Variant | None = None) -> Contents:
    """The contents of ``tree``; binaries are read, other files are only looked at."""
    data = dist_info.removesuffix(".dist-info") + ".data"
    roots = {Scheme.LIB: "", Scheme.DIST_INFO: f"{dist_info}/"}
    files = [_file(roots.get(e.scheme, f"{data}/{e.scheme.value}/") + e.path, e) for e in tree.entries]
    return Contents(files=tuple(files), dist_info=dist_info, variant=variant)


def _file(path: str, entry: Entry) -> File:
    if isinstance(entry.source, bytes):
        return File(path=path, size=len(entry.source), executable=entry.executable)
    status = entry.source.stat()
    binary, broken = None, None
    if stat.S_ISREG(status.st_mode) and _is_binary(entry.source):
        binary, broken = read_binary(entry.source.read_bytes())
    return File(path=path, size=status.st_size, executable=entry.executable, binary=binary, broken=broken)


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return formats.sniff(file.read(formats.HEAD)) is not None
