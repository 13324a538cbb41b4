"""Wheels to run commands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import hooks, needs


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with one module, named as it should be."""
    needs.program("gcc")
    place = tmp_path_factory.mktemp("wheel")
    source = hooks.project(place, head="#include <stdio.h>", value='puts("")')
    name = hooks.result(hooks.hook(source, "build_wheel", place / "out"))
    return place / "out" / name


@pytest.fixture
def renamed(wheel: Path, tmp_path: Path) -> Path:
    """The same wheel under an untrue name: that of another CPU."""
    path = tmp_path / wheel.name.replace("x86_64", "s390x").replace("aarch64", "s390x")
    path.write_bytes(wheel.read_bytes())
    return path
