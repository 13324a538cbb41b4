"""Locks between processes: a file that one process, or several together, hold.

Four lines of fcntl(2) instead of a library: the usual one costs a third of a hook's start-up time.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType


class Lock:
    """A lock file that this process holds; closed, it is free. The kernel frees it when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> None:
        """Do nothing: it is held already."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def is_deleted(self) -> bool:
        """Say whether somebody deleted the file, and most likely what lay beside it."""
        return os.fstat(self.descriptor).st_nlink == 0

    def release(self) -> None:
        """Leave the lock to others."""
        os.close(self.descriptor)


def can_lock() -> bool:
    """Say whether this system has the locks that are needed, those of POSIX."""
    try:
        import fcntl  # noqa: F401  # to see whether it is there
    except ImportError:
        return False
    return True


def take(file: Path, *, wait: bool = False, is_shared: bool = False) -> Lock | None:
    """Take the lock of ``file``, which is made; return ``None`` when somebody else has it.

    :param wait: whether to wait until it is free.
    :param is_shared: whether others may have it at the same time, as long as all of them share it.
    """
    import fcntl  # POSIX only

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    operation = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    # With this, flock(2) fails at once when somebody else has it.
    if not wait:
        operation |= fcntl.LOCK_NB
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        # Whoever deletes an entry deletes its lock file. If that happened between the two calls above, this lock is of a
        # file that nobody else will ever find.
        if os.fstat(descriptor).st_ino != file.stat().st_ino:
            raise FileNotFoundError
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def take_shared(file: Path) -> Lock:
    """Wait for the lock of ``file``, and share it with others who take it so."""
    while (lock := take(file, wait=True, is_shared=True)) is None:
        pass  # the file was deleted just now
    return lock
