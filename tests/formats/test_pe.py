"""The PE reader on what compilers and launchers make, on images put together by hand, and against files that lie."""

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
from support.pe_images import ADDRESS, BASE, OFFSET, Content, exporting, image, importing, launchers, sample
from support.reading import failure
from truewheel import formats
from truewheel.model.binary import Format, Kind, MinimumOS, NeedKind, PeSlice
from truewheel.model.errors import FormatError


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.PE
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    return piece


def test_portable_programs_are_no_images() -> None:
    """They begin like one, and are scripts that start an ELF or Mach-O program elsewhere."""
    image = b"MZqFpD='\n".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0\x64\x86" + bytes(500)
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
EXPORTS = "LIBRARY a.dll\nEXPORTS\ntwice\nelsewhere = KERNEL32.Sleep\nhidden = twice @9 NONAME\n"


def linked(place: Path, machine: str, *flags: str) -> bytes:
    """A DLL with an import by name and one by number, a delayed one, a forwarder, and an export without a name."""
    target = f"{toolchains.LLVM_NAMES[machine]}-pc-windows-msvc"
    objects = [
        toolchains.compiled(place, "a.c", SOURCE, target=target, flags=("-gdwarf",)),
        toolchains.import_library(place, "outer.dll", "outer\nnumbered @7 NONAME", machine),
        toolchains.import_library(place, "late.dll", "late", machine),
    ]
    (place / "a.def").write_text(EXPORTS)
    command = ["/dll", "/entry:entry", "/out:a.dll", f"/machine:{machine}", "/def:a.def", "/delayload:late.dll", *flags]
    toolchains.run(place, "lld-link", *command, "/safeseh:no", *objects)
    return (place / "a.dll").read_bytes()


@pytest.mark.parametrize(
    ("machine", "cpu", "bits"), [("x86", "i686", 32), ("x64", "x86_64", 64), ("arm64", "arm64", 64)]
)
def test_what_lld_links(tmp_path: Path, machine: str, cpu: str, bits: int) -> None:
    piece = read(linked(tmp_path, machine, "/subsystem:windows,6.02", "/osversion:10.0"))
    assert (piece.cpu, piece.bits, piece.kind, piece.little_endian) == (cpu, bits, Kind.SHARED, True)
    assert [(n.library, n.kind) for n in piece.needs] == [
        ("outer.dll", NeedKind.NORMAL),
        ("late.dll", NeedKind.DELAYED),
    ]
    assert {(s.library, s.name, s.ordinal) for s in piece.imports} == {
        ("outer.dll", "outer", None), ("outer.dll", "#7", 7), ("late.dll", "late", None),
    }  # fmt: skip
    assert piece.exports == {"twice", "elsewhere"}
    assert piece.forwards == (("elsewhere", "KERNEL32.Sleep"),)
    assert piece.name == "a.dll"
    assert (piece.subsystem, piece.subsystem_version, piece.os_version) == (2, (6, 2), (10, 0))
    assert piece.minimum_os == (MinimumOS(platform="windows", version=(6, 2)),)
    assert (piece.hybrid, piece.certificate, piece.debug_bytes) == (None, False, 0)


def test_debug_sections_are_counted(tmp_path: Path) -> None:
    piece = read(linked(tmp_path, "x64", "/debug:dwarf"))
    assert 100 < piece.debug_bytes < 4000


def test_programs(tmp_path: Path) -> None:
    program = toolchains.compiled(tmp_path, "m.c", "int main(void) { return 0; }", target="x86_64-pc-windows-msvc")
    toolchains.run(tmp_path, "lld-link", "/entry:main", "/subsystem:console", "/out:m.exe", program)
    piece = read((tmp_path / "m.exe").read_bytes())
    assert (piece.kind, piece.name, piece.exports) == (Kind.EXECUTABLE, None, frozenset())


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


