"""Claims, be they a published wheel's name or a project's ``wheel.tags``: which of its tags are untrue, and why. Pure.

For each platform tag, in this order: is it a tag at all (TW315); is it true of every file (TW301, TW305); what else is to be
said of it; do the claimed Pythons take it (TW411); is there code for its system (TW305, TW316). A claim that is true may
ask for more than it has to (TW302). Of Pythons :mod:`.python.tags` tells, of systems
:data:`~truewheel.platforms.PLATFORMS`.
"""

from __future__ import annotations

from itertools import chain

from ..model.audit import Violation, ViolationCause
from ..model.binary import Format
from ..model.codes import makes_untrue
from ..model.finding import Finding, Severity
from ..platforms import examples_like, parse_known_tags, parse_platform_tag, platform_of
from .carried_files import is_carried_web_module
from .linkage import requirements_for
from .platform_tags import explain_tags
from .python.interpreters import compatible_pythons
from .python.tags import python_claim_findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit, PlatformAudit
    from ..model.binary import Binary
    from ..model.contents import Contents, File
    from ..model.tags import PlatformTag
    from ..model.verdict import PlatformTags
    from ..model.wheel_name import WheelName

_MOST_REASONS = 5
"""Reasons that are told of one file."""


def violations(part: PlatformAudit, tag: PlatformTag) -> tuple[Violation, ...]:
    """Return why ``tag``, one of this platform's, would be untrue: files that are not for it, requirements above it."""
    platform = platform_of(part.family)
    found = list(platform.mismatches(part.files, tag))
    for requirement in requirements_for(part, tag):
        limit = platform.limit(requirement, tag)
        if limit is not None and requirement.level > limit:
            violation = Violation(
                evidence=requirement.evidence,
                allows=platform.allowance(requirement, tag),
                cause=requirement.cause,
                nth=requirement.nth,
            )
            found.append(violation)
    # By file, and in a fat file by its slices: what a person sees first should not hang on the order of symbols.
    found.sort(key=lambda one: (one.evidence.file, one.nth, str(one.evidence)))
    return tuple(found)


def claim_findings(
    contents: Contents,
    audit: Audit,
    claimed: WheelName,
    best: Sequence[PlatformTags],
    *,
    instead: str = "truewheel tag renames it",
) -> list[Finding]:
    """Return what is to be said of the tags that are claimed.

    :param best: the best tags of each platform that a file is for.
    :param instead: how a claim is changed for one that asks for less.
    """
    found = list(
        python_claim_findings(
            contents,
            interpreters=claimed.interpreters,
            abis=claimed.abis,
            platforms=claimed.platforms,
            beside=[library for part in audit.platforms for library in part.beside],
        )
    )
    older_names: set[str] = set()
    for text in claimed.platforms:
        tag = parse_platform_tag(text)
        if text == "any":
            from .any_platform import (
                any_platform_findings,
            )  # wheels with binaries seldom claim it

            found += any_platform_findings(contents, audit, claimed)
        elif tag is None:
            found.append(unknown_tag(text))
        else:
            # An older name of a tag that was told of already says nothing new.
            if text not in older_names:
                found += untrue_findings(audit, tag, best)
            older_names.update(platform_of(tag.family).aliases(tag))
            found += _notes(contents, audit, claimed, tag, best)
    # Whoever has to change an untrue name anyway is not told of a better one besides.
    if not any(map(makes_untrue, found)):
        found += _too_strict(claimed, best, instead)
    return found


def _notes(
    contents: Contents,
    audit: Audit,
    claimed: WheelName,
    tag: PlatformTag,
    best: Sequence[PlatformTags],
) -> Iterator[Finding]:
    """Yield what is to be said of one tag besides its truth."""
    yield from platform_of(tag.family).tag_notes(audit.files_of(tag.family), tag)
    yield from other_python_findings(tag, claimed.interpreters, claimed.abis)
    yield from foreign_findings(contents, audit, tag, best)


