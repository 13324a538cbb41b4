"""Layouts that writers stumble over: no room, no sections, other machines, other loaders, programs, odd tables."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.elf_builds import (
    DEPENDENCY,
    EDITS,
    RENAMED,
    C,
    Machine,
    World,
    code_first_script,
    copied,
    many_exports,
    patched,
    result,
    run,
    zig_for,
)
from truewheel import formats
from truewheel.formats.elf.image import read_image
from truewheel.formats.elf.layout import PT_GNU_RELRO, PT_LOAD, PT_NOTE, PT_PHDR
from truewheel.model.binary import ElfSlice
from truewheel.model.edits import (
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
)
from truewheel.model.errors import RepairError


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def facts(data: bytes) -> ElfSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, ElfSlice)
    return found


def growth(library: Path) -> int:
    return len(result(library.read_bytes())) - library.stat().st_size


def kinds(data: bytes) -> list[int]:
    return [segment.type for segment in read_image(data).segments]


# --- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["0x1000", "0x10000", "0x200000"])
@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
def test_growth_is_the_strings_and_some_headers(
    world: World, linker: str, page: str
) -> None:
    needs.program({"lld": "ld.lld", "mold": "mold"}.get(linker, f"ld.{linker}"))
    source = C + many_exports()
    library = world.library(
        f"{linker}-{page}", source, f"-fuse-ld={linker}", f"-Wl,-z,max-page-size={page}"
    )
    image = read_image(library.read_bytes())
    tables = 0
    # GNU ld and gold leave no room: what follows the headers moves as well.
    if PT_PHDR not in kinds(library.read_bytes()):
        moved = (".gnu.hash", ".dynsym")[linker == "gold"]
        pattern = re.escape(moved) + r" +\w+ +\w+ \w+ (\w+)"
        found = re.search(pattern, run("readelf", "-SW", library))
        assert found is not None
        tables = int(found[1], 16)
    assert growth(library) <= len(image.strings) + tables + 200


def test_strings_that_fit_into_a_gap_cost_nothing(world: World) -> None:
    library = world.library("gap", C, "-Wl,-z,separate-code")
    made = result(library.read_bytes())
    assert len(made) == library.stat().st_size
    assert kinds(made) == kinds(library.read_bytes())


def test_no_address_moves_so_that_debug_information_stays_right(world: World) -> None:
    library = world.library("debug", C + many_exports())
    symbols = run("nm", library)
    address = re.search(r"^(\w+) T value$", symbols, re.MULTILINE)
    assert address is not None
    before = run("addr2line", "-e", library, address[1])
    assert before.startswith(f"{world.place}/debug.c:")
    after = patched(library, library.with_suffix(".patched"))
    assert run("addr2line", "-e", after, address[1]) == before
    assert run("nm", after) == symbols


# --- what linkers share -----------------------------------------------------------------------------------------


def test_a_symbol_that_shares_the_end_of_a_search_path_stays(world: World) -> None:
    source = C + "int mysym_fn(int x) { return x; }"
    library = world.library("tails", source, "-Wl,-rpath,/opt/mysym_fn")
    assert library.read_bytes().count(b"mysym_fn\0") > 0
    made = result(library.read_bytes(), (SetSearchPaths(paths=("/o",), kind="RPATH"),))
    assert "mysym_fn" in facts(made).exports
    assert [path.path for path in facts(made).search_paths] == ["/o"]


# --- little room ------------------------------------------------------------------------------------------------


def test_code_behind_the_headers_and_a_gap(world: World) -> None:
    script = world.write("code-first.ld", code_first_script())
    survives_strip(world, world.library("code-gap", C, f"-Wl,-T,{script}"))


def test_code_behind_the_headers_and_a_build_id(world: World) -> None:
    # Its program header is the only one that no loader needs.
    script = world.write("code-first.ld", code_first_script())
    flags = (f"-Wl,-T,{script}", "-Wl,--build-id")
    library = world.library("code-note", C + many_exports(), *flags)
    made = survives_strip(world, library)
    assert kinds(made).count(PT_NOTE) == kinds(library.read_bytes()).count(PT_NOTE) - 1
    assert "Build ID" in run("readelf", "-n", library)


def survives_strip(world: World, library: Path) -> bytes:
    wanted = world.value(library, search=world.place)
    after = patched(library, library.with_suffix(".patched"))
    assert world.value(after) == wanted
    made = after.read_bytes()
    run("strip", after)
    assert world.value(after) == wanted
    return made


def test_code_behind_the_headers_and_nothing_to_give_up(world: World) -> None:
    # The table moves into the new segment, where the loader and LLVM's tools follow it.
    script = world.write("code-first.ld", code_first_script())
    flags = (f"-Wl,-T,{script}", "-Wl,--build-id=none")
    library = world.library("code-none", C + many_exports(), *flags)
    wanted = world.value(library, search=world.place)
    after = patched(library, library.with_suffix(".patched"))
    assert world.value(after) == wanted
    shown = run("readelf", "-SlW", after)
    assert ".phdr" in shown
    assert "Warning" not in shown
    for tool in ("llvm-strip", "eu-strip"):
        run(tool, copied(after, f"code-none.{tool}"))
        assert world.value(world.place / f"code-none.{tool}") == wanted


def test_a_program_whose_table_cannot_move_is_refused(world: World) -> None:
    data = bytearray(world.library("program", C + many_exports()).read_bytes())
    image = read_image(bytes(data))
    # An interpreter that stands behind all else, and code behind the headers: sections that nobody may move.
    note = next(segment for segment in image.segments if segment.type == PT_NOTE)
    at = 64 + 56 * image.segments.index(note)
    struct.pack_into("<I", data, at, 3)
    sections = image.header.shoff
    for number in range(1, 4):
        struct.pack_into("<I", data, sections + 64 * number + 4, 0x6FFF4700)
    with pytest.raises(RepairError, match="table of a program cannot move"):
        result(bytes(data))


def test_bytes_behind_a_segment_that_is_not_full_of_strings(world: World) -> None:
    # patchelf rounds the size of its segment up, and leaves a byte behind it.
    data = result(world.library("rounded", C + many_exports()).read_bytes())
    image = read_image(data)
    at = image.header.phoff + 56 * image.segments.index(image.loads[-1])
    changed = bytearray(data + bytes(8))
    size = image.loads[-1].filesz + 7
    struct.pack_into("<QQ", changed, at + 32, size, size)
    library = world.place / "rounded.so"
    library.write_bytes(result(bytes(changed), (*EDITS, SetName(name="libround.so"))))
    assert facts(library.read_bytes()).name == "libround.so"
    assert world.value(library).startswith("0 ")


# --- no sections ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
@pytest.mark.parametrize("extra", ["", many_exports()], ids=["few", "many"])
def test_files_without_section_headers(world: World, linker: str, extra: str) -> None:
    needs.program({"lld": "ld.lld", "mold": "mold"}.get(linker, f"ld.{linker}"))
    name = f"bare-{linker}-{len(extra)}"
    library = world.library(name, C + extra, f"-fuse-ld={linker}")
    wanted = world.value(library, search=world.place)
    run("llvm-strip", "--strip-sections", library)
    assert not facts(library.read_bytes()).sections
    after = patched(library, library.with_suffix(".patched"))
    assert world.value(after) == wanted
    again = (*EDITS, SetName(name="libother.so"))
    assert world.value(patched(after, after, again)) == wanted


# --- every table that names a library ---------------------------------------------------------------------------


def test_both_kinds_of_search_path_become_one(world: World) -> None:
    library = world.library("both", C, "-Wl,-rpath,/a:/b,--enable-new-dtags")
    data = bytearray(library.read_bytes())
    image = read_image(bytes(data))
    # DT_DEBUG is for programs, and makes a second tag here.
    entries = dict(image.slots)
    spare = image.dynamic_at + 16 * len(image.slots)
    struct.pack_into("<QQ", data, spare, 15, entries[29])
    both = facts(bytes(data)).search_paths
    assert {path.kind for path in both} == {"RPATH", "RUNPATH"}
    made = facts(result(bytes(data)))
    assert [(path.path, path.kind) for path in made.search_paths] == [
        ("$ORIGIN/p.libs", "RPATH")
    ]
    none = facts(result(bytes(data), (SetSearchPaths(paths=(), kind="RPATH"),)))
    assert none.search_paths == ()


def test_the_name_is_written_into_the_version_definitions(world: World) -> None:
    versions = world.write("own.map", "OWN_1 { global: value; };")
    library = world.library(
        "own", C, "-Wl,-soname,libown.so.1", f"-Wl,--version-script={versions}"
    )
    target = library.with_suffix(".patched")
    after = patched(library, target, (SetName(name="libown-1234abcd.so.1"),))
    assert facts(after.read_bytes()).name == "libown-1234abcd.so.1"
    shown = run("readelf", "-VW", after)
    assert "Flags: BASE  Index: 1  Cnt: 1  Name: libown-1234abcd.so.1" in shown
    assert "libown.so.1" not in shown
    assert run("eu-readelf", "-V", after).count("libown-1234abcd.so.1") == 1


def test_a_removed_library_takes_its_versions_along(world: World) -> None:
    library = world.library("less", C)
    before = facts(library.read_bytes())
    assert DEPENDENCY in {symbol.library for symbol in before.imports}
    target = library.with_suffix(".patched")
    after = patched(library, target, (RemoveNeeded(library=DEPENDENCY),))
    left = facts(after.read_bytes())
    assert DEPENDENCY not in {need.library for need in left.needs}
    shown = {symbol.name: symbol.library for symbol in left.imports}
    assert shown["of_dependency"] is None
    assert shown["printf"] == "libc.so.6"
    assert "Warning" not in run("readelf", "-aW", after)
    # A process that has the symbol already loads it.
    code = (
        "import ctypes, sys; ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL);"
        "print(ctypes.CDLL(sys.argv[2]).value(2))"
    )
    said = run("python3", "-c", code, world.place / DEPENDENCY, after)
    assert f"0 {said.strip()}" == world.value(library, search=world.place)


def test_the_last_versions_go(world: World) -> None:
    source = (
        "extern int of_dependency(int); int value(int x) { return of_dependency(x); }"
    )
    library = world.library("last", source, "-nostdlib")
    assert facts(library.read_bytes()).needs
    target = library.with_suffix(".patched")
    after = patched(library, target, (RemoveNeeded(library=DEPENDENCY),))
    assert facts(after.read_bytes()).needs == ()
    assert not re.search("Warning|Error", run("readelf", "-aW", after))


def test_relro_still_covers_the_dynamic_section(world: World) -> None:
    for linker in ("bfd", "lld"):
        library = world.library(f"relro-{linker}", C, f"-fuse-ld={linker}")
        image = read_image(result(library.read_bytes()))
        relro = next(part for part in image.segments if part.type == PT_GNU_RELRO)
        assert relro.vaddr <= image.dynamic.vaddr
        assert image.dynamic.vaddr + image.dynamic.memsz <= relro.vaddr + relro.memsz
        written = [part for part in image.loads if part.flags & 2]
        assert len(written) == len(
            [part for part in read_image(library.read_bytes()).loads if part.flags & 2]
        )


# --- programs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags", [("-pie", "-fPIE"), ("-no-pie",)], ids=["pie", "fixed"]
)
@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
@pytest.mark.parametrize("extra", ["", many_exports()], ids=["few", "many"])
def test_programs_run(
    world: World, linker: str, flags: tuple[str, ...], extra: str
) -> None:
    needs.program({"lld": "ld.lld", "mold": "mold"}.get(linker, f"ld.{linker}"))
    text = C + extra + '\nint main(void) { return printf("%d\\n", value(1)) < 0; }'
    source = world.write(f"main-{linker}{len(extra)}.c", text)
    program = world.place / f"main-{linker}-{flags[0]}-{len(extra)}"
    run("gcc", "-o", program, source, world.place / DEPENDENCY, "-rdynamic", f"-fuse-ld={linker}", *flags)  # fmt: skip
    environ = {"LD_LIBRARY_PATH": str(world.place)}
    wanted = subprocess.run([program], env=environ, capture_output=True, check=True)
    after = patched(program, program.with_suffix(".patched"))
    after.chmod(0o755)
    found = subprocess.run([after], env={}, capture_output=True, check=True)
    assert found.stdout == wanted.stdout
    run("strip", after)
    found = subprocess.run([after], env={}, capture_output=True, check=True)
    assert found.stdout == wanted.stdout


# --- other loaders and machines ---------------------------------------------------------------------------------


def test_musl_loads_it(tmp_path: Path) -> None:
    world = World(tmp_path, Machine(("musl-gcc",)))
    for name, extra in (("few", ""), ("many", many_exports())):
        library = world.library(name, C + extra)
        wanted = world.value(library, search=world.place)
        assert wanted.startswith("0 "), wanted
        after = patched(library, library.with_suffix(".patched"))
        assert world.value(after) == wanted
        assert world.value(library) != wanted


def emulated(
    emulator: str, root: str, compiler: tuple[str, ...], *options: str
) -> Machine:
    """Return a machine whose programs run in an emulator, with the libraries of a cross compiler's package."""
    if not Path(root).is_dir():
        needs.missing(root)
    return Machine(compiler, (), (needs.program(emulator), "-L", root, *options))


