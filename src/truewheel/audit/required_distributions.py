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

    from ..model.audit import Audit, Linkage
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
    requires: Iterable[str],
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
        uses: dict[str, list[_Use]] = {}
        for link in part.linkage:
            if isinstance(link.source, SuppliedBy):
                uses.setdefault(link.source.distribution, []).append(
                    _Use(link, link.source)
                )
        # Most wheels use none, and to read requirements takes time.
        if not uses:
            continue
        environments = _environments(part.family, part.files[0].cpu)
        required = _all_required(tuple(requires), neighbours, environments)
        for distribution, links in uses.items():
            if _normalised(distribution) not in required:
                yield _unrequired(distribution, links, tuple(requires), where=where)


def _unrequired(
    distribution: str, uses: Sequence[_Use], requires: Iterable[str], *, where: str
) -> Finding:
    """Return TW207."""
    link, source = uses[0]
    evidence = [
        f"{link.file} needs {link.need.library}, which is {source.path} of {distribution} {source.version}"
    ]
    if len(uses) > 1:
        evidence.append(f"and {len(uses) - 1} more")
    # Those that there are do not hold: they name an extra, or another platform.
    conditional = [
        text for text in requires if _name_in(text) == _normalised(distribution)
    ]
    evidence += [f"Requires-Dist: {text}" for text in conditional]
    only = "only under a condition" if conditional else "not at all"
    return Finding(
        code="TW207",
        severity=Severity.WARNING,
        where=where,
        message=f"{distribution} supplies a library of this wheel, and is required {only}",
        evidence=tuple(evidence),
        hint=f'in [project]: dependencies = ["{distribution}=={source.version}"], or a range that has the same ABI',
    )


def _all_required(
    requires: Iterable[str],
    neighbours: Sequence[Neighbour],
    environments: Sequence[Mapping[str, str]],
) -> frozenset[str]:
    """Return the normalised names of everything that is installed with a wheel, as far as it is known."""
    by_name: dict[str, Neighbour] = {
        _normalised(one.distribution): one for one in neighbours
    }
    found: set[tuple[str, str]] = set()
    waiting = [(text, "") for text in requires]
    while waiting:
        text, extra = waiting.pop()
        requirement = _parsed(text)
        if requirement is None or not _may_hold(requirement, environments, extra):
            continue
        name = _normalised(requirement.name)
        # Requirements with an extra are those of the distribution itself, and more.
        for asked in ("", *sorted(requirement.extras)):
            if (name, asked) not in found:
                found.add((name, asked))
                theirs = by_name[name].requires if name in by_name else ()
                waiting += [(text, asked) for text in theirs]
    return frozenset(name for name, _ in found)


def _may_hold(
    requirement: Requirement, environments: Sequence[Mapping[str, str]], extra: str
) -> bool:
    """Return whether a requirement holds in one of the environments."""
    marker = requirement.marker
    if marker is None:
        return True
    return any(marker.evaluate({**one, "extra": extra}) for one in environments)


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


def _name_in(text: str) -> str:
    requirement = _parsed(text)
    return "" if requirement is None else _normalised(requirement.name)


def _normalised(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
