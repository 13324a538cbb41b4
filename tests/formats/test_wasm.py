"""The WebAssembly reader on what clang and wasm-ld make, on modules put together by hand, and against files that lie."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from support import toolchains
from support.reading import error_of, failure, failure_of_part
from support.wasm_modules import (
    DYLINK,
    SAMPLE,
    custom,
    leb,
    module,
    section,
    text,
    vector,
)
from truewheel import formats
from truewheel.model.binary import Format, Kind, Need, SearchPath, Symbol, WasmSlice


def read(data: bytes) -> WasmSlice:
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.WASM
    (piece,) = binary.slices
    assert isinstance(piece, WasmSlice)
    return piece


# --- linked by wasm-ld ------------------------------------------------------------------------------------------

SOURCE = """
extern int Py_True; extern int outer(int); extern int faint(int) __attribute__((weak));
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_close"))) int fd_close(int);
__attribute__((visibility("default"))) int PyInit_w(void) { return outer(Py_True) + (faint ? faint(1) : 0) + fd_close(2); }
"""


def made(place: Path, cpu: str) -> tuple[bytes, bytes, bytes]:
    """Link an object, a side module that needs ``libz.so``, and a main module."""
    flags = ("-fPIC", "-g", "-mbulk-memory")
    target = f"{cpu}-unknown-unknown"
    linker = ["wasm-ld", f"-m{cpu}", "--no-entry"]
    library = toolchains.compiled(
        place, "z.c", "int z;\n", target=target, flags=("-fPIC",)
    )
    toolchains.run(
        place, *linker, "-shared", "--experimental-pic", "-o", "libz.so", library
    )
    piece = toolchains.compiled(place, "w.c", SOURCE, target=target, flags=flags)
    command = [
        "-shared",
        "--experimental-pic",
        "--unresolved-symbols=import-dynamic",
        "-rpath",
        "$ORIGIN/../libs",
    ]
    toolchains.run(
        place, *linker, *command, "--export=PyInit_w", "-o", "w.so", piece, "libz.so"
    )
    plain = toolchains.compiled(place, "m.c", SOURCE, target=target)
    toolchains.run(
        place, *linker, "--allow-undefined", "--export=PyInit_w", "-o", "m.wasm", plain
    )
    return (
        piece.read_bytes(),
        (place / "w.so").read_bytes(),
        (place / "m.wasm").read_bytes(),
    )


@pytest.mark.parametrize(("cpu", "bits"), [("wasm32", 32), ("wasm64", 64)])
def test_files_that_wasm_ld_links_are_read(tmp_path: Path, cpu: str, bits: int) -> None:
    relocatable, side, main = (read(data) for data in made(tmp_path, cpu))
    for piece in (relocatable, side, main):
        assert piece.cpu == cpu
        assert piece.bits == bits
    assert relocatable.kind is Kind.OBJECT
    assert side.kind is Kind.SHARED
    assert main.kind is Kind.EXECUTABLE
    assert side.dylink
    assert not main.dylink
    assert side.needs == (Need(library="libz.so"),)
    assert side.search_paths == (SearchPath(path="$ORIGIN/../libs", kind="RUNPATH"),)
    assert "PyInit_w" in side.exports & main.exports
    assert {"env", "GOT.mem", "GOT.func", "wasi_snapshot_preview1"} == set(
        side.import_modules
    )
    imports = {symbol.name: symbol for symbol in side.imports}
    assert imports["outer"] == Symbol(name="outer")
    assert imports["fd_close"] == Symbol(
        name="fd_close", library="wasi_snapshot_preview1"
    )
    assert imports["faint"].weak
    assert "Py_True" in imports
    assert "bulk-memory" in side.features
    assert side.producers[0][0] == "clang"
    assert side.debug_bytes > 100
    assert main.debug_bytes == 0


# --- put together by hand ---------------------------------------------------------------------------------------


def test_every_kind_of_import_is_read() -> None:
    descriptions = {
        "function": b"\0\5", "table": b"\1\x70\1\0\x80\1", "table of references": b"\1\x63\7\0\0", "memory": b"\2\1\0\1",
        "global": b"\3\x7f\1", "global reference": b"\3\x64\x6f\0", "tag": b"\4\0\3", "exact": b"\x20\1",
        "memory with small pages": b"\2\x08\0\0",
    }  # fmt: skip
    imports = [
        text("m") + text(name) + description
        for name, description in descriptions.items()
    ]
    piece = read(module(section(2, vector(*imports))))
    assert [symbol.name for symbol in piece.imports] == list(descriptions)
    assert {symbol.library for symbol in piece.imports} == {"m"}
    assert piece.cpu == "wasm32"
    assert piece.kind is Kind.EXECUTABLE


def test_compact_imports_are_read() -> None:
    """A proposal of 2025: whatever many imports share is written once."""
    each = b"\x7f" + vector(text("f") + b"\0\0", text("g") + b"\3\x7f\0")
    alike = b"\x7e\2\4\1" + vector(text("m"), text("n"))
    groups = (
        text("env") + text("") + each,
        text("o") + text("") + alike,
        text("") + text("") + b"\0\0",
    )
    piece = read(module(section(2, vector(*groups))))
    assert piece.imports == (
        Symbol(name="f"),
        Symbol(name="g"),
        Symbol(name="m", library="o"),
        Symbol(name="n", library="o"),
        Symbol(name="", library=""),
    )
    assert piece.import_modules == ("env", "o", "")
    assert piece.cpu == "wasm64"


@pytest.mark.parametrize(
    "memory",
    [
        section(2, vector(text("env") + text("memory") + b"\2\4\1")),
        section(5, vector(b"\5\1\2")),
    ],
)
def test_a_memory_of_64_bits_makes_it_wasm64(memory: bytes) -> None:
    piece = read(module(memory))
    assert piece.cpu == "wasm64"
    assert piece.bits == 64


def test_a_table_of_64_bits_does_not_make_it_wasm64() -> None:
    assert (
        read(module(section(2, vector(text("env") + text("t") + b"\1\x70\4\0")))).cpu
        == "wasm32"
    )


def test_a_side_module_has_libraries_and_a_search_path() -> None:
    imports = vector(
        *[text("env") + text(name) + b"\0\0" for name in ("faint", "local", "strong")]
    )
    piece = read(
        module(
            DYLINK, section(2, imports), section(7, vector(text("PyInit_é") + b"\0\1"))
        )
    )
    assert piece.kind is Kind.SHARED
    assert piece.dylink
    assert piece.needs == (Need(library="liba.so"), Need(library="libb.so"))
    assert piece.imports == (
        Symbol(name="faint", weak=True),
        Symbol(name="local"),
        Symbol(name="strong"),
    )
    assert piece.search_paths == (SearchPath(path="$ORIGIN", kind="RUNPATH"),)
    assert piece.exports == {"PyInit_é"}


def test_side_modules_of_2020_are_read() -> None:
    piece = read(module(custom("dylink", b"\0\0\0\0" + vector(text("liba.so")))))
    assert piece.kind is Kind.SHARED
    assert piece.dylink
    assert piece.needs == (Need(library="liba.so"),)


def test_tools_features_and_debug_sections_are_read() -> None:
    tools = vector(text("clang") + text("17"), text("wasm-ld") + text("18"))
    piece = read(
        module(
            custom(
                "producers",
                vector(
                    text("language") + vector(text("C") + text("")),
                    text("processed-by") + tools,
                ),
            ),
            custom(
                "target_features",
                vector(
                    b"+" + text("simd128"), b"-" + text("atomics"), b"=" + text("old")
                ),
            ),
            custom(".debug_info", bytes(1000)),
            custom("name", bytes(50)),
        )
    )
    assert piece.producers == (("clang", "17"), ("wasm-ld", "18"))
    assert piece.features == ("simd128", "old")
    assert 1000 <= piece.debug_bytes < 1050


def test_components_are_not_taken_for_modules() -> None:
    piece = read(b"\0asm\x0d\0\1\0" + b"\xff" * 20)
    assert piece.kind is Kind.OTHER
    assert piece.cpu == "wasm32"


# --- broken files -----------------------------------------------------------------------------------------------


def test_a_file_that_is_cut_off_anywhere_is_told_or_read() -> None:
    """It can be read if it ends with a section."""
    ends = set()
    offset = 8
    while offset < len(SAMPLE):
        ends.add(offset)
        offset += 2 + SAMPLE[offset + 1]
    for length in range(4, len(SAMPLE)):
        error = failure_of_part(SAMPLE, length)
        assert (error is None) == (length in ends), length


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"\0asm\2\0\0\0", "version"),
        (module(b"\2\xff\xff\xff\x7f"), "section"),
        (module(b"\2" + b"\xff" * 12), "section size"),
        (module(section(2, leb(1 << 60))), "import module"),
        (module(section(2, vector(leb(1 << 40) + b"env"))), "import module"),
        (module(section(2, vector(text("env") + text("f") + b"\x09"))), "import kind"),
        (module(section(2, vector(text("env") + text("f") + b"\3\x64"))), "heap type"),
        (module(section(5, leb(3) + b"\0\1")), "limits"),
        (module(section(7, leb(1 << 50) + text("f") + b"\0\0")), "export name"),
        (module(section(0, b"\x7fabc")), "section name"),
        (module(section(0, b"")), "section name"),
        (module(custom("dylink.0", b"\2\x60")), "dylink.0 subsection"),
        (module(custom("dylink.0", section(2, leb(1 << 50)))), "needed library"),
    ],
)
def test_lies_are_named(data: bytes, field: str) -> None:
    error = failure(data)
    assert error.field == field
    assert str(error).startswith("broken WebAssembly file: ")


def test_errors_tell_the_place_in_the_file() -> None:
    data = module(
        section(1, bytes(40)), section(2, vector(text("env") + text("f") + b"\x09"))
    )
    error = error_of(data)
    assert data[error.offset] == 9


GREEDY = {
    "sections": module(b"\1\0" * 150_000),
    "custom sections": module(b"\0\1\0" * 90_000),
    "imports without names": module(section(2, vector(*[b"\0\0\0\0"] * 80_000))),
    "imports with names": module(section(2, vector(*[text("m") + b"\2%c%c" % (i >> 8 & 255, i & 255) + b"\0\0" for i in range(20_000)]))),
    "groups of nothing": module(section(2, vector(*[b"\0\0\x7f\0"] * 80_000))),
    "a group without kinds": module(section(2, vector(b"\0\0\x7e\0\0" + vector(*[b"\0"] * 300_000)))),
    "exports": module(section(7, vector(*[b"\3%c%c%c" % (i >> 12 & 63, i >> 6 & 63, i & 63) + b"\0\0" for i in range(120_000)]))),
    "libraries": module(custom("dylink.0", section(2, vector(*[b"\0"] * 300_000)))),
    "paths": module(custom("dylink.0", section(5, vector(*[b"\1%c" % (i & 127) for i in range(130_000)])))),
    "weak names": module(custom("dylink.0", section(4, vector(*[b"\0\2%c%c\1" % (i >> 7 & 127, i & 127) for i in range(70_000)])))),
    "producers": module(custom("producers", vector(text("processed-by") + vector(*[b"\0\0"] * 130_000)))),
    "features": module(custom("target_features", vector(*[b"+\0"] * 130_000))),
    "nested customs": module(custom("dylink.0", section(2, b"\0") * 70_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", GREEDY)
def test_greedy_files_cost_little(name: str) -> None:
    tracemalloc.start()
    failure(GREEDY[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * len(GREEDY[name]) + 1_000_000
    started = time.process_time()
    failure(GREEDY[name])
    assert time.process_time() - started < 5


def test_readers_take_any_buffer() -> None:
    for kind in (bytearray, memoryview):
        assert formats.read(kind(SAMPLE)) == formats.read(SAMPLE)
