"""The machine and the interpreter that run a build."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging import tags

from truewheel.model.record import replace
from truewheel.system import host


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("CONDA_BUILD", "conda-build"),
        ("DEB_BUILD_ARCH", "Debian's dpkg-buildpackage"),
        ("NIX_BUILD_TOP", "Nix"),
        ("SPACK_CC", "Spack"),
    ],
)
def test_a_package_build_is_known_by_its_variables(variable: str, name: str) -> None:
    assert host.find_distribution({"PATH": "/usr/bin", variable: "1"}) == name


def test_an_empty_variable_is_not_set() -> None:
    assert host.find_distribution({"CONDA_BUILD": "", "PATH": "/usr/bin"}) is None


def test_the_target_is_this_interpreter() -> None:
    target = host.running_target()
    assert target.version == sys.version_info[:2]
    assert target.implementation == sys.implementation.name
    assert target.suffix == sysconfig.get_config_var("EXT_SUFFIX")


def test_installers_of_this_interpreter_take_the_targets_tags() -> None:
    target = host.running_target()
    own = next(tags.sys_tags())
    assert target.python_tag == own.interpreter
    assert target.abi_tag == own.abi
    assert target.platform_tag in set(tags.platform_tags())


def test_installed_distributions_are_named_as_requirements_name_them() -> None:
    installed = host.installed_distributions()
    assert "scikit-build-core" in installed
    assert "scikit_build_core" not in installed


def test_headers_are_looked_for_where_the_interpreter_says(tmp_path: Path) -> None:
    target = replace(host.running_target(), headers=os.fspath(tmp_path))
    assert not host.has_headers(target)
    (tmp_path / "Python.h").touch()
    assert host.has_headers(target)
