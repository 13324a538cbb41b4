"""DLLs and modules for Windows, linked by mingw's gcc, and what pefile, LIEF and LLVM read in a repaired one."""

from __future__ import annotations

import functools
import io
import os
import re
import subprocess
import tempfile
from pathlib import Path

import lief
import pefile

from support import macho_modules, needs, pe_patching, programs, toolchains

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
    mentions: tuple[Dll, ...] = (),
    forwards: tuple[tuple[str, str], ...] = (),
    size: int = 0,
) -> Dll:
    """Return a DLL that counts: each call of its function gives more, and as much more as what it uses has counted.

    :param mentions: DLLs that it needs without calling them.
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
    for dll in mentions:
        other = _symbol(dll.name)
        lines.append(f"void *where_{other}(void) {{ return {other}; }}")
    exports = [
        symbol,
        "padding DATA",
        *(f"where_{_symbol(d.name)}" for d in mentions),
        *(f"{new}={old}" for new, old in forwards),
    ]
    return _link(name, lines, (*uses, *mentions), exports)


@functools.cache
def module(*uses: Dll, name: str = "_m.pyd", other: str = "") -> Dll:
    """Return an extension module; what ``next`` gives is one more than what it uses has counted.

    :param other: a further function that one of those has.
    """
    calls = _calls(uses)
    lines = []
    if other:
        lines.append(f"__declspec(dllimport) int {other}(void);")
        calls += f" + 10 * {other}()"
    lines += [
        f"__declspec(dllexport) int next(void) {{ return 1{calls}; }}",
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
    parsed = lief.PE.parse(io.BytesIO(data))
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
    before, after = (pefile.PE(data=data, fast_load=True) for data in (old, new))
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


def mingw_directory() -> Path:
    """Return where the DLLs of mingw's own lie."""
    compiler = needs.program("x86_64-w64-mingw32-g++")
    command = [compiler, "-print-file-name=libstdc++-6.dll"]
    told = programs.run(*command, cwd=Path.cwd(), environ=os.environ)
    return Path(told.strip()).parent


@functools.cache
def mingw_cpp_module() -> bytes:
    """Return a module in C++ that throws and catches, as mingw links it by default."""
    source = """
    #include <stdexcept>
    #include <string>
    static void thrown(int x) { if (x) throw std::runtime_error(std::string(x, 'x')); }
    extern "C" __declspec(dllexport) int next(void) {
        try { thrown(7); } catch (const std::exception &e) { return (int)std::string(e.what()).size(); }
        return 0;
    }
    extern "C" __declspec(dllexport) void *PyInit__m(void) { return 0; }
    """
    compiler = needs.program("x86_64-w64-mingw32-g++")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "m.cpp").write_text(source)
        command = [compiler, "-shared", "m.cpp", "-o", "m.pyd"]
        programs.run(*command, cwd=place, environ=os.environ)
        return (place / "m.pyd").read_bytes()


# --- by other linkers ---------------------------------------------------------------------------------------------

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


def delayed_counter(place: Path) -> bytes:
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


@functools.cache
def msvc_module(
    *libraries: str, cpu: str = "x64", linker: tuple[int, int] = (14, 44)
) -> bytes:
    """Return a module as Visual C++ links one, which imports from libraries of these names.

    :param cpu: ``x64`` or ``arm64``.
    :param linker: what it says of its linker. LLD's own says 14.0 always.
    """
    target = f"{toolchains.LLVM_NAMES[cpu]}-pc-windows-msvc"
    numbers = range(len(libraries))
    lines = [f"__declspec(dllimport) int f{nth}(void);" for nth in numbers]
    calls = "".join(f" + f{nth}()" for nth in numbers)
    lines += [
        f"__declspec(dllexport) int PyInit__m(void) {{ return 1{calls}; }}",
        "int __stdcall entry(void *a, unsigned b, void *c) { return 1; }",
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        objects = [toolchains.compiled(place, "m.c", "\n".join(lines), target=target)]
        for nth, library in enumerate(libraries):
            objects.append(toolchains.import_library(place, library, f"f{nth}", cpu))
        command = ["/dll", "/entry:entry", "/out:m.pyd", f"/machine:{cpu}"]
        toolchains.run(place, "lld-link", *command, *objects)
        image = pefile.PE(str(place / "m.pyd"))
    image.OPTIONAL_HEADER.MajorLinkerVersion = linker[0]
    image.OPTIONAL_HEADER.MinorLinkerVersion = linker[1]
    return bytes(image.write())


def without_hashes(data: bytes) -> bytes:
    """Return a file that needs libraries by the names that they had before delvewheel gave them others; names get shorter."""
    for name in pe_patching.libraries(data):
        old = name.encode()
        new = re.sub(rb"-[0-9a-f]{32}(?=\.dll$)", b"", old)
        if new != old:
            assert data.count(old + b"\0") == 1
            data = data.replace(old + b"\0", new.ljust(len(old) + 1, b"\0"))
    return data
