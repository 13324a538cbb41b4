"""Whether the Pythons that accept a wheel can import its modules: suffix, library, symbols (TW401, TW407)."""

from __future__ import annotations

import json
import subprocess

import pytest

from support import interpreters, needs
from support.claims import codes_about
from support.facts import contents, module
from truewheel.audit.python.import_obstacles import ObstacleCause, find_obstacle
from truewheel.audit.python.interpreters import compatible_pythons
from truewheel.audit.python.modules import modules

LINUX = "x86_64-linux-gnu"
FOR_313, FOR_313T = f"p/m.cpython-313-{LINUX}.so", f"p/m.cpython-313t-{LINUX}.so"
FRAMEWORKS = "/Library/Frameworks"


# --- suffixes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "tag"),
    [
        (f".cpython-313-{LINUX}.so", "cp313-cp313"),
        (f".cpython-313-{LINUX}.so", "cp313-none"),
        (f".cpython-312d-{LINUX}.so", "cp312-cp312d"),
        (f".cpython-312-{LINUX}.so", "cp312-cp312d"),
        (f".cpython-37m-{LINUX}.so", "cp37-cp37m"),
        (f".cpython-37-{LINUX}.so", "cp37-cp37"),
        (f".cpython-37m-{LINUX}.so", "cp37-none"),
        (f".cpython-36dm-{LINUX}.so", "cp36-cp36dm"),
        (".cp37-win_amd64.pyd", "cp37-cp37m"),
        (".cp312-win_amd64.pyd", "cp312-cp312"),
        (".cp313t-win_amd64.pyd", "cp313-cp313t"),
        (".abi3.so", "cp313-cp313"),
        (f".abi3-{LINUX}.so", "cp315-abi3"),
        (".abi3t.so", "cp315-abi3t"),
        (".abi3t.so", "cp315-abi3.abi3t"),
        (".so", "cp39-abi3"),
        (".pyd", "cp39-abi3"),
        (f".pypy311-pp73-{LINUX}.so", "pp311-pypy311_pp73"),
        (f".pypy311-pp72-{LINUX}.so", "pp311-none"),
        (".pypy311-pp73-win_amd64.pyd", "pp311-pypy311_pp73"),
        (".graalpy250-312-native-x86_64-linux.so", "graalpy312-graalpy250_312_native"),
        (".graalpy250-312-native-x86_64-linux.so", "graalpy312-none"),
        (".graalpy-38-native-x86_64-linux.so", "graalpy38-graalpy223_38_native"),
        (f".cpython-313-{LINUX}.so", "xy9-xy9"),
    ],
)
def test_suffixes_that_the_claimed_pythons_look_for(suffix: str, tag: str) -> None:
    assert codes_about(contents(module(f"p/m{suffix}")), tag) == []


@pytest.mark.parametrize(
    ("suffix", "tag"),
    [
        (f".cpython-313-{LINUX}.so", "cp312-cp312"),
        (f".cpython-39-{LINUX}.so", "cp39-abi3"),
        (f".cpython-313-{LINUX}.so", "cp39-abi3"),
        (f".cpython-313t-{LINUX}.so", "cp313-cp313"),
        (f".cpython-313-{LINUX}.so", "cp313-cp313t"),
        (f".cpython-312d-{LINUX}.so", "cp312-cp312"),
        (f".cpython-37-{LINUX}.so", "cp37-cp37m"),
        (f".cpython-37m-{LINUX}.so", "cp37-cp37"),
        (".cp313t-win_amd64.pyd", "cp313-cp313"),
        (".abi3.so", "cp315-cp315t"),
        (".abi3.so", "cp315-abi3t"),
        (".abi3.so", "pp311-pypy311_pp73"),
        (f".abi3-{LINUX}.so", "cp312-abi3"),
        (".abi3t.so", "cp314-abi3t"),
        (".abi3t.so", "cp311-abi3"),
        (".so", "pp311-pypy311_pp73"),
        (f".pypy310-pp73-{LINUX}.so", "pp311-pypy311_pp73"),
        (f".pypy311-pp72-{LINUX}.so", "pp311-pypy311_pp73"),
        (f".cpython-311-{LINUX}.so", "pp311-pypy311_pp73"),
        (".graalpy240-311-native-x86_64-linux.so", "graalpy312-graalpy250_312_native"),
        (".graalpy250-312-native-x86_64-linux.so", "graalpy312-graalpy242_312_native"),
    ],
)
def test_suffixes_that_the_claimed_pythons_do_not_look_for(
    suffix: str, tag: str
) -> None:
    assert codes_about(contents(module(f"p/m{suffix}")), tag) == ["TW401"]


