"""Failures of the machine: a full disk, a read-only file system, a name that is too long. Pure; imported only when
something has failed.
"""

from __future__ import annotations

import errno
import posixpath

from .errors import TruewheelError

_MAKE_ROOM = "make room there (truewheel cache clean), or use another disk: TMPDIR, TRUEWHEEL_CACHE_DIR"
_LOOK_AT_MODES = "look at its owner and mode, and at those of the directories above it"
_HINTS = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EROFS: "it lies on a read-only file system: build a copy, or let nothing be generated into the source",
    errno.EACCES: _LOOK_AT_MODES,
    errno.EPERM: _LOOK_AT_MODES,
    errno.ENAMETOOLONG: "build in a directory with a shorter name, and set TMPDIR to one",
    errno.EMFILE: "raise the limit of open files: ulimit -n",
    errno.ENFILE: "the whole system has too many open files",
    errno.EIO: "the device fails: look at the system's log",
    errno.ENOMEM: "there is not enough memory",
}
"""What to do about each failure that only the machine can cause, by its number (errno(3))."""


def hint_for(error: OSError) -> str | None:
    """Return what to do about a failure of the machine; ``None`` when it is not known to be one."""
    # An OSError that was made by hand has no number.
    return _HINTS.get(error.errno or 0)


def explain_machine_failure(error: OSError, *, home: str = "") -> TruewheelError | None:
    """Return an error of the operating system in words; ``None`` when it may as well be a mistake of ours.

    :param home: the directory that relative paths start from.
    """
    hint = hint_for(error)
    # A file that is not there, for example, is more often our mistake than the machine's.
    if hint is None:
        return None
    where = "the build"
    if isinstance(error.filename, str):
        where = posixpath.join(home, error.filename)
    return TruewheelError(f"{where}: {error.strerror}", hint=hint)
