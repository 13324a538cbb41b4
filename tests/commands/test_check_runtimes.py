"""Wheels with compilers' runtimes (TW209, TW210), made here from C and looked at by the command."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from support import needs, programs
from support.pe_patching import mingw
from support.real_wheels import Workshop, runpath
from support.small_wheels import small_wheel
from truewheel.cli import main

RUNTIME = """
int omp_get_num_threads(void) { return 1; }
void GOMP_parallel(void) {}
"""
OF_LLVM = RUNTIME + "void __kmpc_fork_call(void) {}\n"
USE = "omp_get_num_threads"

CPP_LIBRARY = """
__declspec(dllexport) int _Mtx_lock(void *mutex) { return 0; }
__declspec(dllexport) int _Mtx_init_in_situ(void *mutex, int kind) { return 0; }
"""
VERSION = "1 VERSIONINFO FILEVERSION {0},{1},31931,0 BEGIN END\n"
LOCKS = """
__declspec(dllimport) int _Mtx_lock(void *mutex);
__declspec(dllexport) void *PyInit__m(void) { return (void *)(long long)_Mtx_lock(0); }
"""
SETS_UP = """
__declspec(dllimport) int _Mtx_init_in_situ(void *mutex, int kind);
__declspec(dllexport) int more(void) { return _Mtx_init_in_situ(0, 0); }
"""
WINDOWS_WHEEL = "p-1-cp313-cp313-win_amd64.whl"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    needs.program("gcc")
    return Workshop(tmp_path)


def openmp_wheel(workshop: Workshop, first: str, second: str) -> Path:
    files = {}
    for name, text in (("one", first), ("two", second)):
        # As auditwheel names them, so that names tell nothing.
        library = workshop.library(f"lib{name}-0123abcd.so", text)
        files[f"p/{library.name}"] = library.read_bytes()
        module = workshop.module(name, library, runpath("$ORIGIN"), use=USE)
        files[f"p/{name}.abi3.so"] = module
    return workshop.wheel(files)


def test_two_openmp_runtimes_that_were_compiled(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    path = openmp_wheel(workshop, RUNTIME, OF_LLVM)
    assert main(["check", str(path), "--select", "TW210"]) == 0
    told = capsys.readouterr().out
    assert "TW210" in told
    assert "p/libone-0123abcd.so is GNU's, used by p/one.abi3.so" in told
    assert "p/libtwo-0123abcd.so is LLVM's or Intel's, used by p/two.abi3.so" in told


def test_a_library_that_is_no_runtime(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    stubs = f"int {USE}(void) {{ return 1; }}\n"
    path = openmp_wheel(workshop, RUNTIME, stubs)
    assert main(["check", str(path), "--select", "TW210"]) == 0
    assert "TW210" not in capsys.readouterr().out


def windows_files(place: Path, version: str, *sources: str) -> dict[str, bytes]:
    """Return a module and a runtime that is not called like one."""
    tool = needs.program("x86_64-w64-mingw32-windres")
    (place / "version.rc").write_text(version)
    programs.run(tool, "version.rc", "-o", "version.o", cwd=place, environ=os.environ)
    (place / "runtime.c").write_text(CPP_LIBRARY)
    words = ("-shared", "-Wl,--out-implib,runtime.a", "-nostartfiles", "-Wl,-e,0")
    mingw(place, "MSVCP140.dll", "runtime.c", "version.o", *words)
    (place / "module.c").write_text("".join(sources))
    made = mingw(place, "_m.pyd", "-shared", "module.c", "runtime.a")
    # The name that the module asks for is as long as the other, and so is a copy's.
    made = made.replace(b"MSVCP140.dll", b"RENAMED1.dll")
    runtime = (place / "MSVCP140.dll").read_bytes()
    return {"p/_m.pyd": linked_by(made, 14, 44), "p/RENAMED1.dll": runtime}


def linked_by(image: bytes, major: int, minor: int) -> bytes:
    """Return a PE image with another linker version, which stands behind the magic of its optional header."""
    (signature,) = struct.unpack_from("<I", image, 60)
    changed = bytearray(image)
    changed[signature + 26 : signature + 28] = bytes([major, minor])
    return bytes(changed)


@pytest.mark.parametrize(
    ("version", "sources", "status"),
    [
        (VERSION.format(14, 34), (LOCKS,), 1),
        (VERSION.format(14, 39), (LOCKS,), 1),
        (VERSION.format(14, 40), (LOCKS,), 0),
        (VERSION.format(14, 44), (LOCKS,), 0),
        # A call initialises the mutex (_DISABLE_CONSTEXPR_MUTEX_CONSTRUCTOR).
        (VERSION.format(14, 40), (LOCKS, SETS_UP), 0),
    ],
)
def test_an_older_runtime_beside_a_module(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    version: str,
    sources: tuple[str, ...],
    status: int,
) -> None:
    files = windows_files(tmp_path, version, *sources)
    path = small_wheel(tmp_path / WINDOWS_WHEEL, files)
    assert main(["check", str(path), "--select", "TW209"]) == status
    told = capsys.readouterr().out
    assert ("the C++ runtime of the wheel is older than 14.40" in told) is bool(status)


def test_damaged_runtimes_are_judged_or_refused(tmp_path: Path) -> None:
    """Whatever is broken in either file, the command ends, with a finding or without."""
    files = windows_files(tmp_path, VERSION.format(14, 34), LOCKS)
    chance = random.Random(140)
    for _ in range(60):
        broken = dict(files)
        for name, data in files.items():
            changed = bytearray(data)
            for _ in range(chance.randrange(1, 40)):
                # Headers and tables of imports, exports and resources, not code.
                changed[chance.randrange(64, len(data))] = chance.randrange(256)
            broken[name] = bytes(changed)
        path = small_wheel(tmp_path / WINDOWS_WHEEL, broken)
        assert main(["check", str(path)]) in (0, 1)
