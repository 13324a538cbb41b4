"""Facts from Mach-O files: thin and fat (also FAT64), 32 and 64 bits, both byte orders.

Sources: Apple's ``mach-o/loader.h``, ``mach-o/fat.h``, ``mach-o/nlist.h``, ``mach-o/fixup-chains.h``,
``mach/machine.h`` and ``mach/vm_prot.h``, dyld's export trie and its bind opcodes. Fixups are read for the names that
they import; where they apply is never looked at. Nothing is judged here.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Collection, Mapping, Sequence

from ..model.binary import LOADABLE, Binary, Format, Kind, MachOSlice, MinimumOS, Need, NeedKind, SearchPath, Symbol
from ..model.record import NamedTuple
from .cursor import Buffer, Cursor

_THIN = {
    b"\xce\xfa\xed\xfe": (True, False), b"\xcf\xfa\xed\xfe": (True, True),
    b"\xfe\xed\xfa\xce": (False, False), b"\xfe\xed\xfa\xcf": (False, True),
}  # fmt: skip
"""Magic numbers of one slice: whether it is little-endian, and whether it is 64 bits wide."""
_FAT = {b"\xca\xfe\xba\xbe": "IIIII", b"\xca\xfe\xba\xbf": "IIQQII"}
"""Magic numbers of fat files, with the layout of ``fat_arch``: CPU, its subtype, offset, size, and what is not read."""
_MOST_SLICES = 44
"""Java classes begin like fat files, and have 45 or more, their version, where those have the number of slices."""
_ARCHIVES = (b"!<arch>\n", b"!<thin>\n")

LC_SEGMENT, LC_SEGMENT_64, LC_SYMTAB, LC_DYSYMTAB = 0x1, 0x19, 0x2, 0xB
LC_LOAD_DYLIB, LC_ID_DYLIB, LC_LOAD_DYLINKER, LC_RPATH = 0xC, 0xD, 0xE, 0x8000001C
LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_LAZY_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB = (
    0x80000018, 0x8000001F, 0x20, 0x80000023,
)  # fmt: skip
LC_CODE_SIGNATURE, LC_DYLD_INFO, LC_DYLD_INFO_ONLY = 0x1D, 0x22, 0x80000022
LC_DYLD_EXPORTS_TRIE, LC_DYLD_CHAINED_FIXUPS, LC_BUILD_VERSION = 0x80000033, 0x80000034, 0x32
MH_TWOLEVEL = 0x80
S_WITHOUT_CONTENT = frozenset({0x1, 0xC, 0x12})
"""``S_ZEROFILL``, ``S_GB_ZEROFILL``, ``S_THREAD_LOCAL_ZEROFILL``."""
N_STAB, N_PEXT, N_TYPE, N_EXT, N_WEAK_REF = 0xE0, 0x10, 0x0E, 0x01, 0x40
N_UNDEFINED = frozenset({0x0, 0xC})
"""``N_UNDF`` and ``N_PBUD``."""
DYLIB_USE_MARKER = 0x1A741800
"""In place of a timestamp: the command ends with ``DYLIB_USE_*`` flags."""
CSMAGIC_EMBEDDED_SIGNATURE = 0xFADE0CC0
SELF, WEAK_LOOKUP = 0, -3
"""Ordinals that are no library's: the file itself, and whichever file defines it first. -1 is the main program,
-2 any file in order."""

_KINDS = {1: Kind.OBJECT, 2: Kind.EXECUTABLE, 6: Kind.SHARED, 8: Kind.BUNDLE}
_NEEDS = {
    LC_LOAD_DYLIB: NeedKind.NORMAL, LC_LOAD_WEAK_DYLIB: NeedKind.WEAK, LC_REEXPORT_DYLIB: NeedKind.REEXPORTED,
    LC_LAZY_LOAD_DYLIB: NeedKind.DELAYED, LC_LOAD_UPWARD_DYLIB: NeedKind.NORMAL,
}  # fmt: skip
_USES = ((2, NeedKind.REEXPORTED), (1, NeedKind.WEAK), (8, NeedKind.DELAYED))
_PLATFORMS = {
    1: "macos", 2: "ios", 3: "tvos", 4: "watchos", 5: "bridgeos", 6: "catalyst", 7: "ios-simulator",
    8: "tvos-simulator", 9: "watchos-simulator", 10: "driverkit", 11: "visionos", 12: "visionos-simulator",
}  # fmt: skip
_VERSION_MIN = {0x24: "macos", 0x25: "ios", 0x2F: "tvos", 0x30: "watchos"}
_IMPORT_LAYOUTS = {1: ("I", 8, 9), 2: ("I4x", 8, 9), 3: ("Q8x", 16, 32)}
"""``DYLD_CHAINED_IMPORT*``: what of an entry is read, how many bits are its ordinal's, and where its name begins."""
_INTEL = frozenset({7, 0x01000007})
_CPUS = {
    6: "m68k", 7: "i686", 11: "hppa", 12: "arm", 14: "sparc", 15: "i860", 18: "ppc", 0x01000007: "x86_64",
    0x0100000C: "arm64", 0x01000012: "ppc64", 0x0200000C: "arm64_32",
}  # fmt: skip
_SUBTYPE = 0xFFFFFF
"""Where a subtype has its number; above are capabilities."""
_SUBTYPES = {
    (0x01000007, 8): "x86_64h", (0x0100000C, 2): "arm64e", (12, 5): "armv4t", (12, 6): "armv6", (12, 7): "armv5",
    (12, 9): "armv7", (12, 10): "armv7f", (12, 11): "armv7s", (12, 12): "armv7k", (12, 13): "armv8",
    (12, 14): "armv6m", (12, 15): "armv7m", (12, 16): "armv7em",
}  # fmt: skip


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is Mach-O, thin or fat. A Java class is neither.

    >>> recognises(b"\\xcf\\xfa\\xed\\xfe"), recognises(b"\\xca\\xfe\\xba\\xbe\\0\\0\\0\\2")
    (True, True)
    >>> recognises(b"\\xca\\xfe\\xba\\xbe\\0\\0\\0\\x34")
    False
    """
    return head[:4] in _THIN or (head[:4] in _FAT and 0 < int.from_bytes(head[4:8], "big") <= _MOST_SLICES)


def read(data: Buffer) -> Binary:
    """The facts of one Mach-O file; a fat one of static archives comes as an archive, without slices.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    view = Cursor(data, little=False, what="Mach-O file")
    magic = bytes(view.bytes(0, 4, "magic"))
    if magic in _FAT:
        return _fat(view, _FAT[magic])
    if magic not in _THIN:
        view.fail("the magic number is not there", offset=0, field="magic", value=magic)
    return Binary(format=Format.MACHO, slices=(_slice(view, 0, len(view), cpu=None),))


