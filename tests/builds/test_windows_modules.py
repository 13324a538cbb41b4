"""The CMake functions in a build for Windows: what modules import, and where the DLLs that they need lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import needs
from support.cmake_builds import HEAD, function, run
from support.paths import ROOT
from truewheel import formats

COMPILER = "x86_64-w64-mingw32-gcc"
CMAKE = """project(w LANGUAGES C)
# What FindPython finds on Windows.
add_library(Python::Module INTERFACE IMPORTED)
set(Python_VERSION 3.15.0)
set(Python_SABI_LIBRARY_RELEASE {libs}/python3.lib)
function(Python_add_library name)
  list(REMOVE_ITEM ARGN WITH_SOABI)
  add_library(${{name}} ${{ARGN}})
  set_target_properties(${{name}} PROPERTIES PREFIX "" SUFFIX .pyd)
endfunction()
find_package(Truewheel REQUIRED)

add_library(own SHARED own.c)
add_library(between STATIC between.c)
target_link_libraries(between PRIVATE own)
set_target_properties(own PROPERTIES VERSION 1.2.3 SOVERSION 1)
add_library(theirs SHARED IMPORTED)
set_target_properties(theirs PROPERTIES
  IMPORTED_LOCATION {libs}/theirs.dll IMPORTED_IMPLIB {libs}/libtheirs.dll.a)
truewheel_add_module(_one ABI3T 3.15 DESTINATION pkg one.c)
target_link_libraries(_one PRIVATE between)
truewheel_bundle(own theirs)
truewheel_add_module(_two DESTINATION pkg/inner two.c)
target_link_libraries(_two PRIVATE theirs)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a project for Windows, and return where it was installed."""
    needs.program(COMPILER)
    place = tmp_path_factory.mktemp("windows")
    libs = place / "libs"
    libs.mkdir()
    (libs / "python3t.def").write_text("LIBRARY python3t.dll\nEXPORTS\nPyLong_FromLong\n")  # fmt: skip
    run("x86_64-w64-mingw32-dlltool", "-d", libs / "python3t.def", "-l", libs / "python3t.lib")  # fmt: skip
    run(COMPILER, "-shared", function(libs / "theirs.c", "theirs"), "-o", libs / "theirs.dll",
        f"-Wl,--out-implib,{libs}/libtheirs.dll.a")  # fmt: skip
    function(place / "own.c", "own")
    (place / "between.c").write_text("int own(void); int between(void) { return own(); }\n")  # fmt: skip
    (place / "one.c").write_text(
        "#if Py_TARGET_ABI3T != 0x030f0000 || Py_LIMITED_API != 0x030f0000\n#error\n#endif\n"
        "void *PyLong_FromLong(long); int between(void); void *one(void) { return PyLong_FromLong(between()); }\n"
    )
    (place / "two.c").write_text("int theirs(void); int two(void) { return theirs(); }\n")  # fmt: skip
    (place / "CMakeLists.txt").write_text(HEAD + CMAKE.format(libs=libs))
    run(
        "cmake", "-S", place, "-B", place / "b", "-G", "Ninja", "-DCMAKE_SYSTEM_NAME=Windows",
        f"-DCMAKE_C_COMPILER={COMPILER}", f"-DTruewheel_DIR={ROOT / 'cmake'}",
        "-DSKBUILD_PROJECT_NAME=pkg", f"-DSKBUILD_NULL_DIR={place / 'null'}",
    )  # fmt: skip
    run("cmake", "--build", place / "b")
    run("cmake", "--install", place / "b", "--prefix", place / "installed")
    return place / "installed"


def needs_of(path: Path) -> set[str]:
    binary = formats.read(path.read_bytes())
    assert binary is not None
    return {need.library.lower() for part in binary.slices for need in part.needs}


def test_libraries_lie_beside_the_modules_that_are_linked_with_them(
    installed: Path,
) -> None:
    found = {path.relative_to(installed).as_posix() for path in installed.rglob("*.*")}
    assert found == {
        "pkg/_one.pyd",
        "pkg/libown.dll",
        "pkg/inner/_two.pyd",
        "pkg/inner/theirs.dll",
    }


def test_a_module_for_abi3t_needs_the_dll_of_that_abi(installed: Path) -> None:
    found = needs_of(installed / "pkg" / "_one.pyd")
    assert {"python3t.dll", "libown.dll"} <= found
    assert not {"python3.dll", "python315.dll", "python315t.dll"} & found
