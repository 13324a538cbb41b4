"""Reading PE images against pefile, with its import, delay import and export directories parsed as ours are.

    python benchmarks/reading_pe.py WHEEL...

Prints the median time of each over all images in the wheels (each image's own being the median of several runs), and
the median ratio.
"""

from __future__ import annotations

import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Iterator

import pefile

from truewheel import formats

RUNS = 5
DIRECTORIES = [
    pefile.DIRECTORY_ENTRY[f"IMAGE_DIRECTORY_ENTRY_{name}"]
    for name in ("EXPORT", "IMPORT", "DELAY_IMPORT")
]


def images(wheels: list[str]) -> Iterator[bytes]:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    if file.read(2) == b"MZ":
                        yield archive.read(name)


def seconds(reader: Callable[[bytes], object], data: bytes) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        reader(data)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def pefiles(data: bytes) -> object:
    image = pefile.PE(data=data, fast_load=True)
    image.parse_data_directories(DIRECTORIES)
    return image


def main() -> None:
    measured = [
        (seconds(formats.read, data), seconds(pefiles, data))
        for data in images(sys.argv[1:])
    ]
    if measured:
        print(
            f"{len(measured)} images: {statistics.median(a for a, _ in measured) * 1e3:.2f} ms, "
            f"pefile {statistics.median(b for _, b in measured) * 1e3:.2f} ms, "
            f"median ratio {statistics.median(b / a for a, b in measured):.1f}, "
            f"least {min(b / a for a, b in measured):.1f}"
        )


if __name__ == "__main__":
    main()
