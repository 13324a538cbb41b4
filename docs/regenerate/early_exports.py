"""Write ``src/truewheel/audit/python/early_exports.json`` anew from interpreters.

    python docs/regenerate/early_exports.py PYTHON...

``PYTHON`` are CPythons on Linux, or their libpython: one of each version from 3.6 on. ``nm`` lists what they export. A name is
written down if all of these versions had it before it came into the stable ABI, from the version told.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "src" / "truewheel" / "audit" / "python"
STABLE_ABI, TARGET = FOLDER / "stable_abi.json", FOLDER / "early_exports.json"
Version = tuple[int, int]


def exports(path: str) -> set[str]:
    """The names that a program or library defines for others."""
    command = ["nm", "-D", "--defined-only", path]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].partition("@")[0] for line in listed.splitlines()}


def version_of(path: str) -> Version:
    """The version in the path of a Python: of the last ``3.N`` in it."""
    minors: list[str] = re.findall(r"3\.(\d+)", path)
    return 3, int(minors[-1])


def early(by_version: dict[Version, set[str]], name: str, added: Version) -> str | None:
    """The oldest version from which on all had the name, if that is older than ``added``."""
    oldest = None
    for version in sorted(by_version, reverse=True):
        if version >= added:
            continue
        if name not in by_version[version]:
            break
        oldest = f"{version[0]}.{version[1]}"
    return oldest


def main(paths: list[str]) -> None:
    """Write the table."""
    by_version: dict[Version, set[str]] = {}
    for path in paths:
        by_version.setdefault(version_of(path), set()).update(exports(path))
    added = json.loads(STABLE_ABI.read_text(encoding="utf-8"))["added"]
    found = {}
    for name, since in added.items():
        major, minor = since.split(".")
        oldest = early(by_version, name, (int(major), int(minor)))
        if oldest is not None:
            found[name] = oldest
    versions = ", ".join(f"3.{minor}" for _, minor in sorted(by_version))
    document = {"source": f"nm of CPython {versions} on Linux", "exported": found}
    TARGET.write_text(
        json.dumps(document, indent=0, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
