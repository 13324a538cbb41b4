"""Reading wheels with suspicion, and keeping no more of them than is needed."""

from __future__ import annotations

import gc
import random
import struct
import subprocess
import sys
import weakref
import zipfile
from pathlib import Path

import pytest

from support import fuzzing
from support.small_wheels import METADATA, small_wheel
from support.zip_archives import directory, end_record, packed
from truewheel.model.errors import WheelError
from truewheel.system.wheels import reading
from truewheel.system.wheels.reading import read_binary, read_wheel

NAME = "p-1-py3-none-any.whl"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel without a fault, to be changed."""
    return small_wheel(tmp_path / NAME, {"a": b"a" * 500, "b": b"b"})


# --- files that are not wheels ------------------------------------------------------------------------------------


def test_a_wheel_that_is_cut_off_anywhere_is_told(wheel: Path) -> None:
    data = wheel.read_bytes()
    for length in range(0, len(data) - 1, 7):
        wheel.write_bytes(data[:length])
        with pytest.raises(WheelError):
            read_wheel(wheel)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(18),
        b"\x7fELF" + bytes(100),
    ],
)
def test_a_file_that_is_not_an_archive_is_told_with_its_name(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(WheelError) as caught:
        read_wheel(tmp_path / NAME)
    assert NAME in str(caught.value)


def test_a_directory_or_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(WheelError, match="cannot be read"):
        read_wheel(tmp_path)
    with pytest.raises(WheelError, match="cannot be read"):
        read_wheel(tmp_path / "absent.whl")


def test_a_part_of_a_larger_archive_is_refused(wheel: Path) -> None:
    data = bytearray(wheel.read_bytes())
    struct.pack_into("<H", data, end_record(data) + 4, 1)
    wheel.write_bytes(data)
    with pytest.raises(WheelError, match="multi-part"):
        read_wheel(wheel)


def test_an_archive_without_dist_info_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed({"p.py": b""}))
    with pytest.raises(WheelError, match=r"no \.dist-info"):
        read_wheel(tmp_path / NAME)


# --- wheels with faults -------------------------------------------------------------------------------------------


def test_a_missing_record_is_a_fact(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed({"p-1.dist-info/METADATA": METADATA}))
    assert read_wheel(tmp_path / NAME).record is None


@pytest.mark.parametrize(
    ("offset", "value", "problem"),
    [
        (8, b"\x01", "encrypted"),
        (10, b"\x63", "contradicts"),
        (16, b"\0\0\0\0", "CRC"),
        (20, b"\xff\xff\0\0", "overlaps"),
        (24, b"\xff\xff\xff\x0f", "claims"),
        (42, b"\x05\0\0\0", "not where"),
    ],
    ids=["flags", "method", "CRC", "compressed size", "size", "offset"],
)
def test_a_lie_about_a_member_is_its_problem(
    wheel: Path, offset: int, value: bytes, problem: str
) -> None:
    data = bytearray(wheel.read_bytes())
    place = directory(data) + offset
    data[place : place + len(value)] = value
    wheel.write_bytes(data)
    problems = [
        member.problem
        for member in read_wheel(wheel, digests=True).members
        if member.problem
    ]
    assert problem in problems[0]


def test_a_bomb_that_hides_its_size_is_not_unpacked(tmp_path: Path) -> None:
    members = {
        "bomb.so": b"\x7fELF" + bytes(50_000_000),
        "p-1.dist-info/METADATA": METADATA,
    }
    data = packed(members, compression=zipfile.ZIP_DEFLATED)
    struct.pack_into("<I", data, directory(data) + 24, 1_000_000)
    (tmp_path / NAME).write_bytes(data)
    bomb = read_wheel(tmp_path / NAME).members[0]
    assert "is not 1000000 bytes as stated" in str(bomb.problem)


# --- what is kept -------------------------------------------------------------------------------------------------


class Content(bytearray):
    """A file in memory that tells when it is gone."""


@pytest.mark.parametrize(
    "broken",
    [
        b"\x7fELF\x09" + bytes(99),
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQ", 3, 62, 1, 0, 64, 1 << 40),
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0\x64\x86",
        b"\xcf\xfa\xed\xfe" + bytes(8),
    ],
    ids=["ELF class", "ELF sections", "PE", "Mach-O"],
)
def test_the_error_of_a_broken_file_does_not_keep_the_file_in_memory(
    broken: bytes,
) -> None:
    content = Content(broken)
    alive = weakref.ref(content)
    binary, error = read_binary(content)
    assert binary is None
    assert error is not None
    del content
    gc.collect()
    assert alive() is None


def test_a_large_binary_says_the_same_as_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts, hashes and problems: it is only read in another way."""
    for kind, seeds in fuzzing.seeds().items():
        if kind == fuzzing.WHEEL:
            continue
        path = tmp_path / f"p-1-{kind}-none-any.whl"
        whole = bytearray(fuzzing.wheel_of(seeds[0]))
        for broken in (False, True):
            if broken:
                # The last byte of the first member's CRC, as the directory has it.
                whole[directory(whole) + 19] ^= 1
            path.write_bytes(whole)
            for digests in (False, True):
                monkeypatch.setattr(reading, "_LARGE_BINARY", 1 << 40)
                in_memory = read_wheel(path, digests=digests)
                monkeypatch.setattr(reading, "_LARGE_BINARY", 1)
                monkeypatch.setattr(reading, "_SMALL", 0)
                opened = read_wheel(path, digests=digests)
                monkeypatch.undo()
                assert repr(opened) == repr(in_memory)
                assert opened.members == in_memory.members
                files = zip(
                    opened.contents.files, in_memory.contents.files, strict=True
                )
                for ours, theirs in files:
                    assert ours.binary == theirs.binary
        assert any(member.problem for member in opened.members)


def test_a_wheel_with_a_large_binary_is_read_in_little_memory(tmp_path: Path) -> None:
    block = random.Random(20261129).randbytes(1 << 20)
    elf = fuzzing.seeds()["ELF"][0]
    content = elf + b"".join(bytes((number,)) + block[1:] for number in range(150))
    path = small_wheel(tmp_path / "p-1-py3-none-linux_x86_64.whl", {"p/x.so": content})
    program = (
        "import sys\n"
        "from truewheel.system.wheels.reading import read_wheel\n"
        "from truewheel.formats.elf import read\n"
        "from truewheel.system.wheels import hashing, opened_content, workers\n"
        # Not ru_maxrss, which begins with the peak of the process that started this one (getrusage(2)).
        "def peak():\n"
        "    with open('/proc/self/status') as status:\n"
        "        return next(int(row.split()[1]) for row in status if row.startswith('VmHWM:'))\n"
        "before = peak()\n"
        "assert read_wheel(sys.argv[1], digests=True).contents.files[-1].binary\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) * 1024 < 60 << 20
