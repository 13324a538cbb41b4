"""The CMake engine: everything that truewheel asks of scikit-build-core, in the only room that imports it.

None of its classes leaves this room: out go trees, tables and strings. Nothing here decides what a wheel is called.

**What we use of scikit-build-core's private parts.** It promises no stability for any of them, so the contract test
(``tests/system/engine/test_engine.py``) names each with the parameters that are passed, and fails before users do.

- ``settings``: ``SettingsReader`` and ``ScikitBuildSettings``, with the sources of unknown keys; ``build._init`` for the
  level of logging.
- ``builder``: ``GetRequires``; the loading of metadata providers (``_load_provider``).
- ``build.common_wheel_helpers``: the steps that its hatchling plug-in is made of: directories, configure, build, install.
- ``build._editable``, ``_pathutil``, ``_scripts``, ``_file_processor``, ``_import_names``: what packages a tree beside them.
- ``program_search`` and ``cmake.CMake``: finding CMake. Its time limit is raised, and CMake's file API, which it reads for
  nobody, is left out (``adjustments``).
- ``_logging.rich_print``, which fills in messages; ``_compat.importlib.metadata.entry_points``, which remembers.
- Its words, where it has no other sign of what happened (``error_translation``).

**What we would ask for upstream.**

1. The packaging half of a build as public functions, as the CMake half is already (``common_wheel_helpers``).
2. Exceptions in the place of ``ERROR:`` and an exit, and a ``phase`` on ``FailedLiveProcessError``.
3. Reading CMake's file API only when somebody asks for it.
4. A setting for how long a program may take to tell its version.

Here is the engine of one request; what a build takes beyond settings and metadata is imported when there is one, for front
ends call two hooks before.
"""

from __future__ import annotations

from . import adjustments  # first, for it decides what scikit-build-core's modules load

# isort: split

import contextlib
import copy
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.version import Version

from ...model.errors import ConfigError, EngineError, Problem
from ...model.project import Project
from ...model.request import Product, Request
from ...model.tree import Scheme, Tree
from ...model.wheel_name import VARIANT
from .error_translation import translated_errors, translated_provider_errors
from .results import SdistPlan, Staged
from .settings import Table, read_settings, with_minimum_version
from .step_variables import step_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..warm.area import BuildArea
    from .staging import Staging

__all__ = ["Engine", "SdistPlan", "Staged"]

adjustments.raise_timeout()

_IMPORT_NAMES = frozenset({"import-names", "import-namespaces"})
"""Fields that scikit-build-core fills in from the packages of the wheel (PEP 794)."""
_WRITTEN_BY_BACKEND = frozenset(
    {"METADATA", "WHEEL", "RECORD", "entry_points.txt", VARIANT}
)
"""Files of ``.dist-info`` that cannot come from the build."""


