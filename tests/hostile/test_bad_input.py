"""Files that lie, made here and given to the real command: each gets its error, soon, and within bounded memory.

The bounds are those of the process (``RLIMIT_AS``, ``RLIMIT_CPU``), so that nothing can hide from them.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.zip_archives import directory, end_record, packed

resource = pytest.importorskip("resource", reason="limits are set as POSIX has them")

NAME = "p-1-py3-none-any.whl"
MEMORY = 1 << 30
"""Bytes of address space; the interpreter, its modules and the stacks of its threads take a third of it."""
SECONDS = 20
"""CPU time for one command: broken files take a part of a second on any machine, the largest here a few seconds."""
METADATA = b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


def truewheel(command: str, path: Path) -> Run:
    """Run a command in a process of its own, within limits; it must end without a traceback or a signal."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    run = subprocess.run(
        [sys.executable, "-m", "truewheel", command, path],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * SECONDS,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )
    assert run.returncode != -signal.SIGXCPU, "it took too long"
    assert run.returncode in (0, 1, 4), run.stderr
    assert "Traceback" not in run.stderr
    assert "not enough memory" not in run.stderr
    return Run(run.returncode, run.stdout, run.stderr)


def wheel(**members: bytes) -> bytearray:
    """Return a wheel with these files and an empty RECORD; ``a__b`` is the file ``a/b``."""
    named = {name.replace("__", "/"): content for name, content in members.items()}
    own = {
        "p-1.dist-info/METADATA": METADATA,
        "p-1.dist-info/WHEEL": WHEEL,
        "p-1.dist-info/RECORD": b"",
    }
    return packed({**named, **own})


# --- archives ---------------------------------------------------------------------------------------------------


def bomb_of_one_member() -> bytes:
    return wheel(p__zeros=bytes(400 << 20))


def bomb_that_looks_like_a_binary() -> bytes:
    return wheel(**{"p__m.abi3.so": b"\x7fELF\x02\x01\x01" + bytes(300 << 20)})


def bomb_of_many_small_ones() -> bytes:
    return wheel(**{f"p__{n}": bytes(2 << 20) for n in range(60)})


def bomb_of_overlapping_members() -> bytes:
    """Let the directory list one stream ten thousand times, as the best bombs do."""
    data = wheel(p__zeros=bytes(1 << 20))
    start, stop = directory(data), end_record(data)
    size = 46 + len("p/zeros")
    entries = []
    for number in range(10_000):
        entry = bytearray(data[start : start + size])
        entry[46:] = f"p/z{number:04}"[:7].encode()
        entries.append(bytes(entry))
    listed = b"".join(entries) + bytes(data[start:stop])
    changed = data[:start] + listed + data[stop:]
    struct.pack_into(
        "<HHII", changed, len(changed) - 14, 10_004, 10_004, len(listed), start
    )
    return bytes(changed)


def bomb_that_hides_its_size() -> bytes:
    data = wheel(p__zeros=bytes(300 << 20))
    struct.pack_into("<I", data, directory(data) + 24, 1000)
    return bytes(data)


def member_of_an_exabyte() -> bytes:
    data = wheel(p__a=b"x")
    start = directory(data)
    extra = struct.pack("<HHQ", 1, 8, 1 << 60)
    struct.pack_into("<I", data, start + 24, 0xFFFFFFFF)
    struct.pack_into("<H", data, start + 30, len(extra))
    changed = data[: start + 49] + extra + data[start + 49 :]
    struct.pack_into("<I", changed, len(changed) - 10, end_record(changed) - start)
    return bytes(changed)


def count_of_billions_in_zip64() -> bytes:
    data = wheel(p__a=b"x")
    place, start = end_record(data), directory(data)
    record = struct.pack(
        "<IQHHIIQQQQ",
        0x06064B50,
        44,
        45,
        45,
        0,
        0,
        1 << 40,
        1 << 40,
        place - start,
        start,
    )
    locator = struct.pack("<IIQI", 0x07064B50, 0, place, 1)
    return bytes(data[:place] + record + locator + data[place:])


def zip64_end_that_is_elsewhere() -> bytes:
    data = wheel(p__a=b"x")
    locator = struct.pack("<IIQI", 0x07064B50, 0, 1 << 62, 1)
    return bytes(data[: end_record(data)] + locator + data[end_record(data) :])