def _fat(view: Cursor, layout: str) -> Binary:
    rows = [row[:4] for row in view.rows(layout, 8, view.number("I", 4, "nfat_arch"), "fat_arch")]
    end = 8 + len(rows) * struct.calcsize(">" + layout)
    for _, _, offset, size in sorted(rows, key=lambda row: row[2]):
        if offset < end:
            view.fail("slices overlap", offset=offset, field="fat_arch", value=offset)
        end = offset + size
    if rows and all(bytes(view.bytes(offset, size, "slice")[:8]) in _ARCHIVES for _, _, offset, size in rows):
        return Binary(format=Format.ARCHIVE)
    slices = tuple(_slice(view, offset, size, cpu=(kind, subtype)) for kind, subtype, offset, size in rows)
    return Binary(format=Format.MACHO, slices=slices)


class _Header(NamedTuple):
    """``mach_header``; ``end`` is where the load commands end, in bytes from the start of the slice."""

    wide: bool
    cpu_type: int
    cpu_subtype: int
    file_type: int
    flags: int
    end: int

    @property
    def two_level(self) -> bool:
        return bool(self.flags & MH_TWOLEVEL)

    @property
    def kind(self) -> Kind:
        return _KINDS.get(self.file_type, Kind.OTHER)


Command = tuple[int, int, int]
"""A load command: its kind (``LC_*``), offset and size in bytes."""


class _Commands(NamedTuple):
    """The load commands in file order, and the first of each kind."""

    all: Sequence[Command]
    first: Mapping[int, Command]


