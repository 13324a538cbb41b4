"""The cache directory: where it is, whether it may be used, its locks, its size.

It holds ``environments`` (kept build environments) and ``builds`` (slots of the workspace), and may be deleted at any
moment between builds. Nothing here knows what a build is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

VARIABLE = "TRUEWHEEL_CACHE_DIR"
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# This directory was made by truewheel; it may be deleted.\n"
    "# See https://bford.info/cachedir/\n"
)
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "lustre", "gpfs", "ceph", "beegfs", "glusterfs"}
)
"""File systems on which locks and time stamps of several machines meet (``/proc/self/mountinfo``, proc(5))."""
LABEL = "project"
"""A file beside slots that names their project."""
_WEIGHT = ".truewheel-size"
_PINS = ".truewheel-used-by"


class UnfitError(Exception):
    """The cache directory cannot be used; the message says why."""


def path() -> Path:
    """Where the cache is: ``TRUEWHEEL_CACHE_DIR``, or the user's cache directory."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("truewheel", appauthor=False)


def opened() -> Path:
    """The cache directory, made when it is not there.

    :raises UnfitError: when it cannot be used safely.
    """
    root = _own()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_others(root)
        if not (root / _TAG).is_file():
            (root / _TAG).write_text(_TAG_TEXT, encoding="utf-8")
    except OSError as error:
        raise UnfitError(f"{root} cannot be used ({error.strerror})") from error
    return _fit(root)


def existing() -> Path | None:
    """The cache directory, for those who only ask: nothing is made. ``None`` when there is none.

    :raises UnfitError: when it cannot be used safely.
    """
    root = _own()
    try:
        _refuse_others(root)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnfitError(f"{root} cannot be used ({error.strerror})") from error
    return _fit(root)


def _own() -> Path:
    if os.name != "posix":
        raise UnfitError("the workspace needs POSIX file locks")
    chosen = os.environ.get(VARIABLE, "")
    if chosen and not Path(chosen).expanduser().is_absolute():
        raise UnfitError(
            f"{VARIABLE} is {chosen}, which means another directory wherever one stands: give an absolute path"
        )
    return path()


def _refuse_others(root: Path) -> None:
    if any(root.iterdir()) and not (root / _TAG).is_file() and not _is_left_of_ours(root):  # the tag comes first
        raise UnfitError(f"{root} holds files of somebody else's")


def _fit(root: Path) -> Path:
    status = root.stat()
    if status.st_uid != os.geteuid():
        raise UnfitError(f"{root} belongs to somebody else")
    if status.st_mode & 0o022:
        raise UnfitError(f"{root} can be written by others")
    if not os.access(root, os.W_OK | os.X_OK):
        raise UnfitError(f"{root} cannot be written")
    if (kind := _file_system(root)) in _REMOTE:
        raise UnfitError(f"{root} lies on a network file system ({kind})")
    return Path(os.path.realpath(root))


def _is_left_of_ours(root: Path) -> bool:
    """Whether all that lies there is what builds put back that ran when the directory was deleted."""
    below = [p.name for folder in ("builds", "environments") for p in root.glob(f"{folder}/*")]
    only = {p.name for p in root.iterdir()} <= {"builds", "environments", "locks", _TAG}
    return only and all(re.fullmatch(r"[0-9a-f]{16}(\.lock)?|\.draft-\w+", name) for name in below)