@pytest.mark.parametrize(("machine", "cpu"), [("arm64ec", "x86_64"), ("arm64x", "arm64")])
def test_hybrid_images(tmp_path: Path, machine: str, cpu: str) -> None:
    """ARM64EC calls itself AMD64; ARM64X is ARM64 as long as nobody loads it into an emulated process."""
    emulated = LOAD_CONFIGURATION.format(metadata="metadata") + METADATA
    objects = []
    for target, assembler in (("arm64ec", emulated), ("aarch64", LOAD_CONFIGURATION.format(metadata=0))):
        if target == "arm64ec" or machine == "arm64x":
            for name, source in (("t.c", TWICE), ("c.s", assembler)):
                objects.append(toolchains.compiled(tmp_path, name, source, target=f"{target}-pc-windows-msvc"))
    toolchains.run(tmp_path, "lld-link", "/dll", "/noentry", f"/machine:{machine}", "/out:t.dll", *objects)
    piece = read((tmp_path / "t.dll").read_bytes())
    assert (piece.cpu, piece.hybrid, piece.kind) == (cpu, machine, Kind.SHARED)
    assert piece.exports == {"twice"}


# --- linked by GNU ld -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prefix", "cpu"), [("i686", "i686"), ("x86_64", "x86_64")])
def test_what_mingw_links(tmp_path: Path, prefix: str, cpu: str) -> None:
    compiler = needs.program(f"{prefix}-w64-mingw32-gcc")
    (tmp_path / "t.c").write_text(f'#include <stdio.h>\n{TWICE}int main(void) {{ return printf("%d", twice(2)); }}\n')
    for output, flags in (("t.dll", ["-shared"]), ("t.exe", []), ("g.dll", ["-shared", "-g", "-static-libgcc"])):
        subprocess.run([compiler, "-o", output, "t.c", *flags], cwd=tmp_path, check=True)
    library, program, debug = (read((tmp_path / n).read_bytes()) for n in ("t.dll", "t.exe", "g.dll"))
    assert (library.cpu, library.kind, program.kind) == (cpu, Kind.SHARED, Kind.EXECUTABLE)
    assert "twice" in library.exports
    assert library.name == "t.dll"
    assert {n.library for n in library.needs} == {"KERNEL32.dll", "msvcrt.dll"}
    assert ("KERNEL32.dll", "Sleep") in {(s.library, s.name) for s in program.imports}
    assert debug.debug_bytes > library.debug_bytes + 500
    stripped = tmp_path / "s.dll"
    subprocess.run([f"{prefix}-w64-mingw32-strip", "-o", stripped, "g.dll"], cwd=tmp_path, check=True)
    assert read(stripped.read_bytes()).debug_bytes == 0


@pytest.mark.parametrize("prefix", ["i686", "x86_64"])
def test_companions_of_debuggers_are_no_libraries(tmp_path: Path, prefix: str) -> None:
    """They have a library's headers, and none of its content."""
    (tmp_path / "t.c").write_text(TWICE)
    compiler, copier = (needs.program(f"{prefix}-w64-mingw32-{tool}") for tool in ("gcc", "objcopy"))
    subprocess.run([compiler, "-shared", "-g", "-o", "t.dll", "t.c"], cwd=tmp_path, check=True)
    subprocess.run([copier, "--only-keep-debug", "t.dll", "t.dll.debug"], cwd=tmp_path, check=True)
    whole, companion = (read((tmp_path / n).read_bytes()) for n in ("t.dll", "t.dll.debug"))
    assert (companion.kind, companion.cpu, companion.exports, companion.needs) == (
        Kind.OTHER,
        whole.cpu,
        frozenset(),
        (),
    )
    assert companion.debug_bytes == whole.debug_bytes


# --- launchers, as they lie in every installation of pip --------------------------------------------------------


def test_launchers_with_a_zip_behind_them() -> None:
    appended = io.BytesIO()
    with zipfile.ZipFile(appended, "w") as archive:
        archive.writestr("__main__.py", "print(1)")
    cpus = {"t32": "i686", "w32": "i686", "t64": "x86_64", "w64": "x86_64", "t64-arm": "arm64", "w64-arm": "arm64"}
    for name, data in launchers().items():
        plain, whole = read(data), read(data + b"#!python\n" + appended.getvalue())
        assert plain == whole
        assert (whole.cpu, whole.kind) == (cpus[name.removesuffix(".exe")], Kind.EXECUTABLE)
        assert "kernel32.dll" in {n.library.lower() for n in whole.needs}


