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
from collections.abc import Iterable, Iterator, Mapping
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


def run_again(
    tree: Path,
    steps: Iterable[Step],
    build: Build,
    *,
    left: Mapping[str, Iterable[str]],
) -> None:
    """Run steps of custom commands again; have those of compilers and linkers run by the build that follows.

    :param left: files that each step made without declaring them, by the first file that it declares.
    """
    compared: list[Step] = []
    for step in steps:
        for name in left.get(step.outputs[0], ()):
            with contextlib.suppress(OSError):
                os.unlink(build_tree.absolute(name, tree))
        if is_compared(step):
            compared.append(step)
        else:
            _delete(build_tree.absolute(name, tree) for name in step.outputs)
    if compared:
        with _set_aside(tree, compared):
            _run(compared, build)


def drop_aside(tree: Path) -> None:
    """Delete what a build that was killed has left set aside."""
    shutil.rmtree(tree / _ASIDE, ignore_errors=True)


def is_compared(step: Step) -> bool:
    """Return whether what a step makes can keep its time stamp."""
    return step.rule == "CUSTOM_COMMAND"


def _run(steps: Iterable[Step], build: Build) -> None:
    # What fails is run once more by the build that follows, and told then.
    with contextlib.suppress(EngineError):
        build([step.outputs[0] for step in steps])


@contextlib.contextmanager
def _set_aside(tree: Path, steps: Iterable[Step]) -> Iterator[None]:
    """Set aside what steps made; afterwards, give back the time stamps of what was made as it had been."""
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
                _delete([path])
    # Others may have files in a directory.
    build_tree.forget_outputs(tree, folders)
    try:
        yield
    finally:
        for file in aside.values():
            with contextlib.suppress(OSError):
                if filecmp.cmp(file.copy, file.path, shallow=False):
                    os.utime(file.path, ns=file.times)
        _delete(file.copy for file in aside.values())
        with contextlib.suppress(OSError):
            place.rmdir()


def _move(path: str, copy: str) -> _Aside:
    status = os.stat(path)
    os.replace(path, copy)
    return _Aside(path=path, copy=copy, times=(status.st_atime_ns, status.st_mtime_ns))


def _delete(paths: Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)
