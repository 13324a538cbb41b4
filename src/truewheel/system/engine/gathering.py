"""Which files go into the wheel: what CMake has installed, and package sources that nothing was installed over."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pathspec
from scikit_build_core.build._editable import get_packages
from scikit_build_core.build._pathutil import (
    editable_redirectable,
    iter_force_include,
    packages_to_file_mapping,
    resolve_from_sdist_force_include,
    resolve_wheel_tree,
)
from scikit_build_core.build._scripts import process_script_dir
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.left_out import Reason
from ...model.record import Record
from ...model.tree import Entry, Scheme
from . import adjustments
from .layout import Layout
from .packable import obstacle_to_wheel, unreadable_directories

adjustments.keep_vendored_metadata()
adjustments.pass_over_unreadable_rules()

_COMPILED_PYTHON = frozenset({".pyc", ".pyo"})
LeftOutFiles = list[tuple[str, Reason]]
"""Paths that are not packed, with the reasons; filled while the files are gathered."""


class Gathered(Record):
    """The files of a wheel before an editable install adds its own.

    :param packages: the directory of each package, by its name.
    :param live: for each package source the place it would have in the wheel; an editable install imports them from
        where they are.
    :param left_out: what is not packed although no setting excludes it.
    """

    entries: tuple[Entry, ...]
    packages: Mapping[str, str]
    live: dict[str, str]
    left_out: tuple[tuple[str, Reason], ...]


def gather_files(
    settings: ScikitBuildSettings,
    layout: Layout,
    name: str,
    *,
    generated: Sequence[str] = (),
) -> Gathered:
    """Return the files that CMake has installed and those of the packages.

    :param name: the project's name, of which a package is called when the settings name none.
    :param generated: files that ``generate`` has put into the source.
    """
    packages = get_packages(packages=settings.wheel.packages, name=name)
    found = packages_to_file_mapping(
        packages=packages,
        platlib_dir=layout.lib_dir,
        include=[*settings.sdist.include, *generated],
        src_exclude=settings.sdist.exclude,
        target_exclude=settings.wheel.exclude,
        build_dir=settings.build_dir,
        mode=cast("Any", settings.sdist.inclusion_mode),
    )
    left_out: LeftOutFiles = []
    for folder in packages.values():
        left_out += unreadable_directories(map(Path, found), top=Path(folder))
    sources = _packable_sources(found, left_out)
    # An editable install packs none of the sources, so that nothing of them can be missing.
    if layout.is_editable:
        left_out.clear()
    forced = _copy_forced_files(settings, layout, sources, left_out)
    # Python scripts get the first line that installers replace by the interpreter's path: #!python (PEP 427).
    process_script_dir(layout.wheel_dirs["scripts"])
    # An editable install imports the packages from the source, so that only what CMake has installed is packed.
    entries = tuple(_find_entries(settings, layout, sources, forced, left_out))
    return Gathered(
        entries=entries, packages=packages, live=sources, left_out=tuple(left_out)
    )


def list_files(root: Path) -> Iterator[Path]:
    """Yield all files below ``root``."""
    return (path for path in root.rglob("*") if path.is_file())


def _packable_sources(
    sources: Mapping[str, str], left_out: LeftOutFiles
) -> dict[str, str]:
    """Return the package sources that a wheel can have, by their paths as ``sources`` are."""
    packable: dict[str, str] = {}
    for source, target in sources.items():
        why = obstacle_to_wheel(Path(source))
        if why is None:
            packable[source] = target
        else:
            left_out.append((source, why))
    return packable


def _copy_forced_files(
    settings: ScikitBuildSettings,
    layout: Layout,
    live: dict[str, str],
    left_out: LeftOutFiles,
) -> set[Path]:
    """Put the files of ``wheel.force-include`` over everything else; returns those that were named one by one.

    Those are not touched by ``wheel.exclude``. A redirecting editable install serves what it can from the source: that
    joins ``live`` instead of being copied.
    """
    named: set[Path] = set()
    places = settings.wheel.force_include
    for listed, destination in places.items():
        root, rest = resolve_wheel_tree(
            destination,
            wheel_dirs=layout.wheel_dirs,
            targetlib=layout.targetlib,
            experimental=settings.experimental,
        )
        # In a checkout, a file of sdist.force-include is still where that setting takes it from.
        source = resolve_from_sdist_force_include(listed, settings.sdist.force_include)
        is_file = Path(source).expanduser().is_file()
        may_be_live = layout.redirects and root == layout.staged_lib
        for path, target in iter_force_include(source, rest, root):
            why = obstacle_to_wheel(path)
            if why is not None:
                left_out.append((path.as_posix(), why))
                continue
            if may_be_live and _stays_in_source(
                settings, layout, path, target, live, is_named=is_file
            ):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
            # Whoever names one file means it, whatever a pattern says; of a directory's files some may not be meant.
            if is_file:
                named.add(target.resolve())
    return named


def _stays_in_source(
    settings: ScikitBuildSettings,
    layout: Layout,
    path: Path,
    target: Path,
    live: dict[str, str],
    *,
    is_named: bool,
) -> bool:
    """Whether a forced file needs no copy: it is excluded, or imported from where it lies, and then joins ``live``."""
    place = target.relative_to(layout.staged_lib)
    excluded = pathspec.GitIgnoreSpec.from_lines(settings.wheel.exclude)
    if not is_named and excluded.match_file(place):
        return True
    if not editable_redirectable(path, place):
        return False

    # It takes the place of whatever a package or CMake has put there.
    destination = layout.lib_dir / place
    displaced = [source for source, taken in live.items() if taken == str(destination)]
    for source in displaced:
        del live[source]
    target.unlink(missing_ok=True)
    destination.unlink(missing_ok=True)
    live[str(path)] = str(destination)
    return True


def _find_entries(
    settings: ScikitBuildSettings,
    layout: Layout,
    sources: Mapping[str, str],
    forced: set[Path],
    left_out: LeftOutFiles,
) -> Iterator[Entry]:
    """Yield what was installed or staged, and package sources that nothing was installed over."""
    excluded = pathspec.GitIgnoreSpec.from_lines(settings.wheel.exclude)
    of_packages = {Path(target): Path(source) for source, target in sources.items()}
    roots = {
        Scheme.LIB: layout.staged_lib,
        Scheme.DATA: layout.wheel_dirs["data"],
        Scheme.HEADERS: layout.wheel_dirs["headers"],
        Scheme.SCRIPTS: layout.wheel_dirs["scripts"],
    }
    for scheme, root in roots.items():
        # What was installed wins over the package's own file of that name.
        beside = of_packages if scheme is Scheme.LIB else {}
        # An editable install imports the packages from the source, so that only what CMake has installed is packed.
        found = {} if layout.is_editable else dict(beside)
        found.update(_staged_files(root, found, left_out))
        for target, source in found.items():
            path = target.relative_to(root)
            # Patterns are about the place in the wheel, wherever the file comes from.
            if excluded.match_file(path) and target.resolve() not in forced:
                continue
            why = None
            if _is_compiled_from(target, found) or _is_compiled_from(target, beside):
                why = Reason.BYTE_CODE
            elif scheme is Scheme.LIB and path.parts[0].endswith(".dist-info"):
                why = Reason.TOP_METADATA
            if why is None:
                yield _entry_for(scheme, path, source)
            else:
                left_out.append((path.as_posix(), why))
    # Patterns of wheel.exclude are for what is installed, not for licences and other metadata.
    metadata = layout.wheel_dirs["metadata"]
    for source in list_files(metadata):
        yield _entry_for(Scheme.DIST_INFO, source.relative_to(metadata), source)


def _is_compiled_from(path: Path, files: Mapping[Path, Path]) -> bool:
    """Whether it is byte code that Python writes by itself: of a source beside it, or in ``__pycache__`` (PEP 3147).

    Byte code without a source in the place of a module is what the project imports (PEP 3147, "Case 4: legacy pyc files").
    """
    if path.suffix not in _COMPILED_PYTHON:
        return False
    return path.parent.name == "__pycache__" or path.with_suffix(".py") in files


def _staged_files(
    root: Path, sources: Mapping[Path, Path], left_out: LeftOutFiles
) -> dict[Path, Path]:
    """Return the files below ``root``; a link to a package source that is not staged stands for that source."""
    real = {os.path.realpath(target): source for target, source in sources.items()}
    found: dict[Path, Path] = {}
    for path in root.rglob("*"):
        if path.is_file():
            found[path] = path
        elif path.is_symlink():
            # It leads to where the package's file will be when the wheel is installed; now that one is in the source.
            source = real.get(os.path.realpath(path))
            if source is not None:
                found[path] = source
            elif not path.exists():
                left_out.append((path.relative_to(root).as_posix(), Reason.DANGLING))
    return found


def _entry_for(scheme: Scheme, path: Path, source: Path) -> Entry:
    # One bit is enough: installers make such files executable for everybody.
    is_executable = bool(source.stat().st_mode & 0o100)
    return Entry(
        scheme=scheme,
        path=path.as_posix(),
        source=source.absolute(),
        executable=is_executable,
    )
