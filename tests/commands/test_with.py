"""``--with``: wheels whose libraries another wheel may use, because both are installed into one ``site-packages``."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from support import wheel_pairs
from support.wheel_pairs import LIBRARY
from truewheel.cli import main
from truewheel.repair.ways import relative_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

WAY = relative_way("user/user.so", "supplier/lib")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    place = tmp_path / "build"
    place.mkdir()
    return place


@pytest.fixture
def supplier(tmp_path: Path, build: Path) -> Path:
    files = {f"supplier/lib/{LIBRARY}": wheel_pairs.library(build)}
    return wheel_pairs.wheel(tmp_path, "supplier", files)


def user(tmp_path: Path, build: Path, way: str, *requires: str, tag: str = "") -> Path:
    """Return a wheel that uses the library."""
    files = {"user/user.so": wheel_pairs.user(build, way)}
    made = wheel_pairs.wheel(tmp_path, "user", files, *requires)
    return made.rename(tmp_path / made.name.replace("linux", tag or "linux"))


def test_a_promise_is_true_together_with_the_wheel_that_supplies_the_library(
    tmp_path: Path, build: Path, supplier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = user(tmp_path, build, WAY, "supplier", tag="manylinux_2_39")
    options = ["--select", "TW2", str(wheel)]
    assert main(["check", *options]) == 1
    assert f"user/user.so needs {LIBRARY}" in capsys.readouterr().out
    assert main(["check", "--strict", "--with", str(supplier), *options]) == 0
    capsys.readouterr()
    assert main(["show", "--with", str(supplier), str(wheel)]) == 0
    assert LIBRARY not in capsys.readouterr().out


def test_the_loader_agrees_that_the_way_leads_there(
    tmp_path: Path, build: Path, supplier: Path
) -> None:
    site = wheel_pairs.unpacked(
        tmp_path / "site", supplier, user(tmp_path, build, WAY, "supplier")
    )
    assert ctypes.CDLL(str(site / "user" / "user.so")).used() == 42
    (site / "supplier").rename(site / "elsewhere")
    loading = f"import ctypes; ctypes.CDLL({str(site / 'user' / 'user.so')!r})"
    done = subprocess.run(
        [sys.executable, "-c", loading], capture_output=True, text=True, check=False
    )
    assert LIBRARY in done.stderr


def test_a_library_that_is_not_reached_is_a_note(
    tmp_path: Path, build: Path, supplier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = user(tmp_path, build, "", "supplier")
    assert main(["show", "--with", str(supplier), str(wheel)]) == 0
    out = capsys.readouterr().out
    assert "note TW202: user/user.so" in out
    assert f"{LIBRARY} is in supplier 1.0, but the loader is not told where" in out
    assert "TW201" not in out


def test_a_requirement_that_is_missing_is_told(
    tmp_path: Path, build: Path, supplier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = user(tmp_path, build, WAY)
    options = ["--strict", "--select", "TW2", "--with", str(supplier), str(wheel)]
    assert main(["check", *options]) == 1
    out = capsys.readouterr().out
    assert "warning TW207: user-1.0.dist-info/METADATA" in out
    assert 'dependencies = ["supplier==1.0"]' in out


def test_repair_tells_of_a_requirement_that_is_missing(
    tmp_path: Path, build: Path, supplier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["repair", "-o", str(tmp_path / "out"), "--with", str(supplier)]
    assert main([*words, str(user(tmp_path, build, WAY))]) == 0
    out = capsys.readouterr().out
    assert "warning TW207: user-1.0.dist-info/METADATA" in out
    assert "supplier supplies a library of this wheel" in out
    assert main([*words, str(user(tmp_path, build, WAY, "supplier"))]) == 0
    assert "TW207" not in capsys.readouterr().out


def test_a_wheel_gets_the_name_that_is_true_together(
    tmp_path: Path, build: Path, supplier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = user(tmp_path, build, WAY, "supplier")
    out = tmp_path / "out"
    assert main(["tag", "-o", str(out), str(wheel)]) == 0
    assert [path.name for path in out.glob("*")] == [wheel.name]
    assert main(["tag", "-o", str(out), "--with", str(supplier), str(wheel)]) == 0
    assert any("manylinux" in path.name for path in out.glob("*")), capsys.readouterr()


def test_a_directory_stands_for_its_wheels_and_a_wheel_is_not_its_own_neighbour(
    tmp_path: Path, build: Path, supplier: Path
) -> None:
    wheel = user(tmp_path, build, WAY, "supplier")
    options = ["check", "--strict", "--select", "TW2", "--with", str(tmp_path)]
    assert main([*options, str(wheel), str(supplier)]) == 0


def test_what_cannot_be_read_is_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_pairs.wheel(tmp_path, "user", {"user/__init__.py": b""})
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["check", "--with", str(empty), str(wheel)]) == 2
    assert f"{empty} holds no wheels" in capsys.readouterr().err
    assert main(["check", "--with", str(tmp_path / "no.whl"), str(wheel)]) == 4
    assert "no.whl" in capsys.readouterr().err


def test_a_set_may_be_excluded_and_one_that_there_is_not_is_a_usage_error(
    tmp_path: Path, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "int f(void);\nint used(void) { return f(); }\n"
    wheel_pairs.compiled(
        build, "libcuda.so.1", "int f(void) { return 1; }", soname="libcuda.so.1"
    )
    code = wheel_pairs.compiled(build, "user.so", text, "libcuda.so.1")
    wheel = wheel_pairs.wheel(tmp_path, "user", {"user/user.so": code})
    options = ["check", "--strict", "--select", "TW2", str(wheel)]
    assert main(options) == 1
    assert "--exclude @cuda: it comes with a driver" in capsys.readouterr().out
    assert main([*options, "--exclude", "@cuda"]) == 0
    with pytest.raises(SystemExit) as caught:
        main([*options, "--exclude", "@cude"])
    assert caught.value.code == 2
    assert "'@cude' is not a set of libraries" in capsys.readouterr().err
