"""``truewheel_bundle`` in a build for macOS: how modules ask for the libraries, and where they look for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import needs, toolchains
from support.cmake_builds import HEAD, function, run
from support.paths import ROOT
from truewheel import formats
from truewheel.model.binary import Slice

CMAKE = """project(w LANGUAGES C)
# zig makes no bundles, which differ from libraries in one number only.
set(CMAKE_SHARED_MODULE_CREATE_C_FLAGS "-dynamiclib")
# What FindPython finds on macOS.
add_library(Python::Module INTERFACE IMPORTED)
function(Python_add_library name)
  list(REMOVE_ITEM ARGN WITH_SOABI)
  add_library(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so)
endfunction()
find_package(Truewheel REQUIRED)

add_library(own SHARED own.c)
set_target_properties(own PROPERTIES VERSION 1.2.3 SOVERSION 1)
truewheel_add_module(_m DESTINATION pkg/inner m.c)
target_link_libraries(_m PRIVATE own)
truewheel_bundle(own)
truewheel_bundle(own)
"""
SCRIPT = '#!/bin/sh\nexec "{zig}" {command} "$@"\n'


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a project for macOS, and return where it was installed."""
    needs.program("cmake")
    place = tmp_path_factory.mktemp("macos")
    tools = {"cc": "cc -target aarch64-macos", "ar": "ar", "ranlib": "ranlib"}
    for name, command in tools.items():
        script = SCRIPT.format(zig=toolchains.zig(), command=command)
        (place / name).write_text(script)
        (place / name).chmod(0o755)
    function(place / "own.c", "own")
    (place / "m.c").write_text("int own(void); int m(void) { return own(); }\n")
    (place / "CMakeLists.txt").write_text(HEAD + CMAKE)
    run(
        "cmake", "-S", place, "-B", place / "b", "-G", "Ninja", "-DCMAKE_SYSTEM_NAME=Darwin",
        f"-DCMAKE_C_COMPILER={place / 'cc'}", f"-DCMAKE_AR={place / 'ar'}", f"-DCMAKE_RANLIB={place / 'ranlib'}",
        # No program on Linux has to change the paths at the end then.
        "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON", "-DCMAKE_INSTALL_NAME_TOOL=true", "-DCMAKE_C_COMPILER_WORKS=ON",
        f"-DTruewheel_DIR={ROOT / 'cmake'}", "-DSKBUILD_PROJECT_NAME=pkg", f"-DSKBUILD_NULL_DIR={place / 'null'}",
    )  # fmt: skip
    run("cmake", "--build", place / "b")
    run("cmake", "--install", place / "b", "--prefix", place / "installed")
    return place / "installed"


def only_slice(path: Path) -> Slice:
    binary = formats.read(path.read_bytes())
    assert binary is not None
    (found,) = binary.slices
    return found


def test_the_library_has_one_name(installed: Path) -> None:
    found = {path.relative_to(installed).as_posix() for path in installed.rglob("*.*")}
    found -= {"pkg.libs"}
    assert found == {"pkg.libs/libown.1.dylib", "pkg/inner/_m.so"}
    library = installed / "pkg.libs" / "libown.1.dylib"
    assert not library.is_symlink()
    assert only_slice(library).name == "@rpath/libown.1.dylib"


def test_a_module_looks_for_it_there_and_only_once(installed: Path) -> None:
    module = only_slice(installed / "pkg" / "inner" / "_m.so")
    assert "@rpath/libown.1.dylib" in [need.library for need in module.needs]
    assert [path.path for path in module.search_paths] == [
        "@loader_path",
        "@loader_path/../../pkg.libs",
    ]
