"""Reading members of ZIP archives, in whole and in pieces, and refusing those that are not what they say."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.zip_archives import directory, packed
from truewheel.model.errors import WheelError
from truewheel.system.wheels.zip_reader import Archive

CONTENT = {"p/a.py": b"a" * 3000, "p/b.py": b""}


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    content=st.binary(max_size=5000),
    repeat=st.integers(1, 2000),
    compression=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_a_member_is_read_in_whole_and_in_pieces(
    tmp_path: Path, content: bytes, repeat: int, compression: int
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(packed({"a": content * repeat}, compression=compression))
    with Archive(path) as archive:
        (member,) = archive.items
        assert archive.read(member) == content * repeat
        assert b"".join(archive.pieces(member)) == content * repeat


@pytest.mark.parametrize(
    ("offset", "value"),
    [(16, 0), (24, 2999), (24, 3001), (24, 10)],
    ids=["another CRC", "a byte less", "a byte more", "much less"],
)
def test_a_wrong_size_or_crc_is_told_in_whole_and_in_pieces(
    tmp_path: Path, offset: int, value: int
) -> None:
    data = packed(CONTENT)
    struct.pack_into("<I", data, directory(data) + offset, value)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with Archive(path) as archive:
        with pytest.raises(ValueError, match=r"its size is not|CRC"):
            archive.read(archive.items[0])
        with pytest.raises(ValueError, match=r"its size is not|CRC"):
            b"".join(archive.pieces(archive.items[0]))


@pytest.mark.parametrize(("offset", "value"), [(6, 64), (6, 255), (8, 0x20), (8, 0x40)])
def test_a_member_that_zipfile_does_not_read_is_told(
    tmp_path: Path, offset: int, value: int
) -> None:
    """Versions that it does not know, patches, and strong encryption."""
    data = packed(CONTENT)
    data[directory(data) + offset] |= value
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(NotImplementedError), zipfile.ZipFile(path) as theirs:
        theirs.read("p/a.py")
    with (
        Archive(path) as archive,
        pytest.raises(ValueError, match=r"Python (reads up to 6\.3|does not read)"),
    ):
        archive.read(archive.items[0])


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "p-1-py3-none-any.whl"
    path.write_bytes(packed({"zeros": bytes(80 << 20)}))
    with pytest.raises(WheelError, match="claims to hold") as caught, Archive(path):
        pass
    assert "ZIP bomb" in str(caught.value.hint)
