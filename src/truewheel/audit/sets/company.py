"""Files that do not belong together: wheels that no installer takes, and other projects or versions (TW554). Pure.

Sources: the binary distribution format, "File name convention" (build tags); PEP 425.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.wheel_name import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.sets import SetMember, WheelSet
    from ...model.wheel_name import WheelName

_NAMED = 10
"""Projects or versions that are named."""
_PROJECTS = 10
"""Projects from which on a directory is hardly that of a release."""
_MOST = 300
"""Wheels of a version that are compared with one another; their pairs would take long."""


def is_release(sets: Sequence[WheelSet]) -> bool:
    """Return whether a directory looks like what is to be published, rather than like a collection of what was."""
    names = {escape(one.name) for one in sets}
    return len(names) == len(sets) < _PROJECTS


def find_wheels_never_taken(one: WheelSet) -> Iterator[Finding]:
    """Report wheels whose tags another wheel has as well, and which lose against it (TW554)."""
    if len(one.members) > _MOST:
        return
    tags = {member.filename: set(member.name.expanded) for member in one.members}
    for member in one.members:
        for other in one.members:
            if other is member or other.name.variant != member.name.variant:
                continue
            if tags[member.filename] <= tags[other.filename] and _loses(member, other):
                yield _never_taken(member, other)
                break


def find_other_projects(directory: str, sets: Sequence[WheelSet]) -> Iterator[Finding]:
    """Report that a directory holds several projects, or several versions of one (TW554)."""
    if len(sets) < 2:
        return
    names = {escape(one.name) for one in sets}
    shown = [_counted(one) for one in sets[:_NAMED]]
    more = len(sets) - _NAMED
    if more > 0:
        shown.append(f"and {more} more")
    what = "projects" if len(names) > 1 else "versions"
    yield Finding(
        code="TW554",
        severity=Severity.NOTE,
        where=directory,
        message=f"holds the wheels of several {what}",
        evidence=tuple(shown),
        hint="empty the directory before a release is built",
    )


def _loses(member: SetMember, other: SetMember) -> bool:
    """Return whether installers prefer ``other``, or may take either, where they would take ``member``.

    Of two wheels whose best tags are equal, they take the one with the higher build tag.
    """
    own, others = _build_order(member.name), _build_order(other.name)
    if own != others:
        return own < others
    # Nothing decides then. One of both is told, and not each because of the other.
    same = set(member.name.expanded) == set(other.name.expanded)
    return not same or member.filename < other.filename


def _build_order(name: WheelName) -> tuple[int, str]:
    """Return what build tags are compared by: the number at the beginning, then the rest; no build tag comes first."""
    rest = name.build.lstrip("0123456789")
    digits = name.build.removesuffix(rest)
    return int(digits[:18] or "-1"), rest


def _never_taken(member: SetMember, other: SetMember) -> Finding:
    is_decided = _build_order(member.name) != _build_order(other.name)
    why = "has the same tags, and a higher build tag"
    if not is_decided:
        why = "has the same tags, and nothing tells which of both to take"
    return Finding(
        code="TW554",
        severity=Severity.NOTE,
        where=member.filename,
        message="is never needed, for another wheel is taken instead",
        evidence=(f"{other.filename} {why}",),
        hint="remove one of both",
    )


def _counted(one: WheelSet) -> str:
    count = len(one.members)
    return f"{one.label}: {count} wheels" if count > 1 else f"{one.label}: 1 wheel"
