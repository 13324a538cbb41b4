"""Where bundled DLLs go, so that Windows finds them: beside the modules that need them, or in a folder that a package names.

Python loads a module with ``LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR``: all that it needs, directly and further on, is looked for in
its own directory first. That works in any package, in a namespace package and without one, and nobody's code is changed. The
price is a copy for each directory with such modules; a DLL is loaded once all the same, for the loader knows DLLs by their
file names. Where copies cost too much, one folder holds them, and packages add it to the directories that are searched.

Evidence, and what speaks for and against: docs/explanation/writing-binaries.md. Pure.
"""

from __future__ import annotations

import posixpath

from ..model.record import Record
from ..model.repair_plan import AddDllDirectory
from .ways import package_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHEAP = 1 << 20
"""Bytes that second copies may take, in all: two of Visual C++'s ``msvcp140.dll`` are half of it."""


class Placement(Record):
    """Where DLLs go.

    :param places: for each DLL the directories that get a copy; ``""`` is the root of what is installed.
    :param dll_directories: what packages have to say, in order of path.
    :param shared: DLLs of which a copy lies where other distributions may put files too. Their file names need the name of
        the distribution, or two wheels own one file, and uninstalling one breaks the other.
    """

    places: dict[str, tuple[str, ...]]
    dll_directories: tuple[AddDllDirectory, ...]
    shared: frozenset[str]


def places_for(
    needy: Mapping[str, frozenset[str]],
    sizes: Mapping[str, int],
    *,
    packages: frozenset[str],
    distribution: str,
) -> Placement:
    """Return where DLLs go.

    A DLL that another one needs has at least that one's directories in ``needy``. So whichever way each is placed, it is found
    for every module.

    :param needy: for each DLL the directories, where they are installed, of the modules that need it, directly or further on.
    :param sizes: of each DLL, in bytes.
    :param packages: directories with an ``__init__.py``. None for a wheel with a ``.pth`` file: it may have modules imported
        from within a package, whose own code does not run then.
    :param distribution: as file names have it; the folder is called ``DISTRIBUTION.libs``.
    """
    folder = f"{distribution}.libs"
    is_cheap = _price(needy, sizes) <= CHEAP
    places = {}
    callers: set[str] = set()
    shared = set()
    for dll, directories in sorted(needy.items()):
        covered: dict[str, str] = {}
        if not is_cheap:
            covered = _covered(directories, packages)
        # One directory needs one copy, wherever it lies.
        if len(covered) < 2:
            covered = {}
        callers.update(covered.values())
        beside = directories - covered.keys()
        # Nobody but this distribution puts files into its folder.
        if not all(package_above(directory, packages) for directory in beside):
            shared.add(dll)
        if covered:
            beside |= {folder}
        places[dll] = tuple(sorted(beside))
    rows = []
    for package in sorted(callers):
        rows.append(_row(package, folder))
    return Placement(
        places=places,
        dll_directories=tuple(rows),
        shared=frozenset(shared),
    )


def _price(
    needy: Mapping[str, frozenset[str]],
    sizes: Mapping[str, int],
) -> int:
    """Return how many bytes second copies take."""
    total = 0
    for dll, directories in needy.items():
        more = len(directories) - 1
        total += more * sizes[dll]
    return total


def _row(
    package: str,
    folder: str,
) -> AddDllDirectory:
    """Return what a package has to say to name a folder at the root."""
    return AddDllDirectory(
        path=posixpath.join(package, "__init__.py"),
        directory=posixpath.relpath(folder, package),
    )


def _covered(
    directories: Iterable[str],
    packages: frozenset[str],
) -> dict[str, str]:
    """Return those directories whose modules are imported after a package's own code, each with its outermost package."""
    packages_above = {
        directory: _outermost_package(directory, packages) for directory in directories
    }
    return {directory: above for directory, above in packages_above.items() if above}


def _outermost_package(
    directory: str,
    packages: frozenset[str],
) -> str | None:
    """Return the outermost directory above one, or itself, whose ``__init__.py`` runs before any module in there.

    >>> _outermost_package("ns/p/q", frozenset({"ns/p", "ns/p/q"}))
    'ns/p'
    >>> _outermost_package("p-stubs", frozenset({"p-stubs"}))
    """
    # What no import statement can name is a folder of data, __init__.py or not.
    if not all(map(str.isidentifier, directory.split("/"))):
        return None
    return package_above(directory, packages)
