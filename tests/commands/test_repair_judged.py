"""``truewheel repair``: the name is that of what is in the wheel in the end, copies included."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import needs
from support.elf_builds import run
from support.real_wheels import (
    Workshop,
    dynamic,
    gives,
    libraries,
    members,
    runpath,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

DLOPEN = "#include <dlfcn.h>\n"
NEWER = "(dlopen(0, RTLD_NOW) != 0)"
"""What needs glibc 2.34 when it is compiled with that or a newer one."""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    needs.header("dlfcn.h")
    return Workshop(tmp_path)


def test_what_a_copy_asks_for_counts_whichever_module_comes_first(
    shop: Workshop,
) -> None:
    old = shop.library("old/libx.so.2", gives("of_x", 1))
    new = shop.library("new/libx.so.2", f"{DLOPEN}int of_x(void) {{ return {NEWER}; }}")
    modules = {
        nth: {
            name: shop.module(name, path, runpath(path.parent), use="of_x")
            for name, path in pairs
        }
        for nth, pairs in enumerate(
            ((("a", old), ("z", new)), (("a", new), ("z", old)))
        )
    }
    for nth, files in modules.items():
        shop.out = shop.place / f"out{nth}"
        wheel = shop.wheel({f"p/{name}.abi3.so": data for name, data in files.items()})
        assert "manylinux_2_34" in shop.repair(wheel).name


@pytest.mark.parametrize(
    "name",
    ["libpython3.13t.so.1.0", "libpython3.13d.so.1.0", "libpython3.so", "libpython3.11.so.1.0", "libpypy3.11-c.so"],
)  # fmt: skip
def test_python_itself_is_not_bundled_and_no_longer_needed(
    shop: Workshop, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    python = shop.library(name, gives("unused", 0))
    library = shop.library("libx.so.1", gives("of_x", 5), "-Wl,--no-as-needed", python)
    module = shop.module("m", "-Wl,--no-as-needed", python, library, runpath(shop.build), use="of_x")  # fmt: skip
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    said = capsys.readouterr().out
    (copied,) = libraries(made)
    assert "note TW604: is no longer linked with libpython (2 files)" in said
    for file in ("p/m.abi3.so", f"p.libs/{copied}"):
        assert f"{file} needed {name}" in said
        assert name not in dynamic(members(made)[file], shop.place).get("NEEDED", [])
    assert shop.value(made) == ["5"]


def test_a_module_that_calls_no_libc_is_repaired(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 6), "-nostdlib")
    module = shop.module("m", library, runpath(shop.build), "-nostdlib", use="of_x")
    assert dynamic(module, shop.place)["NEEDED"] == ["libx.so.1"]
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert "manylinux" in made.name
    assert shop.value(made) == ["6"]


def test_versions_of_the_loader_count(shop: Workshop) -> None:
    needs.header("sys/rseq.h")
    text = "#include <sys/rseq.h>\nint of_x(void) { return __rseq_offset != 0; }"
    library = shop.library("libx.so.1", text)
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert "manylinux_2_35_" in made.name


def test_a_module_without_section_headers_is_repaired_and_judged(
    shop: Workshop,
) -> None:
    strip = needs.program("llvm-strip-16")
    library = shop.library("libx.so.1", f"{DLOPEN}int of_x(void) {{ return 6 + {NEWER}; }}")  # fmt: skip
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    for path in (library, shop.place / "m.abi3.so"):
        run(strip, "--strip-sections", path)
    bare = (shop.place / "m.abi3.so").read_bytes()
    assert len(bare) < len(module)
    made = shop.repair(shop.wheel({"p/m.abi3.so": bare}))
    assert "manylinux_2_34_" in made.name
    assert shop.value(made) == ["7"]


# --- zlib, which all systems have in some version -----------------------------------------------------------------------


def zlib_wheel(shop: Workshop) -> Path:
    needs.header("zlib.h")
    module = shop.module("m", "-lz", head="#include <zlib.h>", value="crc32_combine_gen(0) != 0")  # fmt: skip
    return shop.wheel({"p/m.abi3.so": module})


def test_a_new_function_of_zlib_raises_the_level(shop: Workshop) -> None:
    made = shop.repair(zlib_wheel(shop))
    assert libraries(made) == []
    assert "manylinux_2_37_" in made.name or "manylinux_2_38_" in made.name, made.name
    assert shop.value(made) == ["1"]


def test_zlib_is_bundled_when_older_systems_are_promised(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop.repair(zlib_wheel(shop), "--to", "manylinux_2_34")
    (name,) = libraries(made)
    assert name.startswith("libz-")
    assert "manylinux_2_34_" in made.name
    assert "2_37" not in made.name
    assert shop.value(made) == ["1"]
    assert "libz.so.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("promise", "name"),
    [
        # What no libc is linked with runs with each.
        ("musllinux_1_2", "musllinux_1_2_x86_64"),
        ("manylinux_2_24_x86_64", "manylinux_2_24_x86_64"),
        ("manylinux2014", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("linux_x86_64", "linux_x86_64"),
    ],
)
def test_a_promise_that_holds_gives_its_name(
    shop: Workshop, capsys: pytest.CaptureFixture[str], promise: str, name: str
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 5), "-nostdlib")
    module = shop.module("m", library, runpath(shop.build), "-nostdlib", use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}), "--to", promise)
    assert f"\n  why: {promise} was promised, and holds\n" in capsys.readouterr().out
    assert sorted(made.stem.split("-")[-1].split(".")) == sorted(name.split("."))
    assert shop.value(made) == ["5"]


def test_a_promise_for_another_libc_or_machine_is_an_error(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    library = shop.library("libx.so.1", f"{DLOPEN}int of_x(void) {{ return {NEWER}; }}")
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    wheel = shop.wheel({"p/m.abi3.so": module})
    told = {
        # The module itself names no libc, so the promise tells which one its library needs.
        "musllinux_1_2": "libx.so.1 is linked with glibc, not with musl",
        "manylinux_2_28_aarch64": "manylinux_2_28_aarch64",
        "win_amd64": "win_amd64",
        "macosx_11_0": "none of its binaries is for macosx_11_0, which was promised",
    }
    for promise, expected in told.items():
        shop.fail(wheel, "--to", promise)
        said = capsys.readouterr().err
        assert expected in said
        assert "Traceback" not in said


def test_a_promise_that_a_copy_breaks_is_an_error_and_nothing_is_written(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    library = shop.library("libx.so.1", f"{DLOPEN}int of_x(void) {{ return {NEWER}; }}")
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    shop.fail(shop.wheel({"p/m.abi3.so": module}), "--to", "manylinux_2_28")
    said = capsys.readouterr().err
    assert "manylinux_2_28" in said
    assert "dlopen@GLIBC_2.34" in said
    assert "p.libs/libx-" in said


def test_a_library_of_a_driver_is_refused(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    library = shop.library("libcuda.so.1", gives("of_x", 1))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    wheel = shop.wheel({"p/m.abi3.so": module})
    shop.fail(wheel)
    said = capsys.readouterr().err
    assert "libcuda.so.1 must not go into a wheel" in said
    assert "--exclude libcuda.so.1" in said
    assert libraries(shop.repair(wheel, "--exclude", "libcuda.so.1")) == []
