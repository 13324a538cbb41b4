"""The files by which an editable install finds its sources and its build tree later.

``redirect``: a finder that knows every module's file, and can have the project rebuilt when it is imported. ``inplace``: a
path file to the package directories. scikit-build-core writes both.
"""

from __future__ import annotations

import json
import os

from scikit_build_core.build._editable import (
    editable_inplace_files,
    editable_redirect_files,
    package_search_dirs,
)
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, Problem
from ...model.record import Record
from ...model.tree import Entry, Scheme
from ..warm import environment
from .gathering import Gathered
from .layout import Layout


class RebuildOptions(Record):
    """What ``cmake --build`` and ``cmake --install`` are told when an editable install is rebuilt."""

    build: tuple[str, ...] = ()
    install: tuple[str, ...] = ()


def editable_entries(
    settings: ScikitBuildSettings,
    layout: Layout,
    name: str,
    gathered: Gathered,
    *,
    options: RebuildOptions,
    cmake: os.PathLike[str] | None,
) -> list[Entry]:
    """Return the files that an editable install adds to the wheel.

    :param name: the project's name.
    :param cmake: the CMake of this build; ``None`` when there is none.
    :raises ConfigError: when ``inplace`` is asked for without a package.
    """
    module = name.replace("-", "_").replace(".", "_")
    if layout.redirects:
        made = editable_redirect_files(
            build_options=list(options.build),
            install_options=list(options.install),
            libdir=layout.lib_dir,
            mapping=gathered.live,
            name=module,
            packages=package_search_dirs(gathered.packages),
            # Without build-dir, the tree lies in an area that is gone when the project is imported.
            reload_dir=layout.build_dir.resolve() if settings.build_dir else None,
            settings=settings,
            # Where a rebuild installs to; else into a directory that it makes for itself.
            install_prefix=os.fspath(layout.install_dir) if layout.persists else None,
        )
    else:
        _require_packages(gathered)
        made = editable_inplace_files(
            name=module,
            packages=gathered.packages,
            package_paths=package_search_dirs(gathered.packages),
            # In place, CMake builds in the source itself.
            source_dir=layout.build_dir.resolve() if cmake is not None else None,
            build_options=list(options.build),
            settings=settings,
        )
    return [
        _entry_of(path, _name_cmake(content, cmake)) for path, content in made.items()
    ]


def _entry_of(path: str, content: bytes) -> Entry:
    return Entry(scheme=Scheme.LIB, path=path, source=content)


def _require_packages(gathered: Gathered) -> None:
    """Raise an error when there is no package that an in-place install could point to."""
    if gathered.packages:
        return
    problem = Problem(
        where="tool.scikit-build.editable.mode",
        message='"inplace" needs at least one package',
    )
    raise ConfigError(
        "an editable install cannot be made",
        problems=[problem],
        hint='use mode = "redirect"',
    )


def _name_cmake(content: bytes, cmake: os.PathLike[str] | None) -> bytes:
    """Have the rebuild on import use the CMake of the kept environment: by then it may be in no PATH."""
    if cmake is None or environment.current() is None:
        return content
    return content.replace(b'"cmake"', json.dumps(os.fspath(cmake)).encode())
