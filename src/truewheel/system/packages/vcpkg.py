"""vcpkg's packages: ports in ``installed/TRIPLET`` (or a project's ``vcpkg_installed/TRIPLET``), with a database beside it.

Sources: vcpkg, "docs/specifications" and "vcpkglib.cpp"; https://learn.microsoft.com/vcpkg/reference/installation-tree-layout.
"""

from __future__ import annotations

from ...model.bundled import SystemPackage
from ...model.header_files import parse_headers
from ...model.package_url import package_url
from .file_system import FileSystem, Owners, Paths
from .json_values import concluded_licence, json_object
from .prefixes import by_prefix

_STATUS = "vcpkg/status"
_FILE_LIST = ".list"
Stanza = dict[str, str]
"""What the database says of a port, by its fields."""


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    found: Owners = {}
    for prefix, inner in by_prefix(system, wanted, _STATUS).items():
        stanzas = _stanzas(system, prefix)
        for file, port in _ports(system, prefix).items():
            path = inner.get(file)
            triplet = file.partition("/")[0]
            stanza = stanzas.get((port, triplet))
            if path is not None and stanza is not None:
                found[path] = _described(system, prefix, stanza)
    return found


def _ports(
    system: FileSystem,
    prefix: str,
) -> dict[str, str]:
    """Return the ports of all files, by their names in the prefix."""
    ports = {}
    for name, file_list in system.named(f"{prefix}/vcpkg/info", _FILE_LIST):
        # Named PORT_VERSION_TRIPLET.list: ports have no underscore in their names, triplets may.
        port = name.partition("_")[0]
        for file in system.text(file_list).splitlines():
            ports[file] = port
    return ports


def _stanzas(
    system: FileSystem,
    prefix: str,
) -> dict[tuple[str, str], Stanza]:
    """Return what the database says of ports, by their names and triplets."""
    texts = [system.text(f"{prefix}/{_STATUS}")]
    # What was installed since the status was last written as a whole.
    for _, path in system.named(f"{prefix}/vcpkg/updates", ""):
        texts.append(system.text(path))
    whole = "\n\n".join(texts)
    # On Windows, too.
    whole = whole.replace("\r\n", "\n")
    found: dict[tuple[str, str], Stanza] = {}
    for text in whole.split("\n\n"):
        stanza = dict(parse_headers(text.strip("\n")))
        # A feature of a port has a stanza of its own, without a version.
        if stanza.get("Version"):
            port = stanza.get("Package", "")
            triplet = stanza.get("Architecture", "")
            found[port, triplet] = stanza
    return found


def _described(
    system: FileSystem,
    prefix: str,
    stanza: Stanza,
) -> SystemPackage:
    """Return a port, with its licences."""
    name = stanza["Package"]
    triplet = stanza["Architecture"]
    version = stanza["Version"]
    revision = stanza.get("Port-Version", "")
    full_version = version
    # As vcpkg writes a version with a revision of the port.
    if revision:
        full_version += f"#{revision}"
    share = f"{prefix}/{triplet}/share/{name}"
    bill = json_object(system, f"{share}/vcpkg.spdx.json")
    return SystemPackage(
        manager="vcpkg",
        name=name,
        version=full_version,
        architecture=triplet,
        licence=concluded_licence(bill, name),
        licence_files=system.files_of(f"{share}/copyright"),
        purl=package_url(
            "vcpkg",
            name,
            version=version,
            qualifiers={"port_version": revision, "triplet": triplet},
        ),
    )