class Engine:
    """scikit-build-core at work on one request: reads the settings once, then answers and builds.

    :param pyproject: the parsed ``pyproject.toml``; not changed.
    :param retry: whether a build failed before, so that overrides on ``if.failed`` hold.
    :raises ConfigError: when ``[tool.scikit-build]``, an option or an ``SKBUILD_*`` variable is wrong.
    """

    def __init__(
        self, request: Request, pyproject: Mapping[str, Any], *, retry: bool = False
    ) -> None:
        self._request = request
        self._pyproject = with_minimum_version(pyproject)
        with _working_in(request.source):
            self._reader = read_settings(request, self._pyproject, retry=retry)
        self._settings = self._reader.settings

    @property
    def retries(self) -> bool:
        """Whether an override on ``if.failed`` is in force; only so when this is the retry."""
        return "failed" in self._reader.overrides

    @property
    def is_strict(self) -> bool:
        """Whether unknown keys are errors (``strict-config``)."""
        return bool(self._settings.strict_config)

    @property
    def forced_tags(self) -> tuple[str, ...]:
        """The expanded tags that the project insists on (``wheel.tags``); usually none."""
        return tuple(self._settings.wheel.tags or ())

    @property
    def message_after_failure(self) -> str:
        """What the project has to say of failures (``messages.after-failure``)."""
        from .generated_files import render_message

        return render_message(self._settings.messages.after_failure)

    def is_at_least(self, version: str) -> bool:
        """Whether behaviour of scikit-build-core ``version`` is wanted: ``minimum-version`` is that, or not set."""
        least = self._settings.minimum_version
        # Without minimum-version, the newest behaviour is wanted.
        return least is None or least >= Version(version)

    # --- metadata -----------------------------------------------------------------------------------------------

    def project_table(self) -> Table:
        """Return ``[project]`` with every dynamic field filled in by its provider.

        :raises ConfigError: when a provider fails or is not there.
        """
        # Providers get the table itself, and may change it.
        pyproject = copy.deepcopy(self._pyproject)
        project: Table = pyproject["project"]
        entries = self._metadata_entries()
        with _working_in(self._request.source), translated_provider_errors():
            # Most projects have no providers, and need not wait for the modules that load them.
            if self._settings.metadata:
                from scikit_build_core.builder._load_provider import (
                    process_legacy_dynamic_metadata,
                )

                project = dict(
                    process_legacy_dynamic_metadata(project, self._settings.metadata)
                )
            if entries:
                from scikit_build_core.builder._load_provider import (
                    process_dynamic_metadata,
                )

                state: Any = self._request.product.value
                project = dict(process_dynamic_metadata(project, entries, state))
            # The module that finds import names brings pathspec with it, a third of the time of prepare_metadata.
            if _IMPORT_NAMES.isdisjoint(project.get("dynamic", ())):
                return project
            from scikit_build_core.build._import_names import add_dynamic_import_names

            return dict(add_dynamic_import_names(project, self._settings))

    def dynamic_fields(self) -> frozenset[str]:
        """Return the ``[project]`` fields that may differ between an sdist and its wheels (METADATA 2.2, PEP 643)."""
        entries = self._metadata_entries()
        if not entries or self._request.product is not Product.SDIST:
            return frozenset()
        with _working_in(self._request.source), translated_provider_errors():
            from scikit_build_core.builder._load_provider import dynamic_wheel_fields

            return frozenset(dynamic_wheel_fields(entries))

    def licence_files(self, project: Project) -> dict[str, bytes]:
        """Return licence files by their names below ``.dist-info/licenses``."""
        from .generated_files import find_licences

        with _working_in(self._request.source):
            return {
                path.as_posix(): path.read_bytes()
                for path in find_licences(self._settings, project)
            }

    def _metadata_entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = copy.deepcopy(
            self._pyproject.get("tool", {}).get("dynamic-metadata", [])
        )
        return entries

    # --- requirements -------------------------------------------------------------------------------------------

    def requires(self) -> list[str]:
        """Return what must be installed to build.

        That is cmake and ninja when the system has none that fits, and what metadata providers and ``build.requires``
        ask for.
        """
        with (
            _working_in(self._request.source),
            translated_errors("the requirements of the build cannot be found"),
        ):
            from scikit_build_core.builder.get_requires import (
                GetRequires,
            )  # builds do not ask

            wanted = GetRequires(self._settings, self._reader.dynamic_metadata)
            # An sdist needs CMake only to have files generated into it.
            builds_sdist = self._request.product is Product.SDIST
            runs_cmake = (
                self._settings.sdist.cmake
                if builds_sdist
                else self._settings.wheel.cmake
            )
            tools = [*wanted.cmake(), *wanted.ninja()] if runs_cmake else []
            with translated_provider_errors():
                return [*tools, *wanted.dynamic_metadata()]

    # --- building -----------------------------------------------------------------------------------------------

    def stage(
        self,
        project: Project,
        area: BuildArea,
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> Staged:
        """Configure, build and install in ``area``, and gather what belongs in the wheel.

        :param area: everything that is made goes there, unless the project's ``build-dir`` says otherwise.
        :param meanwhile: called once in a thread of its own, when the build tool has started and this process has to wait.
        :raises ConfigError: when a setting cannot be honoured, or the build made files that only the backend writes.
        :raises EngineError: when CMake or the compiler fails, or ``fail`` is set.
        """
        with (
            _working_in(self._request.source),
            step_environment(),
            translated_errors("the build cannot be set up"),
        ):
            self._stop_if_told()
            staged = self._staging(project, area, meanwhile).run()
        # After the build area is left: the build itself went well, and can be used again.
        _reject_files_of_the_backend(staged.tree)
        return staged

    def plan_sdist(self, project: Project, area: BuildArea) -> SdistPlan:
        """Return which files an sdist holds, after ``sdist.cmake`` and ``generate`` have made theirs.

        :raises ConfigError: on ``resolve-symlinks = "error"`` with links, and on missing ``force-include`` sources.
        """
        from .generated_files import generate_sources
        from .packable import unreadable_directories
        from .sdist_files import find_sdist_members

        with (
            _working_in(self._request.source),
            step_environment(),
            translated_errors("the source distribution cannot be made"),
        ):
            if self._settings.sdist.cmake:
                self._staging(project, area).configure_only()
            # CMake may have changed what the templates are filled with; and without CMake none were written yet.
            generated = generate_sources(self._settings, project)
            members = tuple(find_sdist_members(self._settings, generated))
            listed = [Path(member.name) for member in members]
            left_out = tuple(unreadable_directories(listed, top=Path()))
        return SdistPlan(
            members=members,
            reproducible=bool(self._settings.sdist.reproducible),
            left_out=left_out,
        )

    def _staging(
        self,
        project: Project,
        area: BuildArea,
        meanwhile: Callable[[], None] | None = None,
    ) -> Staging:
        from .staging import Staging

        return Staging(self._settings, self._request, project, area, meanwhile)

    def _stop_if_told(self) -> None:
        """Raise an error when a setting says that this build is to fail (``fail``)."""
        if not self._settings.fail:
            return
        message = self.message_after_failure
        raise EngineError(
            "the project's settings forbid this build (fail = true)",
            phase="settings",
            context=[message] if message else (),
        )


def _reject_files_of_the_backend(tree: Tree) -> None:
    """Raise an error when the build made files of ``.dist-info`` that the backend writes."""
    metadata = [
        entry.path for entry in tree.entries if entry.scheme is Scheme.DIST_INFO
    ]
    taken = [path for path in metadata if path in _WRITTEN_BY_BACKEND]
    if not taken:
        return
    message = "was put into SKBUILD_METADATA_DIR, but truewheel writes it"
    problems = [Problem(where=path, message=message) for path in taken]
    raise ConfigError(
        "the build made files of .dist-info that are not its own", problems=problems
    )


@contextlib.contextmanager
def _working_in(directory: Path) -> Iterator[None]:
    """Work in a directory, and come back: scikit-build-core reads relative paths."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