def _slice(view: Cursor, offset: int, size: int, *, cpu: tuple[int, int] | None) -> MachOSlice:
    """The facts of one slice; ``cpu`` is the type and subtype that the fat header says of it."""
    little, wide = _THIN.get(bytes(view.bytes(offset, size, "slice")[:4]), (None, False))
    if little is None:
        view.fail("a slice is not Mach-O", offset=offset, field="magic")
    cursor = view.part(offset, size, "slice", little=little)
    header, count = _header(cursor, wide=wide)
    if cpu is not None:
        _same_cpu(cursor, header, *cpu)
    commands = _commands(cursor, header, count)
    room = _room(cursor, header, commands)
    needs = tuple(_need(cursor, c) for c in commands.all if c[0] in _NEEDS)
    imports, exports = _symbols(cursor, header, commands, tuple(n.library for n in needs))
    name, compatibility = _identity(cursor, commands)
    linker = commands.first.get(LC_LOAD_DYLINKER)
    return MachOSlice(
        cpu=_cpu(header.cpu_type, header.cpu_subtype),
        bits=64 if wide else 32,
        little_endian=little,
        kind=header.kind,
        needs=needs,
        name=name,
        search_paths=tuple(
            SearchPath(path=_string(cursor, c, "LC_RPATH"), kind="LC_RPATH") for c in commands.all if c[0] == LC_RPATH
        ),
        imports=imports,
        exports=exports,
        minimum_os=tuple(_minimum(cursor, header, c) for c in commands.all if _states_minimum(c)),
        interpreter=None if linker is None else _string(cursor, linker, "LC_LOAD_DYLINKER"),
        debug_bytes=room.debug,
        file_type=header.file_type,
        cpu_subtype=header.cpu_subtype,
        signed=_is_signed(cursor, commands),
        compatibility_version=compatibility,
        two_level=header.two_level,
        offset=offset,
        size=size,
        header_padding=max(room.first - header.end, 0) if room.first is not None else 0,
    )


def _same_cpu(cursor: Cursor, header: _Header, cpu_type: int, subtype: int) -> None:
    """By the fat header dyld chooses a slice. Subtypes that have one name here are no contradiction."""
    if cpu_type != header.cpu_type:
        cursor.fail("the fat header names another CPU", offset=4, field="cputype", value=header.cpu_type)
    if _cpu(cpu_type, subtype & _SUBTYPE) != _cpu(header.cpu_type, header.cpu_subtype):
        cursor.fail("the fat header names another CPU", offset=8, field="cpusubtype", value=header.cpu_subtype)


# --- headers and load commands ----------------------------------------------------------------------------------


def _header(cursor: Cursor, *, wide: bool) -> tuple[_Header, int]:
    """The header, and how many load commands it announces."""
    cpu_type, subtype, file_type, count, size, flags = cursor.unpack("IIIIII", 4, "mach_header")
    start = 32 if wide else 28
    cursor.bytes(start, size, "load commands")
    if count > size // 8:
        cursor.fail("more load commands than there is room for", offset=16, field="ncmds", value=count)
    return _Header(wide, cpu_type, subtype & _SUBTYPE, file_type, flags, start + size), count


def _commands(cursor: Cursor, header: _Header, count: int) -> _Commands:
    offset = 32 if header.wide else 28
    found: list[Command] = []
    first: dict[int, Command] = {}
    head = struct.Struct("<II" if cursor.little else ">II")
    for _ in range(count):
        if offset + 8 > header.end:
            cursor.fail("the load commands have no room for all of them", offset=offset, field="sizeofcmds")
        kind, size = head.unpack_from(cursor.data, offset)
        if size < 8 or size % 4 or offset + size > header.end:
            cursor.fail("a load command of an impossible size", offset=offset + 4, field="cmdsize", value=size)
        command = (kind, offset, size)
        found.append(command)
        first.setdefault(kind, command)
        offset += size
    return _Commands(found, first)


def _fields(cursor: Cursor, command: Command, layout: str, field: str) -> tuple[int, ...]:
    """Numbers of a load command, behind its kind and size."""
    _, offset, size = command
    if struct.calcsize("<" + layout) > size - 8:
        cursor.fail(f"{field} is too short", offset=offset + 4, field="cmdsize", value=size)
    return cursor.unpack(layout, offset + 8, field)


def _string(cursor: Cursor, command: Command, field: str) -> str:
    """The string whose place in the load command its first number tells."""
    _, offset, size = command
    (start,) = _fields(cursor, command, "I", field)
    if not 12 <= start < size:
        cursor.fail(f"the name lies outside of {field}", offset=offset + 8, field=field, value=start)
    text, end, _ = bytes(cursor.data[offset + start : offset + size]).partition(b"\0")
    if not end:
        cursor.fail(f"the name in {field} has no end", offset=offset + start, field=field)
    return text.decode("utf-8", "backslashreplace")


