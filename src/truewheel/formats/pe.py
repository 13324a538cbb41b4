"""Facts from PE images: DLLs, extension modules and programs of Windows, for 32 and 64 bits.

Sources: the Microsoft PE and COFF specification; ``winnt.h`` of the Windows SDK for the load configuration, its CHPE
metadata (ARM64EC, ARM64X) and the CLR header; ``delayimp.h``. What the specification leaves open is read as the
system's loader reads it. Nothing is judged here, nothing is executed, no certificate is verified.
"""

from __future__ import annotations

import bisect
import itertools
import struct
from collections.abc import Iterator, Sequence

from ..model.binary import Binary, Format, Kind, MinimumOS, Need, NeedKind, PeSlice, Symbol
from ..model.record import NamedTuple
from .cursor import Buffer, Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

SIGNATURE = b"PE\0\0"
_PORTABLE = b"MZqFpD='"
PE32, PE32_PLUS = 0x10B, 0x20B
EXPORT, IMPORT, CERTIFICATE, LOAD_CONFIG, DELAY_IMPORT, CLR = 0, 1, 4, 10, 13, 14
IMAGE_FILE_EXECUTABLE_IMAGE, IMAGE_FILE_DLL = 0x0002, 0x2000
AMD64, ARM64 = 0x8664, 0xAA64
SUBSYSTEM_NATIVE = 1
SUBSYSTEMS_OF_FIRMWARE = frozenset({10, 11, 12, 13, 16})
"""EFI applications, drivers and ROM images, and the boot manager's programs."""
COMIMAGE_FLAGS_ILONLY, COMIMAGE_FLAGS_IL_LIBRARY = 0x1, 0x4
DELAY_RVA_BASED = 0x1
CHPE_POINTER = 200
"""Offset of ``CHPEMetadataPointer`` in ``IMAGE_LOAD_CONFIG_DIRECTORY64``."""

MOST_IMPORTS, MOST_EXPORTS = 1 << 20, 1 << 16
"""How many symbols are believed: ordinals have 16 bits, and no program imports from sixteen libraries in full."""

CPUS = {
    0x14C: "i686", AMD64: "x86_64", ARM64: "arm64", 0xA641: "arm64ec", 0x1C0: "arm", 0x1C2: "arm", 0x1C4: "armv7l",
    0x166: "mips", 0x1F0: "ppcle", 0x200: "ia64", 0x5032: "riscv32", 0x5064: "riscv64", 0x6232: "loongarch32",
    0x6264: "loongarch64",
}  # fmt: skip
"""The names here of ``IMAGE_FILE_MACHINE_*``."""

_STUBS = (b"be run in DOS mode", b"must be run under Win")
"""What the small DOS programs in front of PE images print."""
_OTHERS = (b"NE", b"LE", b"LX", b"W3", b"W4")
"""Other formats that follow a DOS program: 16-bit Windows, its drivers, OS/2."""
_DEBUG = (b".debug_", b".debug$", b".zdebug", b".stab")


