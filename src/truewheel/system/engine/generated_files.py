"""Files of a wheel that neither CMake nor a package brings: licences, and what ``generate`` fills in."""

from __future__ import annotations

import difflib
import io
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scikit_build_core._logging import rich_print
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, Problem
from ...model.project import Project

_DEFAULT_LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


def licences(settings: ScikitBuildSettings, project: Project) -> Iterator[Path]:
    """Licence files, from the source directory: ``project.license-files``, else ``wheel.license-files``, else the usual ones.

    :raises ConfigError: when both say which.
    """
    configured = settings.wheel.license_files
    if project.license_files is not None:
        if configured:
            problem = Problem(
                where="tool.scikit-build.wheel.license-files", message="project.license-files is set as well"
            )
            raise ConfigError("licence files are given twice", problems=[problem], hint="remove one of the two")
        yield from map(Path, project.license_files)
        return
    globs = list(_DEFAULT_LICENCES if configured is None else configured)
    if project.license_file is not None:
        globs.append(project.license_file)
    for pattern in globs:
        yield from (p for p in Path().glob(pattern) if p.is_file())


def generate_sources(settings: ScikitBuildSettings, project: Project) -> None:
    """Write the ``generate`` files that belong into the source, which an sdist then holds."""
    for item in settings.generate:
        if item.location == "source":
            write_if_new(Path(item.path), render(item, project))
            if item.path.as_posix() not in settings.sdist.include:
                settings.sdist.include.append(item.path.as_posix())


def render(item: Any, project: Project) -> str:
    """The content of one ``generate`` file.

    :raises ConfigError: when its template names what the metadata do not have.
    """
    text = item.template_path.read_text(encoding="utf-8") if item.template_path else item.template
    try:
        return string.Template(text).substitute(project.template_values)
    except (KeyError, ValueError) as error:
        near = difflib.get_close_matches(str(error).strip("'"), [str(n) for n in project.template_values], n=1)
        problem = Problem(
            where=f"tool.scikit-build.generate ({item.path})",
            message=f"the template names {error}, which is no field of the metadata",
            hint=f"did you mean {near[0]}?" if near else "write $$ for a dollar sign",
        )
        raise ConfigError("a file cannot be generated", problems=[problem]) from None


def write_if_new(path: Path, text: str) -> None:
    """Write, but leave a file alone that says the same: build tools go by time stamps."""
    content = text.encode()
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def rendered(message: str) -> str:
    """A project's message with its placeholders (``{platform}``, ``{bold}`` …) filled in."""
    if not message:
        return ""
    text = io.StringIO()
    rich_print(message, file=text)
    return text.getvalue().rstrip("\n")