def _cpu(cpu_type: int, subtype: int) -> str:
    return _SUBTYPES.get((cpu_type, subtype)) or _CPUS.get(cpu_type, f"machine-{cpu_type:#06x}")


def _version(packed: int) -> tuple[int, int, int]:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF


def _release(packed: int) -> tuple[int, ...]:
    """A version without a patch number that is zero."""
    version = _version(packed)
    return version if version[2] else version[:2]


def _states_minimum(command: Command) -> bool:
    return command[0] == LC_BUILD_VERSION or command[0] in _VERSION_MIN


def _minimum(cursor: Cursor, header: _Header, command: Command) -> MinimumOS:
    """``LC_BUILD_VERSION``, or ``LC_VERSION_MIN_*``: the older commands say of simulators only that the CPU is Intel's."""
    if command[0] == LC_BUILD_VERSION:
        number, version, sdk = _fields(cursor, command, "III", "LC_BUILD_VERSION")
        platform = _PLATFORMS.get(number, f"platform-{number}")
    else:
        version, sdk = _fields(cursor, command, "II", "LC_VERSION_MIN")
        platform = _VERSION_MIN[command[0]]
        if platform != "macos" and header.cpu_type in _INTEL:
            platform += "-simulator"
    return MinimumOS(platform=platform, version=_release(version), sdk=_release(sdk) if sdk else None)


def _identity(cursor: Cursor, commands: _Commands) -> tuple[str | None, tuple[int, ...] | None]:
    """The install name and the compatibility version."""
    command = commands.first.get(LC_ID_DYLIB)
    if command is None:
        return None, None
    compatibility = _fields(cursor, command, "IIII", "LC_ID_DYLIB")[3]
    return _string(cursor, command, "LC_ID_DYLIB"), _version(compatibility)


def _need(cursor: Cursor, command: Command) -> Need:
    start, marker, _, _ = _fields(cursor, command, "IIII", "LC_LOAD_DYLIB")
    kind = _NEEDS[command[0]]
    if marker == DYLIB_USE_MARKER and start >= 28:
        flags = _fields(cursor, command, "IIIII", "LC_LOAD_DYLIB")[4]
        kind = next((use for bit, use in _USES if flags & bit), kind)
    return Need(library=_string(cursor, command, "LC_LOAD_DYLIB"), kind=kind)


def _is_signed(cursor: Cursor, commands: _Commands) -> bool:
    """Whether there is a signature, and not only the place for one."""
    area = _linkedit(cursor, commands, LC_CODE_SIGNATURE, "LC_CODE_SIGNATURE")
    return area is not None and int.from_bytes(area.data[:4], "big") == CSMAGIC_EMBEDDED_SIGNATURE


def _linkedit(cursor: Cursor, commands: _Commands, kind: int, field: str) -> Cursor | None:
    """The content of a ``linkedit_data_command``."""
    command = commands.first.get(kind)
    if command is None:
        return None
    offset, size = _fields(cursor, command, "II", field)
    return cursor.part(offset, size, field) if size else None


# --- segments ---------------------------------------------------------------------------------------------------


class _Room(NamedTuple):
    """Where the content of the first section begins, and how many bytes are for debuggers."""

    first: int | None
    debug: int


def _room(cursor: Cursor, header: _Header, commands: _Commands) -> _Room:
    segment, section = ("16xQQQQIIII", "16x16sQQI12xI12x") if header.wide else ("16xIIIIIIII", "16x16sIII12xI8x")
    head = 8 + struct.calcsize("<" + segment)
    first: list[int] = []
    debug = 0
    for command in commands.all:
        if command[0] != (LC_SEGMENT_64 if header.wide else LC_SEGMENT):
            continue
        _, _, offset, size, _, _, count, _ = _fields(cursor, command, segment, "segment")
        if header.kind in LOADABLE:
            cursor.bytes(offset, size, "segment")
        area = cursor.part(command[1] + head, command[2] - head, "segment")
        for name, _, length, place, flags in area.rows(section, 0, count, "sections"):
            if not length or not place or flags & 0xFF in S_WITHOUT_CONTENT:
                continue
            first.append(place)
            if name.startswith(b"__DWARF\0"):
                debug += len(cursor.bytes(place, length, "__DWARF section"))
    if debug > len(cursor):
        cursor.fail("debug sections overlap", offset=0, field="__DWARF")
    return _Room(min(first, default=None), debug)


