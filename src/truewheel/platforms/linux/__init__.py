"""Linux: what manylinux and musllinux promise, and which of these promises a set of ELF files could keep.

A promise is a level: ``manylinux_2_N`` runs on every mainstream distribution with glibc 2.N or newer
(https://peps.python.org/pep-0600/), ``musllinux_1_N`` on every one with musl 1.N (https://peps.python.org/pep-0656/). What a
level supplies is knowledge in ``policy/linux.json``, looked up in :mod:`.policy`. ``linux_CPU`` promises nothing. Pure.
"""

from __future__ import annotations

import functools

from ...model.audit import Cause, TagBasis, Violation
from ...model.floor import Evidence
from ...model.record import replace
from ...model.tags import NEVER, PlatformTag
from ..base import Mixture, Words, grouped, whole_number
from ..elf import ElfPlatform, is_android
from .hazards import abi_mismatch, flags_of, hazards_of
from .libc import LIBC_OF_KIND, libc_of
from .policy import (
    CPUS,
    MUSL_BASELINE,
    NAMED_CPUS,
    UNNAMED_CPU,
    levels,
    lowest,
    supplied_by,
)
from .requirements import offered_instead, requirements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.audit import Code, Linkage, Requirement, Supplied
    from ...model.binary import ElfSlice, Need
    from ...model.finding import Finding
    from ...model.floor import Floor
    from ...model.tags import Level

FIRST_LEVEL: Level = (2, 5)
"""The first manylinux level that there is (PEP 513)."""
OLD_NAMES: dict[str, Level] = {
    "manylinux1": (2, 5),
    "manylinux2010": (2, 12),
    "manylinux2014": (2, 17),
}
"""Names of levels from before PEP 600 (PEP 513, PEP 571, PEP 599)."""
KINDS = ("manylinux", "musllinux")
LIBPYTHON = r"libpython\d[\d.]*[a-z]*\.so[\d.]*|libpypy[\d.]*-c\.so"
SYSTEM_DIRECTORIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
"""Where ld.so looks last (ld.so(8))."""


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
        return _parse_tag(text)

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is a level, with or without a CPU that ELF files are for."""
        tag = _parse_tag(f"{promise}_x86_64" if _lacks_cpu(promise) else promise)
        return tag is not None and tag.cpu in NAMED_CPUS

    def expand(self, promise: str, files: Sequence[Code]) -> str:
        """Add the CPU to a promise that lacks it."""
        return f"{promise}_{files[0].cpu}" if files and _lacks_cpu(promise) else promise

    def aliases(self, tag: PlatformTag) -> tuple[str, ...]:
        """Return the names from before PEP 600 under which old installers know the same promise.

        Where a level has none, the next one that has is named: what runs on glibc 2.14 runs where manylinux2014 does.
        """
        return _aliases(tag) if tag.kind == "manylinux" else ()

    def tag_notes(
        self,
        files: Sequence[Code],
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

    def places_outside(
        self,
        code: Code,
        need: Need,
    ) -> Iterator[tuple[str, str]]:
        """Yield what absolute search paths lead to, then the directories of the system."""
        yield from super().places_outside(code, need)
        for directory in SYSTEM_DIRECTORIES:
            yield f"{directory}/{need.library}", "the system's directories"

    def supplies(
        self,
        code: Code,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return from which level of the promise on a library is there."""
        return supplied_by(kind or "manylinux", code.cpu, need.library)

    def is_python(self, library: str) -> bool:
        """Return whether a library is CPython's or PyPy's: many interpreters are linked statically, and lack it."""
        if not library.startswith("libpy"):
            return False
        # It takes longer to load than a small wheel to be judged.
        import re

        return re.fullmatch(LIBPYTHON, library) is not None

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a library that no level has."""
        message = f"{need.library} is neither in the wheel nor promised by any manylinux or musllinux level"
        return (
            message,
            "install it into the wheel and give the module an $ORIGIN RPATH, or link it statically",
        )

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[Code]) -> TagBasis:
        """Return the libc and the CPU, when all files agree on both; else the plain tag, and why."""
        cpus = _cpus(files)
        if cpus[0].startswith(UNNAMED_CPU):
            reason = f"{files[0].path} is code for {cpus[0]}, for which no tag is known"
            return TagBasis(
                kind=None, endings=(), plain="linux", reason=reason, has_no_tag=True
            )
        plain = f"linux_{cpus[0]}"
        libcs = {libc_of(code.slice) for code in files} - {None}
        kind = "musllinux" if libcs == {"musl"} else "manylinux"
        obstacle = _obstacle_to_promises(files)
        if obstacle or cpus[0] not in CPUS:
            return TagBasis(
                kind=None, endings=(), plain=plain, fallback=(plain,), reason=obstacle
            )
        strange = [code for code in files if abi_mismatch(code.slice) is not None]
        if strange:
            return TagBasis(
                kind=kind,
                endings=(),
                plain=plain,
                fallback=(plain,),
                reason=flags_of(strange[0].slice),
            )
        return TagBasis(kind=kind, endings=(cpus[0],), plain=plain, fallback=(plain,))

    def requirements(
        self,
        code: Code,
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
        return f"{kind}_{level[0]}_{level[1]}_{ending}"

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the highest version of each symbol family, the newest level first, and the libc before others."""
        from ...model.floor import Floor

        found = []
        for (of, _), group in grouped(
            one for one in requirements if one.level != NEVER
        ).items():
            top = max(one.version for one in group)
            evidence = tuple(
                dict.fromkeys(one.evidence for one in group if one.version == top)
            )
            level = max(one.level for one in group)
            # A library has no version here, but a level that has it.
            name = "manylinux" if of == "library" else of
            rank = (
                tuple(-number for number in level),
                of not in LIBC_OF_KIND.values(),
                name,
            )
            found.append((rank, Floor(of=name, version=top, evidence=evidence)))
        return tuple(floor for _, floor in sorted(found, key=lambda ranked: ranked[0]))

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[Code],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield files for another CPU, and for the other libc than the promise is about."""
        for code in files:
            libc, promised = libc_of(code.slice), LIBC_OF_KIND.get(tag.kind)
            if not _may_run(code.cpu, tag):
                evidence = Evidence(file=code.path, fact=f"it is code for {code.cpu}")
                yield Violation(
                    evidence=evidence, allows=f"only {tag.cpu}", cause=Cause.OTHER_CPU
                )
            elif promised is not None and libc not in (None, promised):
                evidence = Evidence(file=code.path, fact=f"it is linked with {libc}")
                yield Violation(
                    evidence=evidence, allows=f"only {promised}", cause=Cause.OTHER_LIBC
                )

    def as_run_by(self, code: Code, tag: PlatformTag) -> Code:
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
        return None if tag.is_plain or requirement.slot != tag.cpu else tag.level

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return what the claimed level has instead."""
        return f"{tag.kind}_{tag.level[0]}_{tag.level[1]} {offered_instead(requirement, tag)}"

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[Code]) -> Mixture | None:
        """Return the files, if for several CPUs of which one has a name."""
        return (
            None if _cpus(files)[0].startswith(UNNAMED_CPU) else super().mixture(files)
        )

    def hazards(self, files: Sequence[Code]) -> Iterator[Finding]:
        """Yield flags and ABIs that Linux refuses."""
        yield from hazards_of(files)


