"""Which libraries each file of a build was linked with. CMake knows it of the file in the build tree; in the wheel lies a copy.

Two modules may be linked with different libraries of one name. Once a module is installed, it does not tell where its own lay.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.contents import Contents
    from ..model.link_facts import LinkFacts, TargetLinks
    from ..system.libraries import LibrariesOnDisk

_TargetsByName = dict[str, list["TargetLinks"]]


def linked_into(
    contents: Contents,
    facts: LinkFacts,
    libraries: LibrariesOnDisk,
) -> Mapping[str, tuple[str, ...]]:
    """Return the libraries of each file: by its path in the wheel, and by that in the build tree."""
    found: dict[str, tuple[str, ...]] = {}
    for target in facts.targets:
        for artifact in target.artifacts:
            built = Path(os.path.realpath(artifact))
            found[built.as_posix()] = target.libraries
    by_name = _targets_by_name(facts, libraries)
    for file, binary in contents.binaries():
        names = [posixpath.basename(file.path)]
        # install() may give a library another one of its names.
        names += [piece.name for piece in binary.slices if piece.name]
        targets = _first_known(names, by_name)
        together: dict[str, None] = {}
        for target in _installed_in(posixpath.dirname(file.path), targets):
            together.update(dict.fromkeys(target.libraries))
        if together:
            found[file.path] = tuple(together)
    return found


def _targets_by_name(facts: LinkFacts, libraries: LibrariesOnDisk) -> _TargetsByName:
    """Return the targets by the names that their files have, and give themselves."""
    found: _TargetsByName = {}
    for target in facts.targets:
        names: dict[str, None] = {}
        for artifact in target.artifacts:
            names[Path(artifact).name] = None
            names.update(dict.fromkeys(libraries.names(artifact)))
        for name in names:
            found.setdefault(name, []).append(target)
    return found


def _first_known(names: list[str], targets: _TargetsByName) -> list[TargetLinks]:
    """Return the targets that have the first of these names which any target has."""
    for name in names:
        if name in targets:
            return targets[name]
    return []


def _installed_in(folder: str, targets: list[TargetLinks]) -> list[TargetLinks]:
    """Return those of several targets that are installed into a folder of the wheel; all, when that cannot be told."""
    if len(targets) < 2:
        return targets
    best: list[TargetLinks] = []
    longest = 0
    for target in targets:
        for place in target.folders:
            known = _common_parts(folder, place)
            if known > longest:
                best, longest = [], known
            if known == longest and known and target not in best:
                best.append(target)
    return best or targets


def _common_parts(folder: str, place: str) -> int:
    """Return how many parts at the ends of two paths are equal; none, unless the shorter path is the end of the other.

    >>> _common_parts("pkg/sub", "/stage/platlib/pkg/sub"), _common_parts("pkg/sub", "sub"), _common_parts("pkg/sub", "a/sub")
    (2, 1, 0)
    """
    ours = _parts(folder)
    theirs = _parts(place)
    length = min(len(ours), len(theirs))
    is_end = ours[len(ours) - length :] == theirs[len(theirs) - length :]
    return length if is_end else 0


def _parts(path: str) -> list[str]:
    """Return the names in a path."""
    normal = posixpath.normpath(path)
    return [part for part in normal.split("/") if part not in ("", ".")]
