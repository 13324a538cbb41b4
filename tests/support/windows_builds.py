"""DLLs and modules for Windows, linked by mingw's gcc, and what pefile, LIEF and LLVM read in a repaired one."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
from pathlib import Path

import lief
import pefile

from support import macho_modules, needs, pe_patching, programs

lief.logging.disable()  # it tells of things that are none
SYSTEM = frozenset({"kernel32.dll", "msvcrt.dll"})
"""What each of these files needs besides, and Windows has."""


class Dll(bytes):
    """The content of a DLL that knows its file name."""

    name: str


@functools.cache
def library(
    name: str,
    *uses: Dll,
    value: int = 1,
    forwards: tuple[tuple[str, str], ...] = (),
    size: int = 0,
) -> Dll:
    """Return a DLL that counts: each call of its function gives more, and as much more as what it uses has counted.

    :param forwards: exports that live elsewhere: name, and ``library.name``.
    :param size: bytes of data that make it larger.
    """
    symbol = _symbol(name)
    counted = f"{value}{_calls(uses)}"
    lines = [
        "static int count;",
        f"__declspec(dllexport) int {symbol}(void) {{ return count += {counted}; }}",
        f"const char padding[{size + 1}] = {{1}};",
    ]
    exports = [symbol, *(f"{new}={old}" for new, old in forwards)]
    return _link(name, lines, uses, exports)


@functools.cache
def module(*uses: Dll, name: str = "_m.pyd") -> Dll:
    """Return an extension module; what ``next`` gives is one more than what it uses has counted."""
    lines = [
        f"__declspec(dllexport) int next(void) {{ return 1{_calls(uses)}; }}",
        "__declspec(dllexport) void *PyInit__m(void) { return 0; }",
    ]
    return _link(name, lines, uses, ["next", "PyInit__m"])


def _calls(uses: tuple[Dll, ...]) -> str:
    return "".join(f" + {_symbol(dll.name)}()" for dll in uses)


def _symbol(name: str) -> str:
    return re.sub(r"\W", "_", name.lower())


def _link(
    name: str, lines: list[str], uses: tuple[Dll, ...], exports: list[str]
) -> Dll:
    declared = [f"__declspec(dllimport) int {_symbol(dll.name)}(void);" for dll in uses]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "s.c").write_text("\n".join([*declared, *lines]))
        (place / "s.def").write_text("\n".join(["EXPORTS", *exports]))
        for dll in uses:
            (place / dll.name).write_bytes(dll)
        words = ["-shared", "-s", "s.c", "s.def", *(dll.name for dll in uses)]
        made = Dll(pe_patching.mingw(place, name, *words))
    made.name = name
    return made


def needs_of(data: bytes) -> list[str]:
    """Return the DLLs that a file needs, without Windows': pefile, LIEF and LLVM have to agree. Delayed ones are the last."""
    found = pe_patching.libraries(data)
    parsed = lief.PE.parse(list(data))
    assert isinstance(parsed, lief.PE.Binary)
    by_lief = [entry.name for entry in parsed.imports]
    by_lief += [entry.name for entry in parsed.delay_imports]
    assert by_lief == found
    with tempfile.NamedTemporaryFile(suffix=".dll") as file:
        file.write(data)
        file.flush()
        command = [macho_modules.llvm("objdump"), "-p", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    # LLVM does not tell of delayed ones.
    by_llvm = re.findall(r"DLL Name: (\S+)", done.stdout)[: len(parsed.imports)]
    assert by_llvm == found[: len(parsed.imports)]
    return [name for name in found if name.lower() not in SYSTEM]


def check_sums(old: bytes, new: bytes) -> None:
    """An edited file has no signature, and a right checksum where it had one."""
    before, after = pefile.PE(data=old), pefile.PE(data=new)
    assert not after.OPTIONAL_HEADER.DATA_DIRECTORY[4].VirtualAddress
    if before.OPTIONAL_HEADER.CheckSum:
        assert after.OPTIONAL_HEADER.CheckSum == after.generate_checksum()


def verify_authenticode(data: bytes) -> str:
    """Return what osslsigncode says of a file."""
    with tempfile.NamedTemporaryFile(suffix=".dll") as file:
        file.write(data)
        file.flush()
        done = subprocess.run(
            [needs.program("osslsigncode"), "verify", file.name],
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout + done.stderr


def mingw_runtime(name: str) -> Dll:
    """Return a DLL of mingw's own: ``libstdc++-6.dll``."""
    compiler = needs.program("x86_64-w64-mingw32-g++")
    told = programs.run(
        compiler, f"-print-file-name={name}", cwd=Path.cwd(), environ=os.environ
    )
    made = Dll(Path(told.strip()).read_bytes())
    made.name = name
    return made
