"""Static libraries and COFF objects: files of tools, data that only looks like them, and files that lie."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import needs, published, toolchains
from support.ar_archives import member, object_file
from support.facts import contents
from support.reading import error_of, failure
from truewheel import formats
from truewheel.checks import check_tree
from truewheel.formats import coff
from truewheel.model.binary import Binary, Format, Kind, Slice
from truewheel.model.contents import File

SOURCE = "int twice(int x) { return 2 * x; }\n"


def library(data: bytes) -> Slice | None:
    """Read a static library; return its one slice."""
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.ARCHIVE
    assert not binary.is_loadable
    if not binary.slices:
        return None
    (piece,) = binary.slices
    assert piece.kind is Kind.ARCHIVE
    return piece


def cpu(data: bytes) -> str | None:
    """Return the CPU of a static library, if it tells one."""
    piece = library(data)
    if piece is None:
        return None
    return piece.cpu


# --- made by tools ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("rcs", "t.o"),
        ("rcs", "a-name-that-is-longer-than-the-field.o"),
        ("rcSD", "t.o"),
    ],
)
def test_a_static_library_of_gnu_ar_is_for_the_cpu_of_its_objects(
    tmp_path: Path, options: str, name: str
) -> None:
    (tmp_path / "t.c").write_text(SOURCE)
    subprocess.run(
        [needs.program("gcc"), "-c", "t.c", "-o", name], cwd=tmp_path, check=True
    )
    subprocess.run(
        [needs.program("ar"), options, "libt.a", name], cwd=tmp_path, check=True
    )
    found = library((tmp_path / "libt.a").read_bytes())
    binary = formats.read((tmp_path / name).read_bytes())
    assert found is not None
    assert binary is not None
    assert found.cpu == binary.slices[0].cpu
    assert found.bits == binary.slices[0].bits


def test_thin_libraries_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.c").write_text(SOURCE)
    for name in ("t.o", "another-name-that-is-longer-than-the-field.o"):
        subprocess.run(
            [needs.program("gcc"), "-c", "t.c", "-o", name], cwd=tmp_path, check=True
        )
        subprocess.run(
            [needs.program("ar"), "rcsT", "libt.a", name], cwd=tmp_path, check=True
        )
    data = (tmp_path / "libt.a").read_bytes()
    assert data.startswith(b"!<thin>\n")
    assert library(data) is None


@pytest.mark.parametrize(
    ("target", "style", "expected"),
    [("x86_64-pc-windows-msvc", "gnu", "x86_64"), ("aarch64-pc-windows-msvc", "gnu", "arm64"), ("arm64ec-pc-windows-msvc", "coff", "arm64ec"),
     ("wasm32-unknown-unknown", "gnu", "wasm32"), ("s390x-linux-gnu", "gnu", "s390x"), ("aarch64-linux-gnu", "bsd", "aarch64"),
     ("i686-pc-windows-msvc", "bsd", "i686")],
)  # fmt: skip
def test_a_static_library_of_llvm_ar_is_for_the_cpu_of_its_objects(
    tmp_path: Path, target: str, style: str, expected: str
) -> None:
    objects = [
        toolchains.compiled(tmp_path, name, SOURCE, target=target)
        for name in ("t.c", "a-name-that-is-longer-than-the-field.c")
    ]
    toolchains.run(
        tmp_path, "ar", f"--format={style}", "rcs", "libt.a", *reversed(objects)
    )
    assert cpu((tmp_path / "libt.a").read_bytes()) == expected


@pytest.mark.parametrize(
    ("machine", "expected"),
    [("x86", "i686"), ("x64", "x86_64"), ("arm64", "arm64"), ("arm64ec", "arm64")],
)
def test_an_import_library_is_for_the_cpu_of_its_objects(
    tmp_path: Path, machine: str, expected: str
) -> None:
    """Those for ARM64EC begin with members for ARM64."""
    path = toolchains.import_library(
        tmp_path, "outer.dll", "outer\nnumbered @7 NONAME", machine
    )
    assert cpu(path.read_bytes()) == expected


def test_code_for_link_time_optimisation_tells_no_cpu(tmp_path: Path) -> None:
    bitcode = toolchains.compiled(
        tmp_path, "t.c", SOURCE, target="x86_64-linux-gnu", flags=("-flto",)
    )
    toolchains.run(tmp_path, "ar", "rcs", "libt.a", bitcode)
    assert cpu((tmp_path / "libt.a").read_bytes()) is None


@pytest.mark.parametrize(
    ("target", "expected", "bits"),
    [("i686", "i686", 32), ("x86_64", "x86_64", 64), ("aarch64", "arm64", 64), ("arm64ec", "arm64ec", 64), ("armv7", "armv7l", 32)],
)  # fmt: skip
@pytest.mark.parametrize(
    "flags", [(), ("-gcodeview",), ("-gdwarf",), ("-Wa,-mbig-obj", "-gcodeview")]
)
def test_coff_objects_are_read(
    tmp_path: Path, target: str, expected: str, bits: int, flags: tuple[str, ...]
) -> None:
    data = toolchains.compiled(
        tmp_path,
        "t.c",
        SOURCE,
        target=f"{target}-pc-windows-msvc",
        flags=(*flags, "-Wno-unused-command-line-argument"),
    ).read_bytes()
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.COFF
    (piece,) = binary.slices
    assert piece.cpu == expected
    assert piece.bits == bits
    assert piece.kind is Kind.OBJECT
    assert (piece.debug_bytes > 100) == bool(
        flags
    )  # the compiler's name stands in every one
    assert not binary.is_loadable


@pytest.mark.parametrize(
    ("prefix", "expected"), [("i686", "i686"), ("x86_64", "x86_64")]
)
@pytest.mark.parametrize("flags", [(), ("-g",), ("-Wa,-mbig-obj",)])
def test_coff_objects_of_gnu_tools_are_read(
    tmp_path: Path, prefix: str, expected: str, flags: tuple[str, ...]
) -> None:
    (tmp_path / "t.c").write_text(SOURCE)
    compiler = needs.program(f"{prefix}-w64-mingw32-gcc")
    subprocess.run(
        [compiler, "-c", "t.c", "-o", "t.o", *flags], cwd=tmp_path, check=True
    )
    binary = formats.read((tmp_path / "t.o").read_bytes())
    assert binary is not None
    assert binary.format is Format.COFF
    assert binary.slices[0].cpu == expected
    assert (binary.slices[0].debug_bytes > 50) == (flags == ("-g",))


@pytest.mark.network
def test_objects_in_published_wheels_are_read() -> None:
    """greenlet ships what Microsoft's assembler made, in its wheels for every system."""
    name = "greenlet-3.5.6-cp312-cp312-win_arm64.whl"
    row = next(
        row for row in published.listed(published.OTHERS) if row.filename == name
    )
    path = published.have(row)
    if path is None:
        needs.missing(f"{name} from the package index")
    cpus = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            binary = (
                formats.read(archive.read(member)) if member.endswith(".obj") else None
            )
            if binary is not None:
                cpus[member.rpartition("/")[2]] = binary.slices[0].cpu
    assert cpus == {"switch_arm64_masm.obj": "arm64", "switch_x64_masm.obj": "x86_64"}


