"""What the platforms rule of a wheel's binaries, be it built or found; in words, too. Pure."""

from __future__ import annotations

from ..model.codes import blocks_promise
from ..model.finding import Finding, Severity
from ..platforms import PLATFORMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.contents import Contents
    from ..model.floor import Floor
    from ..model.verdict import PlatformRuling
    from ..platforms.protocol import Platform


def rulings_of(contents: Contents, exclude: tuple[str, ...]) -> tuple[tuple[PlatformRuling, ...], tuple[Finding, ...]]:
    """One ruling per platform that owns a binary, and findings on binaries that none owns."""
    owners = owners_of(contents)
    rulings = tuple(p.rule(contents, exclude=exclude) for p in PLATFORMS if p in owners)
    homeless = tuple(
        Finding(
            code="TW307",
            severity=Severity.NOTE,
            where=file.path,
            message=f"a {binary.format.value} file, for a system that is not judged here",
            evidence=tuple(f"{s.kind.value} for {s.cpu}" for s in binary.slices) or ("recognised, but not read",),
            hint="its needs are not checked: the tag is the plain one of the platform that it was built on",
        )
        for file, binary in contents.binaries()
        if binary.is_loadable and not any(p.owns(binary.format, s) for p in PLATFORMS for s in binary.slices)
    )
    if len(rulings) > 1:
        homeless += (_several(contents, rulings),)
    return rulings, homeless


def owners_of(contents: Contents) -> list[Platform]:
    """The platforms that a loadable binary is for."""
    pieces = [(b.format, s) for _, b in contents.binaries() if b.is_loadable for s in b.slices]
    return [p for p in PLATFORMS if any(p.owns(form, s) for form, s in pieces)]


def _several(contents: Contents, rulings: Sequence[PlatformRuling]) -> Finding:
    held: dict[str, str] = {}
    for file, binary in contents.binaries():
        for platform in PLATFORMS:
            if binary.is_loadable and any(platform.owns(binary.format, s) for s in binary.slices):
                held.setdefault(platform.family, file.path)
    return Finding(
        code="TW307",
        severity=Severity.WARNING,
        where=", ".join(r.family for r in rulings),
        message="binaries for several operating systems in one wheel",
        evidence=tuple(f"{held[r.family]} is for {r.family}" for r in rulings),
        hint="build one wheel per system",
    )


def of_variant(contents: Contents, *, built: bool) -> tuple[Finding, ...]:
    """What is to be said of a variant's properties; few wheels are variants, and what judges them takes time to import."""
    if contents.variant is None:
        return ()
    from . import cpu_levels

    return cpu_levels.check_cpu_levels(contents, built=built)


def cpu_floors(contents: Contents) -> tuple[Floor, ...]:
    """The CPU levels that a variant's binaries need."""
    if contents.variant is None:
        return ()
    from . import cpu_levels

    return cpu_levels.cpu_floors(contents)


def why(ruling: PlatformRuling) -> str:
    """The decisive floor in words."""
    if ruling.nameless:
        return ruling.reason
    if not ruling.tags:
        return f"{ruling.reason or 'the binaries do not say for which release'}, so the tag is believed"
    if ruling.tags[0] == ruling.native and is_plain(ruling.native):
        cause = next((f for f in ruling.findings if blocks_promise(f)), None)
        return f"{ruling.native}: {cause.evidence[0] if cause and cause.evidence else 'no promise can be kept'}"
    if ruling.reason:
        return f"{ruling.tags[0]}: {ruling.reason}"
    if not ruling.floors:
        return f"{ruling.tags[0]}: nothing in the binaries asks for more"
    return f"{ruling.tags[0]}: {ruling.floors[0].evidence[0]}"


def is_plain(tag: str) -> bool:
    """Whether a tag is what remains when no promise can be kept. Only Linux has such tags."""
    return tag.startswith("linux_")


def without_ruling(contents: Contents) -> str:
    """Why there is nothing to say of platforms."""
    return "its binaries are not judged here" if contents.is_bound else "no binaries"
