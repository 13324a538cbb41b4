"""Facts from ELF files: any class, byte order and machine; with section headers, or stripped down to program headers.

Sources: System V ABI gABI chapters 4 and 5, the Linux Standard Base on symbol versions, the processor supplements
(ARM IHI 0044 and 0045, RISC-V psABI, OpenPOWER ELFv2, LoongArch psABI, x86-64 psABI), glibc ``elf/elf.h``, bionic's
``.note.android.ident``. Nothing is judged here.
"""

from __future__ import annotations

import struct
from itertools import chain, repeat

from ..model.binary import Binary, ElfSlice, Format, Kind, MinimumOS, Need, SearchPath, Symbol
from ..model.record import NamedTuple, Record, replace, rows
from .cursor import Cursor, Strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .cursor import Buffer

MAGIC = b"\x7fELF"

ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_STACK = 0x6474E551
PF_X = 1
SHT_SYMTAB, SHT_DYNAMIC, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = 2, 6, 7, 8, 11
SHT_ARM_ATTRIBUTES = 0x70000003
SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM = 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ = 1, 4, 5, 6, 10
DT_SONAME, DT_RPATH, DT_TEXTREL, DT_RUNPATH, DT_FLAGS = 14, 15, 22, 29, 30
DT_GNU_HASH, DT_VERSYM, DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
DT_VERDEF, DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
DT_RELRSZ = 35
_PACKED = {36: "DT_RELR", 0x6FFFE000: "DT_ANDROID_RELR", 0x6000000F: "DT_ANDROID_REL", 0x60000011: "DT_ANDROID_RELA"}
_HASHES = {DT_HASH: "DT_HASH", DT_GNU_HASH: "DT_GNU_HASH"}
DF_TEXTREL, DF_1_PIE = 0x4, 0x08000000
VER_FLG_BASE, VER_FLG_WEAK = 1, 2
STB_WEAK = 2
STB_LOCAL = 0
_CHAIN_PIECE = 256
"""Bytes of a hash chain that are read at once: only its end tells how long it is, and most are short."""

_MACHINES = {
    2: "sparc", 4: "m68k", 8: "mips", 15: "hppa", 18: "sparc", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm",
    42: "sh4", 43: "sparc64", 50: "ia64", 183: "aarch64", 0x9026: "alpha",
}  # fmt: skip
_ISA_1 = {1: "x86-64-baseline", 2: "x86-64-v2", 4: "x86-64-v3", 8: "x86-64-v4"}
_RISCV_FLOAT = {0: "soft", 2: "single", 4: "double", 6: "quad"}
_LOONGARCH_FLOAT = {1: "soft", 2: "single", 3: "double"}
_ARM_ARCHITECTURES = {
    0: "pre-v4", 1: "v4", 2: "v4T", 3: "v5T", 4: "v5TE", 5: "v5TEJ", 6: "v6", 7: "v6KZ", 8: "v6T2", 9: "v6K",
    10: "v7", 11: "v6-M", 12: "v6S-M", 13: "v7E-M", 14: "v8-A", 15: "v8-R", 16: "v8-M.base", 17: "v8-M.main",
    21: "v8.1-M.main", 22: "v9-A",
}  # fmt: skip


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is ELF.

    >>> recognises(b"\\x7fELF\\x02\\x01\\x01")
    True
    """
    return head[:4] == MAGIC


class _Header(Record):
    """The ELF header, with the numbers that depend on the class."""

    wide: bool
    os_abi: int
    type: int
    machine: int
    flags: int
    phoff: int
    phentsize: int
    phnum: int
    shoff: int
    shentsize: int
    shnum: int
    shstrndx: int


class _Segment(NamedTuple):
    """A program header, in the order of 64-bit files."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


