"""PE images put together by hand, and the launchers that pip brings along."""

from __future__ import annotations

import functools
import importlib.resources
import struct

from support import needs

BASE, ADDRESS, OFFSET = 0x10000000, 0x1000, 0x200
"""Where a file is loaded; the address and the offset of its only section."""


def launchers() -> dict[str, bytes]:
    """Return the programs by which pip starts scripts on Windows, by their names."""
    try:
        folder = importlib.resources.files("pip._vendor.distlib")
    except ModuleNotFoundError:
        needs.missing("pip with distlib's launchers")
    found = {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.name.endswith(".exe")
    }
    return found or needs.missing("pip with distlib's launchers")


class Content:
    """The content of the only section, put together piece by piece."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, content: bytes) -> int:
        """Append bytes; return their address."""
        address = ADDRESS + len(self.data)
        self.data += content + bytes(-len(content) % 8)
        return address

    def words(self, *numbers: int, wide: bool = False) -> int:
        """Append numbers of four bytes, or of eight; return their address."""
        return self.add(struct.pack(f"<{len(numbers)}{'Q' if wide else 'I'}", *numbers))


def image(
    content: bytes = b"",
    directories: dict[int, tuple[int, int]] | None = None,
    *,
    wide: bool = False,
    machine: int = 0x14C,
    characteristics: int = 0x2102,
    subsystem: int = 3,
    code: int = 16,
    entry: int = 0x1000,
    behind: bytes = b"",
    virtual: int | None = None,
) -> bytes:
    """Return a library with one section.

    :param directories: address and size of data directories, by their numbers.
    :param wide: whether it is PE32+.
    :param code: the size of its code as the header tells it.
    :param entry: the address of its entry point.
    :param behind: bytes after the section.
    :param virtual: the size of the section in memory, if that is not the size of ``content``.
    """
    dos = b"MZ" + bytes(22) + b"\x40\0" + bytes(34) + struct.pack("<I", 64)
    coff = struct.pack(
        "<4sHHIIIHH",
        b"PE\0\0",
        machine,
        1,
        0,
        0,
        0,
        240 if wide else 224,
        characteristics,
    )
    optional = struct.pack(
        "<HBBIIII", 0x20B if wide else 0x10B, 14, 0, code, 0, 0, entry
    )
    if wide:
        optional += struct.pack("<IQ", 0x1000, BASE)
    else:
        optional += struct.pack("<III", 0x1000, 0, BASE)
    optional += struct.pack(
        "<IIHHHHHHIIIIHH",
        0x1000,
        0x200,
        6,
        0,
        0,
        0,
        6,
        0,
        0,
        0x100000,
        OFFSET,
        0,
        subsystem,
        0,
    )
    optional += bytes(36 if wide else 20) + struct.pack("<I", 16)
    for number in range(16):
        optional += struct.pack("<II", *(directories or {}).get(number, (0, 0)))
    raw = len(content) + -len(content) % 0x200
    size = len(content) if virtual is None else virtual
    section = struct.pack(
        "<8sIIIIIIHHI", b".rdata", size, ADDRESS, raw, OFFSET, 0, 0, 0, 0, 0x40000040
    )
    return (
        (dos + coff + optional + section).ljust(OFFSET, b"\0")
        + content.ljust(raw, b"\0")
        + behind
    )


def importing(
    content: Content, *, wide: bool, lookup: bool = True
) -> dict[int, tuple[int, int]]:
    """Append an import directory with one symbol by name and one by number; return where it is."""
    name = content.add(b"\0\0symbol\0")
    by_number = 1 << (63 if wide else 31)
    table = content.words(name, by_number | 258, 0, wide=wide)
    library = content.add(b"OTHER.dll\0")
    return {
        1: (
            content.words(table if lookup else 0, 0, 0, library, table, 0, 0, 0, 0, 0),
            40,
        )
    }


def exporting(
    content: Content, names: list[bytes], targets: list[int]
) -> dict[int, tuple[int, int]]:
    """Append an export directory; return where it is.

    :param targets: addresses; negative ones are offsets of text within the directory, which makes them forwarders.
    """
    start = ADDRESS + len(content.data)
    places = [content.add(name + b"\0") for name in names]
    addresses = []
    for target in targets:
        address = start - target if target < 0 else target
        addresses.append(address)
    functions = content.words(*addresses)
    table = content.words(*places)
    ordinals = content.add(struct.pack(f"<{len(names)}H", *range(len(names))))
    library = content.add(b"SELF.dll\0")
    row = (0, 0, 0, library, 1, len(targets), len(names), functions, table, ordinals)
    return {0: (content.words(*row), 40 + len(content.data))}


@functools.cache
def sample() -> bytes:
    """Return an extension module for x86-64 with an import and an export directory."""
    content = Content()
    directories = importing(content, wide=True) | exporting(
        content, [b"PyInit_m", b"other"], [0x1000, 0x1000]
    )
    return image(bytes(content.data), directories, wide=True, machine=0x8664)


def seeds() -> list[bytes]:
    """Return small files to be fuzzed."""
    return [sample(), *[data for data in launchers().values() if len(data) < 120_000]]
