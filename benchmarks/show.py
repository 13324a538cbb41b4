"""``truewheel show`` against ``auditwheel show``, as processes, on the wheels that are named.

    python benchmarks/show.py WHEEL...

Prints the median of several runs and the ratio for each wheel, and the median over them within one process.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from auditwheel.wheel_abi import analyze_wheel_abi

from truewheel.judge.verdict import check
from truewheel.system.wheelreader import read_wheel

RUNS = 5


def seconds(command: list[str]) -> float:
    """The median time of a command."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=environ)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def within(path: Path) -> tuple[float, float]:
    """Both analyses without the start of a process."""
    started = time.perf_counter()
    check(read_wheel(path))
    middle = time.perf_counter()
    analyze_wheel_abi(None, None, path, frozenset(), disable_isa_ext_check=False, allow_graft=False)
    return middle - started, time.perf_counter() - middle


def main() -> None:
    ratios, inside = [], []
    for path in map(Path, sys.argv[1:]):
        ours = seconds([sys.executable, "-m", "truewheel", "show", str(path)])
        theirs = seconds([sys.executable, "-m", "auditwheel", "show", str(path)])
        a, b = within(path)
        ratios.append(theirs / ours)
        inside.append(b / a)
        print(f"{theirs / ours:6.1f}  ({ours:.3f} s, auditwheel {theirs:.3f} s; in process {b / a:5.1f})  {path.name}")
    if ratios:
        print(f"median ratio: {statistics.median(ratios):.1f} as processes, {statistics.median(inside):.1f} in process")


if __name__ == "__main__":
    main()
