"""What edits mean, what is refused, and that nothing is written when nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.elf_builds import (
    DEPENDENCY,
    EDITS,
    C,
    World,
    code_first_script,
    many_exports,
    result,
    run,
)
from truewheel import formats
from truewheel.formats.elf.patch import patch
from truewheel.model.binary import ElfSlice, Format
from truewheel.model.edits import (
    Edit,
    Kept,
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
    chunks_of,
)
from truewheel.model.errors import FormatError, RepairError


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def library(world: World) -> bytes:
    return world.library("plain", C, "-Wl,-soname,libplain.so").read_bytes()


@pytest.fixture(scope="module")
def libraries(world: World) -> list[tuple[Path, str]]:
    """Libraries of several linkers and layouts, with what their function says."""
    script = world.write("code-first.ld", code_first_script())
    made = [
        world.library("gap", C),
        world.library("large", C + many_exports()),
        world.library("both", C + many_exports(), "-Wl,-rpath,/a"),
        world.library("code", C + many_exports(), f"-Wl,-T,{script}"),
        world.library("lld", C, "-fuse-ld=lld"),
        world.library("mold", C, "-fuse-ld=mold"),
        world.library("gold", C, "-fuse-ld=gold"),
    ]
    return [(file, world.value(file, search=world.place)) for file in made]


def facts(data: bytes) -> ElfSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, ElfSlice)
    return found


# --- nothing to do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edits",
    [
        (),
        (SetName(name="libplain.so"),),
        (ReplaceNeeded(old="libabsent.so", new="libother.so"),),
        (RemoveNeeded(library="libabsent.so"),),
        (SetSearchPaths(paths=(), kind="RPATH"),),
        (SetSearchPaths(paths=(), kind="RUNPATH"),),
        # There and back.
        (SetName(name="libother.so"), SetName(name="libplain.so")),
    ],
)
def test_a_file_that_says_so_already_stays_as_it_is(
    library: bytes, edits: tuple[Edit, ...]
) -> None:
    assert patch(library, edits) == (Kept(0, len(library)),)


def test_data_may_be_any_bytes(library: bytes) -> None:
    wanted = result(library)
    for data in (bytearray(library), memoryview(library)):
        assert b"".join(chunks_of(data, patch(data, EDITS))) == wanted


def test_the_dispatcher_knows_the_writer(library: bytes) -> None:
    assert formats.patch(Format.ELF, library, EDITS) == patch(library, EDITS)
    with pytest.raises(RepairError, match="a WebAssembly cannot be changed"):
        formats.patch(Format.WASM, b"\0asm", EDITS)


# --- what edits mean --------------------------------------------------------------------------------------------


def test_every_name_that_was_asked_for_is_there(library: bytes) -> None:
    edits = (
        SetSearchPaths(paths=("$ORIGIN", "$ORIGIN/../x.libs"), kind="RUNPATH"),
        ReplaceNeeded(old=DEPENDENCY, new="libdep-ünï.so"),
        SetName(name="libnew.so.2"),
    )
    before, after = facts(library), facts(result(library, edits))
    assert after.name == "libnew.so.2"
    assert [(path.path, path.kind) for path in after.search_paths] == [
        ("$ORIGIN", "RUNPATH"),
        ("$ORIGIN/../x.libs", "RUNPATH"),
    ]
    renamed = {need.library: need.versions for need in before.needs}
    renamed["libdep-ünï.so"] = renamed.pop(DEPENDENCY)
    assert {need.library: need.versions for need in after.needs} == renamed
    assert after.exports == before.exports
    assert after.build_id == before.build_id
    assert len(after.imports) == len(before.imports)


def test_libraries_stay_in_order(library: bytes) -> None:
    order = [need.library for need in facts(library).needs]
    made = facts(result(library))
    assert [need.library for need in made.needs] == [
        "libdep-12345678.so.1" if name == DEPENDENCY else name for name in order
    ]


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ((SetName(name=""),), "empty name"),
        ((SetName(name="a\0b"),), "cannot hold a NUL"),
        ((SetName(name="\ud800"),), "not text that can be written"),
        ((SetSearchPaths(paths=("a:b",), kind="RPATH"),), "cannot hold a colon"),
        ((SetSearchPaths(paths=("a",), kind="LC_RPATH"),), "has no LC_RPATH"),
        (
            (
                RemoveNeeded(library="libx.so"),
                ReplaceNeeded(old=DEPENDENCY, new="libx.so"),
            ),
            "contradict each other",
        ),
    ],
)
def test_edits_that_cannot_be_made(
    library: bytes, edits: tuple[Edit, ...], message: str
) -> None:
    with pytest.raises(RepairError, match=message):
        patch(library, edits)


def test_files_that_no_loader_links(world: World) -> None:
    source = world.write("static.c", "int main(void) { return 0; }")
    target = world.place / "static"
    world._compile(("gcc",), source.name, target.name, "-static")
    with pytest.raises(RepairError, match="it is not linked dynamically"):
        patch(target.read_bytes(), EDITS)
    world._compile(("gcc",), source.name, "object.o", "-c")
    with pytest.raises(RepairError, match="neither a library nor a program"):
        patch((world.place / "object.o").read_bytes(), EDITS)
    with pytest.raises(FormatError, match="the magic number is missing"):
        patch(b"MZ" + bytes(100), EDITS)
    with pytest.raises(FormatError, match="lies outside of it"):
        patch(b"\x7fELF\x02\x01", EDITS)


def test_debug_symbols_of_another_file_are_refused(world: World) -> None:
    world._compile(("gcc",), "loader.c", "loader2.so", "-shared", "-fPIC")
    debug = world.place / "loader2.debug"
    run("objcopy", "--only-keep-debug", world.place / "loader2.so", debug)
    with pytest.raises((RepairError, FormatError)):
        patch(debug.read_bytes(), EDITS)


# --- laws -------------------------------------------------------------------------------------------------------

_NAMES = st.text("abc-_.018", min_size=1, max_size=60)
_LIBRARIES = st.sampled_from([DEPENDENCY, "libc.so.6", "libabsent.so"])
_EDITS = st.one_of(
    st.builds(SetName, name=_NAMES),
    st.builds(
        SetSearchPaths,
        paths=st.lists(_NAMES, max_size=3).map(tuple),
        kind=st.sampled_from(["RPATH", "RUNPATH"]),
    ),
    st.builds(ReplaceNeeded, old=st.just("libabsent.so"), new=_NAMES),
)


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(0, 6),
    steps=st.lists(st.lists(_EDITS, max_size=3), min_size=1, max_size=4),
)
def test_any_edits_leave_a_library_that_loads(
    world: World,
    libraries: list[tuple[Path, str]],
    number: int,
    steps: list[list[Edit]],
) -> None:
    file, wanted = libraries[number]
    data = file.read_bytes()
    for edits in steps:
        # Each result is checked to be what the same edits leave alone.
        data = result(data, tuple(edits))
    data = result(data)
    target = world.place / "random.so"
    target.write_bytes(data)
    assert world.value(target) == wanted
    before, after = facts(file.read_bytes()), facts(data)
    assert after.exports == before.exports
    assert after.build_id == before.build_id


def test_one_edit_after_another_costs_the_strings(
    libraries: list[tuple[Path, str]],
) -> None:
    for file, _ in libraries:
        data = result(file.read_bytes())
        size = len(data)
        for number in range(20):
            name = f"libnumber-{number:030}.so"
            data = result(data, (SetName(name=name),))
        # Each has 43 bytes; the first may need an entry of the dynamic section as well.
        assert len(data) - size < 20 * 64 + 0x1000, file
