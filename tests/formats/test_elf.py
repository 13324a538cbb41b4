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
from elftools.elf.enums import ENUM_E_MACHINE
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import SymbolTableSection

from support import needs, published
from support.reading import error_of, failure_of_part
from truewheel import formats
from truewheel.model.binary import ElfSlice, Format, Kind, SearchPath


def read(data: bytes) -> ElfSlice:
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.ELF
    (piece,) = binary.slices
    assert isinstance(piece, ElfSlice)
    return piece


def without_sections(data: bytes) -> bytes:
    """Return the file without its section headers, as tools leave it that make files small."""
    wide, little = data[4] == 2, data[5] == 1
    changed = bytearray(data)
    order = "<" if little else ">"
    struct.pack_into(order + ("Q" if wide else "I"), changed, 40 if wide else 32, 0)
    struct.pack_into(order + "HH", changed, 60 if wide else 48, 0, 0)
    return bytes(changed)


@functools.cache
def local_files() -> list[Path]:
    """Return libraries, modules and programs of this machine."""
    libraries = sorted(Path("/usr/lib").glob("*-linux-gnu/*.so.*"))[:150]
    modules = sorted(Path(sysconfig.get_path("platstdlib")).glob("lib-dynload/*.so"))[
        :40
    ]
    programs = sorted(
        path
        for path in Path("/usr/bin").iterdir()
        if path.is_file() and not path.is_symlink()
    )[:60]
    kept = []
    for path in [*libraries, *modules, *programs]:
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF" and path.stat().st_size < 4_000_000:
                kept.append(path)
    return kept


def foreign_files() -> list[bytes]:
    """Return a module of each published wheel for Linux: for every CPU, with either libc."""
    found = []
    for path in published.fetched().values():
        with zipfile.ZipFile(path) as archive:
            modules = [name for name in archive.namelist() if name.endswith(".so")]
            found += [archive.read(name) for name in modules[:1]]
    return found


def compare_with_pyelftools(data: bytes) -> None:
    """Compare what the two say about one file."""
    elf = ELFFile(io.BytesIO(data))
    ours = read(data)
    assert ours.bits == elf.elfclass
    assert ours.little_endian == elf.little_endian
    assert ours.machine == ENUM_E_MACHINE.get(elf["e_machine"], elf["e_machine"])
    dynamic = next(
        (
            section
            for section in elf.iter_sections()
            if isinstance(section, DynamicSection)
        ),
        None,
    )
    if dynamic is None or elf.header["e_type"] not in ("ET_DYN", "ET_EXEC"):
        return
    compare_dynamic_section(ours, dynamic)
    compare_versions(ours, elf.get_section_by_name(".gnu.version_r"))
    compare_symbols(ours, elf.get_section_by_name(".dynsym"))


def compare_dynamic_section(ours: ElfSlice, dynamic: DynamicSection) -> None:
    libraries, search_paths, name = [], [], None
    for tag in dynamic.iter_tags():
        if tag.entry.d_tag == "DT_NEEDED":
            libraries.append(tag.needed)
        elif tag.entry.d_tag == "DT_SONAME":
            name = tag.soname
        elif tag.entry.d_tag == "DT_RPATH":
            search_paths += tag.rpath.split(":")
        elif tag.entry.d_tag == "DT_RUNPATH":
            search_paths += tag.runpath.split(":")
    assert [need.library for need in ours.needs][: len(libraries)] == libraries
    assert ours.name == name
    assert [search.path for search in ours.search_paths] == [
        path for path in search_paths if path
    ]


def compare_versions(ours: ElfSlice, section: object) -> None:
    theirs = {}
    if isinstance(section, GNUVerNeedSection):
        for library, versions in section.iter_versions():
            theirs[library.name] = tuple(
                dict.fromkeys(version.name for version in versions)
            )
    assert {
        need.library: need.versions for need in ours.needs if need.versions
    } == theirs


def compare_symbols(ours: ElfSlice, section: object) -> None:
    if not isinstance(section, SymbolTableSection):
        return
    imports, exports = [], set()
    for symbol in section.iter_symbols():
        if not symbol.name or symbol.entry.st_info.bind == "STB_LOCAL":
            continue
        if symbol.entry.st_shndx == "SHN_UNDEF":
            is_weak = symbol.entry.st_info.bind == "STB_WEAK"
            imports.append((symbol.name, is_weak))
        else:
            exports.add(symbol.name)
    assert [(symbol.name, symbol.weak) for symbol in ours.imports] == imports
    assert ours.exports == exports


def test_pyelftools_reads_the_same_of_this_machines_files() -> None:
    files = local_files()
    if len(files) <= 20:
        needs.missing("ELF files below /usr")
    for path in files:
        compare_with_pyelftools(path.read_bytes())


