"""``tool.truewheel.pin``: the run-time requirement of what a wheel is compiled against, with the version that is installed.

METADATA is made by several hooks, each in the same build environment, so that all write the same version.
Source: https://peps.python.org/pep-0808/: a backend may extend a list that is given, when ``dynamic`` names it as well.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ...model.errors import Problem
from ...model.record import NamedTuple
from ...model.request import Product

_WHERE = "tool.truewheel.pin"


class Pinned(NamedTuple):
    """``[project]`` with the pins in its dependencies, and what is wrong with them."""

    project: dict[str, Any]
    problems: tuple[Problem, ...]


def pin_dependencies(
    project: Mapping[str, Any],
    pins: Sequence[str],
    *,
    declared: Mapping[str, Any],
    product: Product,
) -> Pinned:
    """Return ``[project]`` with a requirement for each pin, as it would be if a provider had filled it in.

    What ``dependencies`` says of a distribution stays, and its markers count for the pin as well: both have to hold.

    :param project: with dynamic fields filled in.
    :param declared: ``[project]`` as the file has it.
    :param product: an sdist is not compiled against anything, so that its dependencies stay open.
    """
    dependencies = project.get("dependencies", [])
    # What is not a list is told by pyproject-metadata.
    if not pins or not isinstance(dependencies, list):
        return Pinned(dict(project), ())
    problems = []
    if "dependencies" not in declared.get("dynamic", ()):
        problems.append(
            Problem(
                where=_WHERE,
                message="would change project.dependencies, which are not dynamic",
                hint='add dynamic = ["dependencies"] to [project]; what dependencies lists may stay there (PEP 808)',
            )
        )
    added: list[str] = []
    for name in pins if product is not Product.SDIST else ():
        if not _is_name(name):
            problems.append(_not_a_name(name))
            continue
        own = list(_requirements_of(name, dependencies))
        version = _installed_version(name)
        # Without it, nothing was compiled against it.
        if version is None:
            problems.append(_not_installed(name))
            continue
        for requirement in own:
            if not requirement.specifier.contains(version, prereleases=True):
                problems.append(_not_allowed(requirement, version))
        added += _pins(name, version, own)
    # What a provider has filled in is dynamic no longer.
    dynamic = [field for field in project.get("dynamic", ()) if field != "dependencies"]
    filled = {"dynamic": dynamic, "dependencies": [*dependencies, *added]}
    return Pinned({**project, **filled}, tuple(problems))


def _requirements_of(name: str, dependencies: Sequence[Any]) -> Iterator[Requirement]:
    """Yield the requirements of one distribution."""
    for text in dependencies:
        try:
            requirement = Requirement(text)
        # Mistakes in the list are told by pyproject-metadata.
        except (InvalidRequirement, TypeError):
            continue
        if canonicalize_name(requirement.name) == canonicalize_name(name):
            yield requirement


def _pins(name: str, version: Version, own: Sequence[Requirement]) -> list[str]:
    """Return the requirements of one version: one for each marker under which the distribution is required."""
    # A local version (2.5.1+cu121) names one index's build, and the public one takes all of them (PEP 440).
    pin = f"{name}=={version.public}"
    markers = [str(one.marker) if one.marker else "" for one in own] or [""]
    # Somebody requires it everywhere.
    if "" in markers:
        return [pin]
    return [f"{pin} ; {marker}" for marker in dict.fromkeys(markers)]


def _installed_version(name: str) -> Version | None:
    """Return the version of a distribution in the build environment; ``None`` when there is none that can be required."""
    try:
        return Version(importlib.metadata.version(name))
    # A directory that was left behind has no version, and old distributions have odd ones (PEP 440).
    except (importlib.metadata.PackageNotFoundError, InvalidVersion, TypeError):
        return None


def _is_name(text: str) -> bool:
    """Return whether a text is a distribution's name, without version, extra or marker."""
    try:
        return Requirement(text).name == text.strip()
    except InvalidRequirement:
        return False


def _not_a_name(text: str) -> Problem:
    """Return that a version cannot be given: it is what is installed."""
    return Problem(
        where=_WHERE,
        message=f"{text!r} is not the name of a distribution",
        hint='names alone, pin = ["torch"]: the version is that of the build environment',
    )


def _not_installed(name: str) -> Problem:
    """Return that nobody knows which version is meant."""
    return Problem(
        where=_WHERE,
        message=f"{name} is not in the build environment, so nothing was compiled against it",
        hint=f'add "{name}" to build-system.requires',
    )


def _not_allowed(requirement: Requirement, version: Version) -> Problem:
    """Return that no version could be installed."""
    name = requirement.name
    return Problem(
        where=_WHERE,
        message=f"{name} {version} is in the build environment, and project.dependencies does not allow it: {requirement}",
        hint=f"require the same versions of {name} in build-system.requires and in project.dependencies",
    )
