"""The CMake package by itself: CTest at the top level, and installed and found by its version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import needs
from support.paths import ROOT

USER = """cmake_minimum_required(VERSION 3.18...4.0)
project(user LANGUAGES NONE)
find_package(Truewheel {version} REQUIRED)
"""


def test_ctest_passes_at_the_top_level(tmp_path: Path) -> None:
    needs.program("gcc")
    cmake, ctest = needs.program("cmake"), needs.program("ctest")
    subprocess.run(
        [cmake, "-S", ROOT, "-B", tmp_path, f"-DPython_EXECUTABLE={sys.executable}"],
        check=True,
        capture_output=True,
    )
    run = subprocess.run(
        [ctest, "--test-dir", tmp_path, "--output-on-failure"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "100% tests passed" in run.stdout


def test_an_installed_package_is_found_by_its_version(tmp_path: Path) -> None:
    cmake = needs.program("cmake")
    subprocess.run(
        [cmake, "-S", ROOT, "-B", tmp_path / "b", "-DBUILD_TESTING=OFF"],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [cmake, "--install", tmp_path / "b", "--prefix", tmp_path / "p"],
        check=True,
        capture_output=True,
    )

    def is_found(version: str) -> bool:
        user = tmp_path / f"user-{version}"
        user.mkdir()
        (user / "CMakeLists.txt").write_text(USER.format(version=version))
        command = [
            cmake,
            "-S",
            user,
            "-B",
            user / "build",
            f"-DCMAKE_PREFIX_PATH={tmp_path / 'p'}",
        ]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert is_found("0.1")
    assert not is_found("9")
