"""Alpine's packages: the database of apk-tools.

Source: apk-tools, "database.c"; https://wiki.alpinelinux.org/wiki/Apk_spec. Each line is a letter, a colon and a value; an
empty line ends a package. ``F:`` names a directory, and the ``R:`` lines after it the files in it.
"""

from __future__ import annotations

import posixpath

from ...model.bundled import SystemPackage
from .distribution import Distribution, distribution_url, read_distribution
from .file_system import FileSystem, Owners, Paths

_DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
"""The second since apk-tools 3 with merged directories."""


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    found: Owners = {}
    distribution = read_distribution(system)
    for database in _DATABASES:
        for stanza in system.text(database).split("\n\n"):
            owned = _files(stanza) & wanted
            if owned:
                package = _described(system, stanza, distribution)
                found |= dict.fromkeys(owned, package)
    return found


def _files(stanza: str) -> set[str]:
    """Return the paths of a package's files."""
    files = set()
    directory = ""
    for line in stanza.splitlines():
        if line.startswith("F:"):
            directory = line[2:]
        elif line.startswith("R:"):
            path = posixpath.join("/", directory, line[2:])
            files.add(path)
    return files


def _described(
    system: FileSystem,
    stanza: str,
    distribution: Distribution,
) -> SystemPackage:
    """Return a package, with its licences."""
    fields: dict[str, str] = {}
    for line in stanza.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key, value)
    name = fields.get("P", "")
    version = fields.get("V", "")
    architecture = fields.get("A", "")
    return SystemPackage(
        manager="apk",
        name=name,
        version=version,
        architecture=architecture,
        licence=fields.get("L", ""),
        licence_files=_licence_files(system, name, fields.get("o", name)),
        purl=distribution_url(
            "apk",
            name,
            distribution,
            version=version,
            architecture=architecture,
        ),
    )


def _licence_files(system: FileSystem, *names: str) -> tuple[str, ...]:
    """Return the licence texts that NAME-doc has installed, if it is there: Alpine's other packages come without."""
    paths = []
    for name in names:
        home = f"/usr/share/licenses/{name}"
        paths += [f"{home}/{file}" for file in system.names(home)]
    return system.files_of(*paths)
