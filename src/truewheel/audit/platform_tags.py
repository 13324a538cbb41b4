"""The best platform tags: of each platform the strictest requirement, and why. Pure."""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.tags import NEVER
from ..model.verdict import PlatformTags
from ..platforms import platform_of
from .carried_files import is_carried_web_module, loaded_paths, what_they_are
from .findings import findings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit, PlatformAudit, Requirement
    from ..model.binary import Binary
    from ..model.contents import Contents
    from ..model.floor import Floor
    from ..model.tags import Level
    from ..platforms.base import Platform


def best_tags(part: PlatformAudit) -> PlatformTags:
    """Return the most compatible tags that are true of the files of one platform, with floors and findings."""
    platform, basis = platform_of(part.family), part.basis
    tags = tuple(_tags_with_level(platform, part))
    reason = basis.reason
    # A level that nobody has leaves the plain tag.
    if not tags and basis.fallback:
        reason = reason or _first_unfulfilled(part.requirements)
    can_ask_for_less = basis.kind is not None and not basis.has_no_tag
    return PlatformTags(
        family=part.family,
        tags=tags or basis.fallback,
        plain_tag=basis.plain or "".join(tags[:1]),
        floors=platform.floors(part.requirements, basis),
        findings=findings_of(part),
        reason=reason,
        cure=platform.words.ask_for_less if can_ask_for_less else "",
        has_no_tag=basis.has_no_tag,
    )


def _tags_with_level(platform: Platform, part: PlatformAudit) -> Iterator[str]:
    """Yield a tag for each ending, then its older names; none when a requirement is never fulfilled."""
    kind = part.basis.kind or ""
    for ending in part.basis.endings:
        level = _strictest_level(platform, part, ending)
        if level == NEVER:
            continue
        tag = platform.format_tag(kind, level, ending)
        yield tag
        # Installers from before PEP 600 know the promise by an older name only.
        parsed = platform.parse_tag(tag)
        if parsed is not None:
            yield from platform.aliases(parsed)


def _strictest_level(platform: Platform, part: PlatformAudit, ending: str) -> Level:
    """Return the oldest system that fulfils all requirements, among those that there are tags for."""
    strictest = platform.oldest(part.basis.kind or "", ending)
    for requirement in part.requirements:
        level = platform.level_in(requirement, ending)
        if level is not None and level > strictest:
            strictest = level
    return strictest


def _first_unfulfilled(requirements: Sequence[Requirement]) -> str:
    for requirement in requirements:
        if requirement.level == NEVER:
            return str(requirement.evidence)
    return "no promise can be kept"


def explain_tags(best: PlatformTags) -> str:
    """Return why these tags, in a phrase: the decisive floor, or the reason why there is none."""
    if best.has_no_tag:
        return best.reason
    # PEP 783: side modules hold nothing of the year whose ABI they are for.
    if not best.tags:
        return f"{best.reason or 'the binaries do not say for which release'}, so the claimed tag cannot be checked and is kept"
    # A reason of its own decides before any floor: there is no level, or none that could be kept.
    if best.reason:
        return f"{best.tags[0]}: {best.reason}"
    if not best.floors:
        return f"{best.tags[0]}: nothing in the binaries asks for more"
    return f"{best.tags[0]}: {best.floors[0].evidence[0]}"


def system_findings(audit: Audit) -> Iterator[Finding]:
    """Yield TW307: binaries for systems that are not audited, and binaries for several systems."""
    for file, binary in audit.unknown:
        if is_carried_web_module(file.path, binary):
            yield _web_module(file.path)
        else:
            yield _for_unknown_system(file.path, binary)
    # A wheel has one name, and each of its platform tags is for all files.
    if len(audit.platforms) < 2:
        return
    loaded: list[PlatformAudit] = []
    carried: list[PlatformAudit] = []
    # Code chooses among programs by the system; what an import loads, it cannot choose.
    for part in audit.platforms:
        (loaded if loaded_paths(part) else carried).append(part)
    if len(loaded) > 1:
        yield Finding(
            code="TW307",
            severity=Severity.WARNING,
            where=", ".join(part.family for part in loaded),
            message="extension modules for several operating systems in one wheel",
            evidence=tuple(map(_first_loaded, loaded)),
            hint="build one wheel per system",
        )
    if carried:
        yield _carried(carried)


def _for_unknown_system(path: str, binary: Binary) -> Finding:
    """Return TW307 for a file of tvOS, Solaris and others: it is read, and nobody here knows what those systems have."""
    slices = tuple(f"{piece.kind.value} for {piece.cpu}" for piece in binary.slices)
    return Finding(
        code="TW307",
        severity=Severity.NOTE,
        where=path,
        message=f"a {binary.format.value} file, for a system that is not known here",
        evidence=slices or ("recognised, but not read",),
        hint="its needs are not checked: the tag is the plain one of the platform that it was built on",
    )


def _web_module(path: str) -> Finding:
    """Return TW307 for WebAssembly of browsers and of programs that embed it."""
    return Finding(
        code="TW307",
        severity=Severity.NOTE,
        where=path,
        message="WebAssembly that Python does not load: it is not a side module, so it is taken for data",
        evidence=("it has no dylink.0 section",),
    )


def _first_loaded(part: PlatformAudit) -> str:
    paths = loaded_paths(part)
    path = next(code.path for code in part.files if code.path in paths)
    return f"{path} is for {part.family}"


def _carried(parts: Sequence[PlatformAudit]) -> Finding:
    """Return TW307, a note, for the files of systems for which the wheel has no extension module."""
    files = [code for part in parts for code in part.files]
    systems = ", ".join(part.family for part in parts)
    return Finding(
        code="TW307",
        severity=Severity.NOTE,
        where=systems,
        message=f"{what_they_are(files)} for {systems}: taken for data, or for what code chooses by the system",
        evidence=tuple(f"{part.files[0].path} is for {part.family}" for part in parts),
        hint="if one system's were packed by mistake, install only those of the target system",
    )


def cpu_floors(contents: Contents) -> tuple[Floor, ...]:
    """Return the CPU levels that a variant's binaries need; few wheels are variants, and the import takes time."""
    if contents.variant is None:
        return ()
    from . import cpu_levels

    return cpu_levels.cpu_floors(contents)


def variant_findings(contents: Contents, *, built: bool) -> tuple[Finding, ...]:
    """Return what is to be said of a variant's properties.

    :param built: whether the wheel is being built.
    """
    if contents.variant is None:
        return ()
    from . import cpu_levels

    return cpu_levels.check_cpu_levels(contents, built=built)


def reason_without_binaries(contents: Contents) -> str:
    """Return why there is nothing to say of platforms."""
    return "its binaries are not audited here" if contents.is_bound else "no binaries"
