"""Patched libraries of every linker are loaded by real processes, before and after every tool that rewrites them."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import pytest

from support import needs
from support.elf_builds import CXX, EDITS, C, World, copied, many_exports, patched, run
from truewheel.model.edits import SetName, SetSearchPaths

LINKERS = {"bfd": "bfd", "gold": "gold", "lld": "ld.lld", "mold": "mold"}
LAYOUTS = {
    "default": (),
    "now": ("-Wl,-z,now,-z,relro",),
    "one-page": ("-Wl,-z,noseparate-code",),
    "2MiB": ("-Wl,-z,max-page-size=0x200000",),
    "64KiB": ("-Wl,-z,max-page-size=65536",),
    "named": ("-Wl,-soname,libt.so.1,-rpath,/nowhere,--enable-new-dtags",),
    "old-hash": ("-Wl,--hash-style=sysv", "-Wl,--build-id=none"),
}
MORE_LAYOUTS = {
    "relr": ("-Wl,-z,pack-relative-relocs",),
    "cet": ("-fcf-protection", "-Wl,--build-id"),
}
TOOLS = {
    "strip": ("strip",),
    "strip-debug": ("strip", "--strip-debug"),
    "strip-unneeded": ("strip", "--strip-unneeded"),
    "objcopy": ("objcopy",),
    "objcopy-compress": ("objcopy", "--compress-debug-sections"),
    "eu-strip": ("eu-strip",),
    "llvm-strip": ("llvm-strip",),
    "llvm-objcopy": ("llvm-objcopy",),
}
LONGER = SetSearchPaths(
    paths=("$ORIGIN/p.libs", "$ORIGIN/../somewhere/else.libs"), kind="RPATH"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def linked(world: World, linker: str, source: str, name: str, *flags: str) -> Path:
    """Return a library by one of the linkers."""
    program = LINKERS[linker]
    needs.program(
        program if program.startswith("ld.") or program == "mold" else f"ld.{program}"
    )
    return world.library(name, source, f"-fuse-ld={linker}", *flags)


def assert_sound(world: World, library: Path, wanted: str) -> None:
    """The library does what it did, finds its dependency by the new name, and readelf has nothing to say."""
    assert world.value(library) == wanted
    shown = run("readelf", "-aW", library)
    assert "$ORIGIN/p.libs" in shown
    assert not re.search("Warning|Error", shown), shown


PAIRS = [
    pair
    for pair in itertools.product(LINKERS, LAYOUTS)
    # gold always lays it so, and does not know the option.
    if pair != ("gold", "one-page")
]


@pytest.mark.parametrize(("linker", "layout"), PAIRS)
@pytest.mark.parametrize("source", [C, CXX], ids=["c", "c++"])
def test_a_patched_library_loads_before_and_after_tools(
    world: World, linker: str, source: str, layout: str
) -> None:
    name = f"{linker}-{layout}-{'cc' if source is CXX else 'c'}"
    original = linked(world, linker, source, name, *LAYOUTS[layout])
    survives_every_order(world, original)


@pytest.mark.parametrize("linker", LINKERS)
def test_a_string_table_that_fits_into_no_gap(world: World, linker: str) -> None:
    # With GNU ld, notes and the hash table make way for a program header.
    original = linked(world, linker, C + many_exports(), f"{linker}-many")
    survives_every_order(world, original)


@pytest.mark.parametrize("linker", LINKERS)
def test_a_dynamic_section_that_has_no_room(world: World, linker: str) -> None:
    # Two new entries: LLD leaves no empty ones, so that its section moves.
    original = linked(world, linker, C, f"{linker}-entries")
    survives_every_order(world, original, SetName(name="libnamed.so"))


@pytest.mark.parametrize(
    ("linker", "layout"), [("bfd", "relr"), ("bfd", "cet"), ("mold", "cet")]
)
def test_relative_relocations_and_properties(
    world: World, linker: str, layout: str
) -> None:
    flags = MORE_LAYOUTS[layout]
    if layout == "relr" and "pack-relative-relocs" not in run("ld", "--help"):
        needs.missing("GNU ld 2.38")
    original = linked(world, linker, C, f"{linker}-{layout}", *flags)
    survives_every_order(world, original)


def survives_every_order(world: World, original: Path, *more: SetName) -> None:
    """Patch and strip in every order, with every tool; each result is loaded."""
    edits = (*EDITS, *more)
    wanted = world.value(original, search=world.place)
    assert wanted.startswith("0 "), wanted
    assert world.value(original).startswith("1 "), "it should not load unpatched"
    first = patched(original, original.with_suffix(".patched"), edits)
    assert_sound(world, first, wanted)
    for name, tool in TOOLS.items():
        # Elsewhere than in CI, a tool that is missing hides no others.
        if shutil.which(tool[0]) is None and not needs.IN_CI:
            continue
        after = copied(first, f"{original.stem}.{name}.after")
        rewrite(after, tool)
        assert_sound(world, after, wanted)
        again = patched(after, after.with_suffix(".again"), (*edits, LONGER))
        assert_sound(world, again, wanted)
        # What was patched before grows by the new string, and not by another segment.
        assert again.stat().st_size - after.stat().st_size < 100 + 0x1000 * bool(more)
        before = copied(original, f"{original.stem}.{name}.before")
        rewrite(before, tool)
        assert_sound(world, patched(before, before, edits), wanted)
        for file in (after, again, before):
            file.unlink()


def rewrite(file: Path, tool: tuple[str, ...]) -> None:
    """Let a tool rewrite a file in its place; none may complain."""
    two = (file, file) if "objcopy" in tool[0] else (file,)
    assert run(*tool, *two) == ""
