"""The ELF reader against pyelftools and readelf, on real files, and against files that lie."""

from __future__ import annotations

import functools
import io
import itertools
import re
import struct
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import SymbolTableSection

from support import needs, published
from support.reading import failure
from truewheel import formats
from truewheel.model.binary import ElfSlice, Format, Kind
from truewheel.model.errors import FormatError


def read(data: bytes) -> ElfSlice:
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.ELF
    (piece,) = binary.slices
    assert isinstance(piece, ElfSlice)
    return piece


def without_sections(data: bytes) -> bytes:
    """The same file with its section headers forgotten, as strippers of malware and of small systems leave it."""
    wide, little = data[4] == 2, data[5] == 1
    changed = bytearray(data)
    order = "<" if little else ">"
    struct.pack_into(order + ("Q" if wide else "I"), changed, 40 if wide else 32, 0)
    struct.pack_into(order + "HH", changed, 60 if wide else 48, 0, 0)
    return bytes(changed)


@functools.cache
def local_files() -> list[Path]:
    libraries = sorted(Path("/usr/lib").glob("*-linux-gnu/*.so.*"))[:150]
    modules = sorted(Path(sysconfig.get_path("platstdlib")).glob("lib-dynload/*.so"))[:40]
    programs = sorted(p for p in Path("/usr/bin").iterdir() if p.is_file() and not p.is_symlink())[:60]
    kept = []
    for path in [*libraries, *modules, *programs]:
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF" and path.stat().st_size < 4_000_000:
                kept.append(path)
    return kept


def foreign_files() -> list[bytes]:
    """Modules for every CPU of the published corpus: both widths, both byte orders, and musl."""
    found = []
    for path in published.fetched().values():
        with zipfile.ZipFile(path) as archive:
            found += [archive.read(n) for n in archive.namelist() if n.endswith(".so")][:1]
    return found


def compare_with_pyelftools(data: bytes) -> None:
    elf = ELFFile(io.BytesIO(data))
    ours = read(data)
    assert (
        ours.machine == elf["e_machine"] or ours.machine == elf.header["e_machine"] or isinstance(elf["e_machine"], str)
    )
    assert (ours.bits, ours.little_endian) == (elf.elfclass, elf.little_endian)
    dynamic = next((s for s in elf.iter_sections() if isinstance(s, DynamicSection)), None)
    if dynamic is None or elf.header["e_type"] not in ("ET_DYN", "ET_EXEC"):
        return
    tags = list(dynamic.iter_tags())
    assert [n.library for n in ours.needs][: sum(t.entry.d_tag == "DT_NEEDED" for t in tags)] == [
        t.needed for t in tags if t.entry.d_tag == "DT_NEEDED"
    ]
    assert ours.name == next((t.soname for t in tags if t.entry.d_tag == "DT_SONAME"), None)
    paths = [
        p
        for t in tags
        if t.entry.d_tag in ("DT_RPATH", "DT_RUNPATH")
        for p in getattr(t, t.entry.d_tag[3:].lower()).split(":")
    ]
    assert [s.path for s in ours.search_paths] == [p for p in paths if p]
    needed = elf.get_section_by_name(".gnu.version_r")
    theirs = {}
    if isinstance(needed, GNUVerNeedSection):
        theirs = {v.name: [a.name for a in auxiliaries] for v, auxiliaries in needed.iter_versions()}
    assert {n.library: list(n.versions) for n in ours.needs if n.versions} == {
        k: list(dict.fromkeys(v)) for k, v in theirs.items()
    }
    symbols = elf.get_section_by_name(".dynsym")
    if isinstance(symbols, SymbolTableSection):
        named = [s for s in symbols.iter_symbols() if s.name and s.entry.st_info.bind != "STB_LOCAL"]
        undefined = [s for s in named if s.entry.st_shndx == "SHN_UNDEF"]
        assert [s.name for s in ours.imports] == [s.name for s in undefined]
        assert [s.weak for s in ours.imports] == [s.entry.st_info.bind == "STB_WEAK" for s in undefined]
        assert ours.exports == {s.name for s in named if s.entry.st_shndx != "SHN_UNDEF"}


def test_agrees_with_pyelftools_on_this_machines_files() -> None:
    files = local_files()
    assert len(files) > 20 or needs.missing("ELF files below /usr")
    for path in files:
        compare_with_pyelftools(path.read_bytes())


@pytest.mark.network
def test_agrees_with_pyelftools_on_every_cpu() -> None:
    files = foreign_files()
    if not files:
        needs.missing("the package index")
    for data in files:
        compare_with_pyelftools(data)
    assert {read(d).cpu for d in files} >= {"x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64"}


