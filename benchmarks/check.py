"""``truewheel check`` of many wheels, against an older truewheel and against ``auditwheel show`` and ``abi3audit`` together.

    python benchmarks/check.py [--before DIR] [--runs 5] [--wheels 200] [--tools] FOLDER

Each is a process of its own, and they take turns. The wheels are taken evenly from those in the folder. Prints the median wall time
and CPU time (of a process and all that it started) of each, and the medians of the ratios, which are taken within each round: how
many times faster this truewheel is; then the fastest run of each, which was disturbed least. A busy machine leaves fewer cores to
processes side by side. On an idle one with two cores, wall time may be half of CPU time.

With ``--before``, an older truewheel checks the same wheels, which has to print the same; then both check the smallest one alone. With
``--tools``, the Linux wheels among them are checked, and given to ``auditwheel show``, one after the other as it wants them, and to
``abi3audit``, all at once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import turns
from turns import Times

FINDINGS_ARE_NO_FAILURE = (0, 1, 2, 4)


def run(command: Sequence[str], environ: Mapping[str, str], output: Path) -> Times:
    """Run a command, and keep what it prints. What it finds in a wheel is no failure of the run."""
    with output.open("wb") as file:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in FINDINGS_ARE_NO_FAILURE:
        raise SystemExit(f"{' '.join(command[:4])} …: exit code {child.returncode}")
    return Times(wall, usage.ru_utime + usage.ru_stime)


def check(checkout: Path, wheels: Sequence[Path], output: Path) -> Times:
    command = [sys.executable, "-m", "truewheel", "check", *map(str, wheels)]
    return run(command, turns.environment(checkout), output)


def tools(wheels: Sequence[Path], output: Path) -> Times:
    """``auditwheel show`` of each wheel, and ``abi3audit`` of all."""
    environ = turns.environment(None)
    commands = [
        [sys.executable, "-m", "auditwheel", "show", str(path)] for path in wheels
    ]
    commands.append([sys.executable, "-m", "abi3audit", *map(str, wheels)])
    taken = [run(command, environ, output) for command in commands]
    return Times(sum(t.wall for t in taken), sum(t.cpu for t in taken))


def compare(
    title: str,
    ours: Callable[[], Times],
    name: str,
    theirs: Callable[[], Times],
    runs: int,
) -> None:
    """Let both take turns, and print times and ratios. The first round does not count: files are read from disk in it."""
    rounds = []
    for number in range(runs + 1):
        # Who comes second finds what the first has left: they change places.
        if number % 2:
            mine, other = ours(), theirs()
        else:
            other, mine = theirs(), ours()
        if number:
            rounds.append((mine, other))
    print(title)
    for label, times in zip(
        ("truewheel", name), zip(*rounds, strict=True), strict=True
    ):
        middle = turns.median(times)
        fastest = min(t.wall for t in times)
        print(
            f"  {label:24} {middle.wall:8.3f} s  CPU {middle.cpu:8.3f} s  fastest {fastest:8.3f} s"
        )
    wall = statistics.median(other.wall / mine.wall for mine, other in rounds)
    cpu = statistics.median(other.cpu / mine.cpu for mine, other in rounds)
    fastest = min(other.wall for _, other in rounds) / min(
        mine.wall for mine, _ in rounds
    )
    print(
        f"  {'times faster':24} {wall:8.2f}        {cpu:8.2f}            {fastest:8.2f}",
        flush=True,
    )


def evenly(wheels: Sequence[Path], count: int) -> list[Path]:
    """So many of the wheels, from the first to the last."""
    if len(wheels) <= count:
        return list(wheels)
    return [wheels[number * len(wheels) // count] for number in range(count)]


def size_of(wheels: Sequence[Path]) -> str:
    megabytes = sum(path.stat().st_size for path in wheels) / 1e6
    return f"{len(wheels)} wheels, {megabytes:.1f} MB, {len(os.sched_getaffinity(0))} cores"


def against_older(wheels: Sequence[Path], before: Path, place: Path, runs: int) -> None:
    new, old = place / "new", place / "old"
    compare(
        size_of(wheels),
        lambda: check(turns.ROOT, wheels, new),
        "truewheel before",
        lambda: check(before, wheels, old),
        runs,
    )
    if new.read_bytes() != old.read_bytes():
        print("  they print different things")
    smallest = [min(wheels, key=lambda path: path.stat().st_size)]
    compare(
        smallest[0].name,
        lambda: check(turns.ROOT, smallest, new),
        "truewheel before",
        lambda: check(before, smallest, old),
        5 * runs,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--wheels", type=int, default=200)
    parser.add_argument(
        "--tools", action="store_true", help="against auditwheel and abi3audit"
    )
    turns.option_before(parser)
    arguments = parser.parse_args()
    wheels = evenly(sorted(arguments.folder.glob("*.whl")), arguments.wheels)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if arguments.before is not None:
            against_older(wheels, arguments.before, place, arguments.runs)
        if arguments.tools:
            linux = [path for path in wheels if "linux_" in path.name]
            compare(
                size_of(linux),
                lambda: check(turns.ROOT, linux, place / "new"),
                "auditwheel and abi3audit",
                lambda: tools(linux, place / "theirs"),
                arguments.runs,
            )


if __name__ == "__main__":
    main()
