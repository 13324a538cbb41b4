"""Which files an sdist holds, after ``[tool.scikit-build.sdist]``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pathspec
from scikit_build_core.build._file_processor import each_unignored_file, symlink_escapes
from scikit_build_core.build._pathutil import iter_force_include
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, Problem
from .results import SdistMember


def members(settings: ScikitBuildSettings) -> Iterator[SdistMember]:
    """The files of the sdist besides PKG-INFO, in order.

    :raises ConfigError: on ``resolve-symlinks = "error"`` with links.
    """
    rules = settings.sdist
    mode = cast("Any", rules.resolve_symlinks)
    paths = sorted(
        each_unignored_file(
            Path(), include=rules.include, exclude=rules.exclude, build_dir=settings.build_dir,
            mode=cast("Any", rules.inclusion_mode), resolve_symlinks=mode, yield_loop_symlinks=True,
        )
    )  # fmt: skip
    forced = sorted(_forced(settings), key=lambda pair: pair[1])
    if mode == "error":
        _reject_links([*paths, *(source for source, _ in forced), *(Path(s).expanduser() for s in rules.force_include)])
    for path in paths:
        yield SdistMember(name=path.as_posix(), source=path.absolute(), dereference=_follows(path, mode))
    for source, target in forced:
        yield SdistMember(name=target.as_posix(), source=source.absolute(), dereference=mode == "all")


def _forced(settings: ScikitBuildSettings) -> Iterator[tuple[Path, Path]]:
    """Files of ``sdist.force-include``; members of a directory can still be excluded."""
    excluded = pathspec.GitIgnoreSpec.from_lines(settings.sdist.exclude)
    for source, destination in settings.sdist.force_include.items():
        named = Path(source).expanduser().is_file()
        for path, target in iter_force_include(source, destination, Path()):
            if named or not excluded.match_file(target):
                yield path, target


def _follows(path: Path, mode: str) -> bool:
    if not path.is_symlink() or not path.exists() or path.is_dir():
        return False
    return mode == "all" or (mode == "external" and symlink_escapes(path))


def _reject_links(paths: Sequence[Path]) -> None:
    links = [p for p in dict.fromkeys(paths) if p.is_symlink()]
    if links:
        raise ConfigError(
            "the source distribution would hold symbolic links",
            problems=[
                Problem(where="tool.scikit-build.sdist.resolve-symlinks", message=f"{p} -> {p.readlink()}")
                for p in links
            ],
            hint="exclude each link with sdist.exclude and force-include its target, or choose another mode",
        )
