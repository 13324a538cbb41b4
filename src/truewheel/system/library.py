"""Answers to the judge's questions about files on this machine: what does this file say, and where is that library?

The only implementation of :class:`~truewheel.model.contents.Library` that looks at a disk.
"""

from __future__ import annotations

import functools
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import formats
from ..model.binary import Binary
from ..model.contents import Contents, File
from ..model.tree import Entry, Scheme, Tree
from .wheelfile import read_binary

_CONFIGURATION = Path("/etc/ld.so.conf")
_STANDARD = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")


class OnDisk:
    """The host's files and the host's loader directories (ld.so(8))."""

    def read(self, path: str) -> Binary | None:
        """The facts of the file at ``path``; ``None`` when there is none, or it is no (sound) binary."""
        try:
            content = Path(path).read_bytes()
        except OSError:
            return None
        return read_binary(content)[0]

    def find(self, name: str, *, cpu: str) -> str | None:
        """Where the loader would find library ``name`` for ``cpu``."""
        for directory in _directories():
            path = directory / name
            binary = self.read(str(path)) if path.is_file() else None
            if binary is not None and any(s.cpu == cpu for s in binary.slices):
                return str(path)
        return None


@functools.cache
def _directories() -> tuple[Path, ...]:
    found = [*_configured(_CONFIGURATION, depth=0), *(Path(d) for d in _STANDARD)]
    return tuple(dict.fromkeys(d for d in found if d.is_dir()))


def _configured(configuration: Path, *, depth: int) -> Iterator[Path]:
    """Directories of ``ld.so.conf`` and what it includes."""
    try:
        lines = configuration.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in (text.partition("#")[0].strip() for text in lines):
        if line.startswith("include ") and depth < 4:
            for included in sorted(Path("/").glob(line.removeprefix("include ").strip().lstrip("/"))):
                yield from _configured(included, depth=depth + 1)
        elif line.startswith("/"):
            yield Path(line)


def contents_of(tree: Tree, *, dist_info: str) -> Contents:
    """A tree that is about to become a wheel, as a judge sees it; paths as they will stand in the archive."""
    data = dist_info.removesuffix(".dist-info") + ".data"
    roots = {Scheme.LIB: "", Scheme.DIST_INFO: f"{dist_info}/"}
    files = [_file(roots.get(e.scheme, f"{data}/{e.scheme.value}/") + e.path, e) for e in tree.entries]
    return Contents(files=tuple(files), dist_info=dist_info)


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
