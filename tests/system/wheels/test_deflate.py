"""Unpacking members, by zlib and by the faster codec."""

from __future__ import annotations

import random
import sys
import types
import zlib

import pytest

from support import needs
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
