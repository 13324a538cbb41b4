"""Which CMake a build uses, and what is said when none fits."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from truewheel.model.errors import EngineError
from truewheel.system.engine import cmake_program
from truewheel.system.engine.cmake_program import find_cmake


def settings(place: Path, version: str = ">=3.15") -> ScikitBuildSettings:
    made = ScikitBuildSettings()
    made.cmake.version = SpecifierSet(version)
    made.cmake.source_dir = place
    return made


def program(place: Path, version: str) -> Path:
    """A program that says that it is CMake."""
    path = place / "cmake"
    path.write_text(f"""#!/bin/sh\necho '{{"version": {{"string": "{version}"}}}}'\n""")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_project_without_cmake_needs_none(tmp_path: Path) -> None:
    made = settings(tmp_path)
    made.wheel.cmake = False
    assert find_cmake(made, {}) is None


def test_the_users_program_is_taken(tmp_path: Path) -> None:
    named = program(tmp_path, "3.28.1")
    found = find_cmake(settings(tmp_path), {"CMAKE_EXECUTABLE": str(named)})
    assert found is not None
    assert (found.cmake_path, str(found.version)) == (named, "3.28.1")


@pytest.mark.parametrize(
    "listed",
    ["cmake_minimum_required(VERSION 3.99)", "cmake_minimum_required(VERSION 3.15)"],
)
def test_who_asks_for_another_version_is_named(tmp_path: Path, listed: str) -> None:
    (tmp_path / "CMakeLists.txt").write_text(listed)
    named = program(tmp_path, "3.28.1")
    with pytest.raises(EngineError) as caught:
        find_cmake(settings(tmp_path, ">=3.99"), {"CMAKE_EXECUTABLE": str(named)})
    error = caught.value
    assert error.message == "no CMake here fits: >=3.99 is wanted"
    assert error.context[0] == f"{named} is 3.28.1"
    who = (
        "cmake_minimum_required in "
        if "3.99" in listed
        else "tool.scikit-build.cmake.version"
    )
    assert error.context[1].startswith(who)
    assert error.hint is not None
    assert error.hint.endswith('pip install "cmake>=3.99"')


def test_an_installed_cmake_that_cannot_be_run_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there because the project requires it. Nothing can be run from a file system mounted with noexec."""
    installed = program(tmp_path, "3.28.1")
    monkeypatch.setattr(cmake_program, "_find_packaged_cmake", lambda: str(installed))
    found = find_cmake(settings(tmp_path), {})
    assert found is not None
    assert found.cmake_path == installed
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(EngineError, match="cannot be run") as caught:
        find_cmake(settings(tmp_path), {})
    assert str(installed) in caught.value.context[0]
    assert "noexec" in str(caught.value.hint)