class _Section(NamedTuple):
    """A section header."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entsize: int


class _Dynamic(Record):
    """The dynamic section and the tables it leads to, wherever they were found; a table that is not there is empty.

    :param symbols: raw symbol records.
    :param complete: whether all exported symbols are known; the number of imported ones may be a guess.
    """

    tags: tuple[tuple[int, int], ...] = ()
    strings: Strings
    symbols: memoryview = memoryview(b"")
    versyms: memoryview = memoryview(b"")
    needs: Cursor | None = None
    definitions: Cursor | None = None
    complete: bool = True

    @property
    def first(self) -> dict[int, int]:
        """The values of the tags; of one that stands there again, the first."""
        return dict(reversed(self.tags))


def read(data: Buffer) -> Binary:
    """The facts of one ELF file.

    :raises FormatError: when a header or a table lies outside of the file, or contradicts another.
    """
    cursor, header = _header(data)
    segments = _segments(cursor, header)
    sections = _sections(cursor, header)
    dynamic = _dynamic(cursor, header, segments, sections)
    return Binary(format=Format.ELF, slices=(_slice(cursor, header, segments, sections, dynamic),))


def _header(data: Buffer) -> tuple[Cursor, _Header]:
    view = Cursor(data, what="ELF file")
    magic, bits, order, _, os_abi = view.unpack("4sBBBB", 0, "e_ident")
    if magic != MAGIC:
        view.fail("the magic number is not there", offset=0, field="EI_MAG", value=magic)
    if bits not in (1, 2):
        view.fail("neither 32 nor 64 bits", offset=4, field="EI_CLASS", value=bits)
    if order not in (1, 2):
        view.fail("neither byte order", offset=5, field="EI_DATA", value=order)
    wide = bits == 2
    cursor = Cursor(view.data, little=order == 1, what="ELF file")
    layout = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    kind, machine, _, _, phoff, shoff, flags, _, phentsize, phnum, shentsize, shnum, shstrndx = cursor.unpack(
        layout, 16, "e_type"
    )
    header = _Header(
        wide=wide, os_abi=os_abi, type=kind, machine=machine, flags=flags, phoff=phoff, phentsize=phentsize,
        phnum=phnum, shoff=shoff, shentsize=shentsize, shnum=shnum, shstrndx=shstrndx,
    )  # fmt: skip
    return cursor, _extended(cursor, header)


def _extended(cursor: Cursor, header: _Header) -> _Header:
    """Counts too large for their field stand in section 0 (gABI: ``PN_XNUM``, ``SHN_XINDEX``)."""
    if not header.shoff or (header.shnum and header.phnum != 0xFFFF and header.shstrndx != 0xFFFF):
        return header
    first = _section(cursor, header, 0)
    return replace(
        header,
        shnum=header.shnum or first.size,
        phnum=first.info if header.phnum == 0xFFFF else header.phnum,
        shstrndx=first.link if header.shstrndx == 0xFFFF else header.shstrndx,
    )


def _segments(cursor: Cursor, header: _Header) -> tuple[_Segment, ...]:
    if not header.phnum or not header.phoff:
        return ()
    layout = "IIQQQQQQ" if header.wide else "IIIIIIII"
    least = struct.calcsize("<" + layout)
    if header.phentsize != least:
        cursor.fail(
            "program headers of another size",
            offset=54 if header.wide else 42,
            field="e_phentsize",
            value=header.phentsize,
        )
    found = cursor.rows(layout, header.phoff, header.phnum, "program headers")
    if not header.wide:  # there the flags stand behind the sizes
        found = ((kind, flags, *places, align) for kind, *places, flags, align in found)
    return tuple(rows(_Segment, found))


def _section_layout(header: _Header) -> str:
    return "IIQQQQIIQQ" if header.wide else "IIIIIIIIII"


def _section(cursor: Cursor, header: _Header, index: int) -> _Section:
    layout = _section_layout(header)
    offset = header.shoff + index * struct.calcsize("<" + layout)
    return _Section(*cursor.unpack(layout, offset, "section header"))


def _sections(cursor: Cursor, header: _Header) -> tuple[_Section, ...]:
    if not header.shoff or not header.shnum:
        return ()
    layout = _section_layout(header)
    if header.shentsize != struct.calcsize("<" + layout):
        cursor.fail(
            "section headers of another size",
            offset=58 if header.wide else 46,
            field="e_shentsize",
            value=header.shentsize,
        )
    return tuple(rows(_Section, cursor.rows(layout, header.shoff, header.shnum, "section headers")))


# --- the dynamic section, by either road ------------------------------------------------------------------------


def _dynamic(
    cursor: Cursor, header: _Header, segments: Sequence[_Segment], sections: Sequence[_Section]
) -> _Dynamic | None:
    segment = next((s for s in segments if s.type == PT_DYNAMIC and s.filesz), None)
    section = next((s for s in sections if s.type == SHT_DYNAMIC and s.size), None)
    if segment is not None:
        # What the loader reads. Section headers are a convenience that tools may leave stale.
        return _from_segments(cursor, header, segments, _tags(cursor, header, segment.offset, segment.filesz))
    if section is not None and header.type != ET_REL:
        return _from_sections(cursor, header, sections, _tags(cursor, header, section.offset, section.size), section)
    return None


def _tags(cursor: Cursor, header: _Header, offset: int, size: int) -> tuple[tuple[int, int], ...]:
    each = 16 if header.wide else 8
    found = []
    for tag, value in cursor.rows("QQ" if header.wide else "II", offset, size // each, "dynamic section"):
        if tag == 0:
            break
        found.append((tag, value))
    return tuple(found)


def _from_sections(
    cursor: Cursor, header: _Header, sections: Sequence[_Section], tags: tuple[tuple[int, int], ...], dynamic: _Section
) -> _Dynamic:
    def content(kind: int) -> Cursor | None:
        found = next((s for s in sections if s.type == kind), None)
        return None if found is None else cursor.part(found.offset, found.size, "section")

    if dynamic.link >= len(sections):
        cursor.fail(
            "the dynamic section's string table does not exist",
            offset=header.shoff,
            field="sh_link",
            value=dynamic.link,
        )
    table = sections[dynamic.link]
    symbols, versyms = content(SHT_DYNSYM), content(SHT_GNU_VERSYM)
    return _Dynamic(
        tags=tags,
        strings=Strings(cursor.part(table.offset, table.size, ".dynstr"), ".dynstr"),
        symbols=symbols.data if symbols else memoryview(b""),
        versyms=versyms.data if versyms else memoryview(b""),
        needs=content(SHT_GNU_VERNEED),
        definitions=content(SHT_GNU_VERDEF),
    )


def _from_segments(
    cursor: Cursor, header: _Header, segments: Sequence[_Segment], tags: tuple[tuple[int, int], ...]
) -> _Dynamic:
    first = dict(reversed(tags))
    loads = [s for s in segments if s.type == PT_LOAD]

    def place(tag: int) -> int | None:
        """The file offset of the table that ``tag`` points at."""
        address = first.get(tag)
        if address is None:
            return None
        for s in loads:
            if s.vaddr <= address < s.vaddr + s.filesz:
                return s.offset + address - s.vaddr
        return cursor.fail("a dynamic table lies in no segment", offset=0, field=f"d_tag {tag:#x}", value=address)

    strtab, size = place(DT_STRTAB), first.get(DT_STRSZ, 0)
    strings = Strings(cursor.part(strtab or 0, size if strtab is not None else 0, "DT_STRTAB"), "DT_STRTAB")
    symtab, versym = place(DT_SYMTAB), place(DT_VERSYM)
    count, complete = (0, True) if symtab is None else _symbol_count(cursor, header, place(DT_HASH), place(DT_GNU_HASH))
    each = 24 if header.wide else 16
    if symtab is not None and not complete:
        count = _count_up_to(symtab, (strtab, versym), each) or count
    # Version tables have no size of their own here: their records' links and counts bound them.
    need, definition = place(DT_VERNEED), place(DT_VERDEF)
    end = len(cursor)
    return _Dynamic(
        tags=tags,
        strings=strings,
        symbols=cursor.bytes(symtab, count * each, "DT_SYMTAB") if symtab is not None else memoryview(b""),
        versyms=cursor.bytes(versym, count * 2, "DT_VERSYM") if versym is not None else memoryview(b""),
        needs=None if need is None else cursor.part(need, end - need, "DT_VERNEED"),
        definitions=None if definition is None else cursor.part(definition, end - definition, "DT_VERDEF"),
        # A GNU hash table has all that is exported, so that an empty one proves that nothing is.
        complete=complete or place(DT_GNU_HASH) is not None,
    )


def _count_up_to(symtab: int, others: Sequence[int | None], each: int) -> int:
    """Without hash tables: as many symbols as fit before the next table, as linkers lay them out."""
    after = [o for o in others if o is not None and o > symtab]
    return (min(after) - symtab) // each if after else 0


def _symbol_count(cursor: Cursor, header: _Header, sysv: int | None, gnu: int | None) -> tuple[int, bool]:
    """How many dynamic symbols there are, as the hash tables tell, and whether that is known."""
    if sysv is not None and header.machine != 0x9026 and not (header.machine == 22 and header.wide):
        return cursor.unpack("II", sysv, "DT_HASH")[1], True
    if sysv is not None:  # alpha and s390x have 64-bit hash words
        return cursor.unpack("QQ", sysv, "DT_HASH")[1], True
    if gnu is None:
        return 0, False
    return _gnu_hash_count(cursor, header, gnu)


def _gnu_hash_count(cursor: Cursor, header: _Header, gnu: int) -> tuple[int, bool]:
    """The highest symbol that a chain reaches, and one; undefined symbols before ``symoffset`` count too."""
    buckets, symoffset, bloom, _ = cursor.unpack("IIII", gnu, "DT_GNU_HASH")
    table = gnu + 16 + bloom * (8 if header.wide else 4)
    last = max(cursor.unpack(f"{buckets}I", table, "gnu hash buckets"), default=0)
    if last < symoffset:
        # No hashed symbol: of the undefined ones before symoffset the linker may have said more or less.
        return symoffset, symoffset > 1
    chain = table + 4 * buckets + 4 * (last - symoffset)
    if chain > len(cursor):
        cursor.fail(f"gnu hash chain lies outside of it ({len(cursor)} bytes)", offset=chain, field="gnu hash chain")
    while piece := min(_CHAIN_PIECE, len(cursor) - chain) // 4:
        for (word,) in cursor.rows("I", chain, piece, "gnu hash chain"):
            last += 1
            if word & 1:
                return last, True
        chain += 4 * piece
    return cursor.fail("a hash chain has no end", offset=chain, field="gnu hash chain")


# --- symbols and versions ---------------------------------------------------------------------------------------


_Versions = dict[int, tuple[str | None, str | None]]
"""What version indices stand for: a name, and the library it is required of."""
_UNVERSIONED = (None, None)
"""Also of what is defined here: a version of its own says nothing of where an import comes from."""


def _linked(
    cursor: Cursor, layout: str, next_at: int, field: str, start: int = 0
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Records that each tell the distance to the next; distances are positive, so this ends."""
    offset = start
    while True:
        record = cursor.unpack(layout, offset, field)
        yield offset, record
        if not record[next_at]:
            return
        offset += record[next_at]


