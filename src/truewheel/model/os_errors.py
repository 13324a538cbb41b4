"""Failures that are the machine's: a full disk, a read-only file system, a name that is too long. Pure, and imported only
when something has failed."""

from __future__ import annotations

import errno
import posixpath

from .errors import TruewheelError

_WORLD = {
    errno.ENOSPC: "make room there (truewheel cache clean), or use another disk: TMPDIR, TRUEWHEEL_CACHE_DIR",
    errno.EDQUOT: "make room there (truewheel cache clean), or use another disk: TMPDIR, TRUEWHEEL_CACHE_DIR",
    errno.EROFS: "it lies on a read-only file system: build a copy, or let nothing be generated into the source",
    errno.EACCES: "look at its owner and mode, and at those of the directories above it",
    errno.EPERM: "look at its owner and mode, and at those of the directories above it",
    errno.ENAMETOOLONG: "build in a directory with a shorter name, and set TMPDIR to one",
    errno.EMFILE: "raise the limit of open files: ulimit -n",
    errno.ENFILE: "the whole system has too many open files",
    errno.EIO: "the device fails: look at the system's log",
    errno.ENOMEM: "there is not enough memory",
}
"""Reasons of failure that are the machine's and nobody's mistake here (errno(3)), with what to do."""


def of_the_machine(error: OSError, *, home: str = "") -> TruewheelError | None:
    """An error of the operating system in words; ``None`` when it may as well be a mistake of ours.

    :param home: the directory that relative paths start from.
    """
    hint = _WORLD.get(error.errno or 0)
    if hint is None:
        return None
    where = posixpath.join(home, error.filename) if isinstance(error.filename, str) else "the build"
    return TruewheelError(f"{where}: {error.strerror}", hint=hint)
