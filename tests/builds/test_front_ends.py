"""Every example, through real front ends, on each CPython from 3.10 to 3.13: built, installed, imported, tested.

A cell is an example on a Python. Every cell runs ``uv build`` (sdist, and the wheel from it; every other cell without
isolation), installs that wheel, runs the example's tests against it, and asks ``pip check``, ``twine check --strict`` and
``check-wheel-contents``. Besides, each cell takes two of eight more ways, in a Latin square: every Python and every
example meets all eight.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import interpreters, needs
from support.examples import BINDING_TOOLS
from support.paths import EXAMPLES
from support.programs import run

pytestmark = [pytest.mark.network, pytest.mark.slow]
BUILD_TOOLS = ["truewheel", "pybind11>=3", "nanobind>=2.2", "cython>=3.1", "ninja", "cmake", "build", "pytest", "pip"]

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

CELLS = [
    pytest.param(name, version, id=f"{name}-{version}") for name in BINDING_TOOLS for version in interpreters.WANTED
]


class Cell:
    """An example's copy, and a virtual environment of the Python."""

    def __init__(self, name: str, version: str, place: Path, environ: dict[str, str]) -> None:
        python = interpreters.found().get(version)
        if python is None:
            needs.missing(f"CPython {version} with headers")
        self.source, self.place, self.environ = place / "source", place, environ
        shutil.copytree(EXAMPLES / name, self.source)
        shutil.copytree(EXAMPLES / name / "tests", place / "tests")
        self.uv = Path(sys.executable).parent / "uv"
        run(self.uv, "venv", "-q", "-p", python, place / "venv", cwd=place, environ=environ)
        self.python = place / "venv" / "bin" / "python"
        run(self.uv, "pip", "install", "-q", "-p", self.python, *BUILD_TOOLS, cwd=place, environ=environ)
        self.environ = {
            **environ,
            "VIRTUAL_ENV": str(place / "venv"),
            "PATH": f"{place / 'venv' / 'bin'}{os.pathsep}{environ['PATH']}",
        }

    def test_installed(self) -> None:
        run(self.python, "-m", "pip", "check", cwd=self.place, environ=self.environ)
        run(self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=self.place, environ=self.environ)

    def uninstall(self, name: str) -> None:
        run(self.python, "-m", "pip", "uninstall", "-q", "-y", f"example-{name}", cwd=self.place, environ=self.environ)

    def check(self, products: list[Path]) -> None:
        tools = Path(sys.executable).parent
        run(tools / "twine", "check", "--strict", *products, cwd=self.place, environ=self.environ)
        wheels = [p for p in products if p.suffix == ".whl"]
        run(tools / "check-wheel-contents", *wheels, cwd=self.place, environ=self.environ)
        run(self.python, "-m", "truewheel", "check", *wheels, cwd=self.place, environ=self.environ)


@pytest.mark.parametrize(("name", "version"), CELLS)
def test_cell(
    name: str, version: str, tmp_path: Path, environ: dict[str, str], ran: Callable[[str, str, str], None]
) -> None:
    needs.program("g++")
    cell = Cell(name, version, tmp_path, environ)
    output = tmp_path / "uv"
    first = 2 * (BINDING_TOOLS.index(name) + interpreters.WANTED.index(version)) % len(WAYS)
    isolation = ["--no-build-isolation"] if first % 4 else []
    run(cell.uv, "build", *isolation, "-p", cell.python, "-o", output, cell.source, cwd=tmp_path, environ=cell.environ)
    products = sorted(output.glob("example_*"))
    assert len(products) == 2
    cell.check(products)
    run(cell.python, "-m", "pip", "install", "--no-deps", products[0], cwd=tmp_path, environ=cell.environ)
    cell.test_installed()
    ran(name, version, "uv")
    for way in list(WAYS)[first : first + 2]:
        cell.uninstall(name)
        take(way, cell)
        ran(name, version, "build" if "-m build" in way else "pip")


def take(way: str, cell: Cell) -> None:
    kind, command = WAYS[way]
    output = cell.place / way.replace(" ", "_").replace(".", "_")
    run(
        cell.python,
        *[str(output) if word == "OUT" else word for word in command],
        cwd=cell.source,
        environ=cell.environ,
    )
    if kind == "build":
        products = sorted(output.glob("example_*"))
        cell.check(products)
        wheel = next(p for p in products if p.suffix == ".whl")
        run(cell.python, "-m", "pip", "install", "--no-deps", wheel, cwd=cell.place, environ=cell.environ)
    cell.test_installed()


def test_every_python_and_every_example_meets_every_way() -> None:
    met: dict[str, set[str]] = {}
    for i, name in enumerate(BINDING_TOOLS):
        for j, version in enumerate(interpreters.WANTED):
            first = 2 * (i + j) % len(WAYS)
            for one in (name, version):
                met.setdefault(one, set()).update(list(WAYS)[first : first + 2])
    assert all(ways == set(WAYS) for ways in met.values())
