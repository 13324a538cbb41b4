"""The host as a value: what runs this build, and who called it."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path

import pytest

from truewheel.model.record import replace
from truewheel.system import host


def test_the_target_is_the_interpreter_that_runs() -> None:
    target = host.running_target()
    assert target.version == sys.version_info[:2]
    assert target.system == sys.platform
    assert target.suffix == sysconfig.get_config_var("EXT_SUFFIX")
    assert target is host.running_target(), "the host is looked at once"


def test_headers_are_looked_for_where_the_target_says(tmp_path: Path) -> None:
    target = replace(host.running_target(), headers=str(tmp_path))
    assert not host.has_headers(target)
    (tmp_path / "Python.h").touch()
    assert host.has_headers(target)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"CONDA_BUILD": "1"}, "conda-build (CONDA_BUILD is set)"),
        ({"NIX_BUILD_TOP": "/b"}, "Nix (NIX_BUILD_TOP is set)"),
        ({"CONDA_BUILD": ""}, None),
        ({}, None),
    ],
)
def test_a_distribution_is_known_by_its_variables(
    environ: dict[str, str], name: str | None
) -> None:
    assert host.find_distribution(environ) == name


def test_the_machine_and_its_c_library_are_a_name_for_files() -> None:
    assert host.is_linux() == (sys.platform == "linux")
    if not host.is_linux():
        pytest.skip("only of Linux")
    name = host.machine_and_c_library()
    machine, library = name.split("-", 1)
    assert machine == platform.machine()
    assert library == (f"glibc-{platform.libc_ver()[1]}" if is_glibc() else "other")
    assert "/" not in name
    assert " " not in name


def is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
