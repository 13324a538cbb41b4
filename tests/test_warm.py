"""Warm builds equal cold ones: after any edit, from any path, in any cache, the wheel is the same, digest for digest."""

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

import needs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from truewheel.system.warm import cache

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
        self.write(name, (self.root / name).read_text(encoding="utf-8").replace(old, new))


def nothing(project: Project) -> None:
    pass


def unit(project: Project) -> None:
    project.append("src/main.c", f"int more_{next(project.counter)}(void) {{ return 1; }}\n")


def unit_as_it_was(project: Project) -> None:
    project.write("src/main.c", FILES["src/main.c"])


def edit_from_the_past(project: Project) -> None:
    unit(project)
    os.utime(project.root / "src/main.c", (1_600_000_000, 1_600_000_000))


def header(project: Project) -> None:
    project.write("include/deep.h", f"#define DEEP {next(project.counter)}\n")


def header_that_shadows(project: Project) -> None:
    project.write("src/deep.h", f"#define DEEP {next(project.counter)}00\n")


def no_header_that_shadows(project: Project) -> None:
    (project.root / "src/deep.h").unlink(missing_ok=True)


def optional_header(project: Project) -> None:
    project.write("src/optional.h", f"#define OPTIONAL {next(project.counter)}\n")


def no_optional_header(project: Project) -> None:
    (project.root / "src/optional.h").unlink(missing_ok=True)


def new_unit(project: Project) -> None:
    number = next(project.counter)
    project.write(f"src/parts/part_{number}.c", f"int part_{number}(void) {{ return {number}; }}\n")


def no_new_units(project: Project) -> None:
    for path in (project.root / "src/parts").glob("part_*.c"):
        path.unlink()


def template(project: Project) -> None:
    project.append("config.h.in", f"#define NEW_{next(project.counter)} 1\n")


def undeclared_data(project: Project) -> None:
    project.write("tools/data.txt", f"{next(project.counter)}, 5\n")


def generator_script(project: Project) -> None:
    project.replace("tools/make_table.py", "int table", "const int table")


def default_of_an_option(project: Project) -> None:
    text = (project.root / "CMakeLists.txt").read_text(encoding="utf-8")
    old, new = ("LEVEL 1 CACHE", "LEVEL 7 CACHE") if "LEVEL 1" in text else ("LEVEL 7 CACHE", "LEVEL 1 CACHE")
    project.replace("CMakeLists.txt", old, new)


def option(project: Project) -> None:
    project.options["cmake.define.EXTRA"] = "OFF" if project.options.get("cmake.define.EXTRA") == "ON" else "ON"


def no_option(project: Project) -> None:
    project.options.clear()


def flags(project: Project) -> None:
    project.variables["CFLAGS"] = f"-DFLAG={next(project.counter)}"


def include_path_of_the_compiler(project: Project) -> None:
    number = next(project.counter)
    project.write(f"hidden{number}/optional.h", f"#define OPTIONAL {number}\n")
    project.variables["CPATH"] = f"{{root}}/hidden{number}"


def no_variables(project: Project) -> None:
    project.variables.clear()


def version(project: Project) -> None:
    text = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    now = text.split('version = "')[1].split('"')[0]
    project.replace("pyproject.toml", f'version = "{now}"', f'version = "1.{next(project.counter)}"')


def python(project: Project) -> None:
    project.append("src/warm/__init__.py", f"x = {next(project.counter)}\n")


def permissions(project: Project) -> None:
    path = project.root / "src/warm/__init__.py"
    path.chmod(0o755 if path.stat().st_mode & 0o111 == 0 else 0o644)


EDITS: tuple[Callable[[Project], None], ...] = (
    nothing, unit, unit_as_it_was, edit_from_the_past, header, header_that_shadows, no_header_that_shadows,
    optional_header, no_optional_header, new_unit, no_new_units, template, undeclared_data, generator_script,
    default_of_an_option, option, no_option, flags, include_path_of_the_compiler, no_variables, version, python,
    permissions,
)  # fmt: skip


def made(root: Path) -> Project:
    project = Project(root)
    for name, text in FILES.items():
        project.write(name, text)
    return project


