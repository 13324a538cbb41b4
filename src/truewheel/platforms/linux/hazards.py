"""What is wrong with ELF files on Linux besides libraries and levels: flags, ABIs, and two libcs in one wheel. Pure."""

from __future__ import annotations

from ...model.binary import ElfSlice, Kind
from ...model.finding import Finding, Severity
from .libc import libc_of
from .policy import UNNAMED_CPU

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...model.audit import LoadableSlice
    from ...model.binary import Slice


FLOAT_ABIS: Mapping[str, tuple[str | None, ...]] = {
    # The hard-float EABI (Debian's armhf), which older compilers do not state. https://wiki.debian.org/ArmHardFloatPort
    "armv7l": ("hard", None),
    "arm": (),
    # lp64d. https://github.com/riscv-non-isa/riscv-elf-psabi-doc
    "riscv64": ("double",),
    # lp64d. https://github.com/loongson/la-abi-specs
    "loongarch64": ("double", None),
}
"""How distributions hand over floating-point numbers; ``None`` is a file that does not say."""


def hazards_of(files: Sequence[LoadableSlice]) -> Iterator[Finding]:
    """Yield executable stacks, text relocations, strange ABIs, and files for glibc beside files for musl."""
    for code in files:
        yield from _strange_abi(code)
        piece = code.slice
        if not isinstance(piece, ElfSlice):
            continue
        if _wants_executable_stack(piece):
            yield _executable_stack(code, piece)
        if piece.text_relocations:
            yield _text_relocations(code)
    yield from _two_libcs(files)


def abi_mismatch(piece: Slice) -> str | None:
    """Return which ABI a file has, where it is not the one that Linux distributions use on its CPU."""
    if not isinstance(piece, ElfSlice):
        return None
    # 64-Bit ELF V2 ABI: little-endian distributions use nothing else. https://openpowerfoundation.org/specifications/64bitelfabi/
    if piece.cpu == "ppc64le" and piece.ppc_abi == 1:
        return "ELF ABI version 1"
    usual = FLOAT_ABIS.get(piece.cpu)
    if usual is None or piece.float_abi in usual:
        return None
    return f"{piece.float_abi or 'unknown'} float ABI"


def _strange_abi(code: LoadableSlice) -> Iterator[Finding]:
    """Yield TW314 for code that calls functions otherwise than the system does."""
    wrong = abi_mismatch(code.slice)
    if wrong is not None:
        yield Finding(
            code="TW314",
            severity=Severity.WARNING,
            where=code.path,
            message=f"{wrong} is not what Linux on {code.cpu} uses",
            evidence=(flags_of(code.slice),),
            hint="build with the distribution's own compiler for that CPU",
        )


def flags_of(piece: Slice) -> str:
    """Return the header's flags, in which the ABI is stated, for people."""
    return f"e_flags {getattr(piece, 'flags', 0):#x}"


def _wants_executable_stack(piece: ElfSlice) -> bool:
    # Without PT_GNU_STACK glibc takes DEFAULT_STACK_PERMS, which has PF_X on x86 (sysdeps/*/stackinfo.h).
    if piece.executable_stack is None:
        return (
            piece.cpu in ("x86_64", "i686")
            and piece.kind is Kind.SHARED
            and libc_of(piece) == "glibc"
        )
    return piece.executable_stack


def _executable_stack(
    code: LoadableSlice,
    piece: ElfSlice,
) -> Finding:
    """Return TW303: PT_GNU_STACK asks for a stack that can be executed, or is not there to say otherwise."""
    # https://sourceware.org/glibc/wiki/Release/2.41: dlopen refuses it.
    what = "has the X flag" if piece.executable_stack else "is missing"
    return Finding(
        code="TW303",
        severity=Severity.WARNING,
        where=code.path,
        message="asks for an executable stack, which glibc 2.41 and hardened systems refuse",
        evidence=(f"PT_GNU_STACK {what}",),
        hint="link with -Wl,-z,noexecstack, and add .note.GNU-stack to assembly sources",
    )


def _text_relocations(code: LoadableSlice) -> Finding:
    return Finding(
        code="TW310",
        severity=Severity.WARNING,
        where=code.path,
        message="has text relocations, which hardened systems and musl refuse",
        evidence=("DT_TEXTREL is set",),
        hint="compile every part with -fPIC (CMake: POSITION_INDEPENDENT_CODE ON)",
    )


def _two_libcs(files: Sequence[LoadableSlice]) -> Iterator[Finding]:
    """Yield TW308 for files for glibc beside files for musl: no system has both."""
    if all(code.cpu.startswith(UNNAMED_CPU) for code in files):
        return  # no tag names such a CPU, so no libc is promised
    linked = [code for code in files if libc_of(code.slice) is not None]
    if len({libc_of(code.slice) for code in linked}) > 1:
        yield Finding(
            code="TW308",
            severity=Severity.WARNING,
            where=files[0].path,
            message="binaries for glibc and for musl in one wheel",
            evidence=tuple(f"{code.path}: {libc_of(code.slice)}" for code in linked),
            hint="build one wheel for each",
        )
