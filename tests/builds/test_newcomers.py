"""Errors that newcomers meet, each provoked for real.

The message says what is wrong, where, and what to do about it; the exit code is the designed one, there is no traceback, and
nothing is left half-written.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import hooks, interpreters, needs
from support.paths import ROOT
from support.programs import run as run_program

CMAKE = hooks.CMAKE
VERSION = f"3.{sys.version_info.minor}"
ENGINE = ("scikit_build_core", "packaging", "pyproject_metadata", "pathspec", "platformdirs", "tomli", "typing_extensions",
          "exceptiongroup")  # fmt: skip
"""What a build environment holds when ``requires`` says ``truewheel`` and nothing else; CMake and Ninja are on PATH."""


def tool(name: str) -> Path:
    """Return the program itself, and not the script that a Python package has for it."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return Path(needs.program(name))
    return Path(module.CMAKE_BIN_DIR if name == "cmake" else module.BIN_DIR) / name


def before_python(line: str) -> str:
    """Return the usual CMakeLists.txt with another third line, just before it looks for Python."""
    return CMAKE.replace("find_package(Python", f"{line}\nfind_package(Python", 1)


def failed(run: subprocess.CompletedProcess[str], output: Path, code: int = 3) -> str:
    """Return truewheel's error at the end of a hook, which must have this exit code, and must have left nothing."""
    print(run.stdout + run.stderr)
    assert run.returncode == code
    assert "Traceback" not in run.stdout + run.stderr
    assert not output.exists() or list(output.iterdir()) == []
    return run.stderr[run.stderr.rfind("error: ") :]


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a build environment that has the engine, and neither pybind11 nor its like."""
    place = tmp_path_factory.mktemp("lean")
    for folder in filter(Path.is_dir, map(Path, sys.path)):
        for path in folder.iterdir():
            if (
                path.name.partition("-")[0].partition(".")[0] in ENGINE
                and not (place / path.name).exists()
            ):
                copy = (
                    shutil.copytree if path.is_dir() else shutil.copy2
                )  # the engine looks where it really lies
                copy(path, place / path.name)
    source = ROOT / "src"
    tools = [str(tool("cmake").parent), str(tool("ninja").parent), os.environ["PATH"]]
    return {
        "PYTHONPATH": f"{source}{os.pathsep}{place}",
        "CMAKE_ARGS": "",
        "PATH": os.pathsep.join(tools),
    }


@pytest.fixture(scope="module")
def plain_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that finds nothing but what it is given: below it, somebody may have installed things."""
    base = interpreters.found().get(VERSION) or needs.missing(
        f"CPython {VERSION} with headers"
    )
    place = tmp_path_factory.mktemp("plain")
    subprocess.run([base, "-m", "venv", "--without-pip", place], check=True)
    return place / "bin" / "python"


# --- compilers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "because", "cure"),
    [
        (
            {},
            "there is no C compiler on this machine, or not on PATH",
            "apt install build-essential",
        ),
        (
            {"CC": "nosuchcc"},
            "the compiler that was asked for does not exist: nosuchcc",
            "variable CC",
        ),
        (
            {"CC": "false"},
            'the C compiler "TOOLS/false" cannot compile even an empty program',
            "CFLAGS",
        ),
    ],
    ids=["none", "misspelt", "broken"],
)
def test_a_missing_compiler_is_told_with_a_cure(
    tmp_path: Path, given: dict[str, str], because: str, cure: str
) -> None:
    needs.program("gcc")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "false").symlink_to(needs.program("false"))
    (tools / "ninja").symlink_to(tool("ninja"))
    alone = {
        "PATH": str(tools),
        "CMAKE_ARGS": "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
    }  # CMake looks in /usr/bin, too
    run = hooks.hook(
        hooks.project(tmp_path),
        "build_wheel",
        tmp_path / "out",
        environ={**alone, **given},
    )
    told = failed(run, tmp_path / "out")
    assert told.startswith("error: CMake configuration failed\n")
    assert f"  because: {because}".replace("TOOLS", str(tools)) in told
    assert cure in told.partition("  hint: ")[2]


# --- Python -----------------------------------------------------------------------------------------------------


