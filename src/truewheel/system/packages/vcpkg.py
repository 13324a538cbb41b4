"""vcpkg's packages: ports in ``installed/TRIPLET`` (or a project's ``vcpkg_installed/TRIPLET``), with a database beside it.

Sources: vcpkg, "docs/specifications" and "vcpkglib.cpp"; https://learn.microsoft.com/vcpkg/reference/installation-tree-layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from ...model.bundled import SystemPackage
from ...model.header_files import parse_headers
from ...model.package_url import package_url
from .file_system import FileSystem
from .json_values import concluded_licence, json_object
from .prefixes import by_prefix

_STATUS = "vcpkg/status"
_FILE_LIST = ".list"


def owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, SystemPackage]:
    """Return the packages that own some of the wanted paths."""
    found: dict[str, SystemPackage] = {}
    for prefix, inner in by_prefix(system, wanted, _STATUS).items():
        stanzas = _stanzas(system, prefix)
        for name in system.names(f"{prefix}/vcpkg/info"):
            if not name.endswith(_FILE_LIST):
                continue
            lines = system.text(f"{prefix}/vcpkg/info/{name}").splitlines()
            # Named PORT_VERSION_TRIPLET.list: ports have no underscore in their names, triplets may.
            port = name.partition("_")[0]
            for file in inner.keys() & lines:
                triplet = file.partition("/")[0]
                fields = stanzas.get((port, triplet))
                if fields:
                    found[inner[file]] = _described(system, prefix, fields)
    return found


def _stanzas(
    system: FileSystem, prefix: str
) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return what the database says of ports, by their names and triplets."""
    texts = [system.text(f"{prefix}/{_STATUS}")]
    # What was installed since the status was last written as a whole.
    updates = f"{prefix}/vcpkg/updates"
    texts += [system.text(f"{updates}/{name}") for name in system.names(updates)]
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for text in texts:
        for stanza in text.replace("\r\n", "\n").split("\n\n"):
            fields = dict(parse_headers(stanza.strip("\n")))
            # A feature of a port has a stanza of its own, without a version.
            if "Version" in fields and "Feature" not in fields:
                key = (fields.get("Package", ""), fields.get("Architecture", ""))
                found[key] = fields
    return found


def _described(
    system: FileSystem, prefix: str, fields: Mapping[str, str]
) -> SystemPackage:
    """Return a port, with its licences."""
    name, triplet = fields["Package"], fields["Architecture"]
    version, revision = fields["Version"], fields.get("Port-Version", "")
    share = f"{prefix}/{triplet}/share/{name}"
    return SystemPackage(
        manager="vcpkg",
        name=name,
        # As vcpkg writes a version with a revision of the port.
        version=f"{version}#{revision}" if revision else version,
        architecture=triplet,
        licence=concluded_licence(
            json_object(system, f"{share}/vcpkg.spdx.json"), name
        ),
        licence_files=system.files_of(f"{share}/copyright"),
        purl=package_url(
            "vcpkg",
            name,
            version=version,
            qualifiers={"port_version": revision, "triplet": triplet},
        ),
    )
