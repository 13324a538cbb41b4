"""Steps that are run again by a real Ninja: what comes out as it was keeps its time stamp, and nothing behind it runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from support import needs
from truewheel.model.errors import EngineError
from truewheel.system.warm import asking_again

BUILD_FILE = """\
rule CC
  command = cp $in $out && echo $out >> log
rule CUSTOM_COMMAND
  command = $COMMAND
  restat = 1
build table.h: CUSTOM_COMMAND gen.sh
  COMMAND = sh gen.sh && echo table.h >> log
build m.o: CC table.h
build one.h two.h: CUSTOM_COMMAND
  COMMAND = cp one.txt one.h && cp two.txt two.h
build one.o: CC one.h
build two.o: CC two.h
build named.h | ${cmake_ninja_workdir}named.h: CUSTOM_COMMAND
  COMMAND = cp one.txt named.h
build all: phony m.o one.o two.o named.h
default all
"""
OLD = 1_000_000_000_123_456_789
"""A time stamp of long ago, in ns since the epoch."""


class Tree:
    """A build tree of Ninja's.

    :ivar built: what each call of the build tool was asked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.built: list[Sequence[str]] = []
        self.write("build.ninja", f"cmake_ninja_workdir = {path}/\n{BUILD_FILE}")
        self.write("gen.sh", "cp data.txt table.h\n")
        for name in ("data.txt", "one.txt", "two.txt"):
            self.write(name, "as it was\n")
        self.build([])

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def time(self, name: str) -> int:
        return (self.path / name).stat().st_mtime_ns

    def build(self, names: Sequence[str]) -> None:
        """Run Ninja as an engine does."""
        self.built.append(names)
        # Not to stop at the first failure: which step is the first is chance.
        command = [needs.program("ninja"), "-k", "0", "-C", str(self.path), *names]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise EngineError("ninja failed", phase="build")

    def run_again(self, *names: str, left: dict[str, list[str]] | None = None) -> None:
        """Run steps again by the first file that each makes."""
        steps = asking_again.steps_by_output(self.path)
        doubts = []
        for name in names:
            files = frozenset((left or {}).get(name, ()))
            doubts.append(asking_again.Doubt(step=steps[name], left=files))
        asking_again.run_again(self.path, doubts, self.build)

    def ran(self) -> list[str]:
        """Return which steps ran that write into the log, and forget them."""
        log = self.path / "log"
        found = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    def is_clean(self) -> bool:
        """Return whether nothing was left that was set aside."""
        return not list(self.path.glob(".truewheel*"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    assert set(tree.ran()) == {"table.h", "m.o", "one.o", "two.o"}
    tree.built.clear()
    return tree


def test_steps_are_known_by_the_first_file_that_each_makes(tree: Tree) -> None:
    steps = asking_again.steps_by_output(tree.path)
    assert set(steps) == {"table.h", "m.o", "one.h", "one.o", "two.o", "named.h"}
    assert steps["one.h"].outputs == ("one.h", "two.h")


def test_what_comes_out_as_it_was_keeps_its_time_stamp_and_nothing_behind_it_runs(
    tree: Tree,
) -> None:
    before = tree.time("table.h")
    tree.run_again("table.h")
    assert tree.built == [["table.h"]]
    assert tree.ran() == ["table.h"]
    assert tree.time("table.h") == before
    tree.build([])
    assert tree.ran() == []
    assert tree.is_clean()


def test_what_comes_out_otherwise_is_newer_and_what_is_behind_it_runs(
    tree: Tree,
) -> None:
    before = tree.time("table.h")
    tree.write("data.txt", "otherwise\n")
    tree.run_again("table.h")
    assert tree.read("table.h") == "otherwise\n"
    assert tree.time("table.h") > before
    tree.ran()
    tree.build([])
    assert tree.ran() == ["m.o"]
    assert tree.read("m.o") == "otherwise\n"


def test_what_is_other_though_it_is_as_old_is_made_newer(tree: Tree) -> None:
    """A command may give what it makes the time of what that is made from: ``cp -p``, ``tar x``."""
    tree.write("gen.sh", "cp -p data.txt table.h\n")
    tree.write("data.txt", "as it is.\n")
    status = (tree.path / "table.h").stat()
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(tree.path / "data.txt", ns=times)
    tree.run_again("table.h")
    tree.build([])
    assert tree.read("m.o") == "as it is.\n"


def test_what_a_link_leads_to_is_not_touched(tree: Tree) -> None:
    """It may be a source."""
    tree.write("other.txt", "otherwise\n")
    os.utime(tree.path / "other.txt", ns=(OLD, OLD))
    tree.write("gen.sh", "ln -sf other.txt table.h\n")
    tree.run_again("table.h")
    assert tree.read("table.h") == "otherwise\n"
    assert tree.time("other.txt") == OLD


def test_of_two_files_each_keeps_its_own_time_stamp(tree: Tree) -> None:
    os.utime(tree.path / "one.h", ns=(OLD - 1, OLD))
    before = tree.time("two.h")
    tree.write("two.txt", "otherwise\n")
    tree.run_again("one.h")
    assert tree.time("one.h") == OLD
    assert (tree.path / "one.h").stat().st_atime_ns == OLD - 1
    assert tree.time("two.h") > before
    assert tree.built == [["one.h"]]
    assert tree.is_clean()


def test_a_file_that_is_named_twice_is_set_aside_once(tree: Tree) -> None:
    (step,) = (
        step
        for step in asking_again.steps_by_output(tree.path).values()
        if "named.h" in step.outputs
    )
    absolute = str(tree.path / "named.h")
    twice = step._replace(outputs=("named.h", absolute))
    before = tree.time("named.h")
    asking_again.run_again(tree.path, [asking_again.Doubt(step=twice)], tree.build)
    assert tree.time("named.h") == before
    assert tree.read("named.h") == "as it was\n"
    assert tree.is_clean()


def test_what_compilers_made_is_deleted_and_left_to_the_build_that_follows(
    tree: Tree,
) -> None:
    tree.run_again("m.o")
    assert tree.built == []
    assert not (tree.path / "m.o").exists()
    tree.build([])
    assert tree.ran() == ["m.o"]


def test_commands_and_compilers_together(tree: Tree) -> None:
    tree.run_again("m.o", "table.h", "one.h")
    assert tree.built == [["table.h", "one.h"]]
    assert not (tree.path / "m.o").exists()


def test_files_that_a_step_left_are_deleted_before_it_runs(tree: Tree) -> None:
    tree.write("part_1", "left")
    tree.write("part_2", "left by another")
    tree.write("gen.sh", "test ! -e part_1 && cp data.txt table.h\n")
    left = {"table.h": ["part_1", "absent"], "one.h": ["part_2"]}
    tree.run_again("table.h", left=left)
    assert tree.ran() == ["table.h"]
    assert not (tree.path / "part_1").exists()
    assert (tree.path / "part_2").exists()


def test_a_step_that_fails_is_left_to_the_build_that_follows(tree: Tree) -> None:
    tree.write("gen.sh", "exit 1\n")
    tree.run_again("table.h")
    assert not (tree.path / "table.h").exists()
    assert tree.is_clean()
    with pytest.raises(EngineError):
        tree.build([])


def test_another_step_than_the_one_that_fails_keeps_its_time_stamp(tree: Tree) -> None:
    before = tree.time("one.h")
    tree.write("gen.sh", "exit 1\n")
    tree.run_again("one.h", "table.h")
    assert tree.time("one.h") == before
    assert tree.is_clean()


def test_what_was_never_made_is_made(tree: Tree) -> None:
    (tree.path / "table.h").unlink()
    tree.run_again("table.h")
    assert tree.read("table.h") == "as it was\n"


def test_other_faults_are_not_taken_for_a_step_that_failed(tree: Tree) -> None:
    def interrupted(names: Sequence[str]) -> None:
        raise KeyboardInterrupt

    steps = asking_again.steps_by_output(tree.path)
    with pytest.raises(KeyboardInterrupt):
        asking_again.run_again(
            tree.path, [asking_again.Doubt(step=steps["table.h"])], interrupted
        )
    assert tree.is_clean()


def test_nothing_to_run_runs_nothing(tree: Tree) -> None:
    tree.run_again()
    assert tree.built == []
    assert tree.is_clean()
