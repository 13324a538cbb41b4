"""What ``truewheel repair`` tells: each library that is missing, what was edited, and options that did nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support import wheel_pairs
from support.real_wheels import Workshop, gives, libraries, runpath
from support.repairs import Repairer, repairer, wheel_of
from support.windows_builds import library as dll
from support.windows_builds import module as pyd
from truewheel.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

BOTH = "int of_y(void); int of_z(void);"


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def wheel_with(shop: Workshop, name: str = "libx.so.1", **more: str) -> Path:
    """Return a wheel whose module needs a library of the build."""
    library = shop.library(name, gives("of_x", 42))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    return shop.wheel({"p/m.abi3.so": module}, **more)


# --- what is missing ----------------------------------------------------------------------------------------------------


def test_two_missing_libraries_are_both_named_with_a_cure_for_each(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [shop.library(f"libof{name}.so", gives(f"of_{name}", 1)) for name in "yz"]
    module = shop.module(
        "m", "-Wl,--no-as-needed", *made, head=BOTH, value="of_y() + of_z()"
    )
    for path in made:
        path.unlink()
    wheel = shop.wheel({"p/m.abi3.so": module})
    shop.fail(wheel)
    said = capsys.readouterr().err.splitlines()
    names = [line.rpartition(" ")[2] for line in said if " needs lib" in line]
    assert sorted(names) == ["libofy.so", "libofz.so"]
    told = ", ".join(names)
    assert said[0] == f"error: {wheel.name}: 2 libraries were not found: {told}"
    assert said[-1].endswith(f"--exclude {names[0]} --exclude {names[1]}")
    options = said[-1].partition("someone else supplies them, ")[2]
    assert main(["repair", str(wheel), "-o", str(shop.out), *options.split()]) == 0


def test_an_included_library_that_is_missing_is_not_told_as_a_need_of_a_file(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = shop.wheel({"p/m.abi3.so": shop.module("m", value="1")})
    shop.fail(wheel, "--include", "libnope.so.1")
    said = capsys.readouterr().err
    assert "because: --include asks for libnope.so.1" in said
    assert "needs libnope.so.1" not in said
    assert "--exclude" not in said


def test_without_a_directory_to_search_that_is_what_is_told(
    tmp_path: Path, repair: Repairer
) -> None:
    files = {"p/__init__.py": b"", "p/m.pyd": pyd(dll("foo.dll"))}
    done = repair(wheel_of(tmp_path, "cp312-cp312-win_amd64", files))
    assert done.status == 1
    assert "no directory was searched: name it with --search DIR" in done.told
    assert "not in" not in done.told


def test_what_stops_the_repair_names_the_wheel_once(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    modules = {}
    for name in "yz":
        made.append(shop.library(f"{name}/libx.so.1", gives(f"of_{name}", 1)))
        module = shop.module(name, made[-1], runpath(made[-1].parent), use=f"of_{name}")
        modules[f"p/{name}.abi3.so"] = module
    wheel = shop.wheel(modules)
    shop.fail(wheel, "--keep-name", "libx*")
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"error: {wheel.name}: {made[1]} and {made[0]} would")
    assert said[0].count(wheel.name) == 1


# --- into the directory that it lies in ---------------------------------------------------------------------------------


def test_a_wheel_that_lacks_nothing_stays_where_it_lies(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop.repair(wheel_with(shop))
    before = made.read_bytes(), made.stat().st_mtime_ns, made.stat().st_ino
    capsys.readouterr()
    assert main(["repair", str(shop.out), "-o", str(shop.out)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == f"{made.name}: nothing to do"
    assert said.err == ""
    assert (made.read_bytes(), made.stat().st_mtime_ns, made.stat().st_ino) == before
    assert list(shop.out.iterdir()) == [made]


def test_a_wheel_that_changes_does_not_replace_itself(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop.repair(wheel_with(shop))
    tag = made.stem.partition("p-1-")[2]
    wheel = wheel_with(shop, tag=tag)
    before = wheel.read_bytes()
    assert main(["repair", str(wheel), "-o", str(wheel.parent)]) == 1
    assert f"{wheel} would be written over" in capsys.readouterr().err
    assert wheel.read_bytes() == before


# --- what was edited ----------------------------------------------------------------------------------------------------


def test_an_edit_without_a_copy_is_told_for_each_file(
    tmp_path: Path, repair: Repairer
) -> None:
    build = tmp_path / "build"
    build.mkdir()
    files = {f"supplier/lib/{wheel_pairs.LIBRARY}": wheel_pairs.library(build)}
    supplier = wheel_pairs.wheel(tmp_path, "supplier", files)
    files = {"user/user.so": wheel_pairs.user(build, "")}
    wheel = wheel_pairs.wheel(tmp_path, "user", files, "supplier")
    done = repair(wheel, "--with", supplier)
    assert "  edited: user/user.so: search path" in done.told.splitlines()
    assert "bundled:" not in done.told


def test_edits_beside_copies_are_counted(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 42))
    files = {}
    for name in "mn":
        module = shop.module(name, library, runpath(shop.build), use="of_x")
        files[f"p/{name}.abi3.so"] = module
    shop.repair(shop.wheel(files))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "edited" in line] == ["  edited: 2 files"]


# --- options that are slips ---------------------------------------------------------------------------------------------


def test_a_directory_that_is_not_there_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    nowhere = shop.place / "nowhere"
    shop.fail(wheel, "--search", nowhere, status=2)
    said = capsys.readouterr().err
    assert f"error: --search {nowhere}: there is no such directory" in said
    shop.fail(wheel, "--search", wheel, status=2)
    said = capsys.readouterr().err
    assert f"error: --search {wheel}: it is not a directory" in said


def test_globs_that_match_nothing_are_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--keep-name", "nomatch*", "--keep-name", "libx*"]
    options += ["--exclude", "libq.so*", "--exclude", "@cuda"]
    made = shop.repair(wheel_with(shop), *options)
    assert libraries(made) == ["libx.so.1"]
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "note:" in line] == [
        "  note: --exclude libq.so* matches no library that a file needs",
        "  note: --keep-name nomatch* matches no library that is copied",
    ]


def test_an_excluded_library_matches_although_an_earlier_glob_does(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.repair(wheel_with(shop), "--exclude", "libx*", "--exclude", "libx.so.1")
    assert "matches no" not in capsys.readouterr().out


def test_an_empty_promise_is_a_usage_error(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    with pytest.raises(SystemExit) as stopped:
        main(["repair", str(wheel), "-o", os.fspath(shop.out), "--to", ""])
    assert stopped.value.code == 2
    assert "argument --to: the tag is empty" in capsys.readouterr().err
    assert not shop.out.exists()
