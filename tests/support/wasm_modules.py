"""WebAssembly modules put together by hand."""

from __future__ import annotations


def leb(number: int) -> bytes:
    found = b""
    while number >= 0x80:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def text(name: str) -> bytes:
    return leb(len(name.encode())) + name.encode()


def vector(*items: bytes) -> bytes:
    return leb(len(items)) + b"".join(items)


def section(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + leb(len(content)) + content


def custom(name: str, content: bytes) -> bytes:
    return section(0, text(name) + content)


def module(*sections: bytes) -> bytes:
    return b"\0asm\1\0\0\0" + b"".join(sections)


DYLINK = custom(
    "dylink.0",
    section(1, b"\0\0\0\0")
    + section(2, vector(text("liba.so"), text("libb.so")))
    + section(3, vector(text("own") + leb(1)))
    + section(
        4,
        vector(
            text("env") + text("faint") + leb(1), text("env") + text("local") + leb(2)
        ),
    )
    + section(5, vector(text("$ORIGIN")))
    + section(77, b"later inventions"),
)
SAMPLE = module(
    DYLINK,
    section(1, b"\0"),
    section(
        2,
        vector(
            text("env") + text("outer") + b"\0\0",
            text("env") + text("memory") + b"\2\0\1",
        ),
    ),
    section(7, vector(text("PyInit_m") + b"\0\0")),
    section(10, bytes(100)),
    custom(
        "producers", vector(text("processed-by") + vector(text("clang") + text("17")))
    ),
)
