"""Whether METADATA requires the distributions whose libraries a wheel uses (TW207). Pure.

A requirement counts when it may hold on the wheel's platform, with some Python. What a required distribution requires in its
turn is installed as well, as far as it is known. Sources: the specifications of dependency specifiers and of core metadata.
"""

from __future__ import annotations

from ..model.audit import SuppliedBy
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from ..model.audit import Audit, Linkage, PlatformAudit
    from ..model.neighbours import Neighbour

_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
"""Pythons with one of which a requirement has to hold."""
_SYSTEMS = {
    "linux": ("posix", "Linux", "linux"),
    "macos": ("posix", "Darwin", "darwin"),
    "windows": ("nt", "Windows", "win32"),
    "android": ("posix", "Android", "android"),
    "ios": ("posix", "iOS", "ios"),
    "emscripten": ("posix", "Emscripten", "emscripten"),
}
"""``os_name``, ``platform_system`` and ``sys_platform`` of each platform (dependency specifiers, "Environment markers")."""
_WINDOWS_CPUS = {"x86_64": "AMD64", "arm64": "ARM64", "i686": "x86"}
"""``platform_machine`` where it is not the CPU's name in a tag."""


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
        environments = _environments(part.family, part.files[0].cpu)
        required = _all_required(requires, neighbours, environments)
        known = {_normalised(one.distribution) for one in neighbours}
        unknown = sorted(required - known)
        for distribution, links in uses.items():
            if _normalised(distribution) not in required:
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
    wanted = _normalised(distribution)
    each = [_environments(family, cpu) for family in families] or [()]
    return all(
        wanted in _all_required(requires, neighbours, environments)
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
        requirement = _parsed(text)
        if requirement is None:
            continue
        # It does not hold here: it names an extra, or another platform.
        if _normalised(requirement.name) == _normalised(distribution):
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


def _all_required(
    requires: Iterable[str],
    neighbours: Iterable[Neighbour],
    environments: Sequence[Mapping[str, str]],
) -> frozenset[str]:
    """Return the normalised names of everything that is installed with a wheel, as far as it is known."""
    requires_of = {_normalised(one.distribution): one.requires for one in neighbours}
    found: set[tuple[str, str]] = set()
    # Each with the extra of its distribution under which it is asked for.
    waiting = [(text, "") for text in requires]
    while waiting:
        text, extra = waiting.pop()
        requirement = _parsed(text)
        if requirement is None or not _may_hold(requirement, environments, extra):
            continue
        name = _normalised(requirement.name)
        # An extra adds to what the distribution requires anyway.
        for asked in ("", *requirement.extras):
            if (name, asked) in found:
                continue
            found.add((name, asked))
            for inner in requires_of.get(name, ()):
                waiting.append((inner, asked))
    return frozenset(name for name, _ in found)


def _may_hold(
    requirement: Requirement, environments: Sequence[Mapping[str, str]], extra: str
) -> bool:
    """Return whether a requirement holds in one of the environments."""
    if requirement.marker is None:
        return True
    for one in environments:
        # Without an extra, "extra" is empty (dependency specifiers).
        if requirement.marker.evaluate({**one, "extra": extra}):
            return True
    return False


def _environments(family: str, cpu: str) -> tuple[dict[str, str], ...]:
    """Return the values of all markers on a platform, for each Python.

    Every one is given, for packaging would take the others from the machine that this runs on.
    """
    os_name, system, sys_platform = _SYSTEMS[family]
    machine = _WINDOWS_CPUS.get(cpu, cpu) if family == "windows" else cpu
    fixed = {
        "implementation_name": "cpython",
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "sys_platform": sys_platform,
    }
    made = []
    for python in _PYTHONS:
        full = f"{python}.0"
        versions = {
            "python_version": python,
            "python_full_version": full,
            "implementation_version": full,
        }
        made.append({**fixed, **versions})
    return tuple(made)


def _parsed(text: str) -> Requirement | None:
    """Return a requirement; ``None`` for what is not one, which is TW529's to tell."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _normalised(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
