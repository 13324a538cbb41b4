"""``truewheel show`` against ``auditwheel show``, as processes, on the wheels that are named.

    python benchmarks/show.py WHEEL...

Runs take turns: Python doing nothing, truewheel, auditwheel. For each wheel the medians of wall time and of CPU time, how
many times faster truewheel is, and the same once more without what Python itself needs to start and stop; then the
medians over all wheels, and over the small and the large ones. CPU time is what a busy machine tells best. A wheel that
auditwheel refuses (one without binaries) is left out. For a small wheel, a tenth of auditwheel's time is about what Python takes
to do nothing, which the third figure is without.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

RUNS = 9
LARGE = 1_000_000
"""Bytes from which on a wheel counts as large."""


class Times(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


class Ratios(NamedTuple):
    """How many times faster; ``net`` is CPU time beyond what a bare Python takes."""

    wall: float
    cpu: float
    net: float


def run(arguments: list[str]) -> Times | None:
    """One run of this Python; ``None`` when it fails."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    silence = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, *arguments], environ, file_actions=silence)
    _, status, usage = os.wait4(child, 0)
    return None if status else Times(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


def median(times: list[Times]) -> Times:
    return Times(statistics.median(t.wall for t in times), statistics.median(t.cpu for t in times))


def compare(path: Path) -> Ratios | None:
    """Prints one line; ``None`` when one of the two fails."""
    commands = (["-c", "pass"], ["-m", "truewheel", "show", str(path)], ["-m", "auditwheel", "show", str(path)])
    if any(run(command) is None for command in commands):
        print(f"left out: {path.name}")
        return None
    rounds = [[run(command) for command in commands] for _ in range(RUNS)]
    bare, ours, theirs = (median([t for t in times if t]) for times in zip(*rounds, strict=True))
    ratios = Ratios(theirs.wall / ours.wall, theirs.cpu / ours.cpu, (theirs.cpu - bare.cpu) / (ours.cpu - bare.cpu))
    print(
        f"{ratios.wall:6.1f} wall {ratios.cpu:6.1f} CPU {ratios.net:6.1f} net  "
        f"(CPU {ours.cpu * 1e3:5.1f} ms, auditwheel {theirs.cpu * 1e3:6.1f} ms, Python {bare.cpu * 1e3:4.1f} ms)  {path.name}",
        flush=True,
    )
    return ratios


def summary(title: str, found: list[Ratios]) -> None:
    if found:
        wall, cpu, net = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"median of {len(found)} {title}: {wall:.1f} wall, {cpu:.1f} CPU, {net:.1f} without Python's own time")


def main() -> None:
    paths = sorted(map(Path, sys.argv[1:]), key=lambda p: p.stat().st_size)
    found = [(path.stat().st_size, ratios) for path in paths if (ratios := compare(path)) is not None]
    summary("wheels", [r for _, r in found])
    summary("small wheels", [r for size, r in found if size < LARGE])
    summary("large wheels", [r for size, r in found if size >= LARGE])


if __name__ == "__main__":
    main()
