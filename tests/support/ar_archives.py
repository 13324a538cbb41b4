"""Static libraries (``ar`` archives) and COFF objects put together by hand."""

from __future__ import annotations

import struct


def member(
    name: bytes, content: bytes, *, size: int | None = None, end: bytes = b"`\n"
) -> bytes:
    """Return a member of a library, with a size that may lie."""
    length = b"%d" % (len(content) if size is None else size)
    return (
        name.ljust(16)
        + b"0".ljust(12)
        + b"0".ljust(6) * 2
        + b"644".ljust(8)
        + length.ljust(10)
        + end
        + content
    )


def object_file(machine: int = 0x8664, **more: int) -> bytes:
    """Return the smallest COFF object: one empty section, one symbol."""
    header = {
        "sections": 1,
        "symbols_at": 60,
        "symbols": 1,
        "optional": 0,
        "flags": 0,
        "address": 0,
    } | more
    first = struct.pack(
        "<HHIIIHH", machine, header["sections"], 0, header["symbols_at"], header["symbols"], header["optional"], header["flags"]
    )  # fmt: skip
    section = struct.pack(
        "<8sIIIIIIHHI", b".text", 0, header["address"], 0, 0, 0, 0, 0, 0, 0x60000020
    )
    return first + section + bytes(18) + struct.pack("<I", 4)


def rich() -> bytes:
    """Return a library with each kind of member."""
    return (
        b"!<arch>\n"
        + member(b"/", b"1234")
        + member(b"#1/4", b"name" + object_file())
        + member(b"b/", bytes(99))
    )
