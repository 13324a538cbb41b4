"""A project that is built again and again, each time in a process of its own."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

EXTENDED = os.environ.get("TRUEWHEEL_EXTENDED", "") not in {"", "0"}
HOOK = (
    "import json, sys; from truewheel import backend; "
    "print('\\n' + getattr(backend, sys.argv[1])(sys.argv[2], json.loads(sys.argv[3])))"
)
FILES = {
    "pyproject.toml": """
[build-system]
requires = ["truewheel"]
build-backend = "truewheel.backend"
[project]
name = "warm"
version = "1.0"
[tool.scikit-build]
cmake.build-type = "Debug"
install.strip = false
wheel.packages = ["src/warm"]
""",
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.18...4.0)
project(warm LANGUAGES C)
option(EXTRA "More of it" OFF)
set(LEVEL 1 CACHE STRING "How much")
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
configure_file(config.h.in config.h)
add_custom_command(
  OUTPUT table.c
  COMMAND Python::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/tools/make_table.py" table.c
  DEPENDS tools/make_table.py)
file(GLOB parts CONFIGURE_DEPENDS src/parts/*.c)
Python_add_library(_warm MODULE WITH_SOABI src/main.c ${parts} table.c)
target_include_directories(_warm PRIVATE src include "${CMAKE_CURRENT_BINARY_DIR}")
if(EXTRA)
  target_compile_definitions(_warm PRIVATE EXTRA)
endif()
install(TARGETS _warm DESTINATION warm)
""",
    "config.h.in": '#define LEVEL @LEVEL@\n#define VERSION "@SKBUILD_PROJECT_VERSION_FULL@"\n',
    "include/deep.h": "#define DEEP 1\n",
    "src/main.c": """
#include <Python.h>
#include "config.h"
#include "deep.h"
#if __has_include("optional.h")
#include "optional.h"
#else
#define OPTIONAL 0
#endif
const char *where(void) { return __FILE__ " " VERSION; }
int numbers[] = {LEVEL, DEEP, OPTIONAL};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_warm", NULL, 0, NULL};
PyMODINIT_FUNC PyInit__warm(void) { return PyModuleDef_Init(&module); }
""",
    "src/parts/first.c": "int first(void) { return 1; }\n",
    "src/warm/__init__.py": "",
    "tools/make_table.py": """
import pathlib, sys
data = (pathlib.Path(__file__).parent / "data.txt").read_text()
pathlib.Path(sys.argv[1]).write_text(f"int table[] = {{{data.strip()}}};\\n")
""",
    "tools/data.txt": "1, 2, 3\n",
}  # fmt: skip


@dataclass
class Project:
    """A source tree, and what the next build is told besides."""

    root: Path
    options: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(2))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.root / name).read_text(encoding="utf-8") + text)

    def replace(self, name: str, old: str, new: str) -> None:
        self.write(
            name, (self.root / name).read_text(encoding="utf-8").replace(old, new)
        )


def new_project(root: Path) -> Project:
    """Write the project as it is at first."""
    project = Project(root)
    for name, text in FILES.items():
        project.write(name, text)
    return project


def build(
    project: Project,
    source: Path,
    output: Path,
    cache: Path,
    *,
    hook: str = "build_wheel",
    before: tuple[str, ...] = (),
) -> tuple[str, str]:
    """Build the wheel from ``source``; return its digest, and what was printed.

    :param before: words that stand before the command.
    """
    import json

    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    environ = {**os.environ, "TRUEWHEEL_CACHE_DIR": str(cache), "PYTHONHASHSEED": "0"}
    environ |= {k: v.format(root=source) for k, v in project.variables.items()}
    command = [
        *before,
        sys.executable,
        "-c",
        HOOK,
        hook,
        str(output),
        json.dumps(project.options),
    ]
    done = subprocess.run(
        command, cwd=source, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = output.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest(), done.stdout + done.stderr


def unpacked(project: Project, place: Path) -> Path:
    """Return a copy as a front end unpacks an sdist: with a new path, new time stamps, and PKG-INFO."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(project.root, place, copy_function=shutil.copyfile)
    for path in project.root.rglob("*"):
        (place / path.relative_to(project.root)).chmod(path.stat().st_mode)
    (place / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: warm\nVersion: 1\n", encoding="utf-8"
    )
    return place
