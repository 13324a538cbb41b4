"""macOS: the deployment target of Mach-O files per CPU, and the tags that are true of them.

A ``macosx_`` tag names an oldest system and a set of CPUs. Installers ask for ``macosx_10_N`` and, from 11 on, for
``macosx_M_0`` alone; so a file that needs 11.3 gets ``macosx_12_0``, the first such tag that is true (delocate rounds
down, to ``macosx_11_0``, and warns). After 15 comes 26, which programs linked against older SDKs know as 16. There is
no plainer tag to fall back on, so libraries from elsewhere are findings and leave the tag as it is: it speaks of systems
and CPUs. What the interpreter was built for says nothing about a file. Pure; see ``docs/regenerate/macos.py``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..data_tables import table
from ..model.binary import Format, MachOSlice, Slice
from ..model.contents import Contents
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record
from ..model.verdict import Objection, PlatformRuling
from . import apple

Version = tuple[int, ...]

_SYSTEMS = frozenset({"macos"})
_NEWER = {"arm64e": "arm64", "x86_64h": "x86_64"}
"""Code for some machines of a CPU only, or for Apple's own programs, and that CPU: no tag promises so little."""
_TAG = r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<format>[a-z]\w*)"
_SHORT = r"macosx_\d+_\d+"
_BOTH = frozenset({"x86_64", "arm64"})


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/macos.json")


@functools.cache
def _formats() -> Mapping[str, frozenset[str]]:
    """What a tag may end with, and the CPUs that it promises."""
    return {name: frozenset(cpus) for name, cpus in _policy()["formats"].items()}


def _oldest(cpu: str) -> Version:
    """The first macOS for a CPU.

    >>> _oldest("arm64"), _oldest("x86_64")
    ((11, 0), (10, 4))
    """
    return tuple(_policy()["oldest"].get(cpu, (10, 0)))


def plain(version: Version) -> Version:
    """A version without the detours of Apple's numbering (10.16 is 11.0, and 16 is 26), fit to be compared.

    >>> plain((10, 16)), plain((16, 1)), plain((11, 3, 0)), plain((15,))
    ((11, 0), (26, 1), (11, 3), (15, 0))
    """
    first, last = _policy()["skipped"]
    if version[0] == 10 and version[1:] >= (16,):
        return (11, 0)
    if first <= version[0] <= last:
        version = (last + 1, *version[1:])
    return version if any(version[2:]) else (*version, 0)[:2]


def release(version: Version) -> Version:
    """The first release with a tag of its own that is not older than ``version``.

    >>> release((10, 9)), release((11, 3)), release((10, 16)), release((15, 4)), release((16, 0))
    ((10, 9), (12, 0), (11, 0), (26, 0), (26, 0))
    """
    major, minor, *patch = plain(version)
    if major == 10:
        return plain((10, minor + any(patch)))
    return plain((major + any((minor, *patch)), 0))


class _Claim(Record):
    version: Version
    format: str

    @property
    def cpus(self) -> frozenset[str]:
        return _formats()[self.format]

    def start(self, cpu: str) -> Version:
        """The oldest system on which the claim has to hold for ``cpu``."""
        return max(self.version, _oldest(cpu))


def _parse(tag: str) -> _Claim | None:
    match = re.fullmatch(_TAG, tag)
    if match is None or match["format"] not in _formats() or int(match["major"]) < 10:
        return None
    return _Claim(version=plain((int(match["major"]), int(match["minor"]))), format=match["format"])


def _stated(piece: apple.Piece) -> Version | None:
    return max((m.version for m in piece.slice.minimum_os if m.platform == "macos"), default=None)


def _text(version: Version) -> str:
    return ".".join(map(str, version))


