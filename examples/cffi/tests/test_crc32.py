import zlib

import pytest
from example_cffi import combine, crc32


@pytest.mark.parametrize("data", [b"", b"123456789", bytearray(range(256)), memoryview(b"view")])
def test_agrees_with_python(data):
    assert crc32(data) == zlib.crc32(data)


def test_joins_what_python_cannot():
    head, tail = b"The quick brown fox ", b"jumps over the lazy dog"
    assert combine(crc32(head), crc32(tail), len(tail)) == zlib.crc32(head + tail)


def test_refuses_what_is_no_length():
    with pytest.raises(ValueError, match="not negative"):
        combine(1, 2, -1)
