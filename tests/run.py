"""Run all tests with nothing but this Python, a C compiler and a package index: ``python3 tests/run.py``.

Makes ``.venv`` beside this checkout with everything that the tests need, and calls pytest; arguments are passed on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv" / "tests"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        print(
            "the tests run on Python 3.11 or newer (they build for 3.10 as well)",
            file=sys.stderr,
        )
        return 2
    python = BIN / ("python.exe" if os.name == "nt" else "python")
    if not python.exists():
        venv.create(HOME, with_pip=True)
    table = __import__("tomllib").loads(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    requires = [
        *table["project"]["dependencies"],
        *table["dependency-groups"]["test"],
        *table["dependency-groups"]["lint"],
    ]
    install = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--upgrade",
        *requires,
    ]
    if subprocess.run(install, check=False).returncode:
        return 1
    source = os.pathsep.join(
        filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    )
    environ = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": source,
    }
    workers = (
        []
        if any(a.startswith("-n") for a in arguments)
        else ["-n", str(max(os.cpu_count() or 1, 2))]
    )
    return subprocess.run(
        [python, "-m", "pytest", *workers, *arguments],
        cwd=ROOT,
        env=environ,
        check=False,
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
