"""iOS: devices and simulators (``ios_13_0_arm64_iphoneos``).

A tag names an oldest system, one CPU and one SDK; there are no fat tags, so a file with slices for both simulators gets
two. Simulators on arm64 begin with iOS 14, so 14.0 there is no more than the 13.0 that Python begins with. Modules are
linked with Python's framework here. Source: PEP 730, https://peps.python.org/pep-0730/. Pure; see ``docs/regenerate/ios.py``.
"""

from __future__ import annotations

import re

from ..data_tables import table
from ..model.audit import Supplied, TagBasis, ViolationCause
from ..model.binary import Format
from ..model.floor import Evidence
from ..model.record import replace
from ..model.tags import PlatformTag, dotted, underscored
from . import apple
from .base import mismatch, require
from .load_commands import names_of_this_machine, repeated_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..model.audit import Linkage, LoadableSlice, Requirement, Violation
    from ..model.binary import Need, Slice
    from ..model.finding import Finding
    from ..model.floor import Floor
    from ..model.tags import Level
    from .base import Mixture

_SYSTEMS = frozenset({"ios", "ios-simulator"})
_TAG = r"ios_(?P<major>\d+)_(?P<minor>\d+)_(?P<cpu>arm64|x86_64)_(?P<sdk>iphoneos|iphonesimulator)"
_SHORT = r"ios_\d+_\d+"


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/ios.json")