# --- symbols ----------------------------------------------------------------------------------------------------


Imports = dict[bytes, tuple[int, bool]]
"""Imported names as written, with the ordinal of their library, and whether they may be missing."""


def _symbols(
    cursor: Cursor, header: _Header, commands: _Commands, libraries: tuple[str, ...]
) -> tuple[tuple[Symbol, ...], frozenset[str]]:
    """Imports, in the order of the symbol table, and the names of exports."""
    if header.kind not in LOADABLE and header.kind is not Kind.OBJECT:
        return (), frozenset()
    trie = _trie(cursor, commands)
    undefined, defined = _table(cursor, header, commands, with_defined=trie is None)
    exports = frozenset(_plain(defined if trie is None else trie))
    wanted = _merged(undefined, _fixups(cursor, commands, len(libraries)), exports)
    names = (None, *libraries) if header.two_level else (None,)
    imports = [
        Symbol(name=plain, library=names[ordinal] if 0 < ordinal < len(names) else None, weak=weak)
        for plain, (ordinal, weak) in zip(_plain(wanted), wanted.values(), strict=True)
    ]
    return tuple(imports), exports


def _plain(names: Collection[bytes]) -> Sequence[str]:
    """Names without the underscore that C compilers put before them."""
    if not names:
        return ()
    text = (b"\0" + b"\0".join(names)).replace(b"\0_", b"\0")
    return text.decode("utf-8", "backslashreplace").split("\0")[1:]


def _merged(undefined: Imports, bound: Imports, exports: frozenset[str]) -> Imports:
    """What the symbol table says, corrected by what the loader reads: the table may be stripped.

    Weak definitions of C++, and all in files without two-level namespaces, are bound by name even where they are defined:
    what the file itself has is no import.
    """
    for name, (ordinal, weak) in bound.items():
        if name in undefined:
            if ordinal != WEAK_LOOKUP:
                undefined[name] = ordinal, weak
        elif ordinal > SELF or (ordinal < SELF and _plain((name,))[0] not in exports):
            undefined[name] = ordinal, weak
    return undefined


def _ordinal(value: int, bits: int) -> int:
    """An ordinal of so many bits; the highest few are negative.

    >>> _ordinal(1, 8), _ordinal(0xFE, 8), _ordinal(0xFFFD, 16)
    (1, -2, -3)
    """
    return value - (1 << bits) if value > (1 << bits) - 16 else value


@functools.lru_cache(maxsize=1024)
def _described(description: int) -> tuple[int, bool]:
    """``n_desc`` of an undefined symbol: its library's ordinal, and whether it may be missing."""
    return _ordinal(description >> 8, 8), bool(description & N_WEAK_REF)


@functools.lru_cache(maxsize=1024)
def _pair(ordinal: int, weak: int) -> tuple[int, bool]:
    """The same of what the loader reads. One value serves many symbols."""
    return ordinal, bool(weak)


def _table(
    cursor: Cursor, header: _Header, commands: _Commands, *, with_defined: bool
) -> tuple[Imports, Collection[bytes]]:
    """What the symbol table says is undefined, and what is defined for others."""
    command = commands.first.get(LC_SYMTAB)
    if command is None:
        return {}, ()
    place, count, start, size = _fields(cursor, command, "IIII", "LC_SYMTAB")
    each = 16 if header.wide else 12
    table = cursor.bytes(place, count * each, "symbol table")
    text = _texts(cursor.part(start, size, "string table"), "string table")
    layout = "IBxHQ" if header.wide else "IBxHI"
    defined, undefined = _ranges(cursor, header, commands, count)
    imports: Imports = {}
    exports: set[bytes] = set()
    for low, high in (defined, undefined) if with_defined else (undefined,):
        for name, kind, description, value in cursor.records(layout, table[low * each : high * each]):
            if kind & (N_STAB | N_PEXT | N_EXT) != N_EXT or not name:
                continue
            if kind & N_TYPE in N_UNDEFINED and (not value or header.kind is not Kind.OBJECT):
                imports[text(name)] = _described(description)
            else:  # defined, or in an object with a value: a common symbol
                exports.add(text(name))
    return imports, exports


