"""The cache directory: where it is, whether it may be used, what it holds, and what is deleted first.

It holds ``environments`` (kept build environments) and ``builds`` (kept build areas), each entry with a lock beside it,
and may be deleted at any moment between builds. Nothing here knows what a build is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.record import NamedTuple
from . import locks

VARIABLE = "TRUEWHEEL_CACHE_DIR"
LABEL = "project"
"""A file beside build areas that names their project."""
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# This directory was made by truewheel; it may be deleted.\n"
    "# See https://bford.info/cachedir/\n"
)
_REMOTE = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "9p",
        "lustre",
        "gpfs",
        "ceph",
        "beegfs",
        "glusterfs",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.rclone",
        "fuse.glusterfs",
        "fuse.ceph-fuse",
    }
)
"""File systems on which locks and time stamps of several machines meet (``/proc/self/mountinfo``, proc(5))."""
_WEIGHT = ".truewheel-size"
_PINS = ".truewheel-used-by"
_OUR_NAMES = r"[0-9a-f]{16}(\.lock)?|\.draft-\w+"
"""Of what lies in ``builds`` and ``environments``."""
_COPYING = 3600
"""Seconds; nobody copies an environment for longer."""


class UnfitError(Exception):
    """The cache directory cannot be used; the message says why.

    :cvar cure: what can be done about it.
    """

    cure = "set TRUEWHEEL_CACHE_DIR to another directory"


class NoLocksError(UnfitError):
    """No directory of this system could be used."""

    cure = "nothing: builds work without a cache, each from nothing"


# --- the directory ----------------------------------------------------------------------------------------------


def path(environ: Mapping[str, str]) -> Path:
    """Return where the cache is: ``TRUEWHEEL_CACHE_DIR``, or the user's cache directory.

    :raises UnfitError: when that is no absolute path, or there is no home directory that it could lie in.
    """
    chosen = environ.get(VARIABLE)
    if not chosen:
        return _path_for_user(environ)
    found = os.path.expanduser(
        chosen
    )  # without a home directory, pathlib raises an error
    if not os.path.isabs(found):  # it is a text still
        raise UnfitError(
            f"{VARIABLE} is {chosen}, which is a relative path; set an absolute one"
        )
    return Path(found)


def _path_for_user(environ: Mapping[str, str]) -> Path:
    """Return where this user's cache is, by the rules of the system."""
    import platformdirs  # slow to import; tests and servers choose a directory

    found = Path()
    # Some versions raise this without a home directory, others return a path that begins with "~".
    with contextlib.suppress(RuntimeError):
        found = platformdirs.user_cache_path("truewheel", appauthor=False)
    is_homeless = environ.get("HOME") == "" and not environ.get("XDG_CACHE_HOME")
    if is_homeless or not found.is_absolute():
        raise UnfitError(f"there is no home directory for a cache; set {VARIABLE}")
    return found


def opened(environ: Mapping[str, str]) -> Path:
    """Return the cache directory, which is made when it is not there.

    :raises UnfitError: when it cannot be used safely.
    """
    root = _lockable_path(environ)
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_files_of_others(root)
        if not (root / _TAG).is_file():
            (root / _TAG).write_text(_TAG_TEXT, encoding="utf-8")
        real = _require_safe(root)
        _refuse_without_programs(real)
    except OSError as error:
        raise unusable(root, error) from error
    return real


def existing(environ: Mapping[str, str]) -> Path | None:
    """Return the cache directory, for those who only ask: nothing is made. ``None`` when there is none.

    :raises UnfitError: when it cannot be used safely.
    """
    root = _lockable_path(environ)
    try:
        _refuse_files_of_others(root)
        return _require_safe(root)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(root, error) from error


def store_of(entry: Path) -> Path:
    """Return the cache directory that a build area lies in."""
    return entry.parents[2]


