"""Linux: what manylinux and musllinux promise, and which of these promises a set of ELF files could keep.

A promise is a level: ``manylinux_2_N`` runs on every mainstream distribution with glibc 2.N or newer
(https://peps.python.org/pep-0600/), ``musllinux_1_N`` on every one with musl 1.N (https://peps.python.org/pep-0656/). What a
level supplies is knowledge in ``policy/linux.json``, looked up in :mod:`.policy`. ``linux_CPU`` promises nothing. Pure.
"""

from __future__ import annotations

from itertools import repeat

from ...model.audit import TagBasis, ViolationCause
from ...model.floor import Floor
from ...model.record import replace
from ...model.tags import ANY, NEVER, underscored
from ..base import COPY_OR_LINK, Words, grouped, mismatch
from ..elf import ElfPlatform, is_android
from .hazards import abi_mismatch, flags_of, hazards_of
from .libc import (
    KIND_OF_LIBC,
    LIBC_OF_KIND,
    is_libc,
    kind_with_libraries,
    libc_named_by,
    libc_of,
)
from .policy import (
    CPUS,
    LOADERS,
    MUSL_BASELINE,
    NAMED_CPUS,
    UNNAMED_CPU,
    lacks_cpu,
    level_of_library,
    level_of_version,
    lowest,
    old_names_from,
    parse_tag,
    supplied_by,
)
from .requirements import offered_instead, requirements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.audit import (
        Linkage,
        LoadableSlice,
        PlatformAudit,
        Requirement,
        Supplied,
        Violation,
    )
    from ...model.binary import ElfSlice, Need, Slice
    from ...model.finding import Finding
    from ...model.surroundings import Surroundings
    from ...model.tags import Level, PlatformTag
    from ..base import Mixture

LIBPYTHON = r"libpython\d[\d.]*[a-z]*\.so[\d.]*|libpypy[\d.]*-c\.so"
SYSTEM_DIRECTORIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
"""Where ld.so looks last (ld.so(8))."""
_NEVER_REPLACED = frozenset({"GLIBC", "GLIBCXX", "CXXABI", "GCC"})
"""Families of symbol versions of what every process has already: glibc and the runtimes of its compiler."""
_SYSTEMS_OWN = "the system's directories"


