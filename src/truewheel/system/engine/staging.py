"""One build, in order: files that CMake does not make, CMake's steps, and what then lies there for the wheel.

Each question has a file of its own: which CMake (``cmake_program``), which directories (``layout``), what the commands are
told (``cmake_steps``), which files go into the wheel (``gathering``), how an editable install finds its build tree later
(``editable_files``). The build area says when CMake may run (``system/warm/area.py``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from scikit_build_core.settings.skbuild_model import EnvValue, ScikitBuildSettings

from ...model.build_facts import BuildFacts
from ...model.errors import EngineError
from ...model.left_out import phrases_of
from ...model.link_facts import LinkFacts
from ...model.project import Project
from ...model.record import replace
from ...model.request import Request
from ...model.tree import Tree
from ..warm.area import BuildArea
from ..warm.build_tree import libraries
from .cmake_program import find_cmake
from .cmake_steps import CMakeSteps
from .editable_files import RebuildOptions, editable_entries
from .file_api import write_query
from .fingerprint import fingerprint
from .gathering import gather_files, list_files
from .generated_files import (
    copy_licences,
    generate_outputs,
    generate_sources,
    render_message,
)
from .install_manifest import find_installed_files, manifest_times
from .launcher import ANYWHERE, EXACT, launcher_cache_entries
from .layout import plan_layout
from .progress import shown_progress
from .results import Staged
from .step_variables import without_withheld

_HEAD_START = 0.02
"""Seconds that the build tool gets to start before other work competes with starting it."""


class Staging:
    """One build over a build area.

    :param meanwhile: called once in a thread of its own, when the build tool has started and this process has to wait.
    :raises ConfigError: when a setting cannot be honoured.
    :raises EngineError: when no CMake fits.
    """

    def __init__(
        self,
        settings: ScikitBuildSettings,
        request: Request,
        project: Project,
        area: BuildArea,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Find CMake, make the directories, and collect what CMake is told; nothing runs yet."""
        self._request = request
        self._project = project
        self._area = area
        self._meanwhile = meanwhile
        # A first try may have left files there.
        staging = area.empty_staging()
        cmake = find_cmake(settings, request.environ)
        self._layout = plan_layout(
            settings,
            request.product,
            project.name,
            staging=staging,
            default_build_dir=area.build_dir,
        )
        self._settings = settings
        self._cache_entries: dict[str, str | Path] = {}
        self._steps: CMakeSteps | None = None
        self._generated: list[str] = []
        self._notes: tuple[str, ...] = ()
        if cmake is not None:
            self._tell_cmake()
            self._steps = CMakeSteps(
                cmake=cmake,
                settings=self._settings,
                layout=self._layout,
                product=request.product,
                project=project,
                cache_entries=self._cache_entries,
            )

    def run(self) -> Staged:
        """Build, and return what there is for the wheel.

        :raises ConfigError: when a setting cannot be honoured.
        :raises EngineError: when CMake or a compiler fails.
        """
        if self._steps is None:
            self._make_plain_files()
            self._area.note_staged(map(os.fspath, self._staged_files()))
            tree = self._gather(RebuildOptions())
            return self._describe(tree, BuildFacts(is_compiled=False))
        with self._shown():
            with self._configuring(self._steps):
                self._make_plain_files()
                plain = [os.fspath(file) for file in self._staged_files()]
                manifests = manifest_times(self._layout.build_dir)
                # Files and manifests that are there before tell what CMake's install step adds.
                self._area.start_watching()
                write_query(self._layout.build_dir)
                builder = self._steps.configure(self._area.watched_variables())
            with self._area.compile() as packed:
                options = self._steps.build_and_install(
                    builder, self._area, when_started=self._start_meanwhile
                )
                installed = find_installed_files(
                    self._layout.build_dir,
                    before=manifests,
                    roots=self._directories_of_the_build(),
                )
                facts = BuildFacts(
                    is_compiled=True,
                    not_installed=self._find_not_installed(len(plain)),
                    outside=installed.outside,
                )
                tree = self._gather(options)
                self._area.note_staged(
                    self._kept_of({*plain, *installed.inside}),
                    installed_at=installed.finished,
                )
                # The area has to know which sources went into the wheel as they are.
                packed += [
                    entry.source
                    for entry in tree.entries
                    if isinstance(entry.source, Path)
                ]
        return self._describe(tree, facts)

    def configure_only(self) -> None:
        """Run CMake's configure step alone, which may write into the source (``sdist.cmake``)."""
        if self._steps is None:
            self._make_plain_files()
            return
        with self._shown(), self._configuring(self._steps):
            self._make_plain_files()
            self._steps.configure({})

    # --- what CMake is told --------------------------------------------------------------------------------------

    def _tell_cmake(self) -> None:
        """Add what truewheel has to say to CMake, unless the project or the user says something else."""
        layout, environ = self._layout, self._request.environ
        self._settings, self._notes = without_withheld(self._settings, environ)
        launchers = launcher_cache_entries(self._project.settings.launcher)
        if launchers:
            # As defaults of the project's own ``env`` table, which the user's environment overrules.
            variables = dict(EXACT)
            # An editable install's objects say where their sources are.
            if not layout.is_editable:
                variables |= ANYWHERE
            values = {name: EnvValue(value) for name, value in variables.items()}
            self._settings = dataclasses.replace(
                self._settings, env={**values, **self._settings.env}
            )
        definitions = self._area.definitions_file(layout.build_dir.absolute())
        cmake = self._settings.cmake
        said_otherwise = " ".join(
            [*cmake.define, *cmake.args, environ.get("CMAKE_ARGS", "")]
        )
        # A name that stands anywhere in what was given may be set there; then it is not ours to say.
        ours: dict[str, str | Path] = {
            "CMAKE_PROJECT_INCLUDE_BEFORE": definitions,
            **launchers,
        }
        for name, value in ours.items():
            if name not in said_otherwise and name not in environ:
                self._cache_entries[name] = value
        if layout.persists:
            self._cache_entries[f"SKBUILD_{layout.targetlib.upper()}_DIR"] = (
                layout.lib_dir
            )

    def _configuring(
        self, steps: CMakeSteps
    ) -> contextlib.AbstractContextManager[None]:
        """Return the block of the build area in which CMake is configured."""
        build_types = self._settings.cmake.build_type
        return self._area.configure(
            self._layout.build_dir,
            fingerprint(
                steps.settings,
                steps.layout,
                steps.project,
                product=steps.product,
                cmake=steps.cmake,
                cache_entries=steps.cache_entries,
            ),
            variant=self._project.variant,
            takes_turns=isinstance(build_types, list) and len(build_types) > 1,
            outlives=self._layout.is_editable and bool(self._settings.editable.rebuild),
            # An editable install is debugged where it was built, and is given to nobody.
            keeps_paths=self._layout.is_editable,
        )

    # --- while CMake runs ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _shown(self) -> Iterator[None]:
        """Show what the tools print, and add it to the error when one of them fails."""
        is_verbose = bool(
            self._settings.build.verbose
        ) or self._settings.logging.level in {"DEBUG", "INFO"}
        try:
            with shown_progress(self._request.environ, verbose=is_verbose) as said:
                yield
        except EngineError as error:
            error.said = tuple(said)
            raise

    def _start_meanwhile(self) -> None:
        """Let other work begin, now that the build tool keeps this process waiting."""
        if self._meanwhile is None:
            return
        waiting = threading.Timer(_HEAD_START, self._meanwhile)
        # A build that fails early does not wait for it.
        waiting.daemon = True
        waiting.start()

    # --- what lies there -----------------------------------------------------------------------------------------

    def _make_plain_files(self) -> None:
        """Put down the files that CMake does not make; its project may use them."""
        layout = self._layout
        copy_licences(self._settings, self._project, layout.wheel_dirs["metadata"])
        self._generated = generate_sources(self._settings, self._project)
        generate_outputs(
            self._settings,
            self._project,
            {"build": layout.build_dir, "install": layout.lib_dir},
        )

    def _staged_files(self) -> Iterator[Path]:
        for root in {*self._layout.wheel_dirs.values(), self._layout.lib_dir}:
            yield from list_files(root)

    def _find_not_installed(self, files_before: int) -> tuple[str, ...]:
        """Return the libraries that were built, when not a single file was installed.

        :param files_before: how many files there were before CMake ran.
        """
        # Counting on from there stops at the first new file, where a wheel may have thousands.
        new_files = itertools.islice(self._staged_files(), files_before, None)
        if next(new_files, None) is not None:
            return ()
        return tuple(libraries(self._layout.build_dir))

    def _kept_of(self, files: set[str]) -> set[str]:
        """Return those files that nothing of ours has removed since they were put down."""
        # Forced files that stay in the source take the places of others.
        if self._layout.redirects and self._settings.wheel.force_include:
            return set()
        return files

    def _directories_of_the_build(self) -> tuple[Path, ...]:
        """Return the directories that files may be installed into without being lost to the wheel."""
        layout = self._layout
        return (
            *layout.wheel_dirs.values(),
            layout.lib_dir,
            layout.install_dir,
            layout.build_dir,
            Path.cwd(),
        )

    def _gather(self, options: RebuildOptions) -> Tree:
        """Return the files of the wheel, with those that an editable install adds."""
        name = self._project.name
        gathered = gather_files(
            self._settings, self._layout, name, generated=self._generated
        )
        self._notes += phrases_of(gathered.left_out)
        entries = list(gathered.entries)
        if self._layout.is_editable:
            # Without CMake there is nothing to rebuild.
            cmake = None if self._steps is None else self._steps.cmake
            entries += editable_entries(
                self._settings,
                self._layout,
                name,
                gathered,
                options=options,
                cmake=cmake,
            )
        return Tree(entries=tuple(entries), purelib=self._layout.targetlib == "purelib")

    def _describe(self, tree: Tree, facts: BuildFacts) -> Staged:
        """Return the result, with what the settings say of the wheel."""
        wheel = self._settings.wheel
        return Staged(
            tree=tree,
            facts=replace(
                facts,
                py_api=wheel.py_api,
                forced_tags=tuple(wheel.tags or ()),
                plain_tags=self._layout.plain_tags,
            ),
            link_facts=self._link_facts(),
            build_tag=str(wheel.build_tag),
            message=render_message(self._settings.messages.after_success),
            notes=self._notes,
        )

    def _link_facts(self) -> Callable[[], LinkFacts]:
        """Return what reads the facts of the links, wherever the process works then."""
        if self._steps is None:
            return LinkFacts
        build_dir = self._layout.build_dir.absolute()
        build_types = self._settings.cmake.build_type
        if isinstance(build_types, str):
            build_types = [build_types]

        def read() -> LinkFacts:
            # Reading it needs modules that other builds do not.
            from .link_facts import read_link_facts

            return read_link_facts(build_dir, build_types)

        return read