def _file_system(place: Path) -> str:
    """The type of the file system that holds ``place``; empty where the kernel does not list them."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    real = os.path.realpath(place)
    for fields in (line.split(" ") for line in lines):
        mount = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), fields[4])
        if len(mount) >= len(best) and (real + "/").startswith(mount.rstrip("/") + "/"):
            best, kind = mount, fields[fields.index("-") + 1]
    return kind


# --- locks ------------------------------------------------------------------------------------------------------


class Lock:
    """A lock file that this process holds; closed, it is free. The kernel frees it when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> None:
        """Nothing: it is held already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)


def lock(place: Path, *, wait: bool = False, shared: bool = False) -> Lock | None:
    """Take the lock at ``place``; ``None`` when somebody else has it.

    :param wait: whether to wait until it is free.
    :param shared: whether others may share it.

    Four lines of fcntl(2) instead of a library: the usual one costs a third of a hook's start-up time.
    """
    import fcntl  # POSIX only

    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        if os.fstat(descriptor).st_ino != place.stat().st_ino:
            raise FileNotFoundError  # deleted and made anew between the two calls
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def hold(entry: Path) -> Lock:
    """Say that an entry is used from now on; others may use it as well, and nobody deletes it."""
    while (held := lock(_lock_of(entry), wait=True, shared=True)) is None:
        pass  # it was deleted just now
    return held


def _lock_of(entry: Path) -> Path:
    return entry.with_name(entry.name + ".lock")


# --- size -------------------------------------------------------------------------------------------------------


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    os.utime(entry)


def weigh(entry: Path) -> None:
    """Write down how large an entry is, so that later builds need not look."""
    (entry / _WEIGHT).write_text(str(_weight(entry)), encoding="ascii")


def _weight(folder: str | Path) -> int:
    """Return how many bytes on disk all that lies in a directory takes."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    total += _weight(entry.path)
    return total


def claim(entry: Path) -> None:
    """Say that an entry is ours before there is anything in it to weigh: whoever is killed meanwhile leaves no stray."""
    if not (entry / _WEIGHT).exists():
        (entry / _WEIGHT).touch()


def pin(entry: Path, tree: Path) -> None:
    """Keep an environment, or a slot, for as long as ``tree`` is there: rebuilds need it."""
    known = _pins(entry)
    if str(tree) not in known:
        (entry / _PINS).write_text("\n".join([*known, str(tree)]) + "\n", encoding="utf-8", errors="surrogateescape")


def _pins(entry: Path) -> list[str]:
    pins = entry / _PINS
    return pins.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if pins.is_file() else []


def needed_by(entry: Path) -> list[str]:
    """The build trees elsewhere that are rebuilt by means of an entry, as far as they are still there."""
    return [tree for tree in _pins(entry) if Path(tree).exists()]


class Entry(NamedTuple):
    """A kept environment, or a slot.

    :param used: when it was used last, in seconds since the epoch.
    :param size: bytes on disk.
    :param label: the project of a slot.
    """

    path: Path
    used: float
    size: int
    label: str


def entries(root: Path) -> Iterator[Entry]:
    """Everything that is kept."""
    for path in (*root.glob("environments/*"), *root.glob("builds/*/*")):
        if path.is_dir() and not path.name.startswith(".") and (path / _WEIGHT).is_file():
            with contextlib.suppress(OSError, ValueError):
                weight, label = (path / _WEIGHT).read_text(encoding="ascii"), path.parent / LABEL
                yield Entry(
                    path,
                    path.stat().st_mtime,
                    int(weight) if weight else _weight(path),  # none after a build that was killed
                    label.read_text(encoding="utf-8") if label.is_file() else "",
                )


def trim(root: Path, limit: int) -> int:
    """Delete what was not used for the longest time, until no more than ``limit`` bytes are held.

    What is in use, or needed by a build tree elsewhere, stays.

    :returns: how many bytes were freed.
    """
    drop_drafts(root)
    found = sorted(entries(root), key=lambda e: e.used)
    excess = sum(e.size for e in found) - limit
    freed = 0
    for entry in found:
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


_COPYING = 3600
"""Seconds; nobody copies an environment for longer."""


def remove(entry: Path, *, needed: bool = False) -> bool:
    """Delete one entry, unless it is in use.

    :param needed: also what a build tree elsewhere needs.
    :returns: whether it was deleted.
    """
    if not needed and needed_by(entry):
        return False
    held = lock(_lock_of(entry))
    if held is None:
        return False
    with held:
        shutil.rmtree(entry, ignore_errors=True)
        _lock_of(entry).unlink(missing_ok=True)
    return True