# --- put together by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("lookup", [False, True])
def test_imports_with_and_without_a_lookup_table(wide: bool, lookup: bool) -> None:
    content = Content()
    directories = importing(content, wide=wide, lookup=lookup)
    piece = read(image(bytes(content.data), directories, wide=wide))
    assert [(s.library, s.name, s.ordinal) for s in piece.imports] == [
        ("OTHER.dll", "symbol", None),
        ("OTHER.dll", "#258", 258),
    ]


@pytest.mark.parametrize("base", [0, BASE])
def test_delayed_imports_by_offset_and_by_address(base: int) -> None:
    """Visual C++ 6 wrote addresses, and no attribute."""
    content = Content()
    name = content.add(b"\0\0symbol\0") + base
    table, library = content.words(name, 0x80000005, 0) + base, content.add(b"LATE.dll\0") + base
    directory = content.words(0 if base else 1, library, 0, 0, table, 0, 0, 0, *[0] * 8)
    piece = read(image(bytes(content.data), {13: (directory, 64)}))
    assert [(n.library, n.kind) for n in piece.needs] == [("LATE.dll", NeedKind.DELAYED)]
    assert [s.name for s in piece.imports] == ["symbol", "#5"]


def test_lists_that_end_with_the_section() -> None:
    """The zeros at the end of a list may be some that the section has in memory alone."""
    content = Content()
    table = content.words(content.add(b"\0\0symbol\0"), 0)
    library = content.add(b"OTHER.dll\0")
    data = bytes(content.data).ljust(0x200 - 20, b"\0") + struct.pack("<5I", table, 0, 0, library, table)
    directories = {1: (ADDRESS + 0x200 - 20, 20)}
    assert [s.name for s in read(image(data, directories)).imports] == ["symbol"]
    whole = bytes(0x1000 - 0x200) + data  # a page, and nothing behind it
    error = failure(image(whole, {1: (ADDRESS + 0x1000 - 20, 20)}))
    assert str(error) == "broken PE file: import directory has no end"


def test_exports_and_forwarders() -> None:
    content = Content()
    text = content.add(b"OTHER.symbol\0")
    directories = exporting(content, [b"a", b"b"], [text, 0x1000, 0x1000])
    start = directories[0][0]
    piece = read(image(bytes(content.data), {0: (start, 40)}))
    assert (piece.name, piece.exports, piece.forwards) == ("SELF.dll", {"a", "b"}, ())
    forwarder = content.add(b"OTHER.symbol\0")
    changed = bytearray(content.data)
    struct.pack_into("<I", changed, struct.unpack_from("<I", changed, start - ADDRESS + 28)[0] - ADDRESS, forwarder)
    piece = read(image(bytes(changed), {0: (start, forwarder + 16 - start)}))
    assert piece.forwards == (("a", "OTHER.symbol"),)


@pytest.mark.parametrize(
    ("directory", "there"),
    [((0x400, 16), True), ((0x400, 0), False), ((0x400, 4096), False), ((0xFFFFFFF0, 16), False), ((0x408, 8), False)],
)
def test_certificates(directory: tuple[int, int], there: bool) -> None:
    behind = struct.pack("<IHH", 16, 0x200, 2) + b"\x30" * 8
    assert read(image(bytes(0x200), {4: directory}, behind=behind)).certificate is there


@pytest.mark.parametrize(
    ("more", "kind"),
    [({}, Kind.SHARED), ({"characteristics": 0x102}, Kind.EXECUTABLE), ({"characteristics": 0x2100}, Kind.OTHER),
     ({"subsystem": 10}, Kind.OTHER), ({"subsystem": 1, "characteristics": 0x102}, Kind.OTHER), ({"subsystem": 1}, Kind.SHARED),
     ({"code": 0, "entry": 0}, Kind.OTHER)],
)  # fmt: skip
def test_kinds(more: dict[str, int], kind: Kind) -> None:
    """Firmware, drivers, objects that no linker finished, and DLLs of nothing but resources are no code to load."""
    assert read(image(bytes(16), **more)).kind is kind  # type: ignore[arg-type]