def python_without(place: Path, base: Path, *, headers: bool, library: bool) -> Path:
    """Return a copy of a Python as images and distributions have it: without headers, without libpython, or both."""
    version = f"python{VERSION}"
    script = "import sys; print(sys.base_prefix)"
    old = Path(
        subprocess.run(
            [base, "-c", script], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    new = place / "python"
    (new / "bin").mkdir(parents=True)
    shutil.copy2(os.path.realpath(base), new / "bin" / version)
    standard = new / "lib" / version
    standard.mkdir(parents=True)
    for path in (old / "lib" / version).iterdir():
        if path.name.startswith("_sysconfigdata"):
            (standard / path.name).write_text(
                path.read_text().replace(str(old), str(new))
            )
        elif not path.name.startswith("config-") and path.name != "site-packages":
            (standard / path.name).symlink_to(path)
    if library:
        for path in (old / "lib").glob("libpython*"):
            (new / "lib" / path.name).symlink_to(path)
    if headers:
        (new / "include").mkdir()
        (new / "include" / version).symlink_to(old / "include" / version)
    if subprocess.run(
        [new / "bin" / version, "-c", ""], capture_output=True, check=False
    ).returncode:
        needs.missing("a Python that runs without libpython beside it")
    return new / "bin" / version


def test_missing_headers_of_python_are_told(
    tmp_path: Path, lean: dict[str, str], plain_python: Path
) -> None:
    needs.program("gcc")
    python = python_without(tmp_path, plain_python, headers=False, library=True)
    source = hooks.project(tmp_path)
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ=lean, python=(python,)
    )
    told = failed(run, tmp_path / "out")
    assert (
        f"  because: the headers of Python {VERSION} (Python.h) are not on this machine\n"
        in told
    )
    assert f"python{VERSION}-dev" in told


def test_asking_for_libpython_where_there_is_none_is_told(
    tmp_path: Path, lean: dict[str, str], plain_python: Path
) -> None:
    """As in the manylinux images."""
    needs.program("gcc")
    python = python_without(tmp_path, plain_python, headers=True, library=False)
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("Development.Module", "Development")
    )
    alone = {
        **lean,
        "CMAKE_ARGS": "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
    }  # the system may have one of that version
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ=alone, python=(python,)
    )
    told = failed(run, tmp_path / "out")
    assert (
        "  because: libpython is asked for (CMakeLists.txt:3), which this Python does not have"
        in told
    )
    assert (
        "hint: write find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)"
        in told
    )
    (source / "CMakeLists.txt").write_text(CMAKE)
    hooks.result(
        hooks.hook(
            source, "build_wheel", tmp_path / "out", environ=alone, python=(python,)
        )
    )


def test_a_project_that_asks_for_a_newer_python_is_told(tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("find_package(Python", "find_package(Python 3.99")
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        'because: find_package (CMakeLists.txt:3) asks for Python at least "3.99"; this one is 3.'
        in told
    )
    assert "project.requires-python" in told


# --- what requires does not list --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmake", "what", "name", "place"),
    [
        (before_python("find_package(pybind11 CONFIG REQUIRED)"), "pybind11", "pybind11", "CMakeLists.txt:3"),
        (before_python("find_package(pybind11 REQUIRED)"), "pybind11", "pybind11", "CMakeLists.txt:3"),
        (before_python("find_package(nanobind CONFIG REQUIRED)"), "nanobind", "nanobind", "CMakeLists.txt:3"),
        (before_python("find_package(Cython MODULE REQUIRED)"), "Cython", "cython-cmake", "CMakeLists.txt:3"),
        (before_python("find_program(CYTHON cython REQUIRED)"), "CYTHON", "cython", "CMakeLists.txt:3"),
        (CMAKE.replace("Development.Module", "Development.Module NumPy"), "NumPy", "numpy", "CMakeLists.txt:3"),
        (
            CMAKE + "execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir COMMAND_ERROR_IS_FATAL ANY)\n",
            "nanobind", "nanobind", "",
        ),
    ],
    ids=["pybind11 config", "pybind11", "nanobind", "cython-cmake", "cython", "numpy", "python -m nanobind"],
)  # fmt: skip
def test_a_package_that_build_requires_lack_is_named(
    tmp_path: Path,
    lean: dict[str, str],
    plain_python: Path,
    cmake: str,
    what: str,
    name: str,
    place: str,
) -> None:
    needs.program("gcc")
    alone = {
        **lean,
        "CMAKE_ARGS": "-DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
    }
    source = hooks.project(tmp_path, cmake=cmake)
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ=alone, python=(plain_python,)
    )
    told = failed(run, tmp_path / "out")
    at = f" ({place})" if place else ""
    assert (
        f"  because: {what} was not found{at}: build-system.requires in pyproject.toml lacks {name}\n"
        in told
    )
    assert (
        f'  hint: add it: requires = ["truewheel", "{name}"] in [build-system]' in told
    )


