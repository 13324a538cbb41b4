"""What happens to the files of a directory."""

from __future__ import annotations

import importlib.util
import os
import select
from typing import NamedTuple

__all__ = ["Change", "Watcher", "available"]

available: bool = importlib.util.find_spec(f"{__name__}._inotify") is not None
if available:
    from . import _inotify


class Change(NamedTuple):
    """``kind`` is ``created``, ``written``, ``deleted``, or ``lost``: more happened than the system could keep."""

    kind: str
    name: str


class Watcher:
    """Watches one directory; use it in a ``with`` statement.

    :raises NotImplementedError: where the system has no inotify; ask ``available`` before.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        if not available:
            raise NotImplementedError("this system has no inotify")
        self._kinds = {
            _inotify.IN_CREATE: "created",
            _inotify.IN_CLOSE_WRITE: "written",
            _inotify.IN_DELETE: "deleted",
            _inotify.IN_Q_OVERFLOW: "lost",
        }
        self._descriptor = _inotify.init()
        try:
            _inotify.add_watch(self._descriptor, directory, sum(self._kinds) - _inotify.IN_Q_OVERFLOW)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """The descriptor, for ``select``, ``selectors`` and ``asyncio``."""
        return self._descriptor

    def changes(self, timeout: float = 0.0) -> list[Change]:
        """What has happened since the last call; waits at most ``timeout`` seconds for something."""
        select.select([self], [], [], timeout)
        return [
            Change(kind, name)
            for _, mask, _, name in _inotify.read_events(self._descriptor)
            for bit, kind in self._kinds.items()
            if mask & bit
        ]

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
