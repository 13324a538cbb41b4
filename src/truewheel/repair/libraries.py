"""The libraries that go into a wheel: gathered from the audit, each known by its content. Pure."""

from __future__ import annotations

from itertools import chain

from ..model.audit import External, Missing
from ..model.binary import NeedKind
from ..model.record import Record
from ..platforms import platform_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Protocol

    from ..model.audit import Linkage, LoadableSlice, OutsideLibrary, PlatformAudit

    class Identity(Protocol):
        """What a file holds: its SHA-256 in hex digits, and its size in bytes."""

        @property
        def digest(self) -> str:
            """Its SHA-256."""

        @property
        def size(self) -> int:
            """Its length in bytes."""


_NEEDED_AT_ONCE = (NeedKind.NORMAL, NeedKind.REEXPORTED)


class Library(Record):
    """One library of the machine, whatever names and paths lead to it.

    :param source: its path, with links resolved; of several with one content the first.
    :param slices: its code, a row for each CPU that is needed.
    :param linkage: what it needs itself.
    :param names: the names by which it is needed, sorted.
    :param found_by: the rule of the loader that led to it first.
    :param needed_by: the files that need it, those of the wheel first.
    """

    source: str
    digest: str
    size: int
    slices: tuple[LoadableSlice, ...]
    linkage: tuple[Linkage, ...]
    names: tuple[str, ...]
    found_by: str
    needed_by: tuple[str, ...]


def gather(
    part: PlatformAudit,
    identities: Mapping[str, Identity],
) -> dict[str, Library]:
    """Return every library of the machine that the files of a platform come to need, by each path that leads to it.

    Two paths with the same content are one library.

    :param identities: what each path of the audit holds.
    """
    by_digest: dict[str, list[OutsideLibrary]] = {}
    for found in part.outside:
        digest = identities[found.code.path].digest
        by_digest.setdefault(digest, []).append(found)
    # Who needs it: of a library that goes in twice, under one name, both have to be told.
    users: dict[str, list[Linkage]] = {}
    for link in _links(part):
        path = external_path(link)
        if path is not None:
            users.setdefault(path, []).append(link)
    libraries: dict[str, Library] = {}
    for rows in by_digest.values():
        paths = sorted({row.code.path for row in rows})
        links = list(chain.from_iterable(users.get(path, ()) for path in paths))
        # What was looked at on the way need not be needed in the end.
        if links:
            # A fat file has a row for each CPU.
            first = [row for row in rows if row.code.path == paths[0]]
            library = _library(first, links, identities[paths[0]])
            libraries.update(dict.fromkeys(paths, library))
    return libraries


def _library(
    rows: list[OutsideLibrary],
    links: list[Linkage],
    identity: Identity,
) -> Library:
    """Return one library.

    :param rows: its code for each CPU.
    :param links: the needs that lead to it.
    """
    names = {link.need.library for link in links}
    files = dict.fromkeys(link.file for link in links)
    return Library(
        source=rows[0].code.path,
        digest=identity.digest,
        size=identity.size,
        slices=tuple(row.code for row in rows),
        linkage=tuple(chain.from_iterable(row.linkage for row in rows)),
        names=tuple(sorted(names)),
        found_by=next(_rules(links)),
        needed_by=tuple(files),
    )


def each_once(libraries: Mapping[str, Library]) -> list[Library]:
    """Return every library once, in order of its source."""
    once = {library.source: library for library in libraries.values()}
    return [once[source] for source in sorted(once)]


def missing_links(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
) -> Iterator[Linkage]:
    """Yield the needs without which a file of the wheel, or a library that goes into it, is not loaded."""
    platform = platform_of(part.family)
    links = [*part.linkage, *part.included]
    for library in each_once(libraries):
        links += library.linkage
    for link in links:
        # Weak and delayed needs may stay open.
        is_needed = link.need.kind in _NEEDED_AT_ONCE
        # Python is in the process already.
        is_python = platform.is_python(link.need.library)
        if isinstance(link.source, Missing) and is_needed and not is_python:
            yield link


def external_path(link: Linkage) -> str | None:
    """Return the library of the machine that a need leads to; ``None`` when it is somewhere else."""
    return link.source.path if isinstance(link.source, External) else None


def _links(part: PlatformAudit) -> Iterator[Linkage]:
    """Yield the needs of the files of the wheel, of what is included, and of the libraries outside."""
    yield from part.linkage
    yield from part.included
    for found in part.outside:
        yield from found.linkage


def _rules(links: list[Linkage]) -> Iterator[str]:
    # All of them lead outside.
    for link in links:
        if isinstance(link.source, External):
            yield link.source.found_by
