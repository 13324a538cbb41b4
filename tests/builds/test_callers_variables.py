"""Variables that whoever calls a build has set for another purpose: they neither move nor undo what CMake's steps make."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs
from support.editable import MODES

OFF = {"truewheel.cache": "off"}
MAKE = {"CMAKE_GENERATOR": "Unix Makefiles"}
ALONE: dict[str, tuple[dict[str, str], str]] = {
    "DESTDIR": ({"DESTDIR": "/stage"}, "note: DESTDIR is not passed on to CMake"),
    "links": ({"CMAKE_INSTALL_MODE": "SYMLINK"}, "note: CMAKE_INSTALL_MODE is not passed on to CMake"),
    "another_configuration": ({"CMAKE_CONFIG_TYPE": "Debug"}, "note: CMAKE_CONFIG_TYPE is not passed on to CMake"),
    "dry_run": ({**MAKE, "MAKEFLAGS": "-n"}, "note: MAKEFLAGS is passed on to CMake without -n, which"),
    "touch": ({**MAKE, "GNUMAKEFLAGS": "-t"}, "note: GNUMAKEFLAGS is passed on to CMake without -t, which"),
    "question": ({**MAKE, "MAKEFLAGS": "q -j2"}, "note: MAKEFLAGS is passed on to CMake without -q, which"),
    "other_makefiles": ({**MAKE, "MAKEFILES": "/dev/null"}, "note: MAKEFILES is not passed on to CMake"),
}  # fmt: skip
"""By kind: variables, and how the line begins that tells of them."""


def needed() -> None:
    for program in ("gcc", "make", "ninja"):
        needs.program(program)


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("kind", ALONE)
def test_the_wheel_is_the_same_and_the_variable_is_named(
    kind: str, tmp_path: Path
) -> None:
    needed()
    variables, told = ALONE[kind]
    if "DESTDIR" in variables:
        variables = {"DESTDIR": str(tmp_path / "stage")}
    source = hooks.project(tmp_path)
    plain = {name: value for name, value in variables.items() if name in MAKE}
    expected = hooks.hook(source, "build_wheel", tmp_path / "a", OFF, environ=plain)
    found = hooks.hook(source, "build_wheel", tmp_path / "b", OFF, environ=variables)
    assert hooks.result(found) == hooks.result(expected)
    name = hooks.result(found)
    assert content(tmp_path / "b" / name) == content(tmp_path / "a" / name)
    assert told in found.stderr
    assert "note:" not in expected.stderr
    assert not (tmp_path / "stage").exists()


def test_an_optional_module_is_not_lost_to_a_destdir(tmp_path: Path) -> None:
    """The module is not there when it is not found: the wheel would be one for every platform."""
    needed()
    source = hooks.project(tmp_path)
    (source / "src" / "pkg" / "__init__.py").write_text(
        "try:\n    from ._m import call\nexcept ImportError:\n    call = None\n"
    )
    variables = {"DESTDIR": str(tmp_path / "stage")}
    name = hooks.result(hooks.hook(source, "build_wheel", tmp_path, environ=variables))
    assert "none-any" not in name


def test_the_projects_own_table_cannot_move_files_either(tmp_path: Path) -> None:
    needed()
    table = f'[tool.scikit-build.env]\nDESTDIR = "{tmp_path / "stage"}"\n'
    run = hooks.hook(hooks.project(tmp_path, pyproject=table), "build_wheel", tmp_path)
    assert [m for m in content(tmp_path / hooks.result(run)) if m.startswith("pkg/_m")]
    assert "note: DESTDIR is not passed on to CMake" in run.stderr


def test_a_variable_that_is_withheld_does_not_make_it_another_build(
    tmp_path: Path,
) -> None:
    needed()
    source = hooks.project(tmp_path)
    hooks.result(hooks.hook(source, "build_wheel", tmp_path))
    variables = {"DESTDIR": str(tmp_path / "stage"), "MAKEFLAGS": "w", "MAKELEVEL": "1"}
    run = hooks.hook(source, "build_wheel", tmp_path, environ=variables)
    hooks.result(run)
    assert "built: warm: nothing changed" in run.stderr


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_a_makefile_that_builds_a_wheel(generator: str, tmp_path: Path) -> None:
    """Make exports how it was called, the variables of its command line, and a jobserver that is closed on the way."""
    needed()
    source = hooks.project(tmp_path)
    script = "import truewheel.backend as b; print(b.build_wheel('out'))"
    (source / "Makefile").write_text(
        f'export DESTDIR\nwheel:\n\t+"{sys.executable}" -c "{script}"\n'
    )
    command = ["make", "-j2", "wheel", f"DESTDIR={tmp_path / 'stage'}"]
    run = subprocess.run(
        command, cwd=source, env={**os.environ, "CMAKE_GENERATOR": generator}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    (wheel,) = (source / "out").glob("*.whl")
    assert [m for m in content(wheel) if m.startswith("pkg/_m")]
    assert not (tmp_path / "stage").exists()
    assert "jobserver unavailable" not in run.stderr


def test_what_users_set_on_purpose_reaches_cmake(tmp_path: Path) -> None:
    needed()
    cmake = (
        hooks.CMAKE
        + 'message(STATUS "told: $ENV{CMAKE_PREFIX_PATH} $ENV{CFLAGS} $ENV{CMAKE_BUILD_PARALLEL_LEVEL}")\n'
    )
    variables = {
        "CMAKE_PREFIX_PATH": "/pre/fix",
        "CFLAGS": "-O1",
        "CMAKE_BUILD_PARALLEL_LEVEL": "2",
        "MAKEFLAGS": "-j2",
    }
    source = hooks.project(tmp_path, cmake=cmake)
    run = hooks.hook(source, "build_wheel", tmp_path, environ=variables)
    assert "told: /pre/fix -O1 2" in run.stdout
    assert "note:" not in run.stderr


def test_an_import_that_rebuilds_installs_where_it_imports_from(tmp_path: Path) -> None:
    """scikit-build-core's finder runs CMake with the variables of whoever imports the package."""
    needed()
    source = hooks.project(tmp_path, pyproject=MODES["redirect"][0])
    (source / "src" / "pkg" / "__init__.py").write_text("from ._m import call\n")
    name = hooks.result(hooks.hook(source, "build_editable", tmp_path))
    with zipfile.ZipFile(tmp_path / name) as archive:
        archive.extractall(tmp_path / "site")
    (source / "m.c").write_text(hooks.MODULE.format(head="", value="43"))
    script = f"import site; site.addsitedir({str(tmp_path / 'site')!r}); import pkg; print(pkg.call())"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {
        "PATH": programs,
        "DESTDIR": str(tmp_path / "stage"),
        "CMAKE_INSTALL_MODE": "ABS_SYMLINK",
    }
    run = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert run.stdout.strip().endswith("\n43"), run.stderr
    assert not (tmp_path / "stage").exists()
