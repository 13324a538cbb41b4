"""Conda's packages: ``PREFIX/conda-meta/NAME-VERSION-BUILD.json`` for each, with the list of its files.

Source: conda, "conda.models.records.PrefixRecord". The texts of licences are not in the prefix: they lie in ``info/licenses`` of
the extracted package, as long as that is kept in the cache of packages.
"""

from __future__ import annotations

import json
import posixpath

from ...model.bundled import SystemPackage
from ...model.package_url import package_url
from .file_system import FileSystem, Owners, Paths
from .json_values import Json, json_object, value_at
from .prefixes import by_prefix

_RECORDS = "conda-meta"


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    found: Owners = {}
    for prefix, inner in by_prefix(system, wanted, _RECORDS).items():
        for _, path in system.named(f"{prefix}/{_RECORDS}", ".json"):
            found |= _owned(system, path, inner)
    return found


def _owned(
    system: FileSystem,
    record_file: str,
    inner: dict[str, str],
) -> Owners:
    """Return the paths that are of the package of a record, with the package.

    :param inner: paths by their names in the prefix.
    """
    text = system.text(record_file)
    likely = []
    for name in inner:
        # As conda writes them. To read a record in full takes longer than to look for a string in it.
        if json.dumps(name) in text:
            likely.append(name)
    if not likely:
        return {}
    record = json_object(system, record_file)
    package = _described(system, record)
    owned = set(likely).intersection(_files(record))
    return {inner[name]: package for name in owned}


def _files(record: Json) -> list[str]:
    """Return the files of a record, by their names in the prefix."""
    files = []
    for file in value_at(record, "files", []):
        if isinstance(file, str):
            files.append(file)
    return files


def _described(
    system: FileSystem,
    record: Json,
) -> SystemPackage:
    """Return the package of a record, with its licences."""
    subdir = value_at(record, "subdir", "")
    # A channel is stated as an address in most records, and by its name in some.
    channel = value_at(record, "channel", "").rstrip("/").removesuffix(f"/{subdir}")
    archive = value_at(record, "fn", "") or value_at(record, "url", "")
    kind = "tar.bz2" if archive.endswith(".tar.bz2") else archive.rpartition(".")[2]
    qualifiers = {
        "build": value_at(record, "build", ""),
        "channel": posixpath.basename(channel),
        "subdir": subdir,
        "type": kind,
    }
    return SystemPackage(
        manager="conda",
        name=value_at(record, "name", ""),
        version=value_at(record, "version", ""),
        architecture=subdir,
        licence=value_at(record, "license", ""),
        licence_files=_licence_files(system, record),
        purl=package_url(
            "conda",
            value_at(record, "name", ""),
            version=value_at(record, "version", ""),
            qualifiers=qualifiers,
        ),
    )


def _licence_files(
    system: FileSystem,
    record: Json,
) -> tuple[str, ...]:
    """Return the licence texts in the cache of packages, with those of folders in that one (``third-party/``)."""
    extracted = _extracted(record)
    # In the records of very old versions, nothing says it.
    if not extracted:
        return ()
    paths = []
    home = f"{extracted}/info/licenses"
    for name in system.names(home):
        place = f"{home}/{name}"
        paths.append(place)
        for inner in system.names(place):
            paths.append(f"{place}/{inner}")
    return system.files_of(*paths)


def _extracted(record: Json) -> str:
    """Return where a package is kept in the cache of packages."""
    extracted = value_at(record, "extracted_package_dir", "")
    # Some tools leave it empty. The files were linked from the same place.
    if not extracted:
        extracted = value_at(value_at(record, "link", {}), "source", "")
    return extracted.replace("\\", "/")
