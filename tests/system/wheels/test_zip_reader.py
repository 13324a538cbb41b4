"""ZIP archives that two readers would read differently, made by hand; and those that are odd without danger."""

from __future__ import annotations

import io
import random
import struct
import sys
import types
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import needs
from truewheel.model.contents import Oddity
from truewheel.model.errors import WheelError
from truewheel.system.wheels import deflate
from truewheel.system.wheels.zip_reader import Archive

CONTENT = {"p/a.py": b"a" * 3000, "p/b.py": b"", "p-1.dist-info/METADATA": b"x"}


class Stream(io.BytesIO):
    """A file that cannot seek, so that zipfile writes sizes behind the data."""

    def tell(self) -> int:
        raise io.UnsupportedOperation


def packed(content: dict[str, bytes] = CONTENT, into: io.BytesIO | None = None) -> bytearray:
    file = into if into is not None else io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return bytearray(file.getvalue())


def odd(place: Path, data: bytes) -> list[Oddity]:
    path = place / "p-1-py3-none-any.whl"
    path.write_bytes(data)
    with Archive(path) as archive:
        return list(archive.oddities())


def only(place: Path, data: bytes) -> Oddity:
    (found,) = odd(place, data)
    return found


def test_sound_archives_have_none(tmp_path: Path) -> None:
    assert odd(tmp_path, packed()) == []
    assert odd(tmp_path, packed({"p/\u00e9.py": b"1"})) == []
    commented = io.BytesIO()
    with zipfile.ZipFile(commented, "w") as archive:
        archive.writestr("a", "b")
        archive.comment = b"a comment of the whole archive is nobody's business"
    assert odd(tmp_path, commented.getvalue()) == []


def test_something_after_the_end(tmp_path: Path) -> None:
    found = only(tmp_path, packed() + b"more")
    assert found.grave
    assert found.message.startswith("4 bytes after its end")


def test_bytes_that_belong_to_no_member(tmp_path: Path) -> None:
    """A member that only the local headers show: readers that stream unpack it."""
    hidden = packed({"p/evil.py": b"evil"})
    hidden = hidden[: hidden.find(b"PK\x01\x02")]
    data = packed()
    directory = data.find(b"PK\x01\x02")
    changed = data[:directory] + hidden + data[directory:]
    struct.pack_into("<I", changed, len(changed) - 6, directory + len(hidden))
    assert only(tmp_path, changed).message == f"{len(hidden)} bytes before its directory belong to no member"


def test_local_header_with_other_sizes(tmp_path: Path) -> None:
    data = packed()
    struct.pack_into("<I", data, 22, 17)
    assert only(tmp_path, data) == Oddity(
        where="p/a.py", message="its local header tells other sizes than the directory"
    )


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (struct.pack("<HHHH", 0xCAFE, 0, 0xCAFE, 0), None), (struct.pack("<HHQQ", 1, 16, 3000, 0), None),
        (struct.pack("<HHHHHH", 0x7075, 0, 1, 0, 0x7075, 0), "is there twice"), (struct.pack("<HHB", 0xCAFE, 9, 0), "are cut"),
        (b"\0", "are cut"),
    ],
)  # fmt: skip
def test_extra_fields_of_local_headers(tmp_path: Path, extra: bytes, message: str | None) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/a.py", b"a" * 3000)
    data = file.getvalue()
    changed = bytearray(data[:36] + extra + data[36:])
    struct.pack_into("<H", changed, 28, len(extra))
    struct.pack_into("<I", changed, len(changed) - 6, struct.unpack_from("<I", data, len(data) - 6)[0] + len(extra))
    assert [message in o.message for o in odd(tmp_path, changed)] == ([True] if message else [])


@pytest.mark.parametrize(("place", "value"), [(6, 64), (6, 255), (8, 0x20), (8, 0x40)])
def test_what_zipfile_does_not_read_has_a_problem(tmp_path: Path, place: int, value: int) -> None:
    data = packed()
    data[data.find(b"PK\x01\x02") + place] |= value
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(NotImplementedError), zipfile.ZipFile(path) as theirs:
        theirs.read("p/a.py")
    with Archive(path) as archive, pytest.raises(ValueError, match=r"Python (reads up to 6\.3|does not read)"):
        archive.read(archive.items[0])


