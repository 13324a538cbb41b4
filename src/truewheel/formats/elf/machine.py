"""Which CPU an ELF file is for: the CPU's name here, and its float ABI.

Sources: the processor supplements (psABI) that are linked below.
"""

from __future__ import annotations

from .layout import (
    EM_386,
    EM_AARCH64,
    EM_ALPHA,
    EM_ARM,
    EM_IAMCU,
    EM_LOONGARCH,
    EM_MIPS,
    EM_PPC64,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    SHT_ARM_ATTRIBUTES,
    first_of_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor
    from .arm import ArmAttributes
    from .layout import Header, Section

# --- the CPU ----------------------------------------------------------------------------------------------------

# CPUs of which nothing else is read. https://gabi.xinuos.com/elf/a-emachine.html
EM_SPARC = 2
EM_68K = 4
EM_PARISC = 15
EM_SPARC32PLUS = 18
EM_PPC = 20
EM_SH = 42
EM_SPARCV9 = 43
EM_IA_64 = 50

CPUS = {
    EM_SPARC: "sparc",
    EM_386: "i686",
    EM_68K: "m68k",
    EM_IAMCU: "i686",
    EM_PARISC: "hppa",
    EM_SPARC32PLUS: "sparc",
    EM_PPC: "ppc",
    EM_PPC64: "ppc64",
    EM_ARM: "arm",
    EM_SH: "sh4",
    EM_SPARCV9: "sparc64",
    EM_IA_64: "ia64",
    EM_AARCH64: "aarch64",
    EM_ALPHA: "alpha",
}
"""The names here of ``e_machine``. https://gabi.xinuos.com/elf/a-emachine.html"""
CPUS_BY_BITS = {
    (EM_MIPS, 32): "mips",
    (EM_MIPS, 64): "mips64",
    (EM_S390, 32): "s390",
    (EM_S390, 64): "s390x",
    (EM_X86_64, 32): "x32",
    (EM_X86_64, 64): "x86_64",
    (EM_RISCV, 32): "riscv32",
    (EM_RISCV, 64): "riscv64",
    (EM_LOONGARCH, 32): "loongarch32",
    (EM_LOONGARCH, 64): "loongarch64",
}
CPUS_BY_BITS_AND_ORDER = {
    (EM_MIPS, 32, "little"): "mipsel",
    (EM_MIPS, 64, "little"): "mips64el",
    (EM_PPC64, 64, "little"): "ppc64le",
    (EM_AARCH64, 32, "big"): "aarch64_be",
    (EM_AARCH64, 64, "big"): "aarch64_be",
}

# Arm: https://github.com/ARM-software/abi-aa/blob/main/aaelf32/aaelf32.rst, "ELF Header"
EF_ARM_ABI_FLOAT_SOFT = 0x200
EF_ARM_ABI_FLOAT_HARD = 0x400
# https://github.com/riscv-non-isa/riscv-elf-psabi-doc/blob/master/riscv-elf.adoc, "File Header"
EF_RISCV_FLOAT_ABI = 0x6
RISCV_FLOAT_ABIS = {0: "soft", 2: "single", 4: "double", 6: "quad"}
# https://github.com/loongson/la-abi-specs/blob/release/laelf.adoc, "e_flags"
EF_LOONGARCH_ABI_MODIFIER = 0x7
LOONGARCH_FLOAT_ABIS = {1: "soft", 2: "single", 3: "double"}
# OpenPOWER ELFv2 ABI, "File Header": https://openpowerfoundation.org/specifications/64bitelfabi/
EF_PPC64_ABI = 0x3


def cpu_name(
    header: Header,
    *,
    little_endian: bool,
    float_abi: str | None,
    arm_arch: str | None,
) -> str:
    """Return the CPU as all formats here spell it (:class:`~truewheel.model.binary.Slice`)."""
    machine = header.machine
    bits = header.file_class.bits
    order = "little" if little_endian else "big"
    if machine == EM_ARM and float_abi == "hard" and little_endian:
        return _hard_float_arm(arm_arch)
    by_order = CPUS_BY_BITS_AND_ORDER.get((machine, bits, order))
    by_bits = CPUS_BY_BITS.get((machine, bits))
    return by_order or by_bits or CPUS.get(machine, f"machine-{machine:#06x}")


def _hard_float_arm(arm_arch: str | None) -> str:
    """Return the name of 32-bit Arm with hardware floats, as wheels are tagged for it. Other 32-bit ARM is called ``arm``."""
    is_armv6 = arm_arch is not None and arm_arch.startswith("v6")
    return "armv6l" if is_armv6 else "armv7l"


def find_arm_attributes(
    cursor: Cursor, header: Header, sections: Sequence[Section]
) -> ArmAttributes | None:
    """Return the build attributes of a file for 32-bit Arm, ``None`` when it has none or is for another CPU.

    :raises FormatError: when the section lies outside of the file, or an attribute outside of the section.
    """
    if header.machine != EM_ARM:
        return None
    section = first_of_type(sections, SHT_ARM_ATTRIBUTES)
    if section is None:
        return None
    from .arm import read_arm_attributes

    return read_arm_attributes(
        cursor.part(section.offset, section.size, ".ARM.attributes")
    )


def float_abi_of(header: Header, arm: ArmAttributes | None) -> str | None:
    """Return how floats are passed to functions, ``None`` when the file does not say so."""
    machine, flags = header.machine, header.flags
    if machine == EM_ARM:
        return _arm_float_abi(flags, arm)
    if machine == EM_RISCV:
        return RISCV_FLOAT_ABIS[flags & EF_RISCV_FLOAT_ABI]
    if machine == EM_LOONGARCH:
        return LOONGARCH_FLOAT_ABIS.get(flags & EF_LOONGARCH_ABI_MODIFIER)
    return None


def _arm_float_abi(flags: int, arm: ArmAttributes | None) -> str | None:
    # Flags are set on programs and libraries; objects, and what old linkers made, have the attributes alone.
    says_hard = None if arm is None else arm.hard_float
    if flags & EF_ARM_ABI_FLOAT_HARD or says_hard:
        return "hard"
    if flags & EF_ARM_ABI_FLOAT_SOFT or says_hard is False:
        return "soft"
    return None


def ppc_abi_of(header: Header) -> int | None:
    """Return the version of the ABI of 64-bit PowerPC: 1 or 2, or 0 when not stated; ``None`` on other CPUs."""
    return header.flags & EF_PPC64_ABI if header.machine == EM_PPC64 else None
