"""JSON of package databases, where any part may be missing or of another kind than expected."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from .file_system import FileSystem

_NOTHING_SAID = frozenset({"", "NOASSERTION", "NONE"})
Json = dict[str, Any]
T = TypeVar("T", str, list[Any], Json)


def json_object(
    system: FileSystem,
    path: str,
) -> Json:
    """Return the object that a file holds; an empty one when it does not."""
    try:
        value = json.loads(system.data(path))
    # What is nested too deeply is broken, too.
    except (ValueError, RecursionError):
        return {}
    return value_at({"": value}, "", {})


def value_at(
    values: Json,
    key: str,
    otherwise: T,
) -> T:
    """Return the value at a key, if it is of the kind of the value that is returned otherwise.

    >>> value_at({"name": 7}, "name", "")
    ''
    """
    value = values.get(key)
    # Numbers where a string belongs, or null.
    if not isinstance(value, type(otherwise)):
        return otherwise
    return value


def concluded_licence(
    document: Json,
    name: str,
) -> str:
    """Return the licence that an SPDX 2.3 document concludes for the package of a name; empty when it does not say.

    https://spdx.github.io/spdx-spec/v2.3/package-information/#713-concluded-license-field
    """
    packages = value_at(document, "packages", [])
    for package in packages:
        if not isinstance(package, dict) or package.get("name") != name:
            continue
        licence = value_at(package, "licenseConcluded", "")
        if licence not in _NOTHING_SAID:
            return licence
    return ""