@pytest.mark.parametrize(("flags", "kind"), [(1, Kind.OTHER), (3, Kind.OTHER), (4, Kind.OTHER), (0x10, Kind.SHARED)])
def test_code_for_the_clr_is_for_no_cpu(flags: int, kind: Kind) -> None:
    header = struct.pack("<IHHIII", 72, 2, 5, 0, 0, flags) + bytes(52)
    assert read(image(header, {14: (ADDRESS, 72)})).kind is kind


@pytest.mark.parametrize(
    ("machine", "cpu"),
    [(0x14C, "i686"), (0x8664, "x86_64"), (0xAA64, "arm64"), (0x1C4, "armv7l"), (0x1234, "machine-0x1234")],
)
def test_machines(machine: int, cpu: str) -> None:
    assert read(image(bytes(16), machine=machine)).cpu == cpu


@pytest.mark.parametrize(
    ("size", "pointer", "hybrid"),
    [(0x140, BASE + ADDRESS, "arm64ec"), (0x140, 0, None), (0xC8, BASE + ADDRESS, None), (0x140, 5, None)],
)
def test_load_configurations(size: int, pointer: int, hybrid: str | None) -> None:
    configuration = struct.pack("<I196xQ", size, pointer) + bytes(112)
    assert read(image(configuration, {10: (ADDRESS, 64)}, wide=True, machine=0x8664)).hybrid == hybrid


# --- what only begins like PE -----------------------------------------------------------------------------------


def dos(at: int, *, relocations: int = 64, message: bytes = b"", size: int = 256, mark: bytes = b"") -> bytes:
    head = b"MZ" + bytes(22) + struct.pack("<H", relocations) + bytes(34) + struct.pack("<I", at)
    data = (head + message).ljust(size, b"\x90")[:size]
    return data[:at] + mark + data[at + len(mark) :] if mark else data


STUB = b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$"


@pytest.mark.parametrize(
    "data",
    [dos(0), dos(0x30000000), dos(128), dos(128, relocations=28), dos(500), dos(128, message=STUB, mark=b"NE"),
     dos(128, message=STUB, mark=b"LE"), dos(128, message=b"This program requires Microsoft Windows.", mark=b"NE"),
     dos(0x20202020), b"MZ is how a text may begin, and go on for more than sixty-four characters." + b"\n" * 40, b"MZ",
     dos(4096 * 16, relocations=30, size=100)],
)  # fmt: skip
def test_programs_for_dos_are_no_binaries_to_judge(data: bytes) -> None:
    assert formats.read(data) is None


@pytest.mark.parametrize(
    "data", [dos(240, message=STUB, size=200), dos(128, message=STUB), dos(240, size=64), dos(126, size=127)]
)
def test_images_without_their_header_are_broken(data: bytes) -> None:
    error = failure(data)
    assert error is not None
    assert error.field == "e_lfanew"
    assert str(error) == "broken PE file: no PE header follows the DOS program"


# --- broken files -----------------------------------------------------------------------------------------------


def test_truncated_at_every_byte() -> None:
    data = sample()
    needed = OFFSET + struct.unpack_from("<I", data, 64 + 24 + 240 + 8)[0]  # the loader takes no more than this
    for length in range(64, len(data)):
        error = failure(data[:length])
        assert (error is None) == (length >= needed), length
        assert error is None or (error.field and 0 <= error.offset <= len(data))


