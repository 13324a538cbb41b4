"""A build that has ended, to be looked back at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...model.build_record import Manifest
from ...model.record import Record
from .path_regions import PathRegions


class FinishedBuild(Record):
    """What is known of a build by whoever ran it.

    :param tree: its build tree.
    :param regions: where its files lie.
    :param sources: the manifest of all source files.
    :param packed: files that went into the wheel.
    :param written_by_cmake: names below the tree of what CMake wrote when it configured.
    :param environ: the variables that compilers saw.
    :param ended: time in ns since the epoch.
    :param ended_well: whether it did not fail.
    """

    tree: Path
    regions: PathRegions
    sources: Manifest
    packed: tuple[Path, ...]
    written_by_cmake: frozenset[str]
    environ: Mapping[str, str]
    ended: int
    ended_well: bool

    @property
    def links(self) -> list[str]:
        """Names of the source files that are symbolic links."""
        found: list[str] = []
        for name, stamp in self.sources.items():
            if stamp.digest.startswith("link:"):
                found.append(name)
        return found
