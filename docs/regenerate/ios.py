"""Write ``src/truewheel/platforms/policy/ios.json`` anew.

Sources: PEP 730 for tags and how Python is linked; packaging's ``ios_platforms`` for the oldest system that installers
ask for; dyld(1) for where the system keeps its libraries. Run: ``python docs/regenerate/ios.py`` and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

import packaging
from packaging.tags import ios_platforms

TARGET = Path(__file__).parents[2] / "src" / "truewheel" / "platforms" / "policy" / "ios.json"
SDKS = {"iphoneos": ["ios", ["arm64"]], "iphonesimulator": ["ios-simulator", ["arm64", "x86_64"]]}


def main() -> None:
    """Ask ``packaging`` for the oldest system, and write."""
    *_, last = ios_platforms((18, 0), "arm64-iphoneos")
    _, major, minor, _ = last.split("_", 3)
    table = {
        "source": f"PEP 730; packaging {packaging.__version__}; dyld(1)",
        "oldest": [int(major), int(minor)],
        "sdks": {name: {"system": system, "cpus": cpus} for name, (system, cpus) in SDKS.items()},
        "supplied": ["/System/Library/", "/usr/lib/"],
    }
    TARGET.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
