"""Requirements that differ among the wheels of one version (TW553). Pure.

Resolvers that lock for all platforms, such as uv and Poetry, read METADATA of one wheel, and take it for that of all. Markers are
the way to have requirements for some platforms alone.

Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
"""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ...model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...model.sets import WheelSet

_SPELT = {
    "requires-dist": "Requires-Dist",
    "requires-python": "Requires-Python",
    "provides-extra": "Provides-Extra",
}
_NAMED = 3
"""Wheels that are named for each line."""
_LINES = 20
"""Lines that are told."""
_WIDEST = 200
"""Characters of a line that are shown."""


def find_different_metadata(one: WheelSet) -> Iterator[Finding]:
    """Report what only some wheels of a version require (TW553)."""
    having: dict[tuple[str, str], list[str]] = {}
    for member in one.members:
        for header in normalised(member.headers):
            having.setdefault(header, []).append(member.filename)
    count = len(one.members)
    lines = []
    for header, names in having.items():
        # What all have is as it should be.
        if len(names) < count:
            which = _in_which(names, count)
            lines.append(f"{spelt(header)} ({which})")
    if not lines:
        return
    shown = sorted(lines)[:_LINES]
    more = len(lines) - len(shown)
    if more:
        shown.append(f"and {more} more")
    yield Finding(
        code="TW553",
        severity=Severity.WARNING,
        where=one.label,
        message="the requirements differ between the wheels; resolvers take those of one wheel for all",
        evidence=tuple(shown),
        hint="require the same everywhere, with markers: \"…; sys_platform == 'win32'\"",
    )


def normalised(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers so that two which mean the same are equal, each once."""
    found: dict[tuple[str, str], None] = {}
    for name, value in headers:
        meaning = _meaning(name, value)
        found[name, meaning] = None
    return list(found)


def spelt(header: tuple[str, str]) -> str:
    """Return a header as METADATA has it."""
    name, value = header
    return f"{_SPELT[name]}: {value}"[:_WIDEST]


def _meaning(name: str, value: str) -> str:
    """Return a value as packaging writes it; one that cannot be read, as it is."""
    try:
        if name == "requires-dist":
            requirement = Requirement(value)
            requirement.name = canonicalize_name(requirement.name)
            return str(requirement)
        if name == "requires-python":
            return str(SpecifierSet(value))
    except (InvalidRequirement, InvalidSpecifier):
        # That is said of the wheel itself.
        return " ".join(value.split())
    return canonicalize_name(value)


def _in_which(names: Sequence[str], count: int) -> str:
    """Return which wheels have a line, as people say it."""
    # A requirement that one wheel lacks is in all others.
    if len(names) > _NAMED:
        return f"in {len(names)} of {count} wheels, the first is {names[0]}"
    return f"only in {', '.join(names)}"