def test_a_package_that_is_listed_but_not_installed_is_named(
    tmp_path: Path, lean: dict[str, str], plain_python: Path
) -> None:
    source = hooks.project(
        tmp_path, cmake=before_python("find_package(pybind11 CONFIG REQUIRED)")
    )
    text = (source / "pyproject.toml").read_text()
    (source / "pyproject.toml").write_text(
        text.replace('["truewheel"]', '["truewheel", "PyBind11>=3"]')
    )
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ=lean, python=(plain_python,)
    )
    told = failed(run, tmp_path / "out")
    assert "pybind11 is in build-system.requires, but not in this environment" in told
    assert "hint: build with isolation" in told
    assert "pip install pybind11" in told


@pytest.mark.network
@pytest.mark.slow
def test_a_package_that_build_requires_lack_is_named_through_pip(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """The same through the front end that newcomers use: its environment has what is listed, and no more."""
    source = hooks.project(
        tmp_path, cmake=before_python("find_package(pybind11 CONFIG REQUIRED)")
    )
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--target",
        tmp_path / "target",
        source,
    )
    said = run_program(*pip, cwd=tmp_path, environ=environ, status=1)
    assert (
        "pybind11 was not found (CMakeLists.txt:3): build-system.requires in pyproject.toml lacks pybind11"
        in said
    )
    assert 'add it: requires = ["truewheel", "pybind11"] in [build-system]' in said
    assert "Traceback" not in said
    assert not (tmp_path / "target").exists()


def test_a_missing_library_that_is_not_a_python_package_is_named(
    tmp_path: Path,
) -> None:
    source = hooks.project(
        tmp_path, cmake=before_python("find_package(Eigen77 REQUIRED)")
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "because: CMake looked for Eigen77 (CMakeLists.txt:3), which is not installed where it looks"
        in told
    )
    assert "-Ccmake.define.Eigen77_ROOT=DIR" in told


def test_a_command_without_its_find_package_is_told(tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path,
        cmake=CMAKE.replace(
            "Python_add_library(_m MODULE WITH_SOABI", "pybind11_add_module(_m"
        ),
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "because: pybind11_add_module is called (CMakeLists.txt:4), and nothing has defined it"
        in told
    )
    assert "hint: write before it: find_package(pybind11 CONFIG REQUIRED)" in told


INSTALL = "install(TARGETS _m DESTINATION pkg)"


@pytest.mark.parametrize(
    ("old", "new", "because", "cure"),
    [
        ("Development.Module", "Development.Modul", "find_package(Python) has no component Development.Modul (CMakeLists.txt:3)",
         "did you mean Development.Module? Extension modules take: find_package(Python REQUIRED COMPONENTS Interpreter Develop"),
        ("Python_add", "Pyton_add", "Pyton_add_library is called (CMakeLists.txt:4)", "did you mean Python_add_library?"),
        ("TARGETS _m", "TARGETS nothing", "there is no target nothing (CMakeLists.txt:5)", "Python_add_library(NAME MODULE"),
        (INSTALL, "target_link_libraries(_n PRIVATE m)", "there is no target _n (CMakeLists.txt:5)", "Python_add_library(NAME MODULE"),
        (INSTALL, "install(TARGETS _m)", "does not say where in the wheel _m belongs", "write install(TARGETS _m DESTINATION PACKAGE)"),
        (INSTALL, "install(FILES m.c)", "install(FILES) (CMakeLists.txt:5) does not say where", "write install(FILES … DESTINATION PACKAGE)"),
        ("LANGUAGES C", "LANGUAGES NONE", "no source of _m is in a language that project() enables", "project(… LANGUAGES C CXX)"),
        ("m.c)", "m.pyx)", "m.pyx is a source of a target (CMakeLists.txt:4), but does not exist", 'sdist.include = ["m.pyx"]'),
        (INSTALL, "add_subdirectory(gone)", "gone is to be built as well (CMakeLists.txt:5)", "git submodule update --init --recursive"),
        (INSTALL, "add_subdirectory(src)", "src is to be built as well (CMakeLists.txt:5)", "git submodule update --init --recursive"),
    ],
)  # fmt: skip
def test_slips_in_cmakelists_are_told_with_line_and_cure(
    tmp_path: Path, old: str, new: str, because: str, cure: str
) -> None:
    needs.program("gcc")
    assert old in CMAKE
    source = hooks.project(tmp_path, cmake=CMAKE.replace(old, new))
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    told_because, _, told_cure = told.partition("  hint: ")
    assert because in told_because
    assert cure in told_cure