def cpu(machine: int) -> str:
    """The name here of an ``IMAGE_FILE_MACHINE_*`` number.

    >>> cpu(0x8664), cpu(0x1234)
    ('x86_64', 'machine-0x1234')
    """
    return CPUS.get(machine, f"machine-{machine:#06x}")


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` may be a PE image: what is at ``e_lfanew`` decides (:func:`read`).

    >>> recognises(b"MZ" + bytes(58) + b"\\x80\\0\\0\\0"), recognises(b"MZ" + bytes(62)), recognises(b"MZ")
    (True, False, False)

    Programs of Cosmopolitan Libc look like PE images, and are shell scripts and ELF or Mach-O files as well: they are
    bound to no system ("Actually Portable Executable" specification, "MZ prefix").
    """
    if head.startswith(_PORTABLE):
        return False
    return head[:2] == b"MZ" and len(head) >= 64 and 4 <= int.from_bytes(head[60:64], "little") < 1 << 28


class _Header(NamedTuple):
    """The COFF file header and the optional header."""

    machine: int
    sections: int
    sections_at: int
    names_at: int
    characteristics: int
    wide: bool
    code: int
    entry: int
    base: int
    file_alignment: int
    image_size: int
    headers_size: int
    subsystem: int
    subsystem_version: tuple[int, int]
    os_version: tuple[int, int]
    directories: tuple[tuple[int, int], ...]
    companion: bool = False
    """Whether the sections were left out, but for those of a debugger."""

    def directory(self, index: int) -> tuple[int, int]:
        """Address and size of a data directory; zeros when it is not there."""
        return self.directories[index] if index < len(self.directories) else (0, 0)


class _Section(NamedTuple):
    name: bytes
    virtual: int
    address: int
    raw: int
    offset: int


def read(data: Buffer) -> Binary | None:
    """The facts of one PE image; ``None`` for a plain DOS program, which only begins like one.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    raw = data if isinstance(data, bytes) else bytes(data)
    cursor = Cursor(raw, what="PE file")
    at = cursor.number("I", 60, "e_lfanew")
    if raw[at : at + 4] != SIGNATURE:
        if _is_damaged(raw, at):
            cursor.fail("no PE header follows the DOS program", offset=60, field="e_lfanew", value=at)
        return None
    header = _header(cursor, at + 4)
    sections = _sections(cursor, header)
    debug = [s for s in sections if s.offset and is_debug(s.name, raw, header.names_at)]
    if debug and not any(s.offset and s.raw for s in sections if s not in debug):
        # What "objcopy --only-keep-debug" leaves: the tables that the directories lead to are in the stripped file.
        header = header._replace(directories=(), companion=True)
    return Binary(format=Format.PE, slices=(_slice(_Image(cursor, raw, header, sections), debug),))


def _is_damaged(raw: bytes, at: int) -> bool:
    """Whether a file without a signature was a PE image once, rather than a program for DOS.

    The DOS program that linkers put in front says so in words. Where even that is cut off, its header must be like
    theirs: relocations behind the extended header, and the signature soon after.
    """
    if raw[at : at + 2] in _OTHERS:
        return False
    if any(text in raw[64 : min(at, 4096)] for text in _STUBS):
        return True
    return len(raw) < 128 and int.from_bytes(raw[24:26], "little") == 64 <= at < 4096 and at >= len(raw) - 3


def _header(cursor: Cursor, at: int) -> _Header:
    machine, count, _, symbols_at, symbols, size, characteristics = cursor.unpack("HHIIIHH", at, "Machine")
    start = at + 20
    magic = cursor.number("H", start, "Magic")
    if magic not in (PE32, PE32_PLUS):
        cursor.fail("neither PE32 nor PE32+", offset=start, field="Magic", value=magic)
    wide = magic == PE32_PLUS
    layout = "4xI8xI4xQ4xIHH4xHH4xII4xH" if wide else "4xI8xI8xI4xIHH4xHH4xII4xH"
    code, entry, base, alignment, os_major, os_minor, major, minor, image, headers, subsystem = cursor.unpack(
        layout, start, "optional header"
    )
    table = start + (112 if wide else 96)
    directories = min(cursor.number("I", table - 4, "NumberOfRvaAndSizes"), 16)
    return _Header(
        machine=machine, sections=count, sections_at=start + size, names_at=symbols_at and symbols_at + 18 * symbols,
        characteristics=characteristics, wide=wide, code=code, entry=entry, base=base, file_alignment=alignment,
        image_size=image, headers_size=headers, subsystem=subsystem, subsystem_version=(major, minor),
        os_version=(os_major, os_minor),
        directories=tuple((a, s) for a, s in cursor.rows("II", table, directories, "data directories")),
    )  # fmt: skip


def _sections(cursor: Cursor, header: _Header) -> tuple[_Section, ...]:
    rows = cursor.rows("8sIIII16x", header.sections_at, header.sections, "section headers")
    sections = tuple(_Section(*row) for row in rows)
    for number, section in enumerate(sections):
        end = section.offset + min(section.raw, section.virtual or section.raw)
        if section.offset and end > len(cursor):
            cursor.fail(
                f"section {_plain(section.name)} ends at {end:#x}, but the file at {len(cursor):#x}",
                offset=header.sections_at + 40 * number + 16, field="SizeOfRawData", value=section.raw,
            )  # fmt: skip
    return sections


def _plain(name: bytes) -> str:
    return name.partition(b"\0")[0].decode("ascii", "backslashreplace")


class _Image:
    """A PE image by the addresses that it would have in memory, relative to its base (RVA)."""

    def __init__(self, cursor: Cursor, raw: bytes, header: _Header, sections: Sequence[_Section]) -> None:
        self.cursor = cursor
        self.raw = raw
        self.header = header
        # The loader maps sectors: where sections are aligned to them, lower bits of an offset do not count.
        sector = 0x1FF if header.file_alignment >= 0x200 else 0
        areas = [(s.address, s.virtual or s.raw, s.offset & ~sector, s.raw if s.offset else 0) for s in sections]
        self._areas = sorted([(0, header.headers_size, 0, header.headers_size), *areas])
        self._starts = [a[0] for a in self._areas]
        # The area in which the last name was, because the next is likely there too: its first address, its end in the
        # file, and what to add to an address for the place in the file.
        self._first = self._end = self._shift = 0
        # Text that all names together may have. Linkers write each once; overlapping ones would become any amount.
        self._left = len(raw) + 4096

    def _area(self, address: int, field: str) -> tuple[int, int, int, bool]:
        """What holds ``address``: its first address, from where to where the file has it, and whether zeros follow
        that the file does not have.

        :raises FormatError: when nothing is there.
        """
        index = bisect.bisect_right(self._starts, address) - 1
        start, virtual, offset, size = self._areas[index] if index >= 0 else (0, 0, 0, 0)
        pages = (virtual + 0xFFF) & ~0xFFF
        if not 0 <= address - start < pages:
            self.cursor.fail(f"{field} lies in no section", offset=0, field=field, value=address)
        return start, offset, min(offset + min(size, pages), len(self.raw)), size < pages

    def rows(self, layout: str, address: int, count: int, field: str) -> Iterator[tuple[int, ...]]:
        """``count`` records at ``address``.

        :raises FormatError: at once, when they do not all lie in the file and in one section.
        """
        first, offset, end, _ = self._area(address, field)
        start = offset + address - first
        if start + count * struct.calcsize("<" + layout) > end:
            self.cursor.fail(f"{field} reaches beyond its section", offset=min(start, end), field=field, value=count)
        return self.cursor.rows(layout, start, count, field)

    def until_zero(self, layout: str, last: int, address: int, field: str) -> Iterator[tuple[int, ...]]:
        """Records at ``address`` up to the one whose field ``last`` is zero.

        :raises FormatError: when there is none.
        """
        first, offset, end, zeros = self._area(address, field)
        start = min(offset + address - first, end)
        whole = end - (end - start) % struct.calcsize("<" + layout)
        for record in self.cursor.records(layout, self.cursor.data[start:whole]):
            if not record[last]:
                return
            yield record
        if not zeros:
            self.cursor.fail(f"{field} has no end", offset=start, field=field, value=address)

    def name(self, address: int, field: str) -> str:
        """The NUL-terminated string at ``address``.

        :raises FormatError: when it is not in the file, or names there overlap too much.
        """
        at = address + self._shift
        if address < self._first or at >= self._end:
            self._first, offset, self._end, _ = self._area(address, field)
            self._shift = offset - self._first
            at = address + self._shift
        end = self.raw.find(b"\0", at, self._end)
        if end < 0:
            self.cursor.fail(f"{field} has no end", offset=min(at, self._end), field=field, value=address)
        self._left -= end - at + 5  # each has an address somewhere, too
        if self._left < 0:
            self.cursor.fail("names overlap", offset=at, field=field, value=address)
        return self.raw[at:end].decode("utf-8", "backslashreplace")


def _slice(image: _Image, debug: Sequence[_Section]) -> PeSlice:
    header = image.header
    libraries, imports = _imports(image)
    exports = _exports(image)
    return PeSlice(
        cpu=cpu(header.machine),
        bits=64 if header.wide else 32,
        kind=_kind(image),
        needs=libraries,
        name=exports.library,
        imports=imports,
        exports=exports.names,
        minimum_os=(MinimumOS(platform="windows", version=header.subsystem_version),),
        debug_bytes=sum(min(s.raw, s.virtual or s.raw) for s in debug),
        machine=header.machine,
        subsystem=header.subsystem,
        subsystem_version=header.subsystem_version,
        os_version=header.os_version,
        characteristics=header.characteristics,
        forwards=exports.forwards,
        hybrid=_hybrid(image),
        certificate=_has_certificate(image),
    )


# --- what it is -------------------------------------------------------------------------------------------------


def _kind(image: _Image) -> Kind:
    """What the loader would do with it. Images of the CLR, of resources alone, for firmware and for the kernel are no
    code for a process's CPU, whatever machine their header names."""
    header = image.header
    bits = header.characteristics
    if header.companion or not bits & IMAGE_FILE_EXECUTABLE_IMAGE:
        return Kind.OTHER
    if header.subsystem in SUBSYSTEMS_OF_FIRMWARE or _is_managed(image):
        return Kind.OTHER
    if bits & IMAGE_FILE_DLL:
        empty = not header.code and not header.entry and not any(header.directory(d)[0] for d in (EXPORT, IMPORT))
        return Kind.OTHER if empty else Kind.SHARED
    return Kind.OTHER if header.subsystem == SUBSYSTEM_NATIVE else Kind.EXECUTABLE


def _is_managed(image: _Image) -> bool:
    """Whether all code is for the Common Language Runtime: as a rule those say i386, and run anywhere."""
    address, _ = image.header.directory(CLR)
    if not address:
        return False
    ((flags,),) = image.rows("16xI", address, 1, "CLR header")
    return bool(flags & (COMIMAGE_FLAGS_ILONLY | COMIMAGE_FLAGS_IL_LIBRARY))


def _hybrid(image: _Image) -> Literal["arm64ec", "arm64x"] | None:
    """ARM64EC images call themselves AMD64, ARM64X images ARM64; both have CHPE metadata."""
    header = image.header
    address, _ = header.directory(LOAD_CONFIG)
    if header.machine not in (AMD64, ARM64) or not header.wide or not address:
        return None
    ((size,),) = image.rows("I", address, 1, "load configuration")
    if size < CHPE_POINTER + 8:
        return None
    ((pointer,),) = image.rows("Q", address + CHPE_POINTER, 1, "CHPEMetadataPointer")
    if not header.base <= pointer < header.base + header.image_size:
        return None
    return "arm64ec" if header.machine == AMD64 else "arm64x"


def _has_certificate(image: _Image) -> bool:
    """Whether an attribute certificate is attached, inside of the file: this directory alone has a file offset."""
    offset, size = image.header.directory(CERTIFICATE)
    if not offset or size < 8 or offset + size > len(image.raw):
        return False
    length: int = image.cursor.number("I", offset, "attribute certificate")
    return 8 < length <= size


def is_debug(name: bytes, raw: bytes, names_at: int) -> bool:
    """Whether a section's name is one of DWARF's, stabs' or CodeView's.

    :param name: the eight bytes in its header; longer names are ``/OFFSET`` into the string table.
    :param names_at: where the string table begins in ``raw``; 0 when there is none.
    """
    number = name[1:].partition(b"\0")[0]
    if name[:1] == b"/" and number.isdigit() and names_at:
        at = names_at + int(number)
        name = raw[at : at + 8]
    return name.startswith(_DEBUG)


# --- imports ----------------------------------------------------------------------------------------------------


def _imports(image: _Image) -> tuple[tuple[Need, ...], tuple[Symbol, ...]]:
    """The libraries, and every symbol of each."""
    needs: dict[str, NeedKind] = {}
    symbols: list[Symbol] = []
    # No two tables share entries, so there cannot be more of them than words in the file.
    left = min(len(image.raw) // (8 if image.header.wide else 4), MOST_IMPORTS)
    for kind, library, table, base in itertools.chain(_descriptors(image), _delayed(image)):
        needs.setdefault(library, kind)
        symbols += itertools.islice(_thunks(image, library, table, base), left - len(symbols) + 1)
        if len(symbols) > left:
            image.cursor.fail("import tables overlap", offset=0, field="import lookup table", value=table)
    return tuple(Need(library=library, kind=kind) for library, kind in needs.items()), tuple(symbols)


_Descriptor = tuple[NeedKind, str, int, int]
"""How it is bound, a library's name, the address of its table of names, and what addresses in there are relative to."""


def _descriptors(image: _Image) -> Iterator[_Descriptor]:
    """The import directory. Its size is not looked at by the loader, which stops where a name or a table is missing."""
    address, _ = image.header.directory(IMPORT)
    if not address:
        return
    for lookup, _, _, name, table in image.until_zero("5I", 3, address, "import directory"):
        if not table:
            return
        # Old linkers left out the lookup table: then the address table still has the names.
        names = lookup if lookup >= image.header.headers_size else table
        yield NeedKind.NORMAL, image.name(name, "DLL name"), names, 0


def _delayed(image: _Image) -> Iterator[_Descriptor]:
    """Delay-load descriptors. Those that Visual C++ 6 wrote hold addresses instead of offsets from the base."""
    address, _ = image.header.directory(DELAY_IMPORT)
    if not address:
        return
    for attributes, name, _, _, table, *_ in image.until_zero("8I", 1, address, "delay import directory"):
        base = 0 if attributes & DELAY_RVA_BASED else image.header.base
        library = image.name(name - base, "delayed DLL name")
        yield NeedKind.DELAYED, library, table - base, base


def _thunks(image: _Image, library: str, address: int, base: int) -> Iterator[Symbol]:
    """The symbols of one library: by number where the highest bit says so, else by name, after a hint of two bytes."""
    wide = image.header.wide
    by_number = 1 << (63 if wide else 31)
    name_of = image.name
    skip = 2 - base
    for (value,) in image.until_zero("Q" if wide else "I", 0, address, "import lookup table"):
        if value & by_number:
            ordinal = value & 0xFFFF
            yield Symbol(name=f"#{ordinal}", library=library, ordinal=ordinal)
        else:
            yield Symbol(name=name_of(value + skip, "import name"), library=library)


# --- exports ----------------------------------------------------------------------------------------------------


class _Exports(NamedTuple):
    library: str | None = None
    names: frozenset[str] = frozenset()
    forwards: tuple[tuple[str, str], ...] = ()


def _exports(image: _Image) -> _Exports:
    """The names that the image exports. Those that it exports by number alone have none."""
    address, size = image.header.directory(EXPORT)
    if not address:
        return _Exports()
    ((library, _, functions, count, functions_at, names_at, ordinals_at),) = image.rows(
        "12x7I", address, 1, "export directory"
    )
    if not count:
        return _Exports(library=image.name(library, "export DLL name") if library else None)
    if count > MOST_EXPORTS:
        image.cursor.fail("more names than ordinals", offset=0, field="NumberOfNames", value=count)
    name_of = image.name
    names = [name_of(at, "export name") for (at,) in image.rows("I", names_at, count, "export name table")]
    targets = [rva for (rva,) in image.rows("I", functions_at, functions, "export address table")]
    ordinals = image.rows("H", ordinals_at, count, "export ordinal table")
    forwards = []
    # An address inside of the export directory is not code, but the name of a symbol elsewhere.
    if any(address <= rva < address + size for rva in targets):
        for name, (ordinal,) in zip(names, ordinals, strict=True):
            rva = targets[ordinal] if ordinal < functions else 0
            if address <= rva < address + size:
                forwards.append((name, name_of(rva, "export forwarder")))
    return _Exports(
        library=name_of(library, "export DLL name") if library else None,
        names=frozenset(names),
        forwards=tuple(forwards),
    )
