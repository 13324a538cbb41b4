"""Which package of the system owns a file, by reading the databases of package managers. No program is run, nothing is written.

A database that is broken, or that we may not read, owns nothing. Files that were built from source belong to no package.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...model.bundled import SystemPackage
from . import apk, conda, dpkg, homebrew, rpm, vcpkg
from .file_system import FileSystem, Owners

_MANAGERS = (
    # Those that install into a directory of their own know it best.
    conda.owners,
    vcpkg.owners,
    homebrew.owners,
    dpkg.owners,
    rpm.owners,
    apk.owners,
)


def find_package(
    path: Path,
    root: Path = Path("/"),
) -> SystemPackage | None:
    """Return the package that a file belongs to, if any. For several files, :func:`find_packages` is quicker.

    :param path: absolute, as the system in ``root`` has it.
    :param root: where its file system begins; that of the system for which is built, when it is another.
    """
    return find_packages([path], root).get(path)


def find_packages(
    paths: Iterable[Path],
    root: Path = Path("/"),
) -> dict[Path, SystemPackage]:
    """Return the packages of those files that belong to one. Each database is read once for all of them."""
    system = FileSystem(root)
    names = {path: system.names_of(path.as_posix()) for path in paths}
    wanted = frozenset[str]().union(*names.values())
    owned: Owners = {}
    for owners in _MANAGERS:
        # Databases of other systems than this one are not there.
        owned = {**owners(system, wanted), **owned}
    found = {}
    for path, its_names in names.items():
        known = [owned[name] for name in its_names if name in owned]
        if known:
            found[path] = known[0]
    return found
