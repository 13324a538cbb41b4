"""Write ``src/truewheel/platforms/policy/linux.json`` anew.

Sources: the policy files of the installed auditwheel (which transcribe PEP 513, 571, 599, 600 and 656 and the symbol
tables of the distributions that define each level) for manylinux and musllinux; musl's ``WHATSNEW`` for the symbols
that came after 1.1; the platform notes below. Run: ``python docs/regenerate/linux_policy.py`` and read the diff.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import auditwheel.policy

TARGET = Path(__file__).parents[2] / "src" / "truewheel" / "platforms" / "policy" / "linux.json"
SOURCE = Path(auditwheel.policy.__file__).parent

MUSL_ADDED = {
    # musl WHATSNEW: "1.2.0 … time64", "1.2.2 … _Fork", "1.2.3 … qsort_r", "1.2.4 … ", "1.2.5 … statx, preadv2, pwritev2"
    "1.2.0": [
        "__clock_gettime64",
        "__time64",
        "__stat_time64",
        "__fstat_time64",
        "__lstat_time64",
        "__nanosleep_time64",
    ],
    "1.2.2": ["_Fork"],
    "1.2.3": ["qsort_r"],
    "1.2.5": ["preadv2", "pwritev2", "statx"],
}


def main() -> None:
    """Read the installed policies, and write ours."""
    named = json.loads((SOURCE / "manylinux-policy.json").read_text(encoding="utf-8"))
    musl = json.loads((SOURCE / "musllinux-policy.json").read_text(encoding="utf-8"))
    table = {
        "source": f"auditwheel {importlib.metadata.version('auditwheel')} policy files; musl WHATSNEW",
        "manylinux": [policy(p) for p in sorted(named, key=lambda p: -p["priority"]) if p["name"] != "linux"],
        "musllinux": {
            "libraries": sorted({lib for p in musl for lib in p["lib_whitelist"]} - {"libc.so"}),
            "private": {lib: sorted(names) for p in musl for lib, names in p["blacklist"].items()},
            "added": MUSL_ADDED,
        },
    }
    TARGET.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def policy(named: dict[str, object]) -> dict[str, object]:
    """One level: its glibc, and per CPU the highest version of each symbol family, and the odd names besides."""
    versions = named["symbol_versions"]
    assert isinstance(versions, dict)
    private = named["blacklist"]
    assert isinstance(private, dict)
    return {
        "glibc": [int(n) for n in str(named["name"]).split("_")[1:]],
        "aliases": named["aliases"],
        "libraries": sorted(named["lib_whitelist"]),  # type: ignore[call-overload]
        "private": {lib: sorted(names) for lib, names in sorted(private.items())},
        "cpus": {cpu: {family: ceiling(names) for family, names in sorted(v.items())} for cpu, v in versions.items()},
    }


def ceiling(names: list[str]) -> dict[str, object]:
    """The highest number, and the names that are no numbers."""
    numeric = [n for n in names if re.fullmatch(r"[\d.]+", n)]
    highest = max(numeric, key=lambda n: tuple(map(int, n.split("."))), default="0")
    return {"to": highest, "also": sorted(set(names) - set(numeric))}


if __name__ == "__main__":
    main()
