"""The CMake package by itself: CTest at the top level, and installed and found by its version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import needs
from support.paths import ROOT


def test_ctest_at_the_top_level(tmp_path: Path) -> None:
    needs.program("gcc")
    cmake, ctest = needs.program("cmake"), needs.program("ctest")
    subprocess.run(
        [cmake, "-S", ROOT, "-B", tmp_path, f"-DPython_EXECUTABLE={sys.executable}"], check=True, capture_output=True
    )
    run = subprocess.run(
        [ctest, "--test-dir", tmp_path, "--output-on-failure"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "100% tests passed" in run.stdout


def test_installed_package_is_found_by_version(tmp_path: Path) -> None:
    cmake = needs.program("cmake")
    subprocess.run([cmake, "-S", ROOT, "-B", tmp_path / "b", "-DBUILD_TESTING=OFF"], check=True, capture_output=True)
    subprocess.run([cmake, "--install", tmp_path / "b", "--prefix", tmp_path / "p"], check=True, capture_output=True)
    user = tmp_path / "user"
    user.mkdir()
    for version, found in (("0.1", True), ("9", False)):
        (user / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.18...4.0)\nproject(user LANGUAGES NONE)\nfind_package(Truewheel {version} REQUIRED)\n"
        )
        command = [cmake, "-S", user, "-B", tmp_path / version, f"-DCMAKE_PREFIX_PATH={tmp_path / 'p'}"]
        assert (subprocess.run(command, capture_output=True, check=False).returncode == 0) is found
