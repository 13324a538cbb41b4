"""CMake's own steps: configure, build, install. scikit-build-core runs the commands; a failure knows its step."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version
from scikit_build_core.build.common_wheel_helpers import (
    build_install_extra_build_types,
    build_wheel,
    configure_wheel,
    editable_rebuild_options,
    install_wheel,
)
from scikit_build_core.cmake import CMake
from scikit_build_core.settings.skbuild_model import EnvValue, ScikitBuildSettings

from ...model.errors import EngineError
from ...model.project import Project
from ...model.record import Record
from ...model.request import Product
from .editable_files import RebuildOptions
from .error_translation import translated_failure
from .layout import Layout

if TYPE_CHECKING:
    from ..warm.area import BuildArea


class CMakeSteps(Record):
    """What the commands of one build are told.

    :param cache_entries: what truewheel has CMake told.
    """

    cmake: CMake
    settings: ScikitBuildSettings
    layout: Layout
    product: Product
    project: Project
    cache_entries: Mapping[str, str | Path]

    def configure(self, variables: Mapping[str, str]) -> Any:
        """Configure; returns scikit-build-core's builder of the build tree.

        :param variables: what programs are told in any case, in this step and in those that follow.
        :raises EngineError: when there is no CMakeLists.txt, or CMake fails.
        """
        # CMake's own message for this names neither pyproject.toml nor the setting.
        listed = Path(self.settings.cmake.source_dir) / "CMakeLists.txt"
        if not listed.is_file():
            raise EngineError(
                f"{listed.as_posix()} is missing",
                phase="configure",
                hint="write one, or set tool.scikit-build.cmake.source-dir to its directory, "
                "or tool.scikit-build.wheel.cmake = false when there is nothing to compile",
            )
        told = self._told_to_every_configure_step()
        # They are no settings of the project's: those are what a tree is known by.
        told["settings"] = dataclasses.replace(
            self.settings, env={**self.settings.env, **_forced(variables)}
        )
        with translated_failure("configure"):
            return configure_wheel(
                cmake=self.cmake, build_dir=self.layout.build_dir, **told
            )

    def build_and_install(
        self, builder: Any, area: BuildArea, *, when_started: Callable[[], None]
    ) -> RebuildOptions:
        """Build and install every build type; returns what an editable install needs to do so again.

        :param area: knows which steps have to be run again.
        :param when_started: called before the build tool is, which then keeps this process waiting.
        :raises EngineError: when a command fails.
        """
        # The process waits from here until the build tool has ended.
        when_started()

        def build(targets: Sequence[str]) -> None:
            with translated_failure("build"):
                builder.config.build(
                    targets=targets, verbose=self.settings.build.verbose
                )

        area.ask_again(build)
        with translated_failure("build"):
            build_wheel(builder)
        while area.must_build_again(build):
            with translated_failure("build"):
                build_wheel(builder)
        with translated_failure("install"):
            install_wheel(
                builder,
                install_dir=self.layout.install_dir,
                editable=self.layout.is_editable,
            )
            # They name the build type of this builder, so they are asked for before other build types take their turns.
            build_options, install_options = editable_rebuild_options(builder)
        # A project may want several build types in one wheel (cmake.build-type is a list then).
        with translated_failure("build"):
            build_install_extra_build_types(
                builder,
                editable=self.layout.is_editable,
                **self._told_to_every_configure_step(),
            )
        return RebuildOptions(
            build=tuple(build_options), install=tuple(install_options)
        )

    def _told_to_every_configure_step(self) -> dict[str, Any]:
        """Return the arguments that each build type is configured with."""
        return {
            "settings": self.settings,
            "wheel_dirs": self.layout.wheel_dirs,
            "install_dir": self.layout.install_dir,
            "state": self.product.value,
            "extra_cache_entries": self.cache_entries,
            "name": self.project.name,
            "version": Version(self.project.version),
            "raw_version": self.project.raw_version,
        }


def _forced(variables: Mapping[str, str]) -> dict[str, EnvValue]:
    """Return variables as scikit-build-core's table of them has it, in the place of others of the same names."""
    found: dict[str, EnvValue] = {}
    for name, value in variables.items():
        found[name] = EnvValue({"default": value, "force": True})
    return found
