"""Questions to one platform about hand-made files, by way of the audit."""

from __future__ import annotations

from truewheel.audit.claimed_tags import violations
from truewheel.audit.linkage import audit_of
from truewheel.audit.platform_tags import best_tags
from truewheel.model.audit import PlatformAudit, Violation
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding
from truewheel.model.tags import PlatformTag
from truewheel.model.verdict import PlatformTags
from truewheel.platforms.base import Platform


def part_of(
    platform: Platform, contents: Contents, *, exclude: tuple[str, ...] = ()
) -> PlatformAudit:
    part = audit_of(contents, exclude).of(platform.family)
    assert part is not None
    return part


def tag_of(platform: Platform, text: str) -> PlatformTag:
    tag = platform.parse_tag(text)
    assert tag is not None
    return tag


def best_of(
    platform: Platform, contents: Contents, *, exclude: tuple[str, ...] = ()
) -> PlatformTags:
    """Return the best tags of the files that are for one platform, with what is to be said of them."""
    return best_tags(part_of(platform, contents, exclude=exclude))


def violations_of(
    platform: Platform, contents: Contents, tag: str
) -> tuple[Violation, ...]:
    """Return why a tag would be untrue of the files that are for its platform."""
    return violations(part_of(platform, contents), tag_of(platform, tag))


def notes_on(platform: Platform, contents: Contents, tag: str) -> list[Finding]:
    """Return what is to be said of a tag besides its truth."""
    return list(
        platform.tag_notes(part_of(platform, contents).files, tag_of(platform, tag))
    )


def expanded(platform: Platform, promise: str, contents: Contents) -> str:
    """Return a promise as a whole tag for the files."""
    return platform.expand(promise, part_of(platform, contents).files)