def build(project: Project, source: Path, output: Path, cache: Path, *, hook: str = "build_wheel") -> tuple[str, str]:
    """Digest of the wheel from ``source``, and what was printed."""
    import json

    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    environ = {**os.environ, "TRUEWHEEL_CACHE_DIR": str(cache), "PYTHONHASHSEED": "0"}
    environ |= {k: v.format(root=source) for k, v in project.variables.items()}
    command = [sys.executable, "-c", HOOK, hook, str(output), json.dumps(project.options)]
    done = subprocess.run(command, cwd=source, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = output.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest(), done.stdout + done.stderr


def unpacked(project: Project, place: Path) -> Path:
    """A copy as a front end unpacks an sdist: a new path, new time stamps, PKG-INFO."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(project.root, place, copy_function=shutil.copyfile)
    for path in project.root.rglob("*"):
        (place / path.relative_to(project.root)).chmod(path.stat().st_mode)
    (place / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: warm\nVersion: 1\n", encoding="utf-8")
    return place


numbers = itertools.count()


@pytest.mark.parametrize("volatile", [False, True], ids=["checkout", "sdist"])
@settings(
    max_examples=25 if EXTENDED else 2, deadline=None, derandomize=not EXTENDED, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(edits=st.lists(st.sampled_from(EDITS), min_size=7, max_size=9))
def test_after_any_edit(tmp_path: Path, volatile: bool, edits: list[Callable[[Project], None]]) -> None:
    needs.program("gcc")
    place = tmp_path / str(next(numbers))
    project = made(place / "project")
    warm = place / "warm"
    for number, edit in enumerate([nothing, *edits]):
        edit(project)
        source = unpacked(project, place / f"unpacked-{number}") if volatile else project.root
        ours, said = build(project, source, place / "out", warm)
        cold, _ = build(
            project, unpacked(project, place / "cold" / str(number)), place / "out", place / f"cold-{number}"
        )
        assert ours == cold, f"after {[e.__name__ for e in edits[:number]]}: {said}"


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.__name__)
def test_after_one_edit(tmp_path: Path, edit: Callable[[Project], None]) -> None:
    needs.program("gcc")
    project = made(tmp_path / "project")
    build(project, project.root, tmp_path / "out", tmp_path / "warm")
    edit(project)
    ours, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(project, unpacked(project, tmp_path / "elsewhere"), tmp_path / "out", tmp_path / "cold")
    assert ours == cold, said
    assert f"built: {AFTERWARDS[edit]}" in said, said


AFTERWARDS = {
    nothing: "warm: nothing changed",
    unit: "warm: src/main.c changed",
    unit_as_it_was: "warm: nothing changed",
    edit_from_the_past: "from nothing: src/main.c changed, but its time stamp is older",
    header: "warm: include/deep.h changed",
    header_that_shadows: "from nothing: src/deep.h",
    no_header_that_shadows: "warm: nothing changed",
    optional_header: "from nothing: src/optional.h",
    no_optional_header: "warm: nothing changed",
    new_unit: "from nothing: src/parts/part_2.c changed, which a command",
    no_new_units: "warm: nothing changed",
    template: "warm, configured anew: config.h.in changed",
    undeclared_data: "from nothing: tools/data.txt changed, which a command",
    generator_script: "warm: tools/make_table.py changed",
    default_of_an_option: "warm, configured anew: CMakeLists.txt changed",
    option: "warm, configured anew: settings changed",
    no_option: "warm: nothing changed",
    flags: "from nothing: the environment variable CFLAGS changed, and the project runs commands",
    include_path_of_the_compiler: "from nothing: the environment variable CPATH changed",
    no_variables: "warm: nothing changed",
    version: "from nothing: pyproject.toml",
    python: "warm: src/warm/__init__.py changed",
    permissions: "warm: src/warm/__init__.py changed",
}
"""What the summary says after each edit, when there was one build before."""


@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("volatile", [False, True], ids=["checkout", "sdist"])
def test_after_a_link_leads_elsewhere(tmp_path: Path, volatile: bool, kind: str) -> None:
    needs.program("gcc")
    project = made(tmp_path / "project")
    for number in (1, 2):
        project.write(f"version{number}/deep.h", f"#define DEEP {number}\n")
    shutil.rmtree(project.root / "include")
    link, rest = (project.root / "include", "") if kind == "directory" else (project.root / "include/deep.h", "/deep.h")
    link.parent.mkdir(exist_ok=True)
    up = "" if kind == "directory" else "../"
    digests = []
    for number in (1, 2):  # both headers are older than what is built
        link.unlink(missing_ok=True)
        link.symlink_to(f"{up}version{number}{rest}")
        if volatile:
            project.write("PKG-INFO", "Metadata-Version: 2.1\nName: warm\nVersion: 1\n")
        warm, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
        cold, _ = build(project, project.root, tmp_path / "out", tmp_path / f"cold{number}")
        assert warm == cold, said
        digests.append(warm)
    assert digests[0] != digests[1]


def test_undeclared_data_with_several_configurations(tmp_path: Path) -> None:
    needs.program("gcc")
    project = made(tmp_path / "project")
    project.variables["CMAKE_GENERATOR"] = "Ninja Multi-Config"
    build(project, project.root, tmp_path / "out", tmp_path / "warm")
    undeclared_data(project)
    warm, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(project, project.root, tmp_path / "out", tmp_path / "cold")
    assert warm == cold, said


def test_the_slot_of_an_editable_install_that_can_be_rebuilt_is_not_evicted(tmp_path: Path) -> None:
    needs.program("gcc")
    project = made(tmp_path / "project")
    project.append("pyproject.toml", 'build-dir = "build/{wheel_tag}"\neditable.rebuild = true\n')
    project.variables["TRUEWHEEL_CACHE_LIMIT"] = "1 kB"
    build(project, project.root, tmp_path / "out", tmp_path / "cache", hook="build_editable")
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    (tree,) = (project.root / "build").iterdir()
    os.utime(project.root / "CMakeLists.txt")
    done = subprocess.run(["cmake", "--build", tree], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(project.root / "build")
    assert cache.trim(tmp_path / "cache", 0) > 0
    assert not list((tmp_path / "cache").glob("builds/*/[0-9]"))