def _needed_versions(dynamic: _Dynamic) -> tuple[_Versions, dict[str, list[tuple[str, int]]]]:
    """Version indices, and per library the required versions with their flags, in file order."""
    indices: _Versions = {}
    libraries: dict[str, list[tuple[str, int]]] = {}
    if dynamic.needs is None:
        return indices, libraries
    left = len(dynamic.needs) // 16  # as many entries as there is room for: chains may not overlap
    for offset, (_, count, file, aux, _) in _linked(dynamic.needs, "HHIII", 4, "version need"):
        library = dynamic.strings[file]
        entries = libraries.setdefault(library, [])
        if not count:
            continue
        for number, (_, (_, flags, index, name, _)) in enumerate(
            _linked(dynamic.needs, "IHHII", 4, "version need entry", offset + aux), start=1
        ):
            text = dynamic.strings[name]
            left -= 1
            if left < 0:
                dynamic.needs.fail("version needs overlap", offset=offset, field="vn_aux", value=aux)
            entries.append((text, flags))
            if index & 0x7FFF > 1:  # both of those mean "no version"
                indices[index & 0x7FFF] = (text, library)
            if number == count:
                break
    return indices, libraries


def _defined_versions(dynamic: _Dynamic) -> tuple[str, ...]:
    found = []
    if dynamic.definitions is not None:
        for offset, (_, flags, _, _, _, aux, _) in _linked(dynamic.definitions, "HHHHIII", 6, "version definition"):
            if not flags & VER_FLG_BASE:
                found.append(dynamic.strings[dynamic.definitions.number("I", offset + aux, "version definition entry")])
    return tuple(found)


