"""Reading and judging a wheel in process against auditwheel's analysis, on the Linux wheels that are named.

    python benchmarks/judging.py WHEEL...

Prints the median time of each over the wheels (each wheel's own being the median of several runs), and the median ratio.
Each runs as its command does: truewheel without the search for cyclic garbage, auditwheel with it.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from auditwheel.wheel_abi import NonPlatformWheelError, analyze_wheel_abi, get_wheel_elfdata

from truewheel.judge.verdict import check
from truewheel.system.wheelreader import read_wheel

RUNS = 5


def seconds(analysis: Callable[[Path], object], path: Path) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        analysis(path)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def ours(path: Path) -> object:
    gc.disable()
    try:
        return check(read_wheel(path))
    finally:
        gc.enable()


def auditwheels(path: Path) -> object:
    get_wheel_elfdata.cache_clear()  # it remembers wheels, and would be timed remembering
    try:
        return analyze_wheel_abi(None, None, path, frozenset(), disable_isa_ext_check=False, allow_graft=False)
    except NonPlatformWheelError:
        return None


def main() -> None:
    measured = [(seconds(ours, path), seconds(auditwheels, path)) for path in map(Path, sys.argv[1:])]
    if measured:
        print(
            f"{len(measured)} wheels: {statistics.median(a for a, _ in measured) * 1e3:.1f} ms, "
            f"auditwheel {statistics.median(b for _, b in measured) * 1e3:.1f} ms, "
            f"median ratio {statistics.median(b / a for a, b in measured):.1f}"
        )


if __name__ == "__main__":
    main()
