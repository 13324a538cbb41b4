"""The PE reader on files of compilers, on launchers, on images put together by hand, and on files that lie."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from support import needs, toolchains
from support.pe_images import (
    ADDRESS,
    BASE,
    OFFSET,
    Content,
    exporting,
    image,
    importing,
    launchers,
    sample,
)
from support.reading import error_of, failure, failure_of_part
from truewheel import formats
from truewheel.model.binary import (
    Format,
    Kind,
    MinimumOS,
    Need,
    NeedKind,
    PeSlice,
    Symbol,
)
from truewheel.model.errors import FormatError


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.PE
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    return piece


def test_portable_programs_are_not_taken_for_images() -> None:
    """They begin like one, but are scripts that start an ELF or Mach-O program on other systems."""
    image = (
        b"MZqFpD='\n".ljust(60, b"\0")
        + struct.pack("<I", 64)
        + b"PE\0\0\x64\x86"
        + bytes(500)
    )
    assert formats.read(image) is None
    assert formats.sniff(image.replace(b"qFpD='", b"qFpD=\0")) is Format.PE


# --- linked by LLD ----------------------------------------------------------------------------------------------

SOURCE = """
__declspec(dllimport) int outer(int);
__declspec(dllimport) int numbered(int);
__declspec(dllimport) int late(int);
__declspec(dllexport) int twice(int x) { return outer(x) + late(x) + numbered(x); }
int __stdcall entry(void *a, unsigned b, void *c) { return 1; }
void *__stdcall __delayLoadHelper2(void *a, void *b) { return 0; }
"""
WINDOWS_GUI = 2
EXPORTS = "LIBRARY a.dll\nEXPORTS\ntwice\nelsewhere = KERNEL32.Sleep\nhidden = twice @9 NONAME\n"


def linked(place: Path, machine: str, *flags: str) -> bytes:
    """Link a DLL with an import by name and one by number, a delayed one, a forwarder, and an export without a name."""
    target = f"{toolchains.LLVM_NAMES[machine]}-pc-windows-msvc"
    objects = [
        toolchains.compiled(place, "a.c", SOURCE, target=target, flags=("-gdwarf",)),
        toolchains.import_library(
            place, "outer.dll", "outer\nnumbered @7 NONAME", machine
        ),
        toolchains.import_library(place, "late.dll", "late", machine),
    ]
    (place / "a.def").write_text(EXPORTS)
    command = [
        "/dll",
        "/entry:entry",
        "/out:a.dll",
        f"/machine:{machine}",
        "/def:a.def",
        "/delayload:late.dll",
        *flags,
    ]
    toolchains.run(place, "lld-link", *command, "/safeseh:no", *objects)
    return (place / "a.dll").read_bytes()


@pytest.mark.parametrize(
    ("machine", "cpu", "bits"),
    [("x86", "i686", 32), ("x64", "x86_64", 64), ("arm64", "arm64", 64)],
)
def test_a_library_that_lld_links_is_read(
    tmp_path: Path, machine: str, cpu: str, bits: int
) -> None:
    piece = read(
        linked(tmp_path, machine, "/subsystem:windows,6.02", "/osversion:10.0")
    )
    assert piece.cpu == cpu
    assert piece.bits == bits
    assert piece.little_endian
    assert piece.kind is Kind.SHARED
    assert piece.needs == (
        Need(library="outer.dll"),
        Need(library="late.dll", kind=NeedKind.DELAYED),
    )
    assert set(piece.imports) == {
        Symbol(name="outer", library="outer.dll"),
        Symbol(name="#7", library="outer.dll", ordinal=7),
        Symbol(name="late", library="late.dll"),
    }
    assert piece.exports == {"twice", "elsewhere"}
    assert piece.forwards == (("elsewhere", "KERNEL32.Sleep"),)
    assert piece.name == "a.dll"
    assert piece.subsystem == WINDOWS_GUI
    assert piece.subsystem_version == (6, 2)
    assert piece.os_version == (10, 0)
    assert piece.minimum_os == (MinimumOS(platform="windows", version=(6, 2)),)
    assert piece.hybrid is None
    assert not piece.certificate
    assert piece.debug_bytes == 0


def test_debug_sections_are_counted(tmp_path: Path) -> None:
    piece = read(linked(tmp_path, "x64", "/debug:dwarf"))
    assert 100 < piece.debug_bytes < 4000


def test_programs_are_told_from_libraries(tmp_path: Path) -> None:
    program = toolchains.compiled(
        tmp_path, "m.c", "int main(void) { return 0; }", target="x86_64-pc-windows-msvc"
    )
    toolchains.run(
        tmp_path, "lld-link", "/entry:main", "/subsystem:console", "/out:m.exe", program
    )
    piece = read((tmp_path / "m.exe").read_bytes())
    assert piece.kind is Kind.EXECUTABLE
    assert piece.name is None
    assert piece.exports == frozenset()


LOAD_CONFIGURATION = """
    .section .rdata,"dr"
    .globl _load_config_used
    .p2align 3, 0
