"""Android: the API level that ELF files are for, and the ABI that a tag names (``android_21_arm64_v8a``).

The level stands in the note that the NDK's linker writes (``.note.android.ident``); a library of the system that came
later raises it, and so does a form of table that older loaders do not read. libpython is to be linked here, unlike on
other systems: Android's linker does not look for symbols in the program. Sources: PEP 738,
https://peps.python.org/pep-0738/; bionic, ``android-changes-for-ndk-developers.md``. Pure; see ``docs/regenerate/android.py``.
"""

from __future__ import annotations

from ..data_tables import table
from ..model.audit import Supplied, TagBasis, ViolationCause
from ..model.binary import ElfSlice
from ..model.finding import Finding, Severity
from ..model.floor import Evidence
from ..model.tags import PlatformTag
from .base import COPY, COPY_OR_LINK, Mixture, Words, mismatch, require, whole_number
from .elf import ElfPlatform, is_android

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..model.audit import Linkage, LoadableSlice, Requirement, Violation
    from ..model.binary import Need
    from ..model.floor import Floor
    from ..model.tags import Level

_LIBPYTHON = r"libpython3[\d.]*t?\.so"
"""CPython as it comes with Android packages (PEP 738)."""
_ANY_LIBPYTHON = r"libpython[\w.]*\.so[\d.]*|libpypy[\w.]*\.so"
_PACKED = {
    "DT_RELR": 30,
    "DT_ANDROID_RELR": 28,
    "DT_ANDROID_REL": 23,
    "DT_ANDROID_RELA": 23,
}
_GNU_HASH = 23
"""The first level whose loader reads it (bionic ``android-changes-for-ndk-developers.md``)."""
_ELF_TLS = 29
"""The first level whose loader reads it (bionic ``docs/elf-tls.md``)."""


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/android.json")


