"""What a binary file says of itself: facts from its headers and tables, the same nouns for every format.

A :class:`Binary` has one :class:`Slice` per CPU (more than one only in fat Mach-O files).
Values hold no path: where a file lies is its container's business (:mod:`truewheel.model.contents`).
"""

from __future__ import annotations

from .record import Enum, NamedTuple, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .module_facts import ModuleFacts
    from .skipped import Skipped


class Format(Enum):
    """Container format of a binary, told from its first bytes."""

    ELF = "ELF"
    MACHO = "Mach-O"
    PE = "PE"
    WASM = "WebAssembly"
    ARCHIVE = "static archive"
    COFF = "COFF object"


class Kind(Enum):
    """What a file is to a loader."""

    SHARED = "shared library"
    """ELF ``ET_DYN`` without an interpreter, ``MH_DYLIB``, DLL, wasm side module."""
    BUNDLE = "loadable bundle"
    """``MH_BUNDLE``: loaded with dlopen, cannot be linked against."""
    EXECUTABLE = "executable"
    OBJECT = "relocatable object"
    ARCHIVE = "static archive"
    OTHER = "other"
    """Core dumps, kernel extensions, debug-symbol companions (``MH_DSYM``, ``.debug``)."""


class NeedKind(Enum):
    """How a dependency is bound."""

    NORMAL = "normal"
    WEAK = "weak"
    """May be absent at load time (``LC_LOAD_WEAK_DYLIB``)."""
    DELAYED = "delayed"
    """Loaded on first use (PE delay imports, ``LC_LAZY_LOAD_DYLIB``)."""
    REEXPORTED = "re-exported"


class Need(Record):
    """A library that a file needs from elsewhere, as a rule when it is loaded.

    :param library: the name as written: ``libc.so.6``, ``@rpath/libfoo.dylib``, ``KERNEL32.dll``.
    :param versions: the symbol versions required of it (ELF ``.gnu.version_r``), in file order.
    :param weak_versions: those of ``versions`` that are flagged weak (``VER_FLG_WEAK``).
    """

    library: str
    kind: NeedKind = NeedKind.NORMAL
    versions: tuple[str, ...] = ()
    weak_versions: tuple[str, ...] = ()


class Symbol(NamedTuple):
    """A name that a binary imports.

    :param version: ELF symbol version (``GLIBC_2.34``), else ``None``.
    :param library: the library that must define it, as written, when the format says so: ELF through the version
        table, Mach-O through the two-level namespace ordinal, PE always. ``None`` when any library may.
    :param weak: whether it may stay undefined.
    :param ordinal: PE import by number; ``name`` is then ``#N``.
    """

    name: str
    version: str | None = None
    library: str | None = None
    weak: bool = False
    ordinal: int | None = None


class SearchPath(Record):
    """A directory that the loader searches, as written (``$ORIGIN/../libs``, ``@loader_path``)."""

    path: str
    kind: Literal["RPATH", "RUNPATH", "LC_RPATH"]


class MinimumOS(Record):
    """The oldest system that the file says it runs on.

    :param platform: ``macos``, ``ios``, ``ios-simulator``, ``catalyst``, ``tvos``, ``watchos``, ``visionos`` (each with
        ``-simulator``), ``bridgeos``, ``driverkit``, ``platform-N`` for another of Apple's,
        ``windows`` (subsystem version), ``android`` (API level as a one-number version), ``linux`` (``.note.ABI-tag``).
    :param version: ``(11, 0)``; numbers in the platform's own scheme.
    :param sdk: the SDK it was built with, when stated.
    """

    platform: str
    version: tuple[int, ...]
    sdk: tuple[int, ...] | None = None


class Slice(Record):
    """The code for one CPU.

    :param cpu: one spelling for all formats: ``x86_64``, ``i686``, ``aarch64``, ``armv7l``, ``armv6l``, ``arm`` (soft
        or unknown float ABI), ``ppc64le``, ``ppc64``, ``s390x``, ``riscv64``, ``riscv32``, ``loongarch64``, ``mips…``,
        ``wasm32``, ``wasm64``, ``x86_64h``, ``arm64ec``, Apple's ``arm64``, ``arm64e``, ``arm64_32``, ``armv7``, ``armv7s``,
        ``armv7k``; or ``machine-0xNNNN`` for what has no name here.
    :param bits: pointer size, 32 or 64.
    :param name: SONAME, Mach-O install name, PE export-table name.
    :param exports: defined names visible to a loader; versioned ELF names come without their version.
    :param exports_complete: whether a missing name proves that it is not exported. False for a stripped file without hash
        tables, of which nobody can tell how many symbols it has.
    :param interpreter: ELF ``PT_INTERP``, Mach-O ``LC_LOAD_DYLINKER``.
    :param debug_bytes: size of debug sections inside the file.
    :param skipped: odd parts that its loader does not ask for, and that were not read.
    :param module: what its data tells Python of the modules in it; ``None`` when nobody has looked.
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
    skipped: tuple[Skipped, ...] = ()
    module: ModuleFacts | None = None

    @property
    def exports_slots(self) -> bool:
        """Whether it has the init function of an extension module that returns slots, ``PyModExport_…`` (PEP 793)."""
        return any(name.startswith("PyModExport") for name in self.exports)


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
    :param program: whether it says that it is a program, which ``dlopen`` refuses: ``ET_EXEC``, or ``DF_1_PIE``.
    :param packed_relocations: the compact tables of relocations that its loader has to know: ``DT_RELR`` (gABI),
        ``DT_ANDROID_RELR``, ``DT_ANDROID_REL``, ``DT_ANDROID_RELA`` (bionic ``libc/include/elf.h``).
    :param hash_tables: by which its loader can look for symbols: ``DT_HASH``, ``DT_GNU_HASH``.
    :param thread_local: whether a ``PT_TLS`` segment asks the loader for thread-local storage.
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
    program: bool = False
    packed_relocations: tuple[str, ...] = ()
    hash_tables: tuple[str, ...] = ()
    thread_local: bool = False

    @property
    def is_relocated(self) -> bool:
        """Whether the system's loader relocates it. Static programs relocate themselves."""
        return self.kind is Kind.SHARED or self.interpreter is not None


