"""ZIP archives that two readers would read differently, and those that are odd without danger."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from support.zip_archives import directory, end_record, packed
from truewheel.model.contents import Oddity
from truewheel.system.wheels.zip_reader import Archive

CONTENT = {"p/a.py": b"a" * 3000, "p/b.py": b"", "p-1.dist-info/METADATA": b"x"}


class Stream(io.BytesIO):
    """A file that cannot seek, so that zipfile writes sizes behind the data."""

    def tell(self) -> int:
        raise io.UnsupportedOperation


def oddities(place: Path, data: bytes) -> list[Oddity]:
    path = place / "p-1-py3-none-any.whl"
    path.write_bytes(data)
    with Archive(path) as archive:
        return list(archive.oddities())


def only_oddity(place: Path, data: bytes) -> Oddity:
    (oddity,) = oddities(place, data)
    return oddity


def test_a_sound_archive_has_none(tmp_path: Path) -> None:
    assert oddities(tmp_path, packed(CONTENT)) == []
    assert oddities(tmp_path, packed({"p/\u00e9.py": b"1"})) == []


def test_a_comment_of_the_archive_is_not_odd(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "b")
        archive.comment = b"a comment"
    assert oddities(tmp_path, file.getvalue()) == []


# --- readers may see something else -------------------------------------------------------------------------------


def test_bytes_after_the_end_are_told(tmp_path: Path) -> None:
    oddity = only_oddity(tmp_path, packed(CONTENT) + b"more")
    assert oddity.grave
    assert oddity.message.startswith("4 bytes after its end")


def test_a_member_that_only_local_headers_show_is_told(tmp_path: Path) -> None:
    """Readers that stream unpack it."""
    hidden = packed({"p/evil.py": b"evil"})
    hidden = hidden[: directory(hidden)]
    data = packed(CONTENT)
    start = directory(data)
    changed = data[:start] + hidden + data[start:]
    struct.pack_into("<I", changed, end_record(changed) + 16, start + len(hidden))
    oddity = only_oddity(tmp_path, changed)
    assert (
        oddity.message
        == f"{len(hidden)} bytes before its directory belong to no member"
    )


def test_a_local_header_with_other_sizes_is_told(tmp_path: Path) -> None:
    data = packed(CONTENT)
    struct.pack_into("<I", data, 22, 17)
    oddity = only_oddity(tmp_path, data)
    assert oddity == Oddity(
        where="p/a.py", message="its local header tells other sizes than the directory"
    )


def with_extra_field(extra: bytes) -> bytearray:
    """Return an archive whose one local header has this extra field."""
    data = packed({"p/a.py": b"a" * 3000}, compression=zipfile.ZIP_STORED)
    behind_name = 30 + len("p/a.py")
    changed = data[:behind_name] + extra + data[behind_name:]
    struct.pack_into("<H", changed, 28, len(extra))
    struct.pack_into(
        "<I", changed, end_record(changed) + 16, directory(data) + len(extra)
    )
    return changed


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (struct.pack("<HHHHHH", 0x7075, 0, 1, 0, 0x7075, 0), "is there twice"),
        (struct.pack("<HHB", 0xCAFE, 9, 0), "are cut"),
        (b"\0", "are cut"),
    ],
)
def test_broken_extra_fields_are_told(
    tmp_path: Path, extra: bytes, message: str
) -> None:
    assert message in only_oddity(tmp_path, with_extra_field(extra)).message


@pytest.mark.parametrize(
    "extra",
    [struct.pack("<HHHH", 0xCAFE, 0, 0xCAFE, 0), struct.pack("<HHQQ", 1, 16, 3000, 0)],
)
def test_other_extra_fields_are_not_odd(tmp_path: Path, extra: bytes) -> None:
    assert oddities(tmp_path, with_extra_field(extra)) == []


def test_a_directory_with_more_members_than_it_counts_is_told(tmp_path: Path) -> None:
    data = packed(CONTENT)
    struct.pack_into("<HH", data, end_record(data) + 8, 2, 2)
    messages = [oddity.message for oddity in oddities(tmp_path, data)]
    assert "another size" in " ".join(messages)


def test_bytes_before_the_end_record_are_told(tmp_path: Path) -> None:
    data = packed(CONTENT)
    end = end_record(data)
    changed = data[:end] + b"gap" + data[end:]
    assert "between its central directory" in only_oddity(tmp_path, changed).message


@pytest.mark.parametrize("byte", [b"\x01", b"\x7f", b"\n"])
def test_an_unprintable_character_in_a_name_is_told(
    tmp_path: Path, byte: bytes
) -> None:
    data = bytes(packed(CONTENT)).replace(b"p/a.py", b"p/" + byte + b".py")
    assert only_oddity(tmp_path, data).message == "an unprintable character in its name"


def test_a_name_in_an_unknown_code_page_is_told(tmp_path: Path) -> None:
    data = bytes(packed(CONTENT)).replace(b"p/a.py", b"p/\xe9.py")
    assert "not marked as UTF-8" in only_oddity(tmp_path, data).message


# --- odd without danger -------------------------------------------------------------------------------------------


def test_sizes_behind_the_data_are_odd_without_danger(tmp_path: Path) -> None:
    file = Stream()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/a.py", b"a")
    oddity = only_oddity(tmp_path, file.getvalue())
    assert "data descriptor" in oddity.message
    assert not oddity.grave


def test_a_comment_of_a_member_is_odd_without_danger(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        member = zipfile.ZipInfo("a")
        member.comment = b"hello"
        archive.writestr(member, b"")
    oddity = only_oddity(tmp_path, file.getvalue())
    assert oddity == Oddity(
        where="a", message="a comment in the central directory", grave=False
    )
