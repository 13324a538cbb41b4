"""Parts of files and of members of a wheel, without having the whole in memory."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import codecs
from support.zip_archives import directory, packed
from truewheel.model.edits import Kept
from truewheel.system.wheels import opened_content
from truewheel.system.wheels.opened_content import BytesContent, FileContent
from truewheel.system.wheels.patched import PatchedContent
from truewheel.system.wheels.zip_reader import Archive

CHANCE = 20261129
CONTENT = bytes(random.Random(CHANCE).choices(b"abcdefgh ", k=300_000))
OFFSETS = st.integers(-10, len(CONTENT) + 10)
QUIETLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make spans so short that the small contents here have many."""
    monkeypatch.setattr(opened_content, "SPAN", 5000)


@pytest.fixture(params=["stored", *codecs.STREAMING])
def archive(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Archive]:
    """Open a member that is stored, or that one of the codecs unpacks."""
    compression = zipfile.ZIP_STORED
    if request.param != "stored":
        compression = zipfile.ZIP_DEFLATED
        codecs.use_streaming(request.param, monkeypatch)
    path = tmp_path / "x.zip"
    path.write_bytes(packed({"a": CONTENT}, compression=compression))
    with Archive(path) as opened:
        yield opened


@QUIETLY
@given(parts=st.lists(st.tuples(OFFSETS, OFFSETS), max_size=8))
def test_any_part_of_a_member_is_what_it_is_in_the_whole(
    archive: Archive, parts: list[tuple[int, int]]
) -> None:
    with archive.content(archive.items[0]) as content:
        assert len(content) == len(CONTENT)
        for start, stop in parts:
            assert content[start:stop] == CONTENT[start:stop]
        assert b"".join(content.pieces()) == CONTENT


@QUIETLY
@given(start=OFFSETS, stop=OFFSETS)
def test_any_part_of_a_file_is_what_it_is_in_the_whole(
    tmp_path: Path, start: int, stop: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with FileContent(path) as content:
        assert content[start:stop] == CONTENT[start:stop]
        assert b"".join(content.pieces()) == CONTENT


@QUIETLY
@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.tuples(OFFSETS, OFFSETS).map(
                lambda ends: Kept(*sorted(min(max(end, 0), 300_000) for end in ends))
            ),
        ),
        max_size=6,
    ),
    start=OFFSETS,
    stop=OFFSETS,
)
def test_any_part_of_a_patched_file_is_what_it_is_in_the_whole(
    pieces: list[Kept | bytes], start: int, stop: int
) -> None:
    whole = b"".join(
        CONTENT[piece.start : piece.stop] if isinstance(piece, Kept) else piece
        for piece in pieces
    )
    content = PatchedContent(BytesContent(CONTENT), tuple(pieces))
    assert len(content) == len(whole)
    assert content[start:stop] == whole[start:stop]
    assert b"".join(content.pieces()) == whole


@pytest.mark.parametrize("ask", [lambda c: c[:4], lambda c: b"".join(c.pieces())])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("field", [16, 24], ids=["CRC", "size"])
def test_a_member_that_is_not_what_the_archive_says_is_told(
    tmp_path: Path,
    ask: Callable[[opened_content.OpenedContent], bytes],
    compression: int,
    field: int,
) -> None:
    """Before any part of it is given."""
    data = packed({"a": CONTENT}, compression=compression)
    data[directory(data) + field] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with (
        Archive(path) as archive,
        pytest.raises(ValueError, match=r"its size is not|its CRC is wrong"),
        archive.content(archive.items[0]) as content,
    ):
        ask(content)


def test_a_file_that_became_shorter_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with FileContent(path) as content:
        path.write_bytes(CONTENT[:1000])
        assert content[:1000] == CONTENT[:1000]
        with pytest.raises(ValueError, match="it became shorter while it was read"):
            content[900:1100]


def test_spans_that_are_asked_for_all_over_stay_in_memory_in_the_end(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a file whose tables lie scattered costs the time of a few readings, and not of one for each of them."""
    inflated = []
    original = opened_content.InflatedContent._inflated_again

    def counted(content: opened_content.InflatedContent, number: int) -> bytes:
        inflated.append(number)
        return original(content, number)

    monkeypatch.setattr(opened_content.InflatedContent, "_inflated_again", counted)
    spans = len(CONTENT) // 5000
    with archive.content(archive.items[0]) as content:
        for turn in range(50 * spans):
            place = turn * 7 % spans * 5000
            assert content[place : place + 4] == CONTENT[place : place + 4]
    assert len(inflated) <= 6 * spans
