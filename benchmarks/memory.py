"""Memory and time of ``truewheel check`` on large wheels, beside ``auditwheel show``, each a process of its own.

    python benchmarks/memory.py [--before DIR] [--runs 3] [--megabytes 1000] [WHEEL...]

Runs take turns. For each wheel: the highest memory that was resident (``ru_maxrss``, which counts mapped files as well), wall
time and CPU time of both, medians, and their ratios. Without a wheel, one is made: of two libraries that the compiler
makes here, filled up with what this machine's own libraries hold, to so many megabytes unpacked. With ``--before``, an older
truewheel takes its turns instead of auditwheel.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import turns

MEGABYTE = 1_000_000
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that ``ru_maxrss`` counts in."""
FUNCTIONS = 50_000
"""Symbols that each made library exports."""


class Used(NamedTuple):
    """Bytes of memory at its highest, and seconds."""

    memory: float
    wall: float
    cpu: float


def run(command: Sequence[str], environ: Mapping[str, str]) -> Used:
    """Run a command in silence. What it finds in a wheel is no failure of the run."""
    silence = subprocess.DEVNULL
    started = time.perf_counter()
    child = subprocess.Popen(command, env=environ, stdout=silence, stderr=silence)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}")
    return Used(usage.ru_maxrss * UNIT, wall, usage.ru_utime + usage.ru_stime)


def middle(runs: Sequence[Used]) -> Used:
    return Used(*(statistics.median(values) for values in zip(*runs, strict=True)))


def compare(wheel: Path, before: Path | None, runs: int) -> None:
    """Print what both take, and the ratios."""
    check = [sys.executable, "-m", "truewheel", "check", str(wheel)]
    ours = check, turns.environment(turns.ROOT)
    if before is None:
        other = "auditwheel"
        show = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
        theirs = show, turns.environment(None)
    else:
        other = "before"
        theirs = check, turns.environment(before)
    rounds = [(run(*ours), run(*theirs)) for _ in range(runs)]
    mine, others = (middle(used) for used in zip(*rounds, strict=True))
    print(f"{wheel.name}, {wheel.stat().st_size / MEGABYTE:.0f} MB")
    for name, used in (("truewheel", mine), (other, others)):
        print(
            f"  {name:10} {used.memory / MEGABYTE:7.1f} MB  {used.wall:7.2f} s  CPU {used.cpu:6.2f} s"
        )
    print(
        f"  ratio      {others.memory / mine.memory:7.2f}     {others.wall / mine.wall:7.2f}        {others.cpu / mine.cpu:6.2f}",
        flush=True,
    )


# --- a wheel to measure on ------------------------------------------------------------------------------------------


def filling() -> Iterator[bytes]:
    """Yield this machine's own libraries, over and over, none twice the same."""
    libraries = sorted(
        path
        for path in Path("/usr/lib").rglob("*.so*")
        if path.is_file() and not path.is_symlink()
    )
    for number in range(1_000_000):
        for library in libraries:
            yield number.to_bytes(8, "little")
            yield library.read_bytes()


def library(place: Path, name: str, size: int) -> Path:
    """Compile a library with many exports, and append to it until it has ``size`` bytes."""
    source = place / f"{name}.c"
    lines = [
        f"int {name}_function_with_a_long_name_{number}(void) {{ return {number}; }}"
        for number in range(FUNCTIONS)
    ]
    source.write_text("\n".join(lines))
    made = place / f"{name}.so"
    subprocess.run(
        [
            os.environ.get("CC", "cc"),
            "-shared",
            "-fPIC",
            "-O0",
            "-o",
            str(made),
            str(source),
        ],
        check=True,
    )
    with made.open("ab") as file:
        for piece in filling():
            if file.tell() >= size:
                break
            file.write(piece)
    return made


def made_wheel(place: Path, megabytes: int) -> None:
    """Write a wheel of two libraries that together have so many megabytes."""
    tag = "py3-none-linux_x86_64"
    path = place / f"large-1-{tag}.whl"
    home = "large-1.dist-info"
    texts = {
        f"{home}/METADATA": "Metadata-Version: 2.1\nName: large\nVersion: 1\n",
        f"{home}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n",
    }
    record = [f"{home}/RECORD,,"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("first", "second"):
            file = library(place, name, megabytes * MEGABYTE // 2)
            archive.write(file, f"large/{name}.so")
            with file.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").digest()
            digest = base64.urlsafe_b64encode(found).rstrip(b"=").decode()
            record.append(
                f"large/{name}.so,sha256={digest},{file.stat().st_size}",
            )
            file.unlink()
        for name, text in texts.items():
            found = hashlib.sha256(text.encode()).digest()
            digest = base64.urlsafe_b64encode(found).rstrip(b"=").decode()
            archive.writestr(name, text)
            record.append(f"{name},sha256={digest},{len(text)}")
        archive.writestr(f"{home}/RECORD", "\n".join(record) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("wheels", nargs="*", type=Path, metavar="WHEEL")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    turns.option_before(parser)
    arguments = parser.parse_args()
    if arguments.make is not None:
        made_wheel(arguments.make, arguments.megabytes)
        return
    for wheel in arguments.wheels:
        compare(wheel, arguments.before, arguments.runs)
    if not arguments.wheels:
        with tempfile.TemporaryDirectory() as name:
            # In a process of its own: what this one had in memory would count for each that it starts.
            size = ["--megabytes", str(arguments.megabytes)]
            subprocess.run(
                [sys.executable, __file__, "--make", name, *size], check=True
            )
            (wheel,) = Path(name).glob("*.whl")
            compare(wheel, arguments.before, arguments.runs)


if __name__ == "__main__":
    main()
