"""The smallest sound file of each format, for those that no compiler here makes."""

from __future__ import annotations

import struct

X86_64, ARM64 = 0x01000007, 0x0100000C


def _macho(commands: list[bytes], cpu: int = ARM64) -> bytes:
    body = b"".join(commands)
    subtype = 0 if cpu == ARM64 else 3
    return (
        struct.pack(
            "<IIIIIIII", 0xFEEDFACF, cpu, subtype, 6, len(commands), len(body), 0x85, 0
        )
        + body
    )


def _fat(commands: list[bytes]) -> bytes:
    intel, arm = _macho(commands, X86_64), _macho(commands, ARM64)
    head = struct.pack(">II", 0xCAFEBABE, 2)
    head += struct.pack(">IIIII", X86_64, 3, 4096, len(intel), 12)
    head += struct.pack(">IIIII", ARM64, 0, 8192, len(arm), 12)
    return head.ljust(4096, b"\0") + intel.ljust(4096, b"\0") + arm


def _pe() -> bytes:
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 512, 512, 0, 4096, 4096)
    optional += struct.pack(
        "<QIIHHHHHHIIIIHH",
        0x180000000,
        4096,
        512,
        6,
        0,
        0,
        0,
        6,
        0,
        0,
        12288,
        512,
        0,
        2,
        0x160,
    )
    optional += struct.pack("<QQQQII", 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    optional += struct.pack("<IIII", 4096, 100, 4196, 60).ljust(128, b"\0")
    section = b".rdata\0\0" + struct.pack(
        "<IIIIIIHHI", 512, 4096, 512, 512, 0, 0, 0, 0, 0x40000040
    )
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack(
        "<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x2022
    )
    exports = struct.pack(
        "<IIHHIIIIIII", 0, 0, 0, 0, 4160, 1, 1, 1, 4136, 4140, 4144
    ) + struct.pack("<IIH", 4096, 4170, 0)
    return (
        (head + optional + section).ljust(512, b"\0")
        + exports.ljust(64, b"\0")
        + b"m.pyd\0\0\0\0\0PyInit_m\0".ljust(448, b"\0")
    )


def _wasm() -> bytes:
    dylink = b"\x08dylink.0" + b"\x01\x04\x08\x02\x00\x00" + b"\x02\x06\x01\x04libc"
    sections = [
        (0, dylink), (1, b"\x01\x60\x00\x01\x7f"), (2, b"\x01\x03env\x0aPyList_New\x00\x00"), (3, b"\x01\x00"),
        (7, b"\x01\x08PyInit_m\x00\x01"), (10, b"\x01\x04\x00\x41\x01\x0b"),
    ]  # fmt: skip
    return b"\0asm\1\0\0\0" + b"".join(
        bytes([kind, len(body)]) + body for kind, body in sections
    )


def _archive() -> bytes:
    member = b"m.o/            0           0     0     644     4         `\nabcd"
    table = (
        b"/               0           0     0     0       12        `\n"
        + struct.pack(">II", 1, 80)
        + b"f\0\0\0"
    )
    return b"!<arch>\n" + table + member


def _coff() -> bytes:
    section = b".text\0\0\0" + struct.pack(
        "<IIIIIIHHI", 0, 0, 4, 60, 0, 0, 0, 0, 0x60000020
    )
    symbol = b"f\0\0\0\0\0\0\0" + struct.pack("<IhHBB", 0, 1, 0x20, 2, 0)
    return (
        struct.pack("<HHIIIHH", 0x8664, 1, 0, 64, 1, 0, 0)
        + section
        + b"abcd"
        + symbol
        + struct.pack("<I", 4)
    )


_DYLIB = (
    struct.pack("<IIIIII", 0x0D, 40, 24, 0, 0x10000, 0x10000) + b"@rpath/m.dylib\0\0"
)
_BUILD = struct.pack("<IIIIII", 0x32, 24, 1, 11 << 16, 14 << 16, 0)
SMALLEST = (
    _macho([_BUILD, _DYLIB]),
    _fat([_BUILD, _DYLIB]),
    _pe(),
    _wasm(),
    _archive(),
    _coff(),
)
"""One of each format."""
