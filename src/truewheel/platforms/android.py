"""Android: the API level that ELF files are for, and the ABI that a tag names (PEP 738, ``android_21_arm64_v8a``).

The level stands in the note that the NDK's linker writes (``.note.android.ident``); a library of the system that came
later raises it, and so does a form of table that older loaders do not read. libpython is to be linked here, unlike on
other systems: Android's linker does not look for symbols in the program. Pure; see ``docs/regenerate/android.py``.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re

from ..data_tables import table
from ..model.binary import LOADABLE, ElfSlice, Format
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record, worked_out
from ..model.verdict import Objection, PlatformRuling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ..model.binary import Slice
    from ..model.contents import Contents

_TAG = r"android_(?P<level>[1-9]\d*)_(?P<abi>[a-z]\w*)"
_SHORT = r"android_[1-9]\d*"
_LIBPYTHON = r"libpython3[\d.]*t?\.so"
_PACKED = {"DT_RELR": 30, "DT_ANDROID_RELR": 28, "DT_ANDROID_REL": 23, "DT_ANDROID_RELA": 23}
_GNU_HASH, _ELF_TLS = 23, 29
"""The first levels whose loader reads these (bionic ``android-changes-for-ndk-developers.md``, ``docs/elf-tls.md``)."""


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/android.json")


class _Piece(Record):
    path: str
    slice: ElfSlice


class _Want(Record):
    level: int
    evidence: Evidence


@worked_out
def is_android(piece: ElfSlice) -> bool:
    """By its note, its interpreter, or the symbol versions that only bionic has."""
    stated = any(m.platform == "android" for m in piece.minimum_os)
    bionic = any(v == "LIBC" or v.startswith("LIBC_") for n in piece.needs for v in n.versions)
    return stated or bionic or (piece.interpreter or "").startswith("/system/bin/linker")


def _pieces(contents: Contents) -> tuple[_Piece, ...]:
    return tuple(
        _Piece(path=f.path, slice=s)
        for f, b in contents.binaries()
        for s in b.slices
        if b.format is Format.ELF and isinstance(s, ElfSlice) and s.kind in LOADABLE and is_android(s)
    )


def _abi(cpu: str) -> str | None:
    """What a tag calls the ABI of a CPU."""
    return next((abi for abi, cpus in _policy()["abis"].items() if cpu in cpus), None)


def _held(found: tuple[_Piece, ...]) -> frozenset[str]:
    return frozenset(n for p in found for n in (posixpath.basename(p.path), p.slice.name) if n)


def _wants(found: tuple[_Piece, ...]) -> Iterator[_Want]:
    held, libraries = _held(found), _policy()["libraries"]
    for piece in found:
        for stated in piece.slice.minimum_os:
            if stated.platform == "android":
                level = stated.version[0]
                yield _Want(level=level, evidence=Evidence(file=piece.path, fact=f"its note says API level {level}"))
        for need in piece.slice.needs:
            level = libraries.get(need.library, 0)
            if level > _policy()["oldest"] and need.library not in held:
                evidence = Evidence(file=piece.path, library=need.library, fact=f"new in API level {level}")
                yield _Want(level=level, evidence=evidence)
        yield from _loader_wants(piece)


def _loader_wants(piece: _Piece) -> Iterator[_Want]:
    """What older loaders do not know, where the note does not ask for a newer one anyway."""
    stated = max((m.version[0] for m in piece.slice.minimum_os if m.platform == "android"), default=0)
    for level, fact in _loader_facts(piece.slice) if piece.slice.is_relocated else ():
        if level > stated:
            yield _Want(level=level, evidence=Evidence(file=piece.path, fact=f"{fact}, since API level {level}"))


def _loader_facts(piece: ElfSlice) -> Iterator[tuple[int, str]]:
    for name in piece.packed_relocations:
        yield _PACKED[name], f"{name} is set: packed relocations"
    if piece.hash_tables == ("DT_GNU_HASH",):
        yield _GNU_HASH, "its only hash table is DT_GNU_HASH"
    if piece.thread_local:
        yield _ELF_TLS, "PT_TLS: thread-local storage that the loader provides"


class Android:
    """The Android platform; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "android"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """ELF files with Android's note, or its program loader."""
        return fmt is Format.ELF and isinstance(piece, ElfSlice) and is_android(piece)

    def understands(self, tag: str) -> bool:
        """``android_LEVEL_ABI`` with one of the NDK's ABIs."""
        match = re.fullmatch(_TAG, tag)
        return match is not None and match["abi"] in _policy()["abis"]

    def could_be(self, promise: str) -> bool:
        """An API level with or without an ABI."""
        return self.understands(f"{promise}_arm64_v8a" if re.fullmatch(_SHORT, promise) else promise)

    def complete(self, promise: str, contents: Contents) -> str:
        """Add the ABI of the binaries to a promise that lacks it."""
        found = _pieces(contents)
        abi = _abi(found[0].slice.cpu) if found else None
        return f"{promise}_{abi}" if abi is not None and re.fullmatch(_SHORT, promise) else promise

    def aliases(self, tag: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's
        """None."""
        return ()

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The highest API level that any file needs."""
        found = _pieces(contents)
        wants = list(_wants(found))
        level = max([w.level for w in wants], default=_policy()["oldest"])
        abis = sorted({_abi(p.slice.cpu) or p.slice.cpu for p in found})
        named = [abi for abi in abis if abi in _policy()["abis"]]
        tag = f"android_{level}_{named[0]}" if named else "android"
        reason = "" if named or not found else f"{found[0].path} is code for {abis[0]}, for which there is no tag"
        evidence = tuple(w.evidence for w in wants if w.level == level)
        floors = (Floor(of="android", version=(level,), evidence=evidence),) if evidence else ()
        findings = (*_findings(found, exclude), *_mixtures(found, abis))
        return PlatformRuling(
            family="android", tags=(tag,) if named else (), native=tag, floors=floors,
            findings=tuple(dict.fromkeys(findings)), reason=reason, nameless=not named,
            cure="build everything in it for that API level (ANDROID_PLATFORM=android-N)",
        )  # fmt: skip

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:  # noqa: ARG002
        """Files of another ABI, and those that need a higher level."""
        match = re.fullmatch(_TAG, tag)
        if match is None:
            return ()
        found = _pieces(contents)
        cpus = _policy()["abis"].get(match["abi"], ())
        strange = [
            Objection(
                evidence=Evidence(file=p.path, fact=f"it is code for {p.slice.cpu}"),
                allows=f"{tag} means {match['abi']}",
            )
            for p in found
            if p.slice.cpu not in cpus
        ]
        level = int(match["level"])
        late = [
            Objection(evidence=w.evidence, allows=f"{tag} starts at {level}") for w in _wants(found) if w.level > level
        ]
        return tuple(sorted((*strange, *late), key=lambda o: (o.evidence.file, str(o.evidence))))

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:  # noqa: ARG002  # the protocol's
        """Nothing."""
        return ()

    def python(self, tag: str) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """None: its tags say nothing of Pythons."""
        return None


def _findings(found: tuple[_Piece, ...], exclude: tuple[str, ...]) -> Iterator[Finding]:
    held = _held(found)
    for piece in found:
        for need in piece.slice.needs:
            if need.library not in held and not _given(need.library, exclude):
                yield _outside(piece, need.library)
        if not any(m.platform == "android" for m in piece.slice.minimum_os):
            yield Finding(
                code="TW313",
                severity=Severity.WARNING,
                where=piece.path,
                message="does not say which API level it needs, so the tag cannot rest on it",
                evidence=("no .note.android.ident",),
                hint="link it with the NDK's clang, for a target with a level: aarch64-linux-android21",
            )


def _given(library: str, exclude: tuple[str, ...]) -> bool:
    known = library in _policy()["libraries"] or re.fullmatch(_LIBPYTHON, library) is not None
    return known or any(fnmatch.fnmatchcase(library, pattern) for pattern in exclude)


def _outside(piece: _Piece, library: str) -> Finding:
    shared_cxx = library == "libc++_shared.so"
    return Finding(
        code="TW201",
        severity=Severity.WARNING,
        where=piece.path,
        message=f"{library} is neither in the wheel nor a library of Android or Python",
        evidence=(f"{piece.path} needs {library}",),
        hint="link it statically: ANDROID_STL=c++_static"
        if shared_cxx
        else "put it into the wheel, or link it statically",
    )


def _mixtures(found: tuple[_Piece, ...], abis: list[str]) -> Iterator[Finding]:
    if len(abis) > 1:
        yield Finding(
            code="TW306",
            severity=Severity.WARNING,
            where=found[0].path,
            message="binaries for several ABIs in one wheel",
            evidence=tuple(f"{p.path}: {p.slice.cpu}" for p in found),
            hint="build one wheel per ABI",
        )


ANDROID = Android()
