"""Conda's packages: ``PREFIX/conda-meta/NAME-VERSION-BUILD.json`` for each, with the list of its files.

Source: conda, "conda.models.records.PrefixRecord". The texts of licences are not in the prefix: they lie in ``info/licenses`` of
the extracted package, as long as that is kept in the cache of packages.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Set as AbstractSet
from typing import Any

from ...model.bundled import SystemPackage
from ...model.package_url import package_url
from .file_system import FileSystem
from .json_values import json_object, list_at, text_at
from .prefixes import by_prefix

_RECORDS = "conda-meta"
_ARCHIVES = ("conda", "tar.bz2")
"""Kinds of packages, which the URL calls its type."""


def owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, SystemPackage]:
    """Return the packages that own some of the wanted paths."""
    found: dict[str, SystemPackage] = {}
    for prefix, inner in by_prefix(system, wanted, _RECORDS).items():
        for name in system.names(f"{prefix}/{_RECORDS}"):
            path = f"{prefix}/{_RECORDS}/{name}"
            if not name.endswith(".json") or not _may_have(system.data(path), inner):
                continue
            record = json_object(system, path)
            files = {file for file in list_at(record, "files") if isinstance(file, str)}
            owned = files & inner.keys()
            if owned:
                package = _described(system, record)
                found |= {inner[file]: package for file in owned}
    return found


def _may_have(data: bytes, inner: AbstractSet[str] | dict[str, str]) -> bool:
    """Return whether one of some paths stands in a record: to read it in full takes longer."""
    # As conda writes them: with \\u escapes for what is not ASCII.
    return any(json.dumps(file).encode() in data for file in inner)


def _described(system: FileSystem, record: dict[str, Any]) -> SystemPackage:
    """Return the package of a record, with its licences."""
    subdir = text_at(record, "subdir")
    # A channel is stated as an address in most records, and by its name in some.
    channel = text_at(record, "channel").rstrip("/").removesuffix(f"/{subdir}")
    archive = text_at(record, "fn") or text_at(record, "url")
    kinds = [kind for kind in _ARCHIVES if archive.endswith(f".{kind}")]
    qualifiers = {
        "build": text_at(record, "build"),
        "channel": posixpath.basename(channel),
        "subdir": subdir,
        "type": "".join(kinds),
    }
    return SystemPackage(
        manager="conda",
        name=text_at(record, "name"),
        version=text_at(record, "version"),
        architecture=subdir,
        licence=text_at(record, "license"),
        licence_files=_licence_files(system, record),
        purl=package_url(
            "conda",
            text_at(record, "name"),
            version=text_at(record, "version"),
            qualifiers=qualifiers,
        ),
    )


def _licence_files(system: FileSystem, record: dict[str, Any]) -> tuple[str, ...]:
    """Return the licence texts in the cache of packages, with those of folders in that one (``third-party/``)."""
    extracted = text_at(record, "extracted_package_dir").replace("\\", "/")
    if not extracted:
        return ()
    home = f"{extracted}/info/licenses"
    paths = []
    for name in system.names(home):
        paths.append(f"{home}/{name}")
        paths += [f"{home}/{name}/{inner}" for inner in system.names(f"{home}/{name}")]
    return system.files_of(*paths)