@pytest.mark.parametrize("version", ["", " 3.18..4.0", " ${OLDEST}"])
def test_a_cmake_minimum_required_without_a_version_is_told(
    tmp_path: Path, version: str
) -> None:
    source = hooks.project(tmp_path, cmake=CMAKE.replace(" 3.18...4.0", version))
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out", code=2
    )
    assert told.startswith("error: CMakeLists.txt does not say which CMake it needs\n")
    assert (
        f"because: CMakeLists.txt: cmake_minimum_required names '{version.strip()}', which is not a version\n"
        in told
    )
    assert "hint: write cmake_minimum_required(VERSION 3.18...4.0)" in told


def test_a_cmakelists_without_cmake_minimum_required_is_told(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path, cmake=CMAKE.partition("\n")[2])
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "hint: write as its first line: cmake_minimum_required(VERSION 3.18...4.0)"
        in told
    )


@pytest.mark.parametrize(
    ("header", "because"),
    [("numpy/arrayobject.h", "numpy/arrayobject.h was not found: build-system.requires in pyproject.toml lacks numpy"),
     ("pybind11/pybind11.h", "pybind11/pybind11.h was not found: build-system.requires in pyproject.toml lacks pybind11")],
)  # fmt: skip
def test_a_missing_header_names_the_package_that_has_it(
    tmp_path: Path, lean: dict[str, str], plain_python: Path, header: str, because: str
) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path, head=f"#include <{header}>")
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ=lean, python=(plain_python,)
    )
    told = failed(run, tmp_path / "out")
    assert told.startswith("error: CMake build failed\n")
    assert because in told


def test_a_target_without_pythons_headers_is_told(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(
        tmp_path,
        cmake=CMAKE.replace(
            "Python_add_library(_m MODULE WITH_SOABI", "add_library(_m MODULE"
        ),
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert "because: the compiler was not told where Python's headers are" in told
    assert "Python_add_library(NAME MODULE" in told


# --- modules that cannot be imported ----------------------------------------------------------------------------


def test_a_module_named_unlike_its_target_is_refused(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path)
    (source / "m.c").write_text(
        (source / "m.c").read_text().replace("PyInit__m", "PyInit_fast")
    )
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out", code=1
    )
    assert "error TW405: pkg/_m.cpython-3" in told.replace("error: the", "")
    assert "import _m looks for PyInit__m, which is not there" in told
    assert "because: exports PyInit_fast" in told
    assert "hint: name the CMake target fast, or the module _m" in told


def test_several_modules_in_one_file_are_only_warned_about(tmp_path: Path) -> None:
    """``ExtensionFileLoader`` loads each by its name."""
    needs.program("gcc")
    source = hooks.project(tmp_path)
    one = (source / "m.c").read_text().replace("PyInit__m", "PyInit_a")
    (source / "m.c").write_text(
        one + "PyMODINIT_FUNC PyInit_b(void) { return PyInit_a(); }\n"
    )
    done = hooks.hook(source, "build_wheel", tmp_path / "out")
    assert hooks.result(done).endswith(".whl")
    assert "warning TW405" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("install", "lies"),
    [("", "no extension module is in the wheel"), (".", "_m.SUFFIX lies elsewhere"), ("lib", "lib/_m.SUFFIX lies elsewhere"),
     ("Pkg", "Pkg/_m.SUFFIX lies elsewhere"), ("pkg/sub", "pkg/sub/_m.SUFFIX lies elsewhere")],
)  # fmt: skip
def test_a_module_installed_where_its_package_does_not_look_is_refused(
    tmp_path: Path, install: str, lies: str
) -> None:
    needs.program("gcc")
    rule = f"install(TARGETS _m DESTINATION {install})\n" if install else ""
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("install(TARGETS _m DESTINATION pkg)\n", rule)
    )
    (source / "src" / "pkg" / "__init__.py").write_text(
        '"""Fast."""\n\nfrom ._m import call\n'
    )
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out", code=1
    )
    assert "TW540: pkg/_m: pkg._m is imported, but is not in the wheel" in told
    assert "because: pkg/__init__.py:3 imports it" in told
    assert (
        f"because: {lies}".replace(".SUFFIX", sysconfig.get_config_var("EXT_SUFFIX"))
        in told
    )
    assert "hint: in CMakeLists.txt: install(TARGETS _m DESTINATION pkg)" in told


@pytest.mark.parametrize(
    ("install", "warning"),
    [("", "TW541: CMakeLists.txt: CMake ran, and installed nothing"), (".", "lies beside pkg/: it is imported as _m, not as pkg._m"),
     ("lib", "TW503: lib/: would be installed as site-packages/lib")],
)  # fmt: skip
def test_an_oddly_installed_module_that_nothing_imports_is_warned_about(
    tmp_path: Path, install: str, warning: str
) -> None:
    needs.program("gcc")
    rule = f"install(TARGETS _m DESTINATION {install})\n" if install else ""
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("install(TARGETS _m DESTINATION pkg)\n", rule)
    )
    (source / "src" / "pkg" / "__init__.py").write_text(
        "try:\n    from ._m import call\nexcept ImportError:\n    call = int\n"
    )
    run = hooks.hook(source, "build_wheel", tmp_path / "out")
    hooks.result(run)
    assert warning in run.stderr


