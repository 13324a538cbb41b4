"""Write ``src/truewheel/audit/numpy_releases.json`` anew: which NumPy there is for which Python.

Source: the wheels of NumPy that pip finds. Run: ``python docs/regenerate/numpy_releases.py``, with pip 25.1 or newer.
What NumPy's headers compile into a module is not in the table: the module says it (``formats/numpy_api.py``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

TARGET = (
    Path(__file__).parents[2] / "src" / "truewheel" / "audit" / "numpy_releases.json"
)
PYTHONS = [f"3.{minor}" for minor in range(8, 15)]
PLATFORMS = (
    "manylinux1_x86_64",
    "manylinux2010_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_28_x86_64",
)
"""The platforms that NumPy has wheels for since ever."""


def releases(python: str) -> list[str]:
    """Return the releases that have a wheel for a Python, the oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", "numpy", "--json"]
    command += ["--python-version", python, "--only-binary", ":all:"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    versions: list[str] = json.loads(done.stdout)["versions"]
    return versions[::-1]


def document() -> dict[str, object]:
    """Return the table."""
    return {
        "source": "the wheels of NumPy for Linux on x86-64",
        "releases": {python: releases(python) for python in PYTHONS},
    }


def main() -> None:
    """Write the table."""
    text = json.dumps(document(), indent=1)
    # A line for each Python, rather than for each release.
    text = re.sub(r"\[\s+([^]]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
