"""What of a build somebody else deletes while it runs: asked of the system, never of what programs say.

A deletion takes a while, and begins anywhere: files may be gone while the lock beside them is still there.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from . import build_records

_BETWEEN_LOOKS = 0.05
"""Seconds in which a deletion that is under way deletes something more."""


def paths_below(folder: Path) -> frozenset[str]:
    """Return a directory, if it is there, with all that lies below it."""
    found: set[str] = set()
    for top, folders, files in os.walk(folder):
        found.add(top)
        # Links to directories are not walked into, and are listed with them.
        names = folders + files
        for name in names:
            path = os.path.join(top, name)
            found.add(path)
    return frozenset(found)


def is_under_way(folder: Path) -> bool:
    """Say whether somebody deletes a directory now: something vanishes from it between two looks.

    Nobody else may write there, so this is asked when all programs of the build have ended.
    """
    before = paths_below(folder)
    time.sleep(_BETWEEN_LOOKS)
    after = paths_below(folder)
    return not before <= after


def may_go_on(missing: frozenset[str], installed_at: int, *, area: Path) -> bool:
    """Say whether files are missing because somebody else deletes an area, and not because the project has removed them.

    A project may remove what it has installed, or files of the source. It does so before CMake's install step has ended.

    :param installed_at: when that was, in ns by the file system's clock.
    """
    if not missing:
        return False
    for file in missing:
        if _time_of_folder(file) > installed_at:
            return True
    return is_under_way(area)


def _time_of_folder(missing: str) -> int:
    """Return when the directory was changed that a file is missing from, or that its directory is missing from."""
    folder = os.path.dirname(missing)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    status = os.stat(folder)
    return status.st_mtime_ns


class KnownRemovals:
    """The files that a project removes itself in its builds.

    :param record: the file in which they are remembered.
    """

    def __init__(self, record: Path) -> None:
        self._record = record

    def missing_of(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of ``paths`` where nothing is, but for files that the project removes."""
        gone = gone_of(paths)
        if not gone:
            return gone
        return gone - build_records.read_names(self._record)

    def add(self, files: frozenset[str]) -> None:
        """Remember files for the builds that follow: a project that removes them does so in each."""
        if not files:
            return
        known = build_records.read_names(self._record)
        # The directory may be gone, or on a full disk.
        with contextlib.suppress(OSError):
            build_records.write_names(self._record, known | files)


def gone_of(paths: Iterable[str]) -> frozenset[str]:
    """Return those of ``paths`` where nothing is, not even a link that leads nowhere."""
    # Thousands of files lie in few folders, and asking for each of them takes longer.
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        folder, _, _ = path.rpartition(os.sep)
        expected = by_folder.setdefault(folder, [])
        expected.append(path)
    gone: set[str] = set()
    for folder, expected in by_folder.items():
        present = _paths_in(folder)
        for path in expected:
            if path in present:
                continue
            # Some file systems find a file by another name than they list.
            if not os.path.lexists(path):
                gone.add(path)
    return frozenset(gone)


def _paths_in(folder: str) -> frozenset[str]:
    """Return what lies in a directory; nothing when it is not there."""
    try:
        names = os.listdir(folder)
    except OSError:
        return frozenset()
    prefix = folder + os.sep
    paths: set[str] = set()
    for name in names:
        path = prefix + name
        paths.add(path)
    return frozenset(paths)