_load_config_used:
    .word 0x140
    .fill 0xc4, 1, 0
    .xword {metadata}
    .fill 0x70, 1, 0
"""
METADATA = """
    .p2align 2, 0
metadata:
    .word 2
    .fill 0x60, 1, 0
    .data
    .globl __os_arm64x_dispatch_ret
__os_arm64x_dispatch_ret:
    .xword 0
    .globl __os_arm64x_dispatch_call_no_redirect
__os_arm64x_dispatch_call_no_redirect:
    .xword 0
    .section .text,"xr"
    .globl "#__icall_helper_arm64ec"
"#__icall_helper_arm64ec":
    ret
    .weak_anti_dep __icall_helper_arm64ec
    .set __icall_helper_arm64ec,"#__icall_helper_arm64ec"
"""
TWICE = "__declspec(dllexport) int twice(int x) { return 2 * x; }\n"


@pytest.mark.parametrize(
    ("machine", "cpu"), [("arm64ec", "x86_64"), ("arm64x", "arm64")]
)
def test_hybrid_images_are_told_by_their_load_configuration(
    tmp_path: Path, machine: str, cpu: str
) -> None:
    """ARM64EC calls itself AMD64; ARM64X is ARM64 as long as nobody loads it into an emulated process."""
    emulated = LOAD_CONFIGURATION.format(metadata="metadata") + METADATA
    objects = compiled(tmp_path, "arm64ec", emulated)
    if machine == "arm64x":
        objects += compiled(tmp_path, "aarch64", LOAD_CONFIGURATION.format(metadata=0))
    toolchains.run(
        tmp_path,
        "lld-link",
        "/dll",
        "/noentry",
        f"/machine:{machine}",
        "/out:t.dll",
        *objects,
    )
    piece = read((tmp_path / "t.dll").read_bytes())
    assert piece.cpu == cpu
    assert piece.hybrid == machine
    assert piece.kind is Kind.SHARED
    assert piece.exports == {"twice"}


def compiled(place: Path, cpu: str, load_configuration: str) -> list[Path]:
    """Return the objects of a library for one CPU."""
    target = f"{cpu}-pc-windows-msvc"
    code = toolchains.compiled(place, "t.c", TWICE, target=target)
    configuration = toolchains.compiled(place, "c.s", load_configuration, target=target)
    return [code, configuration]


# --- linked by GNU ld -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prefix", "cpu"), [("i686", "i686"), ("x86_64", "x86_64")])
def test_files_that_mingw_links_are_read(tmp_path: Path, prefix: str, cpu: str) -> None:
    compiler = needs.program(f"{prefix}-w64-mingw32-gcc")
    (tmp_path / "t.c").write_text(
        f'#include <stdio.h>\n{TWICE}int main(void) {{ return printf("%d", twice(2)); }}\n'
    )
    for output, flags in (
        ("t.dll", ["-shared"]),
        ("t.exe", []),
        ("g.dll", ["-shared", "-g", "-static-libgcc"]),
    ):
        subprocess.run(
            [compiler, "-o", output, "t.c", *flags], cwd=tmp_path, check=True
        )
    library, program, debug = (
        read((tmp_path / name).read_bytes()) for name in ("t.dll", "t.exe", "g.dll")
    )
    assert library.cpu == cpu
    assert library.kind is Kind.SHARED
    assert library.name == "t.dll"
    assert "twice" in library.exports
    assert {need.library for need in library.needs} == {"KERNEL32.dll", "msvcrt.dll"}
    assert program.kind is Kind.EXECUTABLE
    assert Symbol(name="Sleep", library="KERNEL32.dll") in program.imports
    assert debug.debug_bytes > library.debug_bytes + 500

    stripped = tmp_path / "s.dll"
    subprocess.run(
        [f"{prefix}-w64-mingw32-strip", "-o", stripped, "g.dll"],
        cwd=tmp_path,
        check=True,
    )
    assert read(stripped.read_bytes()).debug_bytes == 0


@pytest.mark.parametrize("prefix", ["i686", "x86_64"])
def test_files_for_debuggers_are_not_taken_for_libraries(
    tmp_path: Path, prefix: str
) -> None:
    """They have a library's headers, and none of its content."""
    (tmp_path / "t.c").write_text(TWICE)
    compiler, copier = (
        needs.program(f"{prefix}-w64-mingw32-{tool}") for tool in ("gcc", "objcopy")
    )
    subprocess.run(
        [compiler, "-shared", "-g", "-o", "t.dll", "t.c"], cwd=tmp_path, check=True
    )
    subprocess.run(
        [copier, "--only-keep-debug", "t.dll", "t.dll.debug"], cwd=tmp_path, check=True
    )
    whole, companion = (
        read((tmp_path / name).read_bytes()) for name in ("t.dll", "t.dll.debug")
    )
    assert companion.kind is Kind.OTHER
    assert companion.cpu == whole.cpu
    assert companion.exports == frozenset()
    assert companion.needs == ()
    assert companion.debug_bytes == whole.debug_bytes