def test_static_libraries_of_this_machine_are_read() -> None:
    paths = (
        sorted(Path("/usr/lib").glob("*/*.a"))[:80]
        + sorted(Path("/usr").glob("*mingw32/lib/lib*.a"))[:200]
    )
    if not paths:
        needs.missing("static libraries below /usr")
    for path in paths:
        if path.stat().st_size >= 5_000_000:
            continue
        data = path.read_bytes()
        is_empty = len(data) < 100
        if data.startswith(b"!<arch>\n") and not is_empty:
            assert library(data) is not None, path


# --- put together by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"/",
        b"//",
        b"/SYM64/",
        b"__.SYMDEF",
        b"__.SYMDEF SORTED",
        b"/<ECSYMBOLS>/",
        b"/<HYBRIDMAP>/",
    ],
)
def test_tables_are_not_taken_for_members(head: bytes) -> None:
    lying = object_file(0xAA64)  # what nobody may take for an object
    assert (
        cpu(b"!<arch>\n" + member(head, lying) + member(b"t.obj/", object_file()))
        == "x86_64"
    )


def test_long_names_of_bsd_are_read() -> None:
    table, name = b"__.SYMDEF SORTED\0\0\0\0", b"a long name.o\0\0\0"
    data = (
        b"!<arch>\n"
        + member(b"#1/20", table + object_file(0xAA64))
        + member(b"#1/16", name + object_file())
    )
    assert cpu(data) == "x86_64"
    error = error_of(b"!<arch>\n" + member(b"#1/9", b"abc\n"))
    assert error.field == "ar_name"


