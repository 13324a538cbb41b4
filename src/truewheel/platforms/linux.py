"""Linux: what manylinux and musllinux promise, and which of these promises a set of ELF files keeps.

A promise is a level: ``manylinux_2_N`` runs on every mainstream distribution with glibc 2.N or newer (PEP 600),
``musllinux_1_N`` on every one with musl 1.N (PEP 656). What a level supplies is knowledge in ``policy/linux.json``. For
an N without an entry of its own the glibc symbols go up to 2.N, and everything else is as at the nearest level below:
nothing is promised that the older distributions would not keep. Pure; see ``docs/regenerate/linux_policy.py``.
"""

from __future__ import annotations

import functools
import posixpath
import re

from ..data_tables import table
from ..model.binary import LOADABLE, ElfSlice, Format, Kind
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record, replace, worked_out
from ..model.verdict import Objection, PlatformRuling
from .android import is_android

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ..model.binary import Slice
    from ..model.contents import Contents

Level = tuple[int, int]

ANY: Level = (0, 0)
"""What every level has."""
NEVER: Level = (99, 0)
"""A level that no distribution has: what needs it fits no promise."""

_TAG = r"(?P<family>linux|manylinux1|manylinux2010|manylinux2014|(?:many|musl)linux_(?P<major>[1-9]\d*)_(?P<minor>0|[1-9]\d*))_(?P<cpu>[a-z]\w*)"
_SHORT = r"linux|manylinux(1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+"
_LOADERS = ("ld-linux", "ld64.so.", "ld.so.", "ld-musl-")
"""How the names of dynamic loaders begin."""
_LIBPYTHON = r"libpython\d[\d.]*[a-z]*\.so[\d.]*|libpypy[\d.]*-c\.so"
_CPUS = frozenset(
    {"x86_64", "i686", "aarch64", "armv7l", "armv6l", "ppc64le", "ppc64", "s390x", "riscv64", "loongarch64"}
)
_WITHOUT_POLICY = frozenset(
    {"aarch64_be", "alpha", "arm", "hppa", "ia64", "loongarch32", "m68k", "mips", "mips64", "mips64el", "mipsel", "ppc",
     "riscv32", "s390", "sh4", "sparc", "sparc64", "x32"}
)  # fmt: skip
"""What else ELF files are for, by the names that the reader gives them."""
_NAMED = _CPUS | _WITHOUT_POLICY
_NAMELESS = "machine-"
"""How what the reader calls other CPUs begins."""
_BUILD_PLACES = (
    "/tmp/",
    "/var/tmp/",
    "/home/",
    "/root/",
    "/build",
    "/builds/",
    "/project",
    "/github/",
    "/private/",
    "/Users/",
)
_FIRST: Level = (2, 5)
"""The first manylinux level that there is (PEP 513)."""
_RELR_VERSION = "GLIBC_ABI_DT_RELR"
"""A version that linkers require for glibc's sake of files with DT_RELR, where they link with its libc."""
_RELR_SINCE: Mapping[str, tuple[int, ...]] = {"glibc": (2, 36), "musl": (1, 2, 4)}
"""The first releases that apply DT_RELR (glibc ``NEWS`` for 2.36, musl ``WHATSNEW`` for 1.2.4)."""
_MUSL_BASELINE: Level = (1, 2)
"""The oldest musl that is maintained; that a file runs on 1.1 cannot be shown without a list of 1.1's symbols."""


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/linux.json")


@functools.cache
def _levels(cpu: str) -> tuple[tuple[Level, Mapping[str, Any]], ...]:
    """The named manylinux levels of a CPU, lowest first."""
    return tuple(((p["glibc"][0], p["glibc"][1]), p) for p in _policy()["manylinux"] if cpu in p["cpus"])


def lowest(cpu: str) -> Level:
    """The lowest manylinux level that exists for ``cpu``.

    >>> lowest("aarch64"), lowest("x86_64")
    ((2, 17), (2, 5))
    """
    levels = _levels(cpu)
    return levels[0][0] if levels else NEVER