def _symbols(
    cursor: Cursor, header: _Header, dynamic: _Dynamic, versions: _Versions
) -> tuple[tuple[Symbol, ...], frozenset[str]]:
    """Imports with their versions, and the names of exports."""
    size = 24 if header.wide else 16
    raw = dynamic.symbols[: len(dynamic.symbols) // size * size]
    records = cursor.records("IBxH16x" if header.wide else "I8xBxH", raw)  # name, binding and type, section
    indices = chain(cursor.unpack_all("H", dynamic.versyms), repeat(0))
    names, imports, exports = dynamic.strings, [], []
    for (name, info, section), index in zip(records, indices, strict=False):
        if not name or info >> 4 == STB_LOCAL:
            continue
        if section:
            exports.append(names[name])
        else:
            version, library = versions.get(index & 0x7FFF, _UNVERSIONED)
            imports.append((names[name], version, library, info >> 4 == STB_WEAK, None))
    return tuple(rows(Symbol, imports)), frozenset(exports)


# --- notes and attributes ---------------------------------------------------------------------------------------


class _Notes(NamedTuple):
    minimum_os: tuple[MinimumOS, ...] = ()
    isa_needed: tuple[str, ...] = ()
    isa_used: tuple[str, ...] = ()
    build_id: str | None = None


def _notes(cursor: Cursor, header: _Header, segments: Sequence[_Segment], sections: Sequence[_Section]) -> _Notes:
    places = {(s.offset, s.filesz) for s in segments if s.type == PT_NOTE}
    if not places:
        places = {(s.offset, s.size) for s in sections if s.type == SHT_NOTE}
    if sum(size for _, size in places) > len(cursor):
        cursor.fail("notes overlap", offset=0, field="PT_NOTE")
    result = _Notes()
    for offset, size in sorted(places):
        for owner, kind, content in _each_note(cursor.part(offset, size, "notes")):
            result = _with_note(result, header, owner, kind, content)
    return result


def _each_note(area: Cursor) -> Iterator[tuple[bytes, int, Cursor]]:
    """Owner, type and description of each note; padding is to four bytes, or eight in property notes."""
    offset = 0
    while offset + 12 <= len(area):
        namesz, descsz, kind = area.unpack("III", offset, "note")
        owner = bytes(area.bytes(offset + 12, namesz, "note owner")).rstrip(b"\0")
        start = offset + 12 + (namesz + 3) // 4 * 4
        yield owner, kind, area.part(start, descsz, "note content")
        offset = start + (descsz + 3) // 4 * 4


def _with_note(notes: _Notes, header: _Header, owner: bytes, kind: int, content: Cursor) -> _Notes:
    if owner == b"GNU" and kind == 1 and len(content) >= 16:
        system, *version = content.unpack("IIII", 0, "ABI tag")
        if system == 0:
            return notes._replace(minimum_os=(*notes.minimum_os, MinimumOS(platform="linux", version=tuple(version))))
    if owner == b"GNU" and kind == 3:
        return notes._replace(build_id=bytes(content.data).hex())
    if owner == b"GNU" and kind == 5 and header.machine in (3, 62):
        return _with_properties(notes, header, content)
    if owner == b"Android" and kind == 1 and len(content) >= 4:
        level = content.number("I", 0, "Android API level")
        return notes._replace(minimum_os=(*notes.minimum_os, MinimumOS(platform="android", version=(level,))))
    return notes


def _with_properties(notes: _Notes, header: _Header, content: Cursor) -> _Notes:
    """x86 ISA levels (x86-64 psABI, "GNU_PROPERTY_X86_ISA_1_NEEDED")."""
    align = 8 if header.wide else 4
    offset = 0
    while offset + 8 <= len(content):
        kind, size = content.unpack("II", offset, "property")
        if kind in (0xC0008002, 0xC0010002) and size >= 4:
            bits = content.number("I", offset + 8, "x86 ISA level")
            levels = tuple(name for bit, name in _ISA_1.items() if bits & bit)
            notes = notes._replace(isa_needed=levels) if kind == 0xC0008002 else notes._replace(isa_used=levels)
        offset += 8 + (size + align - 1) // align * align
    return notes


class _ArmAttributes(Record):
    architecture: str | None = None
    hard_float: bool | None = None


def _arm_attributes(cursor: Cursor, sections: Sequence[_Section]) -> _ArmAttributes:
    """``Tag_CPU_arch`` and ``Tag_ABI_VFP_args`` of ``.ARM.attributes`` (ARM IHI 0045)."""
    section = next((s for s in sections if s.type == SHT_ARM_ATTRIBUTES), None)
    if section is None:
        return _ArmAttributes()
    area = cursor.part(section.offset, section.size, ".ARM.attributes")
    if len(area) < 5 or area.number("B", 0, "version") != ord("A"):
        return _ArmAttributes()
    length = area.number("I", 1, "subsection length")
    vendor = area.string(5, "vendor")
    if vendor != "aeabi":
        return _ArmAttributes()
    offset = 5 + len(vendor) + 1
    if offset + 5 > len(area) or area.number("B", offset, "scope") != 1:
        return _ArmAttributes()
    return _arm_tags(area, offset + 5, min(1 + length, len(area)))


def _arm_tags(area: Cursor, offset: int, end: int) -> _ArmAttributes:
    architecture, hard = None, None
    while offset < end:
        tag, offset = _uleb(area, offset)
        if tag in (4, 5, 67) or (tag > 32 and tag % 2):
            offset += len(area.string(offset, "attribute").encode()) + 1
            continue
        value, offset = _uleb(area, offset)
        if tag == 32:  # Tag_compatibility has a string too
            offset += len(area.string(offset, "attribute").encode()) + 1
        elif tag == 6:
            architecture = _ARM_ARCHITECTURES.get(value)
        elif tag == 28:
            hard = value == 1
    return _ArmAttributes(architecture=architecture, hard_float=hard)


def _uleb(area: Cursor, offset: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        byte = area.number("B", offset, "ULEB128")
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, offset


# --- putting it together ----------------------------------------------------------------------------------------


def _slice(
    cursor: Cursor,
    header: _Header,
    segments: Sequence[_Segment],
    sections: Sequence[_Section],
    dynamic: _Dynamic | None,
) -> ElfSlice:
    arm = _arm_attributes(cursor, sections) if header.machine == 40 else _ArmAttributes()
    notes = _notes(cursor, header, segments, sections)
    float_abi = _float_abi(header, arm)
    stack = next((bool(s.flags & PF_X) for s in segments if s.type == PT_GNU_STACK), None)
    interpreter = next(
        (cursor.string(s.offset, "PT_INTERP") for s in segments if s.type == PT_INTERP and s.filesz), None
    )
    debug = _debug_bytes(cursor, header, sections)
    common: dict[str, object] = {
        "cpu": _cpu(header, cursor.little, float_abi, arm),
        "bits": 64 if header.wide else 32,
        "little_endian": cursor.little,
        "interpreter": interpreter,
        "minimum_os": notes.minimum_os,
        "debug_bytes": debug,
        "machine": header.machine,
        "flags": header.flags,
        "os_abi": header.os_abi,
        "float_abi": float_abi,
        "ppc_abi": header.flags & 3 if header.machine == 21 else None,
        "arm_arch": arm.architecture,
        "executable_stack": stack,
        "isa_needed": notes.isa_needed,
        "isa_used": notes.isa_used,
        "build_id": notes.build_id,
        "sections": bool(sections),
        "stripped": not any(s.type == SHT_SYMTAB for s in sections),
        "thread_local": any(s.type == PT_TLS for s in segments),
    }
    if dynamic is None:
        kind = _static_kind(header, sections)
        return ElfSlice(kind=kind, program=header.type == ET_EXEC, **common)  # type: ignore[arg-type]
    return _dynamic_slice(cursor, header, sections, dynamic, common)


def _dynamic_slice(
    cursor: Cursor, header: _Header, sections: Sequence[_Section], dynamic: _Dynamic, common: dict[str, object]
) -> ElfSlice:
    versions, libraries = _needed_versions(dynamic)
    imports, exports = _symbols(cursor, header, dynamic, versions)
    first = dynamic.first
    value = first.get
    soname, flags, flags_1 = value(DT_SONAME), value(DT_FLAGS, 0), value(DT_FLAGS_1, 0)
    paths = [(t, v) for t, v in dynamic.tags if t in (DT_RPATH, DT_RUNPATH)]
    name = None if soname is None else dynamic.strings[soname]
    return ElfSlice(
        kind=_dynamic_kind(
            header, sections, flags_1=flags_1, soname=name, interpreter=common["interpreter"] is not None
        ),
        needs=tuple(_need(library, libraries) for library in _in_order(dynamic, libraries)),
        name=name,
        search_paths=tuple(
            SearchPath(path=p, kind="RPATH" if t == DT_RPATH else "RUNPATH")
            for t, v in paths
            for p in dynamic.strings[v].split(":")
            if p
        ),
        imports=imports,
        exports=exports,
        exports_complete=dynamic.complete,
        definitions=_defined_versions(dynamic),
        text_relocations=value(DT_TEXTREL) is not None or bool(flags & DF_TEXTREL),
        program=header.type == ET_EXEC or bool(flags_1 & DF_1_PIE),
        packed_relocations=_packed(first),
        hash_tables=tuple(name for tag, name in _HASHES.items() if tag in first),
        **common,  # type: ignore[arg-type]
    )


def _packed(first: dict[int, int]) -> tuple[str, ...]:
    """An empty table asks nothing of a loader."""
    found = tuple(name for tag, name in _PACKED.items() if tag in first)
    return found if first.get(DT_RELRSZ, 1) else tuple(name for name in found if name != "DT_RELR")


def _in_order(dynamic: _Dynamic, libraries: dict[str, list[tuple[str, int]]]) -> list[str]:
    """DT_NEEDED in file order; then libraries that only the version table names (the loader of a file whose own
    DT_NEEDED lacks them checks nothing, but the symbols are wanted all the same)."""
    needed = list(dict.fromkeys(dynamic.strings[v] for t, v in dynamic.tags if t == DT_NEEDED))
    return needed + [library for library in libraries if library not in needed]


def _need(library: str, libraries: dict[str, list[tuple[str, int]]]) -> Need:
    entries = libraries.get(library, [])
    return Need(
        library=library,
        versions=tuple(dict.fromkeys(name for name, _ in entries)),
        weak_versions=tuple(dict.fromkeys(name for name, flags in entries if flags & VER_FLG_WEAK)),
    )


def _static_kind(header: _Header, sections: Sequence[_Section]) -> Kind:
    if header.type == ET_REL:
        return Kind.OBJECT
    if header.type == ET_EXEC or (header.type == ET_DYN and not sections):
        return Kind.EXECUTABLE
    return Kind.OTHER


def _dynamic_kind(
    header: _Header, sections: Sequence[_Section], *, flags_1: int, soname: str | None, interpreter: bool
) -> Kind:
    """Programs are position-independent these days: told by ``DF_1_PIE``, or by an interpreter without a SONAME.

    libc.so.6 has an interpreter, so that it can be run to print its version, and a SONAME: a library.
    """
    if header.type == ET_EXEC:
        return Kind.EXECUTABLE
    if header.type != ET_DYN or _is_debug_companion(sections):
        return Kind.OTHER
    return Kind.EXECUTABLE if flags_1 & DF_1_PIE or (interpreter and soname is None) else Kind.SHARED


def _is_debug_companion(sections: Sequence[_Section]) -> bool:
    """``objcopy --only-keep-debug`` turns every loaded section into one without content."""
    dynsym = next((s for s in sections if s.name and s.flags & 2 and s.type not in (SHT_NOTE, SHT_NOBITS)), None)
    return bool(sections) and dynsym is None


def _debug_bytes(cursor: Cursor, header: _Header, sections: Sequence[_Section]) -> int:
    if not 0 < header.shstrndx < len(sections):
        return 0
    table = sections[header.shstrndx]
    raw = cursor.part(table.offset, table.size, ".shstrtab")
    if b"debug_" not in bytes(raw.data):
        return 0  # as of nearly all that are published
    names = Strings(raw, ".shstrtab")
    return sum(
        s.size for s in sections if s.type not in (0, SHT_NOBITS) and names[s.name].startswith((".debug_", ".zdebug_"))
    )


def _float_abi(header: _Header, arm: _ArmAttributes) -> str | None:
    if header.machine == 40:
        if header.flags & 0x400 or arm.hard_float:
            return "hard"
        return "soft" if header.flags & 0x200 or arm.hard_float is False else None
    if header.machine == 243:
        return _RISCV_FLOAT[header.flags & 6]
    if header.machine == 258:
        return _LOONGARCH_FLOAT.get(header.flags & 7)
    return None


def _cpu(header: _Header, little: bool, float_abi: str | None, arm: _ArmAttributes) -> str:  # noqa: FBT001
    bits = 64 if header.wide else 32
    match header.machine:
        case 3 | 6:
            return "i686"
        case 62:
            return "x86_64" if header.wide else "x32"
        case 243:
            return f"riscv{bits}"
        case 258:
            return f"loongarch{bits}"
        case 8:
            return ("mips64" if header.wide else "mips") + ("el" if little else "")
        case 21:
            return "ppc64le" if little else "ppc64"
        case 22:
            return "s390x" if header.wide else "s390"
        case 40 if float_abi == "hard" and little:
            return "armv6l" if (arm.architecture or "").startswith("v6") else "armv7l"
        case 183 if not little:
            return "aarch64_be"
    return _MACHINES.get(header.machine, f"machine-{header.machine:#06x}")
