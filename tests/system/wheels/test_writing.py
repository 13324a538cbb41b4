"""Wheels are written whole, the same each time, and renamed without being compressed again."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import needs
from truewheel.model.contents import WheelFacts
from truewheel.model.errors import TruewheelError
from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.model.wheel_name import WheelName
from truewheel.system.host import source_date_epoch
from truewheel.system.wheels import zip_writer as packing
from truewheel.system.wheels.reading import read_wheel
from truewheel.system.wheels.sources import StagedTree
from truewheel.system.wheels.writing import retag_wheel
from truewheel.system.wheels.writing import write as write_wheel

NAME = WheelName(
    name="p", version="1", interpreters=("py3",), abis=("none",), platforms=("any",)
)
FILES = {"METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"}


def tree(files: Mapping[str, bytes | Path]) -> Tree:
    """Return a tree of modules with these contents."""
    entries = [
        Entry(scheme=Scheme.LIB, path=path, source=source)
        for path, source in files.items()
    ]
    return Tree(entries=tuple(entries))


def write(place: Path, entries: Tree, **more: object) -> Path:
    """Write a wheel of ``p`` 1; return its path."""
    source = StagedTree(entries, "p-1.dist-info")
    return write_wheel(source, place, name=NAME, purelib=True, files=FILES, **more).path  # type: ignore[arg-type]


def test_members_stand_in_order_with_the_metadata_last(tmp_path: Path) -> None:
    """As PEP 427 recommends."""
    entries = Tree(
        entries=(
            Entry(scheme=Scheme.LIB, path="z.py", source=b"z"),
            Entry(scheme=Scheme.LIB, path="a/b.py", source=b"b"),
            Entry(scheme=Scheme.SCRIPTS, path="tool", source=b"#!python\n"),
            Entry(scheme=Scheme.DATA, path="etc/p.conf", source=b""),
            Entry(scheme=Scheme.HEADERS, path="p.h", source=b"int p;"),
            Entry(scheme=Scheme.DIST_INFO, path="licenses/L", source=b"l"),
        )
    )
    with zipfile.ZipFile(write(tmp_path, entries)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "a/b.py",
            "p-1.data/data/etc/p.conf",
            "p-1.data/headers/p.h",
            "p-1.data/scripts/tool",
            "z.py",
            "p-1.dist-info/METADATA",
            "p-1.dist-info/WHEEL",
            "p-1.dist-info/licenses/L",
            "p-1.dist-info/RECORD",
        ]


def test_programs_alone_are_executable(tmp_path: Path) -> None:
    program = Entry(
        scheme=Scheme.SCRIPTS, path="tool", source=b"#!python\n", executable=True
    )
    module = Entry(scheme=Scheme.LIB, path="m.py", source=b"")
    with zipfile.ZipFile(write(tmp_path, Tree(entries=(program, module)))) as archive:
        modes = {
            member.filename: member.external_attr >> 16 for member in archive.infolist()
        }
    assert modes["p-1.data/scripts/tool"] == 0o100755
    assert modes["m.py"] == 0o100644


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-zé]{1,8}(/[a-z]{1,8})?\.(py|so)", fullmatch=True),
        st.binary(max_size=3000),
        min_size=1,
        max_size=6,
    ),
    repeat=st.integers(1, 500),
)
def test_files_are_read_as_they_were_written(
    tmp_path: Path, files: dict[str, bytes], repeat: int
) -> None:
    # A folder and a file cannot have one name.
    folders = {name.split("/")[0] for name in files if "/" in name}
    files = {
        name: content * repeat for name, content in files.items() if name not in folders
    }
    path = write(tmp_path, tree(files))
    with zipfile.ZipFile(path) as archive:
        for name, content in files.items():
            assert archive.read(name) == content
    assert_record_is_true(read_wheel(path, digests=True))


def assert_record_is_true(wheel: WheelFacts) -> None:
    """RECORD has a row for each member, with its digest; that of RECORD itself has none."""
    assert wheel.record is not None
    digests = {row.path: row.digest for row in wheel.record}
    assert set(digests) == {member.name for member in wheel.members}
    assert digests.pop("p-1.dist-info/RECORD") is None
    for member in wheel.members:
        assert member.problem is None
        if member.name in digests:
            assert digests[member.name] == member.sha256


def test_neither_order_nor_threads_change_a_byte(tmp_path: Path) -> None:
    files = {"a.py": b"a" * 100_000, "b/c.py": b"c", "d.so": os.urandom(100_000)}
    first = write(tmp_path, tree(files), workers=2).read_bytes()
    backwards = dict(reversed(files.items()))
    assert write(tmp_path, tree(backwards), workers=1).read_bytes() == first


def test_large_members_are_cut_into_blocks_that_make_one_stream(tmp_path: Path) -> None:
    content = b"".join(
        struct.pack("<I", number**2 % 65521)
        for number in range(3 * packing.BLOCK // 4 + 5)
    )
    (tmp_path / "big.bin").write_bytes(content)
    wheels = []
    for workers in (1, 4):
        path = write(
            tmp_path / str(workers),
            tree({"big.bin": tmp_path / "big.bin"}),
            workers=workers,
        )
        with zipfile.ZipFile(path) as archive:
            assert archive.read("big.bin") == content
        wheels.append(path.read_bytes())
    assert wheels[0] == wheels[1]


def test_other_tools_read_and_install_it(tmp_path: Path) -> None:
    path = write(tmp_path, tree({"p/__init__.py": b"x = 1\n"}))
    subprocess.run([needs.program("unzip"), "-tq", path], check=True)
    target = tmp_path / "installed"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            target,
            path,
        ],
        check=True,
    )
    assert (target / "p" / "__init__.py").read_text() == "x = 1\n"
    subprocess.run(
        [Path(sys.executable).parent / "check-wheel-contents", path], check=True
    )


def test_all_members_have_one_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tmp_path, tree({"a": b"a"}))) as archive:
        assert {member.date_time for member in archive.infolist()} == {
            (2020, 2, 2, 0, 0, 0)
        }


def test_a_time_before_1980_becomes_the_first_that_zip_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    with zipfile.ZipFile(write(tmp_path, tree({"a": b"a"}))) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_source_date_epoch_that_is_not_a_number_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(TruewheelError, match="yesterday"):
        source_date_epoch()


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(TruewheelError):
        write(tmp_path / "out", tree({"a": tmp_path / "missing"}))
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TruewheelError, match="cannot be written") as caught:
        write(tmp_path / "file", tree({"a": b"a"}))
    assert caught.value.hint


def test_more_members_than_65535_are_written_as_zip64(tmp_path: Path) -> None:
    path = write(tmp_path, tree({f"f{number}": b"" for number in range(66_000)}))
    assert len(read_wheel(path).members) == 66_003
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == 66_003


def test_renaming_copies_members_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, tree({"a": b"a" * 10_000, "b": os.urandom(1000)}))
    name = WheelName(
        name="p",
        version="1",
        interpreters=("cp313",),
        abis=("cp313",),
        platforms=("linux_x86_64",),
    )
    renamed = retag_wheel(path, tmp_path / "out", name=name, purelib=False).path
    assert renamed.name == "p-1-cp313-cp313-linux_x86_64.whl"
    before = {member.name: member for member in read_wheel(path, digests=True).members}
    after = read_wheel(renamed, digests=True)
    for member in after.members:
        if not member.name.endswith(("WHEEL", "RECORD")):
            assert member == before[member.name]
    assert after.wheel_tags == ("cp313-cp313-linux_x86_64",)
    assert_record_is_true(after)
