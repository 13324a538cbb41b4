"""The host as a value: what runs this build, and who called it."""

from __future__ import annotations

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
        ({"CONDA_BUILD": "1"}, "conda-build"),
        ({"NIX_BUILD_TOP": "/b"}, "Nix"),
        ({"CONDA_BUILD": ""}, None),
        ({}, None),
    ],
)
def test_a_distribution_is_known_by_its_variables(
    environ: dict[str, str], name: str | None
) -> None:
    assert host.find_distribution(environ) == name
