"""A digest of everything that scikit-build-core and CMake are told for one build: with another, CMake configures anew."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import scikit_build_core
from scikit_build_core._compat.importlib.metadata import entry_points
from scikit_build_core.cmake import CMake
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.project import Project
from ...model.request import Product
from .layout import Layout

_ENTRY_POINT_GROUPS = ("cmake.module", "cmake.prefix", "cmake.root")
"""Where installed packages say that their CMake files are (scikit-build-core, "Finding other packages")."""


def fingerprint(
    settings: ScikitBuildSettings,
    layout: Layout,
    project: Project,
    *,
    product: Product,
    cmake: CMake | None,
    cache_entries: Mapping[str, str | Path],
) -> str:
    """Return the digest, in hex.

    :param cache_entries: what truewheel has CMake told.
    """
    told = (
        # Another version may tell CMake something else for the same settings.
        scikit_build_core.__version__,
        sys.executable,
        cmake,
        # All of them: which ones reach CMake is scikit-build-core's to know.
        settings,
        product.value,
        project.name,
        project.raw_version,
        layout,
        cache_entries,
        # They end up in CMAKE_PREFIX_PATH and CMAKE_MODULE_PATH.
        _installed_entry_points(),
        project.variant,
    )
    text = "\0".join(map(repr, told))
    return hashlib.sha256(text.encode()).hexdigest()


def _installed_entry_points() -> list[str]:
    """Return where installed packages say that their CMake files are."""
    found: list[str] = []
    for group in _ENTRY_POINT_GROUPS:
        # scikit-build-core's own function remembers them: finding them reads the files of every installed package.
        found += [
            f"{entry.group} {entry.name} {entry.value}"
            for entry in entry_points(group=group)
        ]
    return sorted(found)
