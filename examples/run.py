"""Build an example with nothing but this Python, a C compiler and a package index: ``python3 examples/run.py pybind11``.

Makes ``.venv`` beside this checkout (with truewheel built from here and the ``build`` front end), builds the example in
isolation, and shows the wheel with its tag and the reason for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv" / "examples"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main(names: list[str]) -> int:
    known = sorted(p.parent.name for p in (ROOT / "examples").glob("*/pyproject.toml"))
    unknown = [n for n in names if n not in known]
    if unknown or not names:
        print(f"usage: python3 examples/run.py {'|'.join(known)} ...", file=sys.stderr)
        return 2
    if not PYTHON.exists():
        venv.create(HOME, with_pip=True)
    wheels = HOME / "wheels"
    run(PYTHON, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ROOT)
    run(PYTHON, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", next(wheels.glob("truewheel-*.whl")))
    run(PYTHON, "-m", "pip", "install", "-q", "build", "truewheel")
    for name in names:
        output = ROOT / "dist" / name
        for old in output.glob("*"):
            old.unlink()
        run(PYTHON, "-m", "build", "-o", output, ROOT / "examples" / name, PIP_FIND_LINKS=found(wheels, *built()))
        run(PYTHON, "-m", "truewheel", "show", *output.glob("*.whl"))
    return 0


def built() -> list[Path]:
    """Where examples have been built before: one may be built on another (c-library, then c-library-consumer)."""
    return sorted((ROOT / "dist").glob("*/"))


def found(*places: Path) -> str:
    """Where pip looks besides the index; what the user has set stays."""
    return " ".join([*map(str, places), os.environ.get("PIP_FIND_LINKS", "")]).strip()


def run(*command: object, **environ: str) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, env={**os.environ, **environ}, check=False).returncode:
        raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
