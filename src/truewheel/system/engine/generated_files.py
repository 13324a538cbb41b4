"""Files of a wheel that neither CMake nor a package brings: licences, and what ``generate`` fills in."""

from __future__ import annotations

import difflib
import io
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scikit_build_core._logging import rich_print
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, Problem
from ...model.project import Project

_DEFAULT_LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


def find_licences(settings: ScikitBuildSettings, project: Project) -> Iterator[Path]:
    """Yield licence files by their paths from the source directory.

    They are those of ``project.license-files`` (PEP 639), else of ``wheel.license-files``, else the usual ones.

    :raises ConfigError: when both settings say which.
    """
    configured = settings.wheel.license_files
    if project.license_files is not None:
        if configured:
            raise _licences_given_twice_error()
        yield from map(Path, project.license_files)
        return

    # Older projects name one file in project.license.file, which does not keep the usual names from being looked for.
    globs = list(_DEFAULT_LICENCES if configured is None else configured)
    if project.license_file is not None:
        globs.append(project.license_file)
    for pattern in globs:
        yield from (path for path in Path().glob(pattern) if path.is_file())


def _licences_given_twice_error() -> ConfigError:
    """Return the error for licence files that both tables name: PEP 639 has them in ``[project]``."""
    problem = Problem(
        where="tool.scikit-build.wheel.license-files",
        message="project.license-files is set as well",
    )
    return ConfigError(
        "licence files are given twice",
        problems=[problem],
        hint="remove one of the two",
    )


def copy_licences(
    settings: ScikitBuildSettings, project: Project, metadata_dir: Path
) -> None:
    """Put the licence files where PEP 639 wants them: below ``licenses`` of the metadata directory."""
    for path in find_licences(settings, project):
        target = metadata_dir / "licenses" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def generate_sources(settings: ScikitBuildSettings, project: Project) -> list[str]:
    """Write the ``generate`` files that belong into the source; returns their paths, which an sdist has to hold."""
    generated = []
    for item in settings.generate:
        if item.location == "source":
            _write_if_changed(Path(item.path), _render_template(item, project))
            # A project may well have git ignore what is generated.
            generated.append(item.path.as_posix())
    return generated


def generate_outputs(
    settings: ScikitBuildSettings, project: Project, roots: Mapping[str, Path]
) -> None:
    """Write the ``generate`` files that do not belong into the source.

    :param roots: the directories of the locations ``build`` and ``install``.
    """
    for item in settings.generate:
        if item.location != "source":
            _write_if_changed(
                roots[item.location] / item.path, _render_template(item, project)
            )


def render_message(message: str) -> str:
    """Return a message of the project's with its placeholders (``{platform}``, ``{bold}`` …) filled in."""
    if not message:
        return ""
    text = io.StringIO()
    rich_print(message, file=text)
    return text.getvalue().rstrip("\n")


def _render_template(item: Any, project: Project) -> str:
    """Return the content of one ``generate`` file.

    :raises ConfigError: when its template names what the metadata do not have.
    """
    text = (
        item.template_path.read_text(encoding="utf-8")
        if item.template_path
        else item.template
    )
    try:
        return string.Template(text).substitute(project.template_values)
    except (KeyError, ValueError) as error:
        known = [str(name) for name in project.template_values]
        # A KeyError's text is the name in quotes.
        near = difflib.get_close_matches(str(error).strip("'"), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "write $$ for a dollar sign"
        problem = Problem(
            where=f"tool.scikit-build.generate ({item.path})",
            message=f"the template names {error}, which is not a field of the metadata",
            hint=hint,
        )
        raise ConfigError("a file cannot be generated", problems=[problem]) from None


def _write_if_changed(path: Path, text: str) -> None:
    """Write a file, unless it says the same already: build tools go by time stamps."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