def unusable(root: Path, error: OSError) -> UnfitError:
    """Return what the system says of a cache directory that it cannot read or write, in one phrase."""
    because = error.strerror or str(error)
    if isinstance(error, FileExistsError):
        # What stands there is not a directory, or leads to none.
        because = "a link that leads nowhere" if root.is_symlink() else "a file"
        because = f"it is {because}"
    return UnfitError(f"the cache directory {root} cannot be used ({because})")


def _lockable_path(environ: Mapping[str, str]) -> Path:
    if not locks.can_lock():
        raise NoLocksError("the build cache needs file locks of POSIX")
    return path(environ)


def _refuse_without_programs(root: Path) -> None:
    """Raise an error for a file system from which no program can be run: not the environment's CMake, nor a test of it."""
    flag = getattr(os, "ST_NOEXEC", None)
    if flag is None:
        is_fit = _runs_a_program(root)
    else:
        is_fit = not os.statvfs(root).f_flag & flag
    if not is_fit:
        raise UnfitError(
            f"the cache directory {root} lies on a file system from which no program can be run (noexec)"
        )


def _runs_a_program(root: Path) -> bool:
    """Try whether a program can be run from a directory, where the system does not tell (statvfs(3))."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix=".draft-", dir=root) as folder:
        program = Path(folder) / "program"
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o700)
        try:
            return subprocess.run([program], check=False).returncode == 0
        except PermissionError:
            return False


def _refuse_files_of_others(root: Path) -> None:
    """Raise an error for a directory that was named by mistake: it holds something, and not what we put there."""
    is_empty = next(root.iterdir(), None) is None
    # The tag is the first file of a new cache.
    if not is_empty and not (root / _TAG).is_file() and not _is_left_of_ours(root):
        raise UnfitError(
            f"the cache directory {root} is not empty and was not made by truewheel"
        )


def _is_left_of_ours(root: Path) -> bool:
    """Say whether all that lies there was put back by builds that ran when the directory was deleted."""
    names = {entry.name for entry in root.iterdir() if entry.name[:7] != ".draft-"}
    if not names <= {"builds", "environments", "locks", "tools", _TAG}:
        return False
    entries = (*root.glob("builds/*"), *root.glob("environments/*"))
    return all(re.fullmatch(_OUR_NAMES, entry.name) for entry in entries)


def _require_safe(root: Path) -> Path:
    """Return the real path of a directory that nobody else can write to, or that other machines use."""
    # Programs are run from it: whoever can write there could have us run theirs.
    status = root.stat()
    if status.st_uid != os.geteuid():
        raise UnfitError(f"the cache directory {root} belongs to somebody else")
    if status.st_mode & 0o022:
        raise UnfitError(f"the cache directory {root} can be written by others")
    if not os.access(root, os.W_OK | os.X_OK):
        raise UnfitError(f"the cache directory {root} cannot be written")
    file_system = _file_system_of(root)
    if file_system in _REMOTE:
        raise UnfitError(
            f"the cache directory {root} lies on a network file system ({file_system})"
        )
    return Path(os.path.realpath(root))


def _file_system_of(folder: Path) -> str:
    """Return the type of the file system that holds ``folder``; empty where the kernel does not list them."""
    try:
        lines = (
            Path("/proc/self/mountinfo")
            .read_text(encoding="utf-8", errors="surrogateescape")
            .splitlines()
        )
    except OSError:
        return ""
    real = os.path.realpath(folder) + "/"
    longest = file_system = ""
    for line in lines:
        # The fifth field is the mount point; the type follows a hyphen, after a varying number of fields (proc(5)).
        fields = line.split(" ")
        mount = _without_octals(fields[4])
        is_deeper = len(mount) >= len(longest)
        if is_deeper and real.startswith(mount.rstrip("/") + "/"):
            longest = mount
            file_system = fields[fields.index("-") + 1]
    return file_system


def _without_octals(text: str) -> str:
    """Undo the kernel's escapes of blanks and backslashes: an octal number of three digits after a backslash."""
    return re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), text)


