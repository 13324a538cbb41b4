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
    import platformdirs  # noqa: PLC0415

    return platformdirs.user_cache_path("truewheel", appauthor=False)


def opened() -> Path:
    """The cache directory, made when it is not there.

    :raises UnfitError: when it cannot be used safely.
    """
    if os.name != "posix":
        raise UnfitError("the workspace needs POSIX file locks")
    root = path()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(root.iterdir()) and not (root / _TAG).is_file():  # in this order: the tag is what comes first
            raise UnfitError(f"{root} holds files of somebody else's")
        if not (root / _TAG).is_file():
            (root / _TAG).write_text(_TAG_TEXT, encoding="utf-8")
    except OSError as error:
        raise UnfitError(f"{root} cannot be used ({error.strerror})") from error
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
        self._descriptor = descriptor

    def __enter__(self) -> None:
        """Nothing: it is held already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def lock(place: Path, *, wait: bool = False) -> Lock | None:
    """Take the lock at ``place``; ``None`` when somebody else has it.

    :param wait: whether to wait until it is free.

    Four lines of fcntl(2) instead of a library: the usual one costs a third of a hook's start-up time.
    """
    import fcntl  # noqa: PLC0415  # POSIX only

    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.fstat(descriptor).st_ino != place.stat().st_ino:
            raise FileNotFoundError  # deleted and made anew between the two calls
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


# --- size -------------------------------------------------------------------------------------------------------


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    os.utime(entry)


def weigh(entry: Path) -> None:
    """Write down how large an entry is, so that later builds need not look."""
    total = sum(_size(p) for p in entry.rglob("*"))
    (entry / _WEIGHT).write_text(str(total), encoding="ascii")


def _size(file: Path) -> int:
    with contextlib.suppress(OSError):
        status = file.lstat()
        return status.st_blocks * 512
    return 0


def pin(kept: Path, tree: Path) -> None:
    """Keep an environment, or a slot, for as long as ``tree`` is there: rebuilds on import need it."""
    pins = kept / _PINS
    known = pins.read_text(encoding="utf-8").splitlines() if pins.is_file() else []
    if str(tree) not in known:
        pins.write_text("\n".join([*known, str(tree)]) + "\n", encoding="utf-8")


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
                weight, label = path / _WEIGHT, path.parent / LABEL
                yield Entry(
                    path,
                    path.stat().st_mtime,
                    int(weight.read_text(encoding="ascii")) if weight.is_file() else 0,
                    label.read_text(encoding="utf-8") if label.is_file() else "",
                )


def trim(root: Path, limit: int) -> int:
    """Delete what was not used for the longest time, until no more than ``limit`` bytes are held.

    What is in use, or used by an editable install, stays.

    :returns: how many bytes were freed.
    """
    for draft in root.glob("environments/.draft-*"):  # of a process that was killed
        if time.time() - draft.stat().st_mtime > _YOUNG:
            shutil.rmtree(draft, ignore_errors=True)
    found = sorted(entries(root), key=lambda e: e.used)
    excess = sum(e.size for e in found) - limit
    freed = 0
    for entry in found:
        if freed >= excess:
            break
        if entry.size and remove(entry.path):
            freed += entry.size
    return freed


def remove(entry: Path, *, always: bool = False) -> bool:
    """Delete one entry, unless it is in use.

    :param always: also an environment that was used lately, and whatever an editable install needs.
    """
    if entry.parent.name == "environments":
        if not always and (_is_pinned(entry) or time.time() - entry.stat().st_mtime < _YOUNG):
            return False
        shutil.rmtree(entry, ignore_errors=True)
        return True
    if not always and _is_pinned(entry):
        return False
    place = entry.with_name(entry.name + ".lock")
    held = lock(place)
    if held is None:
        return False
    with held:
        shutil.rmtree(entry, ignore_errors=True)
        place.unlink(missing_ok=True)
    return True


_YOUNG = 24 * 3600
"""Seconds during which a used environment is not deleted: a build may still run in it."""


def _is_pinned(kept: Path) -> bool:
    pins = kept / _PINS
    return pins.is_file() and any(Path(line).is_dir() for line in pins.read_text(encoding="utf-8").splitlines())
