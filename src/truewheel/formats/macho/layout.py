"""The numbers and records of Mach-O, by the names that Apple's headers give them. Nothing is read here.

Sources:

* ``mach-o/loader.h``, ``mach-o/fat.h``, ``mach-o/nlist.h``:
  https://github.com/apple-oss-distributions/xnu/tree/main/EXTERNAL_HEADERS/mach-o
* ``mach/machine.h``: https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/machine.h
* ``mach-o/fixup-chains.h``: https://github.com/apple-oss-distributions/dyld/blob/main/include/mach-o/fixup-chains.h
* ``kern/cs_blobs.h``: https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
"""

from __future__ import annotations

from ...model.binary import Kind, NeedKind
from ...model.record import Record

# --- fat.h ------------------------------------------------------------------------------------------------------

FAT_MAGIC = b"\xca\xfe\xba\xbe"
FAT_MAGIC_64 = b"\xca\xfe\xba\xbf"
FAT_ARCH = {
    FAT_MAGIC: "IIIII",
    FAT_MAGIC_64: "IIQQII",
}
"""The layout of ``fat_arch``: CPU, its subtype, offset, size, alignment, and in the second what is reserved."""
FAT_HEADER_SIZE = 8
MOST_SLICES = 44
"""Java classes begin like fat files, and have 45 or more, their version, where those have the number of slices."""

# --- loader.h: the header and the load commands -----------------------------------------------------------------

MH_OBJECT = 1
MH_EXECUTE = 2
MH_DYLIB = 6
MH_BUNDLE = 8
KINDS = {
    MH_OBJECT: Kind.OBJECT,
    MH_EXECUTE: Kind.EXECUTABLE,
    MH_DYLIB: Kind.SHARED,
    MH_BUNDLE: Kind.BUNDLE,
}
MH_TWOLEVEL = 0x80

LC_SEGMENT = 0x1
LC_SYMTAB = 0x2
LC_DYSYMTAB = 0xB
LC_LOAD_DYLIB = 0xC
LC_ID_DYLIB = 0xD
LC_LOAD_DYLINKER = 0xE
LC_SEGMENT_64 = 0x19
LC_UUID = 0x1B
LC_CODE_SIGNATURE = 0x1D
LC_LAZY_LOAD_DYLIB = 0x20
LC_DYLD_INFO = 0x22
LC_VERSION_MIN_MACOSX = 0x24
LC_VERSION_MIN_IPHONEOS = 0x25
LC_VERSION_MIN_TVOS = 0x2F
LC_VERSION_MIN_WATCHOS = 0x30
LC_BUILD_VERSION = 0x32
LC_REQ_DYLD = 0x80000000
"""The loader has to know the command: otherwise it must not load the file."""
LC_LOAD_WEAK_DYLIB = 0x18 | LC_REQ_DYLD
LC_RPATH = 0x1C | LC_REQ_DYLD
LC_REEXPORT_DYLIB = 0x1F | LC_REQ_DYLD
LC_DYLD_INFO_ONLY = 0x22 | LC_REQ_DYLD
LC_LOAD_UPWARD_DYLIB = 0x23 | LC_REQ_DYLD
LC_DYLD_EXPORTS_TRIE = 0x33 | LC_REQ_DYLD
LC_DYLD_CHAINED_FIXUPS = 0x34 | LC_REQ_DYLD

NEEDS = {
    LC_LOAD_DYLIB: NeedKind.NORMAL,
    LC_LOAD_WEAK_DYLIB: NeedKind.WEAK,
    LC_REEXPORT_DYLIB: NeedKind.REEXPORTED,
    LC_LAZY_LOAD_DYLIB: NeedKind.DELAYED,
    LC_LOAD_UPWARD_DYLIB: NeedKind.NORMAL,
}
DYLIB_USE_MARKER = 0x1A741800
"""In place of a timestamp: the command ends with ``DYLIB_USE_*`` flags (``dylib_use_command``)."""
DYLIB_USE_COMMAND_SIZE = 28
DYLIB_USES = (
    (0x2, NeedKind.REEXPORTED),
    (0x1, NeedKind.WEAK),
    (0x8, NeedKind.DELAYED),
)
"""``DYLIB_USE_REEXPORT``, ``…_WEAK_LINK`` and ``…_DELAYED_INIT``, the first that is set."""

PLATFORMS = {
    1: "macos",
    2: "ios",
    3: "tvos",
    4: "watchos",
    5: "bridgeos",
    6: "catalyst",
    7: "ios-simulator",
    8: "tvos-simulator",
    9: "watchos-simulator",
    10: "driverkit",
    11: "visionos",
    12: "visionos-simulator",
}
"""``PLATFORM_*`` of ``LC_BUILD_VERSION``."""
VERSION_MIN = {
    LC_VERSION_MIN_MACOSX: "macos",
    LC_VERSION_MIN_IPHONEOS: "ios",
    LC_VERSION_MIN_TVOS: "tvos",
    LC_VERSION_MIN_WATCHOS: "watchos",
}
SECTION_TYPE = 0xFF
SECTIONS_WITHOUT_CONTENT = frozenset({0x1, 0xC, 0x12})
"""``S_ZEROFILL``, ``S_GB_ZEROFILL``, ``S_THREAD_LOCAL_ZEROFILL``."""
CSMAGIC_EMBEDDED_SIGNATURE = 0xFADE0CC0