def test_a_module_beside_the_package_that_imports_it_is_fine(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("DESTINATION pkg", "DESTINATION .")
    )
    (source / "src" / "pkg" / "__init__.py").write_text("import _m\n")
    run = hooks.hook(source, "build_wheel", tmp_path / "out")
    hooks.result(run)
    assert "warning" not in run.stderr


OFF = (
    CMAKE.replace("Python_add", "option(FAST Fast ON)\nif(FAST)\nPython_add")
    + "endif()\n"
)
GENERATED = """cmake_minimum_required(VERSION 3.18...4.0)
project(pkg LANGUAGES NONE)
file(WRITE ${CMAKE_SOURCE_DIR}/src/pkg/made.py "x = 1")
"""


@pytest.mark.parametrize(
    ("cmake", "options"),
    [(GENERATED, {}), (OFF, {"cmake.define.FAST": "OFF"}), (OFF, {"cmake.define.FAST": "OFF", "cmake.args": "-GUnix Makefiles"})],
    ids=["nothing to compile", "switched off", "switched off, Makefiles"],
)  # fmt: skip
def test_a_build_that_has_nothing_to_install_is_fine(
    tmp_path: Path, cmake: str, options: dict[str, str]
) -> None:
    """Not even where an earlier build has made the module."""
    needs.program("gcc")
    source = hooks.project(tmp_path, cmake=cmake)
    if cmake == OFF and len(options) == 1:
        assert "-cp3" in hooks.result(
            hooks.hook(source, "build_wheel", tmp_path / "out")
        )
    run = hooks.hook(source, "build_wheel", tmp_path / "out", options)
    assert hooks.result(run) == "pkg-1.0-py3-none-any.whl"
    assert "warning" not in run.stderr


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_the_hint_names_the_package_and_not_the_distribution(
    tmp_path: Path, generator: str
) -> None:
    needs.program("gcc")
    source = hooks.project(
        tmp_path,
        cmake=CMAKE.partition("install(")[0],
        pyproject='[tool.scikit-build]\nwheel.packages = ["src/pkg"]\n',
    )
    text = (source / "pyproject.toml").read_text()
    (source / "pyproject.toml").write_text(
        text.replace('name = "pkg"', 'name = "My-Project"')
    )
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", {"cmake.args": f"-G{generator}"}
    )
    assert hooks.result(run) == "my_project-1.0-py3-none-any.whl"
    assert (
        f"because: _m{sysconfig.get_config_var('EXT_SUFFIX')} was built\n" in run.stderr
    )
    assert "hint: install(TARGETS _m DESTINATION pkg)" in run.stderr


def test_a_hidden_init_function_is_refused(tmp_path: Path) -> None:
    needs.program("gcc")
    hidden = "set_target_properties(_m PROPERTIES C_VISIBILITY_PRESET hidden)\ninstall("
    source = hooks.project(tmp_path, cmake=CMAKE.replace("install(", hidden))
    hooks.result(hooks.hook(source, "build_wheel", tmp_path / "out"))
    (source / "m.c").write_text(
        (source / "m.c").read_text().replace("PyMODINIT_FUNC", "PyObject *")
    )
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "new"), tmp_path / "new", code=1
    )
    assert "TW404: pkg/_m.cpython-3" in told
    assert "hint: add PyMODINIT_FUNC PyInit__m(void), or do not hide it" in told


