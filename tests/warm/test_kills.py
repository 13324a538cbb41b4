"""A build that is killed, at any moment and whatever the cache is, leaves nothing that makes a later wheel stale."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import needs
from support.disks import mounted
from support.warm_project import EXTENDED, FILES, HOOK, Project, build, new_project

EACH = 20 if EXTENDED else 3
"""Kills of one kind."""
SEED = 20261129


@pytest.fixture
def project(tmp_path: Path) -> Project:
    needs.program("gcc")
    return new_project(tmp_path / "project")


def start(project: Project, place: Path, cache: Path) -> subprocess.Popen[bytes]:
    shutil.rmtree(place / "killed", ignore_errors=True)
    (place / "killed").mkdir()
    (place / "tmp").mkdir(exist_ok=True)
    environ = {
        **os.environ,
        "TRUEWHEEL_CACHE_DIR": str(cache),
        # What is killed deletes no temporary directory.
        "TMPDIR": str(place / "tmp"),
        "PYTHONHASHSEED": "0",
    }
    environ |= project.variables
    command = [sys.executable, "-c", HOOK, "build_wheel", str(place / "killed")]
    return subprocess.Popen(
        [*command, json.dumps(project.options)],
        cwd=project.root,
        env=environ,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen[bytes], *, alone: bool = False) -> bool:
    """Kill a build; return whether it still ran.

    :param alone: whether the programs that it had started go on.
    """
    was_running = process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
    process.wait()
    return was_running


# --- whatever the cache is ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def usual(place: Path) -> Iterator[Path]:
    yield place


CONDITIONS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Path]]] = {
    "on": usual,
    "off": usual,
    "full": lambda place: mounted(place, "size=400k"),
    "unwritable": lambda place: mounted(place, "ro"),
    "without programs": lambda place: mounted(place, "noexec,size=50m"),
    "vanished": usual,
}


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_after_kills_at_any_moment_builds_are_right(
    condition: str,
    project: Project,
    tmp_path: Path,
    record_property: pytest.RecordProperty,
) -> None:
    chance = random.Random(SEED)
    project.options["truewheel.cache"] = "off"
    began = time.monotonic()
    right, _ = build(project, project.root, tmp_path / "out", tmp_path / "none")
    duration = time.monotonic() - began
    if condition != "off":
        project.options.clear()
    counts = {"in time": 0, "too late": 0}
    with CONDITIONS[condition](tmp_path / "cache") as cache:
        for number in range(EACH):
            # It is killed with other sources than those of the build that follows.
            project.write("tools/data.txt", f"7, 7, {number}\n")
            project.write("include/deep.h", f"#define DEEP {number}\n")
            process = start(project, tmp_path, cache)
            time.sleep(chance.uniform(0, duration))
            if condition == "vanished":
                shutil.rmtree(cache, ignore_errors=True)
                time.sleep(chance.uniform(0, duration / 4))
            counts["in time" if kill(process) else "too late"] += 1
            for name in ("tools/data.txt", "include/deep.h"):
                project.write(name, FILES[name])
            found, said = build(project, project.root, tmp_path / "out", cache)
            assert found == right, said
    if condition == "on":
        found, said = build(project, project.root, tmp_path / "out", cache)
        assert found == right
        assert "built: warm: nothing changed" in said
    record_property("killed", json.dumps(counts))
    assert counts["in time"], counts


# --- while steps are run again ------------------------------------------------------------------------------------

SLOW = "import time; time.sleep(0.3)\n"


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["of the cache", "of the project"])
def test_after_a_kill_while_steps_are_run_again_no_wheel_is_stale(
    tree: str, project: Project, tmp_path: Path
) -> None:
    """What they had made is set aside then, older than all that is built."""
    chance = random.Random(SEED)
    if tree == "of the project":
        project.append("pyproject.toml", 'build-dir = "made"\n')
    script = FILES["tools/make_table.py"]
    project.write("tools/make_table.py", script + SLOW)
    cache = tmp_path / "cache"
    right, _ = build(project, project.root, tmp_path / "out", cache)
    root = project.root if tree == "of the project" else cache
    seen = 0
    for number in range(EACH):
        project.write("tools/data.txt", f"7, 7, {number}\n")
        process = start(project, tmp_path, cache)
        while process.poll() is None and not aside_in(root):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.4))
        kill(process)
        seen += bool(aside_in(root))
        project.write("tools/data.txt", FILES["tools/data.txt"])
        found, said = build(project, project.root, tmp_path / "out", cache)
        assert found == right, said
        assert not aside_in(root)
        assert "built: from nothing: nothing " in said
        found, said = build(project, project.root, tmp_path / "out", cache)
        assert found == right, said
        assert "built: warm: nothing changed" in said
    assert seen, "the kills came too late"


def aside_in(root: Path) -> list[Path]:
    """Return what is set aside in build trees."""
    return [*root.glob("made/.truewheel-aside/*"), *root.glob("builds/*/*/build/.truewheel-aside/*")]  # fmt: skip


# --- the hook alone -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["build/CMakeFiles/*", "build/**/*.o"])
def test_programs_that_outlive_their_build_make_no_wheel_stale(
    phase: str, project: Project, tmp_path: Path
) -> None:
    """Only the hook is killed. Its build tool goes on in the same tree while the next build begins."""
    for number in range(30):
        project.write(
            f"src/parts/p{number}.c", f'#include "deep.h"\nint p{number} = DEEP;\n'
        )
    cache = tmp_path / "cache"
    project.options["truewheel.cache"] = "off"
    right, _ = build(project, project.root, tmp_path / "out", cache)
    project.options.clear()
    for number in range(EACH):
        shutil.rmtree(cache, ignore_errors=True)
        project.write("include/deep.h", f"#define DEEP 10{number}\n")
        process = start(project, tmp_path, cache)
        while process.poll() is None and not list(cache.glob(f"builds/*/*/{phase}")):
            time.sleep(0.001)
        kill(process, alone=True)
        project.write("include/deep.h", FILES["include/deep.h"])
        for _ in range(2):
            found, said = build(project, project.root, tmp_path / "out", cache)
            assert found == right, said
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
