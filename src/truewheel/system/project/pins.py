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
from packaging.version import Version

from ...model.errors import Problem
from ...model.record import NamedTuple

_WHERE = "tool.truewheel.pin"


class Pinned(NamedTuple):
    """``[project]`` with the pins in its dependencies, and what is wrong with them."""

    project: dict[str, Any]
    problems: tuple[Problem, ...]


def pin_dependencies(
    project: Mapping[str, Any], pins: Sequence[str], *, declared: Mapping[str, Any]
) -> Pinned:
    """Return ``[project]`` with a requirement for each pin, as it would be if a provider had filled it in.

    What ``dependencies`` says of a distribution stays, and its markers count for the pin as well: both have to hold.

    :param project: with dynamic fields filled in.
    :param declared: ``[project]`` as the file has it.
    """
    problems = []
    if pins and "dependencies" not in declared.get("dynamic", ()):
        problems.append(
            Problem(
                where=_WHERE,
                message="would change project.dependencies, which are not dynamic",
                hint='add dynamic = ["dependencies"] to [project]; what dependencies lists may stay there (PEP 808)',
            )
        )
    listed = list(_requirements(project.get("dependencies", ())))
    added: list[str] = []
    for name in pins:
        own = [
            one
            for one in listed
            if canonicalize_name(one.name) == canonicalize_name(name)
        ]
        version = _installed_version(name)
        if version is None:
            problems.append(_not_installed(name))
            continue
        problems += [
            _excludes(one, version) for one in own if not _allows(one, version)
        ]
        added += _pins(name, version, own)
    if problems or not added:
        return Pinned(dict(project), tuple(problems))
    dynamic = [field for field in project.get("dynamic", ()) if field != "dependencies"]
    dependencies = [*project.get("dependencies", ()), *added]
    return Pinned({**project, "dynamic": dynamic, "dependencies": dependencies}, ())


def _requirements(dependencies: Any) -> Iterator[Requirement]:
    """Yield what can be read; mistakes in the others are told by pyproject-metadata."""
    for text in dependencies if isinstance(dependencies, list) else ():
        try:
            yield Requirement(text)
        except (InvalidRequirement, TypeError):
            continue


def _pins(name: str, version: Version, own: Sequence[Requirement]) -> list[str]:
    """Return the requirements of one version: one for each marker under which the distribution is required."""
    # A local version (2.5.1+cu121) names one index's build, and the public one takes all of them (PEP 440).
    pin = f"{name}=={version.public}"
    markers = [str(one.marker) if one.marker else "" for one in own] or [""]
    if "" in markers:
        return [pin]
    return [f"{pin} ; {marker}" for marker in dict.fromkeys(markers)]


def _installed_version(name: str) -> Version | None:
    """Return the version of a distribution in the build environment."""
    try:
        return Version(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return None


def _allows(requirement: Requirement, version: Version) -> bool:
    return requirement.specifier.contains(version, prereleases=True)


def _not_installed(name: str) -> Problem:
    return Problem(
        where=_WHERE,
        message=f"{name} is not in the build environment, so nothing was compiled against it",
        hint=f'add "{name}" to build-system.requires',
    )


def _excludes(requirement: Requirement, version: Version) -> Problem:
    name = requirement.name
    return Problem(
        where=_WHERE,
        message=f"{name} {version} is in the build environment, and project.dependencies does not allow it: {requirement}",
        hint=f"require the same versions of {name} in build-system.requires and in project.dependencies",
    )
