"""Compiled libraries with a damaged range of bytes: what glibc loads all the same is not called broken.

``TRUEWHEEL_SEED`` repeats a run, ``TRUEWHEEL_EXTENDED=1`` makes it long. The other way round cannot hold: glibc trusts what it
reads, and only finds out by a fault.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from support import needs
from support.checks import with_code
from support.facts import package
from support.glibc_loader import glibc_loader
from truewheel.checks import check_tree
from truewheel.model.contents import File
from truewheel.model.finding import Severity
from truewheel.system.wheels.reading import read_binary

MODULE = "p/_m.cpython-313-x86_64-linux-gnu.so"
SOURCE = """
#include <stdio.h>
#include <string.h>
int shared_value = 3;
const char *names[] = {"one", "two"};
__thread int per_thread;
__attribute__((weak)) extern int may_be_missing(void);
int next(void) { return shared_value++ + per_thread; }
int PyInit__m(void) { return printf("%s", names[1]) + next() + (int)strlen(names[0]); }
int ask(void) { return may_be_missing ? may_be_missing() : 0; }
"""
VERSIONS = (
    "V1 { global: next; PyInit__m; ask; }; V2 { global: shared_value; local: *; } V1;"
)
FLAGS = {
    "as linkers do": ("-Wl,-soname,libm.so", "-Wl,-rpath,$ORIGIN/x"),
    "with versions": ("-Wl,--version-script=v.map", "-Wl,--hash-style=both", "-g"),
    "with the older hash table": ("-Wl,--hash-style=sysv", "-s"),
    "small": ("-Wl,--hash-style=gnu", "-s", "-Wl,-z,now,-z,noseparate-code"),
    "without exports": ("-Wl,--version-script=none.map", "-Wl,--hash-style=gnu"),
}
HEADERS = 0x800
"""Bytes at either end of a file in which headers and tables stand: most of the damage is done there."""


def compiled(place: Path) -> list[bytes]:
    """Return a library for each way to link it, and one that patchelf has changed."""
    (place / "m.c").write_text(SOURCE)
    (place / "v.map").write_text(VERSIONS)
    (place / "none.map").write_text("{ local: *; };")
    found = []
    for flags in FLAGS.values():
        command = ["gcc", "-shared", "-fPIC", "-o", "m.so", "m.c", *flags]
        needs.program("gcc")
        subprocess.run(command, check=True, capture_output=True, cwd=place)
        found.append((place / "m.so").read_bytes())
    patchelf = [needs.program("patchelf"), "--set-rpath", "/long" * 50, "m.so"]
    subprocess.run(patchelf, check=True, capture_output=True, cwd=place)
    found.append((place / "m.so").read_bytes())
    return found


def damaged(chance: random.Random, sound: Sequence[bytes]) -> bytes:
    """Return a library of which one range of bytes is something else."""
    data = bytearray(chance.choice(sound))
    size = chance.choice((1, 1, 2, 4, 8, 8, 16, 24, 64, 200))
    at_the_end = len(data) - chance.randrange(min(HEADERS, len(data))) - 1
    where = chance.choice(
        (chance.randrange(len(data)), chance.randrange(HEADERS), at_the_end)
    )
    other = chance.randrange(len(data))
    new = chance.choice(
        (
            chance.randbytes(size),
            bytes(size),
            b"\xff" * size,
            bytes(data[other : other + size]),
        )
    )
    new = new[: len(data) - where]
    data[where : where + len(new)] = new
    return bytes(data)


def is_called_broken(data: bytes) -> bool:
    """Whether a module with these bytes has an error for that."""
    binary, broken = read_binary(data)
    file = File(path=MODULE, size=len(data), binary=binary, broken=broken)
    findings = with_code("TW517", check_tree(package(file)))
    return any(finding.severity is Severity.ERROR for finding in findings)


def damage(place: Path, rounds: int, seed: int) -> tuple[int, int]:
    """Damage libraries; return how many were called broken and how many of these the loader was right to refuse."""
    chance = random.Random(seed)
    sound = compiled(place)
    called, refused = 0, 0
    with glibc_loader(place) as loader:
        assert all(loader.takes(data) for data in sound)
        assert not any(is_called_broken(data) for data in sound)
        for number in range(rounds):
            data = damaged(chance, sound)
            if not is_called_broken(data):
                continue
            called += 1
            if loader.takes(data):
                kept = place / f"taken{number}.so"
                kept.write_bytes(data)
                print("TRUEWHEEL_SEED", seed, kept, read_binary(data)[1])
            else:
                refused += 1
    return called, refused


def test_what_glibc_loads_is_not_called_broken(tmp_path: Path) -> None:
    seed = int(os.environ.get("TRUEWHEEL_SEED", "20261129"))
    called, refused = damage(tmp_path, 8_000, seed)
    assert called > 20
    assert refused == called


@pytest.mark.extended
@pytest.mark.slow
def test_what_glibc_loads_is_not_called_broken_in_a_long_run(tmp_path: Path) -> None:
    seed = int(os.environ.get("TRUEWHEEL_SEED", random.randrange(2**32)))
    called, refused = damage(tmp_path, 400_000, seed)
    assert called > 1000
    # A damaged address may lead into the file by luck, at another place: then there is something to read.
    assert called - refused <= called // 1000
