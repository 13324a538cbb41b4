"""Which compiler launcher is used, and when one that nobody asked for is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truewheel.system.engine.launcher import launcher_cache_entries

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are scripts here")


@pytest.fixture
def ccache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only program on PATH, a ccache that says that its objects lie in ``objects/of/ccache``."""
    program = tmp_path / "bin" / "ccache"
    program.parent.mkdir()
    say(program, f"echo {tmp_path}/objects/of/ccache")
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def say(program: Path, command: str) -> None:
    program.write_text(f"#!/bin/sh\n{command}\n")
    program.chmod(0o755)


def test_ccache_is_used_where_it_can_keep_objects(ccache: Path) -> None:
    assert launcher_cache_entries("auto")["CMAKE_C_COMPILER_LAUNCHER"] == str(ccache)


@pytest.mark.parametrize(
    "command",
    [
        "echo 'Could not determine home directory' >&2; exit 1",
        "echo relative/directory",
        "echo",
        "echo /etc/passwd/home/.cache/ccache",
        "echo /proc/self/ccache",
    ],
)
def test_ccache_that_has_no_place_for_objects_is_left_alone(
    command: str, ccache: Path
) -> None:
    """It would let every compilation fail. Who asks for it, learns that from it."""
    if command == "echo /proc/self/ccache" and os.geteuid() == 0:
        pytest.skip("root may write everywhere, as far as access(2) tells")
    say(ccache, command)
    assert launcher_cache_entries("auto") == {}
    asked = launcher_cache_entries("ccache")
    assert asked["CMAKE_C_COMPILER_LAUNCHER"] == str(ccache)


def test_ccache_that_cannot_be_started_is_left_alone(ccache: Path) -> None:
    ccache.write_text("#!/nowhere/sh\n")
    assert launcher_cache_entries("auto") == {}