# --- nlist.h ----------------------------------------------------------------------------------------------------

N_STAB = 0xE0
N_PEXT = 0x10
N_TYPE = 0x0E
N_EXT = 0x01
N_WEAK_REF = 0x40
N_UNDEFINED = frozenset({0x0, 0xC})
"""``N_UNDF`` and ``N_PBUD``."""
# Ordinals that are not a library's; of the others, -1 is the main program, and -2 any file in order.
SELF = 0
"""The file itself."""
WEAK_LOOKUP = -3
"""Whichever file defines the symbol first."""

# --- fixup-chains.h ---------------------------------------------------------------------------------------------

CHAINED_IMPORTS = {
    1: ("I", 8, 9),
    2: ("I4x", 8, 9),
    3: ("Q8x", 16, 32),
}
"""``DYLD_CHAINED_IMPORT*``: what of an entry is read, how many bits are its ordinal's, and where its name begins."""

# --- machine.h --------------------------------------------------------------------------------------------------

CPU_TYPE_I386 = 7
CPU_TYPE_ARM = 12
CPU_TYPE_X86_64 = 0x01000007
CPU_TYPE_ARM64 = 0x0100000C
CPU_TYPE_ARM64_32 = 0x0200000C
INTEL = frozenset({CPU_TYPE_I386, CPU_TYPE_X86_64})
CPUS = {
    6: "m68k",
    CPU_TYPE_I386: "i686",
    11: "hppa",
    CPU_TYPE_ARM: "arm",
    14: "sparc",
    15: "i860",
    18: "ppc",
    CPU_TYPE_X86_64: "x86_64",
    CPU_TYPE_ARM64: "arm64",
    0x01000012: "ppc64",
    CPU_TYPE_ARM64_32: "arm64_32",
}
SUBTYPE_NUMBER = 0xFFFFFF
"""Where a subtype has its number; the bits above (``CPU_SUBTYPE_MASK``) are capabilities."""
CPUS_BY_SUBTYPE = {
    (CPU_TYPE_X86_64, 8): "x86_64h",
    (CPU_TYPE_ARM64, 2): "arm64e",
    (CPU_TYPE_ARM, 5): "armv4t",
    (CPU_TYPE_ARM, 6): "armv6",
    (CPU_TYPE_ARM, 7): "armv5",
    (CPU_TYPE_ARM, 9): "armv7",
    (CPU_TYPE_ARM, 10): "armv7f",
    (CPU_TYPE_ARM, 11): "armv7s",
    (CPU_TYPE_ARM, 12): "armv7k",
    (CPU_TYPE_ARM, 13): "armv8",
    (CPU_TYPE_ARM, 14): "armv6m",
    (CPU_TYPE_ARM, 15): "armv7m",
    (CPU_TYPE_ARM, 16): "armv7em",
}
"""Subtypes that are told apart; all others go by their type."""


class Width(Record):
    """What differs between 32-bit and 64-bit slices: layouts as in :mod:`struct`, sizes in bytes.

    :param segment: a segment command behind its kind and size: address, its size, offset, its size, protections, number of
        sections, flags.
    :param section: of a section, what is read: names of section and segment, size, offset, flags.
    :param symbol: an ``nlist`` without its section: name, type, description, value.
    """

    bits: int
    header_size: int
    segment_command: int
    segment: str
    segment_size: int
    section: str
    symbol: str
    symbol_size: int


WIDTH_32 = Width(
    bits=32,
    header_size=28,
    segment_command=LC_SEGMENT,
    segment="16xIIIIIIII",
    segment_size=56,
    section="16x16sIII12xI8x",
    symbol="IBxHI",
    symbol_size=12,
)
WIDTH_64 = Width(
    bits=64,
    header_size=32,
    segment_command=LC_SEGMENT_64,
    segment="16xQQQQIIII",
    segment_size=72,
    section="16x16sQQI12xI12x",
    symbol="IBxHQ",
    symbol_size=16,
)
THIN = {
    b"\xce\xfa\xed\xfe": (True, WIDTH_32),
    b"\xcf\xfa\xed\xfe": (True, WIDTH_64),
    b"\xfe\xed\xfa\xce": (False, WIDTH_32),
    b"\xfe\xed\xfa\xcf": (False, WIDTH_64),
}
"""``MH_MAGIC`` and its relatives: whether the slice is little-endian, and its width."""


class Header(Record):
    """``mach_header``, with the subtype without its capabilities.

    :param end: where the load commands end, in bytes from the start of the slice.
    """

    width: Width
    cpu_type: int
    cpu_subtype: int
    file_type: int
    flags: int
    end: int

    @property
    def is_two_level(self) -> bool:
        """Whether each import names the library that has to define it."""
        return bool(self.flags & MH_TWOLEVEL)

    @property
    def kind(self) -> Kind:
        """What the loader does with the file."""
        return KINDS.get(self.file_type, Kind.OTHER)


def cpu_name(cpu_type: int, subtype: int) -> str:
    """Return the CPU as all formats here spell it (:class:`~truewheel.model.binary.Slice`)."""
    by_subtype = CPUS_BY_SUBTYPE.get((cpu_type, subtype))
    return by_subtype or CPUS.get(cpu_type, f"machine-{cpu_type:#06x}")