# --- untrue tags ------------------------------------------------------------------------------------------------


def untrue_findings(
    audit: Audit,
    tag: PlatformTag,
    best: Sequence[PlatformTags],
) -> Iterator[Finding]:
    """Yield TW301 or TW305 for each file of which ``tag`` is untrue, with its first reasons."""
    part = audit.of(tag.family)
    by_file: dict[str, list[Violation]] = {}
    for violation in violations(part, tag) if part is not None else ():
        by_file.setdefault(violation.evidence.file, []).append(violation)
    own = _best_of(tag.family, best)
    unseen = part.unseen if part is not None else ()
    for file, reasons in by_file.items():
        causes = {reason.cause for reason in reasons}
        # Code for another CPU is so whatever else is wrong with it.
        is_for_another = not causes.isdisjoint(
            (ViolationCause.OTHER_CPU, ViolationCause.OTHER_SDK)
        )
        yield Finding(
            code="TW305" if is_for_another else "TW301",
            severity=Severity.ERROR,
            where=file,
            message=f"{tag} is not true of it",
            evidence=tuple(
                f"{reason.evidence}; {reason.allows}"
                for reason in reasons[:_MOST_REASONS]
            ),
            hint=_how_to_make_true(tag, own, causes, unseen),
        )


def _best_of(family: str, best: Sequence[PlatformTags]) -> PlatformTags | None:
    for own in best:
        if own.family == family:
            return own
    return None


def _how_to_make_true(
    tag: PlatformTag,
    own: PlatformTags | None,
    causes: set[ViolationCause],
    unseen: tuple[str, ...],
) -> str:
    """Return how to make a tag true: another tag, or other binaries, by what is wrong with these.

    :param unseen: required distributions that nobody has looked at, one of which may have what is missing.
    """
    other_tag = (
        f"tag it {own.tags[0]}, which is true" if own is not None and own.tags else ""
    )
    other_build = _how_to_build(tag, own, causes)
    if ViolationCause.NOT_SUPPLIED in causes and unseen:
        beside = "name the required wheels that have the libraries: --with WHEEL"
        other_build = f"{beside}; or {other_build}" if other_build else beside
    if own is None or not own.tags or tag.text in own.tags:
        return other_build or "build it for the platform that the tag names"
    return f"{other_tag}; or {other_build}" if other_build else other_tag


def _how_to_build(
    tag: PlatformTag, own: PlatformTags | None, causes: set[ViolationCause]
) -> str:
    """Return how to make binaries for which a tag is true; empty where nothing is known that helps."""
    # The SDK comes first: a simulator's code may have the right CPU, or the wrong one as well.
    if ViolationCause.OTHER_SDK in causes:
        return platform_of(tag.family).words.other_sdk.format(sdk=tag.sdk, cpu=tag.cpu)
    if ViolationCause.OTHER_CPU in causes:
        return "build it for the CPU that the tag names"
    # An older system has no more libraries than this one.
    if causes == {ViolationCause.NOT_SUPPLIED} and tag.family == "linux":
        return "truewheel repair copies the missing libraries into the wheel"
    return own.cure if own is not None else ""


def unknown_tag(tag: str, *, others: tuple[str, ...] = ()) -> Finding:
    """Return TW315: what is not a tag, or is one of a system that is not known here.

    :param others: what might stand there instead of a tag.
    """
    return Finding(
        code="TW315",
        severity=Severity.ERROR,
        where=tag,
        message=f"{tag} is not a platform tag that can be checked here",
        hint=f"such tags are spelt {', '.join((*others, *examples_like(tag)))}",
    )


# --- other systems, other Pythons -------------------------------------------------------------------------------