def test_a_hidden_init_function_without_a_suffix_is_refused_if_it_is_imported(
    tmp_path: Path,
) -> None:
    """A bare ``_m.so`` may be a library for ctypes, unless the package imports it."""
    needs.program("gcc")
    hidden = "set_target_properties(_m PROPERTIES C_VISIBILITY_PRESET hidden)\ninstall("
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace(" WITH_SOABI", "").replace("install(", hidden)
    )
    (source / "m.c").write_text(
        (source / "m.c").read_text().replace("PyMODINIT_FUNC", "PyObject *")
    )

    run = hooks.hook(source, "build_wheel", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert "warning TW404: pkg/_m.so" in run.stderr

    (source / "src" / "pkg" / "__init__.py").write_text("from . import _m\n")
    run = hooks.hook(source, "build_wheel", tmp_path / "refused")
    assert run.returncode == 1, run.stderr
    assert "error TW404: pkg/_m.so" in run.stderr


def test_a_module_installed_outside_of_the_wheel_is_told(tmp_path: Path) -> None:
    """It works on the machine that built it, and nowhere else."""
    needs.program("gcc")
    away = tmp_path / "away"
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("DESTINATION pkg", f"DESTINATION {away}")
    )
    for cache in ("on", "off"):
        run = hooks.hook(
            source, "build_wheel", tmp_path / cache, environ={"TRUEWHEEL_CACHE": cache}
        )
        assert hooks.result(run) == "pkg-1.0-py3-none-any.whl"
        (module,) = away.iterdir()
        assert (
            f"warning TW542: {module}: was installed on this machine, outside of the wheel, which lacks it"
            in run.stderr
        )
        assert "TW541" not in run.stderr
    (source / "src" / "pkg" / "__init__.py").write_text("from ._m import call\n")
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out", code=1
    )
    assert f"because: outside of the wheel: {module}" in told


def test_absolute_places_within_the_wheel_are_fine(tmp_path: Path) -> None:
    """The wheel's own schemes are absolute paths, too; what is installed into a package of the source is in the wheel; and an
    earlier build in the same tree has left a manifest of another place."""
    needs.program("gcc")
    places = (
        "${SKBUILD_DATA_DIR}/share",
        "${CMAKE_SOURCE_DIR}/src/pkg",
        "${CMAKE_BINARY_DIR}/etc",
    )
    rules = "".join(
        f"install(FILES m.c DESTINATION {place} COMPONENT more)\n" for place in places
    )
    source = hooks.project(tmp_path, cmake=CMAKE + rules)
    earlier = f"install(FILES m.c DESTINATION {tmp_path}/away COMPONENT only)\n"
    (source / "CMakeLists.txt").write_text(CMAKE + rules + earlier)
    kept = {"build-dir": str(tmp_path / "build"), "install.components": "only"}
    assert "TW542" in hooks.hook(source, "build_wheel", tmp_path / "out", kept).stderr
    (source / "CMakeLists.txt").write_text(CMAKE + rules)
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", {"build-dir": str(tmp_path / "build")}
    )
    hooks.result(run)
    assert "TW542" not in run.stderr


def test_an_absolute_destination_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(
        tmp_path, cmake=CMAKE.replace("DESTINATION pkg", "DESTINATION /proc/nothing")
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "because: install() is to write /proc/nothing, which is not in the wheel, and has no permission to do so\n"
        in told
    )
    assert "hint: give install() a DESTINATION that begins with no /" in told
    assert "${Python_SITEARCH}" in told


# --- setup.py beside pyproject.toml -----------------------------------------------------------------------------

SETUP = "from distutils.core import setup\nprint 'building', open('never').read()\nsetup(name='pkg', version='0.9')\n"
CONFIG = "[metadata]\nname = other\nversion = 0.9\n\n[options]\npackages = gone\n"


def test_files_of_setuptools_are_left_alone(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path, **{"setup.py": SETUP, "setup.cfg": CONFIG})
    run = hooks.hook(source, "build_wheel", tmp_path / "out")
    assert hooks.result(run).startswith("pkg-1.0-cp3")


def test_metadata_in_files_of_setuptools_is_not_read_and_told(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, **{"setup.py": SETUP, "setup.cfg": CONFIG})
    text = (source / "pyproject.toml").read_text()
    (source / "pyproject.toml").write_text(text.partition("[project]")[0])
    told = failed(
        hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out", code=2
    )
    assert "error: pyproject.toml describes no project" in told
    assert 'add [project] with name = "…" and version = "…"' in told
    assert (
        "setup.cfg, setup.py are files of setuptools, which nobody reads here: move what they say to [project]"
        in told
    )


# --- CMake of another age ---------------------------------------------------------------------------------------


def test_a_cmake_that_is_too_old_is_told(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, cmake=CMAKE.replace("3.18...4.0", "4.99"))
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert "error: no CMake here fits: >=4.99 is wanted" in told
    assert re.search(r"because: \S+cmake is [34]\.\d+", told)
    assert "because: cmake_minimum_required in CMakeLists.txt asks for >=4.99" in told
    assert 'pip install "cmake>=4.99"' in told


def test_a_cmake_that_is_too_old_for_a_part_of_the_project_is_told(
    tmp_path: Path,
) -> None:
    source = hooks.project(tmp_path, cmake=CMAKE + "add_subdirectory(part)\n")
    (source / "part").mkdir()
    (source / "part" / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 4.99)\n"
    )
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "because: cmake_minimum_required (part/CMakeLists.txt:1) asks for CMake 4.99; this one is "
        in told
    )
    assert (
        'hint: set tool.scikit-build.cmake.version = ">=4.99" in pyproject.toml' in told
    )


