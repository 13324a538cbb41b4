"""macOS: the deployment target of Mach-O files per CPU, and the tags that are true of them.

A ``macosx_`` tag names an oldest system and a set of CPUs. Installers ask for ``macosx_10_N`` and, from 11 on, for
``macosx_M_0`` alone; so a file that needs 11.3 gets ``macosx_12_0``, the first such tag that is true (delocate rounds
down, to ``macosx_11_0``, and warns). After 15 comes 26, which programs linked against older SDKs know as 16. There is
no plainer tag to fall back on, so libraries from elsewhere are findings and leave the tag as it is. Sources:
https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#macos; ``packaging.tags.mac_platforms``.
Pure; see ``docs/regenerate/macos.py``.
"""

from __future__ import annotations

import functools
import re

from ..data_tables import table
from ..model.audit import TagBasis, ViolationCause
from ..model.binary import Format
from ..model.finding import Finding, Severity
from ..model.floor import Evidence
from ..model.record import replace
from ..model.tags import PlatformTag, dotted, underscored
from . import apple
from .base import Mixture, mismatch, require
from .load_commands import names_of_this_machine, repeated_commands
from .macos_cpus import cpus_by_file, machines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ..model.audit import Linkage, LoadableSlice, Requirement, Violation
    from ..model.binary import Slice
    from ..model.floor import Floor
    from ..model.tags import Level

_TAG = r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<format>[a-z]\w*)"
_SHORT = r"macosx_\d+_\d+"
_UNIVERSAL2 = frozenset({"x86_64", "arm64"})


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/macos.json")


@functools.cache
def _formats() -> Mapping[str, frozenset[str]]:
    """Return what a tag may end with, and the CPUs that it promises."""
    return {name: frozenset(cpus) for name, cpus in _policy()["formats"].items()}


# --- versions ---------------------------------------------------------------------------------------------------


def oldest_for(cpu: str) -> Level:
    """Return the first macOS for a CPU.

    >>> oldest_for("arm64"), oldest_for("x86_64")
    ((11, 0), (10, 4))
    """
    return tuple(_policy()["oldest"].get(cpu, (10, 0)))


def plain(version: tuple[int, ...]) -> Level:
    """Return a version without the detours of Apple's numbering (10.16 is 11.0, and 16 is 26), fit to be compared.

    >>> plain((10, 16)), plain((16, 1)), plain((11, 3, 0)), plain((15,))
    ((11, 0), (26, 1), (11, 3), (15, 0))
    """
    first, last = _policy()["skipped"]
    if version[0] == 10 and version[1:] >= (16,):
        return (11, 0)
    if first <= version[0] <= last:
        version = (last + 1, *version[1:])
    return version if any(version[2:]) else (*version, 0)[:2]


def release(version: tuple[int, ...]) -> Level:
    """Return the first release with a tag of its own that is not older than ``version``.

    >>> release((10, 9)), release((11, 3)), release((10, 16)), release((15, 4)), release((16, 0))
    ((10, 9), (12, 0), (11, 0), (26, 0), (26, 0))
    """
    major, minor, *patch = plain(version)
    if major == 10:
        return plain((10, minor + any(patch)))
    return plain((major + any((minor, *patch)), 0))