def other_python_findings(
    tag: PlatformTag,
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
) -> Iterator[Finding]:
    """Yield TW411 for a platform tag that one Python's interpreters take, beside tags that only others do."""
    version = platform_of(tag.family).python_of(tag)
    pythons = compatible_pythons(interpreters, abis)
    if version is None or not pythons:
        return
    # PEP 783: the ABI of a year is that of one Python. https://peps.python.org/pep-0783/
    if any(group.include(version) for group in pythons):
        return
    written = f"{version[0]}.{version[1]}"
    yield Finding(
        code="TW411",
        severity=Severity.ERROR,
        where=tag.text,
        message=f"is accepted by Python {written} alone, and {'.'.join(interpreters)}-{'.'.join(abis)} by others",
        evidence=(
            f"{tag} is the ABI of Python {written} (PEP 783: one for each Python)",
        ),
        hint=f"build it for Python {written}, or for the platform of the Python that it names",
    )


def foreign_findings(
    contents: Contents,
    audit: Audit,
    tag: PlatformTag,
    best: Sequence[PlatformTags],
) -> Iterator[Finding]:
    """Yield TW305 or TW316 for a platform tag in a wheel whose binaries are all for another system, or that has none."""
    # Files for the tag's own system are held to the tag itself.
    if audit.of(tag.family) is not None:
        return
    loadable = [
        (file, binary)
        for file, binary in contents.binaries()
        if binary.is_loadable and not is_carried_web_module(file.path, binary)
    ]
    if not loadable and not contents.is_bound:
        yield Finding(
            code="TW316",
            severity=Severity.NOTE,
            where=tag.text,
            message="nothing in the wheel is bound to a platform",
            hint="tag it any, unless it calls programs or libraries of that platform",
        )
    # A file that was recognised, but not read, may be for any system of its format.
    read = [(file, binary) for file, binary in loadable if binary.slices]
    if read:
        yield _for_another_system(tag, *read[0], best)


def _for_another_system(
    tag: PlatformTag,
    file: File,
    binary: Binary,
    best: Sequence[PlatformTags],
) -> Finding:
    """Return TW305 for the first binary, which shows that the wheel is for another system than ``tag`` says."""
    article = "an" if binary.format is Format.ELF else "a"
    fact = f"it is {article} {binary.format.value} file for {binary.slices[0].cpu}"
    stated = chain.from_iterable(piece.minimum_os for piece in binary.slices)
    systems = sorted({one.platform for one in stated})
    if systems:
        fact += f", built for {' and '.join(systems)}"
    hint = "build one wheel per system"
    if len(best) == 1 and best[0].tags:
        hint = f"tag it {best[0].tags[0]}, which is true; or build it for the system that the tag names"
    return Finding(
        code="TW305",
        severity=Severity.ERROR,
        where=file.path,
        message=f"{tag} is not true of it",
        evidence=(fact,),
        hint=hint,
    )


# --- claims that ask for too much -------------------------------------------------------------------------------


def _too_strict(
    claimed: WheelName,
    best: Sequence[PlatformTags],
    instead: str,
) -> Iterator[Finding]:
    """Yield TW302 where the best true tag asks for less than every tag in the name does."""
    tags = list(parse_known_tags(claimed.platforms))
    for own in best:
        of_family = [tag for tag in tags if tag.family == own.family]
        if not of_family or not _asks_for_more(of_family, own):
            continue
        yield Finding(
            code="TW302",
            severity=Severity.NOTE,
            where=", ".join(tag.text for tag in of_family),
            message=f"asks for more than the binaries do: {own.tags[0]} would be true",
            evidence=(explain_tags(own),),
            hint=instead,
        )


def _asks_for_more(claimed: Sequence[PlatformTag], own: PlatformTags) -> bool:
    """Return whether a true claim leaves out the best tag, which is of its kind (manylinux, musllinux, macosx …)."""
    if not {tag.text for tag in claimed}.isdisjoint(own.tags):
        return False
    # A plain tag is no better than a promise that holds.
    true = next(parse_known_tags(own.tags), None)
    if true is None or true.is_plain:
        return False
    kinds = {tag.kind for tag in claimed}
    promises_nothing = all(tag.is_plain for tag in claimed)
    return promises_nothing or true.kind in kinds