class MacOS:
    """The macOS platform; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "macos"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """Mach-O files for macOS, be it beside Catalyst, and those from before files said what they are for."""
        if fmt is not Format.MACHO or not isinstance(piece, MachOSlice):
            return False
        stated = apple.systems(piece)
        return not stated or bool(stated & _SYSTEMS)

    def understands(self, tag: str) -> bool:
        """``macosx_10_N_CPU``, ``macosx_M_0_CPU``, and the names of fat files in place of the CPU."""
        return _parse(tag) is not None

    def could_be(self, promise: str) -> bool:
        """A release with or without a CPU."""
        return self.understands(f"{promise}_universal2" if re.fullmatch(_SHORT, promise) else promise)

    def complete(self, promise: str, contents: Contents) -> str:
        """Add what the binaries are to a promise that lacks it: the CPU, or ``universal2``."""
        found = _pieces(contents)
        return f"{promise}_{_format_of(found)}" if found and re.fullmatch(_SHORT, promise) else promise

    def aliases(self, tag: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's
        """None: a macOS tag has one name."""
        return ()

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The oldest system that all slices run on; ``universal2`` when every file has both."""
        found = _pieces(contents)
        floors = tuple(_floors(found))
        tag = _tag(_format_of(found), floors)
        findings = tuple(dict.fromkeys(_findings(found, exclude)))
        cure = "build everything in it for that release (CMAKE_OSX_DEPLOYMENT_TARGET, MACOSX_DEPLOYMENT_TARGET)"
        cpus = sorted(frozenset[str]().union(*_cpus(found).values()))
        if not any(frozenset({cpu}) in _formats().values() for cpu in cpus):
            reason = f"{found[0].path} is code for {', '.join(cpus)}, for which there is no tag"
            return PlatformRuling(
                family="macos", tags=(), native="macosx", floors=floors, findings=findings, reason=reason, nameless=True
            )
        return PlatformRuling(family="macos", tags=(tag,), native=tag, floors=floors, findings=findings, cure=cure)

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:  # noqa: ARG002
        """Slices that are not there, and slices that need a newer system."""
        claim = _parse(tag)
        if claim is None:
            return ()
        files: dict[str, list[apple.Piece]] = {}
        for piece in _pieces(contents):
            files.setdefault(piece.path, []).append(piece)
        return tuple(o for path, found in sorted(files.items()) for o in _against(claim, tag, path, found))

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:
        """A tag that no installer asks for, and what makes a fat tag untrue."""
        return (*_unasked(tag), *_thin(contents, tag))

    def python(self, tag: str) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """None: its tags say nothing of Pythons."""
        return None


def _pieces(contents: Contents) -> tuple[apple.Piece, ...]:
    return apple.pieces(contents, of=_SYSTEMS, unstated=True)


# --- the ruling -------------------------------------------------------------------------------------------------


def _family(cpu: str) -> str:
    """The CPU whose machines may run it."""
    return _NEWER.get(cpu, cpu)


def _promised(cpus: Collection[str]) -> frozenset[str]:
    """Of the CPUs of one file those that count: beside code for every machine of a CPU, more for some of them is a gift."""
    return frozenset(cpu for cpu in cpus if _NEWER.get(cpu) not in cpus)


def _run(found: Collection[apple.Piece]) -> tuple[apple.Piece, ...]:
    """The pieces that Python may run. It is a program for arm64, which takes no arm64e; dyld prefers x86_64h where it runs."""
    plain = {p.path for p in found if p.slice.cpu == "arm64"}
    return tuple(p for p in found if p.slice.cpu != "arm64e" or p.path not in plain)


def _cpus(found: tuple[apple.Piece, ...]) -> Mapping[str, frozenset[str]]:
    """The CPUs of each file."""
    files: dict[str, set[str]] = {}
    for piece in found:
        files.setdefault(piece.path, set()).add(piece.slice.cpu)
    return {path: _promised(cpus) for path, cpus in sorted(files.items())}


def _format_of(found: tuple[apple.Piece, ...]) -> str:
    """What the tag ends with: the name of all CPUs that every file has, else that of one of them."""
    files = _cpus(found)
    common = frozenset.intersection(*files.values()) if files else frozenset()
    some = sorted(common or frozenset().union(*files.values()), key=lambda cpu: (cpu != "x86_64", cpu))
    wanted = [common, common & _BOTH, *(frozenset({cpu}) for cpu in some)]
    return next((name for cpus in wanted for name, own in sorted(_formats().items()) if own == cpus), "x86_64")


def _tag(form: str, floors: tuple[Floor, ...]) -> str:
    cpus = _formats()[form]
    starts = {f.cpu: max(release(f.version), _oldest(f.cpu)) for f in floors if f.cpu is not None and f.cpu in cpus}
    if len(cpus) > 1 and starts.get("arm64") == _oldest("arm64"):
        # An installer on arm64 takes a universal2 wheel for 10.9 as one for 11.0, the first that there was.
        del starts["arm64"]
    version = max([min(_oldest(cpu) for cpu in cpus), *starts.values()])
    return f"macosx_{version[0]}_{version[1]}_{form}"


def _floors(found: tuple[apple.Piece, ...]) -> Iterator[Floor]:
    """Per CPU the newest deployment target, with every file that has it; the CPU that decides first."""
    stated: dict[str, dict[Version, list[Evidence]]] = {}
    for piece in _run(found):
        version = _stated(piece)
        if version is not None:
            evidence = Evidence(file=piece.path, fact=f"minos {_text(version)} ({piece.slice.cpu})")
            stated.setdefault(_family(piece.slice.cpu), {}).setdefault(version, []).append(evidence)
    made = [
        Floor(of="macos", version=max(versions, key=plain), evidence=tuple(versions[max(versions, key=plain)]), cpu=cpu)
        for cpu, versions in sorted(stated.items())
    ]
    yield from sorted(made, key=_weight, reverse=True)


