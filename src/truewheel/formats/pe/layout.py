"""The numbers and records of PE images, by the names that Microsoft's headers give them. Nothing is read here.

Sources:

* the PE and COFF specification: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format
* ``winnt.h`` of the Windows SDK: the load configuration, its CHPE metadata (ARM64EC, ARM64X), the CLR header
* ``delayimp.h`` of Visual C++: delayed imports
"""

from __future__ import annotations

from ...model.record import NamedTuple, Record

SIGNATURE = b"PE\0\0"
E_LFANEW_AT = 60
"""Where the DOS header has the place of the signature."""

# --- the COFF file header and the optional header ---------------------------------------------------------------

FILE_HEADER = "HHIIIHH"
"""``IMAGE_FILE_HEADER``: machine, number of sections, time, place and number of symbols, size of the optional header, bits."""
FILE_HEADER_SIZE = 20
IMAGE_FILE_EXECUTABLE_IMAGE = 0x0002
IMAGE_FILE_DLL = 0x2000
IMAGE_FILE_MACHINE_AMD64 = 0x8664
IMAGE_FILE_MACHINE_ARM64 = 0xAA64
COFF_SYMBOL_SIZE = 18
SECTION_HEADER = "8sIIII16x"
"""``IMAGE_SECTION_HEADER``: name, virtual size, address, size of the content, place of the content."""
SECTION_HEADER_SIZE = 40
NEW_SECTION_HEADER = "8sIIII12xI"
"""The same, with ``Characteristics``."""
SECTION_FLAGS = "36xI"
"""Of the same header: ``Characteristics``."""
VIRTUAL_SIZE_AT = 8
SIZE_OF_RAW_DATA_AT = 16
IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40
IMAGE_SCN_MEM_DISCARDABLE = 0x02000000
IMAGE_SCN_MEM_SHARED = 0x10000000
IMAGE_SCN_MEM_EXECUTE = 0x20000000
IMAGE_SCN_MEM_READ = 0x40000000
IMAGE_SCN_MEM_WRITE = 0x80000000
NUMBER_OF_SECTIONS_AT = 2
"""Where the COFF file header has it."""
TIME_STAMP_AT = 4
"""Where the COFF file header has it. Directories of exports, resources and debug data have a ``TimeDateStamp`` there, too, and
so has the load configuration."""
# Where both optional headers have these:
SIZE_OF_INITIALIZED_DATA_AT = 8
SECTION_ALIGNMENT_AT = 32
SIZE_OF_IMAGE_AT = 56
CHECKSUM_AT = 64
IMAGE_SUBSYSTEM_NATIVE = 1
SUBSYSTEMS_OF_FIRMWARE = frozenset({10, 11, 12, 13, 16})
"""EFI applications, drivers and ROM images, and the boot manager's programs."""

# --- data directories -------------------------------------------------------------------------------------------

# ``IMAGE_DIRECTORY_ENTRY_*``: the indices of the directories that are looked at.
EXPORT = 0
IMPORT = 1
RESOURCE = 2
CERTIFICATE = 4
DEBUG = 6
LOAD_CONFIG = 10
BOUND_IMPORT = 11
DELAY_IMPORT = 13
CLR = 14
DIRECTORY_SIZE = 8
MOST_DIRECTORIES = 16
"""The loader looks at no more, whatever ``NumberOfRvaAndSizes`` says."""
COMIMAGE_FLAGS_ILONLY = 0x1
COMIMAGE_FLAGS_IL_LIBRARY = 0x4
DELAY_RVA_BASED = 0x1
"""Without this attribute (``dlattrRva``), a delay-load descriptor has addresses where others have offsets from the base."""
DEPENDENT_LOAD_FLAGS_AT = {32: 54, 64: 78}
"""Where ``IMAGE_LOAD_CONFIG_DIRECTORY32`` and ``…64`` have ``DependentLoadFlags``."""
DEPENDENT_LOAD_FLAGS_SIZE = 2
CHPE_POINTER_AT = 200
"""Where ``IMAGE_LOAD_CONFIG_DIRECTORY64`` has ``CHPEMetadataPointer``."""

MOST_IMPORTS = 1 << 20
"""How many imported symbols are believed: no program imports from sixteen libraries in full."""
MOST_EXPORTS = 1 << 16
"""How many exported symbols are believed: ordinals have 16 bits."""


class Width(Record):
    """What differs between PE32 and PE32+: layouts as in :mod:`struct`, sizes in bytes.

    :param optional_header: of the optional header, what is read: version of the linker, size of the code, entry point, base,
        alignment in the file, versions of the system and the subsystem, size of the image and the headers, subsystem.
    :param directories_at: where the optional header has the data directories; their number stands in front of them.
    :param thunk: an entry of an import lookup table.
    :param by_ordinal: the bit that says that an entry is an ordinal.
    """

    bits: int
    optional_header: str
    directories_at: int
    thunk: str
    thunk_size: int
    by_ordinal: int


WIDTHS = {
    0x10B: Width(
        bits=32,
        optional_header="2xBBI8xI8xI4xIHH4xHH4xII4xH",
        directories_at=96,
        thunk="I",
        thunk_size=4,
        by_ordinal=1 << 31,
    ),
    0x20B: Width(
        bits=64,
        optional_header="2xBBI8xI4xQ4xIHH4xHH4xII4xH",
        directories_at=112,
        thunk="Q",
        thunk_size=8,
        by_ordinal=1 << 63,
    ),
}
"""The magic numbers of the optional header: PE32 and PE32+."""


class Header(Record):
    """The COFF file header and the optional header.

    :param sections_at: where the section headers begin.
    :param names_at: where the string table of COFF begins; 0 when there is none.
    :param directories: address and size of each data directory.
    :param is_companion: whether the sections were left out, except for those of a debugger.
    """

    width: Width
    machine: int
    sections: int
    sections_at: int
    names_at: int
    characteristics: int
    code: int
    entry: int
    base: int
    file_alignment: int
    image_size: int
    headers_size: int
    subsystem: int
    subsystem_version: tuple[int, int]
    os_version: tuple[int, int]
    linker_version: tuple[int, int]
    directories: tuple[tuple[int, int], ...]
    is_companion: bool = False

    def directory(self, index: int) -> tuple[int, int]:
        """Return address and size of a data directory; zeros when it is not there."""
        if index >= len(self.directories):
            return 0, 0
        return self.directories[index]


class Section(NamedTuple):
    """A section header: its content is ``raw`` bytes at ``offset``, and becomes ``virtual`` bytes at ``address``."""

    name: bytes
    virtual: int
    address: int
    raw: int
    offset: int

    @property
    def size(self) -> int:
        """How many bytes of the file the loader maps: files are padded, and some linkers leave the virtual size zero."""
        return min(self.raw, self.virtual or self.raw)
