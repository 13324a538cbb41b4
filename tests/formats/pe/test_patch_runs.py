"""Changed PE files in wine's loader, which Python's flags are given to as Windows' would be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support import needs, programs, toolchains
from support.pe_patching import mingw, renamed

pytestmark = pytest.mark.slow
HOST = r"""
#include <windows.h>
#include <stdio.h>
/* How CPython loads a module (Python/dynload_win.c), and ctypes a library by its full path (Lib/ctypes/__init__.py). */
#define FLAGS (LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR)
int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (words[i][0] == '+') { /* as os.add_dll_directory does */
            wchar_t path[MAX_PATH];
            MultiByteToWideChar(CP_ACP, 0, words[i] + 1, -1, path, MAX_PATH);
            if (!AddDllDirectory(path)) printf("error %lu\n", GetLastError());
            continue;
        }
        HMODULE module = LoadLibraryExA(words[i], NULL, FLAGS);
        if (!module) { printf("error %lu\n", GetLastError()); continue; }
        int (*next)(void) = (int (*)(void))(void *)GetProcAddress(module, "next");
        printf("%d\n", next());
    }
    return 0;
}
"""
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
def wine(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Mapping[str, str]]:
    """Return wine, and the environment with a prefix of its own."""
    program = needs.program("wine")
    prefix = tmp_path_factory.mktemp("wine") / "prefix"
    environ = {name: text for name, text in os.environ.items() if name != "DISPLAY"}
    environ |= {"WINEPREFIX": str(prefix), "WINEARCH": "win64", "WINEDEBUG": "-all"}
    programs.run(program, "wineboot", "-i", cwd=prefix.parent, environ=environ)
    return program, environ


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a program, a module, and two libraries of which one needs the other."""
    place = tmp_path_factory.mktemp("built")
    sources = {"host": HOST, "module": MODULE, "counter": COUNTER, "leaf": LEAF}
    for name, source in sources.items():
        (place / f"{name}.c").write_text(source)
    mingw(place, "leaf.dll", "-shared", "leaf.c")
    mingw(place, "counter.dll", "-shared", "counter.c", "leaf.dll")
    mingw(place, "module.pyd", "-shared", "module.c", "counter.dll")
    mingw(place, "host.exe", "host.c")
    return place


@pytest.fixture
def run(tmp_path: Path, wine: tuple[str, Mapping[str, str]], built: Path) -> Run:
    """Return a function that loads modules in one process, and returns what each counted to.

    What begins with ``+`` is a directory that a package adds to those that are searched.
    """
    program, environ = wine

    def load(*modules: str) -> list[str]:
        paths = []
        for module in modules:
            name = module.removeprefix("+")
            path = f"Z:{tmp_path / name}".replace("/", "\\")
            paths.append(f"+{path}" if module != name else path)
        command = [program, built / "host.exe", *paths]
        return programs.run(*command, cwd=built.parent, environ=environ).split("\n")[
            :-1
        ]

    return load


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


DELAYED = """
typedef unsigned int u32;
struct descriptor { u32 attributes, name, handle, addresses, names; };
extern char __ImageBase;
void *LoadLibraryExA(const char *, void *, u32);
void *GetProcAddress(void *, const char *);
__declspec(dllimport) int counted(void);
__declspec(dllexport) int next(void) { return counted(); }
int __stdcall entry(void *a, u32 b, void *c) { return 1; }
static int nothing(void) { return -1; }
/* As delayhlp.cpp of Visual C++ has it, for one symbol, and without its errors. */
void *__stdcall __delayLoadHelper2(struct descriptor *found, void **slot) {
    char *base = &__ImageBase;
    void *library = LoadLibraryExA(base + found->name, 0, 0);
    if (!library) return nothing;
    return *slot = GetProcAddress(library, base + *(u32 *)(base + found->names) + 2);
}
"""


def delayed(place: Path) -> bytes:
    """Return a module, linked by LLD, that loads counter.dll on first use."""
    objects = [
        toolchains.compiled(place, "d.c", DELAYED, target="x86_64-pc-windows-msvc"),
        toolchains.import_library(place, "counter.dll", "counted", "x64"),
        toolchains.import_library(
            place, "kernel32.dll", "LoadLibraryExA\nGetProcAddress", "x64"
        ),
    ]
    command = ["/dll", "/entry:entry", "/out:d.pyd", "/delayload:counter.dll"]
    toolchains.run(place, "lld-link", *command, *objects)
    return (place / "d.pyd").read_bytes()


def test_a_delayed_library_is_loaded_by_its_new_name(
    tmp_path: Path, built: Path, run: Run
) -> None:
    """The code that loads it is part of the module, and does not look beside it: the library has to be there already."""
    counter = "counter-01234567.dll"
    lay(built, tmp_path / "p", counter)
    new = renamed(delayed(tmp_path), {"counter.dll": counter})
    (tmp_path / "p" / "d.pyd").write_bytes(new)
    assert run("p/module.pyd", "p/d.pyd") == ["1", "2"]
    assert run("p/d.pyd") == ["-1"]
