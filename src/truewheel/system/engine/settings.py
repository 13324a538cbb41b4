"""``[tool.scikit-build]`` as scikit-build-core reads it, and what of it truewheel cannot honour."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from scikit_build_core.build._init import setup_logging
from scikit_build_core.settings.skbuild_read_settings import SettingsReader

from ...model.errors import ConfigError, Problem
from ...model.request import Request
from .error_translation import (
    WRONG_SETTINGS,
    held_back_advice,
    translated_errors,
    translated_value_errors,
)

Table = dict[str, Any]

_OURS = "truewheel."
"""Prefix of the config settings that are not scikit-build-core's."""


def read_settings(request: Request, table: Table, *, retry: bool) -> SettingsReader:
    """Return the reader of scikit-build-core, whose ``settings`` are checked.

    :param table: the parsed ``pyproject.toml``.
    :param retry: whether a build failed before, so that overrides on ``if.failed`` hold.
    :raises ConfigError: when ``[tool.scikit-build]``, an option or an ``SKBUILD_*`` variable is wrong.
    """
    with translated_errors(WRONG_SETTINGS):
        with translated_value_errors(request), held_back_advice():
            reader = SettingsReader(
                table,
                _config_settings_for_engine(request),
                state=request.product.value,
                env=request.environ,
                retry=retry,
            )
        # Before the checks: what they warn of is logged.
        setup_logging(reader.settings.logging.level)
        _reject_unknown_settings(reader)
        # Unknown keys are told first, for one of them may be why a value is missing.
        reader.validate_may_exit()
    _reject_variants(reader, request)
    return reader


def with_minimum_version(table: Mapping[str, Any]) -> Table:
    """Return a copy of the table in which ``minimum-version`` is one that scikit-build-core understands.

    ``minimum-version = "build-system.requires"`` means the version that is listed there. Projects of truewheel list
    truewheel there, and need not list scikit-build-core: then the newest behaviour is wanted.
    """
    copied = copy.deepcopy(dict(table))
    settings = copied.get("tool", {}).get("scikit-build", {})
    if settings.get("minimum-version") != "build-system.requires":
        return copied
    if not _lists_engine(copied.get("build-system", {}).get("requires", [])):
        del settings["minimum-version"]
    return copied


def _lists_engine(requires: list[str]) -> bool:
    """Whether scikit-build-core is among the requirements, with a version."""
    from packaging.requirements import Requirement  # few projects ask
    from packaging.utils import canonicalize_name

    for text in requires:
        requirement = Requirement(text)
        # Without a version it says nothing.
        if (
            canonicalize_name(requirement.name) == "scikit-build-core"
            and requirement.specifier
        ):
            return True
    return False


def _config_settings_for_engine(request: Request) -> dict[str, str | list[str] | bool]:
    """Return the options of the front end that are not truewheel's own."""
    options: dict[str, str | list[str] | bool] = {}
    for name, value in request.config_settings.items():
        if not name.startswith(_OURS):
            options[name] = list(value) if isinstance(value, tuple) else value
    return options


def _reject_unknown_settings(reader: SettingsReader) -> None:
    """Raise an error that names every unknown key, unless ``strict-config = false`` lets them pass."""
    if reader.settings.strict_config and list(reader.unrecognized_options()):
        from .settings_errors import unknown_settings

        raise ConfigError(
            "unknown settings for the build engine", problems=unknown_settings(reader)
        )


def _reject_variants(reader: SettingsReader, request: Request) -> None:
    """Raise an error when a variant is asked for in scikit-build-core's way: truewheel's settings say it."""
    settings = reader.settings
    variants = {
        "variant": settings.variant,
        "variant-name": settings.variant_name,
        "null-variant": settings.null_variant,
        "variant-label": settings.variant_label,
    }
    given = [key for key, value in variants.items() if value]
    if not given:
        return
    from .settings_errors import find_source

    problems = [
        Problem(
            where=find_source(f"tool.scikit-build.{key}", request),
            message="is not how truewheel is told of variants",
            hint="-Ctruewheel.variant=… and -Ctruewheel.variant-label=…",
        )
        for key in given
    ]
    raise ConfigError(
        "a setting cannot be honoured", problems=problems, hint="remove it"
    )
