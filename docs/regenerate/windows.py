"""Write ``src/truewheel/platforms/policy/windows.json`` anew.

Sources: the lists of the installed delvewheel (``_dll_list``: files of Windows' own installation media, and what each
distribution of Python brings along) for DLLs of the system and of the interpreter; PEP 11 and CPython's
``PCbuild/pyproject.props`` for the machines. Run: ``python docs/regenerate/windows.py`` and read the diff.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

from delvewheel import _dll_list

TARGET = Path(__file__).parents[2] / "src" / "truewheel" / "platforms" / "policy" / "windows.json"
CPUS = {"I386": "i686", "AMD64": "x86_64", "ARM64": "arm64"}

WINDOWS_10 = [
    "combase.dll", "d3d12.dll", "d3dcompiler_47.dll", "dcomp.dll", "gdiplus.dll", "icu.dll", "icuin.dll", "icuuc.dll",
    "shcore.dll", "ucrtbase.dll", "xaudio2_9.dll", "xinput1_4.dll",
]  # fmt: skip
"""In Windows 10 on every CPU, and missing in lists from older installation media (Microsoft's documentation of each API,
"Requirements"; ICU since version 1703). CPython 3.9 and newer do not run on Windows 7."""


def main() -> None:
    """Read delvewheel's lists, and write ours."""
    names = {CPUS[machine.name]: set(found) for machine, found in _dll_list.ignore_names.items()}
    everywhere = set.intersection(*names.values())
    table = {
        "source": f"delvewheel {importlib.metadata.version('delvewheel')}, _dll_list; PEP 11",
        "tags": {"win32": "i686", "win_amd64": "x86_64", "win_arm64": "arm64"},
        "system": {"": sorted(everywhere), **{cpu: sorted(found - everywhere) for cpu, found in names.items()}},
        "windows_10": WINDOWS_10,
        "interpreter": {"i686": given("win32"), "x86_64": given("win_a(md|rm)64"), "arm64": given("win_a(md|rm)64")},
    }
    TARGET.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def given(platform: str) -> list[str]:
    """What every CPython from 3.9 on brings along."""
    table = _dll_list.ignore_by_abi_platform.items()
    return sorted(next(names for key, names in table if key.startswith("cp3(9") and key.endswith(platform)))


if __name__ == "__main__":
    main()