def test_a_project_for_an_old_cmake_is_told_what_to_change(tmp_path: Path) -> None:
    version = subprocess.run(
        [sys.executable, "-m", "cmake", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    if not re.match(r"cmake version ([4-9]|\d\d)\.", version.stdout):
        needs.missing("CMake 4 or newer as a Python package")
    source = hooks.project(tmp_path, cmake=CMAKE.replace("3.18...4.0", "2.8"))
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        "because: cmake_minimum_required (CMakeLists.txt:1) asks CMake to behave like one before 3.5"
        in told
    )
    assert "hint: write there: cmake_minimum_required(VERSION 3.18...4.0)" in told
    assert "-Ccmake.define.CMAKE_POLICY_VERSION_MINIMUM=3.5" in told
    option = {"cmake.define.CMAKE_POLICY_VERSION_MINIMUM": "3.5"}
    hooks.result(hooks.hook(source, "build_wheel", tmp_path / "out", option))


@pytest.mark.network
@pytest.mark.slow
def test_a_real_old_cmake_is_refused_and_used_where_it_fits(
    tmp_path: Path, environ: dict[str, str], lean: dict[str, str], plain_python: Path
) -> None:
    needs.program("gcc")
    uv = Path(sys.executable).parent / "uv"
    run_program(
        uv,
        "pip",
        "install",
        "-q",
        "-p",
        plain_python,
        "--target",
        tmp_path / "old",
        "cmake>=3.18,<3.19",
        cwd=tmp_path,
        environ=environ,
    )
    old = {
        **lean,
        "CMAKE_EXECUTABLE": str(tmp_path / "old" / "cmake" / "data" / "bin" / "cmake"),
    }
    source = hooks.project(tmp_path, cmake=CMAKE.replace("3.18...4.0", "3.26"))
    told = failed(
        hooks.hook(
            source, "build_wheel", tmp_path / "out", environ=old, python=(plain_python,)
        ),
        tmp_path / "out",
    )
    assert "error: no CMake here fits: >=3.26 is wanted" in told
    assert "because: " + old["CMAKE_EXECUTABLE"] + " is 3.18." in told
    (source / "CMakeLists.txt").write_text(CMAKE)
    hooks.result(
        hooks.hook(
            source, "build_wheel", tmp_path / "out", environ=old, python=(plain_python,)
        )
    )


# --- without a network ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "address"),
    [("GIT_REPOSITORY https://nowhere.invalid/fmt.git GIT_TAG v1", "https://nowhere.invalid/fmt.git"),
     pytest.param("URL https://nowhere.invalid/fmt.tar.gz", "https://nowhere.invalid/fmt.tar.gz", marks=pytest.mark.extended)],
    ids=["git", "archive"],
)  # fmt: skip
def test_sources_that_cannot_be_fetched_are_told(
    tmp_path: Path, declared: str, address: str
) -> None:
    needs.program("git")
    fetch = f"include(FetchContent)\nFetchContent_Declare(fmt {declared})\nFetchContent_MakeAvailable(fmt)"
    source = hooks.project(tmp_path, cmake=before_python(fetch))
    told = failed(hooks.hook(source, "build_wheel", tmp_path / "out"), tmp_path / "out")
    assert (
        f"because: the project fetches sources while it is configured, and could not get {address}"
        in told
    )
    assert "-Ccmake.define.FETCHCONTENT_SOURCE_DIR_NAME=DIR" in told
    (tmp_path / "fmt").mkdir()
    (tmp_path / "fmt" / "CMakeLists.txt").write_text("")
    option = {"cmake.define.FETCHCONTENT_SOURCE_DIR_FMT": str(tmp_path / "fmt")}
    hooks.result(hooks.hook(source, "build_wheel", tmp_path / "out", option))


def test_what_front_ends_say_without_a_network_is_in_the_guide(tmp_path: Path) -> None:
    """Nothing of truewheel's runs then; the guide has what the front end says."""
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--target",
        tmp_path / "target",
        hooks.project(tmp_path),
    )
    said = run_program(
        *pip, cwd=tmp_path, environ={**os.environ, "PIP_FIND_LINKS": ""}, status=1
    )
    guide = ROOT / "docs" / "how-to" / "when-a-build-fails.md"
    symptom = "Could not find a version that satisfies the requirement truewheel"
    assert symptom in said
    assert f"`{symptom}`" in guide.read_text(encoding="utf-8")
    assert not (tmp_path / "target").exists()


