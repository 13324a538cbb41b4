"""Reading the Mach-O files of wheels against macholib, and judging whole wheels against a check built on it.

    python benchmarks/reading_macho.py WHEEL...

Three ratios, medians over the wheels (each wheel's time being the best of several runs): truewheel's reader to macholib's
load commands alone, to macholib with its symbol tables, and reading and judging a wheel to unpacking it and asking
macholib for each file's deployment target, as delocate does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from delocate.delocating import _get_macos_min_version
from macholib.MachO import MachO
from macholib.SymbolTable import SymbolTable

from truewheel import formats
from truewheel.audit.verdict import check
from truewheel.model.binary import Format
from truewheel.system.wheels.reading import read_wheel

RUNS = 5


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def unpacked(wheel: Path, place: Path) -> list[Path]:
    """The wheel's Mach-O files, by themselves."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    found = []
    for path in (p for p in place.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            if formats.sniff(file.read(formats.HEAD)) is Format.MACHO:
                found.append(path)
    return found


def ours(files: Sequence[Path]) -> None:
    for path in files:
        formats.read(path.read_bytes())


def load_commands(files: Sequence[Path]) -> None:
    for path in files:
        MachO(str(path))


def symbol_tables(files: Sequence[Path]) -> None:
    for path in files:
        image = MachO(str(path))
        for header in image.headers:
            SymbolTable(image, header)


def deployment_targets(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        for path in unpacked(wheel, Path(place)):
            list(_get_macos_min_version(path))


def ratios(wheel: Path) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as place:
        files = unpacked(wheel, Path(place))
        own = seconds(lambda: ours(files))
        commands, tables = (
            seconds(lambda: load_commands(files)),
            seconds(lambda: symbol_tables(files)),
        )
    whole = seconds(lambda: check(read_wheel(wheel)))
    return (
        commands / own,
        tables / own,
        seconds(lambda: deployment_targets(wheel)) / whole,
    )


def main() -> None:
    measured = []
    for wheel in map(Path, sys.argv[1:]):
        measured.append(ratios(wheel))
        print(
            "load commands {:5.1f}  with symbols {:6.1f}  whole wheel {:5.1f}".format(
                *measured[-1]
            ),
            wheel.name,
        )
    if measured:
        commands, tables, whole = (
            statistics.median(column) for column in zip(*measured, strict=True)
        )
        print(
            f"{len(measured)} wheels, medians: {commands:.1f}, {tables:.1f}, {whole:.1f}"
        )


if __name__ == "__main__":
    main()
