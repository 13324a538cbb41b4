"""``pyproject.toml`` as it stands: the table, what it requires, and our own settings in it.

Metadata are read in :mod:`~truewheel.system.project.metadata`, which takes longer to import, and which not every hook needs.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...model.errors import ConfigError, Problem
from ...model.project import ProjectFile
from ...model.request import Request
from ...model.settings import Settings
from ...project_settings import precedence, schema
from ...project_settings.misspellings import misspelt_tables

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_project_file(request: Request) -> ProjectFile:
    """Return what the project's file says, with options and variables of the call on top.

    :raises ConfigError: when it is missing, is not TOML, or has no ``[project]``.
    """
    table = _read_table(request.source)
    settings, mistakes = _read_settings(table, request)
    return ProjectFile(table=table, settings=settings, mistakes=mistakes)


def build_requires(table: Mapping[str, Any]) -> frozenset[str]:
    """Return the normalised names of what ``build-system.requires`` lists, as far as it can be read."""
    from packaging.requirements import InvalidRequirement, Requirement  # few hooks ask
    from packaging.utils import canonicalize_name

    build_system = table.get("build-system", {})
    listed = build_system.get("requires", [])
    # Front ends have checked it (PEP 518); a hook that is called by hand may come without.
    if not isinstance(listed, list):
        return frozenset()
    names = set()
    for text in listed:
        with contextlib.suppress(InvalidRequirement, TypeError):
            names.add(canonicalize_name(Requirement(text).name))
    return frozenset(names)


def _read_table(source: Path) -> dict[str, Any]:
    """Return the parsed ``pyproject.toml`` of the project at ``source``."""
    path = source / "pyproject.toml"
    try:
        with path.open("rb") as file:
            table: dict[str, Any] = tomllib.load(file)
    except FileNotFoundError:
        problem = Problem(where="pyproject.toml", message=f"there is none in {source}")
        hint = "run this beside pyproject.toml"
        raise ConfigError(
            "there is no project here", problems=[problem], hint=hint
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(where="pyproject.toml", message=str(error))
        raise ConfigError("pyproject.toml is not TOML", problems=[problem]) from None
    if not isinstance(table.get("project"), dict):
        problem = Problem(
            where="project",
            message="the table is missing",
            hint='add [project] with name = "…" and version = "…"',
        )
        raise ConfigError(
            "pyproject.toml describes no project",
            problems=[problem],
            hint=_setuptools_hint(source),
        )
    return table


def _setuptools_hint(source: Path) -> str | None:
    """Return what to do about files that another backend would read; ``None`` when there are none."""
    names = [name for name in ("setup.cfg", "setup.py") if (source / name).is_file()]
    if not names:
        return None
    verb = "are files" if len(names) > 1 else "is a file"
    return f"{', '.join(names)} {verb} of setuptools, which nobody reads here: move what they say to [project]"


def _read_settings(
    table: Mapping[str, Any], request: Request
) -> tuple[Settings, tuple[Problem, ...]]:
    """Return ``[tool.truewheel]`` with options and variables on top, and all mistakes in them."""
    # Its mistakes are told by read_project, together with those of the metadata.
    ours = precedence.own_table(table)
    if not isinstance(ours, dict):
        return Settings(), (Problem(where="tool.truewheel", message="is not a table"),)
    options = precedence.own_options(request.config_settings)
    settings, mistakes = schema.read(ours, options, request.environ)
    return settings, (*misspelt_tables(table), *mistakes)
