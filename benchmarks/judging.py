"""Reading and judging a wheel in process against auditwheel's analysis, on the Linux wheels that are named.

    python benchmarks/judging.py WHEEL...

Prints the median time of each over the wheels (each wheel's own being the median of several runs), and the median ratio;
then the floor: what opening the archive and unpacking its binaries takes, before anything is read in them. Each runs as its
command does: truewheel without the search for cyclic garbage, auditwheel with it. Install the extra ``fast`` for it: with
zlib, unpacking takes twice as long.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from auditwheel.wheel_abi import NonPlatformWheelError, analyze_wheel_abi, get_wheel_elfdata

from truewheel import formats
from truewheel.audit.verdict import check
from truewheel.system.wheels.reading import read_wheel
from truewheel.system.wheels.zip_reader import Archive

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


def unpacked(path: Path) -> object:
    with Archive(path) as archive:
        return [archive.read(i) for i in archive.items if formats.sniff(archive.head(i, formats.HEAD)[0])]


def auditwheels(path: Path) -> object:
    get_wheel_elfdata.cache_clear()  # it remembers wheels, and would be timed remembering
    try:
        return analyze_wheel_abi(None, None, path, frozenset(), disable_isa_ext_check=False, allow_graft=False)
    except NonPlatformWheelError:
        return None


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]]
    measured = [(seconds(ours, path), seconds(unpacked, path), seconds(auditwheels, path)) for path in paths]
    if measured:
        judged, floor, theirs = (statistics.median(times) * 1e3 for times in zip(*measured, strict=True))
        print(
            f"{len(measured)} wheels: {judged:.1f} ms, auditwheel {theirs:.1f} ms, "
            f"median ratio {statistics.median(c / a for a, _, c in measured):.1f}; "
            f"floor {floor:.1f} ms, ratio {statistics.median(c / b for _, b, c in measured):.1f}"
        )


if __name__ == "__main__":
    main()
