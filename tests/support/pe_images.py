"""PE images put together by hand, and the launchers that pip brings along."""

from __future__ import annotations

import functools
import importlib.resources
import struct

from support import needs


def launchers() -> dict[str, bytes]:
    try:
        folder = importlib.resources.files("pip._vendor.distlib")
    except ModuleNotFoundError:
        needs.missing("pip with distlib's launchers")
    found = {f.name: f.read_bytes() for f in folder.iterdir() if f.name.endswith(".exe")}
    return found or needs.missing("pip with distlib's launchers")


BASE, ADDRESS, OFFSET = 0x10000000, 0x1000, 0x200


class Content:
    """What stands in the only section, at its addresses."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, content: bytes) -> int:
        address = ADDRESS + len(self.data)
        self.data += content + bytes(-len(content) % 8)
        return address

    def words(self, *numbers: int, wide: bool = False) -> int:
        return self.add(struct.pack(f"<{len(numbers)}{'Q' if wide else 'I'}", *numbers))


def image(
    content: bytes = b"", directories: dict[int, tuple[int, int]] | None = None, *, wide: bool = False,
    machine: int = 0x14C, characteristics: int = 0x2102, subsystem: int = 3, code: int = 16, entry: int = 0x1000,
    behind: bytes = b"", virtual: int | None = None,
) -> bytes:  # fmt: skip
    dos = b"MZ" + bytes(22) + b"\x40\0" + bytes(34) + struct.pack("<I", 64)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", machine, 1, 0, 0, 0, 240 if wide else 224, characteristics)
    table = b"".join(struct.pack("<II", *(directories or {}).get(n, (0, 0))) for n in range(16))
    optional = struct.pack("<HBBIIII", 0x20B if wide else 0x10B, 14, 0, code, 0, 0, entry)
    optional += struct.pack("<IQ" if wide else "<III", *((0x1000, BASE) if wide else (0x1000, 0, BASE)))
    optional += struct.pack("<IIHHHHHHIIIIHH", 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x100000, OFFSET, 0, subsystem, 0)
    optional += bytes(36 if wide else 20) + struct.pack("<I", 16) + table
    raw = len(content) + -len(content) % 0x200
    size = len(content) if virtual is None else virtual
    section = struct.pack("<8sIIIIIIHHI", b".rdata", size, ADDRESS, raw, OFFSET, 0, 0, 0, 0, 0x40000040)
    return (dos + coff + optional + section).ljust(OFFSET, b"\0") + content.ljust(raw, b"\0") + behind


def importing(content: Content, *, wide: bool, lookup: bool = True) -> dict[int, tuple[int, int]]:
    """An import directory: one symbol by name, one by number."""
    name = content.add(b"\0\0symbol\0")
    table = content.words(name, (1 << (63 if wide else 31)) | 258, 0, wide=wide)
    library = content.add(b"OTHER.dll\0")
    return {1: (content.words(table if lookup else 0, 0, 0, library, table, 0, 0, 0, 0, 0), 40)}


def exporting(content: Content, names: list[bytes], targets: list[int]) -> dict[int, tuple[int, int]]:
    """An export directory; targets that are negative are offsets of text inside of it: forwarders."""
    start = ADDRESS + len(content.data)
    places = [content.add(n + b"\0") for n in names]
    functions = content.words(*[start - t if t < 0 else t for t in targets])
    table = content.words(*places)
    ordinals = content.add(struct.pack(f"<{len(names)}H", *range(len(names))))
    library = content.add(b"SELF.dll\0")
    row = (0, 0, 0, library, 1, len(targets), len(names), functions, table, ordinals)
    return {0: (content.words(*row), 40 + len(content.data))}


@functools.cache
def sample() -> bytes:
    content = Content()
    directories = importing(content, wide=True) | exporting(content, [b"PyInit_m", b"other"], [0x1000, 0x1000])
    return image(bytes(content.data), directories, wide=True, machine=0x8664)


def seeds() -> list[bytes]:
    return [sample(), *[d for d in launchers().values() if len(d) < 120_000]]
