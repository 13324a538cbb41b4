"""What the benchmarks share: runs that take turns, each in a process of its own, with this checkout or an older one.

A checkout is a directory with ``src/truewheel``; its processes find it through ``PYTHONPATH``, before one that is installed. Both are
used through hooks and commands alone, so that their modules may be called what they like.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Times(NamedTuple):
    """Seconds of wall time, and of CPU time of a process and all that it started."""

    wall: float
    cpu: float


def median(times: Sequence[Times]) -> Times:
    return Times(
        statistics.median(t.wall for t in times),
        statistics.median(t.cpu for t in times),
    )


def option_before(parser: argparse.ArgumentParser) -> None:
    """Add ``--before``."""
    parser.add_argument(
        "--before",
        type=_checkout,
        metavar="DIR",
        help="a checkout of an older truewheel, which takes turns with this one",
    )


def _checkout(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "src" / "truewheel").is_dir():
        raise argparse.ArgumentTypeError(f"{text} has no src/truewheel")
    return path


def environment(
    checkout: Path | None, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a process that uses ``checkout``; with ``None``, one that uses no truewheel.

    Byte code is kept: nobody compiles every module in each run.
    """
    found = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE"
    }
    found.update(more or {})
    if checkout is not None:
        inherited = found.get("PYTHONPATH", "")
        found["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(checkout / "src"), inherited])
        )
    return found


def run(
    command: Sequence[str], environ: Mapping[str, str], cwd: Path | None = None
) -> Times | None:
    """Run ``command`` in silence; ``None`` when it fails."""
    started = time.perf_counter()
    silence = subprocess.DEVNULL
    child = subprocess.Popen(
        command, cwd=cwd, env=environ, stdin=silence, stdout=silence, stderr=silence
    )
    _, status, usage = os.wait4(child.pid, 0)
    taken = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        return None
    return Times(taken, usage.ru_utime + usage.ru_stime)


def instructions(
    arguments: Iterable[str], environ: Mapping[str, str], cwd: Path | None = None
) -> int | None:
    """How many instructions this Python executes for ``arguments``, without those of what it starts; ``None`` when it fails.

    Counted by valgrind, so that it is the same on a busy machine, to some millionths. What the kernel does is not in it.
    """
    count = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        f"--cachegrind-out-file={os.devnull}",
    ]
    still = {**environ, "PYTHONHASHSEED": "0"}
    command = [*count, sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=still, capture_output=True, text=True, check=False
    )
    told = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or told is None:
        return None
    return int(told[1].replace(",", ""))


def python(arguments: Iterable[str], environ: Mapping[str, str]) -> Times | None:
    """Run this Python in silence; ``None`` when it fails."""
    return run([sys.executable, *arguments], environ)