# --- launchers, as they lie in every installation of pip --------------------------------------------------------


def test_a_zip_behind_a_launcher_changes_nothing() -> None:
    appended = io.BytesIO()
    with zipfile.ZipFile(appended, "w") as archive:
        archive.writestr("__main__.py", "print(1)")
    cpus = {
        "t32": "i686",
        "w32": "i686",
        "t64": "x86_64",
        "w64": "x86_64",
        "t64-arm": "arm64",
        "w64-arm": "arm64",
    }
    for name, data in launchers().items():
        piece = read(data)
        assert piece.cpu == cpus[name.removesuffix(".exe")]
        assert piece.kind is Kind.EXECUTABLE
        assert "kernel32.dll" in {need.library.lower() for need in piece.needs}
        assert read(data + b"#!python\n" + appended.getvalue()) == piece


# --- put together by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("lookup", [False, True])
def test_imports_are_read_with_and_without_a_lookup_table(
    wide: bool, lookup: bool
) -> None:
    content = Content()
    directories = importing(content, wide=wide, lookup=lookup)
    piece = read(image(bytes(content.data), directories, wide=wide))
    assert piece.imports == (
        Symbol(name="symbol", library="OTHER.dll"),
        Symbol(name="#258", library="OTHER.dll", ordinal=258),
    )


@pytest.mark.parametrize("base", [0, BASE])
def test_delayed_imports_are_read_by_offset_and_by_address(base: int) -> None:
    """Visual C++ 6 wrote addresses, and no attribute."""
    content = Content()
    name = content.add(b"\0\0symbol\0") + base
    table, library = (
        content.words(name, 0x80000005, 0) + base,
        content.add(b"LATE.dll\0") + base,
    )
    directory = content.words(0 if base else 1, library, 0, 0, table, 0, 0, 0, *[0] * 8)
    piece = read(image(bytes(content.data), {13: (directory, 64)}))
    assert piece.needs == (Need(library="LATE.dll", kind=NeedKind.DELAYED),)
    assert [symbol.name for symbol in piece.imports] == ["symbol", "#5"]


def test_a_list_may_end_with_the_section() -> None:
    """The zeros at its end may be among those that a section has in memory only."""
    content = Content()
    table = content.words(content.add(b"\0\0symbol\0"), 0)
    library = content.add(b"OTHER.dll\0")
    data = bytes(content.data).ljust(0x200 - 20, b"\0") + struct.pack(
        "<5I", table, 0, 0, library, table
    )
    directories = {1: (ADDRESS + 0x200 - 20, 20)}
    assert [s.name for s in read(image(data, directories)).imports] == ["symbol"]
    whole = bytes(0x1000 - 0x200) + data  # a page, and nothing behind it
    error = error_of(image(whole, {1: (ADDRESS + 0x1000 - 20, 20)}))
    assert str(error) == "broken PE file: import directory has no end"


