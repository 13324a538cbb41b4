"""Where the paths of a build lie: in the source, in the build tree, in directories of ours, of the system, or elsewhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...model.record import NamedTuple
from . import build_tree, environment, file_state

_BY_HAND = frozenset({"local", "src"})
"""Directories of ``/usr`` that are no package manager's: people put their own there (hier(7))."""
LOCAL_HEADERS = "/usr/local/include"
"""Where headers stand before the system's by default (GCC manual, "Search Path")."""


class PathRegions(NamedTuple):
    """Where things lie, as texts with which the paths in them begin. (A build has thousands of inputs: :class:`Path` is slow.)

    :param source: the source tree.
    :param build: the build tree, which may lie in the source.
    :param roots: directories outside of the source in which CMake projects of this build stand, and their names from the
        source: ``../``.
    :param homes: directories of truewheel's own, whose paths tell their content: files there need no stamps.
    """

    source: str
    build: str
    roots: tuple[tuple[str, str], ...]
    homes: tuple[str, ...]

    def name(self, path: str) -> str | None:
        """Return the name of a source file; ``None`` when this is none."""
        if path.startswith(self.build):
            return None
        if path.startswith(self.source):
            return path.removeprefix(self.source)
        for root, name in self.roots:
            if path.startswith(root):
                return name + path.removeprefix(root)
        return None

    def root_folders(self) -> Iterator[str]:
        """Yield the directories outside of the source in which CMake projects stand."""
        for root, _ in self.roots:
            yield root.rstrip("/")

    def names(self, paths: Iterable[str]) -> frozenset[str]:
        """Return the names of those paths that are source files."""
        found = map(self.name, paths)
        return frozenset(name for name in found if name is not None)

    def is_outside(self, path: str) -> bool:
        """Return whether a file lies in none of our directories, so that its stamp must be remembered."""
        if path.startswith((self.build, *self.homes)):
            return False
        return self.name(path) is None

    def mark(self, path: str) -> str:
        """Return what tells that a file outside changed: its stamp where that is enough, else its seal."""
        if path.startswith(_packaged_cmake()):
            return file_state.stamp(path)
        # People edit what is installed, and no list of what is installed tells.
        if path.startswith(_site_packages()):
            return file_state.seal(path)
        if path.startswith((self.build, *_system_folders(), *_python_folders())):
            return file_state.stamp(path)
        return file_state.seal(path)

    def is_packaged(self, path: str) -> bool:
        """Return whether a package manager put a file there, so that its size and time tell that it changed."""
        if path.startswith(_packaged_cmake()):
            return True
        # People edit what is installed, and sources may lie anywhere: below /usr/src, for one.
        if path.startswith((self.source, self.build, *_site_packages())):
            return False
        return path.startswith((*_system_folders(), *_standard_library()))

    def is_foreign(self, folder: str) -> bool:
        """Return whether no package manager or cache key tracks this directory."""
        below = with_separator(folder)
        if not self.is_outside(below):
            return False
        if below == with_separator(LOCAL_HEADERS):
            return True
        return not below.startswith((*_system_folders(), *_python_folders()))


def draw_regions(
    build_dir: Path,
    source: Path,
    *,
    roots: Iterable[str],
    homes: Iterable[Path],
) -> PathRegions:
    """Return where the paths of a build lie.

    :param roots: see :func:`find_roots`.
    :param homes: the kept build area, and the kept environment.
    """
    named_roots: list[tuple[str, str]] = []
    for root in roots:
        name = with_separator(os.path.relpath(root, source))
        named_roots.append((with_separator(root), name))
    return PathRegions(
        source=with_separator(source),
        build=with_separator(build_dir),
        roots=tuple(named_roots),
        homes=tuple(map(with_separator, homes)),
    )


def find_roots(build_dir: Path, source: Path, homes: Iterable[Path]) -> tuple[str, ...]:
    """Return directories outside of the source in which CMake projects of this build stand.

    CMake's cache names them (``<name>_SOURCE_DIR``). What lies inside of another one is not listed.
    """
    ours = (
        with_separator(source),
        with_separator(build_dir),
        *map(with_separator, homes),
        *_system_folders(),
    )
    values = build_tree.cache_values(build_dir, r"\w+_SOURCE_DIR|CMAKE_HOME_DIRECTORY")
    outermost: list[str] = []
    # Sorted, a directory comes after those that it lies in.
    for folder in sorted(map(with_separator, values)):
        if not folder.startswith((*ours, *outermost)):
            outermost.append(folder)
    found: list[str] = []
    for folder in outermost:
        root = folder.rstrip("/")
        found.append(root)
    return tuple(sorted(found))


def with_separator(folder: str | Path) -> str:
    """Return a directory as the text with which the paths in it begin."""
    return os.path.join(folder, "")


@functools.cache
def _python_folders() -> tuple[str, ...]:
    """Return what the list of installed distributions, and the interpreter's version, answer for."""
    return tuple(map(with_separator, environment.python_folders()))


@functools.cache
def _standard_library() -> tuple[str, ...]:
    """Return what the interpreter's version answers for: its library and its headers."""
    return tuple(map(with_separator, environment.standard_library()))


@functools.cache
def _site_packages() -> tuple[str, ...]:
    """Return where distributions lie."""
    return tuple(map(with_separator, environment.site_packages()))


@functools.cache
def _packaged_cmake() -> tuple[str, ...]:
    """Return where PyPI's package of CMake lies, whose files are told by size and time.

    It is a program of 20 MB, which takes longer to read than all else here, and a hundred modules. Nobody edits them; with
    another version, all of them have other sizes or times, and the list of what is installed changes.
    """
    sites = environment.site_packages()
    # A link may lead to the environment, while CMake names itself by its real path.
    real = map(os.path.realpath, sites)
    spellings = dict.fromkeys([*sites, *real])
    found: list[str] = []
    for site in spellings:
        folder = os.path.join(site, "cmake", "data", "")
        found.append(folder)
    return tuple(found)


@functools.cache
def _system_folders() -> tuple[str, ...]:
    """Return directories of the system's packages: their stamps are looked at before each build, and what was used of them."""
    with os.scandir("/usr") as entries:
        folders: list[str] = []
        for entry in entries:
            if entry.name not in _BY_HAND:
                folder = with_separator(entry.path)
                folders.append(folder)
    return (
        *folders,
        "/lib/",
        "/lib64/",
        "/System/",
        "/Library/Developer/",
        "/Applications/Xcode",
    )