@functools.cache
def level_of_version(cpu: str, version: str) -> Level | None:
    """From which manylinux level on ``version`` (``GLIBC_2.17``) is there; ``None`` when its family is not spoken of.

    What the lowest level of the CPU has already asks for nothing (``ANY``).

    >>> level_of_version("x86_64", "GLIBC_2.29"), level_of_version("x86_64", "GLIBCXX_3.4.20")
    ((2, 29), (2, 24))
    """
    family, _, text = version.partition("_")
    levels = _levels(cpu)
    if not levels or family not in levels[0][1]["cpus"][cpu]:
        return None
    numbers = _numbers(text)
    if family == "GLIBC" and numbers is not None:
        return (numbers[0], numbers[1]) if len(numbers) > 1 else ANY
    for level, policy in levels:
        allowed = policy["cpus"][cpu][family]
        if text in allowed["also"] or (numbers is not None and numbers <= (_numbers(allowed["to"]) or ())):
            return ANY if level == levels[0][0] else level
    return NEVER


def _numbers(text: str) -> tuple[int, ...] | None:
    parts = text.split(".")
    return tuple(map(int, parts)) if all(p.isdecimal() for p in parts) else None


@functools.cache
def level_of_library(cpu: str, library: str) -> Level:
    """From which manylinux level on ``library`` is supplied."""
    return next((level for level, p in _levels(cpu) if library in p["libraries"]), NEVER)


@functools.cache
def _private(cpu: str, library: str) -> Mapping[str, Level]:
    """Symbols of a supplied library that one may not use, and from which level on one may."""
    found: dict[str, Level] = {}
    for level, policy in _levels(cpu):
        names = policy["private"].get(library, ())
        for name in [n for n, known in found.items() if known is NEVER and n not in names]:
            found[name] = level
        for name in names:
            found[name] = NEVER
    return found


class _Piece(Record):
    """:param place: the directory that it is installed into."""

    path: str
    place: str
    slice: ElfSlice


class _Want(Record):
    """One thing that a file needs, and the lowest level that has it.

    :param of: a symbol family (``glibc``, ``GLIBCXX`` …), ``library``, ``private symbol`` or ``isa``.
    :param version: for the floor: the level for glibc, else the family's own version.
    """

    of: str
    level: Level
    version: tuple[int, ...]
    evidence: Evidence


@worked_out
def _pieces(contents: Contents) -> tuple[_Piece, ...]:
    """The files that count. A variant may ask for a newer CPU than its tag does: that is ``checks.variants``' matter."""
    variant = contents.variant is not None
    return tuple(
        _Piece(
            path=f.path,
            place=posixpath.dirname(contents.installed(f.path)) or ".",
            slice=replace(s, isa_needed=()) if variant else s,
        )
        for f, b in contents.binaries()
        for s in b.slices
        if b.format is Format.ELF and isinstance(s, ElfSlice) and s.kind in LOADABLE and not is_android(s)
    )


def _held(contents: Contents) -> Mapping[str, _Piece]:
    """Libraries that the wheel holds, by file name and by SONAME."""
    found: dict[str, _Piece] = {}
    for piece in _pieces(contents):
        found.setdefault(posixpath.basename(piece.path), piece)
        if piece.slice.name:
            found.setdefault(piece.slice.name, piece)
    return found


@worked_out
def _used(contents: Contents) -> Mapping[str, _Piece]:
    """Of the libraries that the wheel holds, those that a process would use: all that the system lacks (Python code may
    load them first), and of those that the system has, too, the ones to which a search path leads."""
    pieces = _pieces(contents)
    places = {_expand(s.path, p.place) for p in pieces for s in p.slice.search_paths}
    cpus = {p.slice.cpu for p in pieces}
    return {
        name: piece
        for name, piece in _held(contents).items()
        if piece.place in places or all(level_of_library(cpu, name) == NEVER for cpu in cpus)
    }


def _libc(piece: ElfSlice) -> str | None:
    """``glibc``, ``musl``, or ``None`` when nothing in the file says."""
    needs = [n.library for n in piece.needs]
    if any(map(_is_musl, needs)) or "ld-musl" in (piece.interpreter or ""):
        return "musl"
    if "libc.so.6" in needs or any(v.startswith("GLIBC_") for n in piece.needs for v in n.versions):
        return "glibc"
    return "glibc" if "ld-linux" in (piece.interpreter or "") else None


def libc_of(piece: Slice) -> str | None:
    """The libc that a piece of code is linked with: ``glibc``, ``musl``, or ``None`` when nothing in it says."""
    return _libc(piece) if isinstance(piece, ElfSlice) else None


def _is_musl(library: str) -> bool:
    return library == "libc.so" or library.startswith("libc.musl-")


