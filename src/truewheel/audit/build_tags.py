"""The platform tags of a build: what was promised, or the best that is true. Pure.

``tag = "auto"`` takes the best tags, ``"native"`` the plain platform; anything else is a promise that is checked. Without
binaries there is nothing to promise, and binaries that cannot be read keep no promise.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.record import Record
from ..platforms import PLATFORMS, parse_known_tags, parse_platform_tag, platform_of
from .claimed_tags import (
    foreign_findings,
    other_python_findings,
    unknown_tag,
    untrue_findings,
    violations,
)
from .platform_tags import explain_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents
    from ..model.tags import PlatformTag
    from ..model.target import Target
    from ..model.verdict import PlatformTags
    from .questions import Question

AUTO = "auto"
NATIVE = "native"
_MOST_FILES = 5
"""Files that are listed."""


class BuildTags(Record):
    """The platform tags that a build gets, what is wrong with them, and why they were chosen."""

    tags: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()


def choose_tags(
    contents: Contents,
    audit: Audit,
    question: Question,
    best: Sequence[PlatformTags],
) -> BuildTags:
    """Return the platform tags of a build.

    :param best: the best tags of each platform that a binary is for.
    """
    plain = question.plain_tags or (question.target.platform_tag,)
    if not best:
        return _without_binaries(contents, question, plain)
    own = _of_target(best, question.target)
    true, promise = own.tags or plain, question.promise
    # No tag exists for such a CPU, so the target's own is checked as a claim is.
    if own.has_no_tag and promise in (AUTO, NATIVE):
        return BuildTags(
            tags=true,
            findings=_contradictions(audit, true, best),
            reasons=(explain_tags(own),),
        )
    if promise == AUTO:
        return BuildTags(tags=true, reasons=(explain_tags(own),))
    if promise == NATIVE:
        tags = _plain_tags(audit, plain, own)
        return BuildTags(tags=tags, reasons=(question.why_native,))
    tag = expand_promise(promise, audit)
    # The build fails, and is told what it could have promised.
    if tag is None:
        return BuildTags(
            tags=true,
            findings=(_unknown_promise(promise),),
            reasons=(explain_tags(own),),
        )
    return _promised(contents, audit, question, best, tag)


def impossible(promise: str) -> tuple[Finding, ...]:
    """Return what is wrong with a promise that no binary could keep, whatever is built."""
    if promise in (AUTO, NATIVE) or any(
        platform.is_plausible(promise) for platform in PLATFORMS
    ):
        return ()
    return (_unknown_promise(promise),)


def expand_promise(promise: str, audit: Audit) -> PlatformTag | None:
    """Return the tag that is promised, with what the binaries are for where the promise leaves it out."""
    # A short promise (linux, ios_13_0) becomes whole for the platform that it names.
    for platform in PLATFORMS:
        whole = platform.expand(promise, audit.files_of(platform.family))
        tag = platform.parse_tag(whole)
        if tag is not None:
            return tag
    return None


def _promised(
    contents: Contents,
    audit: Audit,
    question: Question,
    best: Sequence[PlatformTags],
    tag: PlatformTag,
) -> BuildTags:
    """Return the promised tag with its older names, and what contradicts it."""
    target = question.target
    findings = (
        *untrue_findings(audit, tag, best),
        *foreign_findings(contents, audit, tag, best),
        *other_python_findings(tag, (target.python_tag,), (target.abi_tag,)),
    )
    tags = (tag.text, *platform_of(tag.family).aliases(tag))
    return BuildTags(
        tags=tags, findings=findings, reasons=(f"{tag} was promised, and holds",)
    )


def _of_target(best: Sequence[PlatformTags], target: Target) -> PlatformTags:
    """Return the tags of the target's platform; of the first where no binary is for that."""
    # Where several systems' binaries are in one tree, TW307 says so; the target's decide.
    wanted = parse_platform_tag(target.platform_tag)
    for own in best:
        if wanted is not None and own.family == wanted.family:
            return own
    return best[0]


def _contradictions(
    audit: Audit,
    tags: Sequence[str],
    best: Sequence[PlatformTags],
) -> tuple[Finding, ...]:
    """Say why the target's tags cannot be right for these files; unknown tags are passed over."""
    found: list[Finding] = []
    for tag in parse_known_tags(tags):
        found += untrue_findings(audit, tag, best)
    return tuple(found)


def _plain_tags(
    audit: Audit,
    plain: tuple[str, ...],
    own: PlatformTags,
) -> tuple[str, ...]:
    """Return the engine's plain tags, when the binaries are for that platform at all; theirs otherwise."""
    part = audit.of(own.family)
    for text in plain:
        tag = parse_platform_tag(text)
        if (
            tag is None
            or tag.family != own.family
            or part is None
            or violations(part, tag)
        ):
            return (own.plain_tag,)
    return plain


# --- nothing to judge -------------------------------------------------------------------------------------------


def _without_binaries(
    contents: Contents,
    question: Question,
    plain: tuple[str, ...],
) -> BuildTags:
    """Return the tags of what the audit does not read: those of any platform, or the plain ones of the target."""
    # Static libraries and objects are bound to a platform too, though nothing tells to which level of it.
    tags = plain if contents.is_bound else ("any",)
    promise = question.promise
    if promise in (AUTO, NATIVE):
        return BuildTags(tags=tags)
    if not contents.is_bound:
        return BuildTags(
            tags=tags,
            findings=impossible(promise) or (_promise_without_binaries(promise),),
        )
    # These files cannot be read, so only the plain tag is accepted.
    if promise in tags:
        return BuildTags(tags=tags)
    return BuildTags(tags=tags, findings=(_unchecked_promise(promise, contents),))


def _unknown_promise(promise: str) -> Finding:
    return unknown_tag(promise, others=(AUTO, NATIVE))


def _promise_without_binaries(promise: str) -> Finding:
    return Finding(
        code="TW316",
        severity=Severity.NOTE,
        where=promise,
        message="nothing in the wheel is bound to a platform, so it is tagged for any",
        hint="when a module should be there, look at the install() commands of CMakeLists.txt",
    )


def _unchecked_promise(promise: str, contents: Contents) -> Finding:
    """Return TW315 for a promise about files that nothing here reads."""
    shown = contents.binaries()[:_MOST_FILES]
    return Finding(
        code="TW315",
        severity=Severity.ERROR,
        where=promise,
        message=f"{promise} was promised, but cannot be checked: truewheel cannot read these files",
        evidence=tuple(f"{file.path}: {binary.format.value}" for file, binary in shown),
        hint="set tool.truewheel.tag to auto or native for the plain platform tag",
    )
