"""The bill of materials of what a repair bundled: CycloneDX 1.6, as JSON text. The same input makes the same bytes.

Sources: PEP 770; https://cyclonedx.org/docs/1.6/json/. It has no time stamp, and its serial number is made of its content.
"""

from __future__ import annotations

import hashlib
import json

from ..model.errors import TruewheelError
from ..model.package_url import package_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from ..model.bundled import BundledFile, Component, SystemPackage

    Json = dict[str, Any]

_FILE = "sboms/truewheel.cdx.json"
_VERSION = "1.6"
_SERIAL = "serialNumber"
_REFERENCE = "bom-ref"


def sbom_path(dist_info: str) -> str:
    """Return the name of the bill in a wheel. Other tools have other names in the same folder (PEP 770)."""
    return f"{dist_info}/{_FILE}"


def sbom_text(
    *,
    project: str,
    version: str,
    bundled: Sequence[BundledFile],
    components: Sequence[Component] = (),
    generator: str,
    wheel_tags: Iterable[str] = (),
) -> str:
    """Return the bill of a wheel.

    Every bundled file is a component of its own, and so is every package that files came from. The wheel's project depends on
    the files and on what was linked statically, a file on its package.

    :param project: the wheel's own name, as METADATA has it.
    :param generator: name and version of the program that bundles: ``truewheel 1.0``.
    """
    subject = _subject(project, version, wheel_tags)
    rows = _Rows(subject[_REFERENCE])
    for file in bundled:
        rows.add_file(file)
    for component in components:
        rows.add_linked(component)
    return _document(subject, rows.components, rows.needs, generator)


def merged_sbom(
    old_text: str,
    *,
    project: str,
    version: str,
    bundled: Sequence[BundledFile],
    components: Sequence[Component] = (),
    generator: str,
    wheel_tags: Iterable[str] = (),
) -> str:
    """Return the bill of a wheel that had one from an earlier repair, and got something more now.

    Components of both are listed; of one file or package that both have, the new facts count. The old text comes back, byte for
    byte, when nothing was bundled.

    :raises TruewheelError: when the old text is not a bill in CycloneDX's format.
    """
    if not bundled and not components:
        return old_text
    old = _read(old_text)
    text = sbom_text(
        project=project,
        version=version,
        bundled=bundled,
        components=components,
        generator=generator,
        wheel_tags=wheel_tags,
    )
    new: Json = json.loads(text)
    rows = _Rows(new["metadata"]["component"][_REFERENCE])
    for document in (old, new):
        rows.add_document(document)
    subject = new["metadata"]["component"]
    return _document(subject, rows.components, rows.needs, generator)


def _read(text: str) -> Json:
    """Return the bill of an earlier repair."""
    document: Json
    try:
        document = json.loads(text)
        is_ours = document["bomFormat"] == "CycloneDX"
        # What is not as this module writes it fails here.
        _Rows("").add_document(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise TruewheelError(
            f"{_FILE} in the wheel is not a CycloneDX document that can be added to",
            hint="take it out of the wheel, or repair the wheel as it was built",
        )
    return document


# --- the document ---------------------------------------------------------------------------------------------------


class _Rows:
    """The components of a bill, and which needs which, by their references: of two with one reference, the later counts."""

    def __init__(self, subject: str) -> None:
        self.components: dict[str, Json] = {}
        self.needs: dict[str, set[str]] = {subject: set()}
        self._subject = subject

    def add_file(self, file: BundledFile) -> None:
        """Add a bundled file, which the wheel's project needs, and its package."""
        component = _file_component(file)
        self._add(component)
        self.needs[self._subject].add(component[_REFERENCE])
        if file.package is not None:
            package = _package_component(file.package)
            self._add(package)
            self.needs[component[_REFERENCE]].add(package[_REFERENCE])

    def add_linked(self, linked: Component) -> None:
        """Add what was linked statically, which the wheel's project needs."""
        component = _linked_component(linked)
        self._add(component)
        self.needs[self._subject].add(component[_REFERENCE])

    def add_document(self, document: Json) -> None:
        """Add all components of a bill, with their needs."""
        for component in document.get("components", []):
            self._add(component)
        for row in document.get("dependencies", []):
            reference = row["ref"]
            needs = set(row.get("dependsOn", []))
            # The project needs what both bills have. A file that was written anew has but one package.
            if reference == self._subject:
                needs |= self.needs[reference]
            self.needs[reference] = needs

    def _add(self, component: Json) -> None:
        reference = component[_REFERENCE]
        self.components[reference] = component
        # What needs nothing has a row, too: without one, it would be unknown.
        self.needs.setdefault(reference, set())


def _document(
    subject: Json,
    components: Mapping[str, Json],
    needs: Mapping[str, Iterable[str]],
    generator: str,
) -> str:
    """Return the text of a document, in an order that depends on nothing but its content."""
    program, _, release = generator.partition(" ")
    rows = []
    for reference in sorted(needs):
        row = {"ref": reference, "dependsOn": sorted(needs[reference])}
        rows.append(row)
    document: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": _VERSION,
        _SERIAL: "",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [
                    {"type": "application", "name": program, "version": release}
                ]
            },
            "component": subject,
        },
        "components": [components[reference] for reference in sorted(components)],
        "dependencies": rows,
    }
    document[_SERIAL] = _serial_number(document)
    return _text(document)