@pytest.mark.network
def test_program_headers_alone_tell_the_same() -> None:
    for data in [p.read_bytes() for p in local_files()] + foreign_files():
        whole, stripped = read(data), read(without_sections(data))
        if whole.kind is Kind.OTHER:
            continue  # a debug companion is told by its sections
        for field in (
            "needs",
            "name",
            "imports",
            "exports",
            "search_paths",
            "definitions",
            "interpreter",
            "executable_stack",
            "isa_needed",
        ):
            assert getattr(whole, field) == getattr(stripped, field), field
        assert not stripped.sections


def test_versions_agree_with_readelf() -> None:
    needs.program("readelf")
    for path in local_files()[:25]:
        text = subprocess.run(["readelf", "-VW", path], capture_output=True, text=True, check=True).stdout
        section = text.partition(".gnu.version_r")[2]
        theirs = set(re.findall(r"Name: (\S+)\s+Flags", section))
        assert {v for n in read(path.read_bytes()).needs for v in n.versions} == theirs


SOURCE = '#include <stdio.h>\nint twice(int x) { printf("%d", x); return 2 * x; }\n'


def compiled(place: Path, *flags: str, source: str = SOURCE, name: str = "t.so") -> bytes:
    (place / "t.c").write_text(source)
    command = [needs.program("gcc"), "-o", str(place / name), str(place / "t.c"), *flags]
    subprocess.run(command, check=True, capture_output=True)
    return (place / name).read_bytes()


@pytest.mark.parametrize("style", ["sysv", "gnu", "both"])
def test_hash_styles(tmp_path: Path, style: str) -> None:
    piece = read(without_sections(compiled(tmp_path, "-shared", "-fPIC", f"-Wl,--hash-style={style}")))
    assert "twice" in piece.exports
    assert any(s.name == "printf" and s.library == "libc.so.6" for s in piece.imports)


def test_what_linkers_are_told(tmp_path: Path) -> None:
    piece = read(
        compiled(
            tmp_path, "-shared", "-fPIC", "-Wl,-z,execstack,-rpath,/a:$ORIGIN/b,-soname,libt.so.1,--disable-new-dtags"
        )
    )
    assert piece.executable_stack is True
    assert [(s.path, s.kind) for s in piece.search_paths] == [("/a", "RPATH"), ("$ORIGIN/b", "RPATH")]
    assert piece.name == "libt.so.1"
    assert piece.kind is Kind.SHARED
    assert read(compiled(tmp_path, "-shared", "-fPIC")).executable_stack is False


def test_kinds(tmp_path: Path) -> None:
    main = "int main(void) { return 0; }\n"
    for way in (("-pie", "-fPIE"), ("-no-pie",), ("-static", "-nostdlib", "-Wl,-e,main")):
        program = read(compiled(tmp_path, *way, source=main))
        assert (program.kind, program.program) == (Kind.EXECUTABLE, True)
    assert read(compiled(tmp_path, "-c", source=main, name="t.o")).kind is Kind.OBJECT
    libc = next(iter(Path("/lib").glob("*/libc.so.6")), None)
    if libc is not None:
        assert read(libc.read_bytes()).kind is Kind.SHARED


def test_isa_level_and_build_id(tmp_path: Path) -> None:
    if "x86-64-" not in subprocess.run(["ld", "--help"], capture_output=True, text=True, check=False).stdout:
        needs.missing("a linker that knows -z x86-64-v3 (GNU ld for x86)")
    piece = read(compiled(tmp_path, "-shared", "-fPIC", "-Wl,-z,x86-64-v3,--build-id=0xabcd"))
    assert piece.isa_needed[-1] == "x86-64-v3"
    assert piece.build_id == "abcd"


def test_debug_bytes(tmp_path: Path) -> None:
    assert read(compiled(tmp_path, "-shared", "-fPIC")).debug_bytes == 0
    assert read(compiled(tmp_path, "-shared", "-fPIC", "-g")).debug_bytes > 100


# --- broken files -----------------------------------------------------------------------------------------------


@functools.cache
def small() -> bytes:
    found = [p for p in local_files() if p.stat().st_size < 40_000]
    return min(found, key=lambda p: p.stat().st_size).read_bytes() if found else b""


def test_truncated_at_every_byte_of_its_headers() -> None:
    data = small() or needs.missing("a small ELF file")
    for length in itertools.chain(range(4, 600), range(600, len(data), 97)):
        error = failure(data[:length])
        assert error is None or (error.field and 0 <= error.offset <= len(data))


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [(4, b"\x07", "EI_CLASS"), (5, b"\x07", "EI_DATA"), (32, b"\xff" * 8, "program headers"), (54, b"\x01\x00", "e_phentsize"),
     (56, b"\xfe\xff", "program headers"), (40, b"\xff" * 8, "section headers"), (58, b"\x01\x00", "e_shentsize")],
)  # fmt: skip
def test_lies_in_the_header_are_named(tmp_path: Path, offset: int, value: bytes, field: str) -> None:
    data = bytearray(compiled(tmp_path, "-shared", "-fPIC"))
    data[offset : offset + len(value)] = value
    with pytest.raises(FormatError) as caught:
        formats.read(bytes(data))
    assert caught.value.field == field
    assert "broken ELF file" in str(caught.value)