@pytest.mark.network
def test_pyelftools_reads_the_same_for_every_cpu() -> None:
    files = foreign_files()
    if not files:
        needs.missing("the package index")
    for data in files:
        compare_with_pyelftools(data)
    assert {read(data).cpu for data in files} >= {
        "x86_64",
        "aarch64",
        "i686",
        "armv7l",
        "ppc64le",
        "s390x",
        "riscv64",
    }


@pytest.mark.network
def test_a_file_without_section_headers_tells_the_same() -> None:
    for data in [*(path.read_bytes() for path in local_files()), *foreign_files()]:
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


def test_readelf_reads_the_same_versions() -> None:
    needs.program("readelf")
    for path in local_files()[:25]:
        text = subprocess.run(
            ["readelf", "-VW", path], capture_output=True, text=True, check=True
        ).stdout
        section = text.partition(".gnu.version_r")[2]
        theirs = set(re.findall(r"Name: (\S+)\s+Flags", section))
        ours: set[str] = set()
        for need in read(path.read_bytes()).needs:
            ours.update(need.versions)
        assert ours == theirs


SOURCE = '#include <stdio.h>\nint twice(int x) { printf("%d", x); return 2 * x; }\n'


def compiled(
    place: Path, *flags: str, source: str = SOURCE, name: str = "t.so"
) -> bytes:
    """Compile C and return the file."""
    (place / "t.c").write_text(source)
    command = [
        needs.program("gcc"),
        "-o",
        str(place / name),
        str(place / "t.c"),
        *flags,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return (place / name).read_bytes()


@pytest.mark.parametrize("style", ["sysv", "gnu", "both"])
def test_symbols_are_found_by_either_kind_of_hash_table(
    tmp_path: Path, style: str
) -> None:
    piece = read(
        without_sections(
            compiled(tmp_path, "-shared", "-fPIC", f"-Wl,--hash-style={style}")
        )
    )
    libraries = {symbol.name: symbol.library for symbol in piece.imports}
    assert "twice" in piece.exports
    assert libraries["printf"] == "libc.so.6"


def test_options_of_the_linker_are_read(tmp_path: Path) -> None:
    options = (
        "-Wl,-z,execstack,-rpath,/a:$ORIGIN/b,-soname,libt.so.1,--disable-new-dtags"
    )
    piece = read(compiled(tmp_path, "-shared", "-fPIC", options))
    assert piece.executable_stack is True
    assert piece.search_paths == (
        SearchPath(path="/a", kind="RPATH"),
        SearchPath(path="$ORIGIN/b", kind="RPATH"),
    )
    assert piece.name == "libt.so.1"
    assert piece.kind is Kind.SHARED
    assert read(compiled(tmp_path, "-shared", "-fPIC")).executable_stack is False


def test_libraries_programs_and_objects_are_told_apart(tmp_path: Path) -> None:
    main = "int main(void) { return 0; }\n"
    for way in (
        ("-pie", "-fPIE"),
        ("-no-pie",),
        ("-static", "-nostdlib", "-Wl,-e,main"),
    ):
        program = read(compiled(tmp_path, *way, source=main))
        assert program.kind is Kind.EXECUTABLE
        assert program.program
    assert read(compiled(tmp_path, "-c", source=main, name="t.o")).kind is Kind.OBJECT
    libc = next(iter(Path("/lib").glob("*/libc.so.6")), None)
    if libc is not None:
        assert read(libc.read_bytes()).kind is Kind.SHARED


def test_the_cpu_level_and_the_build_id_are_read(tmp_path: Path) -> None:
    if (
        "x86-64-"
        not in subprocess.run(
            ["ld", "--help"], capture_output=True, text=True, check=False
        ).stdout
    ):
        needs.missing("a linker that knows -z x86-64-v3 (GNU ld for x86)")
    piece = read(
        compiled(tmp_path, "-shared", "-fPIC", "-Wl,-z,x86-64-v3,--build-id=0xabcd")
    )
    assert piece.isa_needed[-1] == "x86-64-v3"
    assert piece.build_id == "abcd"


def test_debug_sections_are_counted(tmp_path: Path) -> None:
    assert read(compiled(tmp_path, "-shared", "-fPIC")).debug_bytes == 0
    assert read(compiled(tmp_path, "-shared", "-fPIC", "-g")).debug_bytes > 100


# --- broken files -----------------------------------------------------------------------------------------------


def small_file() -> bytes:
    """Return the smallest of this machine's files."""
    paths = sorted(local_files(), key=lambda path: path.stat().st_size)
    if not paths or paths[0].stat().st_size > 40_000:
        needs.missing("a small ELF file")
    return paths[0].read_bytes()


def test_a_file_that_is_cut_off_anywhere_is_told_or_read() -> None:
    data = small_file()
    for length in itertools.chain(range(4, 600), range(600, len(data), 97)):
        failure_of_part(data, length)


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [(4, b"\x07", "EI_CLASS"), (5, b"\x07", "EI_DATA"), (32, b"\xff" * 8, "program headers"), (54, b"\x01\x00", "e_phentsize"),
     (56, b"\xfe\xff", "program headers")],
)  # fmt: skip
def test_lies_in_the_header_are_named(
    tmp_path: Path, offset: int, value: bytes, field: str
) -> None:
    data = bytearray(compiled(tmp_path, "-shared", "-fPIC"))
    data[offset : offset + len(value)] = value
    error = error_of(bytes(data))
    assert error.field == field
    assert "broken ELF file" in str(error)


