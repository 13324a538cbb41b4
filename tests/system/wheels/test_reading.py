"""What is kept of a wheel that was read."""

from __future__ import annotations

import gc
import struct
import weakref

import pytest

from truewheel.system.wheels.reading import read_binary


class Content(bytearray):
    """A file in memory that tells when it is gone."""


@pytest.mark.parametrize(
    "broken",
    [
        b"\x7fELF\x09" + bytes(99),
        b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQ", 3, 62, 1, 0, 64, 1 << 40),
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0\x64\x86",
        b"\xcf\xfa\xed\xfe" + bytes(8),
    ],
)
def test_why_a_file_is_broken_does_not_keep_it_in_memory(broken: bytes) -> None:
    content = Content(broken)
    alive = weakref.ref(content)
    binary, error = read_binary(content)
    assert binary is None
    assert error is not None
    del content
    gc.collect()
    assert alive() is None
