"""The distributions of the build environment, and which of them has a library that a module was linked with.

An environment's RECORD files say who owns each file (PEP 376, PEP 627). Nothing here is imported from them.
"""

from __future__ import annotations

import importlib.metadata
import mmap
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ... import formats
from ...model.contents import Contents, File, in_prefix
from ...model.errors import FormatError
from ...model.neighbours import Neighbour
from ...model.record_file import parse_record
from ...model.wheel_name import dist_info_name, escape


class InstalledDistributions:
    """The distributions of an environment that a project says it uses, with all that they require.

    Others may be there by chance, where a build is not isolated: users of the wheel will not have them.

    :param site_packages: where distributions are installed, the first counts.
    :param requires: what the project requires to run.
    :param to_build: what it requires to be built.
    :param requires_python: the Pythons that it runs on.
    """

    def __init__(
        self,
        site_packages: Sequence[str | Path],
        requires: tuple[str, ...],
        to_build: Iterable[str] = (),
        requires_python: str = "",
    ) -> None:
        """Begin with the environment, and what the project says."""
        self._site_packages = site_packages
        self.requires = requires
        self.requires_python = requires_python
        self._to_build = tuple(to_build)

    def neighbours(self, libraries: Iterable[str]) -> tuple[Neighbour, ...]:
        """Return the distributions, with those of their files that have one of these names."""
        found = installed_neighbours(self._site_packages, libraries)
        by_name = {escape(one.distribution): one for one in found}
        used: set[str] = set()
        waiting = list(map(_name_of, (*self.requires, *self._to_build)))
        while waiting:
            name = waiting.pop()
            if name not in used and name in by_name:
                used.add(name)
                waiting += map(_name_of, by_name[name].requires)
        return tuple(one for one in found if escape(one.distribution) in used)


def installed_neighbours(
    site_packages: Sequence[str | Path], wanted: Iterable[str]
) -> tuple[Neighbour, ...]:
    """Return every distribution that is installed there, with those of its files that have a wanted name.

    :param wanted: file names of libraries; letters of either case are the same.
    """
    names = frozenset(name.lower() for name in wanted)
    found: dict[str, Neighbour] = {}
    for distribution in importlib.metadata.distributions(
        path=[os.fspath(place) for place in site_packages]
    ):
        neighbour = _neighbour(distribution, names)
        # Python imports the first of two that have one name.
        if neighbour is not None:
            found.setdefault(escape(neighbour.distribution), neighbour)
    return tuple(found.values())


def _neighbour(
    distribution: importlib.metadata.Distribution, names: frozenset[str]
) -> Neighbour | None:
    """Return a distribution with the facts of its files of these names; ``None`` for what has no name."""
    # A directory that is being removed, or was left behind, has no METADATA.
    name = distribution.metadata["Name"]
    if not name:
        return None
    return Neighbour(
        distribution=name,
        version=distribution.version,
        contents=Contents(
            files=tuple(_files(distribution, names)),
            dist_info=dist_info_name(name, distribution.version),
        ),
        requires=tuple(distribution.requires or ()),
    )


def _files(
    distribution: importlib.metadata.Distribution, names: frozenset[str]
) -> Iterator[File]:
    """Yield the binaries that a distribution owns and that have one of these names."""
    for row in parse_record(distribution.read_text("RECORD") or ""):
        # Windows has `\\` in some (PEP 627).
        path = row.path.replace("\\", "/")
        if PurePosixPath(path).name.lower() not in names:
            continue
        place = Path(str(distribution.locate_file(path)))
        file = _look_at(place, in_prefix(path))
        if file is not None:
            yield file


def _look_at(place: Path, path: str) -> File | None:
    """Return the facts of a file; ``None`` when it is not a binary that can be read."""
    try:
        # Some libraries have a gigabyte, of which a reader needs a few tables.
        with (
            place.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
            memoryview(content) as view,
        ):
            binary = formats.read(view)
            size = len(view)
    # An empty file cannot be mapped, which is a ValueError.
    except (OSError, ValueError, FormatError):
        return None
    return None if binary is None else File(path=path, size=size, binary=binary)


def _name_of(requirement: str) -> str:
    """Return the name that a requirement begins with, as file names spell it."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return escape(match[0]) if match else ""
