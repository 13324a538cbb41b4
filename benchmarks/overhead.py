"""What a hook costs beyond CMake itself: truewheel's ``build_wheel`` and scikit-build-core's, minus the bare commands.

    python benchmarks/overhead.py [PROJECT]

Each is run in a process of its own, several times in turn; bare is ``cmake -S -B``, ``--build`` and ``--install`` with the
same cache entries. Prints medians of wall time and of CPU time (of the process and all that it starts; what a busy machine
tells best, but it counts what truewheel imports while CMake runs), and the ratios of the overheads. The project is
tests/projects/plain by default.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
RUNS = 11


class Times(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def timed(command: list[str], cwd: Path) -> Times:
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ["TRUEWHEEL_CACHE_DIR"] = str(cwd.parent / "cache")  # an empty one each time: these are builds from nothing
    environ["TRUEWHEEL_LAUNCHER"] = "off"  # an object cache has a price that CMake alone does not pay
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return Times(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


def hook(backend: str, source: Path, output: Path) -> Times:
    return timed([sys.executable, "-c", f"import {backend} as b; b.build_wheel({str(output)!r})"], source)


def program() -> str:
    """CMake itself: what PyPI's package puts on PATH is a script that starts it."""
    script = "import cmake, os; print(os.path.join(cmake.CMAKE_BIN_DIR, 'cmake'))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "cmake"


def bare(source: Path, place: Path) -> Times:
    """The three commands, as the engine calls them."""
    build, target = place / "build", place / "installed"
    cmake = program()
    configure = [cmake, "-S", str(source), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
    configure += [
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DSKBUILD_PROJECT_NAME=plain",
        f"-DCMAKE_INSTALL_PREFIX={target}",
    ]
    steps = [
        timed(configure, source),
        timed([cmake, "--build", str(build)], source),
        timed([cmake, "--install", str(build), "--prefix", str(target)], source),
    ]
    return Times(sum(s.wall for s in steps), sum(s.cpu for s in steps))


def main() -> None:
    project = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "projects" / "plain"
    results: dict[str, list[Times]] = {"bare": [], "scikit_build_core.build": [], "truewheel.backend": []}
    for _ in range(RUNS):
        for name, times in results.items():
            with tempfile.TemporaryDirectory() as directory:
                place = Path(directory)
                shutil.copytree(project, place / "source", symlinks=True)
                times.append(
                    bare(place / "source", place) if name == "bare" else hook(name, place / "source", place / "out")
                )
    for kind in Times._fields:
        medians = {name: statistics.median(getattr(t, kind) for t in times) for name, times in results.items()}
        floor = medians.pop("bare")
        print(f"{kind}: bare cmake {floor:.3f} s")
        for name, total in medians.items():
            print(f"  {name:24} {total:6.3f} s, overhead {total - floor:6.3f} s")
        ours, theirs = medians["truewheel.backend"] - floor, medians["scikit_build_core.build"] - floor
        print(f"  overhead, truewheel / scikit-build-core: {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
