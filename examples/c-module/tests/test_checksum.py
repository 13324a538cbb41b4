import zlib

import pytest
from example_c_module import checksum


@pytest.mark.parametrize("data", [b"", b"a", b"Wikipedia", bytes(range(256)) * 40])
def test_agrees_with_zlib(data):
    assert checksum(data) == zlib.adler32(data)


def test_goes_on_from_a_start():
    assert checksum(b"pedia", checksum(b"Wiki")) == zlib.adler32(b"Wikipedia")


def test_refuses_text():
    with pytest.raises(TypeError):
        checksum("text")