class Ios(apple.ApplePlatform):
    """The iOS platform."""

    family = "ios"
    words = replace(
        apple.ApplePlatform.words,
        ask_for_less="build everything in it for that release (CMAKE_OSX_DEPLOYMENT_TARGET, IPHONEOS_DEPLOYMENT_TARGET)",
        other_sdk="build it with the SDK that the tag names, CMAKE_OSX_SYSROOT={sdk}, for {cpu}",
    )

    # --- which files and tags belong to it ----------------------------------------------------------------------

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether it is for iOS or its simulator."""
        return form is Format.MACHO and bool(apple.systems(piece) & _SYSTEMS)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``ios_MAJOR_MINOR_CPU_SDK`` as a tag; devices have arm64 alone."""
        match = re.fullmatch(_TAG, text)
        if match is None or match["cpu"] not in _policy()["sdks"][match["sdk"]]["cpus"]:
            return None
        level = (int(match["major"]), int(match["minor"]))
        return PlatformTag(
            text=text,
            family="ios",
            kind="ios",
            level=level,
            cpu=match["cpu"],
            sdk=match["sdk"],
        )

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is a release, with or without a CPU and an SDK."""
        is_short = re.fullmatch(_SHORT, promise) is not None
        return is_short or self.parse_tag(promise) is not None

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Add the CPU and the SDK of the binaries to a promise that lacks them."""
        if not files or not re.fullmatch(_SHORT, promise):
            return promise
        return f"{promise}_{_endings(files)[0]}"

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def supplied(self) -> tuple[str, ...]:
        """Return the beginnings of paths of the system's own libraries."""
        return tuple(_policy()["supplied"])

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return that the system's libraries are there, and Python's framework, which modules have to be linked with."""
        # https://peps.python.org/pep-0730/#standard-library-extension-modules
        if apple.is_python(need.library):
            return Supplied()
        return super().supplies(code, need, kind)

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return the pairs of a CPU and an SDK that every file is built for."""
        endings = _endings(files)
        with_tag = tuple(
            ending for ending in endings if self.parse_tag(f"ios_13_0_{ending}")
        )
        if with_tag:
            return TagBasis(kind="ios", endings=with_tag)
        pairs = ", ".join(endings).replace("_iphone", " on iphone")
        reason = f"{files[0].path} is code for {pairs}, for which there is no tag"
        return TagBasis(
            kind="ios", endings=(), plain="ios", reason=reason, has_no_tag=True
        )

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterator[Requirement]:
        """Yield the newest deployment target that a slice states, for each SDK that it is for."""
        stated = [
            one.version for one in code.slice.minimum_os if one.platform in _SYSTEMS
        ]
        version = _major_and_minor(max(stated))
        for ending in sorted(_endings_of(code)):
            cpu_and_sdk = ending.replace("_iphone", ", iphone")
            evidence = Evidence(
                file=code.path, fact=f"minos {dotted(version)} ({cpu_and_sdk})"
            )
            yield require(
                code, "ios", version, evidence, ViolationCause.TOO_NEW, slot=ending
            )

    def oldest(self, kind: str, ending: str) -> Level:
        """Return the first iOS that Python runs on."""
        return tuple(_policy()["baseline"])

    def level_in(
        self,
        requirement: Requirement,
        ending: str,
    ) -> Level | None:
        """Return the system from which on the file runs, as tags say it."""
        if requirement.slot != ending:
            return None
        return tag_level(requirement.version, ending)

    def format_tag(
        self,
        kind: str,
        level: Level,
        ending: str,
    ) -> str:
        """Return ``ios_13_0_arm64_iphoneos``."""
        return f"ios_{underscored(level)}_{ending}"

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the newest deployment target of each CPU and SDK that has a tag."""
        by_ending = {
            floor.cpu or "": floor for floor in super().floors(requirements, basis)
        }
        counted = basis.endings or by_ending.keys()
        found = []
        for ending in sorted(counted):
            cpu = ending.rpartition("_")[0]
            found.append(replace(by_ending[ending], cpu=cpu))
        return tuple(found)

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield files without code for the tag's CPU and SDK."""
        for path, endings in _endings_by_file(files).items():
            if f"{tag.cpu}_{tag.sdk}" in endings:
                continue
            # A simulator's code may be for the device's CPU, and be refused there all the same.
            has_sdk = any(ending.endswith(tag.sdk) for ending in endings)
            pairs = ", ".join(sorted(endings)).replace("_iphone", " iphone")
            yield mismatch(
                path,
                f"it is code for {pairs}",
                allows=f"{tag} means {tag.cpu} {tag.sdk}",
                cause=ViolationCause.OTHER_CPU if has_sdk else ViolationCause.OTHER_SDK,
            )

    def limit(
        self,
        requirement: Requirement,
        tag: PlatformTag,
    ) -> Level | None:
        """Return the system that the tag starts at, or the first that there was for its CPU and SDK."""
        ending = f"{tag.cpu}_{tag.sdk}"
        if requirement.slot != ending:
            return None
        return max(tag.level, first_for(ending))

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return the system that the tag starts at."""
        return f"{tag} starts at iOS {dotted(tag.level)}"

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return nothing: each CPU and SDK has a tag of its own."""
        return None

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield load commands that a newer dyld refuses, or that name a path of the building machine."""
        yield from repeated_commands(files)
        yield from names_of_this_machine(files, self.supplied())


def first_for(ending: str) -> Level:
    """Return the first system that there was for a CPU and an SDK; what linkers write when they are asked for less."""
    return tuple(_policy()["first"].get(ending, (0, 0)))


def tag_level(version: Level, ending: str) -> Level:
    """Return from which system on a file with that deployment target runs, as tags say it.

    >>> tag_level((14, 0), "arm64_iphoneos"), tag_level((14, 0), "arm64_iphonesimulator")
    ((14, 0), (13, 0))
    """
    baseline: Level = tuple(_policy()["baseline"])
    return baseline if version <= first_for(ending) else max(version, baseline)


def _major_and_minor(version: tuple[int, ...]) -> tuple[int, ...]:
    """Return the first two numbers of a version; those that are left out are 0."""
    return (*version, 0, 0)[:2]


def _endings_of(code: LoadableSlice) -> set[str]:
    """Return the CPU with each SDK that a slice is for: ``arm64_iphoneos``."""
    stated = apple.systems(code.slice)
    sdks = _policy()["sdks"]
    return {f"{code.cpu}_{sdk}" for sdk in sdks if sdks[sdk]["system"] in stated}


def _endings_by_file(files: Sequence[LoadableSlice]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for code in files:
        found.setdefault(code.path, set()).update(_endings_of(code))
    return found


def _endings(files: Sequence[LoadableSlice]) -> list[str]:
    """Return the endings that all files have code for; all there are when they have none in common."""
    by_file = _endings_by_file(files).values()
    common = set.intersection(*by_file)
    return sorted(common or set.union(*by_file))


IOS = Ios()
