"""``truewheel repair``: wheels that bring what their target system lacks, named by what is in them."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from .. import boundary
from ..model.errors import ExitCode, TruewheelError
from ..repairing.wheels import RepairRequest, repair_wheel
from ..report.repairs import repair_report
from ..system.surroundings import problem_of_directory
from ..system.wheels.workers import cores
from .beside import read_neighbours, wheels_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from ..model.built import RepairedWheel


def run(options: SimpleNamespace) -> int:
    """Repair every wheel that is named; return the exit code."""
    request = RepairRequest(
        output=Path(options.output),
        promise=options.to or "",
        exclude=tuple(options.exclude),
        search=tuple(map(_directory_to_search, options.search)),
        include=tuple(options.include),
        keep_names=tuple(options.keep_name),
        sbom=options.sbom,
        neighbours=read_neighbours(options.beside),
        environ=dict(os.environ),
    )
    paths = [Path(path) for path in wheels_named(options.wheels)]
    worst = int(ExitCode.FINE)
    style = boundary.style_for(sys.stdout)
    written: dict[Path, Path] = {}
    for path, done in _repair_all(paths, request, jobs=options.jobs):
        if isinstance(done, TruewheelError):
            boundary.tell(done)
            worst = max(worst, int(done.exit_code))
            continue
        print(repair_report(path.name, done, style))
        # It lay there before, and nothing was replaced.
        if not done.is_new:
            continue
        # Two wheels that differ in a false tag alone get the same name.
        other = written.setdefault(done.wheel.path, path)
        if other != path:
            boundary.say(
                f"{path} has replaced {other}: both are called {done.wheel.path.name}"
            )
            worst = max(worst, int(ExitCode.USAGE))
    return worst


def _directory_to_search(directory: str) -> str:
    """Return a directory by its absolute path.

    :raises TruewheelError: when there is none.
    """
    problem = problem_of_directory(directory)
    if problem:
        raise TruewheelError(
            f"--search {directory}: {problem}",
            hint="name the directory that holds the libraries",
        )
    # Relative paths mean the directory that the command is called in.
    return os.path.abspath(directory)


def _repair_all(
    paths: list[Path], request: RepairRequest, *, jobs: int | None
) -> Iterator[tuple[Path, RepairedWheel | TruewheelError]]:
    """Yield what came of each wheel, in order; several are repaired at once."""
    processes = min(len(paths), jobs or cores())
    # Processes are not worth their start for one.
    if processes < 2:
        for path in paths:
            yield path, _repair_one(request, path)
        return
    from ..system.worker_processes import Died, worker_processes  # slow to import
    from .side_by_side import death

    work = partial(_repair_one, request)
    with worker_processes(work, processes=processes) as workers:
        for path, done in zip(paths, workers.each(paths), strict=True):
            if isinstance(done, Died):
                yield path, death(path, "repaired", done.how)
            else:
                yield path, done


def _repair_one(request: RepairRequest, path: Path) -> RepairedWheel | TruewheelError:
    """Return what came of one wheel; an error is a value here, for others go on."""
    try:
        return repair_wheel(path, request)
    except Exception as error:
        explained = boundary.explain(error)
        if explained is None:
            raise
        return explained