def test_exports_and_forwarders_are_told_apart() -> None:
    content = Content()
    text = content.add(b"OTHER.symbol\0")
    directories = exporting(content, [b"a", b"b"], [text, 0x1000, 0x1000])
    start = directories[0][0]
    piece = read(image(bytes(content.data), {0: (start, 40)}))
    assert piece.name == "SELF.dll"
    assert piece.exports == {"a", "b"}
    assert piece.forwards == ()

    forwarder = content.add(b"OTHER.symbol\0")
    changed = bytearray(content.data)
    (addresses,) = struct.unpack_from("<I", changed, start - ADDRESS + 28)
    struct.pack_into("<I", changed, addresses - ADDRESS, forwarder)
    piece = read(image(bytes(changed), {0: (start, forwarder + 16 - start)}))
    assert piece.forwards == (("a", "OTHER.symbol"),)


@pytest.mark.parametrize(
    ("directory", "there"),
    [
        ((0x400, 16), True),
        ((0x400, 0), False),
        ((0x400, 4096), False),
        ((0xFFFFFFF0, 16), False),
        ((0x408, 8), False),
    ],
)
def test_a_certificate_must_lie_in_the_file(
    directory: tuple[int, int], there: bool
) -> None:
    behind = struct.pack("<IHH", 16, 0x200, 2) + b"\x30" * 8
    assert read(image(bytes(0x200), {4: directory}, behind=behind)).certificate is there


@pytest.mark.parametrize(
    ("more", "kind"),
    [({}, Kind.SHARED), ({"characteristics": 0x102}, Kind.EXECUTABLE), ({"characteristics": 0x2100}, Kind.OTHER),
     ({"subsystem": 10}, Kind.OTHER), ({"subsystem": 1, "characteristics": 0x102}, Kind.OTHER), ({"subsystem": 1}, Kind.SHARED),
     ({"code": 0, "entry": 0}, Kind.OTHER)],
)  # fmt: skip
def test_only_code_that_can_be_loaded_is_a_library_or_a_program(
    more: dict[str, int], kind: Kind
) -> None:
    """Firmware, drivers, objects that no linker finished, and DLLs of nothing but resources are not."""
    assert read(image(bytes(16), **more)).kind is kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "kind"),
    [(1, Kind.OTHER), (3, Kind.OTHER), (4, Kind.OTHER), (0x10, Kind.SHARED)],
)
def test_code_for_the_clr_is_not_for_a_cpu(flags: int, kind: Kind) -> None:
    header = struct.pack("<IHHIII", 72, 2, 5, 0, 0, flags) + bytes(52)
    assert read(image(header, {14: (ADDRESS, 72)})).kind is kind


@pytest.mark.parametrize(
    ("machine", "cpu"),
    [
        (0x14C, "i686"),
        (0x8664, "x86_64"),
        (0xAA64, "arm64"),
        (0x1C4, "armv7l"),
        (0x1234, "machine-0x1234"),
    ],
)
def test_machines_have_the_names_of_cpus(machine: int, cpu: str) -> None:
    assert read(image(bytes(16), machine=machine)).cpu == cpu


@pytest.mark.parametrize(
    ("size", "pointer", "hybrid"),
    [
        (0x140, BASE + ADDRESS, "arm64ec"),
        (0x140, 0, None),
        (0xC8, BASE + ADDRESS, None),
        (0x140, 5, None),
    ],
)
def test_only_hybrid_images_have_chpe_metadata(
    size: int, pointer: int, hybrid: str | None
) -> None:
    configuration = struct.pack("<I196xQ", size, pointer) + bytes(112)
    assert (
        read(
            image(configuration, {10: (ADDRESS, 64)}, wide=True, machine=0x8664)
        ).hybrid
        == hybrid
    )


# --- what only begins like PE -----------------------------------------------------------------------------------