# --- entries ----------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A kept environment, or a kept build area.

    :param used: when it was used last, in seconds since the epoch.
    :param size: bytes on disk.
    :param label: the project of a build area.
    """

    path: Path
    used: float
    size: int
    label: str


def entries(root: Path) -> Iterator[Entry]:
    """Yield everything that is kept."""
    for folder in (
        *root.glob("environments/*"),
        *root.glob("builds/*/*"),
    ):
        if folder.is_dir() and not folder.name.startswith("."):
            # It may be deleted while we look; and what has no weight is not ours.
            with contextlib.suppress(OSError, ValueError):
                yield _read_entry(folder)


def _read_entry(folder: Path) -> Entry:
    weight = (folder / _WEIGHT).read_text(encoding="ascii")
    label = folder.parent / LABEL
    used = folder.stat().st_mtime
    # A build that was killed has written no weight.
    size = int(weight) if weight else _size_of_tree(folder)
    text = label.read_text(encoding="utf-8") if label.is_file() else ""
    return Entry(folder, used, size, text)


def hold(entry: Path) -> locks.Lock:
    """Say that an entry is used from now on; others may use it as well, and nobody deletes it."""
    return locks.take_shared(_lock_file(entry))


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    os.utime(entry)


def claim(entry: Path) -> None:
    """Say that an entry is ours before there is anything in it to weigh: whoever is killed meanwhile leaves no stray."""
    if not (entry / _WEIGHT).exists():
        (entry / _WEIGHT).touch()


def weigh(entry: Path) -> None:
    """Write down how large an entry is, so that later builds need not look."""
    (entry / _WEIGHT).write_text(str(_size_of_tree(entry)), encoding="ascii")


def _size_of_tree(folder: Path) -> int:
    return sum(_size_of_file(file) for file in folder.rglob("*"))


def _size_of_file(file: Path) -> int:
    with contextlib.suppress(OSError):
        # Blocks are counted in units of 512 bytes, whatever those of the file system are (stat(2)).
        return file.lstat().st_blocks * 512
    return 0


def _lock_file(entry: Path) -> Path:
    return entry.with_name(entry.name + ".lock")


# --- what stays, and what is deleted ----------------------------------------------------------------------------


def pin(entry: Path, tree: Path) -> None:
    """Keep an environment, or a build area, for as long as ``tree`` is there: rebuilds need it."""
    known = _pins(entry)
    if str(tree) not in known:
        text = "\n".join([*known, str(tree)]) + "\n"
        (entry / _PINS).write_text(text, encoding="utf-8", errors="surrogateescape")


def _pins(entry: Path) -> list[str]:
    file = entry / _PINS
    if not file.is_file():
        return []
    return file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()


def needed_by(entry: Path) -> list[str]:
    """Return the build trees elsewhere that are rebuilt by means of an entry, as far as they are still there."""
    return [tree for tree in _pins(entry) if Path(tree).exists()]


def trim(root: Path, limit: int) -> int:
    """Delete what was not used for the longest time, until no more than ``limit`` bytes are held.

    What is in use, or needed by a build tree elsewhere, stays.

    :returns: how many bytes were freed.
    """
    # Nobody uses them, and they are not weighed.
    drop_drafts(root)
    oldest_first = sorted(entries(root), key=lambda entry: entry.used)
    excess = sum(entry.size for entry in oldest_first) - limit
    freed = 0
    for entry in oldest_first:
        if freed >= excess:
            break
        if remove(entry.path):
            freed += entry.size
    return freed


def drop_drafts(root: Path) -> None:
    """Delete copies of environments whose makers were killed."""
    for draft in root.glob("environments/.draft-*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _COPYING:
                shutil.rmtree(draft, ignore_errors=True)


def remove(entry: Path, *, even_needed: bool = False) -> bool:
    """Delete one entry, unless it is in use.

    :param even_needed: whether to delete also what a build tree elsewhere needs.
    :returns: whether it was deleted.
    """
    if not even_needed and needed_by(entry):
        return False
    lock = locks.take(_lock_file(entry))
    if lock is None:
        return False
    with lock:
        shutil.rmtree(entry, ignore_errors=True)
        _lock_file(entry).unlink(missing_ok=True)
    return True