class MacOS(apple.ApplePlatform):
    """The macOS platform."""

    family = "macos"
    words = replace(
        apple.ApplePlatform.words,
        ask_for_less="build everything in it for that release (CMAKE_OSX_DEPLOYMENT_TARGET, MACOSX_DEPLOYMENT_TARGET)",
    )

    # --- which files and tags belong to it ----------------------------------------------------------------------

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether it is for macOS, be it beside Catalyst, or from before files said what they are for."""
        if form is not Format.MACHO:
            return False
        stated = apple.systems(piece)
        return not stated or "macos" in stated

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``macosx_10_N_CPU`` and ``macosx_M_0_CPU`` as a tag; names of fat files may stand for the CPU."""
        match = re.fullmatch(_TAG, text)
        if (
            match is None
            or match["format"] not in _formats()
            or int(match["major"]) < 10
        ):
            return None
        level = plain((int(match["major"]), int(match["minor"])))
        return PlatformTag(
            text=text, family="macos", kind="macosx", level=level, cpu=match["format"]
        )

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is a release, with or without a CPU."""
        whole = f"{promise}_universal2" if re.fullmatch(_SHORT, promise) else promise
        return self.parse_tag(whole) is not None

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Add what the binaries are to a promise that lacks it: the CPU, or ``universal2``."""
        if not files or not re.fullmatch(_SHORT, promise):
            return promise
        return f"{promise}_{_format_of(files)}"

    def tag_notes(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Finding]:
        """Yield that no installer asks for the tag, and which files make a fat tag untrue."""
        yield from _not_asked_for(tag)
        if tag.cpu == "universal2":
            yield from _thin_files(files, Severity.ERROR)

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def supplied(self) -> tuple[str, ...]:
        """Return the beginnings of paths of the system's own libraries."""
        return tuple(_policy()["supplied"])

    def removed(self) -> tuple[str, ...]:
        """Return the Python that macOS 12.3 removed."""
        return tuple(_policy()["removed"])

    def is_python(self, library: str) -> bool:
        """Return whether an install name is Python's."""
        return apple.is_python(library)

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return the CPU, or ``universal2`` when every file has both."""
        cpus = sorted(frozenset.union(*cpus_by_file(files).values()))
        if any(_format_for(_only(cpu)) for cpu in cpus):
            return TagBasis(kind="macosx", endings=(_format_of(files),))
        reason = (
            f"{files[0].path} is code for {', '.join(cpus)}, for which there is no tag"
        )
        return TagBasis(
            kind="macosx", endings=(), plain="macosx", reason=reason, has_no_tag=True
        )

    def is_run(self, code: LoadableSlice, files: Sequence[LoadableSlice]) -> bool:
        """Return whether Python may run a slice: it is a program for arm64, which takes no arm64e beside that.

        Of x86_64h and x86_64 dyld prefers the former where it runs, so both count.
        """
        if code.cpu != "arm64e":
            return True
        return not any(
            other.path == code.path and other.cpu == "arm64" for other in files
        )

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterator[Requirement]:
        """Yield the newest deployment target that a slice states for macOS."""
        stated = [
            one.version for one in code.slice.minimum_os if one.platform == "macos"
        ]
        if stated:
            version, cpu = max(stated), machines_of(code.cpu)
            evidence = Evidence(
                file=code.path, fact=f"minos {dotted(version)} ({code.cpu})"
            )
            yield require(
                code,
                "macos",
                plain(version),
                evidence,
                ViolationCause.TOO_NEW,
                version=version,
                slot=cpu,
            )

    def oldest(self, kind: str, ending: str) -> Level:
        """Return the first macOS for one of the CPUs."""
        return min(oldest_for(cpu) for cpu in _formats()[ending])

    def level_in(
        self,
        requirement: Requirement,
        ending: str,
    ) -> Level | None:
        """Return the first release with a tag, for the CPUs that the tag is about."""
        cpu, cpus = requirement.slot, _formats()[ending]
        if cpu not in cpus:
            return None
        start = max(release(requirement.version), oldest_for(cpu))
        # An installer on arm64 takes a universal2 wheel for 10.9 as one for 11.0, the first that there was.
        is_given = len(cpus) > 1 and cpu == "arm64" and start == oldest_for("arm64")
        return None if is_given else start

    def format_tag(
        self,
        kind: str,
        level: Level,
        ending: str,
    ) -> str:
        """Return ``macosx_11_0_arm64``."""
        return f"macosx_{underscored(level)}_{ending}"

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the newest deployment target of each CPU, the CPU that decides first."""
        by_cpu = sorted(
            super().floors(requirements, basis), key=lambda floor: floor.cpu or ""
        )
        return tuple(sorted(by_cpu, key=_weight_of, reverse=True))

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield files that lack code for a CPU of the tag."""
        for path, cpus in cpus_by_file(files).items():
            lacking = sorted(_formats()[tag.cpu] - cpus)
            if not lacking:
                continue
            fact = f"it is code for {' and '.join(sorted(cpus))} alone"
            allows = f"{tag} promises {' and '.join(lacking)}"
            yield mismatch(path, fact, allows=allows, cause=ViolationCause.OTHER_CPU)

    def limit(
        self,
        requirement: Requirement,
        tag: PlatformTag,
    ) -> Level | None:
        """Return the oldest system on which the tag has to hold for the CPU, if it is about that CPU."""
        cpu = requirement.slot
        if cpu not in _formats()[tag.cpu]:
            return None
        return max(tag.level, oldest_for(cpu))

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return the system that the tag starts at."""
        start = max(tag.level, oldest_for(requirement.slot))
        return f"{tag} starts at macOS {dotted(start)}"

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return the files, if for different CPUs; a thin file beside fat ones is told as such."""
        by_file = cpus_by_file(files)
        are_alike = len(set(by_file.values())) == 1
        if are_alike or _is_any_fat(files):
            return None
        return Mixture(
            rows=tuple(
                (path, ", ".join(sorted(cpus))) for path, cpus in by_file.items()
            ),
            hint="build one wheel per CPU, or join the files with lipo -create for universal2",
        )

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield files without signatures and deployment targets, odd load commands, and thin files beside fat ones."""
        yield from apple.unsigned(files)
        yield from apple.without_system(files, variable="MACOSX_DEPLOYMENT_TARGET")
        yield from repeated_commands(files)
        yield from names_of_this_machine(files, self.supplied())
        if _is_any_fat(files):
            yield from _thin_files(files, Severity.WARNING)


