"""The manifest of a tree: each file with a digest of its content, and what it takes to see that it changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ...model.build_record import Manifest, Stamp
from . import file_state

_UNREAD_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".bzr", "__pycache__", ".tox", ".nox", ".idea", ".vscode", ".vs", ".cache"}
)
"""Directories that no build reads: version control, byte code, test environments, what editors remember."""
_MARKS_OF_OTHERS = ("CACHEDIR.TAG", "pyvenv.cfg", "CMakeCache.txt")
"""Files that mark a directory as a cache, a virtual environment or another build tree."""
_PRODUCTS = (".whl", ".pyc")
"""Ends of names of what builds make, not read."""
_MANY = 20_000
"""Names; whoever searches a directory with more of them is told when it changes, and not when something below it does."""


def whole_manifest(
    root: Path, *, known: Manifest | None = None, leave_out: frozenset[Path] = frozenset()
) -> dict[str, Stamp]:
    """Return the manifest of everything in the tree at ``root``, directories included, sorted by name.

    :param known: an earlier manifest of the same tree; files whose status did not change are taken from it.
    :param leave_out: absolute directories that do not belong to it.
    """
    return _manifest(root, known or {}, leave_out, is_whole=True)


def source_manifest(root: Path, *, known: Manifest, leave_out: frozenset[Path]) -> dict[str, Stamp]:
    """Return the manifest of what builds may read in the tree at ``root``, sorted by name.

    Directories as such, wheels, version control, byte code, caches, virtual environments and other build trees are not in it.

    :param known: see :func:`whole_manifest`.
    :param leave_out: absolute directories that are not part of the source (build trees, output directories).
    """
    return _manifest(root, known, leave_out, is_whole=False)


def _manifest(root: Path, known: Manifest, leave_out: frozenset[Path], *, is_whole: bool) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for name, entry in _walk(str(root), "", frozenset(map(str, leave_out)), is_whole=is_whole):
        found[name] = _stamp(entry, known.get(name))
    return dict(sorted(found.items()))


def listing(folder: str) -> str:
    """Return a digest of the names of all that builds may read in a directory; empty when it is not there."""
    digest = hashlib.blake2b(digest_size=20)
    try:
        names = sorted(name for name, _ in _walk(folder, "", frozenset(), is_whole=False))
    except OSError:
        return ""
    if len(names) > _MANY:
        return file_state.stamp(folder)
    for name in names:
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _walk(
    folder: str, prefix: str, leave_out: frozenset[str], *, is_whole: bool
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the names of what lies in a tree, with ``/`` between directories."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.path in leave_out or not (is_whole or _may_be_read(entry)):
                    continue
                if is_whole:
                    yield name, entry
                yield from _walk(entry.path, name + "/", leave_out, is_whole=is_whole)
            elif (is_whole or not name.endswith(_PRODUCTS)) and (entry.is_symlink() or entry.is_file()):
                # Neither sockets nor pipes are content.
                yield name, entry


def _may_be_read(folder: os.DirEntry[str]) -> bool:
    """Say whether a directory is not known to be one that no build reads."""
    if folder.name in _UNREAD_FOLDERS:
        return False
    return not any(os.path.exists(os.path.join(folder.path, mark)) for mark in _MARKS_OF_OTHERS)


def _stamp(entry: os.DirEntry[str], known: Stamp | None) -> Stamp:
    """Return the stamp of a file, which is read only if its status is not the one that is known."""
    status = entry.stat(follow_symlinks=False)
    # Without rights to read and write, a mirror could not change its own files.
    mode = stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR
    if stat.S_ISDIR(status.st_mode):
        return Stamp("dir", mode, (0, 0, 0, 0))
    facts = status_facts(status)
    if known is not None and known.status == facts and known.mode == mode:
        return known
    if stat.S_ISLNK(status.st_mode):
        # As the link has it: ``Path.readlink`` would normalise it.
        return Stamp(f"link:{os.readlink(entry.path)}", 0, facts)
    return Stamp(file_state.digest(Path(entry.path)), mode, facts)


def status_facts(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells that a file was touched: size, mtime and ctime in ns, inode."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
