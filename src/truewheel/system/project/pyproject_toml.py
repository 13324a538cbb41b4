"""``pyproject.toml`` as it stands: the table, what it requires, and our own settings in it. Metadata are
:mod:`~truewheel.system.project.metadata`'s, which takes longer to import, and which not every hook needs.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...model.errors import ConfigError, Problem
from ...model.request import Request
from ...model.settings import Settings
from ...project_settings import schema

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_OURS = "truewheel."


def read_table(source: Path) -> dict[str, Any]:
    """The parsed ``pyproject.toml`` of the project at ``source``.

    :raises ConfigError: when it is missing, is not TOML, or has no ``[project]`` with a name.
    """
    path = source / "pyproject.toml"
    try:
        with path.open("rb") as file:
            table: dict[str, Any] = tomllib.load(file)
    except FileNotFoundError:
        problem = Problem(where="pyproject.toml", message=f"there is none in {source}")
        raise ConfigError(
            "there is no project here", problems=[problem], hint="run this beside pyproject.toml"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "pyproject.toml is not TOML", problems=[Problem(where="pyproject.toml", message=str(error))]
        ) from None
    if not isinstance(table.get("project"), dict):
        problem = Problem(
            where="project", message="the table is missing", hint='add [project] with name = "…" and version = "…"'
        )
        raise ConfigError("pyproject.toml describes no project", problems=[problem], hint=_of_setuptools(source))
    return table


def _of_setuptools(source: Path) -> str | None:
    """What to do about files that another backend would read."""
    names = [name for name in ("setup.cfg", "setup.py") if (source / name).is_file()]
    if not names:
        return None
    verb = "are files" if len(names) > 1 else "is a file"
    return f"{', '.join(names)} {verb} of setuptools, which nobody reads here: move what they say to [project]"


def build_requires(table: Mapping[str, Any]) -> frozenset[str]:
    """Normalised names of what ``build-system.requires`` lists, as far as it can be read."""
    from packaging.requirements import InvalidRequirement, Requirement  # few hooks ask
    from packaging.utils import canonicalize_name

    listed = table.get("build-system", {}).get("requires", [])
    names = set()
    for text in listed if isinstance(listed, list) else ():
        with contextlib.suppress(InvalidRequirement, TypeError):
            names.add(canonicalize_name(Requirement(text).name))
    return frozenset(names)


def read_settings(table: Mapping[str, Any], request: Request) -> tuple[Settings, tuple[Problem, ...]]:
    """``[tool.truewheel]`` with options and variables on top, and all mistakes in them."""
    tools = table.get("tool", {})
    ours = tools.get("truewheel", {})
    options = {k.removeprefix(_OURS): v for k, v in request.config_settings.items() if k.startswith(_OURS)}
    if not isinstance(ours, dict):
        return Settings(), (Problem(where="tool.truewheel", message="is not a table"),)
    settings, problems = schema.read(ours, options, os.environ)
    return settings, (*schema.misspelt_tables(table), *problems)