def encrypted() -> bytes:
    data = wheel(p__secret=b"x")
    for place in (0, directory(data)):
        struct.pack_into("<H", data, place + (8 if place else 6), 1)
    return bytes(data)


def multi_disk() -> bytes:
    data = wheel()
    struct.pack_into("<HH", data, end_record(data) + 4, 3, 1)
    return bytes(data)


def unknown_compression() -> bytes:
    data = wheel(p__a=b"x")
    for place in (0, directory(data)):
        struct.pack_into("<H", data, place + (10 if place else 8), 99)
    return bytes(data)


def directory_outside() -> bytes:
    data = wheel()
    struct.pack_into("<I", data, end_record(data) + 16, 0xFFFFFFF0)
    return bytes(data)


def record_that_is_no_csv() -> bytes:
    return packed({
        "p-1.dist-info/METADATA": METADATA, "p-1.dist-info/WHEEL": WHEEL,
        "p-1.dist-info/RECORD": b'"' + b"x" * 300_000 + b"\n\0,,\xb2,\xb2",
    })  # fmt: skip


def metadata_without_end() -> bytes:
    return packed({
        "p-1.dist-info/METADATA": METADATA + b"Requires-Dist: " + os.urandom(1 << 20).hex().encode() * 4,
        "p-1.dist-info/WHEEL": WHEEL * 10_000, "p-1.dist-info/RECORD": b"a,b,c\n" * 100_000,
    }, compression=zipfile.ZIP_STORED)  # fmt: skip


def names_that_collide() -> bytes:
    return wheel(**{f"p__{'a' * n}{'A' * (200 - n)}": b"" for n in range(200)})


def deep_names() -> bytes:
    return wheel(**{f"{'d/' * 30_000}{n}": b"" for n in range(20)})


ARCHIVES: dict[Callable[[], bytes], tuple[int, int, str]] = {
    bomb_of_one_member: (4, 4, "claims to hold"),
    bomb_that_looks_like_a_binary: (4, 4, "claims to hold"),
    bomb_of_many_small_ones: (4, 4, "claims to hold"),
    bomb_of_overlapping_members: (4, 4, "claims to hold"),
    bomb_that_hides_its_size: (0, 1, "its size is not 1000 bytes"),
    member_of_an_exabyte: (0, 1, "it claims 1152921504606846976 bytes"),
    count_of_billions_in_zip64: (4, 4, "outside of the file"),
    zip64_end_that_is_elsewhere: (4, 4, "ZIP64 end record is missing"),
    encrypted: (0, 1, "it is encrypted"),
    multi_disk: (4, 4, "multi-part archive"),
    unknown_compression: (0, 1, "compression method 99"),
    directory_outside: (4, 4, "outside of the file"),
    record_that_is_no_csv: (0, 1, "is not in RECORD"),
    metadata_without_end: (0, 1, "TW5"),
    names_that_collide: (0, 1, "TW501"),
    deep_names: (0, 1, "is not in RECORD"),
}
"""For each archive: what ``show`` and ``check`` return, and what ``check`` says."""


