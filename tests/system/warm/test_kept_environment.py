"""Kept environments outlive those that they were copied from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from support import interpreters
from support.programs import run

UV = Path(sys.executable).parent / "uv"
KEEP = (
    "import sys; from pathlib import Path; from truewheel.system.warm import environment, kept_environment; "
    "print(kept_environment.keep(environment.find_isolated_environment({}), Path(sys.argv[1])).python)"
)
USE = "import sys, truewheel; print(sys.prefix, truewheel.__file__)"


@pytest.mark.network
@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_a_kept_environment_works_when_its_origin_is_gone(
    version: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """As ``python -m build`` and ``uv build`` leave it behind; 3.10 makes environments that link to one another."""
    given = interpreters.needed(version)
    first = kept(tmp_path / "build-env-first", given, tmp_path / "store", environ)
    said = run(first, "-I", "-c", USE, cwd=tmp_path, environ=environ)
    assert said.startswith(f"{first.parent.parent} {first.parent.parent}")
    first.unlink()  # by hand, for want of an interpreter that can be uninstalled
    first.symlink_to(tmp_path / "uninstalled")
    assert (
        kept(tmp_path / "build-env-second", given, tmp_path / "store", environ) == first
    )
    assert run(first, "-I", "-c", USE, cwd=tmp_path, environ=environ) == said


def kept(live: Path, python: Path, store: Path, environ: dict[str, str]) -> Path:
    """Make an environment with truewheel in it, keep a copy, delete the environment; return the copy's interpreter."""
    run(UV, "venv", "-q", "-p", python, live, cwd=store.parent, environ=environ)
    run(
        UV,
        "pip",
        "install",
        "-q",
        "-p",
        live / "bin" / "python",
        "truewheel",
        cwd=store.parent,
        environ=environ,
    )
    said = run(
        live / "bin" / "python",
        "-I",
        "-c",
        KEEP,
        store,
        cwd=store.parent,
        environ=environ,
    )
    shutil.rmtree(live)
    return Path(said.strip())
