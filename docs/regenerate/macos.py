"""Write ``src/truewheel/platforms/policy/macos.json`` anew.

Sources: the installed ``packaging`` for what a tag may end with and the CPUs that each name promises (what installers
ask for is what a tag means); Apple's release numbers (10.0 to 10.15, 11 to 15, 26 on; programs linked against older
SDKs see 10.16 for 11 and 16 for 26); dyld(1) and the sealed system volume for where the system keeps its libraries;
the release notes of macOS 12.3 for the Python framework that it no longer has.
Run: ``python docs/regenerate/macos.py`` and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

import packaging
from packaging.tags import mac_platforms

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "macos.json"
)

# packaging's name of a CPU: ours, and the last system that packaging lets run it
CPUS = {
    "x86_64": ("x86_64", (26, 0)),
    "arm64": ("arm64", (26, 0)),
    "i386": ("i686", (10, 14)),
    "ppc": ("ppc", (10, 6)),
    "ppc64": ("ppc64", (10, 5)),
}


def main() -> None:
    """Ask ``packaging``, and write."""
    formats: dict[str, set[str]] = {}
    oldest: dict[str, list[int]] = {}
    for theirs, (ours, last) in CPUS.items():
        for tag in mac_platforms(last, theirs):
            _, major, minor, form = tag.split("_", 3)
            formats.setdefault(form, set()).add(ours)
            if form == theirs:
                oldest[ours] = min(oldest.get(ours, [99, 0]), [int(major), int(minor)])
    table = {
        "source": f"packaging {packaging.__version__}; Apple's release numbers; dyld(1); macOS 12.3 release notes",
        "formats": {name: sorted(cpus) for name, cpus in sorted(formats.items())},
        "oldest": dict(sorted(oldest.items())),
        "skipped": [16, 25],
        "supplied": ["/System/Library/", "/System/iOSSupport/", "/usr/lib/"],
        "removed": ["/System/Library/Frameworks/Python.framework/"],
    }
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
