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

ELFCLASS32, ELFCLASS64 = 1, 2
ELFDATA2LSB, ELFDATA2MSB = 1, 2
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
EM_386, EM_IAMCU, EM_MIPS, EM_PPC64, EM_S390, EM_ARM = 3, 6, 8, 21, 22, 40
EM_X86_64, EM_AARCH64, EM_RISCV, EM_LOONGARCH, EM_ALPHA = 62, 183, 243, 258, 0x9026
PN_XNUM, SHN_XINDEX = 0xFFFF, 0xFFFF
"""The number of program headers, or the index of the section names, stands in section header 0 instead."""

# --- program headers: gABI chapter 5 ----------------------------------------------------------------------------

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR, PT_TLS = 0, 1, 2, 3, 4, 6, 7
PT_GNU_STACK, PT_GNU_RELRO, PT_GNU_PROPERTY = 0x6474E551, 0x6474E552, 0x6474E553
PF_X, PF_W, PF_R = 1, 2, 4

# --- section headers and symbols: gABI chapter 4 ----------------------------------------------------------------

SHN_UNDEF = 0
SHT_NULL, SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_HASH = 0, 1, 2, 3, 5
SHT_DYNAMIC, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = 6, 7, 8, 11
SHT_GNU_HASH = 0x6FFFFFF6
SHT_ARM_ATTRIBUTES = 0x70000003
SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM = 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
STB_LOCAL, STB_WEAK = 0, 2

# --- the dynamic section: gABI chapter 5 ------------------------------------------------------------------------

DT_NULL, DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ = 0, 1, 4, 5, 6, 10
DT_SONAME, DT_RPATH, DT_TEXTREL, DT_RUNPATH, DT_FLAGS = 14, 15, 22, 29, 30
DT_RELRSZ, DT_RELR = 35, 36
DT_RELACOUNT, DT_RELCOUNT, DT_VERDEFNUM, DT_VERNEEDNUM = (
    0x6FFFFFF9,
    0x6FFFFFFA,
    0x6FFFFFFD,
    0x6FFFFFFF,
)
DT_MIPS_RLD_MAP_REL = 0x70000035
DT_GNU_HASH, DT_VERSYM, DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
DT_VERDEF, DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
DF_TEXTREL, DF_1_PIE = 0x4, 0x08000000
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

VERNEED, VERNEED_NEXT = "HHIII", 4
"""``Elfxx_Verneed``: version, number of entries, file, distance of the entries, distance of the next record."""
VERNAUX, VERNAUX_NEXT, VERNAUX_SIZE = "IHHII", 4, 16
"""``Elfxx_Vernaux``: hash, flags, index, name, distance of the next record."""
VERDEF, VERDEF_NEXT = "HHHHIII", 6
"""``Elfxx_Verdef``: version, flags, index, number of entries, hash, distance of the entries, distance of the next."""
VER_FLG_BASE, VER_FLG_WEAK = 1, 2
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
