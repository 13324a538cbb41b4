"""Wheels on disk: written whole and alike, read with suspicion, renamed without recompression."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import needs
from truewheel.model.errors import TruewheelError, WheelError
from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.model.wheel_name import WheelName
from truewheel.system.host import source_date_epoch
from truewheel.system.wheels import zip_writer as packing
from truewheel.system.wheels.reading import read_wheel
from truewheel.system.wheels.sources import StagedTree
from truewheel.system.wheels.writing import retag_wheel
from truewheel.system.wheels.writing import write as write_wheel

NAME = WheelName(name="p", version="1", interpreters=("py3",), abis=("none",), platforms=("any",))
FILES = {"METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"}


def tree(**files: bytes) -> Tree:
    return Tree(entries=tuple(Entry(scheme=Scheme.LIB, path=n.replace("__", "/"), source=c) for n, c in files.items()))


def write(place: Path, entries: Tree, **more: object) -> Path:
    source = StagedTree(entries, "p-1.dist-info")
    return write_wheel(source, place, name=NAME, purelib=True, files=FILES, **more).path  # type: ignore[arg-type]


def test_layout_of_the_archive(tmp_path: Path) -> None:
    entries = Tree(entries=(
        Entry(scheme=Scheme.LIB, path="z.py", source=b"z"),
        Entry(scheme=Scheme.LIB, path="a/b.py", source=b"b"),
        Entry(scheme=Scheme.SCRIPTS, path="tool", source=b"#!python\n", executable=True),
        Entry(scheme=Scheme.DATA, path="etc/p.conf", source=b""),
        Entry(scheme=Scheme.HEADERS, path="p.h", source=b"int p;"),
        Entry(scheme=Scheme.DIST_INFO, path="licenses/L", source=b"l"),
    ))  # fmt: skip
    with zipfile.ZipFile(write(tmp_path, entries)) as archive:
        infos = archive.infolist()
        assert [i.filename for i in infos] == [
            "a/b.py", "p-1.data/data/etc/p.conf", "p-1.data/headers/p.h", "p-1.data/scripts/tool", "z.py",
            "p-1.dist-info/METADATA", "p-1.dist-info/WHEEL", "p-1.dist-info/licenses/L", "p-1.dist-info/RECORD",
        ]  # fmt: skip
        assert {oct(i.external_attr >> 16) for i in infos} == {"0o100644", "0o100755"}
        assert {i.date_time for i in infos} == {(2020, 2, 2, 0, 0, 0)}
        assert archive.testzip() is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-zé]{1,8}(/[a-z]{1,8})?\.(py|so)", fullmatch=True),
        st.binary(max_size=3000),
        min_size=1,
        max_size=6,
    ),
    repeat=st.integers(1, 500),
)
def test_law_what_is_written_is_read(tmp_path: Path, files: dict[str, bytes], repeat: int) -> None:
    tops = {n for n in files if "/" not in n}
    files = {n: c * repeat for n, c in files.items() if n.split("/")[0] not in tops or n in tops}
    entries = [Entry(scheme=Scheme.LIB, path=n, source=c) for n, c in files.items()]
    path = write(tmp_path, Tree(entries=tuple(entries)), workers=2)
    first = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {n: archive.read(n) for n in files} == files
    again = write(tmp_path, Tree(entries=tuple(reversed(entries))), workers=1)
    assert again.read_bytes() == first
    facts = read_wheel(path, digests=True)
    record = {r.path: r.digest for r in facts.record or ()}
    assert all(m.problem is None and record[m.name] in (m.sha256, None) for m in facts.members)
    assert len(record) == len(facts.members)


def test_large_members_are_cut_into_blocks_that_make_one_stream(tmp_path: Path) -> None:
    content = b"".join(struct.pack("<I", n * n % 65521) for n in range(3 * packing.BLOCK // 4 + 5))
    (tmp_path / "big.bin").write_bytes(content)
    paths = []
    for workers in (1, 4):
        entries = Tree(entries=(Entry(scheme=Scheme.LIB, path="big.bin", source=tmp_path / "big.bin"),))
        path = write(tmp_path / str(workers), entries, workers=workers)
        with zipfile.ZipFile(path) as archive:
            assert archive.read("big.bin") == content
        paths.append(path.read_bytes())
    assert paths[0] == paths[1]


def test_second_opinions(tmp_path: Path) -> None:
    path = write(tmp_path, Tree(entries=(Entry(scheme=Scheme.LIB, path="p/__init__.py", source=b"x = 1\n"),)))
    subprocess.run([needs.program("unzip"), "-tq", path], check=True)
    target = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, path], check=True)
    assert (target / "p" / "__init__.py").read_text() == "x = 1\n"
    subprocess.run([Path(sys.executable).parent / "check-wheel-contents", path], check=True)


def test_times(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    with zipfile.ZipFile(write(tmp_path, tree(a=b"a"))) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(TruewheelError, match="yesterday"):
        source_date_epoch()


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    entries = Tree(entries=(Entry(scheme=Scheme.LIB, path="a", source=tmp_path / "missing"),))
    with pytest.raises(TruewheelError):
        write(tmp_path / "out", entries)
    assert list((tmp_path / "out").iterdir()) == []


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TruewheelError, match="cannot be written") as caught:
        write(tmp_path / "file", tree(a=b"a"))
    assert caught.value.hint


def test_many_members_need_zip64(tmp_path: Path) -> None:
    many = Tree(entries=tuple(Entry(scheme=Scheme.LIB, path=f"f{n}", source=b"") for n in range(66_000)))
    path = write(tmp_path, many)
    facts = read_wheel(path)
    assert len(facts.members) == 66_003
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == 66_003


def test_renaming_copies_members_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, tree(a=b"a" * 10_000, b=os.urandom(1000)))
    name = WheelName(name="p", version="1", interpreters=("cp313",), abis=("cp313",), platforms=("linux_x86_64",))
    renamed = retag_wheel(path, tmp_path / "out", name=name, purelib=False).path
    assert renamed.name == "p-1-cp313-cp313-linux_x86_64.whl"
    before, after = read_wheel(path, digests=True), read_wheel(renamed, digests=True)
    same = {m.name: (m.sha256, m.compressed_size) for m in before.members if not m.name.endswith(("WHEEL", "RECORD"))}
    assert same.items() <= {m.name: (m.sha256, m.compressed_size) for m in after.members}.items()
    assert after.wheel_tags == ("cp313-cp313-linux_x86_64",)
    record = {r.path: r.digest for r in after.record or ()}
    assert all(record[m.name] in (m.sha256, None) for m in after.members)


# --- broken archives --------------------------------------------------------------------------------------------


def sound(place: Path) -> bytearray:
    return bytearray(write(place, tree(a=b"a" * 500, b=b"b")).read_bytes())


def rewritten(place: Path, data: bytes, name: str = "p-1-py3-none-any.whl") -> Path:
    path = place / "broken" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def test_truncated_anywhere(tmp_path: Path) -> None:
    data = sound(tmp_path)
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(WheelError):
            read_wheel(rewritten(tmp_path, data[:length]))


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x7fELF" + bytes(100)]
)
def test_not_a_wheel(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(WheelError) as caught:
        read_wheel(rewritten(tmp_path, content))
    assert "p-1-py3-none-any.whl" in str(caught.value)


def test_directory_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WheelError, match="cannot be read"):
        read_wheel(tmp_path)
    with pytest.raises(WheelError, match="cannot be read"):
        read_wheel(tmp_path / "none.whl")


@pytest.mark.parametrize(
    ("offset", "value", "problem"),
    [(8, b"\x01", "encrypted"), (10, b"\x63", "contradicts"), (16, b"\0\0\0\0", "CRC"), (24, b"\xff\xff\xff\x0f", "claims"),
     (20, b"\xff\xff\0\0", "overlaps"), (42, b"\x05\0\0\0", "not where")],
)  # fmt: skip
def test_lies_about_a_member_are_told(tmp_path: Path, offset: int, value: bytes, problem: str) -> None:
    data = sound(tmp_path)
    place = data.find(b"PK\x01\x02")
    data[place + offset : place + offset + len(value)] = value
    facts = read_wheel(rewritten(tmp_path, data), digests=True)
    problems = [m.problem for m in facts.members if m.problem]
    assert problems
    assert problem in problems[0]


def test_bomb_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "p-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.so", b"\x7fELF" + bytes(50_000_000))
        archive.writestr("p-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: p\nVersion: 1\n")
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 1_000_000)
    facts = read_wheel(rewritten(tmp_path, data))
    assert "is not 1000000 bytes as stated" in str(facts.members[0].problem)


def test_multi_part_archive(tmp_path: Path) -> None:
    data = sound(tmp_path)
    struct.pack_into("<H", data, len(data) - 18, 1)
    with pytest.raises(WheelError, match="multi-part"):
        read_wheel(rewritten(tmp_path, data))


def test_missing_record_is_a_fact_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "p-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: p\nVersion: 1\n")
    facts = read_wheel(path)
    assert facts.record is None
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p.py", "")
    with pytest.raises(WheelError, match=r"no \.dist-info"):
        read_wheel(path)
