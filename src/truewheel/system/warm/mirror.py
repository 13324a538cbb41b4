"""Sources by content: a manifest of a tree, and a mirror of it in which untouched files keep their time stamps.

Front ends unpack an sdist anew for every build, so that every file looks new to a build tool that goes by time
stamps. A mirror changes only what differs. Nothing here writes to the source.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ...model.build_record import Manifest, Stamp, difference

_JUNK = frozenset({
    ".git", ".hg", ".svn", ".bzr", "__pycache__", ".tox", ".nox", ".idea", ".vscode", ".vs", ".cache",
})  # fmt: skip
"""Directories that no build reads: version control, byte code, test environments, what editors remember."""
_FOREIGN = ("CACHEDIR.TAG", "pyvenv.cfg", "CMakeCache.txt")
"""Files that mark a directory as a cache, a virtual environment or another build tree."""
_PRODUCTS = (".whl", ".pyc")
"""Ends of names of what builds make, not read."""


def manifest(
    root: Path, *, known: Manifest | None = None, leave_out: frozenset[Path] = frozenset(), whole: bool = True
) -> dict[str, Stamp]:
    """The manifest of the tree at ``root``.

    :param known: an earlier manifest of the same tree; files whose status did not change are taken from it.
    :param leave_out: absolute directories that are not part of the source (build trees, output directories).
    :param whole: whether everything counts. Otherwise directories as such, wheels, version control, byte code, caches and virtual
        environments and other build trees (directories with ``CACHEDIR.TAG``, ``pyvenv.cfg`` or ``CMakeCache.txt``) do not.
    """
    known = known or {}
    found = {}
    for name, entry in _walk(str(root), "", frozenset(map(str, leave_out)), whole=whole):
        found[name] = _stamp(entry, known.get(name))
    return dict(sorted(found.items()))


def names(root: Path) -> Iterator[str]:
    """Sorted names of the files below ``root``, those aside that no build reads.

    :raises OSError: when it is no directory that can be read.
    """
    return iter(sorted(name for name, _ in _walk(str(root), "", frozenset(), whole=False)))


def _walk(top: str, prefix: str, leave_out: frozenset[str], *, whole: bool) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(top) as entries:
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir(follow_symlinks=False):
                if (whole or not name.endswith(_PRODUCTS)) and (entry.is_symlink() or entry.is_file()):
                    yield name, entry
            elif entry.path not in leave_out and (whole or not _is_foreign(entry)):
                if whole:
                    yield name, entry
                yield from _walk(entry.path, name + "/", leave_out, whole=whole)


def _is_foreign(directory: os.DirEntry[str]) -> bool:
    return directory.name in _JUNK or any(os.path.exists(os.path.join(directory.path, m)) for m in _FOREIGN)  # noqa: PTH110, PTH118  # many


def _stamp(entry: os.DirEntry[str], known: Stamp | None) -> Stamp:
    status = entry.stat(follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR  # a mirror must be able to change its files
    if stat.S_ISDIR(status.st_mode):
        return Stamp("dir", mode, (0, 0, 0, 0))
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if known is not None and known.status == facts and known.mode == mode:
        return known
    if stat.S_ISLNK(status.st_mode):
        return Stamp(f"link:{os.readlink(entry.path)}", 0, facts)  # noqa: PTH115  # not normalised
    return Stamp(digest(Path(entry.path)), mode, facts)


def digest(path: Path) -> str:
    """blake2b of a file's content, in hex."""
    found = hashlib.blake2b(digest_size=20)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def mirror(
    source: Path, target: Path, *, present: Manifest, leave_out: frozenset[Path]
) -> tuple[dict[str, Stamp], dict[str, Stamp]]:
    """Make ``target`` equal to ``source`` by touching only what differs.

    :param present: what is known of ``target``; its files are looked at in any case.
    :param leave_out: directories in ``target`` that stay: build trees.
    :returns: the manifest of ``target``, and the stamps of files that were in it but not in ``source``: what a build
        put there.
    """
    target.mkdir(parents=True, exist_ok=True)
    before = manifest(target, known=present, leave_out=leave_out)
    wanted = manifest(source)
    change = difference(before, wanted)
    kept = {p.relative_to(target).as_posix() for p in leave_out if p.is_relative_to(target)}
    for name in sorted(change.removed, reverse=True):
        if not any(k == name or k.startswith(name + "/") for k in kept):
            _remove(target / name)
    for name in sorted((*change.added, *change.changed)):
        _place(source / name, target / name, wanted[name], root=source)
    strays = {n: before[n] for n in change.removed if before[n].digest != "dir"}
    return manifest(target, known=before, leave_out=leave_out), strays


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)  # with byte code and other junk in it
    else:
        path.unlink(missing_ok=True)


def _place(source: Path, target: Path, stamp: Stamp, *, root: Path) -> None:
    if stamp.digest == "dir":
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(stamp.mode | stat.S_IRWXU)
        return
    _remove(target)
    if stamp.digest.startswith("link:"):
        target.symlink_to(_led(source, stamp.digest.removeprefix("link:"), root))
    else:
        shutil.copyfile(source, target)
        target.chmod(stamp.mode)


def _led(link: Path, to: str, root: Path) -> str:
    """Where the mirror's link must lead: out of the source, it is the same place by its absolute path."""
    place = os.path.normpath(link.parent / to)
    return to if Path(place).is_relative_to(root) else place
