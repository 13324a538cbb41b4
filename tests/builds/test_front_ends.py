"""Every example, through real front ends, on each CPython from 3.10 to 3.13: built, installed, imported, tested.

A cell is an example on a Python. Every cell runs ``uv build`` (sdist, and the wheel from it; every other cell without
isolation), installs that wheel, runs the example's tests against it, and asks ``pip check``, ``twine check --strict`` and
``check-wheel-contents``. Besides, each cell takes two of eight more ways, in a Latin square: every Python and every
example meets all eight.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from support import interpreters, needs
from support.examples import BINDING_TOOLS
from support.paths import EXAMPLES
from support.programs import run

pytestmark = [pytest.mark.network, pytest.mark.slow]
BUILD_TOOLS = [
    "truewheel",
    "pybind11>=3",
    "nanobind>=2.2",
    "cython>=3.1",
    "ninja",
    "cmake",
    "build",
    "pytest",
    "pip",
]

WAYS = {
    "pip install .": ("install", ["-m", "pip", "install", "."]),
    "pip install . --no-build-isolation": ("install", ["-m", "pip", "install", "--no-build-isolation", "."]),
    "pip install -e .": ("install", ["-m", "pip", "install", "-e", "."]),
    "pip install -e . --no-build-isolation": ("install", ["-m", "pip", "install", "--no-build-isolation", "-e", "."]),
    "pip wheel .": ("build", ["-m", "pip", "wheel", "--no-deps", "-w", "OUT", "."]),
    "pip wheel . --no-build-isolation": ("build", ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", "OUT", "."]),
    "python -m build": ("build", ["-m", "build", "-o", "OUT", "."]),
    "python -m build --no-isolation": ("build", ["-m", "build", "--no-isolation", "-o", "OUT", "."]),
}  # fmt: skip

FIRST_WAY = {
    (name, version): 2 * (row + column) % len(WAYS)
    for (row, name), (column, version) in itertools.product(
        enumerate(BINDING_TOOLS), enumerate(interpreters.WANTED)
    )
}
"""By example and Python: the number of the first of the two ways that this cell takes (a Latin square)."""


class Cell:
    """An example's copy, and a virtual environment of the Python."""

    def __init__(
        self, name: str, version: str, place: Path, environ: dict[str, str]
    ) -> None:
        python = interpreters.found().get(version)
        if python is None:
            needs.missing(f"CPython {version} with headers")
        self.source, self.place, self.environ = place / "source", place, environ
        shutil.copytree(EXAMPLES / name, self.source)
        shutil.copytree(EXAMPLES / name / "tests", place / "tests")
        self.uv = Path(sys.executable).parent / "uv"
        run(
            self.uv,
            "venv",
            "-q",
            "-p",
            python,
            place / "venv",
            cwd=place,
            environ=environ,
        )
        self.python = place / "venv" / "bin" / "python"
        run(
            self.uv,
            "pip",
            "install",
            "-q",
            "-p",
            self.python,
            *BUILD_TOOLS,
            cwd=place,
            environ=environ,
        )
        self.environ = {
            **environ,
            "VIRTUAL_ENV": str(place / "venv"),
            "PATH": f"{place / 'venv' / 'bin'}{os.pathsep}{environ['PATH']}",
        }

    def test_installed(self) -> None:
        run(self.python, "-m", "pip", "check", cwd=self.place, environ=self.environ)
        run(
            self.python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests",
            cwd=self.place,
            environ=self.environ,
        )

    def uninstall(self, name: str) -> None:
        run(
            self.python,
            "-m",
            "pip",
            "uninstall",
            "-q",
            "-y",
            f"example-{name}",
            cwd=self.place,
            environ=self.environ,
        )

    def check(self, products: list[Path]) -> None:
        tools = Path(sys.executable).parent
        run(
            tools / "twine",
            "check",
            "--strict",
            *products,
            cwd=self.place,
            environ=self.environ,
        )
        wheels = [p for p in products if p.suffix == ".whl"]
        run(
            tools / "check-wheel-contents",
            *wheels,
            cwd=self.place,
            environ=self.environ,
        )
        run(
            self.python,
            "-m",
            "truewheel",
            "check",
            *wheels,
            cwd=self.place,
            environ=self.environ,
        )


@pytest.mark.parametrize(("name", "version"), FIRST_WAY)
def test_an_example_is_built_installed_and_tested(
    name: str,
    version: str,
    tmp_path: Path,
    environ: dict[str, str],
    ran: Callable[[str, str, str], None],
) -> None:
    needs.program("g++")
    cell = Cell(name, version, tmp_path, environ)
    output = tmp_path / "uv"
    first = FIRST_WAY[name, version]
    isolation = ["--no-build-isolation"] if first % 4 else []
    run(
        cell.uv,
        "build",
        *isolation,
        "-p",
        cell.python,
        "-o",
        output,
        cell.source,
        cwd=tmp_path,
        environ=cell.environ,
    )
    products = sorted(output.glob("example_*"))
    assert len(products) == 2
    cell.check(products)
    run(
        cell.python,
        "-m",
        "pip",
        "install",
        "--no-deps",
        products[0],
        cwd=tmp_path,
        environ=cell.environ,
    )
    cell.test_installed()
    ran(name, version, "uv")
    for way in list(WAYS)[first : first + 2]:
        cell.uninstall(name)
        take(way, cell)
        ran(name, version, "build" if "-m build" in way else "pip")


def take(way: str, cell: Cell) -> None:
    """Install the example in one of the ways, and test it."""
    kind, words = WAYS[way]
    output = cell.place / way.replace(" ", "_").replace(".", "_")
    command = [word.replace("OUT", str(output)) for word in words]
    run(cell.python, *command, cwd=cell.source, environ=cell.environ)
    if kind == "build":
        products = sorted(output.glob("example_*"))
        cell.check(products)
        wheel = next(p for p in products if p.suffix == ".whl")
        run(
            cell.python,
            "-m",
            "pip",
            "install",
            "--no-deps",
            wheel,
            cwd=cell.place,
            environ=cell.environ,
        )
    cell.test_installed()


def test_every_python_and_every_example_meets_every_way() -> None:
    met: dict[str, set[str]] = defaultdict(set)
    for (name, version), first in FIRST_WAY.items():
        ways = list(WAYS)[first : first + 2]
        met[name].update(ways)
        met[version].update(ways)
    for met_by, ways in met.items():
        assert ways == set(WAYS), met_by
