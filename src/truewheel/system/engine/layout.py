"""Where one build puts what: its directories, as scikit-build-core's settings and the build area have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from scikit_build_core.build.common_wheel_helpers import (
    get_build_dir,
    get_editable_rebuild_dir,
    get_install_dir,
    get_targetlib,
    get_wheel_tag,
    prepare_editable_rebuild_dir,
    prepare_wheel_dirs,
)
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, Problem
from ...model.record import Record, replace
from ...model.request import Product


class Layout(Record):
    """The directories of one build.

    :param targetlib: ``platlib`` or ``purelib``: the root of the wheel.
    :param plain_tags: the platform tags that scikit-build-core would write, which promise nothing.
    :param tag: the whole tag that it would write, with which ``build-dir`` may be named.
    :param build_dir: CMake's build tree.
    :param wheel_dirs: the staging directories by scheme: ``platlib``, ``scripts``, ``data``, ``headers``, ``metadata``.
    :param install_dir: the prefix of ``cmake --install``.
    :param lib_dir: where importable files are installed: that of ``wheel_dirs``, or one that an editable install keeps.
    :param is_editable: whether it is for an editable install.
    :param redirects: whether that is one whose modules are found by a finder (``editable.mode = "redirect"``).
    :param persists: whether it installs where it will be imported from, so that it can be rebuilt there.
    """

    targetlib: str
    plain_tags: tuple[str, ...]
    tag: str
    build_dir: Path
    wheel_dirs: Mapping[str, Path]
    install_dir: Path
    lib_dir: Path
    is_editable: bool
    redirects: bool
    persists: bool

    @property
    def staged_lib(self) -> Path:
        """The directory whose files come to lie at the root of the wheel."""
        return self.wheel_dirs[self.targetlib]


def plan_layout(
    settings: ScikitBuildSettings,
    product: Product,
    name: str,
    *,
    staging: Path,
    default_build_dir: Path,
) -> Layout:
    """Return the directories of a build, and make those that have to be there before CMake runs.

    :param name: the project's name.
    :param staging: an empty directory.
    :param default_build_dir: CMake's build tree, unless the settings say where it is.
    :raises ConfigError: when an editable install cannot be rebuilt where its files would be.
    """
    # The order is scikit-build-core's own: each of these is an argument of a later one.
    targetlib = get_targetlib(settings)
    tag = get_wheel_tag(settings, targetlib=targetlib)
    state: Any = product.value
    placeholder = canonicalize_name(name).replace("-", "_")
    is_editable = product is Product.EDITABLE
    redirects = is_editable and settings.editable.mode == "redirect"
    build_dir = get_build_dir(
        settings,
        tags=tag,
        state=state,
        editable=is_editable,
        has_cmake=bool(settings.wheel.cmake),
        fallback=default_build_dir,
        name=placeholder,
    )
    wheel_dirs = prepare_wheel_dirs(staging / "wheel", targetlib=targetlib)
    install_dir = get_install_dir(settings, wheel_dirs=wheel_dirs, targetlib=targetlib)
    layout = Layout(
        targetlib=targetlib,
        plain_tags=tuple(tag.archs),
        tag=repr(tag),
        build_dir=build_dir,
        wheel_dirs=wheel_dirs,
        install_dir=install_dir,
        # An editable install that persists gets another one below.
        lib_dir=wheel_dirs[targetlib],
        is_editable=is_editable,
        redirects=redirects,
        persists=redirects and _is_kept(settings),
    )
    if not layout.persists:
        return layout
    kept = get_editable_rebuild_dir(
        settings,
        build_dir=build_dir,
        targetlib=targetlib,
        tags=tag,
        state=state,
        name=placeholder,
    )
    # A directory that the user names may be their source; then it is not emptied unless it is marked as ours.
    prepare_editable_rebuild_dir(kept, guard=bool(settings.editable.rebuild_dir))
    return _install_into(layout, kept)


def _is_kept(settings: ScikitBuildSettings) -> bool:
    """Return whether an editable install is to be rebuilt where it lies, in a build tree that stays."""
    return bool(settings.editable.persistent_install) and bool(settings.build_dir)


def _install_into(layout: Layout, kept: Path) -> Layout:
    """Return the layout of an editable install whose files are imported from where CMake installs them."""
    if not layout.install_dir.is_relative_to(layout.lib_dir):
        problem = Problem(
            where="tool.scikit-build.wheel.install-dir",
            message="lies outside of the package tree, which an editable install with rebuild cannot follow",
        )
        raise ConfigError(
            "a setting cannot be honoured",
            problems=[problem],
            hint="turn editable.rebuild off",
        )
    return replace(
        layout,
        install_dir=kept / layout.install_dir.relative_to(layout.lib_dir),
        lib_dir=kept,
    )
