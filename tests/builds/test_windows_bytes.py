"""A build for Windows makes the same wheel again, though linkers write the time into each image."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pefile

from support import hooks, needs
from support.cmake_builds import HEAD, run

COMPILER = "x86_64-w64-mingw32-gcc"
CMAKE = f"""{HEAD}project(${{SKBUILD_PROJECT_NAME}} LANGUAGES C)
add_library(polygon SHARED polygon.c)
target_link_options(polygon PRIVATE -Wl,--build-id)
install(TARGETS polygon RUNTIME DESTINATION pkg)
install(FILES ${{CMAKE_CURRENT_SOURCE_DIR}}/theirs.dll DESTINATION pkg)
"""
CODE = "__declspec(dllexport) int corners(void) { return 3; }\n"


def test_two_builds_for_windows_make_the_same_bytes(tmp_path: Path) -> None:
    needs.program(COMPILER)
    source = hooks.project(tmp_path, cmake=CMAKE, **{"polygon.c": CODE})
    theirs = source / "theirs.dll"
    run(COMPILER, "-shared", source / "polygon.c", "-o", theirs)
    environ = {
        "CMAKE_ARGS": f"-DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER={COMPILER}",
        "TRUEWHEEL_CACHE": "off",
    }
    wheels = []
    for name in ("first", "second"):
        done = hooks.hook(source, "build_wheel", tmp_path / name, environ=environ)
        wheels.append(tmp_path / name / hooks.result(done))
        # Stamps count seconds.
        time.sleep(1.1)
    first, second = wheels
    assert first.name == "pkg-1.0-py3-none-win_amd64.whl"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        # What others have linked is not touched.
        assert archive.read("pkg/theirs.dll") == theirs.read_bytes()
        image = pefile.PE(data=archive.read("pkg/libpolygon.dll"))
    assert image.verify_checksum()
    (symbol,) = image.DIRECTORY_ENTRY_EXPORT.symbols
    assert symbol.name == b"corners"
