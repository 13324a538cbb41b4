"""``truewheel repair`` and what other tools do to binaries before and after it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from support import needs
from support.elf_builds import run
from support.real_wheels import (
    Workshop,
    called,
    dynamic,
    gives,
    libraries,
    members,
    runpath,
)
from support.small_wheels import digest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def parts(shop: Workshop, *flags: str) -> tuple[Path, Path]:
    """Return a library that needs another one, which lies beside it, and the module that needs it."""
    below = shop.library("liby.so.1", gives("of_y", 1), *flags)
    library = shop.library("libx.so.1", gives("of_x", 1, "of_y"), below, runpath("$ORIGIN"), *flags)  # fmt: skip
    shop.module("m", library, runpath(shop.build), *flags, use="of_x")
    return library, shop.place / "m.abi3.so"


def repaired(shop: Workshop, module: Path) -> Path:
    return shop.repair(shop.wheel({"p/m.abi3.so": module.read_bytes()}))


@pytest.mark.parametrize("options", [("--strip-unneeded",), ("-s",), ("--strip-debug",)])  # fmt: skip
def test_files_that_are_stripped_after_the_repair_load(
    shop: Workshop, options: tuple[str, ...]
) -> None:
    _, module = parts(shop, "-g")
    site = shop.installed(repaired(shop, module))
    files = sorted(site.rglob("*.so*"))
    assert len(files) == 3
    for file in files:
        run("strip", *options, file)
    assert called(site, "p.m") == ["2"]


def test_files_that_were_stripped_before_the_repair_load(shop: Workshop) -> None:
    library, module = parts(shop, "-g")
    for file in (library, module):
        run("strip", file)
    assert shop.value(repaired(shop, module)) == ["2"]


@pytest.mark.parametrize(
    "flags",
    [
        ("-fuse-ld=gold",),
        ("-Wl,-z,now,-z,relro",),
        ("-Wl,-z,noseparate-code",),
        ("-Wl,-z,max-page-size=0x200000",),
        ("-Wl,-z,max-page-size=0x10000",),
        ("-Wl,--hash-style=gnu",),
        ("-Wl,-z,pack-relative-relocs",),
    ],
    ids=" ".join,
)
def test_layouts_of_linkers_are_repaired_and_stripped(
    shop: Workshop, flags: tuple[str, ...]
) -> None:
    if "-fuse-ld=gold" in flags:
        needs.program("ld.gold")
    _, module = parts(shop, *flags)
    size = module.stat().st_size
    made = repaired(shop, module)
    # No pages of padding.
    assert len(members(made)["p/m.abi3.so"]) < size + 12_000
    site = shop.installed(made)
    assert called(site, "p.m") == ["2"]
    for file in site.rglob("*.so*"):
        run("strip", file)
    assert called(site, "p.m") == ["2"]


def notes(path: Path) -> list[str]:
    said = run("readelf", "-nW", path)
    return re.findall(r"(?:Build ID|x86 feature|Properties).*", said)


def test_notes_of_the_build_stay(shop: Workshop) -> None:
    library, module = parts(shop, "-fcf-protection", "-Wl,--build-id,-z,ibt,-z,shstk")
    before = [notes(library), notes(module)]
    assert "IBT, SHSTK" in str(before)
    assert "Build ID" in str(before)
    site = shop.installed(repaired(shop, module))
    (copied,) = site.glob("p.libs/libx-*")
    assert [notes(copied), notes(site / "p/m.abi3.so")] == before


def test_versions_of_symbols_follow_their_library(shop: Workshop) -> None:
    (shop.build / "map").write_text("X_1 { global: of_x; local: *; };\n")
    library = shop.library("libx.so.1", gives("of_x", 5), "-Wl,--version-script=map")
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    (name,) = libraries(made)
    site = shop.installed(made)
    said = run("readelf", "-VW", site / "p/m.abi3.so")
    assert f"File: {name}" in said
    assert "File: libx.so.1 " not in said
    assert called(site, "p.m") == ["5"]


def test_debug_information_still_names_the_lines(shop: Workshop) -> None:
    needs.program("addr2line")
    _, module = parts(shop, "-g")
    site = shop.installed(repaired(shop, module))
    (copied,) = site.glob("p.libs/libx-*")
    symbols = run("nm", copied)
    address = re.search(r"^([0-9a-f]+) T of_x$", symbols, re.MULTILINE)
    assert address is not None
    assert "libx.so.1.c:1" in run("addr2line", "-e", copied, address[1])


def test_a_copy_needs_another_by_its_new_name_and_nothing_of_the_machine(
    shop: Workshop,
) -> None:
    _, module = parts(shop)
    made = repaired(shop, module)
    x, y = libraries(made)
    found = dynamic(members(made)[f"p.libs/{x}"], shop.place)
    assert (found["NEEDED"][0], found["RPATH"]) == (y, ["$ORIGIN"])
    assert "RPATH" not in dynamic(members(made)[f"p.libs/{y}"], shop.place)


def test_the_repair_is_the_same_at_another_time_and_place(tmp_path: Path) -> None:
    made = []
    for nth in (1, 2):
        place = tmp_path / str(nth)
        place.mkdir()
        shop = Workshop(place)
        library = shop.library("libx.so.1", gives("of_x", 1))
        module = shop.module("m", library, use="of_x")
        wheel = shop.wheel({"p/m.abi3.so": module})
        os.utime(library, (nth * 10**9, nth * 10**9))
        made.append(shop.repair(wheel, "--search", shop.build).read_bytes())
    assert made[0] == made[1]


def test_record_lists_every_file_with_its_hash(shop: Workshop) -> None:
    _, module = parts(shop)
    made = repaired(shop, module)
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
    files = members(made)
    rows = files.pop("p-1.dist-info/RECORD").decode().splitlines()
    expected = {f"{path},sha256={digest(data)},{len(data)}" for path, data in files.items()}  # fmt: skip
    assert set(rows) == expected | {"p-1.dist-info/RECORD,,"}
    sbom = json.loads(files["p-1.dist-info/sboms/truewheel.cdx.json"])
    hashes = {
        component["evidence"]["occurrences"][0]["location"]: component["hashes"][0]["content"]
        for component in sbom["components"]
    }  # fmt: skip
    assert hashes == {
        path: hashlib.sha256(data).hexdigest()
        for path, data in files.items()
        if path.startswith("p.libs/")
    }
