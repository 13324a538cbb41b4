"""The CMake engine: everything that truewheel asks of scikit-build-core, and the only room that imports it.

The pieces used are those its hatchling plugin is made of (``SettingsReader``, ``GetRequires``, ``CMake``,
``build.common_wheel_helpers``) and what packages a tree beside them. They carry no promise of stability, so
``tests/system/engine/test_engine.py`` pins each of them, and none of its classes leaves this room: out go trees, tables and
strings. Nothing here decides what a wheel is called.

Here are the settings, and what they say of requirements and metadata; what a build takes beyond that is imported when
there is one, for front ends call two hooks before.
"""

from __future__ import annotations

from . import unread  # first, for it decides what scikit-build-core's modules load

# isort: split

import contextlib
import copy
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from packaging.version import Version
from scikit_build_core import program_search
from scikit_build_core.build._init import setup_logging
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings
from scikit_build_core.settings.skbuild_read_settings import SettingsReader

from ...model.errors import ConfigError, EngineError, Problem
from ...model.project import Project
from ...model.request import Product, Request
from .error_translation import WRONG, complaints, provider_errors, without_idle_advice, wrong_values
from .results import SdistPlan, Staged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..warm.area import BuildArea
    from . import staging

__all__ = ["Engine", "SdistPlan", "Staged", "unread"]

State = Literal["sdist", "wheel", "editable", "metadata_wheel", "metadata_editable"]
Table = dict[str, Any]

_OURS = "truewheel."
"""Prefix of the config settings that are not the engine's."""
_IMPORT_NAMES = ("import-names", "import-namespaces")
"""Fields that scikit-build-core fills in from the packages of the wheel (PEP 794)."""
# A machine under load, or a disk that sleeps, may take longer than five seconds to start CMake; to do without is no answer.
program_search.BASE_TIMEOUT = max(program_search.BASE_TIMEOUT, 60)


