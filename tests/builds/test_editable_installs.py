"""Editable installs: sources are live, and compiled modules are rebuilt on import when the project asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs
from support.editable import MODES


def installed(source: Path, place: Path) -> Path:
    """Unpack the editable wheel into a directory that Python treats as site-packages, and return that."""
    name = hooks.result(hooks.hook(source, "build_editable", place / "out"))
    with zipfile.ZipFile(place / "out" / name) as archive:
        archive.extractall(place / "site")
    return place / "site"


def answer(site: Path, expression: str) -> str:
    """Import the package in a Python that has this directory, and return the value of the expression."""
    script = (
        f"import site; site.addsitedir({str(site)!r}); import pkg; print({expression})"
    )
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=site,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("mode", MODES)
def test_a_changed_source_is_compiled_on_import(mode: str, tmp_path: Path) -> None:
    needs.program("gcc")
    needs.program("cmake")
    table, placed = MODES[mode]
    cmake = hooks.CMAKE.replace("install(TARGETS _m DESTINATION pkg)", placed)
    source = hooks.project(tmp_path, pyproject=table, cmake=cmake)
    (source / "src" / "pkg" / "__init__.py").write_text(
        "from ._m import call\nWORD = 'first'\n"
    )
    site = installed(source, tmp_path)
    assert answer(site, "pkg.call(), pkg.WORD") == "42 first"
    (source / "src" / "pkg" / "__init__.py").write_text(
        "from ._m import call\nWORD = 'second'\n"
    )
    (source / "m.c").write_text(hooks.MODULE.format(head="", value="43"))
    assert answer(site, "pkg.call(), pkg.WORD") == "43 second"


def test_a_build_without_the_cache_does_not_disturb_rebuilding_on_import(
    tmp_path: Path,
) -> None:
    """Both use the project's own build directory, and the rebuild what the install put beside the build."""
    needs.program("gcc")
    needs.program("cmake")
    source = hooks.project(tmp_path, pyproject=MODES["redirect"][0])
    (source / "src" / "pkg" / "__init__.py").write_text("from ._m import call\n")
    site = installed(source, tmp_path)
    hooks.result(
        hooks.hook(
            source, "build_wheel", tmp_path / "wheels", {"truewheel.cache": "off"}
        )
    )
    (source / "m.c").write_text(hooks.MODULE.format(head="", value="43"))
    assert answer(site, "pkg.call()") == "43"


def test_an_editable_install_of_a_src_layout_is_not_warned_about(
    tmp_path: Path,
) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path)
    done = hooks.hook(source, "build_editable", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "TW516" not in done.stdout + done.stderr
