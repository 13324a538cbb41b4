"""Write ``src/truewheel/platforms/policy/linux.json`` anew.

Sources:

* manylinux and musllinux levels: the policy files of the installed auditwheel, which transcribe PEP 513, 571, 599, 600
  and 656 and the symbol tables of the distributions that define each level;
* musl 1.2.0 and 1.2.2: "new features" in musl's WHATSNEW (Debian's musl package carries it as ``changelog.gz``); for
  1.2.0 that is 64-bit time on 32-bit CPUs, whose symbols are those that only 32-bit CPUs have and that end in 64;
* musl 1.2.3 and newer: the symbol tables ``lib/libc/musl/libc.S`` in the ziglang wheels, each the difference to the
  release before it. 0.9.1 holds musl 1.2.2 (checked against WHATSNEW), 0.10.1 holds 1.2.3 (checked against Debian's
  libc.so), 0.11.0 holds 1.2.4, 0.13.0 holds 1.2.5.

Run ``python docs/regenerate/linux_policy.py`` and read the diff. It keeps the table of musl symbols that is there, unless
it is given the four ziglang wheels, oldest first (they need ``gcc -E``).
"""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import auditwheel.policy

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "linux.json"
)
SOURCE = Path(auditwheel.policy.__file__).parent

ZIG_HOLDS = ("1.2.2", "1.2.3", "1.2.4", "1.2.5")
TOLD = {"1.2.2": ["_Fork", "gettid", "reallocarray", "tcgetwinsize", "tcsetwinsize"]}
"""From musl's WHATSNEW."""
MACROS = {
    "x86_64": ("ARCH_x86_64", "FAMILY_x86", "PTR64"),
    "aarch64": ("ARCH_aarch64", "PTR64"),
    "i686": ("ARCH_x86", "ARCH_i386", "FAMILY_x86", "PTR32", "TIME32"),
}


def main(zig: list[str]) -> None:
    """Read the installed policies, and write ours."""
    named = json.loads((SOURCE / "manylinux-policy.json").read_text(encoding="utf-8"))
    musl = [
        p
        for p in json.loads(
            (SOURCE / "musllinux-policy.json").read_text(encoding="utf-8")
        )
        if p["priority"]
    ]
    old = json.loads(TARGET.read_text(encoding="utf-8"))
    table = {
        "source": f"auditwheel {importlib.metadata.version('auditwheel')} policy files; "
        "musl WHATSNEW; musl symbol tables of ziglang 0.9.1 to 0.13.0",
        "manylinux": [
            policy(p)
            for p in sorted(named, key=lambda p: -p["priority"])
            if p["name"] != "linux"
        ],
        "musllinux": {
            "cpus": sorted({cpu for p in musl for cpu in p["symbol_versions"]}),
            "libraries": sorted(
                {lib for p in musl for lib in p["lib_whitelist"]} - {"libc.so"}
            ),
            "private": {
                lib: sorted(names)
                for p in musl
                for lib, names in p["blacklist"].items()
            },
            "added": musl_added([Path(z) for z in zig])
            if zig
            else old["musllinux"]["added"],
        },
    }
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def policy(named: dict[str, Any]) -> dict[str, Any]:
    """One level: its glibc, and per CPU the highest version of each symbol family, and the odd names besides."""
    versions = named["symbol_versions"]
    return {
        "glibc": [int(n) for n in str(named["name"]).split("_")[1:]],
        "aliases": named["aliases"],
        "libraries": sorted(named["lib_whitelist"]),
        "private": {
            lib: sorted(names) for lib, names in sorted(named["blacklist"].items())
        },
        "cpus": {
            cpu: {family: ceiling(names) for family, names in sorted(v.items())}
            for cpu, v in versions.items()
        },
    }


def ceiling(names: list[str]) -> dict[str, object]:
    """The highest number, and the names that are no numbers."""
    numeric = [n for n in names if re.fullmatch(r"[\d.]+", n)]
    highest = max(numeric, key=lambda n: tuple(map(int, n.split("."))), default="0")
    return {"to": highest, "also": sorted(set(names) - set(numeric))}


def musl_added(wheels: list[Path]) -> dict[str, list[str]]:
    """Public symbols by the musl release that first had them."""
    tables = dict(zip(ZIG_HOLDS, [stubs(w) for w in wheels], strict=True))
    oldest = tables["1.2.2"]
    assert set(TOLD["1.2.2"]) <= oldest["x86_64"]
    time64 = {
        n for n in oldest["i686"] - oldest["x86_64"] if re.fullmatch(r"__\w+64(_r)?", n)
    }
    added = {"1.2.0": sorted(time64), **TOLD}
    for before, after in itertools.pairwise(ZIG_HOLDS):
        new = {
            n
            for cpu in ("x86_64", "aarch64")
            for n in tables[after][cpu] - tables[before][cpu]
        }
        added[after] = sorted(new)
    return {release: names for release, names in added.items() if names}


def stubs(wheel: Path) -> dict[str, set[str]]:
    """The dynamic symbols of the musl in a ziglang wheel, per CPU."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("ziglang/lib/libc/musl/libc.S").decode()
    found = {}
    for cpu, macros in MACROS.items():
        command = [
            "gcc",
            "-E",
            "-P",
            "-x",
            "assembler-with-cpp",
            *(f"-D{m}" for m in macros),
            "-",
        ]
        out = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout
        found[cpu] = set(
            re.findall(r"^\s*(?:\.globl|\.weak|WEAK\w+)\s+([\w.]+)", out, re.MULTILINE)
        )
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
