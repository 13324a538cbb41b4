"""What CMake's install step says that it wrote: ``install_manifest.txt`` in the build tree, and one for each component.

The scripts that CMake generates write them at their end (``cmake_install.cmake``). Nothing here runs CMake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamps = Mapping[Path, int]


def stamps(build_dir: Path) -> Stamps:
    """The manifests that are there, and when each was written: in a build tree that is kept, earlier installs have left
    theirs."""
    return {path: path.stat().st_mtime_ns for path in build_dir.glob("install_manifest*.txt")}


def outside(build_dir: Path, *, before: Stamps, roots: Iterable[Path]) -> tuple[str, ...]:
    """Files that were installed into none of ``roots``, sorted.

    :param before: what :func:`stamps` said before the install step.
    """
    if os.environ.get("DESTDIR"):
        return ()  # it stands before each of the names, and is not told
    real = [Path(os.path.realpath(root)) for root in roots]
    names = {name for path, stamp in stamps(build_dir).items() if stamp != before.get(path) for name in _names(path)}
    folders = {os.path.dirname(name) for name in names}  # noqa: PTH120  # thousands of names, few folders
    away = {folder for folder in folders if not _is_below(folder, real)}
    return tuple(sorted(name for name in names if os.path.dirname(name) in away))  # noqa: PTH120


def _names(manifest: Path) -> list[str]:
    return [line for line in manifest.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if line]


def _is_below(folder: str, roots: Iterable[Path]) -> bool:
    place = Path(os.path.realpath(folder))
    return any(place.is_relative_to(root) for root in roots)
