"""The source files of a project that is built where it lies: those of its source tree, and those beside it.

Directories outside of the source belong to a project when CMake projects of its build stand in them. The last build's
record names them (``roots``); what only this build's cache told of is looked at when the build is over. Their files have
names that begin with ``../``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...model.build_record import BuildRecord, Manifest
from .source_manifest import (
    Folders,
    Stamps,
    is_read_by_builds,
    source_manifest,
)

_CHANGED_MEANWHILE = "changed during the build"
"""In the place of a digest: unequal to that of any content."""


def manifest_of_checkout(
    source: Path, leave_out: Folders, before: BuildRecord | None
) -> Stamps:
    """Return the manifest of the source, and of what else is known to belong to the project.

    :param leave_out: directories that are not source: the build tree, the output.
    """
    if before is None:
        return source_manifest(source, known={}, leave_out=leave_out)
    known = before.inputs.sources
    found = source_manifest(source, known=known, leave_out=leave_out)
    for root in before.traces.roots:
        found |= _manifest_beside(source, root, leave_out, known)
    return found


def sources_in_mirror(mirrored: Manifest, whole: Path, source: Path) -> Stamps:
    """Return what builds may read in a mirror, by names from the source.

    :param mirrored: the manifest of the mirror.
    :param whole: its directory.
    :param source: the same, or one below.
    """
    found: Stamps = {}
    below = "" if source == whole else source.relative_to(whole).as_posix() + "/"
    above = "../" * below.count("/")
    for name, stamp in mirrored.items():
        # What only version control or Python keep there is another with each clone.
        if is_read_by_builds(name):
            is_inside = name.startswith(below)
            found[name.removeprefix(below) if is_inside else above + name] = stamp
    return found


def manifest_of_late_roots(
    source: Path,
    roots: Iterable[str],
    leave_out: Folders,
    begun: int,
) -> Stamps:
    """Return the manifest of directories beside the source that were not looked at before the build.

    :param begun: time in ns since the epoch when the build began.
    """
    found: Stamps = {}
    for root in roots:
        found |= _manifest_beside(source, root, leave_out, {})
    return in_doubt_since(begun, found)


def in_doubt_since(begun: int, found: Stamps) -> Stamps:
    """Return a manifest in which what changed since the build began has a digest that is unequal to any.

    It is not known as it was built.

    :param begun: time in ns since the epoch when the build began.
    """
    for name, stamp in found.items():
        _, changed, touched, _ = stamp.status
        latest = max(changed, touched)
        if latest >= begun:
            found[name] = stamp._replace(digest=_CHANGED_MEANWHILE)
    return found


def _manifest_beside(
    source: Path,
    root: str,
    leave_out: Folders,
    known: Manifest,
) -> Stamps:
    """Return the manifest of a directory outside of the source, by names from the source."""
    # It may be gone since the last build; its files are then gone as well.
    if not os.path.isdir(root):
        return {}
    prefix = os.path.join(os.path.relpath(root, source), "")
    known_below: Stamps = {}
    for name, stamp in known.items():
        if name.startswith(prefix):
            known_below[name.removeprefix(prefix)] = stamp
    files = source_manifest(
        Path(root),
        known=known_below,
        leave_out=leave_out | {source},
    )
    return {prefix + name: stamp for name, stamp in files.items()}
