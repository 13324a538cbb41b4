"""Wine's loader, which Python's flags are given to as Windows' would be: modules that really load, or do not."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from support import needs, programs
from support.pe_patching import mingw

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


@functools.cache
def _started() -> tuple[Path, Mapping[str, str]]:
    """Return a folder with the program that loads, and the environment with a prefix of its own, which takes seconds to make."""
    place = Path(tempfile.mkdtemp(prefix="wine-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    environ = {name: text for name, text in os.environ.items() if name != "DISPLAY"}
    environ |= {
        "WINEPREFIX": str(place / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
    }
    programs.run(needs.program("wine"), "wineboot", "-i", cwd=place, environ=environ)
    (place / "host.c").write_text(HOST)
    mingw(place, "host.exe", "host.c")
    return place, environ


def load(root: Path, *modules: str) -> list[str]:
    """Load modules in one process; return what each one's ``next`` gave, or the error.

    What begins with ``+`` is a directory that a package adds to those that are searched.

    :param root: the directory that the names begin at.
    """
    place, environ = _started()
    paths = []
    for module in modules:
        name = module.removeprefix("+")
        path = f"Z:{root / name}".replace("/", "\\")
        paths.append(f"+{path}" if module != name else path)
    command = [needs.program("wine"), place / "host.exe", *paths]
    return programs.run(*command, cwd=place, environ=environ).split("\n")[:-1]


def run_with_libraries(program: Path, *native: str) -> subprocess.CompletedProcess[str]:
    """Run a program with libraries that lie beside it, of which Wine has its own; it may crash.

    :param native: the names of these libraries, without ``.dll``.
    """
    _, environ = _started()
    overrides = ";".join(f"{name}=n" for name in native)
    return subprocess.run(
        [needs.program("wine"), program],
        cwd=program.parent,
        env={**environ, "WINEDLLOVERRIDES": overrides},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