def dos_program(
    at: int,
    *,
    relocations: int = 64,
    message: bytes = b"",
    size: int = 256,
    mark: bytes = b"",
) -> bytes:
    head = (
        b"MZ"
        + bytes(22)
        + struct.pack("<H", relocations)
        + bytes(34)
        + struct.pack("<I", at)
    )
    data = (head + message).ljust(size, b"\x90")[:size]
    return data[:at] + mark + data[at + len(mark) :] if mark else data


STUB = b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$"


@pytest.mark.parametrize(
    "data",
    [dos_program(0), dos_program(0x30000000), dos_program(128), dos_program(128, relocations=28), dos_program(500), dos_program(128, message=STUB, mark=b"NE"),
     dos_program(128, message=STUB, mark=b"LE"), dos_program(128, message=b"This program requires Microsoft Windows.", mark=b"NE"),
     dos_program(0x20202020), b"MZ is how a text may begin, and go on for more than sixty-four characters." + b"\n" * 40, b"MZ",
     dos_program(4096 * 16, relocations=30, size=100)],
)  # fmt: skip
def test_programs_for_dos_are_not_binaries(data: bytes) -> None:
    assert formats.read(data) is None


@pytest.mark.parametrize(
    "data",
    [
        dos_program(240, message=STUB, size=200),
        dos_program(128, message=STUB),
        dos_program(240, size=64),
        dos_program(126, size=127),
    ],
)
def test_images_without_their_header_are_broken(data: bytes) -> None:
    error = error_of(data)
    assert error.field == "e_lfanew"
    assert str(error) == "broken PE file: no PE header follows the DOS program"


# --- broken files -----------------------------------------------------------------------------------------------


def test_a_file_that_is_cut_off_anywhere_is_told_or_read() -> None:
    data = sample()
    needed = (
        OFFSET + struct.unpack_from("<I", data, 64 + 24 + 240 + 8)[0]
    )  # the loader takes no more than this
    for length in range(64, len(data)):
        error = failure_of_part(data, length)
        assert (error is None) == (length >= needed), length


def test_launchers_that_are_cut_off_are_told() -> None:
    for data in launchers().values():
        for length in itertools.chain(
            range(64, 1200), range(1200, len(data) - 1024, 4999)
        ):
            assert failure(data[:length]) is not None, length


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (60, struct.pack("<I", 0x7000000), None),
        (64 + 6, b"\xff\xff", "section headers"),
        (64 + 20, b"\xff\xff", "section headers"),
        (64 + 24, b"\x07\x01", "Magic"),
        (64 + 24 + 108, b"\xff" * 4, None),  # sixteen directories are believed
        (64 + 24 + 112, struct.pack("<II", 0x900000, 40), "export directory"),
        (64 + 24 + 120, struct.pack("<II", 0x900000, 40), "import directory"),
        (64 + 24 + 112 + 112, struct.pack("<II", 0x900000, 40), "CLR header"),
        (64 + 24 + 240 + 8, b"\xff" * 12, "SizeOfRawData"),
    ],
)
def test_lies_in_headers_are_named(
    offset: int, value: bytes, field: str | None
) -> None:
    data = bytearray(sample())
    data[offset : offset + len(value)] = value
    error = failure(bytes(data))
    if field is None:
        assert error is None
    else:
        assert error is not None
        assert error.field == field


@pytest.mark.parametrize(
    ("at", "value", "field"),
    [(12, 0x900000, "export DLL name"), (20, 1 << 30, "export address table"), (24, 1 << 30, "NumberOfNames"),
     (24, 600, "export name table"), (28, 0x900000, "export address table"), (32, 0x900000, "export name table"),
     (36, 0x900000, "export ordinal table")],
)  # fmt: skip
def test_lies_in_the_export_directory_are_named(
    at: int, value: int, field: str
) -> None:
    content = Content()
    directories = exporting(content, [b"a", b"b"], [0x1000, 0x1000])
    struct.pack_into("<I", content.data, directories[0][0] - ADDRESS + at, value)
    error = error_of(image(bytes(content.data), directories))
    assert error.field == field


