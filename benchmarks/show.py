"""``truewheel show`` against ``auditwheel show``, as processes, on the wheels that are named.

    python benchmarks/show.py [--before DIR] [--runs 9] [--instructions] WHEEL...

Runs take turns: Python doing nothing, truewheel, auditwheel. For each wheel the medians of wall time and of CPU time, how
many times faster truewheel is, and the same once more without what Python itself needs to start and stop; then the
medians over all wheels, and over the small and the large ones. CPU time is what a busy machine tells best. A wheel that
auditwheel refuses (one without binaries) is left out. For a small wheel, a tenth of auditwheel's time is about what Python takes
to do nothing, which the third figure is without.

With ``--before``, an older truewheel takes its turns instead of auditwheel, and the figures are the times of this one, divided by the
older one's: no wheel is left out, and below 1 is faster. With ``--instructions``, what is counted are instructions, once, by valgrind, which no load
of the machine changes; the kernel's are left out.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import turns

LARGE = 1_000_000
"""Bytes from which on a wheel counts as large."""


class Ratios(NamedTuple):
    """How many times faster, or with ``--before`` how many times as long; ``net`` is CPU time beyond what a bare Python takes."""

    wall: float
    cpu: float
    net: float


class Contest(NamedTuple):
    """Who is compared.

    :param other: its name.
    :param theirs: its command, to which the wheel is added.
    :param environ: the variables that it runs with.
    :param as_long: whether ratios tell how many times as long we take.
    """

    other: str
    theirs: tuple[str, ...]
    environ: Mapping[str, str]
    as_long: bool


def compare(path: Path, contest: Contest, runs: int) -> Ratios | None:
    """Prints one line; ``None`` when one of the two fails."""
    here = turns.environment(turns.ROOT)
    commands = (
        (["-c", "pass"], here),
        (["-m", "truewheel", "show", str(path)], here),
        ([*contest.theirs, str(path)], contest.environ),
    )
    for command, environ in commands:
        if turns.python(command, environ) is None:
            print(f"left out: {path.name}")
            return None
    rounds = [
        [turns.python(command, environ) for command, environ in commands]
        for _ in range(runs)
    ]
    bare, ours, theirs = (
        turns.median([t for t in times if t]) for times in zip(*rounds, strict=True)
    )
    ratios = Ratios(
        theirs.wall / ours.wall,
        theirs.cpu / ours.cpu,
        (theirs.cpu - bare.cpu) / (ours.cpu - bare.cpu),
    )
    if contest.as_long:
        ratios = Ratios(*(1 / ratio for ratio in ratios))
    print(
        f"{ratios.wall:6.2f} wall {ratios.cpu:6.2f} CPU {ratios.net:6.2f} net  "
        f"(CPU {ours.cpu * 1e3:5.1f} ms, {contest.other} {theirs.cpu * 1e3:6.1f} ms, Python {bare.cpu * 1e3:4.1f} ms)  {path.name}",
        flush=True,
    )
    return ratios


def count(path: Path, contest: Contest) -> Ratios | None:
    """The same with instructions, in all three places; wall time is none, and is given as CPU time is."""
    here = turns.environment(turns.ROOT)
    turns.python(["-m", "truewheel", "show", str(path)], here)  # which writes byte code
    turns.python([*contest.theirs, str(path)], contest.environ)
    bare = turns.instructions(["-c", "pass"], here)
    ours = turns.instructions(["-m", "truewheel", "show", str(path)], here)
    theirs = turns.instructions([*contest.theirs, str(path)], contest.environ)
    if bare is None or ours is None or theirs is None:
        print(f"left out: {path.name}")
        return None
    whole, net = theirs / ours, (theirs - bare) / (ours - bare)
    if contest.as_long:
        whole, net = 1 / whole, 1 / net
    print(
        f"{whole:6.3f} of all, {net:6.3f} net  (millions: {ours / 1e6:.2f}, {contest.other} {theirs / 1e6:.2f}, "
        f"Python {bare / 1e6:.2f})  {path.name}",
        flush=True,
    )
    return Ratios(whole, whole, net)


def summary(title: str, found: list[Ratios]) -> None:
    if found:
        wall, cpu, net = (
            statistics.median(values) for values in zip(*found, strict=True)
        )
        print(
            f"median of {len(found)} {title}: {wall:.3f} wall, {cpu:.3f} CPU, {net:.3f} without Python's own time"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions instead of seconds",
    )
    turns.option_before(parser)
    arguments = parser.parse_args()
    contest = Contest(
        "auditwheel",
        ("-m", "auditwheel", "show"),
        turns.environment(None),
        as_long=False,
    )
    if arguments.before is not None:
        contest = Contest(
            "before",
            ("-m", "truewheel", "show"),
            turns.environment(arguments.before),
            as_long=True,
        )
    paths = sorted(arguments.wheels, key=lambda path: path.stat().st_size)
    found = []
    for path in paths:
        ratios = (
            count(path, contest)
            if arguments.instructions
            else compare(path, contest, arguments.runs)
        )
        if ratios is not None:
            found.append((path.stat().st_size, ratios))
    summary("wheels", [ratios for _, ratios in found])
    summary("small wheels", [ratios for size, ratios in found if size < LARGE])
    summary("large wheels", [ratios for size, ratios in found if size >= LARGE])


if __name__ == "__main__":
    main()
