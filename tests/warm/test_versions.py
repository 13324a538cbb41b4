"""Other versions of build requirements, and other Pythons: each warm build makes the wheel of a build from nothing."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support import interpreters, needs
from support.warm_project import EXTENDED, HOOK, Project

NUMBERS = itertools.count()
PYBIND11 = ("pybind11==2.13.6", "pybind11>=3")
NUMPY = ("numpy==2.2.6", "numpy>=2.3")
FILES = {
    "pyproject.toml": """
[build-system]
requires = ["truewheel", "pybind11", "numpy", "cmake", "ninja"]
build-backend = "truewheel.backend"
[project]
name = "mixed"
version = "1.0"
[tool.scikit-build]
cmake.build-type = "None"
""",
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.18...4.0)
project(mixed LANGUAGES CXX)
option(EXTRA "More of it" OFF)
set(PYBIND11_FINDPYTHON ON)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
find_package(pybind11 CONFIG REQUIRED)
pybind11_add_module(_mixed NO_EXTRAS src/main.cpp src/arrays.cpp)
target_include_directories(_mixed PRIVATE include)
target_link_libraries(_mixed PRIVATE Python::NumPy)
if(EXTRA)
  target_compile_definitions(_mixed PRIVATE EXTRA)
endif()
install(TARGETS _mixed DESTINATION .)
""",
    "include/level.h": "#define LEVEL 1\n",
    "src/main.cpp": """
#include <pybind11/pybind11.h>
#include "level.h"
PYBIND11_MODULE(_mixed, m) { m.attr("level") = LEVEL; m.attr("pybind11") = PYBIND11_VERSION_MAJOR; }
""",
    "src/arrays.cpp": """
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
long arrays(PyObject *o) { return PyArray_Check(o) ? NPY_FEATURE_VERSION : NPY_VERSION; }
const char *where() { return __FILE__; }
""",
}


@dataclass
class State(Project):
    """The project, and what it is built with.

    :param python: number of the Python.
    :param pybind11: number of its version.
    :param numpy: number of its version.
    :param seen: digests of the wheels so far.
    """

    python: int = 0
    pybind11: int = 0
    numpy: int = 0
    seen: set[str] = field(default_factory=set)


def another_pybind11(state: State) -> None:
    state.pybind11 = 1 - state.pybind11


def another_numpy(state: State) -> None:
    state.numpy = 1 - state.numpy


def another_python(state: State) -> None:
    state.python += 1


def unit(state: State) -> None:
    state.append("src/arrays.cpp", f"int more_{next(state.counter)};\n")


def header(state: State) -> None:
    state.write("include/level.h", f"#define LEVEL {next(state.counter)}\n")


def option(state: State) -> None:
    state.options["cmake.define.EXTRA"] = (
        "OFF" if state.options.get("cmake.define.EXTRA") == "ON" else "ON"
    )


def flags(state: State) -> None:
    state.variables["CXXFLAGS"] = f"-DFLAG={next(state.counter)}"


STEPS: tuple[Callable[[State], None], ...] = (
    another_pybind11, another_numpy, another_python, unit, header, option, flags,
)  # fmt: skip


class House:
    """The environments, made when they are asked for; a front end makes each anew at another path."""

    def __init__(self, place: Path, environ: dict[str, str]) -> None:
        self._place = place
        self._environ = environ
        self._known: dict[tuple[int, int, int], Path] = {}
        found = sorted(
            interpreters.found().items(),
            key=lambda item: int(item[0].partition(".")[2]),
            reverse=True,
        )
        self.pythons = [
            python for version, python in found if version in {"3.11", "3.12", "3.13"}
        ]

    def python(self, state: State) -> Path:
        key = (state.python % len(self.pythons), state.pybind11, state.numpy)
        new = self._place / f"build-env-{next(NUMBERS)}"
        if key in self._known:
            self._known[key].rename(new)
        else:
            uv = Path(sys.executable).parent / "uv"
            wanted = ["truewheel", "cmake", "ninja", PYBIND11[key[1]], NUMPY[key[2]]]
            here = self._environ
            subprocess.run(
                [uv, "venv", "-q", "-p", self.pythons[key[0]], new],
                env=here,
                check=True,
            )
            subprocess.run(
                [uv, "pip", "install", "-q", "-p", new / "bin/python", *wanted],
                env=here,
                check=True,
            )
        self._known[key] = new
        return new / "bin" / "python"

    def built(self, state: State, source: Path, cache: Path) -> tuple[str, str]:
        """Build; return the digest of the wheel, and what was printed."""
        import json

        output = self._place / "out"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        python = self.python(state)
        environ = {k: v for k, v in self._environ.items() if k != "CXXFLAGS"} | {
            "TRUEWHEEL_CACHE_DIR": str(cache)
        }
        environ |= {
            **state.variables,
            "PATH": f"{python.parent}{os.pathsep}{environ['PATH']}",
        }
        command = [
            python,
            "-c",
            HOOK,
            "build_wheel",
            str(output),
            json.dumps(state.options),
        ]
        done = subprocess.run(
            command,
            cwd=source,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = output.iterdir()
        return hashlib.sha256(wheel.read_bytes()).hexdigest(), done.stdout + done.stderr


@pytest.fixture(scope="module")
def house(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> House:
    found = House(tmp_path_factory.mktemp("house"), environ)
    if len(found.pythons) < 2:
        needs.missing("two of CPython 3.11, 3.12 and 3.13")
    return found


ANY_ORDER = (
    st.permutations(STEPS[:5])
    if not EXTENDED
    else st.lists(st.sampled_from(STEPS), min_size=8, max_size=12)
)


@pytest.mark.network
@pytest.mark.slow
@settings(
    max_examples=12 if EXTENDED else 1, deadline=None, derandomize=not EXTENDED, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=ANY_ORDER)
def test_after_other_versions_and_pythons_a_warm_build_equals_a_cold_one(
    house: House, tmp_path: Path, steps: list[Callable[[State], None]]
) -> None:
    needs.program("g++")
    place = tmp_path / str(next(NUMBERS))
    state = State(place / "project")
    for name, text in FILES.items():
        state.write(name, text)
    for number, step in enumerate([lambda _: None, *steps]):
        step(state)
        warm, said = house.built(state, state.root, place / "warm")
        copy = place / f"copy-{number}"
        shutil.copytree(state.root, copy)
        shutil.rmtree(
            place / "cold" / "builds", ignore_errors=True
        )  # its copies of environments are not in question
        cold, _ = house.built(state, copy, place / "cold")
        assert warm == cold, f"after {[s.__name__ for s in steps[:number]]}: {said}"
        state.seen.add(warm)
    if not EXTENDED:
        assert len(state.seen) == len(steps) + 1  # nothing was changed in vain
