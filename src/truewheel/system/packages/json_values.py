"""JSON of package databases, where any part may be missing or of another kind than expected."""

from __future__ import annotations

import json
from typing import Any

from .file_system import FileSystem


def json_object(system: FileSystem, path: str) -> dict[str, Any]:
    """Return the object that a file holds; an empty one when it does not."""
    try:
        # What is nested too deeply is broken, too.
        value = json.loads(system.data(path) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def object_at(values: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object at a key; an empty one when there is none."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def text_at(values: dict[str, Any], key: str) -> str:
    """Return the string at a key; empty when there is none."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def list_at(values: dict[str, Any], key: str) -> list[Any]:
    """Return the list at a key; an empty one when there is none."""
    value = values.get(key)
    return value if isinstance(value, list) else []


def concluded_licence(document: dict[str, Any], name: str) -> str:
    """Return the licence that an SPDX 2.3 document concludes for the package of a name; empty when it does not say.

    https://spdx.github.io/spdx-spec/v2.3/package-information/#713-concluded-license-field
    """
    for package in list_at(document, "packages"):
        if isinstance(package, dict) and package.get("name") == name:
            licence = text_at(package, "licenseConcluded")
            if licence not in {"", "NOASSERTION", "NONE"}:
                return licence
    return ""
