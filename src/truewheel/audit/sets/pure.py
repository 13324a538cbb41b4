"""A wheel for any platform beside wheels for some (TW552). Pure.

Installers take it silently where no other fits. As a fallback, it has the same Python files as the others, and no extension
module. If they differ, users of other systems run other code.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.sets import SetMember, WheelSet

_NAMED = 5
"""Files that are named."""


def find_pure_wheels(one: WheelSet) -> Iterator[Finding]:
    """Report wheels for any platform beside those for some (TW552)."""
    bound = [member for member in one.members if member.name.platforms != ("any",)]
    if not bound:
        return
    for member in one.members:
        if member.name.platforms == ("any",):
            yield _pure_wheel(one, member, bound)


def _pure_wheel(one: WheelSet, pure: SetMember, bound: Sequence[SetMember]) -> Finding:
    # The wheels for platforms may differ among themselves: what is like one of them is like them.
    nearest = min(bound, key=lambda member: len(_differences(pure, member)))
    differences = _differences(pure, nearest)
    lacking = sorted({path for member in bound for path in member.modules})
    evidence = []
    if lacking:
        evidence.append(f"it has no extension module such as {lacking[0]}")
    if differences:
        evidence.append(f"compared with {nearest.filename}:")
        evidence += differences[:_NAMED]
    more = len(differences) - _NAMED
    if more > 0:
        evidence.append(f"and {more} more files")
    return Finding(
        code="TW552",
        severity=Severity.WARNING if differences else Severity.NOTE,
        where=pure.filename,
        message=_message(differences),
        evidence=tuple(evidence),
        hint=f"if it is not meant as a fallback of {one.label}, do not publish it",
    )


def _message(differences: Sequence[str]) -> str:
    if differences:
        return "is for any platform, and holds other Python files than the wheels for platforms do"
    return "is taken wherever no wheel for a platform fits"


def _differences(pure: SetMember, other: SetMember) -> list[str]:
    """Return how the Python files of the pure wheel differ, a phrase each. What it has besides is of no harm."""
    found = []
    for path, digest in sorted(other.python.items()):
        own = pure.python.get(path)
        if own is None:
            found.append(f"{path} is missing")
        # Without a hash, nothing tells.
        elif digest and own and own != digest:
            found.append(f"{path} differs")
    return found
