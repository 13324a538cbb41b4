"""On Linux the tag is what the binaries say, and a promise (``truewheel.tag``) is kept or refused."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from support import hooks, needs

NEW = "#include <threads.h>\n"  # thrd_current is GLIBC_2.28, and in libc itself as GLIBC_2.34 since then


def glibc() -> tuple[int, int]:
    """Return the version of this system's glibc."""
    name, version = platform.libc_ver()
    if name != "glibc":
        needs.missing("a glibc system")
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def level(name: str) -> tuple[int, int]:
    """Return the version of glibc in a wheel's name."""
    match = re.search(r"manylinux_(\d+)_(\d+)_", name)
    assert match, name
    return int(match[1]), int(match[2])


def test_a_plain_module_gets_an_old_level_without_a_container(tmp_path: Path) -> None:
    needs.program("gcc")
    assert glibc() > (2, 17)
    name = hooks.result(
        hooks.hook(hooks.project(tmp_path), "build_wheel", tmp_path / "out")
    )
    assert level(name) <= (2, 17)


@pytest.fixture
def modern(tmp_path: Path) -> Path:
    """A module that calls what is new in glibc 2.34."""
    if glibc() < (2, 34):
        needs.missing("glibc 2.34 or newer")
    return hooks.project(
        tmp_path, head="#include <dlfcn.h>", value='(long)dlsym(dlopen(0, 1), "x")'
    )


def test_the_newest_symbol_decides_the_level(modern: Path, tmp_path: Path) -> None:
    run = hooks.hook(modern, "build_wheel", tmp_path / "out")
    assert level(hooks.result(run)) == (2, 34)
    assert re.search(r"needs dl(open|sym)@GLIBC_2\.34 of libc\.so\.6", run.stderr)


def test_an_untrue_promise_fails_and_names_the_symbol(
    modern: Path, tmp_path: Path
) -> None:
    run = hooks.hook(
        modern, "build_wheel", tmp_path / "out", {"truewheel.tag": "manylinux_2_17"}
    )
    assert run.returncode == 1
    assert "TW301" in run.stderr
    assert "pkg/_m.cpython-3" in run.stderr
    assert re.search(
        r"needs dl(open|sym)@GLIBC_2\.34 of libc\.so\.6; manylinux_2_17 has glibc 2\.17",
        run.stderr,
    )
    assert "hint: tag it manylinux_2_34_" in run.stderr
    assert "Traceback" not in run.stderr
    assert list((tmp_path / "out").glob("*")) == []


def test_a_true_promise_becomes_the_tag(modern: Path, tmp_path: Path) -> None:
    name = hooks.result(
        hooks.hook(
            modern, "build_wheel", tmp_path / "out", {"truewheel.tag": "manylinux_2_35"}
        )
    )
    assert level(name) == (2, 35)


def test_without_a_promise_being_wanted_the_tag_is_plain(
    modern: Path, tmp_path: Path
) -> None:
    name = hooks.result(
        hooks.hook(modern, "build_wheel", tmp_path / "out", {"truewheel.tag": "native"})
    )
    assert "-linux_" in name
