"""Extension modules with definitions in their data, for many targets, compiled without Python's headers.

The layouts are those of CPython's ``Include/object.h``, ``moduleobject.h``, ``slots.h`` and ``modsupport.h``; that they are
right is shown by ``tests/builds/test_free_threading.py``, which compiles with the real headers.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

from support import needs, toolchains

LAYOUTS = r"""
typedef __INTPTR_TYPE__ word;
typedef struct { word tid; unsigned short flags; unsigned char mutex, bits; unsigned local; word shared; void *type; } threaded;
typedef struct { unsigned long long count; void *type; } with_gil;
struct slot { int number; void *value; };
struct exported { unsigned short number, flags; unsigned reserved; union { void *pointer; unsigned long long number; } value; };
struct record { unsigned char major, minor; unsigned short flags; unsigned built, version; };
#ifdef WITH_GIL
#define OBJECT with_gil
#define HEAD {(5ULL << 48) | (3ULL << 30), 0}
#else
#define OBJECT threaded
#define HEAD {0, 4, 0, 0, 0xffffffffu, 0, 0}
#endif
struct definition {
  OBJECT object; void *init; word index; void *copy;
  const char *name, *doc; word size; void *methods; struct slot *slots; void *traverse, *clear, *free;
};
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#ifndef RECORD
#define RECORD {1, 0, 2, 0x030f00f0u, 0x030f00f0u}
#endif
struct record abi = RECORD;
static int run(void *module) { return module != 0; }
#define DEFINITION(NAME, SLOTS) {HEAD, 0, 0, 0, NAME, "text", 0, 0, SLOTS, 0, 0, 0}
void *PyModuleDef_Init(void *);
"""
MULTI_PHASE = """
struct slot slots[] = {{2, (void *)run}, SLOTS {0, 0}};
struct definition definition = DEFINITION("p.m", slots);
EXPORT void *PyInit_m(void) { return PyModuleDef_Init(&definition); }
"""
"""A module whose slots are ``SLOTS``, beside the one that runs it."""
AT_RUN_TIME = """
static struct slot slots[4];
struct definition definition = DEFINITION("p.m", slots);
EXPORT void *PyInit_m(void) {
  slots[0].number = 2; slots[0].value = (void *)run; slots[1].number = 4; slots[1].value = (void *)1;
  return PyModuleDef_Init(&definition);
}
"""
EXPORTED = """
static const struct exported exported[] = {
  {109, 4, 0, {(void *)&abi}}, {100, 4, 0, {(void *)"m"}}, {85, 0, 0, {(void *)run}}, SLOTS {0, 0, 0, {0}}
};
EXPORT const void *PyModExport_m(void) { return exported; }
"""
NOT_USED, USED = "{4, (void *)1},", "{4, (void *)0},"
GNU = {
    "x86_64": ("gcc",),
    "x86_64-relr": ("gcc", "-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"),
    "x86_64-mold": ("gcc", "-fuse-ld=mold"),
    "i686": ("gcc", "-m32", "-nostdlib"),
    "aarch64": ("aarch64-linux-gnu-gcc",),
    "win_amd64": ("x86_64-w64-mingw32-gcc",),
    "win32": ("i686-w64-mingw32-gcc",),
}
"""Targets that have a compiler of their own."""
ZIG = {
    "s390x": "s390x-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "riscv64": "riscv64-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "macos-arm64": "aarch64-macos.11.0",
    "macos-x86_64": "x86_64-macos.11.0",
}
"""Targets of ``zig cc``."""
CHAINED = "macos-chained"
"""The same for macOS, linked with chained fixups."""
TARGETS = (*GNU, *ZIG, CHAINED)


@functools.cache
def module(
    source: str, *, target: str = "x86_64", flags: tuple[str, ...] = ()
) -> bytes:
    """Return a module for a target.

    :param flags: for the compiler.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        (path / "m.c").write_text(LAYOUTS + source)
        (path / "python.c").write_text(
            "void *PyModuleDef_Init(void *d) { return d; }\n"
        )
        _compile(path, target, flags)
        return (path / "m.so").read_bytes()


def _compile(place: Path, target: str, flags: tuple[str, ...]) -> None:
    """Compile ``m.c`` to ``m.so``."""
    common = ("-shared", "-O1", *flags)
    if target in GNU:
        compiler, *options = GNU[target]
        # On Windows each name has a library, and there is none of Python's.
        sources = ["m.c", "python.c"] if target.startswith("win") else ["-fPIC", "m.c"]
        link = [part for part in options if part.startswith(("-fuse", "-Wl"))]
        for program in [
            part.removeprefix("-fuse-ld=") for part in link if "fuse" in part
        ]:
            needs.program({"lld": "ld.lld"}.get(program, program))
        command = [needs.program(compiler), *options, *common, *sources, "-o", "m.so"]
        subprocess.run(command, cwd=place, check=True)
    elif target == CHAINED:
        needs.program("ld64.lld-16")
        triple = "arm64-apple-macos12.0"
        command = [needs.program("clang-16"), "-target", triple, "-O1", *flags, "-fPIC", "-c", "m.c", "-o", "m.o"]  # fmt: skip
        subprocess.run(command, cwd=place, check=True)
        link = ["ld64.lld-16", "-arch", "arm64", "-platform_version", "macos", "12.0", "12.0", "-bundle", "-undefined",
                "dynamic_lookup", "-fixup_chains", "m.o", "-o", "m.so"]  # fmt: skip
        subprocess.run(link, cwd=place, check=True)
    else:
        undefined = ("-Wl,-undefined,dynamic_lookup",) if "macos" in target else ()
        toolchains.run(place, "cc", "-target", ZIG[target], "-fPIC", *common, *undefined, "m.c", "-o", "m.so")  # fmt: skip
