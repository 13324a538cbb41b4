"""Steps are run again whose inputs are in doubt, and what comes out as it was keeps its time stamp.

Then nothing behind them is compiled again: Ninja goes by time stamps. Only the steps of custom commands are compared, for
Ninja looks at the time of what these made once more (Ninja manual, "restat"). What compilers and linkers made is deleted,
and the build tool makes it again.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...model.errors import EngineError
from ...model.record import Record
from . import build_tree, ninja_file
from .area import Build
from .ninja_file import Step

_ASIDE = ".truewheel-aside"
"""A directory in the build tree, which lasts as long as steps are run again."""


class _Aside(Record):
    """A file that a step made, set aside until the step has run again.

    :param path: where it was.
    :param copy: where it is.
    :param times: when it was read and changed, in ns since the epoch.
    """

    path: str
    copy: str
    times: tuple[int, int]


def steps_by_output(tree: Path) -> dict[str, Step]:
    """Return the steps of a Ninja build, by the first file that each makes."""
    build_file = ninja_file.read_build_file(tree)
    found: dict[str, Step] = {}
    for step in ninja_file.steps(build_file):
        if step.rule != "phony":
            found[step.outputs[0]] = step
    return found


class Doubt(Record):
    """A step that is in doubt.

    :param left: files that it made without declaring them, by names below the tree.
    :param may_fail: whether it is in doubt only because it asks a server: that may not answer now.
    """

    step: Step
    left: frozenset[str] = frozenset()
    may_fail: bool = False


def run_again(tree: Path, doubts: Iterable[Doubt], build: Build) -> None:
    """Run steps of custom commands again; have those of compilers and linkers run by the build that follows."""
    sure: list[Step] = []
    tried: list[Step] = []
    for doubt in doubts:
        step = doubt.step
        if not is_compared(step):
            delete_files(tree, step.outputs)
        elif doubt.may_fail:
            # What it left, it may use instead of the server's answer.
            tried.append(step)
        else:
            sure.append(step)
        if not doubt.may_fail:
            delete_files(tree, doubt.left)
    _run(tree, sure, build, gives_back=False)
    _run(tree, tried, build, gives_back=True)


def drop_aside(tree: Path) -> None:
    """Delete what a build that was killed has left set aside."""
    shutil.rmtree(tree / _ASIDE, ignore_errors=True)


def is_compared(step: Step) -> bool:
    """Return whether what a step makes can keep its time stamp."""
    return step.rule == "CUSTOM_COMMAND"


def _run(tree: Path, steps: Sequence[Step], build: Build, *, gives_back: bool) -> None:
    """Run steps of custom commands again.

    :param gives_back: whether what they had made stays when they fail; else the build that follows runs them once more, and
        tells what is wrong.
    """
    if not steps:
        return
    aside = _set_aside(tree, steps)
    try:
        build([step.outputs[0] for step in steps])
    except EngineError:
        for file in aside if gives_back else ():
            with contextlib.suppress(OSError):
                os.replace(file.copy, file.path)
    finally:
        for file in aside:
            _give_time_back(file)
        drop_aside(tree)


def _set_aside(tree: Path, steps: Iterable[Step]) -> list[_Aside]:
    """Set aside what steps made."""
    drop_aside(tree)
    place = tree / _ASIDE
    # Without it, what cannot be moved there is deleted, and made anew.
    with contextlib.suppress(OSError):
        place.mkdir()
    aside: dict[str, _Aside] = {}
    folders: set[str] = set()
    for step in steps:
        for name in step.outputs:
            path = build_tree.absolute(name, tree)
            if os.path.isdir(path):
                folders.add(path)
            # A step may name a file twice, by its relative and by its absolute path.
            if path in aside or not os.path.isfile(path):
                continue
            try:
                aside[path] = _move(path, os.path.join(place, str(len(aside))))
            except OSError:
                delete_files(tree, [path])
    # Others may have files in a directory.
    build_tree.forget_outputs(tree, folders)
    return list(aside.values())


def _give_time_back(file: _Aside) -> None:
    """Give a file its old time stamp if it was made as it had been."""
    with contextlib.suppress(OSError):
        if filecmp.cmp(file.copy, file.path, shallow=False):
            os.utime(file.path, ns=file.times)
        elif not os.path.islink(file.path):
            # The command may have given it the time of what it was made from: ``cp -p``, ``tar x``.
            os.utime(file.path)


def _move(path: str, copy: str) -> _Aside:
    status = os.stat(path)
    os.replace(path, copy)
    return _Aside(path=path, copy=copy, times=(status.st_atime_ns, status.st_mtime_ns))


def delete_files(tree: Path, names: Iterable[str]) -> None:
    """Delete files of a build tree, by their names in it or by absolute paths; those that are not there are no error."""
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(build_tree.absolute(name, tree))
