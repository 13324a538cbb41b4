"""The library is compiled once, by the first compiler whose product works, and kept."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import time
import zipfile
from pathlib import Path

import pytest

from support import needs
from truewheel.system.observation import library
from truewheel.system.observation.library import CannotObserveError, find_or_make


def compilers(folder: Path, **scripts: str) -> dict[str, str]:
    """Return an environment whose PATH has these compilers alone."""
    folder.mkdir()
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder)}


def real() -> str:
    return f'PATH={os.environ["PATH"]} exec {needs.program("gcc")} "$@"'


def test_it_is_made_once(tmp_path: Path) -> None:
    needs.program("gcc")
    made = find_or_make(tmp_path / "new" / "store", os.environ)
    assert list(made.parent.iterdir()) == [made]
    before = made.stat()
    # A kept library needs no compiler.
    assert find_or_make(tmp_path / "new" / "store", {}) == made
    assert made.stat() == before


def test_a_warm_start_takes_no_time(tmp_path: Path) -> None:
    find_or_make(tmp_path, os.environ)
    start = time.perf_counter()
    for _ in range(10):
        find_or_make(tmp_path, {})
    assert time.perf_counter() - start < 0.1


def test_compilers_that_fail_or_make_nothing_that_works_are_passed_over(
    tmp_path: Path,
) -> None:
    environ = compilers(
        tmp_path / "bin",
        cc="echo no licence >&2; exit 1",
        gcc='while [ "$1" != -o ]; do shift; done; echo > "$2"',
        clang=real(),
    )
    assert find_or_make(tmp_path / "store", environ).is_file()


def test_the_compiler_of_the_environment_comes_last(tmp_path: Path) -> None:
    environ = {
        **compilers(tmp_path / "bin", own=real()),
        "CC": f"{tmp_path}/bin/own -g",
    }
    assert find_or_make(tmp_path / "store", environ).is_file()


def test_clang_makes_one_that_works(tmp_path: Path) -> None:
    """Zig's compiler is clang, with lld."""
    if importlib.util.find_spec("ziglang") is None:
        needs.missing("the package ziglang")
    environ = {
        "CC": f"{sys.executable} -m ziglang cc",
        "ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "cache"),
    }
    assert find_or_make(tmp_path / "store", environ).is_file()


def test_a_hook_that_would_hide_its_caller_is_not_used(tmp_path: Path) -> None:
    """dlopen() searches along its caller's RUNPATH: a compiler that makes no jump there makes nothing that works."""
    environ = compilers(tmp_path / "bin", cc=f"{real()} -fno-optimize-sibling-calls")
    with pytest.raises(CannotObserveError, match=r"makes sees nothing$"):
        find_or_make(tmp_path / "store", environ)


def test_the_reasons_of_all_compilers_are_told(tmp_path: Path) -> None:
    environ = compilers(
        tmp_path / "bin",
        cc="echo no licence >&2; exit 1",
        gcc='while [ "$1" != -o ]; do shift; done; echo > "$2"',
    )
    environ["CC"] = "/nowhere/cc"
    with pytest.raises(CannotObserveError) as caught:
        find_or_make(tmp_path / "store", environ)
    first, second, third = caught.value.reason.split("; ")
    assert first == f"{tmp_path}/bin/cc does not compile it: no licence"
    assert second == f"what {tmp_path}/bin/gcc makes sees nothing"
    assert third.startswith("/nowhere/cc: ")
    assert list((tmp_path / "store").iterdir()) == []


def test_without_a_compiler_nothing_is_watched(tmp_path: Path) -> None:
    with pytest.raises(CannotObserveError, match=r"^there is no C compiler on PATH$"):
        find_or_make(tmp_path, {"PATH": "", "CC": "'"})


@pytest.mark.parametrize("name", ["a b", "a:b", "$LIB"])
def test_the_loader_must_understand_the_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotObserveError, match=r"has a special character$"):
        find_or_make(tmp_path / name, os.environ)
    assert not (tmp_path / name).exists()


def test_a_store_that_cannot_be_written_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotObserveError, match="cannot be written"):
        find_or_make(tmp_path / "file" / "store", os.environ)


def test_wheels_of_truewheel_have_the_source(distribution: Path) -> None:
    (wheel,) = distribution.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = archive.read("truewheel/system/observation/preload.c")
    assert shipped == Path(library.__file__).with_name("preload.c").read_bytes()


def test_only_linux_is_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "is_linux", lambda: False)
    with pytest.raises(CannotObserveError, match=r"^only Linux can be watched$"):
        find_or_make(tmp_path, os.environ)
