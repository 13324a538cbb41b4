"""Packages of Fedora, Red Hat, SUSE and their relatives: rpm's database, whichever kind of it there is."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from ...model.bundled import SystemPackage
from ...model.errors import FormatError
from . import rpm_header
from .distribution import Distribution, distribution_url, read_distribution
from .file_system import FileSystem, Owners, Paths
from .rpm_header import Header, InstalledFile
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


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    found: Owners = {}
    names = {posixpath.basename(path) for path in wanted}
    for blob in _headers(system, names):
        if _may_have(blob, names):
            found |= _owned(system, blob, wanted)
    return found


def _may_have(
    blob: bytes,
    names: Paths,
) -> bool:
    """Return whether a header may have one of some file names: to read it in full takes longer than to look for a string."""
    parts = [name.encode("utf-8", "surrogateescape") for name in names]
    return any(part in blob for part in parts)


def _owned(
    system: FileSystem,
    blob: bytes,
    wanted: Paths,
) -> Owners:
    """Return those of the wanted paths that are of the package of a header, with the package."""
    try:
        header = Header(blob)
        owned = wanted & {file.path for file in header.files()}
        if not owned:
            return {}
        package = _described(system, header, read_distribution(system))
    except FormatError:
        # One broken header leaves the others what they are.
        return {}
    return dict.fromkeys(owned, package)


def _headers(
    system: FileSystem,
    names: AbstractSet[str],
) -> Iterator[bytes]:
    """Yield the headers of all databases that may have one of some file names."""
    # One of these directories is a link to another on many systems.
    homes = dict.fromkeys(map(system.resolved, _HOMES))
    for home, database in itertools.product(homes, _READERS):
        read = _READERS[database]
        for path in system.files_of(f"{home}/{database}"):
            try:
                yield from read(Path(path), names)
            except (OSError, FormatError):
                # What came before the broken part counts.
                continue


def _described(
    system: FileSystem,
    header: Header,
    distribution: Distribution,
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
    return marked or [file.path for file in files if _is_likely_a_licence(file)]


def _is_likely_a_licence(file: InstalledFile) -> bool:
    """Return whether it is documentation with the usual name of a licence."""
    if not file.flags & rpm_header.IS_DOCUMENTATION:
        return False
    name = posixpath.basename(file.path)
    return _LOOKS_LIKE_A_LICENCE.match(name) is not None