class MachOSlice(Slice):
    """What only Mach-O files say.

    :param file_type: ``MH_*`` number.
    :param cpu_subtype: ``cpusubtype`` without its capability bits.
    :param signed: whether an ``LC_CODE_SIGNATURE`` is there, and a signature where it points.
    :param compatibility_version: of an ``LC_ID_DYLIB``, three numbers.
    :param two_level: ``MH_TWOLEVEL``.
    :param offset: where the slice starts in a fat file, in bytes.
    :param size: its length in bytes.
    :param header_padding: free bytes between the last load command and the first section.
    """

    file_type: int
    cpu_subtype: int = 0
    signed: bool = False
    compatibility_version: tuple[int, ...] | None = None
    two_level: bool = True
    offset: int = 0
    size: int = 0
    header_padding: int = 0


class PeSlice(Slice):
    """What only PE images say.

    :param machine: ``IMAGE_FILE_HEADER.Machine``.
    :param subsystem: ``IMAGE_SUBSYSTEM_*``.
    :param subsystem_version: major and minor.
    :param os_version: ``MajorOperatingSystemVersion`` and minor.
    :param linker_version: ``MajorLinkerVersion`` and minor: ``(14, 44)`` of Visual C++, ``(2, 40)`` of binutils, ``(14, 0)`` of
        LLD, which has no number of its own.
    :param file_version: the four numbers of ``VS_FIXEDFILEINFO``, when it has a resource with them.
    :param characteristics: ``IMAGE_FILE_*`` bits.
    :param forwards: exports that live elsewhere: name → ``OTHER.name``.
    :param hybrid: ``arm64ec`` (a hybrid image whose header says AMD64), ``arm64x`` (one that serves both), or ``None``.
    :param certificate: whether an Authenticode signature is attached.
    """

    machine: int
    subsystem: int = 0
    subsystem_version: tuple[int, int] = (0, 0)
    os_version: tuple[int, int] = (0, 0)
    linker_version: tuple[int, int] = (0, 0)
    file_version: tuple[int, int, int, int] | None = None
    characteristics: int = 0
    forwards: tuple[tuple[str, str], ...] = ()
    hybrid: Literal["arm64ec", "arm64x"] | None = None
    certificate: bool = False


class WasmSlice(Slice):
    """What only WebAssembly modules say.

    :param dylink: whether a ``dylink.0`` section makes it a side module.
    :param producers: ``processed-by`` entries of the ``producers`` section: ``(name, version)``.
    :param features: names in ``target_features``.
    :param import_modules: the module names of all imports (``env``, ``GOT.mem`` …).
    """

    dylink: bool = False
    producers: tuple[tuple[str, str], ...] = ()
    features: tuple[str, ...] = ()
    import_modules: tuple[str, ...] = ()


class NumpyApi(NamedTuple):
    """With which NumPy a module that uses its C API can be imported, as its own check says.

    :param headers: the major version of the headers that it was compiled with, 1 or 2. NumPy 2 refuses what was compiled with
        those of NumPy 1. NumPy 1 takes what was compiled with those of NumPy 2, from ``oldest`` on.
    :param oldest: the oldest NumPy that has all that the module asks for, ``"1.23"``. Empty for the headers of NumPy 1: they
        write it as a number in code.
    """

    headers: int
    oldest: str = ""


class Binary(Record):
    """One binary file. ``slices`` is empty for files that are recognised by their first bytes, but not read.

    :param numpy_api: what it asks of NumPy, when it uses NumPy's C API.
    """

    format: Format
    slices: tuple[Slice, ...] = ()
    numpy_api: NumpyApi | None = None

    @property
    def is_loadable(self) -> bool:
        """Whether an operating system's loader would take it: a library, a bundle or an executable.

        A file that was not read is taken to be one of these, unless it is an archive or an object.
        """
        if not self.slices:
            return self.format not in (Format.ARCHIVE, Format.COFF)
        return any(piece.kind in LOADABLE for piece in self.slices)


LOADABLE = frozenset({Kind.SHARED, Kind.BUNDLE, Kind.EXECUTABLE})
