"""``truewheel repair``: wheels that bring what their target system lacks, named by what is in them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .. import boundary
from ..model.errors import ExitCode, TruewheelError
from ..repairing.wheels import RepairRequest, repair_wheel
from ..report.repairs import repair_report
from ..system.surroundings import problem_of_directory
from .beside import read_neighbours, wheels_named

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    for path, done in _repair_all(paths, request):
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
    paths: list[Path], request: RepairRequest
) -> list[tuple[Path, RepairedWheel | TruewheelError]]:
    """Return what came of each wheel, in order; several are repaired at once."""
    # Processes are not worth their start for one.
    if len(paths) < 2:
        return [(path, _repair_one(path, request)) for path in paths]
    from concurrent.futures import ProcessPoolExecutor  # slow to import
    from concurrent.futures.process import BrokenProcessPool

    try:
        with ProcessPoolExecutor(min(len(paths), os.cpu_count() or 1)) as pool:
            done = pool.map(_repair_one, paths, [request] * len(paths))
            return list(zip(paths, done, strict=True))
    except BrokenProcessPool as error:
        raise TruewheelError(
            "a process that repaired one of the wheels was killed",
            hint="there may be too little memory for several at once: name fewer wheels",
        ) from error


def _repair_one(path: Path, request: RepairRequest) -> RepairedWheel | TruewheelError:
    """Return what came of one wheel; an error is a value here, for others go on."""
    try:
        return repair_wheel(path, request)
    except Exception as error:
        explained = boundary.explain(error)
        if explained is None:
            raise
        return explained