def _texts(strings: Cursor, field: str) -> Callable[[int], bytes]:
    """A function from places to NUL-terminated strings. These may share their ends, but not so many that they become a
    flood."""
    text = bytes(strings.data)
    find, left = text.find, 8 * len(text) + 65536

    def at(place: int) -> bytes:
        nonlocal left
        end = find(0, place)
        left -= end - place
        if end < 0 or left < 0:
            reason = "a name lies outside" if end < 0 else "names overlap"
            strings.fail(f"{reason} in the {field}", offset=min(place, len(text)), field=field, value=place)
        return text[place:end]

    return at


def _ranges(cursor: Cursor, header: _Header, commands: _Commands, count: int) -> tuple[tuple[int, int], ...]:
    """Where in the symbol table the defined external symbols and the undefined ones are: first and end of each."""
    command = commands.first.get(LC_DYSYMTAB)
    if command is None or header.kind is Kind.OBJECT:
        return (0, 0), (0, count)
    numbers = _fields(cursor, command, "8xIIII", "LC_DYSYMTAB")
    pairs = ((numbers[0], numbers[0] + numbers[1]), (numbers[2], numbers[2] + numbers[3]))
    for _, end in pairs:
        if end > count:
            cursor.fail("symbols that do not exist", offset=command[1] + 16, field="LC_DYSYMTAB", value=end)
    return pairs


# --- exports ----------------------------------------------------------------------------------------------------


def _trie(cursor: Cursor, commands: _Commands) -> Collection[bytes] | None:
    """Names in the exports trie; ``None`` when the file is from before there were any."""
    command = commands.first.get(LC_DYLD_INFO_ONLY) or commands.first.get(LC_DYLD_INFO)
    if LC_DYLD_EXPORTS_TRIE in commands.first:
        area = _linkedit(cursor, commands, LC_DYLD_EXPORTS_TRIE, "exports trie")
    elif command is not None:
        offset, size = _fields(cursor, command, "32xII", "LC_DYLD_INFO")
        area = cursor.part(offset, size, "exports trie") if size else None
    else:
        return None
    if area is None:
        return ()
    try:
        return _trie_names(area, 4 * len(cursor) + 65536)
    except (IndexError, ValueError):
        return area.fail("the exports trie leaves itself", offset=0, field="exports trie")


def _trie_names(area: Cursor, limit: int) -> Collection[bytes]:
    """Names at the nodes of a trie that have an address.

    A node takes at least two bytes, and the one edge to it three; names share their beginnings only so much. This bounds
    loops, shared nodes and depth.

    :param limit: how many bytes all names may have, beginnings of names included.
    :raises IndexError: when a node leaves the trie; ValueError: when the text of an edge does.
    """
    data = bytes(area.data)
    edges = len(data) // 5
    names: list[bytes] = []
    waiting = [(0, b"")]
    while waiting:
        at, prefix = waiting.pop()
        size, at = _uleb(data, at)
        if size:
            names.append(prefix)
            at += size
        children = data[at]
        at += 1
        edges -= children
        for _ in range(children):
            end = data.index(0, at)
            name = prefix + data[at:end]
            limit -= len(name)
            place, at = (data[end + 1], end + 2) if data[end + 1] < 0x80 else _uleb(data, end + 1)
            size = data[place]
            if 0 < size < 0x80 and not data[place + 1 + size]:
                names.append(name)  # most nodes are leaves
            else:
                waiting.append((place, name))
        if edges < 0 or limit < 0:
            area.fail("the exports trie is a loop, or overlaps itself", offset=0, field="exports trie")
    return names


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """A ULEB128 of at most 64 bits, and where it ends."""
    value = data[at]
    at += 1
    if value >= 0x80:
        value &= 0x7F
        for shift in range(7, 64, 7):
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
    return value, at


# --- fixups -----------------------------------------------------------------------------------------------------


def _fixups(cursor: Cursor, commands: _Commands, libraries: int) -> Imports:
    """What the loader binds: chained fixups, or the streams of opcodes that were before them."""
    command = commands.first.get(LC_DYLD_INFO_ONLY) or commands.first.get(LC_DYLD_INFO)
    if LC_DYLD_CHAINED_FIXUPS in commands.first:
        area = _linkedit(cursor, commands, LC_DYLD_CHAINED_FIXUPS, "chained fixups")
        found = {} if area is None else _chained(area)
    elif command is not None:
        found = _streams(cursor, _fields(cursor, command, "8xIIIIII", "LC_DYLD_INFO"))
    else:
        return {}
    top = max((ordinal for ordinal, _ in found.values()), default=0)
    if top > libraries:
        cursor.fail("a symbol of a library that is not needed", offset=0, field="ordinal", value=top)
    return found