class Engine:
    """scikit-build-core at work on one request: reads the settings once, then answers and builds.

    :param pyproject: the parsed ``pyproject.toml``; not changed.
    :param retry: whether a build failed before, so that overrides on ``if.failed`` hold.
    :raises ConfigError: when ``[tool.scikit-build]``, an option or an ``SKBUILD_*`` variable is wrong.
    """

    def __init__(self, request: Request, pyproject: Mapping[str, Any], *, retry: bool = False) -> None:
        self._request = request
        self._pyproject = _with_minimum_version(pyproject)
        self._state: State = request.product.value
        with _in(request.source), complaints(WRONG):
            with wrong_values(request), without_idle_advice():
                self._reader = SettingsReader(self._pyproject, _theirs(request), state=self._state, retry=retry)
            self._settings: ScikitBuildSettings = self._reader.settings
            setup_logging(self._settings.logging.level)
            self._reject_unknown()
            self._reader.validate_may_exit()
        self._reject_unsupported()

    @property
    def retries(self) -> bool:
        """Whether an override on ``if.failed`` is in force; only so when this is the retry."""
        return "failed" in self._reader.overrides

    def _reject_unknown(self) -> None:
        """Unknown keys, each with the place where it stands; what ``strict-config = false`` lets pass, passes."""
        if self._settings.strict_config and list(self._reader.unrecognized_options()):
            from .settings_errors import unknown

            raise ConfigError("unknown settings for the build engine", problems=unknown(self._reader))

    def _reject_unsupported(self) -> None:
        """What cannot be honoured is an error that names it."""
        settings = self._settings
        variants = {
            "variant": settings.variant, "variant-name": settings.variant_name,
            "null-variant": settings.null_variant, "variant-label": settings.variant_label,
        }  # fmt: skip
        if any(variants.values()):
            from .settings_errors import said_by

            problems = [
                Problem(
                    where=said_by(f"tool.scikit-build.{key}", self._request),
                    message="is not how truewheel is told of variants",
                    hint="-Ctruewheel.variant=… and -Ctruewheel.variant-label=…",
                )
                for key, value in variants.items()
                if value
            ]
            raise ConfigError("a setting cannot be honoured", problems=problems, hint="remove it")

    # --- metadata -----------------------------------------------------------------------------------------------

    def project_table(self) -> Table:
        """``[project]`` with every dynamic field filled in by its provider.

        :raises ConfigError: when a provider fails or is not there.
        """
        pyproject = copy.deepcopy(self._pyproject)
        project: Table = pyproject["project"]
        entries = pyproject.get("tool", {}).get("dynamic-metadata", [])
        with _in(self._request.source), provider_errors():
            if self._settings.metadata:
                from scikit_build_core.builder._load_provider import (  # most projects have no providers
                    process_legacy_dynamic_metadata,
                )

                project = dict(process_legacy_dynamic_metadata(project, self._settings.metadata))
            if entries:
                from scikit_build_core.builder._load_provider import process_dynamic_metadata

                project = dict(process_dynamic_metadata(project, entries, self._state))
            dynamic = project.get("dynamic", ())
            if not any(field in dynamic for field in _IMPORT_NAMES):
                return project
            from scikit_build_core.build._import_names import add_dynamic_import_names  # brings pathspec

            return dict(add_dynamic_import_names(project, self._settings))

    def dynamic_fields(self) -> frozenset[str]:
        """``[project]`` fields that may differ between the sdist and its wheels (METADATA 2.2); for sdists only."""
        entries = self._pyproject.get("tool", {}).get("dynamic-metadata", [])
        if not entries or self._request.product is not Product.SDIST:
            return frozenset()
        with _in(self._request.source), provider_errors():
            from scikit_build_core.builder._load_provider import dynamic_wheel_fields

            return frozenset(dynamic_wheel_fields(entries))

    def is_at_least(self, version: str) -> bool:
        """Whether behaviour of scikit-build-core ``version`` is wanted: ``minimum-version`` is that, or not set."""
        least = self._settings.minimum_version
        return least is None or least >= Version(version)

    @property
    def strict(self) -> bool:
        """``strict-config``."""
        return bool(self._settings.strict_config)

    # --- requirements -------------------------------------------------------------------------------------------

    def requires(self) -> list[str]:
        """What must be installed to build: cmake and ninja when the system has none that fits, and what metadata
        providers and ``build.requires`` ask for."""
        with _in(self._request.source), complaints("the requirements of the build cannot be found"):
            from scikit_build_core.builder.get_requires import GetRequires  # builds do not ask

            wanted = GetRequires(self._settings, self._reader.dynamic_metadata)
            sdist = self._request.product is Product.SDIST
            cmake = self._settings.sdist.cmake if sdist else self._settings.wheel.cmake
            tools = [*wanted.cmake(), *wanted.ninja()] if cmake else []
            with provider_errors():
                return [*tools, *wanted.dynamic_metadata()]

    # --- building -----------------------------------------------------------------------------------------------

    def stage(self, project: Project, area: BuildArea, *, meanwhile: Callable[[], None] | None = None) -> Staged:
        """Configure, build and install in ``area``, and gather what belongs in the wheel.

        :param area: everything that is made goes there, unless the project's ``build-dir`` says otherwise.
        :param meanwhile: called once in a thread of its own, when the build tool has started and this process has to wait.
        :raises EngineError: when CMake or the compiler fails, or ``fail`` is set.
        """
        with _in(self._request.source), complaints("the build cannot be set up"):
            self._stop_if_told()
            return self._staging(project, area, meanwhile).run()

    def _staging(
        self, project: Project, area: BuildArea, meanwhile: Callable[[], None] | None = None
    ) -> staging.Staging:
        from .staging import Staging

        return Staging(self._settings, self._request.product, project, area, meanwhile)

    def _stop_if_told(self) -> None:
        if self._settings.fail:
            message = self.after_failure
            raise EngineError(
                "the project's settings forbid this build (fail = true)",
                phase="settings",
                context=[message] if message else (),
            )

    @property
    def demanded(self) -> tuple[str, ...]:
        """``wheel.tags``: expanded tags that the project insists on, usually none."""
        return tuple(self._settings.wheel.tags or ())

    @property
    def after_failure(self) -> str:
        """``messages.after-failure``."""
        from .generated_files import rendered

        return rendered(self._settings.messages.after_failure)

    def licence_files(self, project: Project) -> dict[str, bytes]:
        """Licence files by their names below ``.dist-info/licenses``."""
        from .generated_files import licences

        with _in(self._request.source):
            return {p.as_posix(): p.read_bytes() for p in licences(self._settings, project)}

    # --- source distributions -----------------------------------------------------------------------------------

    def plan_sdist(self, project: Project, area: BuildArea) -> SdistPlan:
        """Which files an sdist holds, after ``sdist.cmake`` and ``generate`` have made theirs.

        :raises ConfigError: on ``resolve-symlinks = "error"`` with links, and on missing ``force-include`` sources.
        """
        from .generated_files import generate_sources
        from .sdist_files import members

        with _in(self._request.source), complaints("the source distribution cannot be made"):
            if self._settings.sdist.cmake:
                self._staging(project, area).configure_only()
            generate_sources(self._settings, project)
            return SdistPlan(
                members=tuple(members(self._settings)), reproducible=bool(self._settings.sdist.reproducible)
            )


def _with_minimum_version(pyproject: Mapping[str, Any]) -> Table:
    """``minimum-version = "build-system.requires"`` means the version listed there; without one, the newest."""
    table = copy.deepcopy(dict(pyproject))
    settings = table.get("tool", {}).get("scikit-build", {})
    if settings.get("minimum-version") == "build-system.requires":
        from packaging.requirements import Requirement  # few projects ask
        from packaging.utils import canonicalize_name

        requires = [Requirement(r) for r in table.get("build-system", {}).get("requires", [])]
        if not any(canonicalize_name(r.name) == "scikit-build-core" and r.specifier for r in requires):
            del settings["minimum-version"]
    return table


def _theirs(request: Request) -> dict[str, str | list[str] | bool]:
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in request.config_settings.items() if not k.startswith(_OURS)
    }


@contextlib.contextmanager
def _in(directory: Path) -> Iterator[None]:
    """The engine reads relative paths: be there, and come back."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