def test_not_binaries() -> None:
    assert formats.read(b"#!/bin/sh\n") is None
    assert formats.read(b"") is None
    assert formats.read(b"!<arch>\n") is not None


@pytest.mark.parametrize(
    ("head", "form"),
    [(b"\xcf\xfa\xed\xfe" + bytes(60), Format.MACHO), (b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(56), Format.MACHO),
     (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(56), None), (b"MZ" + bytes(62), None), (b"MZ", None), (b"\0asm\1\0\0\0", Format.WASM)],
)  # fmt: skip
def test_other_formats_are_recognised(head: bytes, form: Format | None) -> None:
    assert formats.sniff(head) is form


TABLES = """
static int a, b; int *places[] = {&a, &b}; __thread int own; int *mine(void) { return &own; }
"""


@pytest.mark.parametrize(
    ("flags", "packed", "hashes"),
    [
        (("-Wl,-z,pack-relative-relocs", "-Wl,--hash-style=gnu"), ("DT_RELR",), ("DT_GNU_HASH",)),
        (("-Wl,--hash-style=both",), (), ("DT_HASH", "DT_GNU_HASH")),
        (("-Wl,--hash-style=sysv",), (), ("DT_HASH",)),
    ],
)
def test_what_loaders_have_to_know(
    tmp_path: Path, flags: tuple[str, ...], packed: tuple[str, ...], hashes: tuple[str, ...]
) -> None:
    """Also without section headers, and without a version that asks for it."""
    data = compiled(tmp_path, "-shared", "-fPIC", "-nostdlib", *flags, source=TABLES)
    for form in (data, without_sections(data)):
        piece = read(form)
        assert (piece.packed_relocations, piece.hash_tables, piece.thread_local) == (packed, hashes, True)
        assert not piece.needs
        assert piece.is_relocated
    plain = compiled(tmp_path, "-shared", "-fPIC", "-nostdlib", source="int f(void) { return 1; }")
    assert not read(plain).thread_local


@pytest.mark.parametrize("name", ["DT_ANDROID_RELR", "DT_ANDROID_REL", "DT_ANDROID_RELA"])
def test_androids_packed_relocations(tmp_path: Path, name: str) -> None:
    """Their tags in place of DT_RELR's, which stands there once."""
    data = compiled(tmp_path, "-shared", "-fPIC", "-nostdlib", "-Wl,-z,pack-relative-relocs", source=TABLES)
    tag = {"DT_ANDROID_RELR": 0x6FFFE000, "DT_ANDROID_REL": 0x6000000F, "DT_ANDROID_RELA": 0x60000011}[name]
    dynamic = next(s for s in ELFFile(io.BytesIO(data)).iter_segments() if s["p_type"] == "PT_DYNAMIC")
    start, size = dynamic["p_offset"], dynamic["p_filesz"]
    places = [p for p in range(start, start + size, 16) if struct.unpack_from("<Q", data, p)[0] == 36]
    changed = bytearray(data)
    struct.pack_into("<Q", changed, places[0], tag)
    assert read(bytes(changed)).packed_relocations == (name,)


def test_an_empty_table_of_relocations_asks_for_nothing(tmp_path: Path) -> None:
    data = compiled(tmp_path, "-shared", "-fPIC", "-nostdlib", "-Wl,-z,pack-relative-relocs", source=TABLES)
    dynamic = next(s for s in ELFFile(io.BytesIO(data)).iter_segments() if s["p_type"] == "PT_DYNAMIC")
    start, size = dynamic["p_offset"], dynamic["p_filesz"]
    changed = bytearray(data)
    for place in range(start, start + size, 16):
        if struct.unpack_from("<Q", data, place)[0] == 35:
            struct.pack_into("<Q", changed, place + 8, 0)
    assert read(bytes(changed)).packed_relocations == ()


def test_a_hash_chain_outside_of_the_file(tmp_path: Path) -> None:
    """Told with the place, and not with a negative size."""
    data = bytearray(without_sections(compiled(tmp_path, "-shared", "-fPIC", "-Wl,--hash-style=gnu")))
    dynamic = next(s for s in ELFFile(io.BytesIO(data)).iter_segments() if s["p_type"] == "PT_DYNAMIC")
    tags = dict(struct.iter_unpack("<QQ", data[dynamic["p_offset"] : dynamic["p_offset"] + dynamic["p_filesz"]]))
    table = tags[0x6FFFFEF5]  # the first segment lies where the file does
    buckets, _, bloom, _ = struct.unpack_from("<IIII", data, table)
    struct.pack_into(f"<{buckets}I", data, table + 16 + 8 * bloom, *[0x14000000] * buckets)
    with pytest.raises(FormatError, match=rf"gnu hash chain lies outside of it \({len(data)} bytes\)"):
        read(bytes(data))
