"""``truewheel_add_module(ABI3T …)`` with real Pythons: what is compiled, what the wheel is called, what is refused."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from support import hooks, interpreters, needs
from support.paths import ROOT

CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(${SKBUILD_PROJECT_NAME} LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
find_package(Truewheel REQUIRED)
truewheel_add_module(_m ABI3T 3.15 DESTINATION pkg abi3t.c)
"""
MODULE = """#include <Python.h>
#ifndef _Py_OPAQUE_PYOBJECT
#error "not compiled for abi3t"
#endif
static PyObject *call(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"call", call, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
PyABIInfo_VAR(abi_info);
static PySlot slots[] = {
  PySlot_STATIC_DATA(Py_mod_abi, &abi_info),
  PySlot_STATIC_DATA(Py_mod_name, "_m"),
  PySlot_STATIC_DATA(Py_mod_methods, methods),
  PySlot_END
};
PyMODEXPORT_FUNC PyModExport__m(void) { return slots; }
"""


def newest() -> Path:
    """Return Python 3.15, which is not to be had everywhere."""
    found = {**interpreters.newer(), **interpreters.threaded()}
    return (
        found.get("3.15")
        or found.get("3.15t")
        or needs.missing("CPython 3.15 with headers")
    )


def build(place: Path, python: Path, pyproject: str = "") -> Path:
    """Build the wheel by the backend, which runs on ``python``; return the wheel."""
    source = hooks.project(place, cmake=CMAKE, pyproject=pyproject)
    (source / "abi3t.c").write_text(MODULE)
    # What the backend needs is pure Python, and lies where these tests run.
    paths = f"{ROOT / 'src'}:{sysconfig.get_path('purelib')}"
    run = hooks.hook(
        source,
        "build_wheel",
        place,
        python=(python,),
        environ={
            "PYTHONPATH": paths,
            "CMAKE_ARGS": f"-DTruewheel_DIR={ROOT / 'cmake'}",
        },
    )
    return place / hooks.result(run)


@pytest.mark.parametrize(
    "pyproject",
    ["", "[tool.scikit-build.wheel]\npy-api = 'cp315.cp315t'\n"],
    ids=["by the suffix", "by wheel.py-api"],
)
def test_a_wheel_for_abi3t_serves_both_builds_of_python(
    tmp_path: Path, pyproject: str
) -> None:
    needs.program("gcc")
    python = newest()
    wheel = build(tmp_path, python, pyproject)
    assert wheel.name.startswith("pkg-1.0-cp315-abi3.abi3t-")
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        assert "pkg/_m.abi3t.so" in archive.namelist()
        archive.extractall(place)
    run = subprocess.run(
        [python, "-I", "-c", f"import sys; sys.path.insert(0, {str(place)!r}); from pkg._m import call; print(call())"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("42\n", "")


def refusal(place: Path, line: str) -> str:
    """Return what CMake says to a project with a line."""
    source = hooks.project(place, cmake=CMAKE.replace("ABI3T 3.15", line))
    (source / "abi3t.c").write_text(MODULE)
    run = subprocess.run(
        [needs.program("cmake"), "-S", source, "-B", place / "build", "-DSKBUILD_PROJECT_NAME=pkg",
         f"-DTruewheel_DIR={ROOT / 'cmake'}", f"-DPython_EXECUTABLE={sys.executable}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    return " ".join(run.stderr.split())


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="runs on an older Python")
def test_a_python_that_is_too_old_is_told(tmp_path: Path) -> None:
    needs.program("gcc")
    version = ".".join(map(str, sys.version_info[:3]))
    assert (
        f"truewheel_add_module(_m): ABI3T 3.15 cannot be built with Python {version}: "
        "build with Python 3.15 or newer, or leave ABI3T empty for older ones"
    ) in refusal(tmp_path, "ABI3T 3.15")


def test_a_version_without_this_abi_is_told(tmp_path: Path) -> None:
    needs.program("gcc")
    said = "truewheel_add_module(_m): ABI3T 3.14 is not a version such as 3.15, the first Python with this ABI (PEP 803)"
    assert said in refusal(tmp_path, "ABI3T 3.14")


def test_two_stable_abis_at_once_are_told(tmp_path: Path) -> None:
    needs.program("gcc")
    said = "STABLE_ABI and ABI3T exclude each other; ABI3T serves Pythons with the GIL as well"
    assert said in refusal(tmp_path, "ABI3T 3.15 STABLE_ABI 3.12")