def _serial_number(document: Json) -> str:
    """Return a number that another document of the same content has, too, and no document of another content."""
    # RFC 9562, 5.5, with a namespace of that text alone. Python's uuid asks the system for much that is not needed here.
    digest = bytearray(
        hashlib.sha1(_text(document).encode(), usedforsecurity=False).digest()[:16]
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    parts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
    return f"urn:uuid:{'-'.join(parts)}"


def _text(document: Json) -> str:
    """Return a document as text."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # Names of files may hold bytes that are not text, which UTF-8 has no form for.
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


# --- its components -------------------------------------------------------------------------------------------------


def _subject(
    project: str,
    version: str,
    wheel_tags: Iterable[str],
) -> Json:
    """Return the component of the wheel's own project."""
    url = package_url("pypi", project, version=version)
    subject: Json = {
        "type": "library",
        _REFERENCE: url,
        "name": project,
        "version": version,
        "purl": url,
    }
    tags = [_property("tag", tag) for tag in sorted(set(wheel_tags))]
    if tags:
        subject["properties"] = tags
    return subject


def _file_component(file: BundledFile) -> Json:
    """Return the component of a bundled file."""
    component: Json = {
        "type": "file",
        # Two files of one package are two components: the name in the archive tells them apart.
        _REFERENCE: f"file:{file.path}",
        "name": file.path.rpartition("/")[2],
        "hashes": [{"alg": "SHA-256", "content": file.written_digest}],
    }
    package = file.package
    if package is not None:
        component |= _licence(package.licence)
        if package.purl:
            component["purl"] = package.purl
    component["evidence"] = {"occurrences": [{"location": file.path}]}
    # Without its folder: where a file lay is a matter of the machine that built.
    source = file.source.replace("\\", "/").rpartition("/")[2]
    component["properties"] = [
        _property("source-name", source),
        _property("source-sha256", file.digest),
        _property("source-size", str(file.size)),
    ]
    return component


def _package_component(package: SystemPackage) -> Json:
    """Return the component of a package that files were bundled from."""
    # There may be no URL, and of other managers one with the same name.
    parts = (package.manager, package.name, package.version, package.architecture)
    component: Json = {
        "type": "library",
        _REFERENCE: f"package:{'/'.join(parts)}",
        "name": package.name,
        "version": package.version,
    }
    component |= _licence(package.licence)
    if package.purl:
        component["purl"] = package.purl
    component["properties"] = [_property("package-manager", package.manager)]
    return component


def _linked_component(component: Component) -> Json:
    """Return the component of something that was linked statically."""
    row: Json = {
        "type": "library",
        _REFERENCE: f"linked:{component.name}@{component.version}",
        "name": component.name,
    }
    if component.version:
        row["version"] = component.version
    if component.purl:
        row["purl"] = component.purl
    row["properties"] = [_property("linkage", "static")]
    if component.origin:
        row["properties"].append(_property("origin", component.origin))
    return row


def _property(
    name: str,
    value: str,
) -> Json:
    # Names have the tool's name in front (CycloneDX property taxonomy).
    return {"name": f"truewheel:{name}", "value": value}


def _licence(text: str) -> Json:
    """Return the licences of a component: an SPDX expression if it is one, else the text as a name.

    A lone identifier is written as an expression, too: as ``id`` it would have to be in the list of the schema's own edition.
    """
    # Only who bundles needs it, and to import it takes time.
    from packaging.licenses import (
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    if not text:
        return {}
    try:
        expression = canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return {"licenses": [{"license": {"name": text}}]}
    return {"licenses": [{"expression": expression}]}
