"""Mach-O images assembled by hand: every load command that the reader knows, in both widths and byte orders.

A :class:`Command` may have contents of its own in ``__LINKEDIT`` (``blobs``); their offset and size stand in its layout
where ``At`` and ``Size`` say so.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

X86_64, ARM64, I386, ARM, PPC, PPC64 = 0x01000007, 0x0100000C, 7, 12, 18, 0x01000012
OBJECT, EXECUTE, CORE, DYLIB, BUNDLE, DYLIB_STUB, DSYM, KEXT = 1, 2, 4, 6, 8, 9, 10, 11
TWO_LEVEL = 0x80
REEXPORT_FLAG, WEAK_DEFINITION_FLAG = 8, 4
SIGNATURE = b"\xfa\xde\x0c\xc0" + (12).to_bytes(4, "big") + bytes(4)

Blob = bytes | Callable[[str, bool], bytes]
"""Content, or a function from byte order and width to it."""


@dataclass(frozen=True)
class At:
    """Where the blob of this number begins."""

    blob: int = 0


@dataclass(frozen=True)
class Size:
    """How long it is."""

    blob: int = 0


@dataclass(frozen=True)
class Command:
    """A load command before its place in a file is known."""

    kind: int
    layout: str = ""
    values: tuple[int | bytes | At | Size, ...] = ()
    text: bytes = b""
    blobs: tuple[Blob, ...] = ()

    def packed(self, order: str, places: Sequence[tuple[int, int]]) -> bytes:
        numbers = [
            places[v.blob][0] if isinstance(v, At) else places[v.blob][1] if isinstance(v, Size) else v
            for v in self.values
        ]
        body = struct.pack(order + self.layout, *numbers) + self.text
        body += bytes(-len(body) % 8)
        return struct.pack(order + "II", self.kind, 8 + len(body)) + body


def named(kind: int, name: str, layout: str = "", *values: int) -> Command:
    """A command that ends with a string, whose place is its first number."""
    start = 12 + struct.calcsize("<" + layout)
    return Command(kind, "I" + layout, (start, *values), name.encode() + b"\0")


def dylib(name: str, kind: int = 0xC, *, compatible: int = 0x10000) -> Command:
    return named(kind, name, "III", 2, 0x20000, compatible)


def rpath(path: str) -> Command:
    return named(0x8000001C, path)


def build_version(platform: int, minos: int, sdk: int = 0) -> Command:
    return Command(0x32, "IIII", (platform, minos, sdk, 0))


def version_min(kind: int, version: int, sdk: int = 0) -> Command:
    return Command(kind, "II", (version, sdk))


def content(kind: int, data: bytes) -> Command:
    """A ``linkedit_data_command``."""
    return Command(kind, "II", (At(), Size()), blobs=(data,))


def dyld_info(
    *, bind: bytes = b"", weak: bytes = b"", lazy: bytes = b"", exports: bytes = b"", only: bool = True
) -> Command:
    places = [v for number in range(5) for v in (At(number), Size(number))]
    return Command(0x80000022 if only else 0x22, "10I", tuple(places), blobs=(b"", bind, weak, lazy, exports))


@dataclass(frozen=True)
class Entry:
    """One symbol: by default undefined and external."""

    name: str
    kind: int = 0x01
    description: int = 0
    value: int = 0


def symbols(*entries: Entry, ranges: tuple[int, int, int, int] | None = None) -> tuple[Command, ...]:
    """``LC_SYMTAB`` and ``LC_DYSYMTAB``; symbols are to come as in real files: local, defined, undefined.

    :param ranges: first and number of the defined symbols, and of the undefined ones; as the entries have it by default.
    """
    text, places = b"\0", []
    for entry in entries:
        places.append(len(text))
        text += entry.name.encode() + b"\0"

    def table(order: str, wide: bool) -> bytes:
        layout = order + ("IBBHQ" if wide else "IBBHI")
        rows = zip(places, entries, strict=True)
        return b"".join(struct.pack(layout, p, e.kind, 0, e.description, e.value) for p, e in rows)

    symtab = Command(2, "IIII", (At(0), len(entries), At(1), Size(1)), blobs=(table, text))
    undefined = [n for n, e in enumerate(entries) if e.kind & 0xEF == 1]
    defined = [n for n, e in enumerate(entries) if e.kind & 0xEF in (0x0F, 0x03, 0x0B)]
    if ranges is None:
        ranges = (min(defined, default=0), len(defined), min(undefined, default=0), len(undefined))
    return symtab, Command(0xB, "II4I12I", (0, 0, *ranges, *[0] * 12))


@dataclass(frozen=True)
class Section:
    segment: str
    name: str
    size: int
    flags: int = 0


def segment(*sections: Section, wide: bool = True, filesize: int = 0) -> Command:
    """A segment whose sections all begin with the one blob: nobody looks what is in them."""
    head, each = ("16sQQQQIIII", "16s16sQQ8I") if wide else ("16s8I", "16s16s9I")
    values: list[int | bytes | At] = [b"__ANY", 0, 0, At(), filesize, 7, 7, len(sections), 0]
    for section in sections:
        values += [section.name.encode(), section.segment.encode(), 0, section.size, At(), 0, 0, 0, section.flags, 0, 0]
        values += [0] * wide
    blob = bytes(max((s.size for s in sections), default=0))
    return Command(0x19 if wide else 1, head + each * len(sections), tuple(values), blobs=(blob,))


def image(
    *commands: Command, wide: bool = True, little: bool = True, cpu: int = X86_64, subtype: int = 3, kind: int = DYLIB,
    flags: int = TWO_LEVEL, padding: int = 0,
) -> bytes:  # fmt: skip
    """A thin file: header, load commands, ``padding`` bytes, blobs in order."""
    order = "<" if little else ">"
    blobs = [[b(order, wide) if callable(b) else b for b in c.blobs] for c in commands]
    size = sum(len(c.packed(order, [(0, 0)] * len(c.blobs))) for c in commands)
    at = (32 if wide else 28) + size + padding
    packed = b""
    for command, own in zip(commands, blobs, strict=True):
        places = []
        for blob in own:
            places.append((at, len(blob)))
            at += len(blob)
        packed += command.packed(order, places)
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    header = struct.pack(order + "7I", magic, cpu, subtype, kind, len(commands), size, flags) + bytes(4 * wide)
    return header + packed + bytes(padding) + b"".join(b for own in blobs for b in own)


def fat(*slices: tuple[int, bytes], wide: bool = False, subtype: int = 0) -> bytes:
    """A fat file of slices with their CPU types, and one subtype for all of them; FAT64 when ``wide``."""
    layout = ">IIQQII" if wide else ">IIIII"
    at = 8 + len(slices) * struct.calcsize(layout)
    rows, body = b"", b""
    for cpu, data in slices:
        gap = -(at + len(body)) % 16
        body += bytes(gap)
        rows += struct.pack(layout, cpu, subtype, at + len(body), len(data), 4, *[0] * wide)
        body += data
    return struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices)) + rows + body


def uleb(value: int) -> bytes:
    found = bytearray()
    while True:
        found.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(found)


@dataclass(frozen=True)
class Node:
    """A node of an exports trie: what is behind its size (empty when it is no symbol), and edges to other nodes."""

    payload: bytes
    edges: tuple[tuple[bytes, int], ...] = ()


def trie(*nodes: Node) -> bytes:
    """An exports trie; edges lead to nodes by number, the first is the root. Offsets take two bytes each."""

    def laid(node: Node, places: Sequence[int]) -> bytes:
        edges = b"".join(label + b"\0" + bytes((places[to] & 0x7F | 0x80, places[to] >> 7)) for label, to in node.edges)
        return uleb(len(node.payload)) + node.payload + bytes([len(node.edges)]) + edges

    places, at = [], 0
    for node in nodes:
        places.append(at)
        at += len(laid(node, [0] * len(nodes)))
    return b"".join(laid(node, places) for node in nodes)


def exporting(*names: str) -> bytes:
    """A trie with the names at the root."""
    edges = tuple((name.encode(), number) for number, name in enumerate(names, start=1))
    return trie(Node(b"", edges), *(Node(b"\0\x10") for _ in names))


def chained(entries: Sequence[tuple[str, int, bool]], *, form: int = 1, compression: int = 0) -> bytes:
    """``dyld_chained_fixups_header`` with imports in the given form: name, ordinal, weak."""
    text, rows = b"\0", b""
    for name, ordinal, weak in entries:
        if form == 3:
            rows += struct.pack("<QQ", ordinal & 0xFFFF | weak << 16 | len(text) << 32, 0)
        else:
            rows += struct.pack("<I", ordinal & 0xFF | weak << 8 | len(text) << 9) + bytes(4 * (form == 2))
        text += name.encode() + b"\0"
    header = struct.pack("<7I", 0, 28, 28, 28 + len(rows), len(entries), form, compression)
    return header + rows + text


LIBRARIES = (dylib("/usr/lib/libSystem.B.dylib"), dylib("@rpath/libother.dylib"))
DEFINED, HIDDEN, INDIRECT = 0x0F, 0x1F, 0x0B
"""Types of symbols: seen from outside, private to the library, and names for another one."""


def whole() -> bytes:
    """A file with a bit of everything."""
    info = dyld_info(
        bind=b"\x11\x40_a\0\x51\x72\x08\x90\0", lazy=b"\x72\0\x12\x40_l\0\x90\0", weak=b"\x40__Znwm\0\x90\0",
        exports=exporting("_x", "_y"),
    )  # fmt: skip
    return image(
        segment(Section("__TEXT", "__text", 8), Section("__DWARF", "__debug_info", 8)), dylib("me", 0xD), *LIBRARIES,
        rpath("@loader_path"), build_version(1, 0x000B0000), named(0xE, "/usr/lib/dyld"), info,
        *symbols(Entry("_x", DEFINED), Entry("_a", description=0x0100), Entry("_l", description=0x0200)),
        content(0x80000034, chained([("_a", 1, False)])), content(0x80000033, exporting("_x")),
        content(0x1D, SIGNATURE),
    )  # fmt: skip
