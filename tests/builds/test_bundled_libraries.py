"""``truewheel_bundle`` in wheels: the libraries are inside, and modules load them where nothing else is left."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs
from support.cmake_builds import HEAD, run, shared_library, static_library
from support.paths import ROOT

FIND = """project(${SKBUILD_PROJECT_NAME} LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
find_package(Truewheel REQUIRED)
"""


def test_a_wheel_with_bundled_libraries_needs_no_others(tmp_path: Path) -> None:
    needs.program("gcc")
    theirs = shared_library(tmp_path / "libforeign.so.3.1", "-Wl,-soname,libforeign.so.3")  # fmt: skip
    (tmp_path / "libforeign.so").symlink_to(theirs.name)
    source = hooks.project(
        tmp_path,
        head="int own(void); int foreign(void);",
        value="own() + foreign()",
        cmake=HEAD + FIND + f"""
add_library(own SHARED own.c)
set_target_properties(own PROPERTIES VERSION 2.0 SOVERSION 2)
add_library(foreign SHARED IMPORTED)
set_target_properties(foreign PROPERTIES IMPORTED_LOCATION {tmp_path}/libforeign.so)
truewheel_add_module(_m DESTINATION pkg m.c)
target_link_libraries(_m PRIVATE own foreign)
truewheel_bundle(own foreign)
""",
        **{"own.c": "int own(void) { return 41; }\n"},
    )  # fmt: skip
    environ = {"CMAKE_ARGS": f"-DTruewheel_DIR={ROOT / 'cmake'}"}
    wheel = hooks.result(hooks.hook(source, "build_wheel", tmp_path, environ=environ))
    assert "-manylinux_" in wheel
    place = tmp_path / "installed"
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        libraries = [name for name in archive.namelist() if name.startswith("pkg.libs/")]  # fmt: skip
        assert libraries == ["pkg.libs/libforeign.so.3", "pkg.libs/libown.so.2"]
        archive.extractall(place)
    os.rename(theirs, tmp_path / "gone")  # noqa: PTH104  # the link is to lead nowhere
    script = f"import sys; sys.path.insert(0, {str(place)!r}); from pkg._m import call; print(call())"
    assert run(sys.executable, "-I", "-c", script) == "42\n"


ZLIB = f"""{HEAD}{FIND}find_package(ZLIB REQUIRED)
truewheel_add_module(_m DESTINATION pkg m.c)
target_link_libraries(_m PRIVATE ZLIB::ZLIB)
"""


def wheel_on_zlib(place: Path, lines: str, settings: str = "") -> dict[str, bytes]:
    """Return the members of a wheel whose module is linked with the system's zlib."""
    needs.program("gcc")
    needs.header("zlib.h")
    place.mkdir()
    source = hooks.project(
        place,
        head="#include <zlib.h>",
        value="zlibVersion()[0]",
        cmake=ZLIB + lines,
        pyproject=f"[tool.truewheel]\n{settings}\n",
    )
    environ = {"CMAKE_ARGS": f"-DTruewheel_DIR={ROOT / 'cmake'}"}
    wheel = hooks.result(hooks.hook(source, "build_wheel", place, environ=environ))
    with zipfile.ZipFile(place / wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_library_of_the_system_comes_with_its_papers(tmp_path: Path) -> None:
    needs.program("dpkg-query")
    members = wheel_on_zlib(tmp_path / "p", "truewheel_bundle(ZLIB::ZLIB)\n")
    (library,) = [name for name in members if name.startswith("pkg.libs/")]
    bill = json.loads(members["pkg-1.0.dist-info/sboms/truewheel.cdx.json"])
    rows = bill["components"]
    digest = hashlib.sha256(members[library]).hexdigest()
    (row,) = [row for row in rows if "hashes" in row]
    assert {"alg": "SHA-256", "content": digest} in row["hashes"]
    assert any(row.get("purl", "").startswith("pkg:deb/") for row in rows)
    licences = "pkg-1.0.dist-info/licenses/bundled/"
    assert any(name.startswith(licences) for name in members)


def test_without_such_a_library_there_are_no_papers(tmp_path: Path) -> None:
    for number, settings in enumerate(("", 'repair = "off"')):
        lines = "truewheel_bundle(ZLIB::ZLIB)\n" if settings else ""
        members = wheel_on_zlib(tmp_path / str(number), lines, settings)
        assert not [name for name in members if "/sboms/" in name or "bundled/" in name]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("truewheel_bundle()", "truewheel_bundle(): no targets"),
        ("truewheel_bundle(gone)", "truewheel_bundle(gone): there is no such target"),
        (
            "truewheel_bundle(gone DESTINATION /opt/lib)",
            "truewheel_bundle(gone): DESTINATION /opt/lib is outside of the wheel",
        ),
        (
            "add_library(s STATIC {place}/libs.c)\ntruewheel_bundle(s)",
            "truewheel_bundle(s): it is a target of type STATIC_LIBRARY; only shared libraries can be bundled",
        ),
        (
            "add_library(i INTERFACE IMPORTED)\ntruewheel_bundle(i)",
            "truewheel_bundle(i): it is a target of type INTERFACE_LIBRARY",
        ),
        (
            (
                "add_library(u UNKNOWN IMPORTED)\nset_target_properties(u PROPERTIES IMPORTED_LOCATION {place}/libs.a)\n"
                "truewheel_bundle(u)"
            ),
            "libs.a is not a shared library",
        ),
        (
            (
                "add_library(u SHARED IMPORTED)\nset_target_properties(u PROPERTIES IMPORTED_LOCATION {place}/gone.so)\n"
                "truewheel_bundle(u)"
            ),
            "truewheel_bundle(u): its library is not there: {place}/gone.so",
        ),
    ],
)
def test_what_cannot_be_bundled_is_told(tmp_path: Path, lines: str, said: str) -> None:
    static_library(tmp_path / "libs.a")
    text = HEAD + "project(p LANGUAGES C)\nfind_package(Truewheel REQUIRED)\n" + lines.format(place=tmp_path)  # fmt: skip
    (tmp_path / "CMakeLists.txt").write_text(text)
    command = [needs.program("cmake"), "-S", tmp_path, "-B", tmp_path / "b", f"-DTruewheel_DIR={ROOT / 'cmake'}",
               "-DSKBUILD_PROJECT_NAME=pkg"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    # CMake breaks lines where it likes.
    assert "".join(said.format(place=tmp_path).split()) in "".join(done.stderr.split())
