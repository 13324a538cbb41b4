"""Packages of Fedora, Red Hat, SUSE and their relatives: rpm's database, whichever kind of it there is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from ...model.bundled import SystemPackage
from ...model.errors import FormatError
from . import rpm_header
from .distribution import Distribution, distribution_url, read_distribution
from .file_system import FileSystem
from .rpm_header import Header
from .rpm_storage import berkeley_headers, ndb_headers, sqlite_headers

_HOMES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm")
"""Since Fedora 36 and SLE 15, before, and on OSTree systems."""
_READERS = {
    "rpmdb.sqlite": sqlite_headers,
    "Packages.db": ndb_headers,
    "Packages": berkeley_headers,
}
_LOOKS_LIKE_A_LICENCE = re.compile(r"(?i)(COPYING|LICEN[CS]E|COPYRIGHT|NOTICE)")
"""Names of texts in packages from before ``%license`` (rpm 4.11), where they are documentation among other."""


def owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, SystemPackage]:
    """Return the packages that own some of the wanted paths."""
    found: dict[str, SystemPackage] = {}
    distribution = read_distribution(system)
    names = {posixpath.basename(path) for path in wanted}
    for blob in _headers(system, names):
        try:
            header = Header(blob)
            owned = wanted & {file.path for file in header.files()}
            if owned:
                package = _described(system, header, distribution)
                found |= dict.fromkeys(owned, package)
        except FormatError:
            # One broken header leaves the others what they are.
            continue
    return found


def _headers(system: FileSystem, names: AbstractSet[str]) -> Iterator[bytes]:
    """Yield the headers of all databases that may have one of some file names."""
    seen = set()
    for home in _HOMES:
        # One of these directories is a link to another on many systems.
        directory = system.resolved(home)
        if directory in seen:
            continue
        seen.add(directory)
        for database, read in _READERS.items():
            path = f"{directory}/{database}"
            if system.has_file(path):
                try:
                    yield from read(system.on_disk(system.resolved(path)), names)
                except (OSError, FormatError):
                    continue


def _described(
    system: FileSystem, header: Header, distribution: Distribution
) -> SystemPackage:
    """Return a package, with its licences."""
    name = header.text(rpm_header.NAME)
    version = f"{header.text(rpm_header.VERSION)}-{header.text(rpm_header.RELEASE)}"
    epoch = "".join(map(str, header.numbers(rpm_header.EPOCH)[:1]))
    architecture = header.text(rpm_header.ARCHITECTURE)
    url = distribution_url(
        "rpm",
        name,
        distribution,
        version=version,
        architecture=architecture,
        # In the URLs of this type alone, the epoch is not a part of the version (the specification's type `rpm`).
        epoch=epoch,
    )
    return SystemPackage(
        manager="rpm",
        name=name,
        version=f"{epoch}:{version}" if epoch else version,
        architecture=architecture,
        licence=header.text(rpm_header.LICENCE),
        licence_files=system.files_of(*_licence_paths(header)),
        purl=url,
    )


def _licence_paths(header: Header) -> list[str]:
    """Return the paths of a package's licence texts."""
    files = header.files()
    marked = [file.path for file in files if file.flags & rpm_header.IS_LICENCE]
    if marked:
        return marked
    likely = []
    for file in files:
        is_documentation = file.flags & rpm_header.IS_DOCUMENTATION
        if is_documentation and _LOOKS_LIKE_A_LICENCE.match(
            posixpath.basename(file.path)
        ):
            likely.append(file.path)
    return likely
