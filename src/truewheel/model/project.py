"""A project: first as its ``pyproject.toml`` stands, then with all metadata resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import Problem
from .record import Record
from .settings import Settings
from .variants import Variant
from .wheel_name import WheelName, dist_info_name, escape

if TYPE_CHECKING:
    from .verdict import Verdict


class ProjectFile(Record):
    """``pyproject.toml`` and what the call says on top of it, read once for each hook.

    :param table: the file, parsed.
    :param settings: ``[tool.truewheel]``, with options and variables on top. One that has a mistake has its default.
    :param mistakes: what is wrong with the settings, to be told together with what is wrong with the metadata.
    """

    table: Mapping[str, Any]
    settings: Settings
    mistakes: tuple[Problem, ...] = ()

    @property
    def may_run_cmake(self) -> bool:
        """Whether CMake may run, as far as the file says by itself (``wheel.cmake`` of scikit-build-core)."""
        wheel = self.table.get("tool", {}).get("scikit-build", {}).get("wheel", {})
        # `false` alone: mistakes in the table are told by scikit-build-core, with all others.
        is_switched_off = isinstance(wheel, dict) and wheel.get("cmake") is False
        return not is_switched_off


class Project(Record):
    """One project, with all metadata resolved.

    :param name: as written in METADATA.
    :param version: normalised (PEP 440).
    :param raw_version: as METADATA has it: calendar versions keep their leading zeros.
    :param metadata: the bytes of METADATA, which are those of PKG-INFO too.
    :param entry_points: the bytes of ``entry_points.txt``; empty when there are none.
    :param license_files: paths from ``project.license-files`` (PEP 639); ``None`` when that field is absent.
    :param license_file: ``project.license.file`` of older projects.
    :param template_values: what ``generate`` templates may name.
    :param variant: what the wheel is a variant for; ``None`` when it is not one.
    :param variant_json: the bytes of ``variant.json``; empty when it is not one.
    """

    name: str
    version: str
    raw_version: str
    metadata: bytes
    entry_points: bytes
    license_files: tuple[str, ...] | None
    license_file: str | None
    template_values: Mapping[str, object]
    settings: Settings
    variant: Variant | None = None
    variant_json: bytes = b""

    @property
    def dist_info(self) -> str:
        """The name of the metadata directory, ``pkg-1.0.dist-info``."""
        return dist_info_name(self.name, self.version)

    def wheel_name(self, verdict: Verdict, *, build: str) -> WheelName:
        """Return the name of the project's wheel with the tags of a verdict.

        :param build: the build tag; usually empty.
        """
        return WheelName(
            name=escape(self.name),
            # A hyphen separates the parts of the name (the binary distribution format, "File name convention").
            version=self.version.replace("-", "_"),
            build=build,
            interpreters=verdict.interpreters,
            abis=verdict.abis,
            platforms=verdict.platforms,
            variant=self.variant.label if self.variant is not None else "",
        )