def greedy_files(wide: bool) -> dict[str, bytes]:
    """Return files that ask for much more work than their size."""
    size = 1 << 18
    word, layout = (8, "<Q") if wide else (4, "<I")
    flag = 1 << (word * 8 - 1)

    def pointing(table: bytes, start: int = ADDRESS + 4096) -> bytes:
        """Return the descriptors of many libraries, which all have this table."""
        rows = struct.pack("<5I", start, 0, 0, ADDRESS + 4090, start) * 200
        return (rows.ljust(4090, b"\0") + b"abc\0").ljust(4096, b"\0") + table

    names = b"".join(
        struct.pack(layout, ADDRESS + 4096 + size // 2 + n)
        for n in range(size // 2 // word - 1)
    )
    return {
        "descriptors without an end": image((struct.pack("<5I", ADDRESS, 0, 0, ADDRESS, ADDRESS)) * (size // 20), {1: (ADDRESS, 20)}, wide=wide),
        "tables without an end": image(pointing(struct.pack(layout, flag | 1) * (size // word)), {1: (ADDRESS, 20)}, wide=wide),
        "tables that overlap": image(pointing(struct.pack(layout, flag | 1) * (size // word - 1) + bytes(word)), {1: (ADDRESS, 20)}, wide=wide),
        "names that overlap": image(pointing(names + bytes(word) + b"ab" * (size // 4)), {1: (ADDRESS, 20)}, wide=wide),
        "names of two letters": image(pointing(names + bytes(word) + b"ab\0" * (size // 6)), {1: (ADDRESS, 20)}, wide=wide),
        "delayed without an end": image(struct.pack("<8I", 1, ADDRESS, 0, 0, ADDRESS + 16, 0, 0, 0) * (size // 32), {13: (ADDRESS, 32)}, wide=wide),
        "many exports": many_exports(wide),
    }  # fmt: skip


def many_exports(wide: bool) -> bytes:
    count = 0xFFFF
    content = Content()
    text = content.add(b"abcdefg\0" * (count // 8 + 1))
    functions = content.words(*[text + n for n in range(count)])
    names = content.words(*[text + n for n in range(count)])
    ordinals = content.add(struct.pack(f"<{count}H", *range(count)))
    directory = content.words(
        0, 0, 0, text, 1, count, count, functions, names, ordinals
    )
    return image(bytes(content.data), {0: (directory, 1), 1: (0, 0)}, wide=wide)


@pytest.mark.parametrize("wide", [False, True])
def test_greedy_files_are_read_or_refused_at_little_cost(wide: bool) -> None:
    for name, data in greedy_files(wide).items():
        tracemalloc.start()
        failure(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 * len(data) + 1_000_000, name
        started = time.process_time()
        error = failure(data)
        assert time.process_time() - started < 5, name
        # The loader does not read what is loaded on first use.
        is_read = name in ("many exports", "delayed without an end")
        assert (error is None) == is_read, name


def test_sections_without_number_are_found_quickly() -> None:
    """Every name in another of 60,000 sections: looking for them one by one would take hours."""
    count = 60_000
    data = bytearray(sample()[: 64 + 24 + 240])
    struct.pack_into("<H", data, 64 + 6, count)
    table = 64 + 24 + 112
    struct.pack_into("<4I", data, table, 0, 0, ADDRESS * count, 20)
    start = (len(data) + 40 * count + 0x1FF) & ~0x1FF
    for number in range(1, count + 1):
        data += struct.pack(
            "<8sIIIIIIHHI", b".s", 4096, ADDRESS * number, 4096, start, 0, 0, 0, 0, 0
        )
    data += bytes(start - len(data))
    entries = b"".join(struct.pack("<Q", ADDRESS * n + 2000) for n in range(1, 400))
    data += (
        struct.pack("<5I", ADDRESS * count + 40, 0, 0, ADDRESS + 4000, ADDRESS).ljust(
            40, b"\0"
        )
        + entries
    )
    data += bytes(4096 + 8)
    started = time.process_time()
    piece = read(bytes(data))
    assert len(piece.imports) == 399
    assert time.process_time() - started < 5


def test_readers_take_any_buffer() -> None:
    for kind in (bytearray, memoryview):
        assert formats.read(kind(sample())) == formats.read(sample())


def test_errors_tell_the_place() -> None:
    with pytest.raises(
        FormatError,
        match=r"broken PE file: section \.rdata ends at 0x[0-9a-f]+, but the file at 0x200",
    ):
        formats.read(sample()[:0x200])
