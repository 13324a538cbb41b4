"""What a binary file says of itself: facts from its headers and tables, the same nouns for every format.

A :class:`Binary` has one :class:`Slice` per CPU.
Values hold no path: where a file lies is its container's business (:mod:`truewheel.model.contents`).
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal


class Format(enum.Enum):
    """Container format of a binary, told from its first bytes."""

    ELF = "ELF"
    MACHO = "Mach-O"
    PE = "PE"
    WASM = "WebAssembly"
    ARCHIVE = "static archive"


class Kind(enum.Enum):
    """What a loader does with the file."""

    SHARED = "shared library"
    EXECUTABLE = "executable"
    OBJECT = "relocatable object"
    OTHER = "other"
    """Core dumps, companions with debug symbols only."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A library that must be there at load time.

    :param library: the name as written: ``libc.so.6``.
    :param versions: the symbol versions required of it (ELF ``.gnu.version_r``), in file order.
    :param weak_versions: those of ``versions`` that are flagged weak (``VER_FLG_WEAK``).
    """

    library: str
    versions: tuple[str, ...] = ()
    weak_versions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Symbol:
    """A name that a binary imports.

    :param version: ELF symbol version (``GLIBC_2.34``), else ``None``.
    :param library: the library that must define it, as written, when the format says so (ELF through the version
        table). ``None`` when any library may.
    :param weak: whether it may stay undefined.
    """

    name: str
    version: str | None = None
    library: str | None = None
    weak: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SearchPath:
    """A directory that the loader searches, as written (``$ORIGIN/../libs``)."""

    path: str
    kind: Literal["RPATH", "RUNPATH"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MinimumOS:
    """The oldest system that the file says it runs on.

    :param platform: ``linux`` (kernel version, from ``.note.ABI-tag``) or ``android`` (API level, one number).
    :param version: ``(3, 2, 0)``; numbers in the platform's own scheme.
    """

    platform: str
    version: tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """The code for one CPU.

    :param cpu: one spelling for all formats: ``x86_64``, ``i686``, ``aarch64``, ``armv7l``, ``armv6l``, ``arm`` (soft
        or unknown float ABI), ``ppc64le``, ``ppc64``, ``s390x``, ``riscv64``, ``riscv32``, ``loongarch64``, ``mips…``;
        or ``machine-0xNNNN`` for what has no name here.
    :param bits: pointer size, 32 or 64.
    :param name: SONAME.
    :param exports: defined names visible to a loader; versioned ELF names come without their version.
    :param exports_complete: False when the table had no bound that could be trusted (a stripped file whose hash
        tables are gone), so that a missing name proves nothing.
    :param interpreter: ``PT_INTERP``.
    :param debug_bytes: size of debug sections inside the file.
    """

    cpu: str
    bits: int
    little_endian: bool = True
    kind: Kind
    needs: tuple[Need, ...] = ()
    name: str | None = None
    search_paths: tuple[SearchPath, ...] = ()
    imports: tuple[Symbol, ...] = ()
    exports: frozenset[str] = frozenset()
    exports_complete: bool = True
    minimum_os: tuple[MinimumOS, ...] = ()
    interpreter: str | None = None
    debug_bytes: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ElfSlice(Slice):
    """What only ELF files say.

    :param machine: ``e_machine``.
    :param flags: ``e_flags``.
    :param os_abi: ``EI_OSABI``.
    :param float_abi: ARM ``hard``/``soft``, RISC-V ``soft``/``single``/``double``/``quad``, LoongArch likewise,
        when the flags or attributes say so.
    :param ppc_abi: 1 or 2 for 64-bit PowerPC when stated, 0 when not.
    :param arm_arch: the least ARM architecture from ``.ARM.attributes`` (``v6``, ``v7`` …), when stated.
    :param executable_stack: ``PT_GNU_STACK`` with PF_X; ``None`` when the header is absent (the kernel's default,
        which is executable on some CPUs).
    :param isa_needed: x86 levels from ``GNU_PROPERTY_X86_ISA_1_NEEDED``: ``x86-64-baseline``, ``x86-64-v2``, …
    :param isa_used: the same from ``GNU_PROPERTY_X86_ISA_1_USED``; what may run, not what must.
    :param definitions: version names that the file defines (``.gnu.version_d``), without the base entry.
    :param sections: whether a section header table was there to be read.
    :param stripped: whether the static symbol table is absent.
    :param text_relocations: whether ``DT_TEXTREL``/``DF_TEXTREL`` is set.
    :param build_id: hex digits of ``NT_GNU_BUILD_ID``.
    """

    machine: int
    flags: int = 0
    os_abi: int = 0
    float_abi: str | None = None
    ppc_abi: int | None = None
    arm_arch: str | None = None
    executable_stack: bool | None = None
    isa_needed: tuple[str, ...] = ()
    isa_used: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    sections: bool = True
    stripped: bool = False
    text_relocations: bool = False
    build_id: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Binary:
    """One binary file. ``slices`` is empty for files that are recognised by their first bytes, but not read."""

    format: Format
    slices: tuple[Slice, ...] = ()

    @property
    def is_loadable(self) -> bool:
        """Whether an operating system's loader would take it: a library, a bundle or an executable. A file that was
        not read is taken to be one, unless it is an archive or an object."""
        if not self.slices:
            return self.format is not Format.ARCHIVE
        return any(s.kind in LOADABLE for s in self.slices)


LOADABLE = frozenset({Kind.SHARED, Kind.EXECUTABLE})
