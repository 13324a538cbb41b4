"""Libraries that the loader takes today by a search path of the machine, and for which the wheel has its own of that name.

A repair takes such a search path away, so the file gets the wheel's library from then on. Which of the two was meant, nobody
but its author knows. ELF alone: Mach-O files name the path. Source: ld.so(8). Pure.
"""

from __future__ import annotations

import posixpath

from ..model.audit import ExcludedBy, InWheel
from ..model.record import Record, replace
from ..platforms import platform_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from ..model.audit import Audit, Linkage, LoadableSlice, PlatformAudit
    from ..model.binary import Binary, SearchPath

    class Libraries(Protocol):
        """The machine's files."""

        def locate(self, path: str) -> str | None:
            """Return the file that an absolute path leads to, with links resolved; ``None`` when there is none."""

        def read_library(self, path: str) -> Binary | None:
            """Return the facts of a file; ``None`` when it is not a library that could be read."""


class Replaced(Record):
    """A need that is served by another file after a repair.

    :param file: the file of the wheel that has the need.
    :param library: the name by which it is needed.
    :param outside: what the loader takes today.
    :param rule: of the loader, which leads there.
    :param inside: the file of the wheel.
    """

    file: str
    library: str
    outside: str
    rule: str
    inside: str


def replaced_libraries(audit: Audit, libraries: Libraries) -> Iterator[Replaced]:
    """Yield the needs for which the loader goes by a path of the machine before it comes to the wheel's library."""
    for part in audit.platforms:
        by_file: dict[tuple[str, str], list[Linkage]] = {}
        for link in part.linkage:
            by_file.setdefault((link.file, link.cpu), []).append(link)
        for code in part.files:
            links = by_file.get((code.path, code.cpu), [])
            # Where somebody else supplies a library, search paths stay as they are.
            if any(isinstance(link.source, ExcludedBy) for link in links):
                continue
            for link in links:
                found = _replaced(part, code, link, libraries)
                if found is not None:
                    yield found


def _replaced(
    part: PlatformAudit, code: LoadableSlice, link: Linkage, libraries: Libraries
) -> Replaced | None:
    """Return what one need is served by outside of the wheel; ``None`` when nothing, or the wheel's comes first."""
    source, name = link.source, link.need.library
    if not isinstance(source, InWheel) or source.path == code.path or "/" in name:
        return None
    platform = platform_of(part.family)
    inside = _file_at(part, source.path)
    for search in _search_paths_read(code):
        alone = replace(code, slice=replace(code.slice, search_paths=(search,)))
        if platform.reaches(alone, link.need, inside):
            return None
        if not search.path.startswith("/"):
            continue
        path = libraries.locate(posixpath.join(search.path, name))
        if path is not None and _serves(part, code, path, libraries):
            rule = f"{search.kind} {search.path}"
            return Replaced(
                file=code.path,
                library=name,
                outside=path,
                rule=rule,
                inside=source.path,
            )
    return None


def _file_at(part: PlatformAudit, path: str) -> LoadableSlice:
    for code in part.files:
        if code.path == path:
            return code
    raise LookupError(path)  # the audit led there


def _search_paths_read(code: LoadableSlice) -> list[SearchPath]:
    """Return the search paths of a file that count: a RUNPATH switches off all RPATHs."""
    paths = code.slice.search_paths
    runpaths = list(filter(_is_runpath, paths))
    return runpaths or list(paths)


def _is_runpath(path: SearchPath) -> bool:
    return path.kind == "RUNPATH"


def _serves(
    part: PlatformAudit, code: LoadableSlice, path: str, libraries: Libraries
) -> bool:
    """Return whether a file outside of the wheel is one that the loader takes."""
    platform = platform_of(part.family)
    binary = libraries.read_library(path)
    if binary is None:
        return False
    # One slice that fits is enough.
    for piece in binary.slices:
        if platform.obstacle_between(code, piece, part.basis.kind) is None:
            return True
    return False
