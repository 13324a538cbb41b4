"""The numbers and records of ELF, by the names that the specifications give them. Nothing is read here.

Sources:

* System V gABI: https://gabi.xinuos.com/ (file header, section headers, symbols, program headers, dynamic section)
* glibc ``elf/elf.h``: https://sourceware.org/git/?p=glibc.git;a=blob;f=elf/elf.h (what GNU added)
* Linux Standard Base, symbol versions:
  https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
* bionic ``libc/include/elf.h``: https://android.googlesource.com/platform/bionic/+/main/libc/include/elf.h
"""

from __future__ import annotations

from ...model.record import NamedTuple, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypeVar

MAGIC = b"\x7fELF"

# --- the file header: gABI chapter 4, "ELF Header" --------------------------------------------------------------

ELFCLASS32 = 1
ELFCLASS64 = 2
ELFDATA2LSB = 1
ELFDATA2MSB = 2
ET_REL = 1
ET_EXEC = 2
ET_DYN = 3
# CPUs: https://gabi.xinuos.com/elf/a-emachine.html
EM_386 = 3
EM_IAMCU = 6
EM_MIPS = 8
EM_PPC64 = 21
EM_S390 = 22
EM_ARM = 40
EM_X86_64 = 62
EM_AARCH64 = 183
EM_RISCV = 243
EM_LOONGARCH = 258
EM_ALPHA = 0x9026
PN_XNUM = 0xFFFF
"""The number of program headers stands in section header 0 instead."""
SHN_XINDEX = 0xFFFF
"""The index of the section names stands in section header 0 instead."""

# --- program headers: gABI chapter 5 ----------------------------------------------------------------------------

PT_NULL = 0
PT_LOAD = 1
PT_DYNAMIC = 2
PT_INTERP = 3
PT_NOTE = 4
PT_PHDR = 6
PT_TLS = 7
# What GNU added (glibc ``elf/elf.h``):
PT_GNU_STACK = 0x6474E551
PT_GNU_RELRO = 0x6474E552
PT_GNU_PROPERTY = 0x6474E553
# What the memory of a segment is for:
PF_X = 1
PF_W = 2
PF_R = 4

# --- section headers and symbols: gABI chapter 4 ----------------------------------------------------------------

SHN_UNDEF = 0
SHT_NULL = 0
SHT_PROGBITS = 1
SHT_SYMTAB = 2
SHT_STRTAB = 3
SHT_HASH = 5
SHT_DYNAMIC = 6
SHT_NOTE = 7
SHT_NOBITS = 8
SHT_DYNSYM = 11
SHT_GNU_HASH = 0x6FFFFFF6
SHT_ARM_ATTRIBUTES = 0x70000003
# Versions that the file defines, those that it needs, and which symbol has which:
SHT_GNU_VERDEF = 0x6FFFFFFD
SHT_GNU_VERNEED = 0x6FFFFFFE
SHT_GNU_VERSYM = 0x6FFFFFFF
SHF_WRITE = 1
SHF_ALLOC = 2
SHF_EXECINSTR = 4
# Who may bind to a symbol: the file alone, or any, unless another file has a strong one.
STB_LOCAL = 0
STB_WEAK = 2

# --- the dynamic section: gABI chapter 5 ------------------------------------------------------------------------

DT_NULL = 0
DT_NEEDED = 1
DT_HASH = 4
DT_STRTAB = 5
DT_SYMTAB = 6
DT_STRSZ = 10
DT_SONAME = 14
DT_RPATH = 15
DT_TEXTREL = 22
DT_RUNPATH = 29
DT_FLAGS = 30
DT_RELRSZ = 35
DT_RELR = 36
DT_RELACOUNT = 0x6FFFFFF9
DT_RELCOUNT = 0x6FFFFFFA
DT_VERDEFNUM = 0x6FFFFFFD
DT_VERNEEDNUM = 0x6FFFFFFF
DT_MIPS_RLD_MAP_REL = 0x70000035
DT_GNU_HASH = 0x6FFFFEF5
DT_VERSYM = 0x6FFFFFF0
DT_FLAGS_1 = 0x6FFFFFFB
DT_VERDEF = 0x6FFFFFFC
DT_VERNEED = 0x6FFFFFFE
DF_TEXTREL = 0x4
DF_1_PIE = 0x08000000
PACKED_RELOCATIONS = {
    DT_RELR: "DT_RELR",
    0x6FFFE000: "DT_ANDROID_RELR",
    0x6000000F: "DT_ANDROID_REL",
    0x60000011: "DT_ANDROID_RELA",
}
"""Tags of compact relocation tables, which not every loader knows."""
SEARCH_PATHS: dict[int, Literal["RPATH", "RUNPATH"]] = {
    DT_RPATH: "RPATH",
    DT_RUNPATH: "RUNPATH",
}
HASH_TABLES = {DT_HASH: "DT_HASH", DT_GNU_HASH: "DT_GNU_HASH"}

# --- symbol versions: Linux Standard Base, "Symbol Versioning" --------------------------------------------------