def test_the_first_member_that_can_be_read_tells() -> None:
    texts = member(b"readme/", b"text\n\n") + member(
        b"broken/", b"\x7fELF\x07\7" + bytes(58)
    )
    nested = member(b"inner.a/", b"!<arch>\n" + member(b"t.obj/", object_file(0xAA64)))
    assert cpu(b"!<arch>\n" + texts + nested) is None
    assert (
        cpu(
            b"!<arch>\n"
            + texts
            + nested
            + member(b"t.obj/", object_file(0x14C))
            + b"\n\n\0"
        )
        == "i686"
    )
    assert cpu(b"!<arch>\n") is None


def test_debian_packages_are_not_taken_for_libraries() -> None:
    assert (
        formats.read(
            b"!<arch>\n" + member(b"debian-binary", b"2.0\n") + member(b"data.tar", b"")
        )
        is None
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [(member(b"a/", b"", end=b"``"), "ar_fmag"), (member(b"a/", b"", size=10), "member"), (member(b"a/", b"")[:30], "member header"),
     (member(b"a/", b"", size=9999999999), "member"), (b"x" * 48 + b"12a".ljust(10) + b"`\n", "ar_size"),
     (b"x" * 48 + b" " * 10 + b"`\n", "ar_size"), (b"x" * 48 + b"-1".ljust(10) + b"`\n", "ar_size")],
)  # fmt: skip
def test_lies_are_named(data: bytes, field: str) -> None:
    error = error_of(b"!<arch>\n" + member(b"t.obj/", object_file()) + data)
    assert error.field == field
    assert str(error).startswith("broken static library: ")


def test_a_file_that_is_cut_off_anywhere_is_told_or_read() -> None:
    data = b"!<arch>\n" + member(b"/", b"1234") + member(b"t.obj/", object_file())
    for length in range(9, len(data)):
        assert (failure(data[:length]) is None) == (length == 8 + 64), length


# --- what may not be called COFF --------------------------------------------------------------------------------


def test_the_smallest_object_is_read() -> None:
    assert coff.recognises(object_file()[:64])
    assert formats.read(object_file()) == Binary(
        format=Format.COFF, slices=(Slice(cpu="x86_64", bits=64, kind=Kind.OBJECT),)
    )


@pytest.mark.parametrize(
    "data",
    [object_file(0x8665), object_file(sections=0), object_file(symbols_at=20), object_file(symbols=0), object_file(optional=224),
     object_file(flags=2), object_file(flags=0x2000), object_file(address=0x1000), object_file()[:63], b"\x64\x86" + bytes(100),
     b"\0\0\xff\xff\1\0\x64\x86" + bytes(100), b"\0\0\xff\xff\2\0\x64\x86" + bytes(range(100)), b"L\1" + b"text and more text " * 20],
)  # fmt: skip
def test_data_that_only_looks_like_an_object_is_none(data: bytes) -> None:
    assert formats.read(data) is None


def test_random_data_is_never_an_object() -> None:
    """Half of it begins like one, and a third has as many zeros as structured data has."""
    chance = random.Random(20261121)
    for number in range(100_000):
        data = chance.randbytes(64)
        if number % 2:
            data = (
                chance.choice((b"\x64\x86", b"\x4c\x01", b"\x64\xaa", b"\0\0\xff\xff"))
                + data[2:]
            )
        if number % 3 == 0:
            data = bytes(b if chance.random() < 0.5 else 0 for b in data)
        assert not coff.recognises(data)


def test_no_file_of_this_installation_is_taken_for_an_object() -> None:
    """Pickles, caches, compressed files, source: whatever lies around."""
    objects = (".o", ".obj")
    for folder in {Path(sys.prefix), Path(shutil.__file__).parent}:
        for path in [
            p for p in folder.rglob("*") if p.is_file() and p.suffix not in objects
        ][:8000]:
            with path.open("rb") as file:
                assert not coff.recognises(file.read(64)), path


@pytest.mark.parametrize(
    "data",
    [
        object_file(symbols=1000),
        object_file(symbols_at=1 << 30),
        object_file(sections=200, symbols_at=9000),
    ],
    ids=["symbols", "place", "sections"],
)
def test_objects_whose_tables_are_cut_off_are_broken(data: bytes) -> None:
    error = error_of(data)
    assert error.field == "symbol table"
    assert str(error).startswith("broken COFF object: ")


def test_layout_tells_of_both() -> None:
    for data, code in (
        (b"!<arch>\n" + member(b"t.obj/", object_file()), "TW514"),
        (object_file(), "TW518"),
    ):
        file = File(path="p/t", size=len(data), binary=formats.read(data))
        found = check_tree(contents(file))
        assert code in [f.code for f in found]
