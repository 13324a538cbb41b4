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
from pyproject_metadata.constants import KNOWN_PROJECT_FIELDS, PROJECT_DYNAMIC_STATIC, PROJECT_TO_METADATA
from pyproject_metadata.errors import ConfigurationError

from ...model import variants
from ...model.errors import ConfigError, Problem
from ...model.project import Project
from ...model.request import Product, Request
from ...model.settings import Settings
from ...model.variants import Variant
from ...project_settings import schema
from ..engine import Engine
from .pyproject_toml import read_settings


def read_project(table: Mapping[str, Any], request: Request, engine: Engine) -> Project:
    """The project with its metadata resolved.

    :raises ConfigError: with every mistake in ``[project]`` and ``[tool.truewheel]`` at once.
    """
    settings, problems = read_settings(table, request)
    variant, wrong = _variant(settings, table, request)
    resolved = engine.project_table()
    metadata, more = _metadata(table, resolved, request, engine)
    mistakes = [*problems, *wrong, *more]
    if metadata is None or mistakes:
        raise ConfigError(schema.headline(mistakes), problems=mistakes)
    raw_version = _raw_version(resolved, metadata, engine)
    message = metadata.as_rfc822()
    message.replace_header("Version", raw_version)
    return Project(
        name=metadata.name,
        version=str(metadata.version),
        raw_version=raw_version,
        metadata=bytes(message),
        entry_points=_entry_points(metadata),
        license_files=None if metadata.license_files is None else tuple(p.as_posix() for p in metadata.license_files),
        license_file=_license_file(metadata, request.source),
        template_values={**dataclasses.asdict(metadata), "raw_version": raw_version},
        settings=settings,
        variant=variant,
        variant_json=b"" if variant is None else variants.text_of(variant, table["variant"]),
    )


def _variant(
    settings: Settings, table: Mapping[str, Any], request: Request
) -> tuple[Variant | None, tuple[Problem, ...]]:
    """The declared variant. An editable install and an sdist are none: nobody chooses between several of them."""
    if request.product in (Product.EDITABLE, Product.METADATA_EDITABLE, Product.SDIST):
        return None, ()
    return variants.declared(settings.variant_label, settings.variant, table.get("variant"))


def _metadata(
    table: Mapping[str, Any], resolved: Mapping[str, Any], request: Request, engine: Engine
) -> tuple[StandardMetadata | None, list[Problem]]:
    whole = {**table, "project": dict(resolved)}
    dynamic = sorted(m for f in engine.dynamic_fields() for m in PROJECT_TO_METADATA[f])
    lenient = not engine.is_at_least("0.10")
    extra = (None if engine.strict else False) if lenient else not engine.strict
    try:
        metadata = StandardMetadata.from_pyproject(
            whole, request.source, dynamic_metadata=dynamic, all_errors=True, allow_extra_keys=extra
        )
    except Exception as error:  # ConfigurationError, or a group of them: a backport class on 3.10
        found = list(_problems(error, table))
        if not found:
            raise
        return None, found
    return metadata, list(_finish(metadata, table, engine))


def _finish(metadata: StandardMetadata, table: Mapping[str, Any], engine: Engine) -> Iterable[Problem]:
    """What depends on ``minimum-version``, and what pyproject-metadata leaves to its callers."""
    if metadata.version is None:
        yield Problem(
            where="project.version",
            message="is missing",
            hint='write version = "…", or list it in dynamic and name a provider in [[tool.dynamic-metadata]]',
        )
        return
    project = table["project"]
    metadata.dual_dynamic = {
        f for f in project.get("dynamic", []) if isinstance(f, str) and f in project and f in PROJECT_DYNAMIC_STATIC
    }
    if not engine.is_at_least("0.5"):
        metadata.name = metadata.canonical_name
    if engine.is_at_least("0.9") and "\n" in (metadata.description or ""):
        yield Problem(where="project.description", message="has several lines; it is a one-line summary")
    if isinstance(metadata.license, str):
        from packaging.licenses import canonicalize_license_expression  # it holds all of SPDX

        metadata.license = canonicalize_license_expression(metadata.license)
    if engine.is_at_least("0.11") and metadata.auto_metadata_version == "2.1":
        metadata.metadata_version = "2.2"


def _problems(error: BaseException, table: Mapping[str, Any]) -> Iterable[Problem]:
    if isinstance(error, ConfigurationError):
        yield Problem(where=error.key or "project", message=str(error).replace("\n", " "), hint=_guess(str(error)))
    for inner in getattr(error, "exceptions", ()):
        yield from _problems(inner, table)


def _guess(message: str) -> str | None:
    """For an unknown key of ``[project]``: what may have been meant."""
    if "Extra keys present in" not in message:
        return None
    names = message.rpartition(":")[2].replace('"', "").replace("'", "").split(",")
    near = {n.strip(): difflib.get_close_matches(n.strip(), KNOWN_PROJECT_FIELDS, n=1) for n in names}
    guesses = [f"did you mean {found[0]} instead of {name}?" for name, found in near.items() if found]
    return " ".join(guesses) or None


def _raw_version(resolved: Mapping[str, Any], metadata: StandardMetadata, engine: Engine) -> str:
    written = resolved.get("version")
    if engine.is_at_least("1.1") and isinstance(written, str) and written.strip():
        return written.strip()
    return str(metadata.version)


def _license_file(metadata: StandardMetadata, source: Path) -> str | None:
    licence = metadata.license
    if licence is None or isinstance(licence, str) or licence.file is None:
        return None
    return Path(os.path.relpath(licence.file, source)).as_posix()


def _entry_points(metadata: StandardMetadata) -> bytes:
    groups = {**metadata.entrypoints, "console_scripts": metadata.scripts, "gui_scripts": metadata.gui_scripts}
    text = ""
    for group, entries in groups.items():
        if entries:
            lines = [f"{name} = {target}\n" for name, target in entries.items()]
            text += f"[{group}]\n{''.join(lines)}\n"
    return text.encode()