def _weight(floor: Floor) -> tuple[bool, Version]:
    """How much a floor decides: the first system that a CPU ever had keeps nobody away."""
    return plain(floor.version) > _oldest(floor.cpu or ""), plain(floor.version)


# --- claims -----------------------------------------------------------------------------------------------------


def _against(claim: _Claim, tag: str, path: str, found: list[apple.Piece]) -> Iterator[Objection]:
    there = _promised({p.slice.cpu for p in found})
    lacking = sorted(claim.cpus - there)
    if lacking:
        fact = f"it is code for {' and '.join(sorted(there))} alone"
        yield Objection(evidence=Evidence(file=path, fact=fact), allows=f"{tag} promises {' and '.join(lacking)}")
    for piece in _run(found):
        version, cpu = _stated(piece), _family(piece.slice.cpu)
        if version is not None and cpu in claim.cpus and plain(version) > claim.start(cpu):
            evidence = Evidence(file=path, fact=f"minos {_text(version)} ({piece.slice.cpu})")
            yield Objection(evidence=evidence, allows=f"{tag} starts at macOS {_text(claim.start(cpu))}")


def _unasked(tag: str) -> Iterator[Finding]:
    match = re.fullmatch(_TAG, tag)
    if match is None:
        return
    if int(match["major"]) < 11 and match["format"] == "arm64":
        yield Finding(
            code="TW317",
            severity=Severity.WARNING,
            where=tag,
            message="no installer asks for arm64 on a macOS before 11.0, the first that has it",
            evidence=("they ask for macosx_11_0_arm64 and later",),
            hint="tag it macosx_11_0_arm64, which says the same of the binaries",
        )
        return
    if int(match["major"]) < 11 or int(match["minor"]) == 0:
        return
    major, minor = release((int(match["major"]), int(match["minor"])))
    yield Finding(
        code="TW317",
        severity=Severity.WARNING,
        where=tag,
        message="no installer asks for a minor release of macOS 11 or later",
        evidence=(f"they ask for macosx_{match['major']}_0_{match['format']} and the like",),
        hint=f"tag it macosx_{major}_{minor}_{match['format']}, or build for MACOSX_DEPLOYMENT_TARGET={match['major']}.0",
    )


def _thin(contents: Contents, tag: str) -> Iterator[Finding]:
    """Files of a wheel that claims to be universal2 which are not."""
    claim = _parse(tag)
    if claim is not None and claim.format == "universal2":
        for path, cpus in _cpus(_pieces(contents)).items():
            if not cpus >= _BOTH:
                yield _no_slice(path, cpus, Severity.ERROR)


def _no_slice(path: str, cpus: frozenset[str], severity: Severity) -> Finding:
    return Finding(
        code="TW311",
        severity=severity,
        where=path,
        message=f"is not universal2: it has no code for {' or '.join(sorted(_BOTH - cpus))}",
        evidence=(f"{path}: {', '.join(sorted(cpus))}",),
        hint='build every part for both, CMAKE_OSX_ARCHITECTURES="x86_64;arm64", or join two files with lipo -create',
    )


# --- findings ---------------------------------------------------------------------------------------------------


def _findings(found: tuple[apple.Piece, ...], exclude: tuple[str, ...]) -> Iterator[Finding]:
    system, removed = tuple(_policy()["supplied"]), tuple(_policy()["removed"])
    yield from apple.needs_findings(found, system=system, removed=removed, exclude=exclude)
    yield from apple.path_findings(found, system=system)
    yield from apple.signature_findings(found)
    yield from apple.unstated_findings(found, variable="MACOSX_DEPLOYMENT_TARGET")
    yield from _libpython(found)
    yield from _mixtures(_cpus(found))


def _libpython(found: tuple[apple.Piece, ...]) -> Iterator[Finding]:
    for piece in found:
        for need in piece.slice.needs:
            if re.fullmatch(apple.PYTHON, need.library):
                yield Finding(
                    code="TW203",
                    severity=Severity.WARNING,
                    where=piece.path,
                    message="linked with libpython, which many interpreters do not have",
                    evidence=(f"{piece.path} needs {need.library}",),
                    hint="ask find_package(Python) for Development.Module instead of Development",
                )


def _mixtures(files: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    if len(set(files.values())) < 2:
        return
    if any(cpus >= _BOTH for cpus in files.values()):
        yield from (_no_slice(p, cpus, Severity.WARNING) for p, cpus in files.items() if not cpus >= _BOTH)
        return
    yield Finding(
        code="TW306",
        severity=Severity.WARNING,
        where=next(iter(files)),
        message="binaries for several CPUs in one wheel",
        evidence=tuple(f"{path}: {', '.join(sorted(cpus))}" for path, cpus in files.items()),
        hint="build one wheel per CPU, or join the files with lipo -create for universal2",
    )


MACOS = MacOS()
