"""Write ``src/truewheel/audit/nanobind_backends.json`` anew: for which platforms nanobind's backend has wheels.

Source: the names of the wheels of ``nanobind-backend``, as pip finds them for each platform. It has no source distribution,
so that on all other systems it cannot be installed.

Run ``python docs/regenerate/nanobind_backends.py`` and read the diff. It takes a minute.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TABLE = Path(__file__).parents[2] / "src/truewheel/audit/nanobind_backends.json"
DISTRIBUTION = "nanobind-backend"
PYTHON = "3.13"
CPUS = ("x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64")
PLATFORMS = (
    *((f"manylinux_2_28_{cpu}", f"manylinux_2_39_{cpu}") for cpu in CPUS),
    *((f"musllinux_1_2_{cpu}",) for cpu in CPUS),
    ("macosx_11_0_arm64",),
    ("macosx_11_0_x86_64",),
    ("win_amd64",),
    ("win_arm64",),
    ("win32",),
)
"""For whom wheels are looked for. pip wants each level named for itself."""


def wheel_for(names: tuple[str, ...]) -> str | None:
    """Return the name of the newest wheel for one of some platform tags."""
    with tempfile.TemporaryDirectory() as folder:
        options = [part for name in names for part in ("--platform", name)]
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
                   "--implementation", "cp", "--python-version", PYTHON, *options, "-d", folder, DISTRIBUTION]  # fmt: skip
        subprocess.run(command, capture_output=True, check=False)
        found = sorted(Path(folder).glob("*.whl"))
        return found[-1].name if found else None


def main() -> None:
    """Write the table."""
    platforms: set[str] = set()
    version = ""
    for names in PLATFORMS:
        name = wheel_for(names)
        if name is not None:
            version = name.split("-")[1]
            platforms.update(name.removesuffix(".whl").split("-")[-1].split("."))
    document = {
        DISTRIBUTION: {
            "version": version,
            "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
            "platforms": sorted(platforms),
        }
    }
    TABLE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
