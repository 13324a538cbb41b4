"""What CMake's install step says that it wrote: ``install_manifest.txt`` in the build tree, and one for each component.

The scripts that CMake generates write them at their end (``cmake_install.cmake``). Nothing here runs CMake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamps = Mapping[Path, int]


def manifest_stamps(build_dir: Path) -> Stamps:
    """Return the manifests that are there, and when each was written.

    In a build tree that is kept, earlier installs have left theirs.
    """
    return {path: path.stat().st_mtime_ns for path in build_dir.glob("install_manifest*.txt")}


def files_installed_outside(
    build_dir: Path, *, before: Stamps, roots: Iterable[Path], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the files that were installed into none of ``roots``, sorted.

    :param before: what :func:`manifest_stamps` said before the install step.
    :param environ: of the install step.
    """
    # DESTDIR stands before each installed file, and the manifest does not say so (cmake-env-variables(7)).
    if environ.get("DESTDIR"):
        return ()
    names: set[str] = set()
    for path, stamp in manifest_stamps(build_dir).items():
        if stamp != before.get(path):
            names.update(_read_manifest(path))

    # Thousands of names lie in few folders, and finding out where a folder really is takes the disk.
    folders = {os.path.dirname(name) for name in names}  # noqa: PTH120  # thousands of names
    real_roots = [Path(os.path.realpath(root)) for root in roots]
    folders_outside = {folder for folder in folders if not _is_below(folder, real_roots)}
    outside = [name for name in names if os.path.dirname(name) in folders_outside]  # noqa: PTH120  # thousands of names
    return tuple(sorted(outside))


def _read_manifest(manifest: Path) -> list[str]:
    lines = manifest.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [line for line in lines if line]


def _is_below(folder: str, roots: Iterable[Path]) -> bool:
    place = Path(os.path.realpath(folder))
    return any(place.is_relative_to(root) for root in roots)