class Linux(ElfPlatform):
    """The Linux platform."""

    family = "linux"
    words = Words(
        ask_for_less="build against an older system (the container of that level, an older sysroot), "
        "or avoid what is named here"
    )

    # --- which files and tags belong to it ----------------------------------------------------------------------

    def is_mine(self, piece: ElfSlice) -> bool:
        """Return whether an ELF file is not Android's."""
        return not is_android(piece)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``linux_…``, ``manylinux…`` and ``musllinux…`` as a tag."""
        return parse_tag(text)

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is a level, with or without a CPU that ELF files are for."""
        tag = parse_tag(f"{promise}_x86_64" if lacks_cpu(promise) else promise)
        return tag is not None and tag.cpu in NAMED_CPUS

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Add the CPU to a promise that lacks it."""
        if not files or not lacks_cpu(promise):
            return promise
        cpu = files[0].cpu
        return f"{promise}_{cpu}"

    def aliases(self, tag: PlatformTag) -> tuple[str, ...]:
        """Return the names from before PEP 600 under which old installers know the same promise.

        Where a level has none, the next one that has is named: what runs on glibc 2.14 runs where manylinux2014 does.
        """
        if tag.kind != "manylinux":
            return ()
        present = f"manylinux_{underscored(tag.level)}"
        names = [
            f"{name}_{tag.cpu}"
            for name in (present, *old_names_from(tag.cpu, tag.level))
        ]
        return tuple(name for name in names if name != tag.text)

    def tag_notes(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Finding]:
        """Yield that a plain tag is for local use."""
        # PyPI takes these two: https://github.com/pypi/warehouse/blob/main/warehouse/forklift/legacy.py
        if not tag.is_plain or tag.cpu in ("armv6l", "armv7l"):
            return
        from ...model.finding import Finding, Severity

        yield Finding(
            code="TW309",
            severity=Severity.NOTE,
            where=tag.text,
            message=f"{tag} promises nothing, and package indexes refuse it",
            hint="fine for local use; to publish, cure what keeps it from a manylinux or musllinux tag",
        )

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def kind_with_libraries(
        self, part: PlatformAudit, around: Surroundings, tag: PlatformTag | None
    ) -> str | None:
        """Return the promise about the wheel's libc; where no file names one, that of the promise, or of this machine."""
        return kind_with_libraries(part, around, tag)

    def obstacle_between(
        self, code: LoadableSlice, library: Slice, kind: str | None = None
    ) -> str | None:
        """Return the CPU or the libc that a library is for, when it is another."""
        # The file itself need not name one: all files of a process have the same.
        ours = libc_of(code.slice) or LIBC_OF_KIND.get(kind or "")
        theirs = libc_of(library)
        if ours and theirs and ours != theirs:
            return f"linked with {theirs}, not with {ours}"
        return super().obstacle_between(code, library, kind)

    def is_for_musl(self, loaders: Sequence[LoadableSlice]) -> bool:
        """Return whether one of them is linked with musl: they are all in one process."""
        libcs = [libc_of(code.slice) for code in loaders]
        return "musl" in libcs

    def system_directories(
        self, loaders: Sequence[LoadableSlice], around: Surroundings
    ) -> Sequence[tuple[str, str]]:
        """Return the configured directories of the files' libc, then those that its loader knows by itself."""
        # musl has one list; what it is by default, whoever made the surroundings knows.
        if self.is_for_musl(loaders):
            return list(zip(around.musl, repeat("musl's path")))
        rows = list(zip(around.configured, repeat("ld.so.conf")))
        # Debian's loader knows its multiarch directories.
        for name in around.lib_names:
            rows.append((f"/{name}", _SYSTEMS_OWN))
            rows.append((f"/usr/{name}", _SYSTEMS_OWN))
        for directory in SYSTEM_DIRECTORIES:
            rows.append((directory, _SYSTEMS_OWN))
        return rows

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return from which level of the promise on a library is there."""
        return supplied_by(kind or "manylinux", code.cpu, need.library)

    def has_to_bring(
        self, code: LoadableSlice, need: Need, tag: PlatformTag | None
    ) -> bool:
        """Return whether a level lacks a version of a library that is no part of glibc or the compiler's runtime (zlib)."""
        if tag is None or tag.kind != "manylinux":
            return False
        if need.library.startswith(LOADERS):
            return False
        newest = level_of_library(code.cpu, need.library)
        for version in need.versions:
            family, _, _ = version.partition("_")
            if family in _NEVER_REPLACED:
                return False
            level = level_of_version(code.cpu, version)
            # Versions of families that no level speaks of ask for nothing.
            newest = max(newest, level or ANY)
        return newest > tag.level

    def is_libc(self, library: str) -> bool:
        """Return whether a library is part of glibc or musl, or the loader of one."""
        return is_libc(library) or library.startswith(LOADERS)

    def is_python(self, library: str) -> bool:
        """Return whether a library is CPython's or PyPy's: many interpreters are linked statically, and lack it."""
        if not library.startswith("libpy"):
            return False
        # This module is loaded for every ELF file, but seldom asked for this.
        import re

        return re.fullmatch(LIBPYTHON, library) is not None

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a library that no level has."""
        fault = "neither in the wheel nor promised by any manylinux or musllinux level"
        return f"is {fault}", COPY_OR_LINK

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return the libc and the CPU, when all files agree on both; else the plain tag, and why."""
        cpu = _cpus(files)[0]
        if cpu.startswith(UNNAMED_CPU):
            reason = f"{files[0].path} is code for {cpu}, for which no tag is known"
            return TagBasis(
                kind=None, endings=(), plain="linux", reason=reason, has_no_tag=True
            )
        plain = f"linux_{cpu}"
        obstacle = _several_cpus(files) or _several_libcs(files)
        if obstacle or cpu not in CPUS:
            return TagBasis(
                kind=None, endings=(), plain=plain, fallback=(plain,), reason=obstacle
            )
        return TagBasis(
            # Code that names no libc is held to glibc's.
            kind=KIND_OF_LIBC[libc_named_by(files) or "glibc"],
            endings=() if _flags_of_other_abi(files) else (cpu,),
            plain=plain,
            fallback=(plain,),
            reason=_flags_of_other_abi(files),
        )

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterator[Requirement]:
        """Yield what a file asks of a system with the libc of the promise."""
        if kind is not None:
            yield from requirements_of(code, linkage, kind)

    def oldest(self, kind: str, ending: str) -> Level:
        """Return the lowest manylinux level of the CPU, or the musl that every musllinux system has."""
        return MUSL_BASELINE if kind == "musllinux" else lowest(ending)

    def format_tag(self, kind: str, level: Level, ending: str) -> str:
        """Return ``manylinux_2_28_x86_64``."""
        return f"{kind}_{underscored(level)}_{ending}"

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the highest version of each symbol family, the newest level first, and the libc before others."""
        fulfilled = [one for one in requirements if one.level != NEVER]
        groups = sorted(grouped(fulfilled).values(), key=_rank)
        return tuple(_floor(group) for group in groups)

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield files for another CPU, and for the other libc than the promise is about."""
        promised = LIBC_OF_KIND.get(tag.kind)
        for code in files:
            libc = libc_of(code.slice)
            if not _may_run(code.cpu, tag):
                fact = f"it is code for {code.cpu}"
                yield mismatch(
                    code.path,
                    fact,
                    allows=f"{tag} means {tag.cpu}",
                    cause=ViolationCause.OTHER_CPU,
                )
            elif promised and libc and libc != promised:
                fact = f"it is linked with {libc}"
                yield mismatch(
                    code.path,
                    fact,
                    allows=f"{tag} means {promised}",
                    cause=ViolationCause.OTHER_LIBC,
                )

    def as_run_by(self, code: LoadableSlice, tag: PlatformTag) -> LoadableSlice:
        """Return code for an older ARM as code for the newer one, to whose levels it is held: its own CPU has none."""
        if tag.is_plain or code.cpu == tag.cpu or not _runs_on(code.cpu, tag.cpu):
            return code
        return replace(code, slice=replace(code.slice, cpu=tag.cpu))

    def limit(
        self,
        requirement: Requirement,
        tag: PlatformTag,
    ) -> Level | None:
        """Return the level, for files of the tag's CPU; a plain tag allows whatever the machine has."""
        if tag.is_plain or requirement.slot != tag.cpu:
            return None
        return tag.level

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return what the claimed level has instead."""
        return (
            f"{tag.kind}_{underscored(tag.level)} {offered_instead(requirement, tag)}"
        )

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return the files, if for several CPUs of which one has a name."""
        # Of CPUs without a name no tag could be for one and not for the other.
        if _cpus(files)[0].startswith(UNNAMED_CPU):
            return None
        return super().mixture(files)

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield flags and ABIs that Linux refuses."""
        yield from hazards_of(files)


def _cpus(files: Sequence[LoadableSlice]) -> list[str]:
    """Return the CPUs of the files, those without a name last: there is no tag for them, but for others beside them."""
    return sorted(
        {code.cpu for code in files}, key=lambda cpu: (cpu.startswith(UNNAMED_CPU), cpu)
    )


def _several_cpus(files: Sequence[LoadableSlice]) -> str:
    """Return the first of several CPUs, as evidence: no one system loads all of the files. Empty when there is one."""
    if len(_cpus(files)) < 2:
        return ""
    first = files[0]
    return f"{first.path}: {first.cpu}"


def _several_libcs(files: Sequence[LoadableSlice]) -> str:
    """Return the first of both libcs, as evidence. Empty when there is one, or none."""
    linked: dict[str, str] = {}
    for code in files:
        libc = libc_of(code.slice)
        if libc is not None:
            linked.setdefault(libc, f"{code.path}: {libc}")
    return next(iter(linked.values())) if len(linked) > 1 else ""


def _flags_of_other_abi(files: Sequence[LoadableSlice]) -> str:
    """Return the flags of the first file that has not the ABI of its CPU, as evidence; empty when there is none."""
    for code in files:
        if abi_mismatch(code.slice) is not None:
            return flags_of(code.slice)
    return ""


def _floor(group: Sequence[Requirement]) -> Floor:
    """Return the highest version of one symbol family, with everything that asks for it."""
    top = max(one.version for one in group)
    evidence = dict.fromkeys(one.evidence for one in group if one.version == top)
    return Floor(of=_name_of_floor(group), version=top, evidence=tuple(evidence))


def _name_of_floor(group: Sequence[Requirement]) -> str:
    # A library has no version here, but a level that has it.
    return "manylinux" if group[0].of == "library" else group[0].of


def _rank(group: Sequence[Requirement]) -> tuple[list[int], bool, str]:
    """Return by what floors are sorted: the newest level first, then the libc, then the name."""
    level = max(one.level for one in group)
    is_libc = group[0].of in LIBC_OF_KIND.values()
    return [-number for number in level], not is_libc, _name_of_floor(group)


def _runs_on(cpu: str, other: str) -> bool:
    """Return whether code for ``cpu`` is promised to run on ``other``: older ARM code on newer ARM."""
    return (cpu, other) == ("armv6l", "armv7l")


def _may_run(cpu: str, tag: PlatformTag) -> bool:
    if cpu == tag.cpu or _runs_on(cpu, tag.cpu):
        return True
    # Neither CPU is known here, so they may be the same.
    return cpu.startswith(UNNAMED_CPU) and tag.is_plain and tag.cpu not in NAMED_CPUS


LINUX = Linux()
