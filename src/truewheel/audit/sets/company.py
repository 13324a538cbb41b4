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

_NAMED = 10
"""Projects or versions that are named."""
_PROJECTS = 10
"""Projects from which on a directory is hardly that of a release."""
_MOST_TAGS = 500
"""Tags of a wheel that is compared: no name of a real one stands for as many."""
_MOST = 300
"""Wheels of a version that are compared with one another; their pairs would take long."""


def is_release(sets: Sequence[WheelSet]) -> bool:
    """Return whether a directory looks like what is to be published, rather than like a collection of what was."""
    names = _names(sets)
    has_one_version_of_each = len(names) == len(sets)
    return has_one_version_of_each and len(names) < _PROJECTS


def find_wheels_never_taken(one: WheelSet) -> Iterator[Finding]:
    """Report wheels whose tags another wheel has as well, and which lose against it (TW554)."""
    # The largest releases have a hundred wheels.
    if len(one.members) > _MOST:
        return
    rivals = []
    for member in one.members:
        rival = _Rival(member)
        if len(rival.tags) <= _MOST_TAGS:
            rivals.append(rival)
    for rival in rivals:
        for other in rivals:
            if rival.loses_against(other):
                yield _never_taken(rival, other)
                # One that is better is enough.
                break


def find_other_projects(directory: str, sets: Sequence[WheelSet]) -> Iterator[Finding]:
    """Report that a directory holds several projects, or several versions of one (TW554)."""
    if len(sets) < 2:
        return
    names = _names(sets)
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


def _names(sets: Sequence[WheelSet]) -> set[str]:
    """Return the projects of several sets."""
    return {escape(one.name) for one in sets}


class _Rival:
    """One wheel, with what installers compare."""

    def __init__(self, member: SetMember) -> None:
        """Take its name apart."""
        name = member.name
        self.filename = member.filename
        self.variant = name.variant
        self.tags = set(name.expanded)
        self.build = _build_order(name.build)

    def loses_against(self, other: _Rival) -> bool:
        """Return whether installers prefer ``other``, or may take either, wherever they would take this one.

        Of two wheels whose best tags are equal, they take the one with the higher build tag.
        """
        if other is self or other.variant != self.variant:
            return False
        # A tag that the other one lacks is a place where this one is taken.
        if not self.tags <= other.tags:
            return False
        if self.build != other.build:
            return self.build < other.build
        # Nothing decides then. One of two is told, and not each because of the other.
        if self.tags != other.tags:
            return True
        return self.filename < other.filename


def _build_order(build: str) -> tuple[int, str]:
    """Return what build tags are compared by: the number at the beginning, then the rest; no build tag comes first.

    >>> _build_order("10b"), _build_order("")
    ((10, 'b'), (-1, ''))
    """
    rest = build.lstrip("0123456789")
    digits = build.removesuffix(rest)
    # Python refuses to read numbers of thousands of digits.
    number = int(digits[:18] or "-1")
    return number, rest


def _never_taken(member: _Rival, other: _Rival) -> Finding:
    """Return that a wheel is not needed, and which one is taken instead."""
    why = "has the same tags, and a higher build tag"
    if member.build == other.build:
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
    """Return how many wheels a set has, as people say it."""
    count = len(one.members)
    if count == 1:
        return f"{one.label}: 1 wheel"
    return f"{one.label}: {count} wheels"