def test_truncated_launchers() -> None:
    for data in launchers().values():
        for length in itertools.chain(range(64, 1200), range(1200, len(data) - 1024, 4999)):
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
        (64 + 24 + 112 + 104, struct.pack("<II", 0x900000, 40), "delay import directory"),
        (64 + 24 + 112 + 80, struct.pack("<II", 0x900000, 40), "load configuration"),
        (64 + 24 + 112 + 112, struct.pack("<II", 0x900000, 40), "CLR header"),
        (64 + 24 + 240 + 8, b"\xff" * 12, "SizeOfRawData"),
    ],
)
def test_lies_in_headers_are_named(offset: int, value: bytes, field: str | None) -> None:
    data = bytearray(sample())
    data[offset : offset + len(value)] = value
    error = failure(bytes(data))
    assert (error.field if error else None) == field


@pytest.mark.parametrize(
    ("at", "value", "field"),
    [(12, 0x900000, "export DLL name"), (20, 1 << 30, "export address table"), (24, 1 << 30, "NumberOfNames"),
     (24, 600, "export name table"), (28, 0x900000, "export address table"), (32, 0x900000, "export name table"),
     (36, 0x900000, "export ordinal table")],
)  # fmt: skip
def test_lies_in_the_export_directory_are_named(at: int, value: int, field: str) -> None:
    content = Content()
    directories = exporting(content, [b"a", b"b"], [0x1000, 0x1000])
    struct.pack_into("<I", content.data, directories[0][0] - ADDRESS + at, value)
    error = failure(image(bytes(content.data), directories))
    assert error is not None
    assert error.field == field


def endless(wide: bool) -> dict[str, bytes]:
    """Files that want more of a reader than they are worth."""
    size = 1 << 18
    word, layout = (8, "<Q") if wide else (4, "<I")
    flag = 1 << (word * 8 - 1)

    def pointing(table: bytes, start: int = ADDRESS + 4096) -> bytes:
        """Descriptors of one library after the other, all with the table behind them."""
        rows = struct.pack("<5I", start, 0, 0, ADDRESS + 4090, start) * 200
        return (rows.ljust(4090, b"\0") + b"abc\0").ljust(4096, b"\0") + table

    names = b"".join(struct.pack(layout, ADDRESS + 4096 + size // 2 + n) for n in range(size // 2 // word - 1))
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
    directory = content.words(0, 0, 0, text, 1, count, count, functions, names, ordinals)
    return image(bytes(content.data), {0: (directory, 1), 1: (0, 0)}, wide=wide)


@pytest.mark.parametrize("wide", [False, True])
def test_greedy_files_are_read_or_refused_at_little_cost(wide: bool) -> None:
    for name, data in endless(wide).items():
        tracemalloc.start()
        failure(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 * len(data) + 1_000_000, name
        started = time.process_time()
        error = failure(data)
        assert time.process_time() - started < 5, name
        assert (error is None) == (name == "many exports"), name


def test_sections_without_number_are_found_quickly() -> None:
    """Every name in another of 60,000 sections: looking for them one by one would take hours."""
    count = 60_000
    data = bytearray(sample()[: 64 + 24 + 240])
    struct.pack_into("<H", data, 64 + 6, count)
    table = 64 + 24 + 112
    struct.pack_into("<4I", data, table, 0, 0, ADDRESS * count, 20)
    start = (len(data) + 40 * count + 0x1FF) & ~0x1FF
    for number in range(1, count + 1):
        data += struct.pack("<8sIIIIIIHHI", b".s", 4096, ADDRESS * number, 4096, start, 0, 0, 0, 0, 0)
    data += bytes(start - len(data))
    entries = b"".join(struct.pack("<Q", ADDRESS * n + 2000) for n in range(1, 400))
    data += struct.pack("<5I", ADDRESS * count + 40, 0, 0, ADDRESS + 4000, ADDRESS).ljust(40, b"\0") + entries
    data += bytes(4096 + 8)
    started = time.process_time()
    piece = read(bytes(data))
    assert len(piece.imports) == 399
    assert time.process_time() - started < 5


def test_readers_take_any_buffer() -> None:
    for kind in (bytearray, memoryview):
        assert formats.read(kind(sample())) == formats.read(sample())


def test_errors_tell_where() -> None:
    with pytest.raises(
        FormatError, match=r"broken PE file: section \.rdata ends at 0x[0-9a-f]+, but the file at 0x200"
    ):
        formats.read(sample()[:0x200])
