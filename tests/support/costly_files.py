"""Small binaries that ask for much: tables that lie over each other, names that all are one long name, paths without end.

Mutations would hardly find them. Each is a few dozen kilobytes, and what it seems to say is megabytes or never ends.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_VERNEED = (
    1,
    4,
    5,
    6,
    10,
    0x6FFFFFFE,
)
Entries = list[tuple[int, int | str]]
"""Tags of a dynamic section with their values; a text is the name of a table, whose address is the value."""


def _elf(
    entries: Entries, tables: dict[str, bytes], notes: tuple[tuple[int, int], ...] = ()
) -> bytes:
    """Return an ELF64 library with one segment that maps the file at 0, a dynamic section, and note segments.

    :param notes: offset in the table ``notes``, and size, of each note segment.
    """
    segments_size = 56 * (2 + len(notes))
    dynamic_place, dynamic_size = 64 + segments_size, 16 * (len(entries) + 1)
    places, body = {}, b""
    for name, table in tables.items():
        places[name] = dynamic_place + dynamic_size + len(body)
        body += table
    end = dynamic_place + dynamic_size + len(body)

    dynamic = b""
    for tag, value in entries:
        dynamic += struct.pack(
            "<QQ", tag, places[value] if isinstance(value, str) else value
        )
    dynamic += bytes(16)

    segments = [(PT_LOAD, 0, end), (PT_DYNAMIC, dynamic_place, dynamic_size)]
    for offset, size in notes:
        segments.append((PT_NOTE, places["notes"] + offset, size))
    heads = b""
    for kind, place, size in segments:
        heads += struct.pack("<IIQQQQQQ", kind, 4, place, place, 0, size, size, 4)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0
    )
    return header + heads + dynamic + body


def elf_versions(needs: int = 200, versions: int = 8000) -> bytes:
    """Return a file of many needed libraries whose lists of versions are one list."""
    table = b""
    for number in range(needs):
        is_last = number == needs - 1
        table += struct.pack(
            "<HHIII", 1, 0xFFFF, 1, 16 * (needs - number), 0 if is_last else 16
        )
    table += struct.pack("<IHHII", 0, 0, 2, 1, 16) * (versions - 1) + struct.pack(
        "<IHHII", 0, 0, 2, 1, 0
    )
    entries: Entries = [(DT_STRTAB, "strings"), (DT_STRSZ, 8), (DT_VERNEED, "versions")]
    return _elf(entries, {"strings": b"\0libc.s\0", "versions": table})


def elf_names(length: int = 65536, count: int = 2000) -> bytes:
    """Return a file of symbols whose names begin at each byte of one long name."""
    strings = b"\0" + b"a" * (length - 2) + b"\0"
    symbols = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", 1 + number, 0x10, 0, 1, 0, 0) for number in range(count)
    )
    table = struct.pack("<II", 1, count + 1) + bytes(4)
    entries: Entries = [
        (DT_STRTAB, "strings"),
        (DT_STRSZ, length),
        (DT_SYMTAB, "symbols"),
        (DT_HASH, "hash"),
    ]
    return _elf(entries, {"strings": strings, "symbols": symbols, "hash": table})


def elf_notes(segments: int = 200, count: int = 8000) -> bytes:
    """Return a file of note segments that lie over each other."""
    tables = {"strings": b"\0", "notes": struct.pack("<III", 0, 0, 0) * count}
    places = tuple((12 * number, 12 * (count - segments)) for number in range(segments))
    return _elf([(DT_STRTAB, "strings"), (DT_STRSZ, 1)], tables, places)


def elf_needs(length: int = 65536, count: int = 2000) -> bytes:
    """Return a file of needed libraries whose names begin at each byte of one long name."""
    strings = b"\0" + b"l" * (length - 2) + b"\0"
    entries: Entries = [(DT_STRTAB, "strings"), (DT_STRSZ, length)]
    for number in range(count):
        entries.append((DT_NEEDED, 1 + number))
    return _elf(entries, {"strings": strings})


def _pe(directories: dict[int, tuple[int, int]], content: bytes) -> bytes:
    """Return a PE32+ library with one section: ``content`` at RVA 0x1000, offset 0x400."""
    size = len(content)
    table = bytearray(128)
    for index, (at, length) in directories.items():
        struct.pack_into("<II", table, 8 * index, at, length)
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
        8192 + size,
        1024,
        0,
        2,
        0x160,
    )
    optional += struct.pack("<QQQQII", 1 << 20, 4096, 1 << 20, 4096, 0, 16) + bytes(
        table
    )
    section = b".rdata\0\0" + struct.pack(
        "<IIIIIIHHI", size, 4096, size, 1024, 0, 0, 0, 0, 0x40000040
    )
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack(
        "<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x2022
    )
    return (head + optional + section).ljust(1024, b"\0") + content


def pe_imports(libraries: int = 2000, symbols: int = 4000) -> bytes:
    """Return a file of libraries that all import the symbols of one table, which are one long name."""
    descriptors = 20 * (libraries + 1)
    thunks = 0x1000 + descriptors
    name = thunks + 8 * (symbols + 1)
    content = struct.pack("<IIIII", thunks, 0, 0, name + 2, thunks) * libraries + bytes(
        20
    )
    content += (
        struct.pack("<Q", name) * symbols + bytes(8) + b"\0\0" + b"n" * 20_000 + b"\0"
    )
    return _pe({1: (0x1000, descriptors)}, content)


def pe_exports(count: int = 5000) -> bytes:
    """Return a file that exports names that begin at each byte of one long name."""
    functions, names, ordinals = (
        0x1000 + 40,
        0x1000 + 40 + 4 * count,
        0x1000 + 40 + 8 * count,
    )
    text = ordinals + 2 * count
    content = struct.pack(
        "<IIHHIIIIIII", 0, 0, 0, 0, text, 1, count, count, functions, names, ordinals
    )
    content += b"".join(struct.pack("<I", 0x1000) for _ in range(count))
    content += b"".join(struct.pack("<I", text + n) for n in range(count)) + bytes(
        2 * count
    )
    return _pe({0: (0x1000, 40)}, content + b"e" * 30_000 + b"\0")


def pe_delay_imports(libraries: int = 2000, symbols: int = 4000) -> bytes:
    descriptors = 32 * (libraries + 1)
    thunks = 0x1000 + descriptors
    name = thunks + 8 * (symbols + 1)
    content = struct.pack(
        "<IIIIIIII", 1, name + 2, 0, thunks, thunks, 0, 0, 0
    ) * libraries + bytes(32)
    content += (
        struct.pack("<Q", name) * symbols + bytes(8) + b"\0\0" + b"d" * 20_000 + b"\0"
    )
    return _pe({13: (0x1000, descriptors)}, content)


def _macho(commands: list[bytes], tail: bytes, *, at: int = 4096) -> bytes:
    """Return an arm64 library: load commands, and what they point to from ``at`` on."""
    segment = struct.pack(
        "<II16sQQQQIIII",
        0x19,
        72,
        b"__LINKEDIT",
        0,
        1 << 20,
        0,
        at + len(tail),
        7,
        5,
        0,
        0,
    )
    library = (
        struct.pack("<IIIIII", 0x0C, 40, 24, 0, 0x10000, 0x10000)
        + b"libx.dylib\0\0\0\0\0\0"
    )
    every = [segment, library, *commands]
    body = b"".join(every)
    head = struct.pack(
        "<IIIIIIII", 0xFEEDFACF, 0x0100000C, 0, 6, len(every), len(body), 0x85, 0
    )
    return (head + body).ljust(at, b"\0") + tail


def macho_symbols(count: int = 3000) -> bytes:
    """Return a file of symbols whose names begin at each byte of one long name."""
    text = b"\0" + b"s" * 40_000 + b"\0"
    rows = b"".join(
        struct.pack("<IBBHQ", 1 + n, 0x01, 0, 0x100, 0) for n in range(count)
    )
    symtab = struct.pack("<IIIIII", 0x02, 24, 4096, count, 4096 + len(rows), len(text))
    return _macho([symtab], rows + text)


def _dyld_info(
    *, bind: tuple[int, int] = (0, 0), exports: tuple[int, int] = (0, 0)
) -> bytes:
    return struct.pack(
        "<IIIIIIIIIIII", 0x80000022, 48, 0, 0, *bind, 0, 0, 0, 0, *exports
    )


def macho_exports_without_end() -> bytes:
    """Return a trie in which each of forty nodes has the next as child twice: 2**40 names."""
    nodes = b""
    for number in range(14):
        following = bytes([8 * number + 8])
        nodes += b"\0\2" + b"a\0" + following + b"b\0" + following
    trie = nodes.ljust(8 * 14, b"\0") + b"\x02\0\0\0"
    return _macho([_dyld_info(exports=(4096, len(trie)))], trie)


def macho_exports_in_a_circle() -> bytes:
    trie = b"\0\x01loop\0\0"
    return _macho([_dyld_info(exports=(4096, len(trie)))], trie)


def macho_binds_without_end() -> bytes:
    """Return a loop of 2**62 binds, then one bind per byte of a symbol with a long name."""
    endless = (
        b"\x11\x40x\0\x51\x72\0\xc0" + b"\xff\xff\xff\xff\xff\xff\xff\xff\x3f" + b"\x08"
    )
    many = b"\x11\x40" + b"y" * 20_000 + b"\0\x51\x72\0" + b"\x90" * 20_000 + b"\0"
    return _macho([_dyld_info(bind=(4096, len(endless) + len(many)))], endless + many)


def macho_chained_imports(count: int = 5000) -> bytes:
    """Return chained fixups whose imports all have names that begin within one long name."""
    text = b"\0" + b"c" * 40_000 + b"\0"
    imports = b"".join(struct.pack("<I", 1 | (1 + n) << 9) for n in range(count))
    head = struct.pack("<IIIIIII", 0, 28, 28, 28 + len(imports), count, 1, 0)
    tail = head + imports + text
    return _macho([struct.pack("<IIII", 0x80000034, 16, 4096, len(tail))], tail)


def _number(value: int) -> bytes:
    """Unsigned LEB128."""
    found = b""
    while True:
        value, low = value >> 7, value & 0x7F
        found += bytes([low | (0x80 if value else 0)])
        if not value:
            return found


def wasm_vectors() -> bytes:
    """Return sections that each say they have four billion entries."""
    content = _number(10) + _number((1 << 32) - 1) + b"\0" * 5
    sections = b"".join(bytes([kind]) + content for kind in (1, 2, 3, 4, 7, 11))
    return b"\0asm\1\0\0\0" + sections


def wasm_dylink() -> bytes:
    """Return a custom section whose parts say that they are larger than it."""
    parts = b"".join(
        bytes([kind]) + _number(1 << 31) + b"\xff" for kind in (1, 2, 3, 4) * 500
    )
    body = b"\x08dylink.0" + parts
    return b"\0asm\1\0\0\0" + b"\0" + _number(len(body)) + body


def archive_of_nothing(count: int = 2000) -> bytes:
    """Members of no size, and a table of names of which each member takes all."""
    names = b"n" * 30_000 + b"/\n"
    row = b"%-16s0           0     0     644     %-10d`\n"
    return (
        b"!<arch>\n"
        + row % (b"//", len(names))
        + names
        + b"".join(row % (b"/%d" % n, 0) for n in range(count))
    )


AMPLIFIERS: tuple[Callable[[], bytes], ...] = (
    elf_versions, elf_names, elf_notes, elf_needs, pe_imports, pe_exports, pe_delay_imports, macho_symbols,
    macho_exports_without_end, macho_exports_in_a_circle, macho_binds_without_end, macho_chained_imports, wasm_vectors,
    wasm_dylink, archive_of_nothing,
)  # fmt: skip
