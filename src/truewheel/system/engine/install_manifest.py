"""What CMake's install step says that it wrote: ``install_manifest.txt`` in the build tree, and one for each component.

The scripts that CMake generates write them at their end (``cmake_install.cmake``). Nothing here runs CMake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...model.record import NamedTuple

ManifestTimes = Mapping[Path, int]


class InstalledFiles(NamedTuple):
    """The files that were installed.

    :param inside: those below the directories of the build.
    :param outside: those elsewhere, which are lost to the wheel; sorted.
    :param finished: when the install step had ended, in ns by the file system's clock; 0 if it said nothing.
    """

    inside: frozenset[str]
    outside: tuple[str, ...]
    finished: int


def manifest_times(build_dir: Path) -> ManifestTimes:
    """Return the manifests that are there, and when each was written.

    In a build tree that is kept, earlier installs have left theirs.
    """
    return {
        path: path.stat().st_mtime_ns
        for path in build_dir.glob("install_manifest*.txt")
    }


def find_installed_files(
    build_dir: Path,
    *,
    before: ManifestTimes,
    roots: Iterable[Path],
) -> InstalledFiles:
    """Return the files that were installed into one of ``roots``, and those that were installed elsewhere.

    :param before: what :func:`manifest_times` said before the install step.
    """
    by_folder: dict[str, list[str]] = {}
    finished = 0
    for path, stamp in manifest_times(build_dir).items():
        if stamp != before.get(path):
            _sort_into_folders(path, by_folder)
            finished = max(finished, stamp)

    # Thousands of names lie in few folders, and finding out where a folder really is takes the disk.
    real_roots = [Path(os.path.realpath(root)) for root in roots]
    inside: set[str] = set()
    outside: set[str] = set()
    for folder, names in by_folder.items():
        side = inside if _is_below(folder, real_roots) else outside
        side.update(names)
    return InstalledFiles(frozenset(inside), tuple(sorted(outside)), finished)


def _sort_into_folders(manifest: Path, by_folder: dict[str, list[str]]) -> None:
    """Add each file of a manifest to the others of its folder."""
    text = manifest.read_text(encoding="utf-8", errors="surrogateescape")
    for name in text.splitlines():
        if not name:
            continue
        folder, _, _ = name.rpartition("/")
        names = by_folder.setdefault(folder or "/", [])
        names.append(name)


def _is_below(folder: str, roots: Iterable[Path]) -> bool:
    # A name may go through links and .. (install(DESTINATION ..)), which is_relative_to does not resolve.
    place = Path(os.path.realpath(folder))
    return any(place.is_relative_to(root) for root in roots)
