"""Libraries and modules for macOS, linked by ``zig cc``, and what macholib, LIEF and LLVM read in a repaired one."""

from __future__ import annotations

import functools
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import lief
from macholib.MachO import MachO

from support import macho_modules, toolchains
from support.macho_modules import ARM64, X86_64, signed

lief.logging.disable()  # it tells of things that are none
TRIPLES = {ARM64: "aarch64-macos", X86_64: "x86_64-macos"}
SYSTEM = "/usr/lib/libSystem.B.dylib"


@functools.cache
def library(
    name: str,
    *needs: bytes,
    value: int = 1,
    rpaths: tuple[str, ...] = (),
    cpu: str = ARM64,
    macos: str = "11.0",
    weak: bool = False,
) -> bytes:
    """Return a library with an install name, which uses all of the libraries that it needs."""
    symbol = _symbol(name)
    source = f"int {symbol}(void) {{ return {value}{_calls(needs)}; }}\n"
    options = [f"-Wl,-install_name,{name}"]
    # The linker signs with the name of the file.
    output = name.rpartition("/")[2]
    return _link(source, needs, options, rpaths, cpu, macos, weak, output)


@functools.cache
def module(
    *needs: bytes,
    rpaths: tuple[str, ...] = (),
    cpu: str = ARM64,
    macos: str = "11.0",
    weak: bool = False,
    room: int = 4096,
) -> bytes:
    """Return an extension module that uses all of the libraries that it needs.

    :param weak: whether it can do without them.
    :param room: bytes for more load commands that the linker is to leave.
    """
    source = (
        "int puts(const char *);\n"
        f'int PyInit_m(void) {{ return puts("m"){_calls(needs)}; }}\n'
    )
    options = [f"-Wl,-headerpad,{room}", "-Wl,-install_name,/build/dist/m.so"]
    return _link(source, needs, options, rpaths, cpu, macos, weak)


def _calls(needs: tuple[bytes, ...]) -> str:
    names = [_symbol(name_of(need)) for need in needs]
    return "".join(f" + ((int (*)(void)){name})()" for name in names)


def _symbol(name: str) -> str:
    return re.sub(r"\W", "_", name)


def name_of(data: bytes) -> str:
    """Return a library's install name, read by LIEF."""
    (name,) = ids_of(data)
    return name


def _link(
    source: str,
    needs: tuple[bytes, ...],
    options: list[str],
    rpaths: tuple[str, ...],
    cpu: str,
    macos: str,
    weak: bool,
    output: str = "out",
) -> bytes:
    declared = "".join(f"extern char {_symbol(name_of(n))}[];\n" for n in needs)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "s.c").write_text(declared + source)
        words = []
        for nth, need in enumerate(needs):
            (place / f"lib{nth}.dylib").write_bytes(need)
            words.append(f"-Wl,-weak-l{nth}" if weak else f"lib{nth}.dylib")
        toolchains.run(
            place, "cc", "-O1", "-g0", "-target", f"{TRIPLES[cpu]}.{macos}", "-shared", "s.c", "-L.", *words,
            *options, *(f"-Wl,-rpath,{path}" for path in rpaths), "-o", output,
        )  # fmt: skip
        return (place / output).read_bytes()


def universal(*files: bytes) -> bytes:
    """Return a file for several CPUs."""
    return macho_modules.lipo(*files)


# --- what others read ---------------------------------------------------------------------------------------------


def _pieces(data: bytes) -> Iterator[lief.MachO.Binary]:
    found = lief.MachO.parse(io.BytesIO(data))
    assert found is not None
    # The slices live no longer than the whole.
    yield from found


def needs_of(data: bytes) -> list[str]:
    """Return the libraries that a file needs, without the system's: LIEF, macholib and LLVM have to agree."""
    by_lief = [need.name for piece in _pieces(data) for need in piece.libraries]
    # LIEF counts a file's own name with them.
    for name in ids_of(data):
        by_lief.remove(name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        headers = MachO(file.name).headers
    by_macholib = [name for header in headers for *_, name in header.walkRelocatables()]
    assert by_macholib == by_lief
    told = macho_modules.headers(data)
    by_llvm = re.findall(
        r"cmd LC_(?:LOAD|REEXPORT)\w*_DYLIB\n.*\n +name (\S+) \(offset", told
    )
    assert by_llvm == by_lief
    return [name for name in by_lief if not name.startswith("/usr/lib/")]


def rpaths_of(data: bytes) -> list[str]:
    """Return the LC_RPATHs of all slices, by LIEF and by LLVM."""
    found = [path.path for piece in _pieces(data) for path in piece.rpaths]
    told = macho_modules.headers(data)
    assert re.findall(r"^ +path (\S+) \(offset", told, re.MULTILINE) == found
    return found


def slices_of(data: bytes) -> Iterator[bytes]:
    """Yield the slices of a file."""
    for piece in _pieces(data):
        yield data[piece.fat_offset : piece.fat_offset + piece.original_size]


def check_signatures(data: bytes) -> None:
    """Every slice for arm64 is signed, and every signature is right: by hashes of our own, and by LIEF."""
    for piece in _pieces(data):
        part = data[piece.fat_offset : piece.fat_offset + piece.original_size]
        found = signed(part)
        if piece.header.cpu_type is lief.MachO.Header.CPU_TYPE.ARM64:
            assert found is not None
        if found is not None:
            assert found.are_pages_right
            assert found.are_blobs_right
            assert piece.has_code_signature


def ids_of(data: bytes) -> list[str]:
    """Return the file's own install name in each slice."""
    kind = lief.MachO.LoadCommand.TYPE.ID_DYLIB
    return [piece.get(kind).name for piece in _pieces(data) if piece.has(kind)]