def _add(found: Imports, name: bytes, ordinal: int, weak: int) -> None:
    """A name that is bound twice may be missing only where both times it may. The first says of which library it is."""
    what = _pair(ordinal, weak)
    known = found.setdefault(name, what)
    if known is not what and known[1] and not weak and ordinal != WEAK_LOOKUP:
        found[name] = _pair(known[0], 0)


def _chained(area: Cursor) -> Imports:
    """The table of imports in each of its forms; compressed names have no definition beyond the word zlib."""
    _, _, table, names, count, form, compression = area.unpack("IIIIIII", 0, "dyld_chained_fixups_header")
    if compression:
        area.fail("compressed symbol names are not read", offset=24, field="symbols_format", value=compression)
    if form not in _IMPORT_LAYOUTS:
        area.fail("imports of an unknown form", offset=20, field="imports_format", value=form)
    layout, bits, shift = _IMPORT_LAYOUTS[form]
    text = _texts(area.part(names, len(area) - names, "symbol names"), "symbol names")
    found: Imports = {}
    for (entry,) in area.rows(layout, table, count, "imports"):
        _add(found, text(entry >> shift), _ordinal(entry & (1 << bits) - 1, bits), entry >> bits & 1)
    return found


def _streams(cursor: Cursor, places: Sequence[int]) -> Imports:
    """The symbols of the bind, weak-bind and lazy-bind opcodes."""
    found: Imports = {}
    for number, lazy in ((0, False), (4, True), (2, False)):
        offset, size = places[number : number + 2]
        if size:
            _bound(
                cursor.part(offset, size, "bind opcodes"), found, first=WEAK_LOOKUP if number == 2 else SELF, lazy=lazy
            )
    return found


def _bound(area: Cursor, found: Imports, *, first: int, lazy: bool) -> None:
    """Add the symbols that one stream binds; a lazy one has an end (``BIND_OPCODE_DONE``) after each symbol."""
    ordinal, symbol, flags = first, b"", 0
    for token in _opcodes(lazy=lazy).finditer(bytes(area.data)):
        match token.lastindex:
            case 3:
                of, (flags,), symbol = token.group(1, 2, 3)
                ordinal = _spelt_ordinal(of) if of else ordinal
                _add(found, symbol, ordinal, flags & 1)
            case 4:
                ordinal = _spelt_ordinal(token[4])
            case 6:
                (flags,), symbol = token.group(5, 6)
            case 7:
                _add(found, symbol, ordinal, flags & 1)
            case 8 if not lazy:
                return
            case 9:
                area.fail(
                    "a byte that is no bind opcode", offset=token.start(), field="bind opcodes", value=token[9][0]
                )


def _spelt_ordinal(opcode: bytes) -> int:
    """``BIND_OPCODE_SET_DYLIB_*`` with its operand."""
    kind, low = opcode[0] >> 4, opcode[0] & 15
    if kind == 2:
        return _uleb(opcode, 1)[0]
    return low - 16 if kind == 3 and low else low


@functools.cache
def _opcodes(*, lazy: bool) -> re.Pattern[bytes]:
    """Bind opcodes in as few tokens as there may be: as a rule one for everything about a symbol.

    Groups: ordinal, flags and name of a symbol that is bound forthwith; an ordinal alone; flags and name alone; more
    places for the last symbol; the end; a byte that is no opcode. Repetitions are counted, to bound what matching takes.
    """
    number = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
    of = rb"([\x10-\x1f\x30-\x3f]|[\x20-\x2f]" + number + rb")"
    name = rb"([\x40-\x4f])([^\x00]*)\x00"
    place = rb"(?:[\x50-\x5f\xd1]|[\x60-\x8f\xd0]" + number + rb")"
    bind = rb"(?:[\x90-\x9f\xb0-\xbf]|[\xa0-\xaf]" + number + rb"|[\xc0-\xcf]" + number + number + rb")"
    more = bind + b"(?:" + place + b"|" + bind + b"){0,64}"
    whole = place + b"{0,4}" + of + b"?" + name + place + b"{0,4}" + more + (b"\x00*" if lazy else b"")
    return re.compile(b"|".join((whole, of, name, b"(" + more + b")", place + b"{1,64}", b"(\x00)", b"(.)")), re.DOTALL)
