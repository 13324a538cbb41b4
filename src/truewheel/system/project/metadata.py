"""``pyproject.toml`` → :class:`~truewheel.model.project.Project`: metadata through pyproject-metadata.

The only importer of ``pyproject_metadata``. METADATA made here is the one that ``prepare_metadata_for_build_wheel``,
the wheel and PKG-INFO share.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyproject_metadata import StandardMetadata
from pyproject_metadata.constants import (
    KNOWN_PROJECT_FIELDS,
    PROJECT_DYNAMIC_STATIC,
    PROJECT_TO_METADATA,
)
from pyproject_metadata.errors import ConfigurationError

from ...model.errors import ConfigError, Problem
from ...model.project import Project, ProjectFile
from ...model.request import Product, Request
from ...model.variant_file import variant_file_text
from ...model.variants import Variant
from ...project_settings import schema
from ...project_settings.variants import declared_variant
from ..engine import Engine
from .pins import pin_dependencies


def read_project(
    project_file: ProjectFile, request: Request, engine: Engine
) -> Project:
    """Return the project with its metadata resolved.

    :raises ConfigError: with every mistake in ``[project]`` and ``[tool.truewheel]`` at once.
    """
    table, settings = project_file.table, project_file.settings
    variant, variant_mistakes = _read_variant(project_file, request)
    resolved, pin_mistakes = pin_dependencies(
        engine.project_table(),
        settings.pin,
        declared=table["project"],
        product=request.product,
    )
    may_differ = {"dependencies"} if settings.pin else set()
    metadata, metadata_mistakes = _read_metadata(
        table, resolved, request, engine, may_differ
    )
    mistakes = [
        *project_file.mistakes,
        *variant_mistakes,
        *pin_mistakes,
        *metadata_mistakes,
    ]
    if metadata is None or mistakes:
        raise ConfigError(schema.headline(mistakes), problems=mistakes)
    raw_version = _raw_version(resolved, metadata, engine)
    message = metadata.as_rfc822()
    # pyproject-metadata normalises the version; calendar versions keep their zeros (2024.01).
    message.replace_header("Version", raw_version)
    return Project(
        name=metadata.name,
        version=str(metadata.version),
        raw_version=raw_version,
        metadata=bytes(message),
        entry_points=_entry_points_text(metadata),
        license_files=_license_files(metadata),
        license_file=_license_file(metadata, request.source),
        template_values={**dataclasses.asdict(metadata), "raw_version": raw_version},
        settings=settings,
        variant=variant,
        variant_json=b""
        if variant is None
        else variant_file_text(variant, table["variant"]),
    )


def _read_variant(
    project_file: ProjectFile, request: Request
) -> tuple[Variant | None, tuple[Problem, ...]]:
    """Return the declared variant, and what is wrong with it."""
    # An editable install and an sdist are not variants: nobody chooses between several of them.
    if request.product in (Product.EDITABLE, Product.METADATA_EDITABLE, Product.SDIST):
        return None, ()
    settings = project_file.settings
    return declared_variant(
        settings.variant_label, settings.variant, project_file.table.get("variant")
    )


def _read_metadata(
    table: Mapping[str, Any],
    resolved: Mapping[str, Any],
    request: Request,
    engine: Engine,
    pinned_fields: Iterable[str],
) -> tuple[StandardMetadata | None, list[Problem]]:
    """Return the metadata, and what is wrong with them.

    :param resolved: ``[project]`` with dynamic fields filled in.
    :param pinned_fields: fields that are others in a wheel than in its sdist, because of ``pin``.
    """
    dynamic: set[str] = set()
    is_sdist = request.product is Product.SDIST
    for field in (*engine.dynamic_fields(), *(pinned_fields if is_sdist else ())):
        dynamic.update(PROJECT_TO_METADATA[field])
    try:
        metadata = StandardMetadata.from_pyproject(
            {**table, "project": dict(resolved)},
            request.source,
            dynamic_metadata=sorted(dynamic),
            all_errors=True,
            allow_extra_keys=_allows_extra_keys(engine),
        )
    # ConfigurationError, or a group of them: a backport class on 3.10.
    except Exception as error:
        problems = list(_problems_of(error))
        if not problems:
            raise
        return None, problems
    return metadata, list(_finish(metadata, table, engine))


def _allows_extra_keys(engine: Engine) -> bool | None:
    """Return whether unknown keys of ``[project]`` pass; ``None`` for a warning.

    It is as scikit-build-core has it in the version that is wanted: ``strict-config`` says so from 0.10 on.
    """
    if engine.is_at_least("0.10"):
        return not engine.is_strict
    return None if engine.is_strict else False


def _finish(
    metadata: StandardMetadata, table: Mapping[str, Any], engine: Engine
) -> Iterable[Problem]:
    """Apply what depends on ``minimum-version``, and what pyproject-metadata leaves to its callers.

    Yields what is wrong then.
    """
    if metadata.version is None:
        yield Problem(
            where="project.version",
            message="is missing",
            hint='write version = "…", or list it in dynamic and name a provider in [[tool.dynamic-metadata]]',
        )
        return
    metadata.dual_dynamic = _fields_that_may_grow(table["project"])
    # What follows is as scikit-build-core has it for each minimum-version, so that METADATA stay the same bytes.
    if not engine.is_at_least("0.5"):
        metadata.name = metadata.canonical_name
    description = metadata.description or ""
    if engine.is_at_least("0.9") and "\n" in description:
        yield Problem(
            where="project.description",
            message="has several lines; it is a one-line summary",
        )
    if isinstance(metadata.license, str):
        # It holds all of SPDX.
        from packaging.licenses import canonicalize_license_expression

        metadata.license = canonicalize_license_expression(metadata.license)
    # METADATA 2.2 says which fields are dynamic (PEP 643).
    if engine.is_at_least("0.11") and metadata.auto_metadata_version == "2.1":
        metadata.metadata_version = "2.2"


def _fields_that_may_grow(project: Mapping[str, Any]) -> set[str]:
    """Return the fields that are given and listed in ``dynamic`` as well, which PEP 808 allows for lists and tables."""
    listed = {field for field in project.get("dynamic", []) if isinstance(field, str)}
    return listed & project.keys() & PROJECT_DYNAMIC_STATIC


def _problems_of(error: BaseException) -> Iterable[Problem]:
    """Yield the problems that an exception, or a group of them, tells."""
    if isinstance(error, ConfigurationError):
        message = str(error)
        yield Problem(
            where=error.key or "project",
            message=message.replace("\n", " "),
            hint=_guess_unknown_keys(message),
        )
    # With all_errors, pyproject-metadata raises a group (PEP 654).
    for inner in getattr(error, "exceptions", ()):
        yield from _problems_of(inner)


def _guess_unknown_keys(message: str) -> str | None:
    """Return what may have been meant by unknown keys of ``[project]``, which pyproject-metadata names in a sentence."""
    if "Extra keys present in" not in message:
        return None
    _, _, listed = message.rpartition(":")
    guesses = []
    for quoted in listed.split(","):
        name = quoted.strip().strip("\"'")
        near = difflib.get_close_matches(name, KNOWN_PROJECT_FIELDS, n=1)
        if near:
            guesses.append(f"did you mean {near[0]} instead of {name}?")
    return " ".join(guesses) or None


def _raw_version(
    resolved: Mapping[str, Any], metadata: StandardMetadata, engine: Engine
) -> str:
    """Return the version as METADATA has it: as it is written, from scikit-build-core 1.1 on, else normalised."""
    written = resolved.get("version")
    if engine.is_at_least("1.1") and isinstance(written, str) and written.strip():
        return written.strip()
    return str(metadata.version)


def _license_files(metadata: StandardMetadata) -> tuple[str, ...] | None:
    if metadata.license_files is None:
        return None
    return tuple(path.as_posix() for path in metadata.license_files)


def _license_file(metadata: StandardMetadata, source: Path) -> str | None:
    licence = metadata.license
    # A string is an SPDX expression (PEP 639); the table with a file is the older way.
    if licence is None or isinstance(licence, str) or licence.file is None:
        return None
    return Path(os.path.relpath(licence.file, source)).as_posix()


def _entry_points_text(metadata: StandardMetadata) -> bytes:
    """Return ``entry_points.txt``.

    Source: https://packaging.python.org/en/latest/specifications/entry-points/#file-format
    """
    # The two groups of scripts have tables of their own in [project].
    groups = dict(metadata.entrypoints)
    groups["console_scripts"] = metadata.scripts
    groups["gui_scripts"] = metadata.gui_scripts
    lines = []
    for group, entries in groups.items():
        if entries:
            lines.append(f"[{group}]\n")
            lines += [f"{name} = {target}\n" for name, target in entries.items()]
            lines.append("\n")
    return "".join(lines).encode()
