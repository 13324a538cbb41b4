"""Builds that are watched, one after the other."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs

CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(${SKBUILD_PROJECT_NAME} LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
add_custom_command(OUTPUT table.h COMMAND cp ${CMAKE_SOURCE_DIR}/table.txt table.h)
Python_add_library(_m MODULE WITH_SOABI m.c table.h)
target_include_directories(_m PRIVATE ${CMAKE_BINARY_DIR})
target_compile_options(_m PRIVATE -pipe)
install(TARGETS _m DESTINATION pkg)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be watched")
def test_a_unit_that_could_not_be_compiled_is_compiled_when_what_it_reads_is_mended(
    tmp_path: Path,
) -> None:
    """With ``-pipe`` the assembler makes the object before the compiler fails, and it is removed again."""
    needs.program("gcc")
    project = hooks.project(tmp_path, head='#include "table.h"', cmake=CMAKE)
    environ = {"TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}
    (project / "table.txt").write_text("broken (\n")
    run = hooks.hook(project, "build_wheel", tmp_path / "out", environ=environ)
    assert "error: CMake build failed" in run.stderr
    (project / "table.txt").write_text("#define VALUE 1\n")
    run = hooks.hook(project, "build_wheel", tmp_path / "out", environ=environ)
    assert hooks.result(run).endswith(".whl")


COPIED = """cmake_minimum_required(VERSION 3.18...4.0)
project(${SKBUILD_PROJECT_NAME} LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
add_custom_command(
  OUTPUT made.c COMMAND cp -p ${CMAKE_SOURCE_DIR}/text.txt made.c DEPENDS text.txt)
Python_add_library(_m MODULE WITH_SOABI m.c made.c)
install(TARGETS _m DESTINATION pkg)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be watched")
def test_a_unit_that_is_made_with_an_old_time_stamp_is_compiled(tmp_path: Path) -> None:
    """What is edited keeps its time, as after ``tar x``; and the command gives that to what it makes."""
    needs.program("gcc")
    project = hooks.project(
        tmp_path,
        head="extern const char text[];\nextern int puts(const char *);",
        value="puts(text)",
        cmake=COPIED,
    )
    environ = {"TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}
    for text in ("mark_one", "mark_two"):
        made_from = project / "text.txt"
        made_from.write_text(f'const char text[] = "{text}";\n')
        os.utime(made_from, ns=(10**18, 10**18))
        run = hooks.hook(project, "build_wheel", tmp_path / "out", environ=environ)
        wheel = zipfile.ZipFile(tmp_path / "out" / hooks.result(run))
        content = b"".join(wheel.read(name) for name in wheel.namelist())
        assert text.encode() in content
