"""A program that does to Microsoft's C++ runtime what code of toolset 14.40 does, made without Visual C++."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support import needs, programs, wine
from support.pe_patching import mingw

# The first members of _Mtx_internal_imp_t of Microsoft's STL, as its constexpr constructor leaves them: what older
# runtimes take for a pointer to functions is null (https://github.com/microsoft/STL, stl/inc/__msvc_threads_core.hpp).
PROGRAM = r"""
#include <stdio.h>
struct mutex { int type; void *table; void *lock; char rest[48]; long owner; int count; };
__declspec(dllimport) int _Mtx_lock(struct mutex *);
int main(void) {
    static struct mutex one = {.type = 3, .owner = -1};
    puts("locks");
    fflush(stdout);
    if (_Mtx_lock(&one)) return 1;
    puts("locked");
    return 0;
}
"""
DEFINITIONS = "LIBRARY MSVCP140.dll\nEXPORTS\n_Mtx_lock\n"


def locking_program(place: Path) -> Path:
    """Return a program that locks a mutex on which no function was called before."""
    (place / "mutex.c").write_text(PROGRAM)
    (place / "msvcp140.def").write_text(DEFINITIONS)
    tool = needs.program("x86_64-w64-mingw32-dlltool")
    words = ("-d", "msvcp140.def", "-l", "libmsvcp140.a")
    programs.run(tool, *words, cwd=place, environ=os.environ)
    mingw(place, "mutex.exe", "mutex.c", "libmsvcp140.a")
    return place / "mutex.exe"


def run_with(
    program: Path, libraries: Mapping[str, bytes]
) -> subprocess.CompletedProcess[str]:
    """Run a program in Wine with Microsoft's own runtime beside it."""
    used = ("msvcp140", "vcruntime140", "vcruntime140_1")
    for name in used:
        (program.parent / f"{name}.dll").write_bytes(libraries[f"{name}.dll"])
    return wine.run_with_libraries(program, *used)