def test_other_files_are_not_binaries() -> None:
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


DT_RELRSZ, DT_RELR, DT_GNU_HASH = 35, 36, 0x6FFFFEF5


def dynamic_entry(data: bytes, tag: int) -> int:
    """Return the offset of an entry of the dynamic section: a tag and a value, eight bytes each."""
    dynamic = next(
        segment
        for segment in ELFFile(io.BytesIO(data)).iter_segments()
        if segment["p_type"] == "PT_DYNAMIC"
    )
    entry = dynamic["p_offset"]
    while struct.unpack_from("<Q", data, entry)[0] != tag:
        entry += 16
        assert entry < dynamic["p_offset"] + dynamic["p_filesz"], (
            "there is no such entry"
        )
    return entry


TABLES = """
static int a, b; int *places[] = {&a, &b}; __thread int own; int *mine(void) { return &own; }
"""


@pytest.mark.parametrize(
    ("flags", "packed", "hashes"),
    [
        (
            ("-Wl,-z,pack-relative-relocs", "-Wl,--hash-style=gnu"),
            ("DT_RELR",),
            ("DT_GNU_HASH",),
        ),
        (("-Wl,--hash-style=both",), (), ("DT_HASH", "DT_GNU_HASH")),
        (("-Wl,--hash-style=sysv",), (), ("DT_HASH",)),
    ],
)
def test_tables_that_loaders_have_to_know_are_found(
    tmp_path: Path,
    flags: tuple[str, ...],
    packed: tuple[str, ...],
    hashes: tuple[str, ...],
) -> None:
    """They are found without section headers, and without a symbol version that asks for them."""
    data = compiled(tmp_path, "-shared", "-fPIC", "-nostdlib", *flags, source=TABLES)
    for form in (data, without_sections(data)):
        piece = read(form)
        assert piece.packed_relocations == packed
        assert piece.hash_tables == hashes
        assert piece.thread_local
        assert not piece.needs
        assert piece.is_relocated
    plain = compiled(
        tmp_path, "-shared", "-fPIC", "-nostdlib", source="int f(void) { return 1; }"
    )
    assert not read(plain).thread_local


@pytest.mark.parametrize(
    "name", ["DT_ANDROID_RELR", "DT_ANDROID_REL", "DT_ANDROID_RELA"]
)
def test_packed_relocations_for_android_are_found(tmp_path: Path, name: str) -> None:
    """No compiler here writes them, so their tags are written over the ordinary one."""
    data = compiled(
        tmp_path,
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-Wl,-z,pack-relative-relocs",
        source=TABLES,
    )
    tag = {
        "DT_ANDROID_RELR": 0x6FFFE000,
        "DT_ANDROID_REL": 0x6000000F,
        "DT_ANDROID_RELA": 0x60000011,
    }[name]
    changed = bytearray(data)
    struct.pack_into("<Q", changed, dynamic_entry(data, DT_RELR), tag)
    assert read(bytes(changed)).packed_relocations == (name,)


def test_an_empty_table_of_relocations_needs_no_loader_that_knows_it(
    tmp_path: Path,
) -> None:
    data = compiled(
        tmp_path,
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-Wl,-z,pack-relative-relocs",
        source=TABLES,
    )
    changed = bytearray(data)
    struct.pack_into("<Q", changed, dynamic_entry(data, DT_RELRSZ) + 8, 0)
    assert read(bytes(changed)).packed_relocations == ()


def test_a_hash_chain_outside_of_the_file_is_told(tmp_path: Path) -> None:
    """A loader may never look into it, so the file is read. What is told has the place, and not a negative size."""
    data = bytearray(
        without_sections(compiled(tmp_path, "-shared", "-fPIC", "-Wl,--hash-style=gnu"))
    )
    # The first segment is mapped at 0, so the address of the table is its offset.
    (table,) = struct.unpack_from(
        "<Q", data, dynamic_entry(bytes(data), DT_GNU_HASH) + 8
    )
    buckets, _, bloom, _ = struct.unpack_from("<IIII", data, table)
    struct.pack_into(
        f"<{buckets}I", data, table + 16 + 8 * bloom, *[0x14000000] * buckets
    )
    found = read(bytes(data))
    (skipped,) = found.skipped
    assert skipped.grave
    assert f"gnu hash chain lies outside of it ({len(data)} bytes)" in skipped.problem
    assert not found.exports_complete
