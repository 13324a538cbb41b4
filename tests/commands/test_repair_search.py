"""Where ``truewheel repair`` looks for libraries: where the loader looks, in its order. ldd is asked as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import needs
from support.real_wheels import (
    Workshop,
    dynamic,
    gives,
    libraries,
    members,
    rpath,
    runpath,
    soname,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def variants(shop: Workshop, *directories: str, name: str = "libx.so.1") -> None:
    """Make one library in several directories; ``of_x()`` gives the number of the directory, from 1."""
    for nth, directory in enumerate(directories, 1):
        shop.library(f"{directory}/{name}", gives("of_x", nth))


def found_by_the_loader(place: Path, library: str) -> Path | None:
    """Return the file that ldd names for a library which the module in a file needs; ``None`` when there is none."""
    done = subprocess.run(
        [needs.program("ldd"), place], capture_output=True, text=True, check=False
    )
    for line in done.stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if name.rpartition("/")[2] == library and rest.startswith("/"):
            return Path(rest.partition(" (")[0]).resolve()
    return None


def agreed(shop: Workshop, capsys: pytest.CaptureFixture[str], library: str = "libx.so.1") -> str:  # fmt: skip
    """Return what the repaired module gives, whose library is the one that the loader takes for it."""
    place = shop.place / "m.abi3.so"
    expected = found_by_the_loader(place, library)
    made = shop.repair(shop.wheel({"p/m.abi3.so": place.read_bytes()}))
    assert f"from {expected}, " in capsys.readouterr().out
    os.environ.pop("LD_LIBRARY_PATH", None)
    (value,) = shop.value(made)
    return value


# --- the order ----------------------------------------------------------------------------------------------------------


def test_the_first_directory_of_a_runpath_counts(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "a", "b")
    paths = runpath(shop.build / "none", shop.build / "b", shop.build / "a")
    shop.module("m", shop.build / "a/libx.so.1", paths, use="of_x")
    assert agreed(shop, capsys) == "2"


@pytest.mark.parametrize(("option", "value"), [(runpath, "2"), (rpath, "1")])
def test_ld_library_path_goes_before_runpath_and_behind_rpath(
    shop: Workshop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    option: object,
    value: str,
) -> None:
    variants(shop, "a", "b")
    assert callable(option)
    shop.module("m", shop.build / "a/libx.so.1", option(shop.build / "a"), use="of_x")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(shop.build / "b"))
    assert agreed(shop, capsys) == value


def test_an_rpath_serves_what_libraries_need(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "c", "d")
    library = shop.library("liby.so.1", gives("of_y", 10, "of_x"), shop.build / "c/libx.so.1")  # fmt: skip
    shop.module("m", library, rpath(shop.build, shop.build / "d"), use="of_y")
    assert agreed(shop, capsys) == "12"


def test_a_runpath_that_leads_nowhere_switches_the_rpath_off(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "c")
    library = shop.library(
        "liby.so.1", gives("of_y", 10, "of_x"), shop.build / "c/libx.so.1", runpath("/nowhere")
    )  # fmt: skip
    module = shop.module("m", library, rpath(shop.build, shop.build / "c"), use="of_y")
    assert found_by_the_loader(shop.place / "m.abi3.so", "libx.so.1") is None
    shop.fail(shop.wheel({"p/m.abi3.so": module}))
    assert "libx.so.1 was not found" in capsys.readouterr().err


def test_an_rpath_of_a_library_does_not_switch_its_users_off(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "c")
    library = shop.library(
        "liby.so.1", gives("of_y", 10, "of_x"), shop.build / "c/libx.so.1", rpath("/nowhere")
    )  # fmt: skip
    shop.module("m", library, rpath(shop.build, shop.build / "c"), use="of_y")
    assert agreed(shop, capsys) == "11"


def test_a_runpath_of_the_user_helps_where_the_loader_would_fail(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "c")
    library = shop.library("liby.so.1", gives("of_y", 10, "of_x"), shop.build / "c/libx.so.1")  # fmt: skip
    module = shop.module(
        "m", library, runpath(shop.build, shop.build / "c"), use="of_y"
    )
    assert found_by_the_loader(shop.place / "m.abi3.so", "libx.so.1") is None
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert shop.value(made) == ["11"]


def test_a_name_that_is_loaded_already_is_not_searched_for_again(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "a", "b")
    library = shop.library(
        "liby.so.1", gives("of_y", 10, "of_x"), shop.build / "b/libx.so.1", runpath(shop.build / "b")
    )  # fmt: skip
    shop.module(
        "m", "-Wl,--no-as-needed", shop.build / "a/libx.so.1", library,
        runpath(shop.build / "a", shop.build), head="int of_y(void); int of_x(void);", value="100 * of_x() + of_y()",
    )  # fmt: skip
    assert agreed(shop, capsys) == "111"


# --- tokens, and what is not a library ----------------------------------------------------------------------------------


def test_lib_means_the_directories_of_this_system(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "lib/x86_64-linux-gnu", "lib64", "lib")
    shop.module("m", shop.build / "lib/libx.so.1", runpath(f"{shop.build}/$LIB"), use="of_x")  # fmt: skip
    assert agreed(shop, capsys) in ("1", "2", "3")


def test_origin_of_a_library_is_the_directory_that_it_was_found_in(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    # The loader does not follow the links of the file itself.
    variants(shop, "real", "linked")
    real = shop.library(
        "real/liby.so.1", gives("of_y", 10, "of_x"), shop.build / "real/libx.so.1", runpath("$ORIGIN")
    )  # fmt: skip
    (shop.build / "linked/liby.so.1").symlink_to(real)
    shop.module("m", real, runpath(shop.build / "linked"), use="of_y")
    assert agreed(shop, capsys) == "12"


@pytest.mark.parametrize("text", [b"", b"/* GNU ld script */\nINPUT(libz.so)\n", b"\x7fELF"])  # fmt: skip
def test_a_text_in_the_place_of_a_library_ends_the_search_as_the_loaders_does(
    shop: Workshop, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    variants(shop, "good")
    bad = shop.build / "bad" / "libx.so.1"
    bad.parent.mkdir()
    bad.write_bytes(text)
    module = shop.module(
        "m", shop.build / "good/libx.so.1", runpath(bad.parent, shop.build / "good"), use="of_x"
    )  # fmt: skip
    wheel = shop.wheel({"p/m.abi3.so": module})
    shop.fail(wheel)
    said = capsys.readouterr().err
    assert "libx.so.1 was not found" in said
    assert f"{bad} is " in said
    assert "Traceback" not in said


def test_a_library_of_another_machine_is_passed_over(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "good")
    good = shop.build / "good" / "libx.so.1"
    content = bytearray(good.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
    bad = shop.build / "bad" / "libx.so.1"
    bad.parent.mkdir()
    bad.write_bytes(content)
    shop.module("m", good, runpath(bad.parent, good.parent), use="of_x")
    assert agreed(shop, capsys) == "1"


def test_what_is_found_for_another_machine_alone_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "a")
    library = shop.build / "a" / "libx.so.1"
    module = shop.module("m", library, runpath(library.parent), use="of_x")
    content = bytearray(library.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")
    library.write_bytes(content)
    shop.fail(shop.wheel({"p/m.abi3.so": module}))
    said = capsys.readouterr().err
    assert f"{library} is " in said
    assert "aarch64" in said


# --- what is left out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["libx.so.1", "libx.so.*", "libx*"])
def test_what_someone_else_supplies_stays_out(
    shop: Workshop, capsys: pytest.CaptureFixture[str], pattern: str
) -> None:
    below = shop.library("liby.so.1", gives("of_y", 1))
    library = shop.library("libx.so.1.2", gives("of_x", 1, "of_y"), below, soname("libx.so.1"))  # fmt: skip
    (shop.build / "libx.so.1").symlink_to(library.name)
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    wheel = shop.wheel({"p/m.abi3.so": module})
    made = shop.repair(wheel, "--exclude", pattern)
    assert libraries(made) == []
    assert "bundled" not in capsys.readouterr().out
    # A path of the machine may be how it is found.
    assert members(made)["p/m.abi3.so"] == module


def test_a_directory_that_is_named_is_searched_before_the_systems(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    # Debian's libbz2 has this name, and Python needs it.
    variants(shop, "a", name="libbz2.so.1.0")
    library = shop.build / "a" / "libbz2.so.1.0"
    module = shop.module("m", library, use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}), "--search", library.parent)
    assert f"from {library}, " in capsys.readouterr().out
    assert shop.value(made) == ["1"]


# --- names with a slash, and odd ones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("here", ["", "sub"])
def test_a_relative_path_in_needed_is_looked_for_below_the_search_paths(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    shop.library("sub/libx.so", gives("of_x", 3), named=False)
    module = shop.module("m", "sub/libx.so", runpath(shop.build / here), use="of_x")
    assert dynamic(module, shop.place)["NEEDED"][0] == "sub/libx.so"
    monkeypatch.chdir(shop.place)
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert shop.value(made) == ["3"]


def test_the_loader_reads_a_relative_path_from_where_it_is_started(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.library("sub/libx.so", gives("of_x", 3), named=False)
    module = shop.module("m", "sub/libx.so", use="of_x")
    monkeypatch.chdir(shop.build)
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    monkeypatch.chdir(shop.place)
    assert shop.value(made) == ["3"]


def test_names_need_not_be_plain(shop: Workshop) -> None:
    folder = shop.build / "a folder, with ünusual = signs"
    library = shop.library(f"{folder.name}/lib ü-x.so.1", gives("of_x", 3))
    (shop.place / "flags").write_text(f'"-Wl,--enable-new-dtags" -Xlinker -rpath -Xlinker "{folder}"')  # fmt: skip
    module = shop.module("m", library, f"@{shop.place / 'flags'}", use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    (name,) = libraries(made)
    assert name.startswith("lib ü-x-")
    assert shop.value(made) == ["3"]


# --- what is opened at run time -----------------------------------------------------------------------------------------


def test_what_is_to_be_included_and_is_nowhere_is_an_error(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = shop.wheel({"p/m.abi3.so": shop.module("m", value="1")})
    shop.fail(wheel, "--include", "libplugin.so.7")
    said = capsys.readouterr().err
    assert "libplugin.so.7 was not found" in said
    assert "--search" in said


def test_nothing_can_be_included_where_no_file_is_a_binary(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 1))
    wheel = shop.wheel({"p/__init__.py": b""})
    shop.fail(wheel, "--include", library)
    said = capsys.readouterr().err
    assert f"include asks for {library}, but no file of the wheel is a binary" in said


def test_what_is_included_by_its_path_brings_what_it_needs(shop: Workshop) -> None:
    below = shop.library("liby.so.1", gives("of_y", 1))
    plugin = shop.library("plugin.so", gives("of_x", 1, "of_y"), below, runpath("$ORIGIN"))  # fmt: skip
    wheel = shop.wheel({"p/m.abi3.so": shop.module("m", value="1")})
    made = shop.repair(wheel, "--include", plugin)
    first, second = libraries(made)
    assert first.startswith("liby-")
    assert second == "plugin.so"
    site = shop.installed(made)
    code = f"import ctypes; print(ctypes.CDLL({str(site / 'p.libs/plugin.so')!r}).of_x())"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout.strip() == "2", done.stderr


@pytest.mark.parametrize("name", ["libc.so.6", "libm.so.6"])
def test_what_the_system_has_is_not_included(
    shop: Workshop, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    wheel = shop.wheel({"p/m.abi3.so": shop.module("m", value="1")})
    shop.fail(wheel, "--include", name)
    assert f"{name} must not go into a wheel" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["", ":$ORIGIN", "$ORIGIN:"])
def test_a_library_of_the_wheel_that_replaces_another_one_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    variants(shop, "inside", "outside")
    inside, outside = (shop.build / name / "libx.so.1" for name in ("inside", "outside"))  # fmt: skip
    paths = f"{way}{outside.parent}" if way.endswith(":") else f"{outside.parent}{way}"
    module = shop.module("m", outside, f"-Wl,-rpath,{paths}", use="of_x")
    files = {"p/m.abi3.so": module, "p/libx.so.1": inside.read_bytes()}
    made = shop.repair(shop.wheel(files))
    said = capsys.readouterr().out
    # What comes first in the search, is taken already.
    assert ("warning TW603: libx.so.1" in said) == (way != "$ORIGIN:")
    if way != "$ORIGIN:":
        assert f"p/m.abi3.so was led to {outside} (RUNPATH {outside.parent})" in said
        assert "p/m.abi3.so gets p/libx.so.1" in said
    assert shop.value(made) == ["1"]


def test_a_library_of_the_wheel_that_is_the_same_replaces_none(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    variants(shop, "outside")
    library = shop.build / "outside" / "libx.so.1"
    module = shop.module("m", library, runpath(library.parent), use="of_x")
    files = {"p/m.abi3.so": module, "p/libx.so.1": library.read_bytes()}
    made = shop.repair(shop.wheel(files))
    assert "TW603" not in capsys.readouterr().out
    assert shop.value(made) == ["1"]


# --- another libc -------------------------------------------------------------------------------------------------------


def test_a_library_of_musl_does_not_serve_a_wheel_for_glibc(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler = needs.program("musl-gcc")
    source = shop.build / "x.c"
    source.write_text('#include <stdlib.h>\nint of_x(void) { return atoi("7"); }\n')
    library = shop.build / "libx.so"
    words = [compiler, "-shared", "-fPIC", source, "-o", library, "-Wl,-soname,libx.so"]
    subprocess.run(words, check=True)
    assert dynamic(library.read_bytes(), shop.place)["NEEDED"] == ["libc.so"]
    # With these options the module names no libc itself.
    module = shop.module("m", "-nostdlib", library, use="of_x")
    shop.fail(shop.wheel({"p/m.abi3.so": module}), "--search", shop.build)
    said = capsys.readouterr().err
    assert f"{library} is linked with musl, not with glibc" in said
