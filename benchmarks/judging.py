"""Reading and judging a wheel against auditwheel's analysis, on the Linux wheels that are named; without what it takes to start.

    python benchmarks/judging.py [--before DIR] [--runs 5] WHEEL...

Each has a process of its own that has everything imported, and is sent one wheel after the other; they take turns. truewheel
is called as its command ``show`` is, which prints what it found, and without the search for cyclic garbage; auditwheel's analysis is
called as its command does, with that search. Prints the median CPU time of each over the wheels (each wheel's own being that of the
fastest of several runs, for a busy machine only adds), and the median ratios; then the floor: what opening the archive and unpacking its binaries takes, before
anything is read in them. With ``--before``, an older truewheel takes its turns as well: below 1 is faster. Install the extra ``fast`` for
it: with zlib, unpacking takes twice as long.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import turns

OURS, OLDER, FLOOR, THEIRS = "truewheel", "truewheel before", "floor", "auditwheel"


def shown() -> Callable[[str], object]:
    """``truewheel show``."""
    from truewheel.cli import main as command  # of one checkout or the other

    gc.disable()
    return lambda path: command(["show", path])


def unpacked() -> Callable[[str], object]:
    """The archive opened and its binaries unpacked; with this checkout alone, whose modules are named here."""
    from truewheel import formats
    from truewheel.system.wheels.zip_reader import Archive

    gc.disable()

    def work(path: str) -> object:
        with Archive(path) as archive:
            return [
                archive.read(i)
                for i in archive.items
                if formats.sniff(archive.head(i, formats.HEAD)[0])
            ]

    return work


def analyzed() -> Callable[[str], object]:
    """auditwheel's analysis."""
    from auditwheel.wheel_abi import (
        NonPlatformWheelError,
        analyze_wheel_abi,
        get_wheel_elfdata,
    )

    def work(path: str) -> object:
        get_wheel_elfdata.cache_clear()  # it remembers wheels, and would be timed remembering
        with contextlib.suppress(NonPlatformWheelError):
            return analyze_wheel_abi(
                None,
                None,
                Path(path),
                frozenset(),
                disable_isa_ext_check=False,
                allow_graft=False,
            )

    return work


KINDS = {OURS: shown, OLDER: shown, FLOOR: unpacked, THEIRS: analyzed}


def serve(kind: str) -> None:
    """Read names of wheels from standard input, and answer each with the seconds of CPU time that it took."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    work = KINDS[kind]()
    for line in sys.stdin:
        started = time.process_time()
        work(line.rstrip("\n"))
        print(time.process_time() - started, file=answers, flush=True)


class Worker:
    """A process that serves."""

    def __init__(self, kind: str, checkout: Path | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", kind],
            env=turns.environment(checkout),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, path: Path) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(path.resolve(), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measured(path: Path, workers: dict[str, Worker], runs: int) -> dict[str, float]:
    """Seconds of each for one wheel, in its fastest run. The first round does not count: modules are imported in it."""
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    names = list(workers)
    for number in range(runs + 1):
        first = number % len(names)  # who comes first finds colder caches
        for name in names[first:] + names[:first]:
            taken = workers[name].seconds(path)
            if number:
                seconds[name].append(taken)
    return {name: min(times) for name, times in seconds.items()}


def report(found: list[dict[str, float]]) -> None:
    print(f"{len(found)} wheels")
    for name in found[0]:
        middle = statistics.median(times[name] for times in found)
        ratio = statistics.median(times[OURS] / times[name] for times in found)
        total = sum(times[OURS] for times in found) / sum(
            times[name] for times in found
        )
        print(
            f"{name:16} {middle * 1e3:7.2f} ms; truewheel takes {ratio:.3f} of it (median), {total:.3f} (all wheels)"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("wheels", nargs="*", type=Path, metavar="WHEEL")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    turns.option_before(parser)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    workers = {OURS: Worker(OURS, turns.ROOT)}
    if arguments.before is not None:
        workers[OLDER] = Worker(OLDER, arguments.before)
    workers[FLOOR] = Worker(FLOOR, turns.ROOT)
    workers[THEIRS] = Worker(THEIRS, None)
    try:
        report([measured(path, workers, arguments.runs) for path in arguments.wheels])
    finally:
        for worker in workers.values():
            worker.close()


if __name__ == "__main__":
    main()