def _wants(piece: _Piece, held: Mapping[str, _Piece], exclude: tuple[str, ...], libc: str) -> tuple[_Want, ...]:
    """What a file needs: asked for the ruling, and again for each tag of the name."""
    known = _known_wants(piece)
    if (exclude, libc) not in known:
        known[exclude, libc] = tuple(_found_wants(piece, held, exclude, libc))
    return known[exclude, libc]


@worked_out
def _known_wants(piece: _Piece) -> dict[tuple[tuple[str, ...], str], tuple[_Want, ...]]:  # noqa: ARG001  # its place
    """By what is excluded and the libc."""
    return {}


def _found_wants(piece: _Piece, held: Mapping[str, _Piece], exclude: tuple[str, ...], libc: str) -> Iterator[_Want]:
    needs = [n for n in piece.slice.needs if n.library not in held and not _matches(n.library, exclude)]
    for need in needs:
        if libc == "musl":
            yield from _musl_library_wants(piece, need.library)
        elif need.library.startswith(_LOADERS):
            yield from _version_wants(piece, need.library, need.versions)
        else:
            yield from _glibc_library_wants(piece, need.library, need.versions)
    if libc == "musl":
        yield from _musl_wants(piece)
    told = any(_RELR_VERSION in n.versions for n in needs)
    if "DT_RELR" in piece.slice.packed_relocations and piece.slice.is_relocated and not told:
        yield _relr_want(piece, libc)
    yield from _isa_wants(piece)


def _relr_want(piece: _Piece, libc: str) -> _Want:
    """Older loaders skip the table without a word, and the file crashes for the addresses that nobody set.

    No tag tells musl 1.2.4 from 1.2: PEP 656 counts the first two numbers only. So ``musllinux_1_2`` may say it, as it may
    of files that need a symbol which musl got in 1.2.3, and the floor tells people the rest.
    """
    release = _RELR_SINCE[libc]
    fact = f"DT_RELR is set: packed relative relocations, which {libc} applies since {'.'.join(map(str, release))}"
    return _Want(
        of=libc, level=(release[0], release[1]), version=release, evidence=Evidence(file=piece.path, fact=fact)
    )


def _glibc_library_wants(piece: _Piece, library: str, versions: tuple[str, ...]) -> Iterator[_Want]:
    level = level_of_library(piece.slice.cpu, library)
    if level > lowest(piece.slice.cpu):
        yield _library(piece, library, level)
    if level != NEVER:
        yield from _version_wants(piece, library, versions)
        yield from _private_wants(piece, library)


def _musl_library_wants(piece: _Piece, library: str) -> Iterator[_Want]:
    policy = _policy()["musllinux"]
    if not (library.startswith(_LOADERS) or _is_musl(library) or library in policy["libraries"]):
        yield _library(piece, library, NEVER)
    private = policy["private"].get(library, ())
    for symbol in piece.slice.imports if not _names(piece.slice).isdisjoint(private) else ():
        if symbol.name in private and not symbol.weak:
            evidence = Evidence(file=piece.path, library=library, symbol=symbol.name)
            yield _Want(of="private symbol", level=NEVER, version=NEVER, evidence=evidence)


