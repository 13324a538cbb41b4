"""Libraries by real compilers and linkers, and processes that load them, natively and for other machines."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from support import needs, toolchains
from truewheel.formats.elf.patch import patch
from truewheel.model.edits import (
    Edit,
    Kept,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
    chunks_of,
)

DEPENDENCY = "libdep.so.1"
RENAMED = "libdep-12345678.so.1"
EDITS: tuple[Edit, ...] = (
    SetSearchPaths(paths=("$ORIGIN/p.libs",), kind="RPATH"),
    ReplaceNeeded(old=DEPENDENCY, new=RENAMED),
)
"""What makes a library find its dependency, by another name and beside it."""

_DEPENDENCY = "int of_dependency(int x) { return x * 7; }\n"
_VERSIONS = "DEP_1 { global: of_dependency; local: *; };\n"
C = """
#include <stdio.h>
extern int of_dependency(int);
__thread int counter = 3;
static __thread int zeroed;
int (*functions[])(const char *, ...) = {printf, printf};
static const char *names[] = {"a", "bc"};
const char **exported_names = names;
char zeros[100000];
__attribute__((noinline)) int value(int x) {
    zeroed++;
    zeros[5] = 1;
    return of_dependency(x) + counter + zeroed + (functions[0] == printf) + names[1][1] + zeros[5];
}
"""
CXX = """
#include <stdexcept>
#include <string>
extern "C" int of_dependency(int);
thread_local std::string kept = "kept";
struct Base { virtual int made(int x) { return x; } virtual ~Base() {} };
struct Derived : Base {
    int made(int x) override { if (x) throw std::runtime_error("thrown " + kept); return 0; }
};
Base *one() { return new Derived; }
extern "C" __attribute__((noinline)) int value(int x) {
    Base *base = one();
    int found = 0;
    try { found = base->made(x); } catch (const std::exception &error) { found = std::string(error.what()).size(); }
    delete base;
    return found + of_dependency(x);
}
"""
_LOADER = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) { printf("%s\\n", dlerror()); return 1; }
    int (*value)(int) = (int (*)(int))dlsym(library, "value");
    printf("%d\\n", value(argc));
    return 0;
}
"""


def many_exports(count: int = 400) -> str:
    """Return C code whose names do not fit between two segments."""
    lines = []
    for number in range(count):
        lines.append(f"int a_rather_long_exported_name_{number}(int x) {{ return x; }}")
    return "\n".join(lines)


class Machine(NamedTuple):
    """A compiler, and how programs that it makes are run."""

    cc: tuple[str, ...]
    cxx: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()


NATIVE = Machine(("gcc",), ("g++",))


class World:
    """A directory with a loader, a dependency, and the renamed dependency where a patched library finds it."""

    def __init__(self, place: Path, machine: Machine = NATIVE) -> None:
        self.place, self.machine = place, machine
        needs.program(machine.cc[0])
        (place / "p.libs").mkdir(parents=True)
        self.write("dependency.c", _DEPENDENCY)
        self.write("loader.c", _LOADER)
        versions = self.write("dependency.map", _VERSIONS)
        script = f"-Wl,--version-script={versions}"
        soname = f"-Wl,-soname,{DEPENDENCY}"
        flags = ("-shared", "-fPIC", soname, script)
        self._compile(machine.cc, "dependency.c", DEPENDENCY, *flags)
        self._compile(machine.cc, "loader.c", "loader", "-ldl")
        patched(
            place / DEPENDENCY, place / "p.libs" / RENAMED, (SetName(name=RENAMED),)
        )

    def write(self, name: str, text: str) -> Path:
        (self.place / name).write_text(text)
        return self.place / name

    def _compile(
        self, compiler: tuple[str, ...], source: str, output: str, *flags: str
    ) -> None:
        command = [*compiler, "-g", "-O1", "-o", output, source, *flags]
        done = subprocess.run(
            command, cwd=self.place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    def library(self, name: str, source: str, *flags: str) -> Path:
        """Return a library that needs the dependency; its language is C++ when it has a class."""
        is_cxx = source is CXX
        compiler = self.machine.cxx if is_cxx else self.machine.cc
        file = f"{name}.cc" if is_cxx else f"{name}.c"
        self.write(file, source)
        self._compile(
            compiler, file, f"{name}.so", "-shared", "-fPIC", *flags, DEPENDENCY
        )
        return self.place / f"{name}.so"

    def value(self, library: Path, *, search: Path | None = None) -> str:
        """Return what the library's function says in a process that loads it; the loader's message when it does not."""
        variables = {} if search is None else {"LD_LIBRARY_PATH": str(search)}
        command = [*self.machine.runner, "./loader", str(library)]
        if self.machine.runner and search is not None:
            command[1:1] = ["-E", f"LD_LIBRARY_PATH={search}"]
            variables = {}
        done = subprocess.run(
            command,
            cwd=self.place,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", **variables},
            timeout=60,
        )
        return f"{done.returncode} {done.stdout.strip()}{done.stderr.strip()}"


def result(data: bytes, edits: tuple[Edit, ...] = EDITS) -> bytes:
    """Return the patched bytes, of which the same edits change none."""
    made = b"".join(chunks_of(data, patch(data, edits)))
    assert patch(made, edits) == (Kept(0, len(made)),)
    return made


def patched(source: Path, target: Path, edits: tuple[Edit, ...] = EDITS) -> Path:
    """Patch a file into another, or in its place."""
    target.write_bytes(result(source.read_bytes(), edits))
    return target


def copied(source: Path, name: str) -> Path:
    return Path(shutil.copy(source, source.parent / name))


def run(*command: object) -> str:
    """Run a program that must succeed; return what it printed on both streams."""
    words = [str(word) for word in command]
    needs.program(words[0])
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
    return done.stdout


@functools.cache
def zig_for(target: str) -> tuple[str, ...]:
    """Return a C compiler for a target, from the package ``ziglang``."""
    # A second run of zig with one cache is not disturbed by the first.
    return (str(toolchains.zig()), "cc", f"--target={target}", "-Wno-unused")


@functools.cache
def code_first_script() -> str:
    """Return GNU ld's own script, but with code right behind the headers, as newer linkers lay it."""
    text = run("ld", "-shared", "-z", "separate-code", "--verbose")
    script = text.split("=" * 50)[1]
    start = script.index("  .note.gnu.build-id")
    new_page = "  . = ALIGN(CONSTANT (MAXPAGESIZE));\n"
    code_at = script.index(f"{new_page}  .init")
    end = script.index("  PROVIDE (etext = .);")
    code = script[code_at:end].replace(new_page, "", 1)
    return script[:start] + code + new_page + script[start:code_at] + script[end:]
