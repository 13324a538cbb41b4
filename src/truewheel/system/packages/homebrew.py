"""Homebrew's packages: each lies in ``PREFIX/Cellar/NAME/VERSION``, and tells of itself there.

Sources: Homebrew, "Formula Cookbook" and "sbom.rb". The prefix does not matter.
"""

from __future__ import annotations

import re

from ...model.bundled import SystemPackage
from ...model.package_url import package_url
from .file_system import FileSystem, Owners, Paths
from .json_values import concluded_licence, json_object, value_at

_KEG = re.compile(r"(?P<keg>.*/Cellar/(?P<name>[^/]+)/(?P<version>[^/]+))/.+")
_LICENCE_TEXT = re.compile(r"(?i)(COPYING|LICEN[CS]E|COPYRIGHT|NOTICE)")
"""Files that Homebrew puts into every keg, when the source has them (``Pathname#install_metafiles``)."""
_LICENCE = re.compile(
    r"""^\s*license\s+(?:(?P<how>any_of|all_of):\s*\[(?P<many>[^\]{]*)\]|(?P<one>"[^"]+"))\s*$""",
    re.MULTILINE,
)
"""The plain forms of the line in a formula: ``license "MIT"``, ``license any_of: ["MIT", "Zlib"]``."""
_QUOTED = re.compile(r'"([^"]+)"')
_MAIN_TAP = "homebrew/core"


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    found = {}
    for path in wanted:
        match = _KEG.fullmatch(path)
        # Any folder may be called Cellar; Homebrew leaves a receipt in its own.
        if match and system.has_file(f"{match['keg']}/INSTALL_RECEIPT.json"):
            found[path] = _described(
                system, match["keg"], name=match["name"], version=match["version"]
            )
    return found


def _described(
    system: FileSystem,
    keg: str,
    *,
    name: str,
    version: str,
) -> SystemPackage:
    """Return the package of a keg, with its licences."""
    receipt = json_object(system, f"{keg}/INSTALL_RECEIPT.json")
    tap = value_at(value_at(receipt, "source", {}), "tap", "")
    bill = json_object(system, f"{keg}/sbom.spdx.json")
    formula = system.text(f"{keg}/.brew/{name}.rb")
    texts = filter(_LICENCE_TEXT.match, system.names(keg))
    return SystemPackage(
        manager="homebrew",
        name=name,
        version=version,
        architecture=value_at(receipt, "arch", ""),
        licence=concluded_licence(bill, name) or formula_licence(formula),
        licence_files=system.files_of(*[f"{keg}/{file}" for file in texts]),
        purl=package_url(
            "brew",
            name.lower(),
            version=version,
            # Without one, a name is of the main tap (the specification's type `brew`).
            namespace="" if tap == _MAIN_TAP else tap,
        ),
    )


def formula_licence(formula: str) -> str:
    """Return the licence that a formula states, as an SPDX expression; empty when it does so in a form with nested parts.

    >>> formula_licence('  license any_of: ["MIT", "Zlib"]')
    'MIT OR Zlib'
    """
    match = _LICENCE.search(formula)
    if match is None:
        return ""
    names = _QUOTED.findall(match["one"] or match["many"])
    if match["how"] == "all_of":
        return " AND ".join(names)
    return " OR ".join(names)
