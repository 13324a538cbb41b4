"""Sdists of all makers, and archives that mean harm."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from truewheel.model.errors import WheelError
from truewheel.system.wheels import sdist_reading
from truewheel.system.wheels.sdist_reading import read_sdist

METADATA = "Metadata-Version: 2.2\nName: p\nVersion: 1\n"
LONG = "deep/" * 60 + "x.c"


def archive(path: Path, files: Mapping[str, bytes], *, form: int = tarfile.PAX_FORMAT) -> Path:  # fmt: skip
    with tarfile.open(path, "w:gz", format=form) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def raw(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_an_sdist_holds(form: int, tmp_path: Path) -> None:
    files = {
        "p-1/PKG-INFO": METADATA.encode(),
        f"p-1/{LONG}": b"int x;",
        "p-1/pyproject.toml": b"[build-system]\n",
        "p-1/sub/PKG-INFO": b"Name: other\n",
        "p-1/näme.py": b"\xff",
    }
    facts = read_sdist(archive(tmp_path / "p-1.tar.gz", files, form=form))
    assert facts.filename == "p-1.tar.gz"
    assert facts.top == "p-1"
    assert facts.paths == ("PKG-INFO", LONG, "pyproject.toml", "sub/PKG-INFO", "näme.py")  # fmt: skip
    assert facts.metadata == METADATA
    assert facts.build_texts == ("[build-system]\n",)


def test_directories_and_links_have_no_content(tmp_path: Path) -> None:
    """As tarfile reads them, whatever size they state."""
    content = header("p-1/link", 1000, tarfile.SYMTYPE)
    content += header("p-1/d", 512, tarfile.DIRTYPE) + header("p-1/a.c", 0)
    facts = read_sdist(raw(tmp_path / "p-1.tar.gz", content + bytes(1024)))
    assert facts.paths == ("a.c",)
    assert facts.metadata is None


def test_several_directories_at_the_top(tmp_path: Path) -> None:
    facts = read_sdist(archive(tmp_path / "p-1.tar.gz", {"a/x.c": b"", "b/x.c": b""}))
    assert facts.top == ""


def bad_pax(record: bytes) -> bytes:
    return header("x", len(record), tarfile.XHDTYPE) + record.ljust(512, b"\0")


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "ends too early"),
        (b"x" * 100, "ends too early"),
        (b"x" * 512, "invalid header"),
        (header("p-1/x", 5000), "ends too early"),
        (header("p-1/PKG-INFO", 5 << 20), "a text of 5242880 bytes"),
        (header("x", 1 << 40, tarfile.XHDTYPE), "names of more than"),
        (header("x", 1 << 20, tarfile.GNUTYPE_LONGNAME), "a text of 1048576 bytes"),
        (bad_pax(b"0 path=a\n"), "a damaged extended header"),
        (bad_pax(b"5"), "a damaged extended header"),
        (bad_pax(b"-3 a=b\n"), "a damaged extended header"),
        (header("p-1/x", 1 << 50), "more than 2147483648 bytes"),
    ],
)
def test_damaged_archives_are_refused(
    content: bytes, because: str, tmp_path: Path
) -> None:
    with pytest.raises(WheelError, match="is not an sdist") as caught:
        read_sdist(raw(tmp_path / "p-1.tar.gz", content))
    assert because in caught.value.context[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: b"PK" + packed[2:],
        lambda packed: packed[:-20],
        lambda packed: packed[:30] + b"\xff" * 20 + packed[50:],
        lambda packed: packed[:-8] + b"\0" * 8,
    ],
)
def test_damaged_streams_are_refused(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = archive(tmp_path / "p-1.tar.gz", {f"p-1/{n}": bytes([n]) for n in range(99)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WheelError, match=r"p-1\.tar\.gz is not an sdist"):
        read_sdist(path)


def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "p-1.tar.gz", {f"p-1/{n}": bytes(2000) for n in range(9)})
    for name, limit in (("_MOST_FILES", 5), ("_MOST_BYTES", 9999), ("_ALL_NAMES", 20)):
        with monkeypatch.context() as patch:
            patch.setattr(sdist_reading, name, limit)
            with pytest.raises(WheelError, match="is not an sdist"):
                read_sdist(path)
    assert len(read_sdist(path).paths) == 9


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WheelError, match="cannot be read"):
        read_sdist(tmp_path / "p-1.tar.gz")


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "p-1.tar.gz"
    path.mkdir()
    with pytest.raises(WheelError, match="it is not a regular file"):
        read_sdist(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "p-1.tar.gz"
    os.mkfifo(path)
    with pytest.raises(WheelError, match="it is not a regular file"):
        read_sdist(path)
