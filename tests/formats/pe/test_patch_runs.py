"""Changed PE files in wine's loader, which Python's flags are given to as Windows' would be."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support import needs, programs, wine
from support.pe_patching import mingw, renamed
from support.windows_builds import delayed_counter

pytestmark = pytest.mark.slow
MODULE = "__declspec(dllimport) int counted(void); __declspec(dllexport) int next(void) { return counted(); }\n"
COUNTER = """
__declspec(dllimport) int one_more(int);
static int count;
__declspec(dllexport) int counted(void) { return count = one_more(count); }
"""
LEAF = "__declspec(dllexport) int one_more(int x) { return x + 1; }\n"
LONG = "counter-" + "0123456789abcdef" * 12 + ".dll"
Run = Callable[..., list[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a module, and two libraries of which one needs the other."""
    place = tmp_path_factory.mktemp("built")
    sources = {"module": MODULE, "counter": COUNTER, "leaf": LEAF}
    for name, source in sources.items():
        (place / f"{name}.c").write_text(source)
    mingw(place, "leaf.dll", "-shared", "leaf.c")
    mingw(place, "counter.dll", "-shared", "counter.c", "leaf.dll")
    mingw(place, "module.pyd", "-shared", "module.c", "counter.dll")
    return place


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that loads modules in one process, and returns what each counted to."""
    return functools.partial(wine.load, tmp_path)


def lay(
    built: Path, folder: Path, counter: str, leaf: str = "leaf-89abcdef.dll"
) -> None:
    """Put the module and its libraries, by these names, into one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, new, names in (
        ("module.pyd", "module.pyd", {"counter.dll": counter}),
        ("counter.dll", counter, {"leaf.dll": leaf}),
        ("leaf.dll", leaf, {}),
    ):
        data = (built / file).read_bytes()
        (folder / new).write_bytes(renamed(data, names))


@pytest.mark.parametrize("name", ["c.dll", "counter-01234567.dll", LONG])
def test_libraries_beside_the_module_are_found_by_their_new_names(
    tmp_path: Path, built: Path, run: Run, name: str
) -> None:
    """Also those that only a library needs; a name of 204 characters is in a section of its own."""
    lay(built, tmp_path / "p", name)
    assert run("p/module.pyd") == ["1"]
    (tmp_path / "p" / "leaf-89abcdef.dll").unlink()
    assert run("p/module.pyd") == ["error 126"]


def test_copies_in_several_directories_are_one_library(
    tmp_path: Path, built: Path, run: Run
) -> None:
    for folder in ("p", "p/q", "."):
        lay(built, tmp_path / folder, "counter-01234567.dll")
    modules = ("p/module.pyd", "p/q/module.pyd", "module.pyd")
    assert run(*modules) == ["1", "2", "3"]


def test_libraries_in_a_directory_that_a_package_adds_are_found(
    tmp_path: Path, built: Path, run: Run
) -> None:
    lay(built, tmp_path / "p", "counter-01234567.dll")
    (tmp_path / "d.libs").mkdir()
    for name in ("counter-01234567.dll", "leaf-89abcdef.dll"):
        (tmp_path / "p" / name).rename(tmp_path / "d.libs" / name)
    assert run("+d.libs", "p/module.pyd") == ["1"]
    assert run("p/module.pyd") == ["error 126"]


def test_files_of_one_name_are_one_library_whatever_they_contain(
    tmp_path: Path, built: Path, run: Run
) -> None:
    """So names are to tell contents apart."""
    lay(built, tmp_path / "p", "counter.dll")
    lay(built, tmp_path / "q", "counter.dll")
    (tmp_path / "other.c").write_text(
        COUNTER.replace("count = one", "count = 100 + one")
    )
    other = mingw(tmp_path, "counter.dll", "-shared", "other.c", built / "leaf.dll")
    other = renamed(other, {"leaf.dll": "leaf-89abcdef.dll"})
    (tmp_path / "q" / "counter.dll").write_bytes(other)
    assert run("p/module.pyd", "q/module.pyd") == ["1", "2"]
    assert run("q/module.pyd", "p/module.pyd") == ["101", "202"]


def test_a_library_loads_after_strip(tmp_path: Path, built: Path, run: Run) -> None:
    lay(built, tmp_path, LONG)
    strip = needs.program("x86_64-w64-mingw32-strip")
    for name in ("module.pyd", LONG):
        programs.run(strip, name, cwd=tmp_path, environ=os.environ)
    assert run("module.pyd") == ["1"]


def test_a_delayed_library_is_loaded_by_its_new_name(
    tmp_path: Path, built: Path, run: Run
) -> None:
    """The code that loads it is part of the module, and does not look beside it: the library has to be there already."""
    counter = "counter-01234567.dll"
    lay(built, tmp_path / "p", counter)
    new = renamed(delayed_counter(tmp_path), {"counter.dll": counter})
    (tmp_path / "p" / "d.pyd").write_bytes(new)
    assert run("p/module.pyd", "p/d.pyd") == ["1", "2"]
    assert run("p/d.pyd") == ["-1"]
