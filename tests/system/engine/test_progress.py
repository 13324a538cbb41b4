"""The live line, on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from support import needs
from support.warm_project import HOOK, new_project
from truewheel.system.engine import progress


def on_a_terminal(source: Path, output: Path, *options: str) -> tuple[int, str]:
    """Run the hook on a terminal of its own; return its exit code, and what the terminal got."""
    import pty

    got = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        got.extend(data)
        return data

    output.mkdir(exist_ok=True)
    before, term, null = (
        Path.cwd(),
        os.environ.get("TERM"),
        os.open(os.devnull, os.O_RDONLY),
    )
    stdin = os.dup(0)
    os.dup2(null, 0)
    os.chdir(source)
    os.environ["TERM"] = "xterm"
    try:
        told = '{"build.verbose": "true"}' if options else "{}"
        status = pty.spawn(
            [sys.executable, "-c", HOOK, "build_wheel", str(output), told], read
        )
    finally:
        os.chdir(before)
        os.dup2(stdin, 0)
        os.environ.pop("TERM") if term is None else os.environ.update(TERM=term)
    return os.waitstatus_to_exitcode(status), got.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_build_that_succeeds_shows_a_line_that_moves_and_goes(tmp_path: Path) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.append("src/main.c", "#warning look here\n")
    code, text = on_a_terminal(project.root, tmp_path / "out")
    assert code == 0, text
    assert re.search(r"\r\x1b\[KBuilding( \d+/\d+)?, \d+ s", text), text
    assert "-- Configuring done" not in text
    assert "look here" in text, "warnings are not routine"
    assert "made warm-1.0" in text


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_build_that_fails_shows_everything(tmp_path: Path) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.append("src/main.c", "#include <numpy/there-is-no-such.h>\n")
    code, text = on_a_terminal(project.root, tmp_path / "out")
    assert code == 3, text
    assert "-- Configuring done" in text
    assert "there-is-no-such.h" in text
    assert "because: numpy/there-is-no-such.h was not found" in text


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_verbose_build_shows_plain_lines(tmp_path: Path) -> None:
    needs.program("gcc")
    code, text = on_a_terminal(
        new_project(tmp_path / "project").root, tmp_path / "out", "verbose"
    )
    assert code == 0, text
    assert "\x1b[KBuilding" not in text
    assert "-- Configuring done" in text


def test_the_line_fits_into_the_terminal() -> None:
    line = progress._Line(0, 0)
    line._take("*** Building project with Ninja...")
    line._take("[3/11] Building CXX object CMakeFiles/x.dir/a.cpp.o")
    assert re.fullmatch(
        r"Building 3/11, \d+ s: Building CXX object .*", line.state(200)
    )
    assert len(line.state(20)) == 20
