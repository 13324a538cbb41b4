"""Import libraries of three makers, and archives that are none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import needs, toolchains
from truewheel.formats.import_library import dll_name

EXPORTS = "first\nsecond"
SOURCE = "__declspec(dllexport) int first(void) { return 1; }\n"


def run(place: Path, *command: str) -> None:
    needs.program(command[0])
    subprocess.run(command, cwd=place, check=True, capture_output=True)


@pytest.mark.parametrize("machine", ["x86", "x64", "arm64"])
def test_one_of_llvms_is_told(tmp_path: Path, machine: str) -> None:
    library = toolchains.import_library(tmp_path, "foo.dll", EXPORTS, machine)
    assert dll_name(library.read_bytes()) == "foo.dll"


def test_one_of_gnu_ld_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(SOURCE)
    run(tmp_path, "x86_64-w64-mingw32-gcc", "-shared", "a.c", "-o", "foo.dll", "-Wl,--out-implib,libfoo.dll.a")  # fmt: skip
    assert dll_name((tmp_path / "libfoo.dll.a").read_bytes()) == "foo.dll"


def test_one_of_dlltool_is_told(tmp_path: Path) -> None:
    (tmp_path / "foo.def").write_text(f"LIBRARY _m.pyd\nEXPORTS\n{EXPORTS}\n")
    run(tmp_path, "x86_64-w64-mingw32-dlltool", "-d", "foo.def", "-l", "foo.a")
    assert dll_name((tmp_path / "foo.a").read_bytes()) == "_m.pyd"


def test_a_static_library_is_for_no_dll(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int first(void) { return 1; }\n")
    run(tmp_path, "gcc", "-c", "a.c")
    run(tmp_path, "ar", "rc", "a.a", "a.o")
    whole = (tmp_path / "a.a").read_bytes()
    assert dll_name(whole) is None
    for end in range(len(whole)):
        assert dll_name(whole[:end]) is None


def test_what_is_cut_off_is_no_error(tmp_path: Path) -> None:
    library = toolchains.import_library(tmp_path, "foo.dll", EXPORTS, "x64")
    whole = library.read_bytes()
    for end in range(len(whole)):
        assert dll_name(whole[:end]) in (None, "foo.dll")


@pytest.mark.parametrize("text", [b"", b"\0", b"!<arch>\n", b"INPUT(libfoo.so.1)"])
def test_other_files_are_for_no_dll(text: bytes) -> None:
    assert dll_name(text) is None
