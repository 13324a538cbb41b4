"""Patched files go into a wheel piece by piece, and the archive does not tell how they were cut."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel.model.edits import Kept, overwritten
from truewheel.model.errors import WheelError
from truewheel.system.wheels.blocks import BLOCK, InPieces
from truewheel.system.wheels.hashing import hash_of
from truewheel.system.wheels.opened_content import FileContent
from truewheel.system.wheels.patched import PatchedMember
from truewheel.system.wheels.zip_writer import Packer

CHANCE = random.Random(20261129)
CONTENT = bytes(CHANCE.choices(b"abcdefgh ", k=2 * BLOCK + 12345))


def packed(source: bytes | InPieces) -> bytes:
    """Return an archive with one member."""
    file = io.BytesIO()
    packer = Packer(file, epoch=0, workers=2)
    row = packer.add("a", source, executable=False)
    packer.close()
    with zipfile.ZipFile(file) as archive:
        assert row.digest == hash_of((archive.read("a"),))
    return file.getvalue()


def cut(content: bytes, places: list[int]) -> Iterator[bytes]:
    ends = [0, *sorted(places), len(content)]
    return (content[a:b] for a, b in itertools.pairwise(ends))


@settings(max_examples=20, deadline=None)
@given(
    places=st.lists(st.integers(0, len(CONTENT)), max_size=9),
    size=st.sampled_from([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, len(CONTENT)]),
)
def test_how_content_is_cut_into_pieces_changes_no_byte(
    places: list[int], size: int
) -> None:
    content = CONTENT[:size]
    pieces = cut(content, [min(place, size) for place in places])
    assert packed(InPieces(size, pieces)) == packed(content)


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_pieces_that_are_not_as_long_as_was_announced_are_told(size: int) -> None:
    with pytest.raises(
        WheelError, match=f"a has {len(CONTENT)} bytes instead of {size}"
    ):
        packed(InPieces(size, (CONTENT,)))


def test_a_patched_member_is_the_old_file_with_its_changes(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(CONTENT)
    pieces = overwritten(len(CONTENT), [(4, b"1234"), (BLOCK - 2, b"5678")])
    expected = bytearray(CONTENT)
    expected[4:8] = b"1234"
    expected[BLOCK - 2 : BLOCK + 2] = b"5678"
    with FileContent(tmp_path / "old") as old:
        member = PatchedMember("p/x.so", old, pieces, executable=True)
        assert member.size == len(CONTENT)
        assert member.head(10) == (bytes(expected[:10]), None)
        assert member.read() == expected
        file = io.BytesIO()
        packer = Packer(file, epoch=0)
        row = member.write_to(packer)
        packer.close()
    assert row.digest == hash_of((expected,))
    with zipfile.ZipFile(file) as archive:
        (info,) = archive.infolist()
        assert archive.read(info) == expected
        assert info.external_attr >> 16 == 0o100755


def test_an_old_file_that_became_shorter_is_told(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(CONTENT)
    with FileContent(path) as old:
        member = PatchedMember("p/x.so", old, (Kept(0, len(CONTENT)), b"more"))
        path.write_bytes(b"")
        assert member.head(4) == (b"", "it became shorter while it was read")
        with pytest.raises(WheelError, match=r"^p/x\.so cannot be written: it became"):
            member.write_to(Packer(io.BytesIO(), epoch=0))


REWRITES = """
import sys
from pathlib import Path
from truewheel.model.edits import overwritten
from truewheel.system.wheels.patched import PatchedMember
from truewheel.system.wheels.sources import WheelArchive
from truewheel.system.wheels.zip_reader import Archive
from truewheel.system.wheels.zip_writer import Packer

import concurrent.futures.thread  # which large members need
def peak():
    # Not ru_maxrss, which begins with the peak of the process that started this one (getrusage(2)).
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


before = peak()
with Archive(sys.argv[1]) as archive, open(sys.argv[2], "w+b") as file:
    packer = Packer(file, epoch=0, workers=2)
    patched, *others = WheelArchive(archive, "p-1.dist-info").members()
    with patched.content() as old:
        pieces = overwritten(len(old), [(64, b"changed")])
        PatchedMember(patched.name, old, pieces).write_to(packer)
    for other in others:
        other.write_to(packer)
    packer.close()
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak")
def test_a_large_member_is_patched_in_little_memory(tmp_path: Path) -> None:
    """The archive is larger than memory may grow, and so is each of its members."""
    block = CHANCE.randbytes(1 << 20)
    content = b"".join(bytes((number,)) + block[1:] for number in range(90))
    with zipfile.ZipFile(tmp_path / "old.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/patched.so", content, compresslevel=1)
        archive.writestr("p/other.so", content, compresslevel=1)
    command = [sys.executable, "-c", REWRITES, "old.whl", "new.whl"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 70_000  # KiB, where either member has 92,000
    with zipfile.ZipFile(tmp_path / "new.whl") as archive:
        assert archive.read("p/patched.so") == content[:64] + b"changed" + content[71:]
        assert archive.read("p/other.so") == content
