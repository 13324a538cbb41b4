"""What a hook costs beyond CMake itself: truewheel's ``build_wheel`` and scikit-build-core's, minus the bare commands.

    python benchmarks/overhead.py [--before DIR] [--runs 11] [--instructions] [PROJECT]

Each is run in a process of its own, several times in turn; bare is ``cmake -S -B``, ``--build`` and ``--install`` with the
same cache entries. Prints medians of wall time and of CPU time (of the process and all that it starts; what a busy machine
tells best, but it counts what truewheel imports while CMake runs), of the CPU time of the hook's own process alone, and the ratios
of the overheads, which are taken within each round. The two hooks that front ends call before follow. With ``--before``, an
older truewheel takes its turns. With ``--instructions``, what is counted are the instructions of the hook's own process, once, by
valgrind: no load of the machine changes them, but the kernel's and CMake's are left out. The project is tests/projects/plain by default.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import turns

ENGINE, OURS, OLDER = "scikit-build-core", "truewheel", "truewheel before"
MODULES = {
    ENGINE: "scikit_build_core.build",
    OURS: "truewheel.backend",
    OLDER: "truewheel.backend",
}
HOOKS = {
    "build_wheel": "build_wheel({output!r})",
    "get_requires_for_build_wheel": "get_requires_for_build_wheel()",
    "prepare_metadata_for_build_wheel": "prepare_metadata_for_build_wheel({output!r})",
}
SCRIPT = """\
import {module} as backend
backend.{call}
from resource import RUSAGE_SELF, getrusage
used = getrusage(RUSAGE_SELF)
open({told!r}, "w").write(str(used.ru_utime + used.ru_stime))
"""


class Costs(NamedTuple):
    """Seconds.

    :param cpu: of the hook and of all that it starts.
    :param own: CPU time of the hook's own process.
    """

    wall: float
    cpu: float
    own: float


def environment(checkout: Path | None, cache: Path) -> dict[str, str]:
    told = {
        "TRUEWHEEL_CACHE_DIR": str(
            cache
        ),  # an empty one each time: these are builds from nothing
        "TRUEWHEEL_LAUNCHER": "off",  # an object cache has a price that CMake alone does not pay
    }
    return turns.environment(checkout, told)


def finished(command: list[str], environ: Mapping[str, str], cwd: Path) -> turns.Times:
    times = turns.run(command, environ, cwd)
    if times is None:
        raise SystemExit(f"failed: {' '.join(command)}")
    return times


def script_for(backend: str, hook: str, place: Path) -> str:
    (place / "out").mkdir()
    code = HOOKS[hook].format(output=str(place / "out"))
    return SCRIPT.format(module=MODULES[backend], call=code, told=str(place / "told"))


def call(backend: str, hook: str, checkout: Path | None, place: Path) -> Costs:
    """One hook of one backend."""
    script = script_for(backend, hook, place)
    times = finished(
        [sys.executable, "-c", script],
        environment(checkout, place / "cache"),
        place / "source",
    )
    return Costs(times.wall, times.cpu, float((place / "told").read_text()))


def program() -> str:
    """CMake itself: what PyPI's package puts on PATH is a script that starts it."""
    script = "import cmake, os; print(os.path.join(cmake.CMAKE_BIN_DIR, 'cmake'))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "cmake"


def bare(cmake: str, place: Path) -> Costs:
    """The three commands, as the engine calls them."""
    source, build, target = place / "source", place / "build", place / "installed"
    configure = [
        cmake,
        "-S",
        str(source),
        "-B",
        str(build),
        "-G",
        "Ninja",
        "-DCMAKE_BUILD_TYPE=Release",
    ]
    configure += [
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DSKBUILD_PROJECT_NAME=plain",
        f"-DCMAKE_INSTALL_PREFIX={target}",
    ]
    environ = environment(None, place / "cache")
    steps = [
        finished(configure, environ, source),
        finished([cmake, "--build", str(build)], environ, source),
        finished(
            [cmake, "--install", str(build), "--prefix", str(target)], environ, source
        ),
    ]
    return Costs(sum(s.wall for s in steps), sum(s.cpu for s in steps), 0.0)


def measured(
    hook: str, project: Path, checkouts: Mapping[str, Path | None], runs: int
) -> dict[str, list[Costs]]:
    """Costs by who caused them. The first round fills the disk's cache and does not count."""
    cmake = program()
    names = [*checkouts, "bare"] if hook == "build_wheel" else [*checkouts]
    results: dict[str, list[Costs]] = {name: [] for name in names}
    for number in range(runs + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            with tempfile.TemporaryDirectory() as directory:
                place = Path(directory)
                shutil.copytree(project, place / "source", symlinks=True)
                costs = (
                    bare(cmake, place)
                    if name == "bare"
                    else call(name, hook, checkouts[name], place)
                )
            if number:
                results[name].append(costs)
    return results


def report(hook: str, results: dict[str, list[Costs]]) -> None:
    print(hook)
    floors = results.pop("bare", [Costs(0, 0, 0)] * len(results[OURS]))
    for kind in Costs._fields:
        beyond = {}
        for name, costs in results.items():
            beyond[name] = [
                getattr(c, kind) - getattr(f, kind)
                for c, f in zip(costs, floors, strict=True)
            ]
        middles = {name: statistics.median(values) for name, values in beyond.items()}
        told = ", ".join(
            f"{name} {middle * 1e3:.1f}" for name, middle in middles.items()
        )
        floor = statistics.median(getattr(f, kind) for f in floors)
        print(
            f"  {kind:4} ms: {told}"
            + (f"; bare cmake {floor * 1e3:.1f}" if floor else "")
        )
        for other in middles.keys() - {OURS}:
            print(f"       {OURS} / {other}: {middles[OURS] / middles[other]:.3f}")


def count(hook: str, project: Path, checkouts: Mapping[str, Path | None]) -> None:
    """Print the instructions of each backend's own process."""
    print(hook)
    counts: dict[str, int] = {}
    for name, checkout in checkouts.items():
        for _ in range(2):  # the first run writes byte code
            with tempfile.TemporaryDirectory() as directory:
                place = Path(directory)
                shutil.copytree(project, place / "source", symlinks=True)
                script, environ = (
                    script_for(name, hook, place),
                    environment(checkout, place / "cache"),
                )
                executed = turns.instructions(["-c", script], environ, place / "source")
            if executed is None:
                raise SystemExit(f"failed under valgrind: {name}")
            counts[name] = executed
        print(
            f"  {name:18} {counts[name] / 1e6:8.1f} million instructions, ratio {counts[name] / counts[ENGINE]:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "project",
        nargs="?",
        type=Path,
        default=turns.ROOT / "tests" / "projects" / "plain",
    )
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--hook", choices=HOOKS, action="append", help="only this one")
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions instead of seconds",
    )
    turns.option_before(parser)
    arguments = parser.parse_args()
    # scikit-build-core uses no checkout, but every import looks for its module in that directory first, and costs the same for all.
    checkouts: dict[str, Path | None] = {ENGINE: turns.ROOT, OURS: turns.ROOT}
    if arguments.before is not None:
        checkouts[OLDER] = arguments.before
    for hook in arguments.hook or HOOKS:
        if arguments.instructions:
            count(hook, arguments.project, checkouts)
            continue
        report(hook, measured(hook, arguments.project, checkouts, arguments.runs))


if __name__ == "__main__":
    main()