@functools.lru_cache(maxsize=256)
def _parse_tag(text: str) -> PlatformTag | None:
    first, _, rest = text.partition("_")
    level: Level | None = NEVER if first == "linux" else OLD_NAMES.get(first)
    if first in KINDS:
        major, _, rest = rest.partition("_")
        minor, _, rest = rest.partition("_")
        level = _parse_level(major, minor)
    kind = "manylinux" if first in OLD_NAMES else first
    if (
        level is None
        or not _is_cpu(rest)
        or (kind == "manylinux" and level < FIRST_LEVEL)
    ):
        return None
    return PlatformTag(text=text, family="linux", kind=kind, level=level, cpu=rest)


def _parse_level(major: str, minor: str) -> Level | None:
    numbers = whole_number(major), whole_number(minor)
    if numbers[0] in (None, 0) or numbers[1] is None:
        return None
    return numbers  # type: ignore[return-value]


def _is_cpu(text: str) -> bool:
    return text[:1].islower() and text.isascii() and text.replace("_", "").isalnum()


def _lacks_cpu(promise: str) -> bool:
    """Return whether a promise is a kind or a level alone: ``linux``, ``manylinux2014``, ``musllinux_1_2``."""
    if promise == "linux" or promise in OLD_NAMES:
        return True
    kind, *numbers = promise.split("_")
    return (
        kind in KINDS
        and len(numbers) == 2
        and all(number.isdecimal() for number in numbers)
    )


def _aliases(tag: PlatformTag) -> tuple[str, ...]:
    old: list[str] = next(
        (
            policy["aliases"]
            for level, policy in levels(tag.cpu)
            if level >= tag.level and policy["aliases"]
        ),
        [],
    )
    names = [f"manylinux_{tag.level[0]}_{tag.level[1]}", *old]
    whole = [f"{name}_{tag.cpu}" for name in names]
    return tuple(name for name in whole if name != tag.text)


def _cpus(files: Sequence[Code]) -> list[str]:
    """Return the CPUs of the files, those without a name last: there is no tag for them, but for others beside them."""
    return sorted(
        {code.cpu for code in files}, key=lambda cpu: (cpu.startswith(UNNAMED_CPU), cpu)
    )


def _obstacle_to_promises(files: Sequence[Code]) -> str:
    """Return the first of several CPUs or libcs: no one system loads all of the files. Empty when there is but one."""
    if len(_cpus(files)) > 1:
        return f"{files[0].path}: {files[0].cpu}"
    linked = [
        (code.path, libc) for code in files if (libc := libc_of(code.slice)) is not None
    ]
    if len({libc for _, libc in linked}) > 1:
        path, libc = linked[0]
        return f"{path}: {libc}"
    return ""


def _runs_on(cpu: str, other: str) -> bool:
    """Return whether code for ``cpu`` is promised to run on ``other``: older ARM code on newer ARM."""
    return (cpu, other) == ("armv6l", "armv7l")


def _may_run(cpu: str, tag: PlatformTag) -> bool:
    # Neither CPU is known here, so they may be the same.
    if cpu.startswith(UNNAMED_CPU) and tag.is_plain and tag.cpu not in NAMED_CPUS:
        return True
    return cpu == tag.cpu or _runs_on(cpu, tag.cpu)


LINUX = Linux()