@pytest.mark.parametrize("page", ["4096", "16384", "65536"])
@pytest.mark.parametrize("linked_for", ["4096", "65536"])
def test_aarch64_with_pages_of_all_sizes(
    tmp_path: Path, page: str, linked_for: str
) -> None:
    if int(linked_for) < int(page):
        pytest.skip("a library is not loaded with larger pages than it was linked for")
    compiler = ("aarch64-linux-gnu-gcc", f"-Wl,-z,max-page-size={linked_for}")
    machine = emulated("qemu-aarch64", "/usr/aarch64-linux-gnu", compiler, "-p", page)
    loads_with(World(tmp_path, machine))


@pytest.mark.parametrize(
    ("target", "emulator", "root"),
    [
        ("s390x-linux-gnu", "qemu-s390x", "/usr/s390x-linux-gnu"),
        ("powerpc64le-linux-gnu", "qemu-ppc64le", "/usr/powerpc64le-linux-gnu"),
    ],
)
def test_big_endian_and_other_machines(
    tmp_path: Path, target: str, emulator: str, root: str
) -> None:
    loads_with(World(tmp_path, emulated(emulator, root, zig_for(target))))


def test_32_bits(tmp_path: Path) -> None:
    if not Path("/lib/ld-linux.so.2").exists():
        needs.missing("/lib/ld-linux.so.2")
    loads_with(World(tmp_path, Machine(zig_for("x86-linux-gnu.2.31"))))


