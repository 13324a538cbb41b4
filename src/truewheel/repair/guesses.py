"""Needs for which a build linked several libraries of one name, where nothing tells which of them a file was linked with.

CMake knows what its targets are linked with. A file that something else made, and that the project installs as it is, has its
search paths alone. Without any, the first library of the name is taken. Pure.
"""

from __future__ import annotations

from ..model.audit import External
from ..model.record import Record
from .ways import base_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.audit import Audit, Linkage, LoadableSlice
    from ..model.surroundings import Surroundings


class Guess(Record):
    """A need that may have been meant for another library.

    :param file: the file of the wheel that has the need.
    :param library: the name by which it is needed.
    :param taken: what goes into the wheel for it.
    :param others: what the build linked by that name besides.
    """

    file: str
    library: str
    taken: str
    others: tuple[str, ...]


def guessed_libraries(audit: Audit, around: Surroundings) -> Iterator[Guess]:
    """Yield the needs of files of the wheel for which the first of several libraries was taken."""
    # Whatever has a name of its own needs no guess, and that is so in most builds.
    if not around.linked_into:
        return
    for part in audit.platforms:
        told = {code.path for code in part.files if _is_told(code, around)}
        for link in part.linkage:
            if link.file not in told:
                yield from _guess(link, around)


def _is_told(code: LoadableSlice, around: Surroundings) -> bool:
    """Return whether CMake, or a search path of its own, tells where the libraries of a file lie."""
    has_path = any(search.path.startswith("/") for search in code.slice.search_paths)
    return has_path or code.path in around.linked_into


def _guess(link: Linkage, around: Surroundings) -> Iterator[Guess]:
    """Yield the guess that one need came to."""
    if not isinstance(link.source, External):
        return
    name = base_name(link.need.library)
    paths: dict[str, None] = {}
    for known, path in around.linked:
        if name in (known, base_name(path)):
            paths[path] = None
    if link.source.path not in paths or len(paths) < 2:
        return
    others = [path for path in paths if path != link.source.path]
    yield Guess(
        file=link.file,
        library=name,
        taken=link.source.path,
        others=tuple(others),
    )
