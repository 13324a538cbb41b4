"""iOS: devices and simulators (PEP 730, ``ios_13_0_arm64_iphoneos``).

A tag names an oldest system, one CPU and one SDK; there are no fat tags, so a file with slices for both simulators gets
two. Simulators on arm64 begin with iOS 14, so 14.0 there is no more than the 13.0 that Python begins with. Modules are linked with Python's framework here, as the PEP wants it. Pure; see ``docs/regenerate/ios.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..data_tables import table
from ..model.binary import Format, MachOSlice, Slice
from ..model.contents import Contents
from ..model.finding import Finding
from ..model.floor import Evidence, Floor
from ..model.verdict import Objection, PlatformRuling
from . import apple

_SYSTEMS = frozenset({"ios", "ios-simulator"})
_TAG = r"ios_(?P<major>\d+)_(?P<minor>\d+)_(?P<cpu>arm64|x86_64)_(?P<sdk>iphoneos|iphonesimulator)"
_SHORT = r"ios_\d+_\d+"

Slot = tuple[str, str]
"""A CPU and an SDK."""


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/ios.json")


def _pieces(contents: Contents) -> tuple[apple.Piece, ...]:
    return apple.pieces(contents, of=_SYSTEMS, unstated=False)


def _slots(piece: apple.Piece) -> frozenset[Slot]:
    stated = apple.systems(piece.slice)
    return frozenset((piece.slice.cpu, sdk) for sdk, about in _policy()["sdks"].items() if about["system"] in stated)


def _first(slot: Slot) -> tuple[int, int]:
    """The first system that there was for a CPU and an SDK; what linkers write when they are asked for less."""
    major, minor = _policy()["first"].get("_".join(slot), (0, 0))
    return major, minor


def _start(version: tuple[int, int], slot: Slot) -> tuple[int, int]:
    """From which system on a file with that deployment target runs, as tags say it.

    >>> _start((14, 0), ("arm64", "iphoneos")), _start((14, 0), ("arm64", "iphonesimulator"))
    ((14, 0), (13, 0))
    """
    major, minor = _policy()["baseline"]
    return (major, minor) if version <= _first(slot) else max(version, (major, minor))


def _stated(piece: apple.Piece) -> tuple[int, int]:
    major, minor = (*max(m.version for m in piece.slice.minimum_os if m.platform in _SYSTEMS), 0, 0)[:2]
    return major, minor


def _by_slot(found: tuple[apple.Piece, ...]) -> Mapping[Slot, tuple[apple.Piece, ...]]:
    """The pieces of every CPU and SDK for which all files have code; all slots when there is no such."""
    files: dict[str, set[Slot]] = {}
    for piece in found:
        files.setdefault(piece.path, set()).update(_slots(piece))
    common = set.intersection(*files.values()) if files else set()
    slots = sorted(common or {slot for some in files.values() for slot in some})
    return {slot: tuple(p for p in found if slot in _slots(p)) for slot in slots}


class Ios:
    """The iOS platform; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "ios"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """Mach-O files for iOS or its simulator."""
        return fmt is Format.MACHO and isinstance(piece, MachOSlice) and bool(apple.systems(piece) & _SYSTEMS)

    def understands(self, tag: str) -> bool:
        """``ios_MAJOR_MINOR_CPU_SDK``; devices have arm64 alone."""
        match = re.fullmatch(_TAG, tag)
        return match is not None and match["cpu"] in _policy()["sdks"][match["sdk"]]["cpus"]

    def could_be(self, promise: str) -> bool:
        """A release with or without a CPU and an SDK."""
        return self.understands(f"{promise}_arm64_iphoneos" if re.fullmatch(_SHORT, promise) else promise)

    def complete(self, promise: str, contents: Contents) -> str:
        """Add the CPU and the SDK of the binaries to a promise that lacks them."""
        slots = list(_by_slot(_pieces(contents)))
        return "_".join((promise, *slots[0])) if slots and re.fullmatch(_SHORT, promise) else promise

    def aliases(self, tag: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's
        """None."""
        return ()

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The oldest system for each CPU and SDK that every file is built for."""
        found = _pieces(contents)
        floors, tags = [], []
        for (cpu, sdk), some in _by_slot(found).items():
            newest = max(_stated(p) for p in some)
            evidence = tuple(
                Evidence(file=p.path, fact=f"minos {newest[0]}.{newest[1]} ({cpu}, {sdk})")
                for p in some
                if _stated(p) == newest
            )
            floors.append(Floor(of="ios", version=newest, evidence=evidence, cpu=cpu))
            start = _start(newest, (cpu, sdk))
            tags.append(f"ios_{start[0]}_{start[1]}_{cpu}_{sdk}")
        true = tuple(tag for tag in tags if self.understands(tag))
        strange = ", ".join(f"{f.cpu} on {tag.rpartition('_')[2]}" for f, tag in zip(floors, tags, strict=True))
        return PlatformRuling(
            family="ios",
            tags=true,
            native=true[0] if true else "ios",
            reason="" if true else f"{found[0].path} is code for {strange}, for which there is no tag",
            nameless=not true,
            floors=tuple(floors),
            cure="build everything in it for that release (CMAKE_OSX_DEPLOYMENT_TARGET, IPHONEOS_DEPLOYMENT_TARGET)",
            findings=tuple(_findings(found, exclude)),
        )

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:  # noqa: ARG002
        """Files without code for the tag's CPU and SDK, and those that need a newer system."""
        match = re.fullmatch(_TAG, tag)
        if match is None:
            return ()
        files: dict[str, list[apple.Piece]] = {}
        for piece in _pieces(contents):
            files.setdefault(piece.path, []).append(piece)
        slot, start = (match["cpu"], match["sdk"]), (int(match["major"]), int(match["minor"]))
        return tuple(o for path, some in sorted(files.items()) for o in _against(slot, start, tag, path, some))

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:  # noqa: ARG002  # the protocol's
        """Nothing."""
        return ()

    def python(self, tag: str) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """None: its tags say nothing of Pythons."""
        return None


def _against(slot: Slot, start: tuple[int, int], tag: str, path: str, found: list[apple.Piece]) -> Iterator[Objection]:
    ours = [p for p in found if slot in _slots(p)]
    if not ours:
        there = ", ".join(sorted({" ".join(s) for p in found for s in _slots(p)}))
        evidence = Evidence(file=path, fact=f"it is code for {there}")
        yield Objection(evidence=evidence, allows=f"{tag} means {' '.join(slot)}")
    for piece in ours:
        version = _stated(piece)
        if version > max(start, _first(slot)):
            evidence = Evidence(file=path, fact=f"minos {version[0]}.{version[1]} ({piece.slice.cpu})")
            yield Objection(evidence=evidence, allows=f"{tag} starts at iOS {start[0]}.{start[1]}")


def _findings(found: tuple[apple.Piece, ...], exclude: tuple[str, ...]) -> Iterator[Finding]:
    system = tuple(_policy()["supplied"])
    yield from apple.needs_findings(found, system=system, removed=(), exclude=exclude)
    yield from apple.path_findings(found, system=system)


IOS = Ios()