class Android(ElfPlatform):
    """The Android platform."""

    family = "android"
    reads_rpath = (
        False  # bionic reads DT_RUNPATH from API level 24 on, and DT_RPATH never
    )
    words = Words(
        reach="give it an $ORIGIN RUNPATH, or load the library first from __init__.py",
        ask_for_less="build everything in it for that API level (ANDROID_PLATFORM=android-N)",
    )

    def is_mine(self, piece: ElfSlice) -> bool:
        """Return whether an ELF file has Android's note, its program loader, or symbols of its libc."""
        return is_android(piece)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``android_LEVEL_ABI`` with one of the NDK's ABIs as a tag."""
        # https://peps.python.org/pep-0738/#packaging
        first, _, rest = text.partition("_")
        level, _, abi = rest.partition("_")
        number = whole_number(level)
        if first != "android" or not number or abi not in _policy()["abis"]:
            return None
        return PlatformTag(
            text=text, family="android", kind="android", level=(number,), cpu=abi
        )

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is an API level, with or without an ABI."""
        return (
            self.parse_tag(f"{promise}_arm64_v8a" if _lacks_abi(promise) else promise)
            is not None
        )

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Add the ABI of the binaries to a promise that lacks it."""
        if not files or not _lacks_abi(promise):
            return promise
        abi = _abi(files[0].cpu)
        return promise if abi is None else f"{promise}_{abi}"

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return from which API level on a library is there; Python's own always is."""
        libraries = _policy()["libraries"]
        if need.library in libraries:
            return Supplied(since=(libraries[need.library],))
        # This module is loaded for every ELF file, but seldom asked for this.
        import re

        if re.fullmatch(_LIBPYTHON, need.library):
            return Supplied(since=(0,))
        return None

    def is_python(self, library: str) -> bool:
        """Return whether a library is a Python, of which Android has but the one of the package."""
        # Loaded late, for the same reason.
        import re

        return re.fullmatch(_ANY_LIBPYTHON, library) is not None

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a library that no Android has; the NDK's C++ runtime is the likeliest."""
        message = "is neither in the wheel nor a library of Android or Python"
        if need.library == "libc++_shared.so":
            return message, f"link it statically, ANDROID_STL=c++_static, or {COPY}"
        return message, COPY_OR_LINK

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return the first ABI that has a name."""
        cpus = sorted({code.cpu for code in files})
        abis = {_abi(cpu) for cpu in cpus} - {None}
        if abis:
            return TagBasis(kind="android", endings=(min(filter(None, abis)),))
        reason = f"{files[0].path} is code for {cpus[0]}, for which there is no tag"
        return TagBasis(
            kind="android", endings=(), plain="android", reason=reason, has_no_tag=True
        )

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterator[Requirement]:
        """Yield the API level of the note, and what came later than that."""
        for level in _stated_levels(code):
            yield _level(code, level, fact=f"its note says API level {level}")
        yield from self._later_libraries(code, linkage)
        # What older loaders do not know, where the note does not ask for a newer one anyway.
        stated = max(_stated_levels(code), default=0)
        for level, fact in _loader_facts(code):
            if level > stated:
                yield _level(code, level, fact=f"{fact}, since API level {level}")

    def _later_libraries(
        self, code: LoadableSlice, linkage: Sequence[Linkage]
    ) -> Iterator[Requirement]:
        """Yield the libraries of the system that the oldest Android lacks."""
        for link in linkage:
            if not isinstance(link.source, Supplied):
                continue
            since = link.source.since[0]
            if since > _policy()["oldest"]:
                yield _level(
                    code,
                    since,
                    library=link.need.library,
                    fact=f"new in API level {since}",
                )

    def oldest(self, kind: str, ending: str) -> Level:
        """Return the oldest API level that Python runs on."""
        return (_policy()["oldest"],)

    def format_tag(
        self,
        kind: str,
        level: Level,
        ending: str,
    ) -> str:
        """Return ``android_24_arm64_v8a``."""
        return f"android_{level[0]}_{ending}"

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the highest API level, unless every Android that counts has it."""
        oldest = self.oldest("android", "")
        return tuple(
            floor
            for floor in super().floors(requirements, basis)
            if floor.version >= oldest
        )

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield files of another ABI."""
        for code in files:
            if code.cpu not in _policy()["abis"][tag.cpu]:
                fact = f"it is code for {code.cpu}"
                yield mismatch(
                    code.path,
                    fact,
                    allows=f"{tag} means {tag.cpu}",
                    cause=ViolationCause.OTHER_CPU,
                )

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return the level that the tag starts at."""
        return f"{tag} starts at {tag.level[0]}"

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return the files, if for several ABIs: an ABI may have several CPUs."""
        if len({_abi(code.cpu) or code.cpu for code in files}) < 2:
            return None
        return Mixture(
            rows=tuple((code.path, code.cpu) for code in files),
            what="binaries for several ABIs in one wheel",
            hint="build one wheel per ABI",
        )

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield files without the NDK's note."""
        for code in files:
            if not _stated_levels(code):
                yield Finding(
                    code="TW313",
                    severity=Severity.WARNING,
                    where=code.path,
                    message="does not say which API level it needs, so the tag cannot rest on it",
                    evidence=("no .note.android.ident",),
                    hint="link it with the NDK's clang, for a target with a level: aarch64-linux-android21",
                )


def _stated_levels(code: LoadableSlice) -> list[int]:
    """Return the API level that the NDK's note states; nothing when there is no such note."""
    return [
        stated.version[0]
        for stated in code.slice.minimum_os
        if stated.platform == "android"
    ]


def _abi(cpu: str) -> str | None:
    """Return what a tag calls the ABI of a CPU."""
    for abi, cpus in _policy()["abis"].items():
        if cpu in cpus:
            name: str = abi
            return name
    return None


def _lacks_abi(promise: str) -> bool:
    first, _, level = promise.partition("_")
    return first == "android" and bool(whole_number(level))


def _level(
    code: LoadableSlice,
    level: int,
    *,
    fact: str,
    library: str | None = None,
) -> Requirement:
    evidence = Evidence(file=code.path, library=library, fact=fact)
    return require(code, "android", (level,), evidence, ViolationCause.TOO_NEW)


def _loader_facts(code: LoadableSlice) -> Iterator[tuple[int, str]]:
    """Yield the first level whose loader reads each form of table that the file has."""
    piece = code.slice
    if not isinstance(piece, ElfSlice) or not piece.is_relocated:
        return
    for name in piece.packed_relocations:
        yield _PACKED[name], f"{name} is set: packed relocations"
    if piece.hash_tables == ("DT_GNU_HASH",):
        yield _GNU_HASH, "its only hash table is DT_GNU_HASH"
    if piece.thread_local:
        yield _ELF_TLS, "PT_TLS: thread-local storage that the loader provides"


ANDROID = Android()
