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
from . import adjustments
from .results import SdistMember

adjustments.keep_vendored_metadata()
adjustments.pass_over_unreadable_rules()


def find_sdist_members(
    settings: ScikitBuildSettings, generated: Sequence[str]
) -> Iterator[SdistMember]:
    """Yield the files of the sdist besides PKG-INFO, in order.

    :param generated: files that ``generate`` has put into the source; they belong to it, even where git ignores them.
    :raises ConfigError: on ``resolve-symlinks = "error"`` with links.
    """
    rules = settings.sdist
    mode = cast("Any", rules.resolve_symlinks)
    excluded = list(rules.exclude)
    # What front ends leave at the top of a source is not the project's. In that mode patterns name all that there is.
    if rules.inclusion_mode != "explicit":
        excluded.append(f"/{adjustments.METADATA_PATTERN}")
    paths = sorted(
        each_unignored_file(
            Path(),
            include=[*rules.include, *generated],
            exclude=excluded,
            build_dir=settings.build_dir,
            mode=cast("Any", rules.inclusion_mode),
            resolve_symlinks=mode,
            yield_loop_symlinks=True,
        ),
        key=Path.as_posix,
    )
    # The order of members must depend neither on the file system nor on how a system compares paths: Windows ignores case.
    forced = sorted(_forced_files(settings), key=lambda pair: pair[1].as_posix())
    if mode == "error":
        listed = [Path(source).expanduser() for source in rules.force_include]
        _reject_links([*paths, *(source for source, _ in forced), *listed])
    for path in paths:
        yield SdistMember(
            name=path.as_posix(),
            source=path.absolute(),
            dereference=_stores_target(path, mode),
        )
    for source, target in forced:
        yield SdistMember(
            name=target.as_posix(),
            source=source.absolute(),
            dereference=mode == "all" and source.exists(),
        )


def _forced_files(settings: ScikitBuildSettings) -> Iterator[tuple[Path, Path]]:
    """Yield the files of ``sdist.force-include`` with their places; members of a directory can still be excluded."""
    excluded = pathspec.GitIgnoreSpec.from_lines(settings.sdist.exclude)
    for source, destination in settings.sdist.force_include.items():
        is_file = Path(source).expanduser().is_file()
        for path, target in iter_force_include(source, destination, Path()):
            if is_file or not excluded.match_file(target):
                yield path, target


def _stores_target(path: Path, mode: str) -> bool:
    """Whether the content of a link goes into the sdist, and not the link (``sdist.resolve-symlinks``)."""
    # A link that leads nowhere, or to a directory, is stored as it is.
    if not path.is_symlink() or not path.exists() or path.is_dir():
        return False
    if mode == "external":
        return bool(symlink_escapes(path))
    return mode == "all"


def _reject_links(paths: Sequence[Path]) -> None:
    """Raise an error that names every symbolic link among ``paths``."""
    problems = []
    # A forced file may be among the others as well.
    for path in dict.fromkeys(paths):
        if path.is_symlink():
            message = f"{path} -> {path.readlink()}"
            problems.append(
                Problem(
                    where="tool.scikit-build.sdist.resolve-symlinks", message=message
                )
            )
    if problems:
        raise ConfigError(
            "the source distribution would hold symbolic links",
            problems=problems,
            hint="exclude each link with sdist.exclude and force-include its target, or choose another mode",
        )
