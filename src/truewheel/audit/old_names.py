"""Libraries of a repaired wheel that its files may open by the names that they had before (TW601). Pure.

A repair renames the libraries that it copies, and tells the files that are linked with them. Nobody tells code that opens a
library by its name: it gets nothing, or another library, that of the system.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.renamed_libraries import renamed_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.contents import Contents
    from ..model.renamed_libraries import Renamed


def opened_by_old_name(
    contents: Contents, opens: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Yield a finding for each library that a file may open by its old name.

    :param opens: for each file the names by which it may open libraries.
    """
    # A file that kept the name is found as before.
    present = {_base_name(path) for path in contents.paths()}
    libraries = _libraries_without_their_names(contents)
    needs = _needs_of(contents, opens)
    for path, names in sorted(opens.items()):
        told = set(present)
        for renamed in libraries:
            # Its own name it may print. What it is linked with is loaded by then, and mostly printed, too.
            if renamed.path == path or _base_name(renamed.path) in needs[path]:
                told |= renamed.old
        for renamed in libraries:
            for name in sorted((names & renamed.old) - told):
                told.add(name)
                yield _may_open(path, name, renamed.path)


def _libraries_without_their_names(contents: Contents) -> list[Renamed]:
    """Return the renamed libraries whose SONAME is new as well: one that kept it is found by that once it is loaded.

    Source: ld.so(8).
    """
    known_as: dict[str, set[str | None]] = {}
    for file, binary in contents.binaries():
        known_as[file.path] = {piece.name for piece in binary.slices}
    found: list[Renamed] = []
    for renamed in renamed_libraries(sorted(contents.paths())):
        if renamed.old.isdisjoint(known_as.get(renamed.path, ())):
            found.append(renamed)
    return found


def _needs_of(contents: Contents, paths: Iterable[str]) -> dict[str, set[str]]:
    """Return the libraries that some files are linked with, by the files' paths."""
    found: dict[str, set[str]] = {path: set() for path in paths}
    for file, binary in contents.binaries():
        # Python files open libraries, too, and are linked with none.
        if file.path not in found:
            continue
        for piece in binary.slices:
            found[file.path].update(need.library for need in piece.needs)
    return found


def _base_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def _may_open(path: str, name: str, library: str) -> Finding:
    """Return TW601 for a file that has the old name of a library in it."""
    return Finding(
        code="TW601",
        severity=Severity.WARNING,
        where=path,
        message=f"may open {name} while it runs, and in the wheel that is called {_base_name(library)}",
        evidence=(f"{path} holds the string {name}", f"{library} was renamed"),
        hint=f"if it does, repair the wheel anew with that name kept: --keep-name {name}; "
        "or load the library by its path, before it is asked for",
    )
