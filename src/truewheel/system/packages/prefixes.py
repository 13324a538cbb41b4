"""Package managers that keep their database inside of the directory that they install into."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from .file_system import FileSystem


def by_prefix(
    system: FileSystem, wanted: AbstractSet[str], mark: str
) -> dict[str, dict[str, str]]:
    """Return, for each prefix that paths lie in, the paths by their names inside of it.

    :param mark: the name of a directory, or the path of a file, that every prefix has.
    """
    prefixes: dict[str, dict[str, str]] = {}
    known: dict[str, bool] = {}
    for path in sorted(wanted):
        for parent in PurePosixPath(path).parents:
            prefix = str(parent).rstrip("/")
            if prefix not in known:
                place = f"{prefix}/{mark}"
                known[prefix] = system.has_file(place) or bool(system.names(place))
            # The innermost counts: environments of conda lie inside of its base.
            if known[prefix]:
                inner = path[len(prefix) + 1 :]
                prefixes.setdefault(prefix, {})[inner] = path
                break
    return prefixes
