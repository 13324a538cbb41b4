"""Names of libraries in the data of programs, and in calls of Python code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import needs
from truewheel.formats.opened_names import names_loaded, names_opened

NAMES = frozenset({"libdep.so.1", "libdep.so"})
SOURCE = """
#include <dlfcn.h>
const char first[] = "libdep.so.1x";
int dep(void);
void *PyInit_m(void) { return %s; }
"""


def compiled(place: Path, what: str, *options: str) -> bytes:
    """Return a library with this expression in it."""
    (place / "m.c").write_text(SOURCE % what)
    gcc = needs.program("gcc")
    subprocess.run(
        [gcc, "-shared", "-fPIC", "m.c", "-o", "m.so", *options], cwd=place, check=True
    )
    return (place / "m.so").read_bytes()


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ('dlopen("libdep.so.1", 1)', {"libdep.so.1"}),
        ('dlopen("libdep.so", 1)', {"libdep.so"}),
        # Not a whole string.
        ('dlopen("./libdep.so.1", 1)', set()),
        ('dlopen("xlibdep.so.1", 1)', set()),
        ("0", set()),
    ],
)
def test_whole_strings_of_a_program(tmp_path: Path, what: str, found: set[str]) -> None:
    assert names_opened(compiled(tmp_path, what), NAMES) == found


def test_the_tables_of_the_loader_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "dep.c").write_text("int dep(void) { return 7; }\n")
    gcc = needs.program("gcc")
    subprocess.run(
        [gcc, "-shared", "-fPIC", "dep.c", "-o", "libdep.so.1", "-Wl,-soname,libdep.so.1"],
        cwd=tmp_path,
        check=True,
    )  # fmt: skip
    data = compiled(tmp_path, "(void *)(long)dep()", "libdep.so.1")
    assert b"\0libdep.so.1\0" in data
    assert names_opened(data, NAMES) == set()


def test_broken_files_and_other_formats_have_none(tmp_path: Path) -> None:
    data = compiled(tmp_path, 'dlopen("libdep.so.1", 1)')
    assert names_opened(b"", NAMES) == set()
    assert names_opened(b"MZ" + data, NAMES) == set()
    for end in (16, 64, 100, len(data) // 2, len(data) - 1):
        assert names_opened(data[:end], NAMES) <= NAMES
    # Section headers that claim to reach beyond the file, and over each other.
    (tail,) = (data[: len(data) - 64 * 20] + b"\xff" * 64 * 20,)
    assert names_opened(tail, NAMES) <= NAMES


def test_a_name_that_is_cut_by_a_piece_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = compiled(tmp_path, 'dlopen("libdep.so.1", 1)')
    monkeypatch.setattr("truewheel.formats.opened_names._PIECE", 7)
    assert names_opened(data, NAMES) == {"libdep.so.1"}


def test_a_file_full_of_names_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = compiled(tmp_path, 'dlopen("libdep.so.1", 1)')
    monkeypatch.setattr("truewheel.formats.opened_names._MOST_PLACES", 0)
    assert names_opened(data, NAMES) == set()


@pytest.mark.parametrize(
    ("line", "is_opened"),
    [
        ('lib = ctypes.CDLL("libdep.so.1")', True),
        ("lib = ffi.dlopen('libdep.so.1')", True),
        ("lib = cdll.LoadLibrary('libdep.so.1')  # old", True),
        ("# lib = ctypes.CDLL('libdep.so.1')", False),
        ('names = ["libdep.so.1"]', False),
        ('lib = ctypes.CDLL("libdep.so.12")', False),
        ('lib = ctypes.CDLL(os.path.join(here, "libdep.so.1"))', True),
    ],
)
def test_calls_of_python_code(line: str, is_opened: bool) -> None:
    found = names_loaded(f"import os\n{line}\n".encode(), NAMES)
    assert found == ({"libdep.so.1"} if is_opened else set())
