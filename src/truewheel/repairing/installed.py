"""Libraries of the system that a project installs into its wheel by itself, as ``truewheel_bundle()`` does.

They need no repair, but they come from packages as copied ones do. So the licences and the bill of materials list them.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..model.bundled import BundledFile
from ..system.wheels.hashing import hex_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.contents import Contents
    from ..model.link_facts import LinkFacts
    from ..system.libraries import LibrariesOnDisk
    from ..system.wheels.sources import WheelSource


def installed_libraries(
    source: WheelSource,
    contents: Contents,
    facts: LinkFacts,
    libraries: LibrariesOnDisk,
) -> tuple[BundledFile, ...]:
    """Return the files of a wheel that equal a library of somebody else which the build linked, in order of path.

    :param contents: what ``source`` holds.
    :raises RepairError: when a linked library cannot be read.
    """
    linked = _by_size(facts)
    wanted: set[str] = set()
    for file in contents.files:
        if file.binary is not None and file.size in linked:
            wanted.add(file.path)
    found: list[BundledFile] = []
    # Only files of equal size are read.
    for member in source.members():
        if member.name not in wanted:
            continue
        digest = hex_digest(member.pieces())
        for path in linked[member.size]:
            if libraries.identity(path).digest == digest:
                found.append(_as_installed(member.name, path, member.size, digest))
                break
    found.sort(key=lambda file: file.path)
    return tuple(found)


def _by_size(facts: LinkFacts) -> dict[int, list[str]]:
    """Return the libraries that were linked and that the project did not make, by their size in bytes."""
    found: dict[int, list[str]] = {}
    own = frozenset(_artifacts(facts))
    for path in facts.linked_libraries:
        if path in own:
            continue
        file = Path(path)
        # A build may remove what it linked.
        if file.is_file():
            found.setdefault(file.stat().st_size, []).append(path)
    return found


def _artifacts(facts: LinkFacts) -> Iterator[str]:
    """Yield what the project makes, with links resolved."""
    for target in facts.targets:
        yield from map(os.path.realpath, target.artifacts)


def _as_installed(name: str, path: str, size: int, digest: str) -> BundledFile:
    """Return a file that lies in the wheel as it was on the machine."""
    return BundledFile(
        source=path, path=name, size=size, digest=digest, written_digest=digest
    )
