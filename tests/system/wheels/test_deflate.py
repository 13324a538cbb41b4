"""Unpacking members, by zlib and by the faster codecs."""

from __future__ import annotations

import random
import sys
import types
import zlib

import pytest

from support import codecs, needs
from truewheel.system.wheels import deflate

CHANCE = 20261121


def compressed(content: bytes) -> bytes:
    stream = zlib.compressobj(6, wbits=-15)
    return stream.compress(content) + stream.flush()


@pytest.fixture(params=["zlib", "libdeflate"])
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one of the two codecs."""
    if request.param == "zlib":
        monkeypatch.setattr(deflate, "quick_codec", lambda _: None)
    elif deflate.quick_codec(deflate.LARGE) is None:
        needs.missing("the package deflate")


@pytest.fixture
def content() -> bytes:
    return bytes(random.Random(CHANCE).choices(b"abcdefgh ", k=300_000))


@pytest.mark.usefixtures("codec")
def test_each_codec_gives_the_content(content: bytes) -> None:
    raw = compressed(content)
    assert len(raw) > deflate.LARGE
    assert deflate.inflate(memoryview(raw), len(content)) == content


@pytest.mark.usefixtures("codec")
def test_no_codec_gives_more_than_was_asked_for_of_a_broken_stream(
    content: bytes,
) -> None:
    """One byte more is what tells that there is too much."""
    chance = random.Random(CHANCE)
    raw = compressed(content)
    told = 0
    for _ in range(200):
        broken = bytearray(raw)
        broken[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        length = chance.choice((len(raw), chance.randrange(deflate.LARGE, len(raw))))
        try:
            unpacked = deflate.inflate(memoryview(broken[:length]), len(content))
        except ValueError:
            told += 1
        else:
            assert len(unpacked) <= len(content) + 1
    assert told > 0


def test_a_codec_that_another_thread_is_importing_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unfinished = types.ModuleType(
        "deflate"
    )  # as it stands in sys.modules until it is complete
    monkeypatch.setattr(deflate, "_QUICK", {})
    monkeypatch.setitem(sys.modules, "deflate", unfinished)
    assert deflate.quick_codec(1) is None


# --- step by step -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=codecs.STREAMING)
def streaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one of the two codecs that stream."""
    codecs.use_streaming(request.param, monkeypatch)


def rest_of(stream: deflate.Inflating, size: int) -> bytes:
    """Return all that is still to come, in steps of so many bytes."""
    pieces = []
    while piece := stream.step(size):
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.usefixtures("streaming")
def test_a_copy_of_a_stream_goes_on_where_it_was_made(content: bytes) -> None:
    raw = memoryview(compressed(content * 4))
    whole = content * 4
    stream = deflate.Inflating(raw)
    at = 0
    copies = []
    while piece := stream.step(70_001):
        assert piece == whole[at : at + len(piece)]
        at += len(piece)
        copies.append((at, stream.copy()))
    assert at == len(whole)
    assert len(copies) > 10
    for start, copied in reversed(copies):
        again = copied.copy()
        assert rest_of(copied, 100_003) == whole[start:]
        assert rest_of(again, 9_001) == whole[start:]


def outcome(raw: bytes) -> bytes | str:
    """Return what a stream holds, or what is said of it."""
    try:
        return b"".join(deflate.inflated_pieces(memoryview(raw)))
    except ValueError as error:
        return str(error)


def test_of_a_broken_stream_every_codec_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(CHANCE)
    content = bytes(chance.choices(b"abcdefgh ", k=20_000)) + chance.randbytes(2_000)
    raws = []
    for number in range(600):
        stream = zlib.compressobj(
            number % 10, wbits=-15, strategy=chance.randrange(zlib.Z_FIXED + 1)
        )
        raw = bytearray(stream.compress(content) + stream.flush())
        # Headers of blocks stand at the beginning, as a rule.
        place = chance.randrange(chance.choice((100, len(raw))))
        raw[place] ^= 1 << chance.randrange(8)
        length = chance.choice((len(raw), chance.randrange(1, len(raw))))
        raws.append(bytes(raw[:length]))
    said = []
    for name in codecs.STREAMING:
        codecs.use_streaming(name, monkeypatch)
        said.append([outcome(raw) for raw in raws])
    assert said[0] == said[1]
    errors = {what for what in said[0] if isinstance(what, str)}
    assert len(errors) > 5


def test_a_copy_keeps_the_codec_of_its_stream(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quicker one may have been imported in the meantime, for another member."""
    begun = zlib.compressobj(6, wbits=-15)
    raw = begun.compress(content) + begun.flush(zlib.Z_SYNC_FLUSH)
    # A block of type 3, which there is not (RFC 1951, 3.2.3).
    raw += b"\x07"
    codecs.use_streaming("zlib", monkeypatch)
    stream = deflate.Inflating(memoryview(raw))
    assert stream.step(1000) == content[:1000]
    codecs.use_streaming("zlib-ng", monkeypatch)
    copied = stream.copy()
    with pytest.raises(ValueError, match="its data are broken"):
        rest_of(copied, 1 << 20)


def test_without_other_codecs_zlib_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(deflate, "_QUICK", {})
    monkeypatch.setattr(deflate, "import_module", no_module)
    assert deflate.streaming_codec(deflate.LARGE_STREAM) is zlib
    assert deflate.quick_codec(deflate.LARGE) is None


def test_a_short_stream_is_not_worth_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(name: str) -> None:
        pytest.fail(f"{name} is imported")

    monkeypatch.setattr(deflate, "_QUICK", {})
    monkeypatch.setattr(deflate, "import_module", unwanted)
    assert deflate.streaming_codec(deflate.LARGE_STREAM - 1) is zlib
    assert deflate.quick_codec(deflate.LARGE - 1) is None
