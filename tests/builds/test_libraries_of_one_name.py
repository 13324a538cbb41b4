"""Builds that link different libraries of one name: each file keeps the one that it was linked with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import hooks
from support.real_wheels import called, gcc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

OF_PROJECT = """
foreach(number 1 2)
  add_library(number_${number} SHARED number.c)
  target_compile_definitions(number_${number} PRIVATE NUMBER=${number})
  set_target_properties(number_${number} PROPERTIES OUTPUT_NAME number SOVERSION 1
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${number})
endforeach()
set(one number_1)
set(two number_2)
"""
OF_OTHERS = """
set(one ${CMAKE_CURRENT_SOURCE_DIR}/one/libnumber.so)
set(two ${CMAKE_CURRENT_SOURCE_DIR}/two/libnumber.so)
"""
MODULES = """
target_link_libraries(_m PRIVATE ${one})
Python_add_library(second MODULE WITH_SOABI m.c)
set_target_properties(second PROPERTIES OUTPUT_NAME _m LIBRARY_OUTPUT_DIRECTORY second)
target_link_libraries(second PRIVATE ${two})
install(TARGETS second DESTINATION pkg/sub)
add_executable(say-number say.c)
target_link_libraries(say-number PRIVATE ${two})
install(TARGETS say-number DESTINATION pkg/bin)
"""
NUMBER = "int number(void) { return NUMBER; }\n"
BY_HAND = """
add_custom_command(OUTPUT by_hand.so DEPENDS number_2 VERBATIM
  COMMAND gcc -shared -fPIC ${CMAKE_CURRENT_SOURCE_DIR}/say.c -o by_hand.so $<TARGET_FILE:number_2> ${PATHS})
add_custom_target(hand ALL DEPENDS by_hand.so)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/by_hand.so DESTINATION pkg)
"""
SAY = "int number(void);\nint main(void) { return number(); }\n"


def _project(place: Path, libraries: str, modules: str = MODULES) -> Path:
    source = hooks.project(
        place,
        head="int number(void);",
        value="number()",
        cmake=hooks.CMAKE + libraries + modules,
        **{"number.c": NUMBER, "say.c": SAY},
    )
    package = source / "src" / "pkg" / "sub"
    package.mkdir()
    (package / "__init__.py").touch()
    return source


def _libraries_of_others(source: Path) -> None:
    for number, name in enumerate(("one", "two"), start=1):
        folder = source / name
        folder.mkdir()
        gcc(
            "-shared", "-fPIC", f"-DNUMBER={number}", "-Wl,-soname,libnumber.so.1",
            "number.c", "-o", folder / "libnumber.so", cwd=source,
        )  # fmt: skip


@pytest.mark.parametrize("libraries", [OF_PROJECT, OF_OTHERS])
def test_each_file_keeps_the_library_that_it_was_linked_with(
    tmp_path: Path, libraries: str
) -> None:
    source = _project(tmp_path, libraries)
    if libraries == OF_OTHERS:
        _libraries_of_others(source)
    done = hooks.hook(source, "build_wheel", tmp_path / "out")
    wheel = tmp_path / "out" / hooks.result(done)
    shutil.rmtree(source)
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    # Two modules of one file name lie in different packages, and there is a process for each.
    assert called(site, "pkg._m") == ["1"]
    assert called(site, "pkg.sub._m") == ["2"]
    program = site / "pkg" / "bin" / "say-number"
    program.chmod(0o755)
    assert subprocess.run([program], check=False).returncode == 2
    said = done.stdout + done.stderr
    assert "TW603: libnumber.so.1: libnumber.so.1 is 2 different libraries" in said


@pytest.mark.parametrize("path", ["", "-Wl,-rpath,$<TARGET_FILE_DIR:number_2>"])
def test_a_file_that_cmake_did_not_link_is_told_unless_its_search_path_tells(
    tmp_path: Path, path: str
) -> None:
    more = f'set(PATHS "{path}")\n'
    source = _project(tmp_path, OF_PROJECT, MODULES + more + BY_HAND)
    done = hooks.hook(source, "build_wheel", tmp_path / "out")
    hooks.result(done)
    said = done.stdout + done.stderr
    message = "libnumber.so.1 is 2 different libraries, and nothing tells which of them pkg/by_hand.so was linked with"
    assert (message in said) == (not path)
    # The others are told each of its own.
    assert said.count("nothing tells which") == (not path)
