"""What of a build somebody else deletes while it runs: asked of the system, never of what programs say.

A deletion takes a while, and begins anywhere: files may be gone while the lock beside them is still there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

_BETWEEN_LOOKS = 0.05
"""Seconds in which a deletion that is under way deletes something more."""


def paths_below(folder: Path) -> frozenset[str]:
    """Return a directory, if it is there, with all that lies below it."""
    found: set[str] = set()
    for top, folders, files in os.walk(folder):
        found.add(top)
        # Links to directories are not walked into, and are listed with them.
        for name in (*folders, *files):
            found.add(os.path.join(top, name))
    return frozenset(found)


def is_under_way(folder: Path) -> bool:
    """Say whether somebody deletes a directory now: something vanishes from it between two looks.

    Nobody else may write there, so this is asked when all programs of the build have ended.
    """
    before = paths_below(folder)
    time.sleep(_BETWEEN_LOOKS)
    after = paths_below(folder)
    return not before <= after


def gone_of(paths: Iterable[str]) -> frozenset[str]:
    """Return those of ``paths`` where nothing is, not even a link that leads nowhere."""
    gone: set[str] = set()
    for path in paths:
        if not os.path.lexists(path):
            gone.add(path)
    return frozenset(gone)
