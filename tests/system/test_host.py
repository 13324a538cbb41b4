"""The machine and the interpreter that run a build."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging import tags

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
    assert host.distribution({"PATH": "/usr/bin", variable: "1"}) == name


def test_an_empty_variable_is_not_set() -> None:
    assert host.distribution({"CONDA_BUILD": "", "PATH": "/usr/bin"}) is None


def test_the_environment_of_the_process_is_looked_at_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in host.DISTRIBUTIONS:
        monkeypatch.delenv(variable, raising=False)
    assert host.distribution() is None
    monkeypatch.setenv("EBUILD_PHASE", "compile")
    assert host.distribution() == "Gentoo's Portage"


def test_the_target_is_this_interpreter() -> None:
    target = host.target()
    assert target.version == sys.version_info[:2]
    assert target.implementation == sys.implementation.name
    assert target.suffix == sysconfig.get_config_var("EXT_SUFFIX")


def test_installers_of_this_interpreter_take_the_targets_tags() -> None:
    target = host.target()
    own = next(tags.sys_tags())
    assert target.python_tag == own.interpreter
    assert target.abi_tag == own.abi
    assert target.platform_tag in set(tags.platform_tags())


def test_the_engine_may_know_the_platform_better() -> None:
    """With ``ARCHFLAGS`` and in cross builds."""
    assert host.target("macosx_11_0_arm64").platform_tag == "macosx_11_0_arm64"


def test_installed_distributions_are_named_as_requirements_name_them() -> None:
    installed = host.distributions()
    assert "scikit-build-core" in installed
    assert "scikit_build_core" not in installed


def test_headers_are_looked_for_where_the_interpreter_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: os.fspath(tmp_path) if name == "include" else "")
    assert not host.has_headers()
    (tmp_path / "Python.h").touch()
    assert host.has_headers()
