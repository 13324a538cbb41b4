"""What one ELF file asks of a Linux system: libraries, symbol versions, private symbols, and forms of tables.

Each is a :class:`~truewheel.model.audit.Requirement` with the manylinux or musllinux level from which on it is there.
What a file gets from the wheel itself, or from somebody whom the project names, asks for nothing. Pure.
"""

from __future__ import annotations

from ...model.audit import (
    ExcludedBy,
    ExpectedFrom,
    InWheel,
    SuppliedBy,
    ViolationCause,
)
from ...model.binary import ElfSlice
from ...model.floor import Evidence
from ...model.record import worked_out
from ...model.tags import NEVER, dotted
from ..base import require
from .libc import LIBC_OF_KIND, RELR_SINCE, RELR_VERSION, libc_of
from .policy import (
    LOADERS,
    level_of_version,
    lowest,
    musl_policy,
    parse_version,
    policy_of,
    private_symbols,
    symbols_new_in_musl,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ...model.audit import Linkage, LoadableSlice, Requirement
    from ...model.binary import Need, Slice, Symbol
    from ...model.tags import Level, PlatformTag


_OF_WHEELS = (InWheel, SuppliedBy, ExpectedFrom)
"""Sources of libraries that a wheel brings, or another one: the system need not have them."""


def requirements_of(
    code: LoadableSlice,
    linkage: Sequence[Linkage],
    kind: str,
) -> Iterator[Requirement]:
    """Yield what a file asks of a system with the libc of ``kind``; nothing when it is linked with another libc."""
    libc = LIBC_OF_KIND[kind]
    if libc_of(code.slice) not in (None, libc):
        return
    from_system = [link for link in linkage if _is_from_system(link)]
    for link in from_system:
        if libc == "musl":
            yield from _musl_library(code, link)
        elif link.need.library.startswith(LOADERS) or _is_excluded(link):
            yield from _versions(code, link.need)
        else:
            yield from _glibc_library(code, link)
    if libc == "musl":
        yield from _new_in_musl(code)
    yield from _packed_relocations(code, [link.need for link in from_system], libc)
    yield from _cpu_level(code)


def _is_from_system(link: Linkage) -> bool:
    """Return whether a library is the system's.

    The C library always is: Python has loaded it, and nobody else can supply another one, whatever a project excludes.
    """
    if _is_excluded(link):
        return any(version.startswith("GLIBC_") for version in link.need.versions)
    return not isinstance(link.source, _OF_WHEELS)


def _is_excluded(link: Linkage) -> bool:
    """Return whether somebody else supplies a library, as the project says."""
    return isinstance(link.source, ExcludedBy)


def _glibc_library(
    code: LoadableSlice,
    link: Linkage,
) -> Iterator[Requirement]:
    """Yield a library that came with a later level, and what is needed of one that is there."""
    level = _level_of(link)
    if level > lowest(code.cpu):
        yield _library(code, link.need.library, level)
    if level != NEVER:
        yield from _versions(code, link.need)
        yield from _private_to_glibc(code, link.need.library)


def _musl_library(
    code: LoadableSlice,
    link: Linkage,
) -> Iterator[Requirement]:
    """Yield a library that no system with musl has, and symbols that one of those keeps to itself."""
    library = link.need.library
    if link.is_outside:
        yield _library(code, library, NEVER)
    private = frozenset(musl_policy()["private"].get(library, ()))
    for symbol in _needed_symbols(code, private):
        evidence = Evidence(file=code.path, library=library, symbol=symbol.name)
        yield require(
            code,
            "private symbol",
            NEVER,
            evidence,
            ViolationCause.PRIVATE_SYMBOL,
            slot=code.cpu,
        )


def _level_of(link: Linkage) -> Level:
    since: Level = getattr(link.source, "since", NEVER)
    return since


def _library(
    code: LoadableSlice,
    library: str,
    level: Level,
) -> Requirement:
    evidence = Evidence(file=code.path, library=library)
    return require(
        code, "library", level, evidence, ViolationCause.NOT_SUPPLIED, slot=code.cpu
    )


def _versions(
    code: LoadableSlice,
    need: Need,
) -> Iterator[Requirement]:
    """Yield the symbol versions that are needed of a library, each with one symbol as an example."""
    for version in need.versions:
        level = level_of_version(code.cpu, version)
        if level is None:
            continue  # a version of the wheel's own, or of a library that the policy does not speak of
        family, _, text = version.partition("_")
        symbol = _example_symbols(code.slice).get((need.library, version))
        yield require(
            code,
            "glibc" if family == "GLIBC" else family,
            level,
            Evidence(
                file=code.path, library=need.library, symbol=symbol, version=version
            ),
            ViolationCause.PRIVATE_SYMBOL
            if version == "GLIBC_PRIVATE"
            else ViolationCause.TOO_NEW,
            version=parse_version(text) or level,
            slot=code.cpu,
        )


def _private_to_glibc(
    code: LoadableSlice,
    library: str,
) -> Iterator[Requirement]:
    """Yield the symbols that a library keeps to itself, up to the level that makes them public."""
    private = private_symbols(code.cpu, library)
    for symbol in _needed_symbols(code, private.keys()):
        level = private[symbol.name]
        # Without a version the symbol may be anybody's; the lists are made of names that nobody else has.
        if symbol.library in (library, None) and level > lowest(code.cpu):
            evidence = Evidence(
                file=code.path,
                library=library,
                symbol=symbol.name,
                version=symbol.version,
            )
            yield require(
                code,
                "private symbol",
                level,
                evidence,
                ViolationCause.PRIVATE_SYMBOL,
                slot=code.cpu,
            )


def _new_in_musl(code: LoadableSlice) -> Iterator[Requirement]:
    """Yield the symbols that came with a later release of musl."""
    # PEP 656: the tag has the first two numbers of musl's version. https://peps.python.org/pep-0656/
    added = symbols_new_in_musl()
    for symbol in _needed_symbols(code, added.keys()):
        release = added[symbol.name]
        version = parse_version(release) or (1, 2)
        evidence = Evidence(
            file=code.path,
            library="musl",
            symbol=symbol.name,
            fact=f"new in musl {release}",
        )
        yield require(
            code,
            "musl",
            version[:2],
            evidence,
            ViolationCause.TOO_NEW,
            version=version,
            slot=code.cpu,
        )


def _needed_symbols(
    code: LoadableSlice,
    names: Collection[str],
) -> list[Symbol]:
    """Return the imported symbols with one of ``names``, but no weak ones.

    Those may be absent: Rust's standard library probes for some of glibc's.
    """
    if _imported_names(code.slice).isdisjoint(names):
        return []
    return [
        symbol
        for symbol in code.slice.imports
        if symbol.name in names and not symbol.weak
    ]


def _packed_relocations(
    code: LoadableSlice,
    needs: Sequence[Need],
    libc: str,
) -> Iterator[Requirement]:
    """Yield the first release that applies DT_RELR, when the file has such a table and no symbol version says so.

    Older loaders skip the table without a word, and the file crashes for the addresses that nobody set. No tag tells musl
    1.2.4 from 1.2, so ``musllinux_1_2`` may say it, as it may of files that need a symbol which musl got in 1.2.3; the
    floor tells people the rest.
    """
    piece = code.slice
    if (
        not isinstance(piece, ElfSlice)
        or "DT_RELR" not in piece.packed_relocations
        or not piece.is_relocated
    ):
        return
    if any(RELR_VERSION in need.versions for need in needs):
        return
    release = RELR_SINCE[libc]
    fact = f"DT_RELR is set: packed relative relocations, which {libc} applies since {dotted(release)}"
    evidence = Evidence(file=code.path, fact=fact)
    yield require(
        code,
        libc,
        release[:2],
        evidence,
        ViolationCause.TOO_NEW,
        version=release,
        slot=code.cpu,
    )


def _cpu_level(code: LoadableSlice) -> Iterator[Requirement]:
    """Yield the highest x86-64 level that the notes name; no tag promises more than the baseline."""
    # x86-64 psABI, GNU_PROPERTY_X86_ISA_1_NEEDED: the loader refuses the file on a CPU without these instructions.
    levels_needed = code.slice.isa_needed if isinstance(code.slice, ElfSlice) else ()
    above = [level for level in levels_needed if level != "x86-64-baseline"]
    if above:
        version = (int(above[-1][-1]),)
        evidence = Evidence(
            file=code.path, fact=f"its notes say that it needs {above[-1]}"
        )
        yield require(
            code,
            "isa",
            NEVER,
            evidence,
            ViolationCause.NEWER_CPU,
            version=version,
            slot=code.cpu,
        )


def offered_instead(
    requirement: Requirement,
    tag: PlatformTag,
) -> str:
    """Return what the systems of ``tag`` have instead of what is required, as the end of a sentence."""
    if requirement.of == "library":
        return "has no such library"
    if requirement.of == "private symbol":
        return "does not let one use that symbol"
    if requirement.of == "isa":
        return "promises the baseline x86-64 only"
    if requirement.of in RELR_SINCE:
        return f"has {requirement.of} {dotted(tag.level)}"
    allowed = policy_of(tag.cpu, tag.level)["cpus"][tag.cpu][requirement.of]
    return f"has {requirement.of} up to {allowed['to']}"


@worked_out
def _example_symbols(piece: Slice) -> Mapping[tuple[str | None, str | None], str]:
    """Return, for each library and version, the first symbol that needs it: what people look for when they wonder why."""
    return {
        (symbol.library, symbol.version): symbol.name
        for symbol in reversed(piece.imports)
    }


@worked_out
def _imported_names(piece: Slice) -> frozenset[str]:
    return frozenset([symbol.name for symbol in piece.imports])