def test_directory_with_more_than_is_counted(tmp_path: Path) -> None:
    data = packed()
    struct.pack_into("<HH", data, len(data) - 14, 2, 2)
    assert any("another size" in o.message for o in odd(tmp_path, data))


def test_bytes_before_the_end_record(tmp_path: Path) -> None:
    data = packed()
    changed = data[:-22] + b"gap" + data[-22:]
    assert "between its central directory" in only(tmp_path, changed).message


def test_what_is_odd_without_danger(tmp_path: Path) -> None:
    streamed = odd(tmp_path, packed(into=Stream()))
    assert {o.grave for o in streamed} == {False}
    assert all("data descriptor" in o.message for o in streamed)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.comment = b"hello"
        archive.writestr(info, b"")
    assert only(tmp_path, file.getvalue()) == Oddity(
        where="a", message="a comment in the central directory", grave=False
    )


@pytest.mark.parametrize("byte", [b"\x01", b"\x7f", b"\n"])
def test_unprintable_names(tmp_path: Path, byte: bytes) -> None:
    data = bytes(packed()).replace(b"p/a.py", b"p/" + byte + b".py")
    assert only(tmp_path, data).message == "an unprintable character in its name"


def test_names_in_an_unknown_code_page(tmp_path: Path) -> None:
    data = bytes(packed()).replace(b"p/a.py", b"p/\xe9.py")
    assert "not marked as UTF-8" in only(tmp_path, data).message


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "p-1-py3-none-any.whl"
    path.write_bytes(packed({"zeros": bytes(80 << 20)}))
    with pytest.raises(WheelError, match="claims to hold") as caught, Archive(path):
        pass
    assert "ZIP bomb" in str(caught.value.hint)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=5000), repeat=st.integers(1, 2000), stored=st.booleans())
def test_law_pieces_are_the_content(tmp_path: Path, content: bytes, repeat: int, stored: bool) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content * repeat)
    with Archive(path) as archive:
        (item,) = archive.items
        assert b"".join(archive.pieces(item)) == archive.read(item) == content * repeat


@pytest.mark.parametrize(("offset", "value"), [(16, 0), (24, 2999), (24, 3001), (24, 10)])
def test_pieces_are_checked_as_the_whole_is(tmp_path: Path, offset: int, value: int) -> None:
    data = packed()
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + offset, value)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with Archive(path) as archive:
        for read in (archive.read, lambda i: b"".join(archive.pieces(i))):
            with pytest.raises(ValueError, match=r"its size is not|CRC"):
                read(archive.items[0])


def test_a_codec_that_another_thread_is_importing_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflate, "_QUICK", {})
    monkeypatch.setitem(sys.modules, "deflate", types.ModuleType("deflate"))  # as it stands there until it is complete
    assert deflate.quick_codec(1) is None


@pytest.mark.parametrize("codec", ["zlib", "libdeflate"])
def test_each_codec_gives_the_content_or_says_what_is_wrong(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if codec == "libdeflate" and deflate.quick_codec(deflate.LARGE) is None:
        needs.missing("the package deflate")
    if codec == "zlib":
        monkeypatch.setattr(deflate, "quick_codec", lambda _: None)
    chance = random.Random(20261121)
    content = bytes(chance.choices(b"abcdefgh ", k=300_000))
    stream = zlib.compressobj(6, wbits=-15)
    raw = stream.compress(content) + stream.flush()
    assert len(raw) > deflate.LARGE
    assert deflate.inflate(memoryview(raw), len(content)) == content
    broken = 0
    for _ in range(200):
        spoilt = bytearray(raw)
        spoilt[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        spoilt = spoilt[: chance.choice((len(raw), chance.randrange(deflate.LARGE, len(raw))))]
        try:
            assert len(deflate.inflate(memoryview(spoilt), len(content))) <= len(content) + 1
        except ValueError:
            broken += 1
    assert broken
