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
        """Return the command, for a file in which its blobs have these offsets and sizes."""
        numbers = []
        for value in self.values:
            if isinstance(value, At):
                numbers.append(places[value.blob][0])
            elif isinstance(value, Size):
                numbers.append(places[value.blob][1])
            else:
                numbers.append(value)
        body = struct.pack(order + self.layout, *numbers) + self.text
        body += bytes(-len(body) % 8)
        return struct.pack(order + "II", self.kind, 8 + len(body)) + body


def named(kind: int, name: str, layout: str = "", *values: int) -> Command:
    """Return a command that ends with a string, whose place is its first number."""
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
    """Return a ``linkedit_data_command``."""
    return Command(kind, "II", (At(), Size()), blobs=(data,))


def dyld_info(
    *,
    bind: bytes = b"",
    weak: bytes = b"",
    lazy: bytes = b"",
    exports: bytes = b"",
    only: bool = True,
) -> Command:
    """Return ``dyld_info_command``: rebases, which nobody reads, and four streams of bytes."""
    values: list[At | Size] = []
    for number in range(5):
        values += [At(number), Size(number)]
    kind = 0x80000022 if only else 0x22
    return Command(kind, "10I", tuple(values), blobs=(b"", bind, weak, lazy, exports))


@dataclass(frozen=True)
class Entry:
    """One symbol: by default undefined and external."""

    name: str
    kind: int = 0x01
    description: int = 0
    value: int = 0


def symbols(
    *entries: Entry, ranges: tuple[int, int, int, int] | None = None
) -> tuple[Command, ...]:
    """Return ``LC_SYMTAB`` and ``LC_DYSYMTAB``; symbols must come as in real files: local, defined, undefined.

    :param ranges: first and number of the defined symbols, and of the undefined ones; as the entries have it by default.
    """
    text, places = b"\0", []
    for entry in entries:
        places.append(len(text))
        text += entry.name.encode() + b"\0"

    def table(order: str, wide: bool) -> bytes:
        layout = order + ("IBBHQ" if wide else "IBBHI")
        rows = b""
        for place, entry in zip(places, entries, strict=True):
            rows += struct.pack(
                layout, place, entry.kind, 0, entry.description, entry.value
            )
        return rows

    symtab = Command(
        2, "IIII", (At(0), len(entries), At(1), Size(1)), blobs=(table, text)
    )
    undefined = [
        number for number, entry in enumerate(entries) if entry.kind & 0xEF == 1
    ]
    defined = [
        number
        for number, entry in enumerate(entries)
        if entry.kind & 0xEF in (0x0F, 0x03, 0x0B)
    ]
    if ranges is None:
        ranges = (
            min(defined, default=0),
            len(defined),
            min(undefined, default=0),
            len(undefined),
        )
    return symtab, Command(0xB, "II4I12I", (0, 0, *ranges, *[0] * 12))


@dataclass(frozen=True)
class Section:
    segment: str
    name: str
    size: int
    flags: int = 0


def segment(*sections: Section, wide: bool = True, filesize: int = 0) -> Command:
    """Return a segment whose sections all begin at one place, since no test reads what is in them."""
    head, each = ("16sQQQQIIII", "16s16sQQ8I") if wide else ("16s8I", "16s16s9I")
    values: list[int | bytes | At] = [
        b"__ANY",
        0,
        0,
        At(),
        filesize,
        7,
        7,
        len(sections),
        0,
    ]
    for section in sections:
        values += [
            section.name.encode(),
            section.segment.encode(),
            0,
            section.size,
            At(),
            0,
            0,
            0,
            section.flags,
            0,
            0,
        ]
        values += [0] * wide
    blob = bytes(max((s.size for s in sections), default=0))
    return Command(
        0x19 if wide else 1, head + each * len(sections), tuple(values), blobs=(blob,)
    )


def image(
    *commands: Command, wide: bool = True, little: bool = True, cpu: int = X86_64, subtype: int = 3, kind: int = DYLIB,
    flags: int = TWO_LEVEL, padding: int = 0,
) -> bytes:  # fmt: skip
    """Return a thin file: header, load commands, ``padding`` bytes, blobs in order."""
    order = "<" if little else ">"
    size = sum(
        len(command.packed(order, [(0, 0)] * len(command.blobs)))
        for command in commands
    )
    behind = (32 if wide else 28) + size + padding
    packed, contents = b"", b""
    for command in commands:
        places = []
        for blob in command.blobs:
            content = blob(order, wide) if callable(blob) else blob
            places.append((behind + len(contents), len(content)))
            contents += content
        packed += command.packed(order, places)
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    header = struct.pack(
        order + "7I", magic, cpu, subtype, kind, len(commands), size, flags
    ) + bytes(4 * wide)
    return header + packed + bytes(padding) + contents


def fat(*slices: tuple[int, bytes], wide: bool = False, subtype: int = 0) -> bytes:
    """Return a fat file of slices with their CPU types, and one subtype for all of them; FAT64 if ``wide``."""
    layout = ">IIQQII" if wide else ">IIIII"
    at = 8 + len(slices) * struct.calcsize(layout)
    rows, body = b"", b""
    for cpu, data in slices:
        gap = -(at + len(body)) % 16
        body += bytes(gap)
        rows += struct.pack(
            layout, cpu, subtype, at + len(body), len(data), 4, *[0] * wide
        )
        body += data
    return (
        struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices))
        + rows
        + body
    )


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
    """Return an exports trie; edges lead to nodes by number, the first is the root. Offsets take two bytes each."""

    def laid(node: Node, places: Sequence[int]) -> bytes:
        edges = b"".join(
            label + b"\0" + bytes((places[to] & 0x7F | 0x80, places[to] >> 7))
            for label, to in node.edges
        )
        return uleb(len(node.payload)) + node.payload + bytes([len(node.edges)]) + edges

    places, at = [], 0
    for node in nodes:
        places.append(at)
        at += len(laid(node, [0] * len(nodes)))
    return b"".join(laid(node, places) for node in nodes)


def exporting(*names: str) -> bytes:
    """Return a trie with these names at the root."""
    edges = tuple((name.encode(), number) for number, name in enumerate(names, start=1))
    return trie(Node(b"", edges), *(Node(b"\0\x10") for _ in names))


def chained(
    entries: Sequence[tuple[str, int, bool]], *, form: int = 1, compression: int = 0
) -> bytes:
    """Return a ``dyld_chained_fixups_header`` with imports in the given form: name, ordinal, weak."""
    text, rows = b"\0", b""
    for name, ordinal, weak in entries:
        if form == 3:
            rows += struct.pack(
                "<QQ", ordinal & 0xFFFF | weak << 16 | len(text) << 32, 0
            )
        else:
            rows += struct.pack(
                "<I", ordinal & 0xFF | weak << 8 | len(text) << 9
            ) + bytes(4 * (form == 2))
        text += name.encode() + b"\0"
    header = struct.pack(
        "<7I", 0, 28, 28, 28 + len(rows), len(entries), form, compression
    )
    return header + rows + text


LIBRARIES = (dylib("/usr/lib/libSystem.B.dylib"), dylib("@rpath/libother.dylib"))
DEFINED, HIDDEN, INDIRECT = 0x0F, 0x1F, 0x0B
"""Types of symbols: seen from outside, private to the library, and names for another one."""


def whole() -> bytes:
    """Return a file with a bit of everything."""
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
