"""What Debian's ``copyright`` files say, where a machine can tell.

Source: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ (formerly DEP-5).
"""

from __future__ import annotations

import re

from packaging.licenses import (
    InvalidLicenseExpression,
    canonicalize_license_expression,
)

from ...model.header_files import parse_headers

_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+[\w.-]*\w)")
"""Texts that Debian has once for all packages (Debian Policy 12.5): `copyright` refers to them rather than repeat them."""
_FORMAT = "packaging-manuals/copyright-format/1.0"
_GNU = re.compile(r"(GPL|LGPL|AGPL|GFDL)-(\d+(?:\.\d+)*)(\+?)")
_GNU_VERSIONS = {"+": "or-later", "": "only"}
_SAME_BY_ANOTHER_NAME = {
    "expat": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "isc": "ISC",
    "zlib": "Zlib",
    "apache-2": "Apache-2.0",
    "cc0": "CC0-1.0",
}
"""Short names of section 7.1 with their SPDX identifiers. Names are compared without regard to case there."""
_SAYS_TOO_LITTLE = frozenset({"mit", "bsd", "python-2.0", "artistic", "artistic-1.0"})
"""Names of several licences: section 7.1.2 has "there are many versions of the MIT license"."""


def common_licences(text: str) -> list[str]:
    """Return the paths of the common texts that a copyright file refers to, in order.

    >>> common_licences("see /usr/share/common-licenses/GPL-2.")
    ['/usr/share/common-licenses/GPL-2']
    """
    names = sorted(set(_COMMON.findall(text)))
    return [f"/usr/share/common-licenses/{name}" for name in names]


def spdx_licence(text: str) -> str:
    """Return the licence of all the package's files as an SPDX expression; empty when that is not certain.

    It is certain when the header states a licence for the package as a whole, or when all files but those of the packaging
    have one and the same. Otherwise a binary may be under some of many, and nothing tells under which.
    """
    header, *paragraphs = map(_fields, text.split("\n\n"))
    if _FORMAT not in header.get("format", ""):
        return ""
    if "license" in header:
        return _spdx_expression(header["license"])
    stated = set()
    for fields in filter(_is_of_the_source, paragraphs):
        stated.add(_spdx_expression(fields.get("license", "")))
    return stated.pop() if len(stated) == 1 else ""


def _is_of_the_source(fields: dict[str, str]) -> bool:
    """Return whether a paragraph speaks of files that were built, and not of the packaging alone."""
    for name in fields.get("files", "").split():
        if not name.startswith("debian/"):
            return True
    return False


def _fields(paragraph: str) -> dict[str, str]:
    """Return the fields of a paragraph, by their names in small letters."""
    headers = parse_headers(paragraph.strip("\n"))
    return {name.lower(): value.strip() for name, value in headers}


def _spdx_expression(licence: str) -> str:
    """Return the first line of a License field as an SPDX expression; empty when a part of it is not certain.

    >>> _spdx_expression("GPL-2+ or Expat")
    'GPL-2.0-or-later OR MIT'
    >>> _spdx_expression("BSD-3-clause or my-own")
    ''
    """
    # The text of the licence follows on the further lines.
    words = licence.partition("\n")[0].split()
    expression = " ".join(map(_spdx_word, words))
    try:
        # It knows all identifiers, and refuses what is not one.
        return canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return ""


def _spdx_word(word: str) -> str:
    """Return a word as SPDX has it: a short name itself, when it is not one of the format's own."""
    # "and" binds more than "or" in both (section 7.2).
    if word in {"and", "or"}:
        return word.upper()
    gnu = _GNU.fullmatch(word)
    if gnu is not None:
        family, version, plus = gnu.groups()
        # Versions are as good without their last zeros (section 7.1): SPDX always has two numbers.
        if "." not in version:
            version += ".0"
        return f"{family}-{version}-{_GNU_VERSIONS[plus]}"
    if word.lower() in _SAYS_TOO_LITTLE:
        return "?"
    return _SAME_BY_ANOTHER_NAME.get(word.lower(), word)