# --- disks and paths --------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk with little room."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k,mode=700", "tmpfs", str(place)]
    if (
        os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("may not mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_below_the_build_is_told(tmp_path: Path, small: Path) -> None:
    needs.program("gcc")
    full = {"TMPDIR": str(small), "TRUEWHEEL_CACHE": "off"}
    run = hooks.hook(
        hooks.project(tmp_path), "build_wheel", tmp_path / "out", environ=full
    )
    assert run.returncode in (2, 3), run.stderr
    told = failed(run, tmp_path / "out", run.returncode)
    assert re.search("disk is full|No space left on device", told)
    assert "TMPDIR" in told
    assert list(small.iterdir()) == []


def test_a_full_disk_below_the_wheel_is_told(tmp_path: Path, small: Path) -> None:
    needs.program("gcc")
    with (
        (small / "other").open("wb", buffering=0) as file,
        contextlib.suppress(OSError),
    ):
        while file.write(bytes(4096)):
            pass
    run = hooks.hook(hooks.project(tmp_path), "build_wheel", small / "out")
    assert run.returncode == 2
    assert "cannot be written" in run.stderr
    assert "No space left on device" in run.stderr
    assert "Traceback" not in run.stderr
    assert [p.name for p in small.rglob("*") if p.is_file()] == ["other"]


@pytest.mark.parametrize(
    "name", ["with spaces", "Köln – 東京", "a'b & (c) [d] $e #f; g,h=i"]
)
def test_unusual_paths_are_built(tmp_path: Path, name: str) -> None:
    needs.program("gcc")
    place = tmp_path / name
    place.mkdir()
    source = hooks.project(place)
    made = hooks.result(
        hooks.hook(source, "build_wheel", place / "out", environ={"TMPDIR": str(place)})
    )
    shutil.unpack_archive(place / "out" / made, place / "site", "zip")
    script = "import pkg._m; print(pkg._m.call())"
    said = run_program(
        sys.executable,
        "-c",
        script,
        cwd=place,
        environ={**os.environ, "PYTHONPATH": "site"},
    )
    assert said == "42\n"


@pytest.mark.parametrize("length", [1500, 3900])
def test_very_long_paths_are_built_or_told(tmp_path: Path, length: int) -> None:
    """A path that a tool cannot bear is told, with a cure; one that all of them can is built."""
    needs.program("gcc")
    place = tmp_path
    while len(str(place)) < length - 250:
        place /= "x" * 200
    place.mkdir(parents=True)
    source = hooks.project(place)
    run = hooks.hook(source, "build_wheel", tmp_path / "out")
    if run.returncode:
        told = failed(run, tmp_path / "out", run.returncode)
        assert re.search("too long|longer than", told)
        assert "shorter name" in told


# --- a source that cannot be written ----------------------------------------------------------------------------


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    source = hooks.project(tmp_path)
    for place in (source, *(p for p in source.rglob("*") if p.is_dir())):
        place.chmod(0o555)
    mounted = os.geteuid() == 0
    if mounted:
        for options in (
            ["--bind", str(source), str(source)],
            ["-o", "remount,ro,bind", str(source)],
        ):
            if subprocess.run(
                ["mount", *options], check=False, capture_output=True
            ).returncode:
                pytest.skip("may not make anything read-only here")
    yield source
    if mounted:
        subprocess.run(["umount", str(source)], check=True)
    for place in (source, *(p for p in source.rglob("*") if p.is_dir())):
        place.chmod(0o755)


def test_a_read_only_source_is_built(tmp_path: Path, read_only: Path) -> None:
    needs.program("gcc")
    for cache in ("on", "off"):
        for hook in ("build_wheel", "build_editable"):
            run = hooks.hook(
                read_only, hook, tmp_path / cache, environ={"TRUEWHEEL_CACHE": cache}
            )
            hooks.result(run)
    hooks.result(hooks.hook(read_only, "build_sdist", tmp_path / "sdist"))


@pytest.mark.parametrize(
    ("hook", "options"),
    [
        ("build_wheel", {"build-dir": "build"}),
        ("build_editable", {"editable.mode": "inplace"}),
    ],
)
def test_a_build_that_would_write_into_a_read_only_source_says_so(
    tmp_path: Path, read_only: Path, hook: str, options: dict[str, str]
) -> None:
    run = hooks.hook(read_only, hook, tmp_path / "out", options)
    assert run.returncode in (2, 3), run.stdout + run.stderr
    told = failed(run, tmp_path / "out", run.returncode)
    assert "source" in told
    assert re.search("[Rr]ead-only|Permission denied|cannot be written", told)
    assert "hint: " in told
