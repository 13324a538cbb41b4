"""A mirror of a source by content, in which untouched files keep their time stamps.

Front ends unpack an sdist anew for every build, so that every file looks new to a build tool that goes by time
stamps. A mirror changes only what differs. Nothing here writes to the source.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ...model.build_record import Manifest, Stamp, difference
from .source_manifest import UNREADABLE, Folders, Stamps, whole_manifest

_BY_OWNER = stat.S_IRUSR | stat.S_IWUSR


def update_mirror(
    source: Path,
    target: Path,
    *,
    present: Manifest,
    leave_out: Folders,
) -> tuple[Stamps, Stamps]:
    """Make ``target`` equal to ``source`` by touching only what differs.

    :param present: what is known of ``target``; its files are looked at in any case.
    :param leave_out: directories in ``target`` that stay: build trees.
    :returns: the manifest of ``target``, and the stamps of files that were in it but not in ``source``: what a build
        put there.
    """
    target.mkdir(parents=True, exist_ok=True)
    # What a build in the mirror made stays out of the comparison.
    before = whole_manifest(target, known=present, leave_out=leave_out)
    wanted = whole_manifest(source)
    change = difference(before, wanted)
    strays: Stamps = {}
    # Backwards, files come before the directories that they lie in.
    for name in sorted(change.removed, reverse=True):
        if not _holds_any(target / name, leave_out):
            _remove(target / name)
        if before[name].digest != "dir":
            strays[name] = before[name]
    # Forwards, directories come before the files in them.
    for name in sorted((*change.added, *change.changed)):
        _put(name, wanted[name], source, target)
    after = whole_manifest(target, known=before, leave_out=leave_out)
    return after, strays


def let_git_look(target: Path, environ: Mapping[str, str]) -> None:
    """Have Git take note of the time stamps of a mirrored checkout: else some of its commands say that all files changed.

    https://git-scm.com/docs/git-update-index#_using_refresh

    :param environ: the variables of the caller; those of Git may mean another repository, which is not touched.
    """
    # Where ".git" is a file, what Git keeps lies elsewhere, and is somebody's.
    if not (target / ".git" / "index").is_file():
        return
    others = {n: value for n, value in environ.items() if not n.startswith("GIT_")}
    # Without Git, nobody asks it.
    with contextlib.suppress(OSError):
        subprocess.run(
            ["git", "update-index", "-q", "--refresh"],
            cwd=target,
            env=others,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _holds_any(path: Path, folders: Folders) -> bool:
    """Say whether one of ``folders`` is at ``path``, or below it."""
    return any(folder.is_relative_to(path) for folder in folders)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)  # with byte code and other junk in it
    else:
        path.unlink(missing_ok=True)


def _put(name: str, stamp: Stamp, source_root: Path, target_root: Path) -> None:
    """Make of a name in the mirror what it is in the source: a directory, a link or a file."""
    source = source_root / name
    target = target_root / name
    if stamp.digest == "dir":
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(stamp.mode | stat.S_IRWXU)
        return
    _remove(target)
    if stamp.digest.startswith("link:"):
        written = stamp.digest.removeprefix("link:")
        target.symlink_to(_destination(source, written, source_root))
    elif stamp.digest == UNREADABLE:
        # A step that wants to read it has to fail here, too; and one that lists the directory finds its name.
        target.touch()
        target.chmod(stamp.mode & ~_BY_OWNER)
    else:
        shutil.copyfile(source, target)
        target.chmod(stamp.mode)


def _destination(link: Path, written: str, root: Path) -> str:
    """Return where the mirror's link must lead: out of the source, it is the same place by its absolute path."""
    place = os.path.normpath(link.parent / written)
    return written if Path(place).is_relative_to(root) else place
