"""Write ``src/truewheel/platforms/policy/ios.json`` anew.

Sources: PEP 730 for tags, for how Python is linked, and for the oldest system that Python supports; clang's
``Triple::getMinimumSupportedOSVersion`` for the first simulator on arm64; dyld(1) for where the system keeps its
libraries. Run: ``python docs/regenerate/ios.py`` and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "ios.json"
)
SDKS = {
    "iphoneos": ["ios", ["arm64"]],
    "iphonesimulator": ["ios-simulator", ["arm64", "x86_64"]],
}


def main() -> None:
    """Write the tables above."""
    table = {
        "source": "PEP 730; clang, Triple::getMinimumSupportedOSVersion; dyld(1)",
        "baseline": [13, 0],
        "first": {"arm64_iphonesimulator": [14, 0]},
        "sdks": {
            name: {"system": system, "cpus": cpus}
            for name, (system, cpus) in SDKS.items()
        },
        "supplied": ["/System/Library/", "/usr/lib/"],
    }
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