VERNEED = "HHIII"
"""``Elfxx_Verneed``: version, number of entries, file, distance of the entries, distance of the next record."""
VERNEED_NEXT = 4
"""Which of these fields, counted from 0, is the distance of the next record; so below."""
VERNAUX = "IHHII"
"""``Elfxx_Vernaux``: hash, flags, index, name, distance of the next record."""
VERNAUX_NEXT = 4
VERNAUX_SIZE = 16
VERDEF = "HHHHIII"
"""``Elfxx_Verdef``: version, flags, index, number of entries, hash, distance of the entries, distance of the next."""
VERDEF_NEXT = 6
VER_FLG_BASE = 1
VER_FLG_WEAK = 2
VERSYM_VERSION = 0x7FFF
"""The bits of a symbol's entry in ``DT_VERSYM`` that are its version's index; the highest hides the symbol."""
VER_NDX_GLOBAL = 1
"""The highest index that stands for "no version"."""


class FileClass:
    """What differs between 32-bit and 64-bit files: layouts as in :mod:`struct`, sizes and places in bytes.

    :param header: the file header behind ``e_ident``.
    :param phentsize_at: where the file header has the size of a program header.
    :param shentsize_at: where it has the size of a section header.
    :param symbol: of a symbol, what is read: name, type and binding, section.
    :param symbol_value_at: where a symbol has its value.
    :param word: size of an address.
    """

    bits: int
    header: str
    phentsize_at: int
    shentsize_at: int
    program_header: str
    program_header_size: int
    section_header: str
    section_header_size: int
    dynamic: str
    dynamic_size: int
    symbol: str
    symbol_size: int
    symbol_value_at: int
    word: int


class Elf32(FileClass):
    """``ELFCLASS32``."""

    bits = 32
    header = "HHIIIIIHHHHHH"
    phentsize_at = 42
    shentsize_at = 46
    program_header = "IIIIIIII"
    program_header_size = 32
    section_header = "IIIIIIIIII"
    section_header_size = 40
    dynamic = "II"
    dynamic_size = 8
    symbol = "I8xBxH"
    symbol_value_at = 4
    symbol_size = 16
    word = 4


class Elf64(FileClass):
    """``ELFCLASS64``."""

    bits = 64
    header = "HHIQQQIHHHHHH"
    phentsize_at = 54
    shentsize_at = 58
    program_header = "IIQQQQQQ"
    program_header_size = 56
    section_header = "IIQQQQIIQQ"
    section_header_size = 64
    dynamic = "QQ"
    dynamic_size = 16
    symbol = "IBxH16x"
    symbol_value_at = 8
    symbol_size = 24
    word = 8


class Header(Record):
    """The file header: ``e_…`` of the specification, and ``EI_CLASS`` and ``EI_OSABI`` of ``e_ident``."""

    file_class: type[FileClass]
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

    @property
    def is_64_bit(self) -> bool:
        """Whether the file is of class ``ELFCLASS64``."""
        return self.file_class is Elf64


class Segment(NamedTuple):
    """A program header (``p_…``), with its fields in the order of 64-bit files."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    @property
    def end(self) -> int:
        """Where its content ends in the file."""
        return self.offset + self.filesz

    @property
    def top(self) -> int:
        """The address behind its last one."""
        return self.vaddr + self.memsz

    @property
    def shift(self) -> int:
        """What an offset in it lacks to be an address."""
        return self.vaddr - self.offset

    @property
    def is_writable(self) -> bool:
        """Whether it can be written to in memory."""
        return bool(self.flags & PF_W)

    @property
    def is_code(self) -> bool:
        """Whether it can be executed."""
        return bool(self.flags & PF_X)

    @property
    def is_in_file(self) -> bool:
        """Whether the file has all of it: memory has no zeros behind it."""
        return self.filesz == self.memsz

    def moved(self, offset: int, vaddr: int) -> Segment:
        """Return it in another place."""
        paddr = self.paddr + vaddr - self.vaddr
        return self._replace(offset=offset, vaddr=vaddr, paddr=paddr)

    def sized(self, size: int) -> Segment:
        """Return it with another size, in the file and in memory."""
        return self._replace(filesz=size, memsz=size)


class Section(NamedTuple):
    """A section header (``sh_…``)."""

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

    @property
    def end(self) -> int:
        """Where its content ends in the file."""
        return self.offset + self.size

    @property
    def has_content(self) -> bool:
        """Whether it takes bytes of the file."""
        return self.size > 0 and self.type not in (SHT_NULL, SHT_NOBITS)

    @property
    def is_mapped(self) -> bool:
        """Whether it lies in memory."""
        return bool(self.flags & SHF_ALLOC)

    def is_loose(self, start: int) -> bool:
        """Whether it lies behind an offset, and nothing in memory knows where."""
        return self.offset >= start and not self.is_mapped

    def moved(self, offset: int, address: int) -> Section:
        """Return it in another place."""
        return self._replace(offset=offset, address=address)


if TYPE_CHECKING:
    Entry = TypeVar("Entry", Segment, Section)


def first_of_type(table: Sequence[Entry], kind: int) -> Entry | None:
    """Return the first program or section header of a type, ``None`` when there is none."""
    for entry in table:
        if entry.type == kind:
            return entry
    return None
