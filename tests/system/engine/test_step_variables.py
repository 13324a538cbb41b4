"""Which variables CMake's steps get, and what is left of the options for make."""

from __future__ import annotations

import os

import pytest

from truewheel.system.engine.make_flags import harmless_flags
from truewheel.system.engine.step_variables import (
    step_environment,
    variables_for_steps,
    withheld_notes,
)

FLAGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("", ()),
    " -j4 --jobserver-auth=3,4": ("-j4", ()),
    " -j4 --jobserver-auth=fifo:/tmp/GMfifo7": ("-j4 --jobserver-auth=fifo:/tmp/GMfifo7", ()),
    "-j 4 -l 2.5": ("-j4 -l2.5", ()),
    "-j": ("-j", ()),
    "-jk": ("-j -k", ()),
    "-j8k -n": ("-j8 -k", ("-n",)),
    "ks -Otarget --no-print-directory": ("-k -s -Otarget --no-print-directory", ()),
    "n": ("", ("-n",)),
    "-C /elsewhere -fother.mk -o m.o": ("", ("-C/elsewhere", "-fother.mk", "-om.o")),
    "tqei": ("", ("-t", "-q", "-e", "-i")),
    "--dry-run --question --touch --eval=x": ("", ("--dry-run", "--question", "--touch", "--eval=x")),
    "w -- DESTDIR=/stage NAME=a\\ b": ("-w", ("DESTDIR=/stage", "NAME=a\\ b")),
    "DESTDIR=/stage": ("", ("DESTDIR=/stage",)),
    "-": ("", ()),
}  # fmt: skip
"""What a variable says, what is left of it, and what is not."""


@pytest.mark.parametrize("text", FLAGS)
def test_options_that_leave_nothing_undone_are_passed_on(text: str) -> None:
    assert harmless_flags(text) == FLAGS[text]


@pytest.mark.parametrize("text", FLAGS)
def test_what_is_passed_on_is_passed_on_again(text: str) -> None:
    kept, _ = harmless_flags(text)
    assert harmless_flags(kept) == (kept, ())


def test_what_chooses_how_to_build_is_the_users() -> None:
    chosen = {
        "CMAKE_GENERATOR": "Ninja Multi-Config",
        "CMAKE_TOOLCHAIN_FILE": "/t.cmake",
        "CMAKE_BUILD_TYPE": "Debug",
        "CMAKE_C_COMPILER_LAUNCHER": "ccache",
        "CMAKE_BUILD_PARALLEL_LEVEL": "2",
        "CFLAGS": "-O1",
        "VERBOSE": "1",
        "NINJA_STATUS": "%f",
    }
    assert variables_for_steps(chosen) == chosen
    assert withheld_notes(chosen) == ()


def test_a_variable_that_is_set_to_nothing_is_not_told() -> None:
    assert variables_for_steps({"DESTDIR": ""}) == {}
    assert withheld_notes({"DESTDIR": "", "MAKEFLAGS": ""}) == ()


def test_the_process_gets_its_variables_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTDIR", "/stage")
    monkeypatch.setenv("MAKEFLAGS", "n -j2")
    before = dict(os.environ)
    with step_environment():
        assert "DESTDIR" not in os.environ
        assert os.environ["MAKEFLAGS"] == "-j2"
    assert dict(os.environ) == before