def _matches(library: str, patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return False
    import fnmatch  # rarely needed

    return any(fnmatch.fnmatchcase(library, p) for p in patterns)


def _library(piece: _Piece, library: str, level: Level) -> _Want:
    return _Want(of="library", level=level, version=level, evidence=Evidence(file=piece.path, library=library))


def _version_wants(piece: _Piece, library: str, versions: tuple[str, ...]) -> Iterator[_Want]:
    for version in versions:
        level = level_of_version(piece.slice.cpu, version)
        if level is None:
            continue
        family, _, text = version.partition("_")
        symbol = _spokesmen(piece.slice).get((library, version))
        yield _Want(
            of="glibc" if family == "GLIBC" else family,
            level=level,
            version=_numbers(text) or level,
            evidence=Evidence(file=piece.path, library=library, symbol=symbol, version=version),
        )


@worked_out
def _spokesmen(piece: ElfSlice) -> Mapping[tuple[str | None, str | None], str]:
    """By library and version, the first symbol that is asked for in it: what people look for when they wonder why."""
    return {(s.library, s.version): s.name for s in reversed(piece.imports)}


@worked_out
def _names(piece: ElfSlice) -> frozenset[str]:
    return frozenset([s.name for s in piece.imports])


def _private_wants(piece: _Piece, library: str) -> Iterator[_Want]:
    private = _private(piece.slice.cpu, library)
    if not private or _names(piece.slice).isdisjoint(private):
        return
    for symbol in piece.slice.imports:
        if symbol.weak or symbol.name not in private:
            continue  # a weak symbol may be absent: Rust's standard library probes for some of these
        if symbol.library in (library, None) and private[symbol.name] > lowest(piece.slice.cpu):
            # Without a version the symbol may be anybody's; the lists are made of names that nobody else has.
            evidence = Evidence(file=piece.path, library=library, symbol=symbol.name, version=symbol.version)
            level = private[symbol.name]
            yield _Want(of="private symbol", level=level, version=level, evidence=evidence)


def _musl_wants(piece: _Piece) -> Iterator[_Want]:
    added = {name: release for release, names in _policy()["musllinux"]["added"].items() for name in names}
    for symbol in piece.slice.imports:
        release = added.get(symbol.name)
        if release is not None and not symbol.weak:
            numbers = _numbers(release) or (1, 2)
            evidence = Evidence(file=piece.path, library="musl", symbol=symbol.name, fact=f"new in musl {release}")
            yield _Want(of="musl", level=(numbers[0], numbers[1]), version=numbers, evidence=evidence)


def _isa_wants(piece: _Piece) -> Iterator[_Want]:
    above = [level for level in piece.slice.isa_needed if level != "x86-64-baseline"]
    if above:
        evidence = Evidence(file=piece.path, fact=f"its notes say that it needs {above[-1]}")
        yield _Want(of="isa", level=NEVER, version=(int(above[-1][-1]),), evidence=evidence)


# --- the ruling -------------------------------------------------------------------------------------------------


class Linux:
    """The Linux platform; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "linux"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """ELF files that are not Android's."""
        return fmt is Format.ELF and isinstance(piece, ElfSlice) and not is_android(piece)

    def understands(self, tag: str) -> bool:
        """``linux_…``, ``manylinux…`` and ``musllinux…``."""
        claim = _parse(tag)
        return claim is not None and (claim.kind != "manylinux" or claim.level >= _FIRST)

    def could_be(self, promise: str) -> bool:
        """A level with or without a CPU that ELF files are for."""
        tag = f"{promise}_x86_64" if re.fullmatch(_SHORT, promise) else promise
        claim = _parse(tag)
        return claim is not None and claim.cpu in _NAMED and self.understands(tag)

    def complete(self, promise: str, contents: Contents) -> str:
        """Add the CPU to a promise that lacks it."""
        if not re.fullmatch(_SHORT, promise):
            return promise
        pieces = _pieces(contents)
        return f"{promise}_{pieces[0].slice.cpu}" if pieces else promise

    def aliases(self, tag: str) -> tuple[str, ...]:
        """Names from before PEP 600 under which old installers know the same promise, or the next one that has such a
        name: what runs on glibc 2.14 runs where manylinux2014 does."""
        return _aliases(tag)

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The lowest level that all files keep; the plain platform when there is none."""
        pieces = _pieces(contents)
        findings = list(_findings(contents, pieces))
        # For a CPU without a name there is no tag; of others beside it, one has.
        cpus = sorted({p.slice.cpu for p in pieces}, key=lambda cpu: (cpu.startswith(_NAMELESS), cpu))
        if cpus and cpus[0].startswith(_NAMELESS):
            reason = f"{pieces[0].path} is code for {cpus[0]}, for which no tag is known"
            return PlatformRuling(
                family="linux", tags=(), native="linux", findings=tuple(findings), reason=reason, nameless=True
            )
        native = f"linux_{cpus[0]}" if cpus else "any"
        libcs = {c for p in pieces if (c := _libc(p.slice)) is not None}
        if len(cpus) > 1 or len(libcs) > 1 or cpus[:1] == [] or cpus[0] not in _CPUS:
            findings += _mixtures(pieces, cpus, libcs)
            return PlatformRuling(family="linux", tags=(native,), native=native, findings=tuple(findings))
        libc = next(iter(libcs), "glibc")
        used = _used(contents)
        # A CPU without manylinux levels has no promise to keep, so nothing there is outside of one.
        promised = libc == "musl" or _levels(cpus[0])
        wants = [w for p in pieces for w in _wants(p, used, exclude, libc)] if promised else []
        findings += [f for w in wants if w.level == NEVER and (f := _never(w)) is not None]
        floors = _floors(wants, libc)
        tags = self._tags(wants, cpus[0], libc) if not any(f.code == "TW314" for f in findings) else (native,)
        return PlatformRuling(
            family="linux", tags=tags or (native,), native=native, floors=floors, findings=_merge(findings),
            cure="build against an older system (the container of that level, an older sysroot), or avoid what is named here",
        )  # fmt: skip

    def _tags(self, wants: list[_Want], cpu: str, libc: str) -> tuple[str, ...]:
        if any(w.level == NEVER for w in wants):
            return ()
        if libc == "musl":
            return (f"musllinux_{_MUSL_BASELINE[0]}_{_MUSL_BASELINE[1]}_{cpu}",)
        level = max([lowest(cpu), *(w.level for w in wants)])
        if level == NEVER:
            return ()
        tag = f"manylinux_{level[0]}_{level[1]}_{cpu}"
        return (tag, *self.aliases(tag))

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:
        """What the files need that ``tag`` does not have."""
        claim = _parse(tag)
        if claim is None:
            return ()
        used = _used(contents)
        found: list[Objection] = []
        for piece in _pieces(contents):
            if piece.slice.cpu.startswith(_NAMELESS) and claim.kind == "linux" and claim.cpu not in _NAMED:
                continue  # neither is known here, so they may be the same
            if piece.slice.cpu != claim.cpu and not _runs_on(piece.slice.cpu, claim.cpu):
                fact = f"it is code for {piece.slice.cpu}"
                found.append(Objection(evidence=Evidence(file=piece.path, fact=fact), allows=f"only {claim.cpu}"))
            elif claim.kind != "linux":
                # Older ARM code on a newer ARM's level is held to what that level has; its own CPU has no levels.
                there = piece
                if piece.slice.cpu != claim.cpu:
                    there = replace(piece, slice=replace(piece.slice, cpu=claim.cpu))
                found += _broken_promises(there, claim, used, exclude)
        return tuple(sorted(found, key=lambda o: (o.evidence.file, str(o.evidence))))

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:  # noqa: ARG002  # the protocol's
        """A plain tag is for local use."""
        if not tag.startswith("linux_") or tag in ("linux_armv6l", "linux_armv7l"):
            return ()
        return (
            Finding(
                code="TW309",
                severity=Severity.NOTE,
                where=tag,
                message=f"{tag} promises nothing, and package indexes refuse it",
                hint="fine for local use; to publish, cure what keeps it from a manylinux or musllinux tag",
            ),
        )

    def python(self, tag: str) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """None: its tags say nothing of Pythons."""
        return None


class _Claim(Record):
    kind: str
    level: Level
    cpu: str


@functools.lru_cache(maxsize=256)
def _parse(tag: str) -> _Claim | None:
    match = re.fullmatch(_TAG, tag)
    if match is None:
        return None
    family = match["family"]
    old = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    if family in old:
        return _Claim(kind="manylinux", level=old[family], cpu=match["cpu"])
    if family == "linux":
        return _Claim(kind="linux", level=NEVER, cpu=match["cpu"])
    return _Claim(kind=family.split("_")[0], level=(int(match["major"]), int(match["minor"])), cpu=match["cpu"])


@functools.lru_cache(maxsize=256)
def _aliases(tag: str) -> tuple[str, ...]:
    found = _parse(tag)
    if found is None or found.kind != "manylinux":
        return ()
    names: list[str] = next(
        (p["aliases"] for level, p in _levels(found.cpu) if level >= found.level and p["aliases"]), []
    )
    plain = f"manylinux_{found.level[0]}_{found.level[1]}"
    return tuple(f"{name}_{found.cpu}" for name in [plain, *names] if f"{name}_{found.cpu}" != tag)


def _runs_on(cpu: str, other: str) -> bool:
    """Whether code for ``cpu`` is promised to run on ``other``: older ARM code on newer ARM."""
    return (cpu, other) == ("armv6l", "armv7l")


def _broken_promises(
    piece: _Piece, claim: _Claim, held: Mapping[str, _Piece], exclude: tuple[str, ...]
) -> Iterator[Objection]:
    libc = _libc(piece.slice)
    wanted = "glibc" if claim.kind == "manylinux" else "musl"
    if libc not in (None, wanted):
        yield Objection(evidence=Evidence(file=piece.path, fact=f"it is linked with {libc}"), allows=f"only {wanted}")
        return
    limit = f"{claim.kind}_{claim.level[0]}_{claim.level[1]}"
    for want in _wants(piece, held, exclude, wanted):
        if want.level > claim.level:
            yield Objection(evidence=want.evidence, allows=f"{limit} {_allows(want, claim)}")


def _allows(want: _Want, claim: _Claim) -> str:
    """What the claimed level has instead, as the end of a sentence."""
    if want.of == "library":
        return "has no such library"
    if want.of == "private symbol":
        return "does not let one use that symbol"
    if want.of == "isa":
        return "promises the baseline x86-64 only"
    if want.of == "glibc":
        return f"has glibc {claim.level[0]}.{claim.level[1]}"
    if want.of == "musl":
        return f"has musl {claim.level[0]}.{claim.level[1]}"
    below = [p for level, p in _levels(claim.cpu) if level <= claim.level] or [_levels(claim.cpu)[0][1]]
    return f"has {want.of} up to {below[-1]['cpus'][claim.cpu][want.of]['to']}"


def _floors(wants: list[_Want], libc: str) -> tuple[Floor, ...]:
    """Per symbol family the highest version with all its evidence; the one that decides first."""
    by_family: dict[str, list[_Want]] = {}
    for want in wants:
        if want.level != NEVER:
            by_family.setdefault(want.of, []).append(want)
    floors = []
    for of, group in by_family.items():
        top = max(w.version for w in group)
        evidence = tuple(dict.fromkeys(w.evidence for w in group if w.version == top))
        name = "manylinux" if of == "library" else of  # of a library there is no version, but a level that has it
        floors.append((max(w.level for w in group), of != libc, Floor(of=name, version=top, evidence=evidence)))
    return tuple(floor for _, _, floor in sorted(floors, key=lambda f: (tuple(-n for n in f[0]), f[1], f[2].of)))


# --- findings ---------------------------------------------------------------------------------------------------


def _never(want: _Want) -> Finding | None:
    evidence = want.evidence
    if want.of == "library":
        return _outside(evidence)
    if want.of == "isa":
        return Finding(
            code="TW304",
            severity=Severity.WARNING,
            where=evidence.file,
            message="code that needs more than the baseline CPU",
            evidence=(str(evidence), "ld.so refuses to load it on older CPUs"),
            hint="build without -march=x86-64-vN (or -Wl,-z,x86-64-vN), choose at run time, or make it a variant",
        )
    unknown = want.of != "private symbol" and evidence.version != "GLIBC_PRIVATE"
    return Finding(
        code="TW206",
        severity=Severity.WARNING,
        where=evidence.file,
        message=f"uses a symbol version of {evidence.library} that is newer than every level known here"
        if unknown
        else f"uses a symbol that {evidence.library} keeps to itself or no longer has",
        evidence=(str(evidence),),
        hint="build with an older compiler, or link that library statically (-static-libstdc++, -static-libgcc)"
        if unknown
        else "call its public replacement, or link that library statically",
    )


def _outside(evidence: Evidence) -> Finding:
    library = evidence.library or ""
    if re.fullmatch(_LIBPYTHON, library):
        return Finding(
            code="TW203",
            severity=Severity.WARNING,
            where=evidence.file,
            message="linked with libpython, which many interpreters do not have",
            evidence=(f"{evidence.file} needs {library}",),
            hint="ask find_package(Python) for Development.Module instead of Development",
        )
    return Finding(
        code="TW201",
        severity=Severity.WARNING,
        where=evidence.file,
        message=f"{library} is neither in the wheel nor promised by any manylinux or musllinux level",
        evidence=(f"{evidence.file} needs {library}",),
        hint=f"install it into the wheel and give the module an $ORIGIN RPATH, link it statically, or, when someone else "
        f'supplies it, set tool.truewheel.exclude = ["{library}"], or --exclude {library}',
    )


def _findings(contents: Contents, pieces: tuple[_Piece, ...]) -> Iterator[Finding]:
    held = _held(contents)
    for piece in pieces:
        yield from _path_findings(piece)
        yield from _reach_findings(piece, held)
        yield from _abi_findings(piece)
        if _wants_executable_stack(piece.slice):
            yield Finding(
                code="TW303",
                severity=Severity.WARNING,
                where=piece.path,
                message="asks for an executable stack, which glibc 2.41 and hardened systems refuse",
                evidence=("PT_GNU_STACK " + ("has the X flag" if piece.slice.executable_stack else "is missing"),),
                hint="link with -Wl,-z,noexecstack, and add .note.GNU-stack to assembly sources",
            )
        if piece.slice.text_relocations:
            yield Finding(
                code="TW310",
                severity=Severity.WARNING,
                where=piece.path,
                message="has text relocations, which hardened systems and musl refuse",
                evidence=("DT_TEXTREL is set",),
                hint="compile every part with -fPIC (CMake: POSITION_INDEPENDENT_CODE ON)",
            )


def _wants_executable_stack(piece: ElfSlice) -> bool:
    """Stated, or not denied on a CPU where glibc then takes it for wanted (glibc ``DEFAULT_STACK_PERMS``)."""
    if piece.executable_stack is None:
        return piece.cpu in ("x86_64", "i686") and piece.kind is Kind.SHARED and _libc(piece) == "glibc"
    return piece.executable_stack


def _path_findings(piece: _Piece) -> Iterator[Finding]:
    for search in piece.slice.search_paths:
        if search.path.startswith(("$ORIGIN", "${ORIGIN}")):
            continue
        built = search.path.startswith(_BUILD_PLACES)
        yield Finding(
            code="TW205" if built else "TW204",
            severity=Severity.WARNING,
            where=piece.path,
            message=f"a {search.kind} that "
            + ("points into a build tree" if built else "is not relative to the file") + ": it means nothing elsewhere",
            evidence=(f"{search.kind} {search.path}",),
            hint='in CMake: set_target_properties(NAME PROPERTIES INSTALL_RPATH "$ORIGIN"), and install the target',
        )  # fmt: skip


def _reach_findings(piece: _Piece, held: Mapping[str, _Piece]) -> Iterator[Finding]:
    """Libraries in the wheel that the loader would not find from here, unless Python code loads them first."""
    places = {_expand(s.path, piece.place) for s in piece.slice.search_paths}
    for need in piece.slice.needs:
        library = held.get(need.library)
        if library is not None and library.path != piece.path and library.place not in places:
            yield Finding(
                code="TW202",
                severity=Severity.NOTE,
                where=piece.path,
                message=f"{need.library} is in the wheel, but the loader is not told where",
                evidence=(
                    f"{piece.path} needs {need.library}, which is {library.path}",
                    f"searches {', '.join(sorted(places)) or 'nothing'}",
                ),
                hint="give it an $ORIGIN RPATH, or load the library first from __init__.py",
            )


def _expand(path: str, here: str) -> str:
    relative = path.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", ".", 1)
    return posixpath.normpath(posixpath.join(here, relative.lstrip("/")))


def _abi_findings(piece: _Piece) -> Iterator[Finding]:
    s = piece.slice
    wrong = {
        "armv7l": s.float_abi == "soft" and "soft-float code",
        "arm": f"{s.float_abi or 'unknown'} float ABI",
        "riscv64": s.float_abi != "double" and f"{s.float_abi} float ABI",
        "loongarch64": s.float_abi not in (None, "double") and f"{s.float_abi} float ABI",
        "ppc64le": s.ppc_abi == 1 and "ELF ABI version 1",
    }.get(s.cpu)
    if wrong:
        yield Finding(
            code="TW314",
            severity=Severity.WARNING,
            where=piece.path,
            message=f"{wrong} is not what Linux on {s.cpu} uses",
            evidence=(f"e_flags {s.flags:#x}",),
            hint="build with the distribution's own compiler for that CPU",
        )


def _mixtures(pieces: tuple[_Piece, ...], cpus: list[str], libcs: set[str]) -> Iterator[Finding]:
    if len(cpus) > 1:
        yield Finding(
            code="TW306",
            severity=Severity.WARNING,
            where=pieces[0].path,
            message="binaries for several CPUs in one wheel",
            evidence=tuple(f"{p.path}: {p.slice.cpu}" for p in pieces),
            hint="build one wheel per CPU",
        )
    if len(libcs) > 1:
        yield Finding(
            code="TW308",
            severity=Severity.WARNING,
            where=pieces[0].path,
            message="binaries for glibc and for musl in one wheel",
            evidence=tuple(f"{p.path}: {c}" for p in pieces if (c := _libc(p.slice)) is not None),
            hint="build one wheel for each",
        )


def _merge(findings: list[Finding]) -> tuple[Finding, ...]:
    """The same matter in several files is one finding per file, each told once."""
    return tuple(dict.fromkeys(findings))


LINUX = Linux()
