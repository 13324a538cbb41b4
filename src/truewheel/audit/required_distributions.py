"""Whether METADATA requires the distributions whose libraries a wheel uses (TW207). Pure.

A requirement counts when it may hold on the wheel's platform, with some Python. What a required distribution requires in its
turn is installed as well, as far as it is known. Sources: the specifications of dependency specifiers and of core metadata.
"""

from __future__ import annotations

from ..model.audit import SuppliedBy
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple
from .environments import environments_of, environments_on, may_hold, normalised, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..model.audit import Audit, Linkage, PlatformAudit
    from ..model.neighbours import Neighbour


class _Use(NamedTuple):
    """A library of another distribution that a file of the wheel needs."""

    link: Linkage
    source: SuppliedBy


def unrequired_distributions(
    audit: Audit,
    requires: Sequence[str],
    neighbours: Sequence[Neighbour],
    *,
    where: str,
) -> Iterator[Finding]:
    """Yield a finding for each distribution that supplies a library and is not required (TW207).

    :param requires: the wheel's requirements, as METADATA has them.
    :param neighbours: the distributions that are known.
    :param where: the path of METADATA.
    """
    for part in audit.platforms:
        uses = _uses(part)
        # Most wheels use none, and to read requirements takes time.
        if not uses:
            continue
        requires_of = {normalised(one.distribution): one.requires for one in neighbours}
        required = all_required(requires, requires_of, environments_of(part))
        known = requires_of.keys()
        unknown = sorted(required - known)
        for distribution, links in uses.items():
            if normalised(distribution) not in required:
                yield _unrequired(distribution, links, requires, unknown, where=where)


def is_required(
    distribution: str,
    requires: Sequence[str],
    neighbours: Sequence[Neighbour],
    *,
    families: Iterable[str],
    cpu: str,
) -> bool:
    """Return whether a distribution is installed with a wheel, on all of its platforms, as far as it is known.

    :param families: the platforms of the wheel; with none, no requirement under a condition counts.
    """
    wanted = normalised(distribution)
    requires_of = {normalised(one.distribution): one.requires for one in neighbours}
    each = [environments_on(family, cpu) for family in families] or [()]
    return all(
        wanted in all_required(requires, requires_of, environments)
        for environments in each
    )


def _uses(part: PlatformAudit) -> dict[str, list[_Use]]:
    """Return the libraries of other distributions that are needed, by distribution."""
    found: dict[str, list[_Use]] = {}
    for link in part.linkage:
        source = link.source
        if isinstance(source, SuppliedBy):
            found.setdefault(source.distribution, []).append(_Use(link, source))
    return found


def _unrequired(
    distribution: str,
    uses: Sequence[_Use],
    requires: Iterable[str],
    unknown: Sequence[str],
    *,
    where: str,
) -> Finding:
    """Return TW207.

    :param unknown: distributions that are required, and of which nobody has said what they require.
    """
    (link, source), *others = uses
    evidence = [
        f"{link.file} needs {link.need.library}, which is {source.path} of {distribution} {source.version}"
    ]
    if others:
        evidence.append(f"and {len(others)} more")
    manner = "nothing that is known requires it"
    for text in requires:
        requirement = parsed(text)
        if requirement is None:
            continue
        # It does not hold here: it names an extra, or another platform.
        if normalised(requirement.name) == normalised(distribution):
            evidence.append(f"Requires-Dist: {text}")
            manner = "it is required only under a condition"
    # One of them may require it: torch requires nvidia's distributions through cuda-toolkit.
    if unknown:
        evidence.append(f"not known are the requirements of {', '.join(unknown)}")
    return Finding(
        code="TW207",
        severity=Severity.WARNING,
        where=where,
        message=f"{distribution} supplies a library of this wheel, and {manner}",
        evidence=tuple(evidence),
        hint=f'in [project]: dependencies = ["{distribution}=={source.version}"], or a range that has the same ABI',
    )


def all_required(
    requires: Iterable[str],
    requires_of: Mapping[str, Iterable[str]],
    environments: Sequence[Mapping[str, str]],
) -> frozenset[str]:
    """Return the normalised names of everything that is installed with a wheel, as far as it is known.

    :param requires_of: what distributions require themselves, by their normalised names.
    """
    found: set[tuple[str, str]] = set()
    # Each with the extra of its distribution under which it is asked for.
    waiting = [(text, "") for text in requires]
    while waiting:
        text, extra = waiting.pop()
        requirement = parsed(text)
        if requirement is None or not may_hold(requirement, environments, extra):
            continue
        name = normalised(requirement.name)
        # An extra adds to what the distribution requires anyway.
        for asked in ("", *requirement.extras):
            if (name, asked) in found:
                continue
            found.add((name, asked))
            for inner in requires_of.get(name, ()):
                waiting.append((inner, asked))
    return frozenset(name for name, _ in found)
