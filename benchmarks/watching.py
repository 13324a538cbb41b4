"""What it costs to know what a build reads: this truewheel beside an older one and scikit-build-core, in one run.

    python benchmarks/watching.py --before DIR [--runs 5] [--units 11] [--foreign 100000] [--sparse 50] [--only NAME]

Three times are taken of a pybind11 project of eleven units, as ``rebuild.py`` has it: built from nothing, built again with
nothing changed, and built again after its README was edited. The older truewheel guessed what is read from the names of files,
so the README is one that it knew not to count. Then a small project is built for the first time in a checkout in which other
things lie: 100,000 small files, and a sparse one of 50 GB. Each build is a hook in a process of its own; they take turns.
Prints medians in seconds, and medians of the ratios within each round. pybind11 is installed into a temporary directory.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import rebuild
import turns

NOW, BEFORE, ENGINE = "now", "before", "scikit-build-core"
SMALL_CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(small LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
Python_add_library(small MODULE WITH_SOABI small.c)
install(TARGETS small DESTINATION .)
"""
SMALL = """#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "small", NULL, 0, NULL};
PyMODINIT_FUNC PyInit_small(void) { return PyModuleDef_Init(&module); }
"""
PYPROJECT = """[build-system]
requires = ["truewheel"]
build-backend = "{module}"
[project]
name = "small"
version = "1.0"
"""


class Builder:
    """One backend that takes turns.

    :param name: which one.
    :param checkout: that of truewheel which it is; none for scikit-build-core.
    :param place: an empty directory of its own.
    """

    def __init__(
        self, name: str, checkout: Path | None, place: Path, pybind11: Path
    ) -> None:
        self.name = name
        self.checkout = checkout
        self.place = place
        self.module = "truewheel.backend" if checkout else "scikit_build_core.build"
        self.variables = {
            "TRUEWHEEL_CACHE_DIR": str(place / "cache"),
            # A cache of objects would answer for all of them.
            "TRUEWHEEL_LAUNCHER": "off",
            "CMAKE_PREFIX_PATH": str(pybind11),
        }

    def build(self, source: Path) -> float:
        """Build the wheel of a project; return seconds."""
        output = self.place / "out"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        script = f"import {self.module} as b; b.build_wheel({str(output)!r})"
        environ = turns.environment(self.checkout, self.variables)
        times = turns.run([sys.executable, "-c", script], environ, source)
        if times is None:
            raise SystemExit(f"{self.name} fails in {source}")
        return times.wall

    def forget(self) -> None:
        """Let the next build be one from nothing; what the machine keeps for all of them stays."""
        shutil.rmtree(self.place / "cache" / "builds", ignore_errors=True)


def eleven_units(place: Path, units: int) -> Path:
    """Write the project of ``rebuild.py``, for truewheel."""
    source = rebuild.project(place, "truewheel", units, place / "unused", lto=False)
    (source / "README.md").write_text("one\n")
    return source


def report(title: str, builders: list[Builder], taken: dict[str, list[float]]) -> None:
    """Print medians, and the ratios of the newest to the others within each round."""
    print(title)
    for builder in builders:
        seconds = statistics.median(taken[builder.name])
        line = f"  {builder.name:<20} {seconds:8.2f} s"
        if builder.name != NOW:
            pairs = zip(taken[NOW], taken[builder.name], strict=True)
            ratio = statistics.median(now / other for now, other in pairs)
            line += f"   now takes {ratio:.3f} of it"
        print(line, flush=True)


def in_turns(
    builders: list[Builder], runs: int, one: Callable[[Builder, int], float]
) -> dict[str, list[float]]:
    """Return what each builder takes; the first round fills the disk's cache and does not count."""
    taken: dict[str, list[float]] = {builder.name: [] for builder in builders}
    for number in range(runs + 1):
        first = number % len(builders)
        for builder in builders[first:] + builders[:first]:
            seconds = one(builder, number)
            if number:
                taken[builder.name].append(seconds)
    return taken


def measure_units(builders: list[Builder], source: Path, runs: int, only: str) -> None:
    def cold(builder: Builder, number: int) -> float:
        del number
        builder.forget()
        return builder.build(source)

    def unchanged(builder: Builder, number: int) -> float:
        del number
        return builder.build(source)

    def edited(builder: Builder, number: int) -> float:
        (source / "README.md").write_text(f"{builder.name} {number}\n")
        return builder.build(source)

    if only in ("", "cold"):
        report("cold", builders, in_turns(builders, runs, cold))
    if only in ("", "unchanged"):
        # Both in each round, so that they meet the same machine.
        after_edit: dict[str, list[float]] = {builder.name: [] for builder in builders}

        def both(builder: Builder, number: int) -> float:
            seconds = edited(builder, number)
            if number:
                after_edit[builder.name].append(seconds)
            return unchanged(builder, number)

        again = in_turns(builders, 3 * runs, both)
        report("nothing changed", builders, again)
        report("README edited", builders, after_edit)
        pairs = zip(after_edit[NOW], again[NOW], strict=True)
        ratio = statistics.median(edit / nothing for edit, nothing in pairs)
        print(f"  now, a README edit takes {ratio:.3f} of nothing changed", flush=True)


def foreign_files(folder: Path, count: int, gigabytes: int) -> None:
    """Put many small files and a large one beside the sources."""
    for number in range(count):
        if number % 1000 == 0:
            below = folder / "data" / f"{number // 1000}"
            below.mkdir(parents=True)
        (below / f"{number}.json").write_text(f"{number}\n")
    with (folder / "data" / "large.bin").open("wb") as file:
        file.truncate(gigabytes * 1_000_000_000)


def measure_foreign(
    builders: list[Builder], place: Path, runs: int, count: int, gigabytes: int
) -> None:
    source = place / "small"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(SMALL_CMAKE)
    (source / "small.c").write_text(SMALL)
    foreign_files(source, count, gigabytes)

    def first(builder: Builder, number: int) -> float:
        del number
        builder.forget()
        text = PYPROJECT.format(module=builder.module)
        (source / "pyproject.toml").write_text(text)
        return builder.build(source)

    report("among foreign files", builders, in_turns(builders, runs, first))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    turns.option_before(parser)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--units", type=int, default=11)
    parser.add_argument("--foreign", type=int, default=100_000)
    parser.add_argument("--sparse", type=int, default=50, help="in GB")
    parser.add_argument(
        "--only", choices=("", "cold", "unchanged", "foreign"), default=""
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watching-") as folder:
        place = Path(folder)
        pip = [sys.executable, "-m", "pip", "install", "-q", "pybind11"]
        subprocess.run([*pip, "--target", place / "site"], check=True)
        pybind11 = place / "site" / "pybind11"
        checkouts = {NOW: turns.ROOT, BEFORE: given.before, ENGINE: None}
        builders = []
        for name, checkout in checkouts.items():
            if name != BEFORE or checkout is not None:
                builders.append(Builder(name, checkout, place / name, pybind11))
        ours = [builder for builder in builders if builder.checkout is not None]
        if given.only != "foreign":
            source = eleven_units(place, given.units)
            measure_units(ours, source, given.runs, given.only)
        if given.only in ("", "foreign"):
            measure_foreign(builders, place, 1, given.foreign, given.sparse)


if __name__ == "__main__":
    main()
