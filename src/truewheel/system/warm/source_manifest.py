"""The manifest of a tree: each file with what it takes to see that it changed.

Of a tree that is copied that is a digest of the content. What lies in a checkout is not read, for no step may need it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ...model.build_record import Manifest, Stamp
from . import file_state

Stamps = dict[str, Stamp]
"""A manifest in the making."""
Folders = frozenset[Path]
"""Absolute directories."""
Found = os.DirEntry[str]
"""What a directory has: a file, a link, or another directory."""

_UNREAD_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        "__pycache__",
        ".tox",
        ".nox",
        ".idea",
        ".vscode",
        ".vs",
        ".cache",
    }
)
"""Directories that no build reads: version control, byte code, test environments, what editors remember."""
_MARKS_OF_OTHERS = ("CACHEDIR.TAG", "pyvenv.cfg", "CMakeCache.txt")
"""Files that mark a directory as a cache, a virtual environment or another build tree."""
_PRODUCTS = (".whl", ".pyc")
"""Ends of names of what builds make, not read."""
UNREADABLE = "unreadable"
"""In the place of a digest: unequal to that of any content."""
_MANY = 20_000
"""Names; whoever searches a directory with more of them is told when it changes, and not when something below it does."""


def whole_manifest(
    root: Path,
    *,
    known: Manifest | None = None,
    leave_out: Folders = frozenset(),
) -> Stamps:
    """Return the manifest of everything in the tree at ``root``, directories included, sorted by name.

    :param known: an earlier manifest of the same tree; files whose status did not change are taken from it.
    :param leave_out: absolute directories that do not belong to it.
    """
    return _manifest(root, known or {}, leave_out, is_whole=True)


def source_manifest(root: Path, *, known: Manifest, leave_out: Folders) -> Stamps:
    """Return the manifest of what builds may read in the tree at ``root``, sorted by name.

    Directories as such, wheels, version control, byte code, caches, virtual environments and other build trees are not in it.
    No file is read: a stamp has size, times and inode in the place of a digest.

    :param known: see :func:`whole_manifest`.
    :param leave_out: absolute directories that are not part of the source (build trees, output directories).
    """
    return _manifest(root, known, leave_out, is_whole=False)


def _manifest(
    root: Path,
    known: Manifest,
    leave_out: Folders,
    *,
    is_whole: bool,
) -> Stamps:
    """Return the manifest of a tree.

    :param is_whole: whether everything counts, also what no build reads; and whether files are told by their content.
    """
    skipped = frozenset(map(str, leave_out))
    entries = dict(_walk(str(root), "", skipped, is_whole=is_whole))
    found: Stamps = {}
    for name in sorted(entries):
        # Others work in the tree: editors make files and delete them. And a directory may tell its names and no more.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            found[name] = _stamp(entries[name], known.get(name), reads=is_whole)
    return found


def is_read_by_builds(name: str) -> bool:
    """Return whether a file of a tree lies in none of the directories that no build reads."""
    return _UNREAD_FOLDERS.isdisjoint(name.split("/"))


def listing(folder: str) -> str:
    """Return a digest of the names of all that builds may read in a directory; empty when it is not there."""
    try:
        entries = dict(_walk(folder, "", frozenset(), is_whole=False))
    except OSError:
        return ""
    if len(entries) > _MANY:
        return file_state.stamp(folder)
    digest = hashlib.blake2b(digest_size=20)
    for name in sorted(entries):
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _walk(
    folder: str,
    prefix: str,
    leave_out: frozenset[str],
    *,
    is_whole: bool,
) -> Iterator[tuple[str, Found]]:
    """Yield what lies in a tree, by names with ``/`` between directories."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            # A link to a directory counts as the link that it is: it may lead anywhere, and in circles.
            if not entry.is_dir(follow_symlinks=False):
                is_product = name.endswith(_PRODUCTS)
                if _is_content(entry) and (is_whole or not is_product):
                    yield name, entry
                continue
            if entry.path in leave_out:
                continue
            if is_whole:
                yield name, entry
            elif _is_never_read(entry):
                continue
            # No build of this user reads a directory that this user may not read; and some are deleted meanwhile.
            with contextlib.suppress(PermissionError, FileNotFoundError):
                yield from _walk(entry.path, name + "/", leave_out, is_whole=is_whole)


def _is_content(entry: Found) -> bool:
    """Say whether it is a file or a link: neither sockets nor pipes are content."""
    return entry.is_symlink() or entry.is_file()


def _is_never_read(folder: Found) -> bool:
    """Say whether a directory is known to be one that no build reads."""
    if folder.name in _UNREAD_FOLDERS:
        return True
    marks = [os.path.join(folder.path, mark) for mark in _MARKS_OF_OTHERS]
    return any(map(os.path.exists, marks))


def _stamp(entry: Found, known: Stamp | None, *, reads: bool) -> Stamp:
    """Return the stamp of a file, which is read only if its status is not the one that is known.

    :param reads: whether it is read at all.
    """
    status = entry.stat(follow_symlinks=False)
    # Without rights to read and write, a mirror could not change its own files.
    mode = stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR
    if stat.S_ISDIR(status.st_mode):
        return Stamp("dir", mode, (0, 0, 0, 0))
    facts = status_facts(status)
    if known and (known.status, known.mode) == (facts, mode):
        return known
    if stat.S_ISLNK(status.st_mode):
        # As the link has it: ``Path.readlink`` would normalise it.
        target = os.readlink(entry.path)
        return Stamp(f"link:{target}", 0, facts)
    if not reads:
        return Stamp(":".join(map(str, facts)), mode, facts)
    try:
        digest = file_state.digest(Path(entry.path))
    except PermissionError:
        # The build reads it no more than this does; whoever makes it readable changes its status.
        digest = UNREADABLE
    return Stamp(digest, mode, facts)


def status_facts(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells that a file was touched: size, mtime and ctime in ns, inode."""
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
    )
