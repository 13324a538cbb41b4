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
    pure: list[SetMember] = []
    bound: list[SetMember] = []
    for member in one.members:
        kind = pure if member.is_for_any_platform else bound
        kind.append(member)
    # Wheels of one kind alone are in nobody's way.
    if not bound:
        return
    for member in pure:
        yield _pure_wheel(one, member, bound)


def _pure_wheel(one: WheelSet, pure: SetMember, bound: Sequence[SetMember]) -> Finding:
    """Return what one pure wheel is beside the others: a fallback, or something else."""

    def distance(other: SetMember) -> int:
        return len(_differences(pure, other))

    # The wheels for platforms may differ among themselves: what is like one of them is like them.
    nearest = min(bound, key=distance)
    differences = _differences(pure, nearest)
    message = "is taken wherever no wheel for a platform fits"
    severity = Severity.NOTE
    evidence = []
    lacking = one.modules
    if lacking:
        evidence.append(f"it has no extension module such as {lacking[0]}")
    if differences:
        message = "is for any platform, and holds other Python files than the wheels for platforms do"
        severity = Severity.WARNING
        evidence.append(f"compared with {nearest.filename}:")
        evidence += differences[:_NAMED]
    more = len(differences) - _NAMED
    if more > 0:
        evidence.append(f"and {more} more files")
    return Finding(
        code="TW552",
        severity=severity,
        where=pure.filename,
        message=message,
        evidence=tuple(evidence),
        hint=f"if it is not meant as a fallback of {one.label}, do not publish it",
    )


def _differences(pure: SetMember, other: SetMember) -> list[str]:
    """Return how the Python files of the pure wheel differ, a phrase each. What it has besides is of no harm."""
    found = []
    for path, digest in sorted(other.python.items()):
        own = pure.python.get(path)
        if own is None:
            found.append(f"{path} is missing")
            continue
        # Without a hash, nothing tells.
        is_known = own and digest
        if is_known and own != digest:
            found.append(f"{path} differs")
    return found