# --- CPUs -------------------------------------------------------------------------------------------------------


def _is_any_fat(files: Sequence[LoadableSlice]) -> bool:
    """Return whether a file has code for both CPUs of ``universal2``."""
    return any(cpus >= _UNIVERSAL2 for cpus in cpus_by_file(files).values())


def _format_for(cpus: frozenset[str]) -> str | None:
    """Return what a tag for exactly these CPUs ends with."""
    for name, promised in sorted(_formats().items()):
        if promised == cpus:
            return name
    return None


def _format_of(files: Sequence[LoadableSlice]) -> str:
    """Return what the tag ends with: the name of all CPUs that every file has, else that of one of them."""
    # A file without code for a CPU cannot be loaded there, so all files have to have it.
    by_file = cpus_by_file(files).values()
    common = frozenset.intersection(*by_file)
    single = sorted(
        common or frozenset.union(*by_file), key=lambda cpu: (cpu != "x86_64", cpu)
    )
    for cpus in (common, common & _UNIVERSAL2, *map(_only, single)):
        name = _format_for(cpus)
        if name is not None:
            return name
    return "x86_64"


def _only(cpu: str) -> frozenset[str]:
    return frozenset({cpu})


def _weight_of(floor: Floor) -> tuple[bool, Level]:
    """Return how much a floor decides: the first system that a CPU ever had keeps nobody away."""
    return plain(floor.version) > oldest_for(floor.cpu or ""), plain(floor.version)


# --- findings ---------------------------------------------------------------------------------------------------


def _not_asked_for(tag: PlatformTag) -> Iterator[Finding]:
    """Yield TW317 for a tag that installers pass over, whatever the system."""
    # https://github.com/pypa/packaging/blob/main/src/packaging/tags.py, mac_platforms: what installers ask for.
    major, minor = (int(number) for number in tag.text.split("_")[1:3])
    if major < 11 and tag.cpu == "arm64":
        yield Finding(
            code="TW317",
            severity=Severity.WARNING,
            where=tag.text,
            message="no installer asks for arm64 on a macOS before 11.0, the first that has it",
            evidence=("they ask for macosx_11_0_arm64 and later",),
            hint="tag it macosx_11_0_arm64, which says the same of the binaries",
        )
    if major < 11 or minor == 0:
        return
    asked = release((major, minor))
    yield Finding(
        code="TW317",
        severity=Severity.WARNING,
        where=tag.text,
        message="no installer asks for a minor release of macOS 11 or later",
        evidence=(f"they ask for macosx_{major}_0_{tag.cpu} and the like",),
        hint=f"tag it macosx_{asked[0]}_{asked[1]}_{tag.cpu}, or build for MACOSX_DEPLOYMENT_TARGET={major}.0",
    )


def _thin_files(
    files: Sequence[LoadableSlice], severity: Severity
) -> Iterable[Finding]:
    """Yield the files that are not universal2."""
    for path, cpus in cpus_by_file(files).items():
        lacking = sorted(_UNIVERSAL2 - cpus)
        if lacking:
            yield Finding(
                code="TW311",
                severity=severity,
                where=path,
                message=f"is not universal2: it has no code for {' or '.join(lacking)}",
                evidence=(f"{path}: {', '.join(sorted(cpus))}",),
                hint='build every part for both, CMAKE_OSX_ARCHITECTURES="x86_64;arm64", or join two files with lipo -create',
            )


MACOS = MacOS()