def loads_with(world: World) -> None:
    """Libraries with few and with many names load, and are told by readelf to be sound."""
    for name, extra in (("few", ""), ("many", many_exports())):
        library = world.library(name, C + extra)
        wanted = world.value(library, search=world.place)
        assert wanted.startswith("0 "), wanted
        after = patched(library, library.with_suffix(".patched"))
        assert world.value(after) == wanted
        assert RENAMED in run("readelf", "-dW", after)
        last = [
            part
            for part in read_image(after.read_bytes()).segments
            if part.type == PT_LOAD
        ][-1]
        assert (last.vaddr - last.offset) % last.align == 0
        assert after.stat().st_size - library.stat().st_size < 0x8000


# --- other tools ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
@pytest.mark.parametrize("extra", ["", many_exports()], ids=["few", "many"])
def test_other_readers_find_nothing_new(world: World, linker: str, extra: str) -> None:
    needs.program({"lld": "ld.lld", "mold": "mold"}.get(linker, f"ld.{linker}"))
    library = world.library(
        f"lint-{linker}{len(extra)}", C + extra, f"-fuse-ld={linker}"
    )
    after = patched(library, library.with_suffix(".patched"))
    assert complaints(after) <= complaints(library)
    for command in (("eu-readelf", "-a"), ("llvm-readelf", "-a"), ("readelf", "-aW")):
        assert not re.search("warning|error:", run(*command, after), re.IGNORECASE)


def complaints(library: Path) -> set[str]:
    """Return what eu-elflint says of a file, without the numbers of sections."""
    needs.program("eu-elflint")
    done = subprocess.run(
        ["eu-elflint", "--gnu-ld", str(library)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines()
    return {re.sub(r"0x\w+|\d+", "N", line) for line in lines} - {"No errors"}


def test_a_name_that_is_there_costs_nothing(world: World) -> None:
    library = world.library("there", C)
    edits = (ReplaceNeeded(old=DEPENDENCY, new="libc.so.6"),)
    made = result(library.read_bytes(), edits)
    assert len(made) == library.stat().st_size
    needs_now = [need.library for need in facts(made).needs]
    assert "libc.so.6" in needs_now
    assert DEPENDENCY not in needs_now
