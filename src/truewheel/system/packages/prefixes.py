"""Package managers that keep their database inside of the directory that they install into."""

from __future__ import annotations

import functools
import posixpath

from .file_system import FileSystem, Paths


def by_prefix(
    system: FileSystem,
    wanted: Paths,
    mark: str,
) -> dict[str, dict[str, str]]:
    """Return, for each prefix that paths lie in, the paths by their names inside of it.

    :param mark: the name of a directory, or the path of a file, that every prefix has.
    """
    prefixes: dict[str, dict[str, str]] = {}

    @functools.cache
    def is_prefix(directory: str) -> bool:
        place = f"{directory}/{mark}"
        is_directory = bool(system.names(place))
        return is_directory or system.has_file(place)

    for path in sorted(wanted):
        directory = posixpath.dirname(path)
        # The innermost counts: environments of conda lie inside of its base.
        while len(directory) > 1 and not is_prefix(directory):
            directory = posixpath.dirname(directory)
        if len(directory) > 1:
            inner = posixpath.relpath(path, directory)
            inside = prefixes.setdefault(directory, {})
            inside[inner] = path
    return prefixes