def suffixes_of(version: str) -> list[str]:
    """Return the suffixes that a real interpreter looks for."""
    python = interpreters.found().get(version) or needs.missing(f"CPython {version}")
    script = (
        "import importlib.machinery as m, json; print(json.dumps(m.EXTENSION_SUFFIXES))"
    )
    run = subprocess.run(
        [python, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_suffixes_are_those_of_real_interpreters(version: str) -> None:
    """What an interpreter looks for has no obstacle, and what only others look for has one."""
    own = suffixes_of(version)
    every = {".abi3t.so"}
    for other in interpreters.WANTED:
        every.update(suffixes_of(other))
    tag = "cp" + version.replace(".", "")
    (pythons,) = compatible_pythons((tag,), (tag,)) or ()
    for suffix in every:
        (found,) = modules(contents(module(f"p/m{suffix}")))
        assert (find_obstacle(found, pythons) is None) == (suffix in own), suffix


# --- libraries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "linked", "tag"),
    [
        ("m.pyd", "python3.dll", "cp39-abi3"),
        ("m.pyd", "python3.dll", "py3-none"),
        ("m.pyd", "PYTHON312.dll KERNEL32.dll", "cp312-cp312"),
        ("m.pyd", "python3t.dll", "cp315-abi3.abi3t"),
        ("m.cp313t-win_amd64.pyd", "python313t.dll", "cp313-cp313t"),
        ("m.so", "libpython3.12.so.1.0", "cp312-cp312"),
        ("m.so", f"{FRAMEWORKS}/Python.framework/Versions/3.12/Python", "cp312-cp312"),
        ("m.pypy311-pp73-win_amd64.pyd", "libpypy3.11-c.dll", "pp311-pypy311_pp73"),
    ],
)
def test_libraries_of_the_claimed_pythons(name: str, linked: str, tag: str) -> None:
    assert codes_about(contents(module(f"p/{name}", linked=linked)), tag) == []


@pytest.mark.parametrize(
    ("name", "linked", "tag"),
    [
        ("m.pyd", "python312.dll", "cp39-abi3"),
        ("m.pyd", "python312.dll", "py3-none"),
        ("m.pyd", "python3.dll", "cp315-abi3t"),
        ("m.pyd", "python3t.dll", "cp314-abi3"),
        ("m.cp312-win_amd64.pyd", "python311.dll", "cp312-cp312"),
        ("m.cp313t-win_amd64.pyd", "python313.dll", "cp313-cp313t"),
        ("m.cp313-win_amd64.pyd", "python313t.dll", "cp313-cp313"),
        ("m.cp313-win_amd64.pyd", "python313_d.dll", "cp313-cp313"),
        ("m.so", "libpython3.12.so.1.0", "cp311-cp311"),
        ("m.abi3.so", "libpython3.12.so.1.0", "cp311-abi3"),
        (
            "m.so",
            f"{FRAMEWORKS}/PythonT.framework/Versions/3.13/PythonT",
            "cp313-cp313",
        ),
        ("m.pypy311-pp73-win_amd64.pyd", "python311.dll", "pp311-pypy311_pp73"),
    ],
)
def test_libraries_of_other_pythons(name: str, linked: str, tag: str) -> None:
    assert codes_about(contents(module(f"p/{name}", linked=linked)), tag) == ["TW407"]


def test_the_suffix_of_a_debug_build_comes_before_its_library() -> None:
    inside = contents(module("p/m_d.cp313-win_amd64.pyd", linked="python313_d.dll"))
    assert codes_about(inside, "cp313-cp313") == ["TW405", "TW401"]


# --- symbols ----------------------------------------------------------------------------------------------------


def test_calls_of_free_threaded_builds_tell_the_build() -> None:
    """Measured on published cp314t wheels: all that import one of the shared ones import no ``_Py_Dealloc``."""
    threaded = contents(
        module("p/m.so", "_Py_DecRefShared", "_Py_MergeZeroLocalRefcount")
    )
    assert codes_about(threaded, "cp313-cp313") == ["TW401"]
    assert codes_about(threaded, "cp313-cp313t") == ["TW410"]


def test_calls_of_builds_with_the_gil_tell_the_build() -> None:
    with_gil = contents(module("p/m.abi3.so", "_Py_Dealloc"))
    assert codes_about(with_gil, "cp39-abi3") == []
    assert codes_about(with_gil, "cp313-cp313t") == ["TW401"]


def test_calls_of_builds_with_the_gil_are_not_in_abi3t() -> None:
    inside = contents(module("p/m.abi3t.so", "_Py_Dealloc"))
    assert codes_about(inside, "cp315-abi3t") == ["TW401", "TW402"]


def test_calls_of_debug_builds_tell_the_build() -> None:
    debug = contents(module("p/m.so", "_Py_INCREF_IncRefTotal"))
    assert codes_about(debug, "cp313-cp313") == ["TW401"]
    assert codes_about(debug, "cp313-cp313d") == ["TW410"]


PYPYS = ("PyPyList_New", "PyPyModule_Create2", "PyPyErr_Occurred", "PyPy_IncRef")


def test_pypy_has_its_own_names() -> None:
    inside = contents(module(f"p/m.pypy311-pp73-{LINUX}.so", *PYPYS))
    assert codes_about(inside, "pp311-pypy311_pp73") == []


def test_cpython_has_none_of_pypys_names() -> None:
    assert codes_about(contents(module("p/m.so", *PYPYS)), "cp311-cp311") == ["TW401"]


def test_a_few_names_like_pypys_may_be_another_projects() -> None:
    assert codes_about(contents(module("p/m.abi3.so", PYPYS[0])), "cp311-cp311") == []


def test_pypy_has_none_of_cpythons_names() -> None:
    inside = contents(module(f"p/m.pypy311-pp73-{LINUX}.so", "PyList_New"))
    assert codes_about(inside, "pp311-pypy311_pp73") == ["TW401"]


def test_the_init_function_of_pep_793_alone_is_for_new_pythons() -> None:
    inside = contents(module("p/m.abi3.so", exports="PyModExport_m"))
    assert codes_about(inside, "cp315-abi3") == []
    assert codes_about(inside, "cp312-abi3") == ["TW401"]


# --- causes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "linked", "symbol", "cause"),
    [
        (f".cpython-312-{LINUX}.so", "libpython3.12.so.1.0", "", ObstacleCause.SUFFIX),
        (
            f".cpython-313-{LINUX}.so",
            "libpython3.12.so.1.0",
            "_Py_DecRefShared",
            ObstacleCause.LIBRARY,
        ),
        (f".cpython-313-{LINUX}.so", "", "_Py_DecRefShared", ObstacleCause.SYMBOL),
    ],
)
def test_the_first_obstacle_is_the_cause(
    suffix: str, linked: str, symbol: str, cause: ObstacleCause
) -> None:
    (found,) = modules(contents(module(f"p/m{suffix}", symbol, linked=linked)))
    (pythons,) = compatible_pythons(("cp313",), ("cp313",)) or ()
    obstacle = find_obstacle(found, pythons)
    assert obstacle is not None
    assert obstacle.cause is cause