@pytest.mark.parametrize("make", ARCHIVES, ids=lambda m: m.__name__)
def test_a_broken_archive_gets_its_error(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    shown, checked, told = ARCHIVES[make]
    path = tmp_path / NAME
    path.write_bytes(make())
    assert truewheel("show", path).code == shown
    run = truewheel("check", path)
    assert run.code == checked
    assert told in run.out + run.err


def test_a_wheel_of_100_000_members_is_checked(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(wheel(**{f"p__{n}.py": b"" for n in range(100_000)}))
    assert truewheel("show", path).code == 0
    run = truewheel("check", path)
    assert run.code == 1
    assert "and 99952 more like these" in run.out


def test_an_archive_that_is_cut_off_is_told(tmp_path: Path) -> None:
    data = wheel(p__a=b"x" * 1000)
    path = tmp_path / NAME
    for place in (
        0,
        3,
        4,
        29,
        30,
        directory(data),
        directory(data) + 20,
        end_record(data),
        end_record(data) + 4,
        len(data) - 1,
    ):
        path.write_bytes(data[:place])
        for command in ("show", "check"):
            assert truewheel(command, path).code == 4, place


# --- binaries ---------------------------------------------------------------------------------------------------


def elf(*, offset: int, count: int) -> bytes:
    """Return a header that says it has ``count`` program headers at ``offset``, and as many sections."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    return head + struct.pack(
        "<HHIQQQIHHHHHH",
        3,
        62,
        1,
        0,
        offset,
        offset,
        0,
        64,
        56,
        count,
        64,
        count,
        count - 1,
    )


def fat(*slices: tuple[int, int], count: int | None = None) -> bytes:
    """Return a fat Mach-O header with slices at these offsets and of these sizes."""
    rows = b"".join(
        struct.pack(">IIIII", 0x01000007 + n, 3, place, size, 12)
        for n, (place, size) in enumerate(slices)
    )
    return (
        struct.pack(">II", 0xCAFEBABE, len(slices) if count is None else count) + rows
    )


def macho(*, commands: int, size: int, payload: bytes = b"") -> bytes:
    return (
        struct.pack("<IIIIIIII", 0xFEEDFACF, 0x01000007, 3, 6, commands, size, 0, 0)
        + payload
    )


def pe(*, at: int, sections: int = 1) -> bytes:
    head = b"MZ" + bytes(58) + struct.pack("<I", at)
    return (
        head
        + b"PE\0\0"
        + struct.pack("<HHIIIHH", 0x8664, sections, 0, 0, 0, 240, 0x2022)
        + b"\x0b\x02"
        + bytes(238)
    )


def archive_of(size: bytes) -> bytes:
    return (
        b"!<arch>\n"
        b"x/              0           0     0     644     " + size.ljust(10) + b"`\n"
    )


ONE = macho(commands=1, size=8, payload=struct.pack("<II", 0x19, 8))
BINARIES = {
    "ELF: magic only": b"\x7fELF",
    "ELF: identification only": b"\x7fELF\x02\x01\x01" + bytes(9),
    "ELF: header only": elf(offset=64, count=1),
    "ELF: tables beyond the end": elf(offset=1 << 62, count=0xFFFF),
    "ELF: 65,535 headers in nothing": elf(offset=0, count=0xFFFF),
    "ELF: tables in themselves": elf(offset=0, count=1) + bytes(100),
    "Mach-O: magic only": b"\xcf\xfa\xed\xfe",
    "Mach-O: header only": macho(commands=3, size=300),
    "Mach-O: four billion commands": macho(commands=0xFFFFFFFF, size=0xFFFFFFFF),
    "Mach-O: commands of no size": macho(commands=1000, size=8000, payload=bytes(8000)),
    "Mach-O: command larger than all": macho(
        commands=1, size=8, payload=struct.pack("<II", 0x19, 0xFFFFFFF0)
    ),
    "fat: four billion slices": fat(count=31) + bytes(100),
    "fat: overlapping slices": fat((4096, len(ONE)), (4096 + 8, len(ONE))).ljust(
        4096, b"\0"
    )
    + ONE
    + ONE,
    "fat: slices in the header": fat((0, 48), (0, 48)),
    "fat: slice of itself": fat((0, 28)),
    "fat: slices beyond the end": fat((1 << 31, 1 << 31)),
    "PE: stub only": b"MZ" + bytes(62),
    "PE: header beyond the end": pe(at=0xFFFFFFFF),
    "PE: header in itself": pe(at=0),
    "PE: 65,535 sections": pe(at=64, sections=0xFFFF),
    "wasm: magic only": b"\0asm",
    "wasm: version only": b"\0asm\1\0\0\0",
    "wasm: section beyond the end": b"\0asm\1\0\0\0\0\xff\xff\xff\xff\x0f",
    "wasm: number without end": b"\0asm\1\0\0\0" + b"\x80" * 1000,
    "wasm: four billion imports": b"\0asm\1\0\0\0\2\x06\xff\xff\xff\xff\x0f\0",
    "archive: magic only": b"!<arch>\n",
    "archive: member beyond the end": archive_of(b"9999999999"),
    "archive: member of negative size": archive_of(b"-60"),
}


@pytest.mark.parametrize("name", BINARIES)
def test_a_broken_binary_does_no_harm(name: str, tmp_path: Path) -> None:
    """Neither alone nor in a wheel: at most it gets an error."""
    path = tmp_path / "m.abi3.so"
    path.write_bytes(BINARIES[name])
    assert truewheel("show", path).code in (0, 4)
    whole = tmp_path / NAME
    whole.write_bytes(wheel(**{"p__m.abi3.so": BINARIES[name]}))
    assert truewheel("check", whole).code == 1
