"""Libraries of a repaired wheel that its files may open by the names that they had before (TW601). Pure.

A repair renames the libraries that it copies, and tells the files that are linked with them. Nobody tells code that opens a
library by its name: it gets nothing, or another library, that of the system.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.renamed_libraries import renamed_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..model.contents import Contents


def opened_by_old_name(
    contents: Contents, opens: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Yield a finding for each library that a file may open by its old name.

    :param opens: for each file the names by which it may open libraries.
    """
    present = {path.rpartition("/")[2] for path in contents.paths()}
    known_as = {
        file.path: {piece.name for piece in binary.slices}
        for file, binary in contents.binaries()
    }
    # One that kept its SONAME is found by that once it is loaded (ld.so(8)).
    libraries = [
        renamed
        for renamed in renamed_libraries(sorted(contents.paths()))
        if renamed.old.isdisjoint(known_as.get(renamed.path, ()))
    ]
    needs = {
        file.path: {need.library for piece in binary.slices for need in piece.needs}
        for file, binary in contents.binaries()
        if file.path in opens
    }
    for path, names in sorted(opens.items()):
        told: set[str] = set()
        for renamed in libraries:
            base = renamed.path.rpartition("/")[2]
            # Its own name it may print. What it is linked with is loaded by then, and mostly printed, too.
            if renamed.path == path or base in needs.get(path, ()):
                told |= renamed.old
        for renamed in libraries:
            # A file that kept the name is found as before.
            for name in sorted((names & renamed.old) - told - present):
                told.add(name)
                yield _may_open(path, name, renamed.path)


def _may_open(path: str, name: str, library: str) -> Finding:
    """Return TW601 for a file that has the old name of a library in it."""
    return Finding(
        code="TW601",
        severity=Severity.WARNING,
        where=path,
        message=f"may open {name} while it runs, and in the wheel that is called {library.rpartition('/')[2]}",
        evidence=(f"{path} holds the string {name}", f"{library} was renamed"),
        hint=f"if it does, repair the wheel anew with that name kept: --keep-name {name}; "
        "or load the library by its path, before it is asked for",
    )
