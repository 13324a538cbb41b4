"""WHEEL against the file name and the files of the wheel. Pure.

Source: the binary distribution format, whose section "File contents" says what WHEEL holds.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.wheel_name import expand_tag
from .members import why_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.contents import WheelFacts
    from ..model.wheel_name import WheelName

_FOR_ANY = ("any",)
_MOST_LISTED = 4


def check_wheel_file(
    facts: WheelFacts, name: WheelName | None, opinion: str
) -> Iterator[Finding]:
    """Yield what is wrong with WHEEL.

    :param name: the file name in its parts; ``None`` if it is not one of a wheel.
    :param opinion: sentence added as evidence if WHEEL and file name differ.
    """
    yield from find_missing_wheel_file(facts)
    if name is not None:
        yield from find_missing_tags(facts)
        yield from find_other_tags(facts, name, opinion)
        yield from find_needless_platlib(facts, name)
        yield from find_purelib_with_binaries(facts, name)


def find_missing_wheel_file(facts: WheelFacts) -> Iterator[Finding]:
    """Report that there is no WHEEL, or none that can be read (TW524)."""
    if facts.wheel_headers:
        return
    path = f"{facts.contents.dist_info}/WHEEL"
    reason = why_unread(facts, path, if_readable="has no headers that can be read")
    if reason:
        yield Finding(
            code="TW524",
            severity=Severity.ERROR,
            where=path,
            message=reason,
            hint="build the wheel again",
        )


def find_missing_tags(facts: WheelFacts) -> Iterator[Finding]:
    """Report a WHEEL that has headers, and no tag among them (TW512)."""
    if facts.wheel_headers and not facts.wheel_tags:
        yield Finding(
            code="TW512",
            severity=Severity.WARNING,
            where=f"{facts.contents.dist_info}/WHEEL",
            message="has no tag",
            hint="truewheel tag writes them",
        )


def find_other_tags(
    facts: WheelFacts, name: WheelName, opinion: str
) -> Iterator[Finding]:
    """Report a WHEEL with other tags than the file name (TW512): which of both counts, installers do not agree."""
    # Installers choose by the file name; WHEEL is what stays when the wheel is installed.
    written, outside = set(facts.wheel_tags), set(name.expanded)
    if not written or written == outside:
        return
    inside = {tag for line in written for tag in expand_tag(line)}
    if inside == outside:
        yield _compressed(facts, sorted(written - inside))
        return
    evidence = [
        f"only WHEEL says {tag}" for tag in sorted(inside - outside)[:_MOST_LISTED]
    ]
    evidence += [
        f"only the file name says {tag}"
        for tag in sorted(outside - inside)[:_MOST_LISTED]
    ]
    if opinion:
        evidence.append(opinion)
    yield Finding(
        code="TW512",
        severity=Severity.WARNING,
        where=f"{facts.contents.dist_info}/WHEEL",
        message="its tags are not those of the file name",
        evidence=tuple(evidence),
        hint="truewheel tag writes both alike",
    )


def _compressed(facts: WheelFacts, lines: Sequence[str]) -> Finding:
    """Return TW512 for a WHEEL that has the right tags, several in a line."""
    return Finding(
        code="TW512",
        severity=Severity.NOTE,
        where=f"{facts.contents.dist_info}/WHEEL",
        message="a line holds several tags, and each is to have a line of its own",
        evidence=tuple([f"Tag: {line}" for line in lines[:_MOST_LISTED]]),
        hint="build the wheel with a newer backend (older releases of maturin wrote it so)",
    )


def find_needless_platlib(facts: WheelFacts, name: WheelName) -> Iterator[Finding]:
    """Report ``Root-Is-Purelib: false`` where nothing is bound to a platform (TW511)."""
    if (
        facts.is_purelib is not False
        or name.platforms != _FOR_ANY
        or facts.contents.binaries()
    ):
        return
    yield Finding(
        code="TW511",
        severity=Severity.NOTE,
        where=f"{facts.contents.dist_info}/WHEEL",
        message="Root-Is-Purelib: false, but nothing is bound to a platform",
        hint="set tool.scikit-build.wheel.platlib = false, unless it must lie beside a platform's files",
    )


def find_purelib_with_binaries(facts: WheelFacts, name: WheelName) -> Iterator[Finding]:
    """Report ``Root-Is-Purelib: true`` where binaries are loaded (TW511): purelib is for files of any platform.

    A wheel for any platform may choose at run time which of its binaries it loads.
    """
    if not facts.is_purelib or name.platforms == _FOR_ANY:
        return
    loadable = facts.contents.loadable_paths()
    if loadable:
        yield Finding(
            code="TW511",
            severity=Severity.WARNING,
            where=f"{facts.contents.dist_info}/WHEEL",
            message="Root-Is-Purelib: true, but there are binaries",
            evidence=loadable[:_MOST_LISTED],
            hint="set tool.scikit-build.wheel.platlib = true",
        )
