"""How ELF files are told where the libraries of their wheel lie: DT_NEEDED, DT_SONAME and DT_RPATH. Pure.

DT_RPATH and not DT_RUNPATH: LD_LIBRARY_PATH then cannot put another library in the place of the one that was tested (ld.so(8)).
Android's loader reads DT_RUNPATH alone.
"""

from __future__ import annotations

import posixpath

from ..model.audit import ExcludedBy, InWheel, SuppliedBy
from ..model.binary import Kind
from ..model.edits import Edit, RemoveNeeded, ReplaceNeeded, SetName, SetSearchPaths
from ..model.errors import RepairError
from ..model.repair_plan import FileEdits
from ..platforms import platform_of
from .ways import is_in_site_packages, relative_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from .bundle import Bundle

ORIGIN = "$ORIGIN"


def directory_for(distribution: str) -> str:
    """Return where the libraries go: ``NAME.libs`` at the top, as auditwheel has it."""
    return f"{distribution}.libs"


def edits_for(part: PlatformAudit, bundle: Bundle) -> Iterator[FileEdits]:
    """Yield what changes in the files of the wheel, and in the copies.

    :raises RepairError: when a file lies where no search path leads to the libraries from.
    """
    platform = platform_of(part.family)
    kind: Literal["RPATH", "RUNPATH"] = (
        "RPATH" if getattr(platform, "reads_rpath", False) else "RUNPATH"
    )
    places = {code.path: code.directory for code in part.files}
    for code in part.files:
        links = [link for link in part.linkage if link.file == code.path]
        edits = _edits_of(code, links, bundle, part, kind, places)
        if edits:
            yield FileEdits(path=code.path, edits=tuple(edits))
    yield from _edits_of_copies(bundle, part, kind, places)


def _edits_of(
    code: LoadableSlice,
    links: Sequence[Linkage],
    bundle: Bundle,
    part: PlatformAudit,
    kind: Literal["RPATH", "RUNPATH"],
    places: Mapping[str, str],
) -> list[Edit]:
    """Return what changes in one file of the wheel."""
    edits: list[Edit] = []
    # A program that embeds Python has no other.
    if code.slice.kind is Kind.SHARED:
        edits += _without_python(links, part)
    edits += _replacements(links, bundle)
    ways = _ways(code.installed, links, places)
    # What code opens by its name is searched for like what is needed (dlopen(3)).
    if _has_copies(links, bundle) or part.included:
        ways.append(_way(code, bundle.directory))
    paths = _search_paths(code, links, part)
    wanted = tuple(dict.fromkeys([*paths, *ways]))
    if wanted != tuple(path.path for path in code.slice.search_paths):
        edits.append(SetSearchPaths(paths=wanted, kind=kind))
    return edits


def _edits_of_copies(
    bundle: Bundle,
    part: PlatformAudit,
    kind: Literal["RPATH", "RUNPATH"],
    places: Mapping[str, str],
) -> Iterator[FileEdits]:
    """Yield what changes in the copies: their own name, the names of what they need, and where they look."""
    for source, name in sorted(bundle.names.items()):
        library = bundle.libraries[source]
        path = f"{bundle.directory}/{name}"
        edits: list[Edit] = list(_without_python(library.linkage, part))
        edits += _replacements(library.linkage, bundle)
        own = library.slices[0].slice
        if own.name is not None and own.name != name:
            edits.append(SetName(name=name))
        ways = _ways(path, library.linkage, places)
        if _has_copies(library.linkage, bundle) or part.included:
            ways.append(ORIGIN)
        # A search path of the machine would switch off that of whoever loads the library (ld.so(8)).
        if ways or own.search_paths:
            edits.append(SetSearchPaths(paths=tuple(dict.fromkeys(ways)), kind=kind))
        if edits:
            yield FileEdits(path=path, edits=tuple(edits))


def _has_copies(links: Iterable[Linkage], bundle: Bundle) -> bool:
    """Return whether a file needs a library that is copied, be it under its old name."""
    return any(bundle.new_name(link) is not None for link in links)


def _without_python(
    links: Iterable[Linkage], part: PlatformAudit
) -> Iterator[RemoveNeeded]:
    """Yield the removal of Python itself: the process has it, and maybe not as a library."""
    platform = platform_of(part.family)
    for link in links:
        if platform.is_python(link.need.library):
            yield RemoveNeeded(library=link.need.library)


def _replacements(links: Iterable[Linkage], bundle: Bundle) -> Iterator[ReplaceNeeded]:
    """Yield the new names of the libraries that are bundled."""
    for link in links:
        name = bundle.new_name(link)
        if name is not None and name != link.need.library:
            yield ReplaceNeeded(old=link.need.library, new=name)


def _ways(
    installed: str,
    links: Iterable[Linkage],
    places: Mapping[str, str],
) -> list[str]:
    """Return the search paths to libraries that the wheel, or another distribution, has where the loader does not look."""
    ways = []
    for link in links:
        directory = _directory_of(link, places)
        # The loader looks for a file of that name, whatever SONAME another file has.
        if directory is not None and is_in_site_packages(installed):
            ways.append(relative_way(installed, directory, origin=ORIGIN))
    return ways


def _directory_of(link: Linkage, places: Mapping[str, str]) -> str | None:
    source = link.in_wheel or link.source
    if not isinstance(source, (InWheel, SuppliedBy)) or source.reachable:
        return None
    if posixpath.basename(source.path) != link.need.library:
        return None
    if isinstance(source, SuppliedBy):
        return posixpath.dirname(source.path) or "."
    place = places.get(source.path)
    return place if place is not None and is_in_site_packages(place) else None


def _way(code: LoadableSlice, directory: str) -> str:
    """Return the search path from a file to the libraries.

    :raises RepairError: when it is not installed into ``site-packages``: nothing tells where that is from there.
    """
    if is_in_site_packages(code.installed):
        return relative_way(code.installed, directory, origin=ORIGIN)
    raise RepairError(
        f"{code.path} needs libraries of the machine, but from where it is installed no path leads to the wheel's",
        hint="install it into a package, and start it from an entry point ([project.scripts])",
    )


def _search_paths(
    code: LoadableSlice, links: Iterable[Linkage], part: PlatformAudit
) -> list[str]:
    """Return the search paths that stay: those that mean the same everywhere.

    Where somebody else supplies a library, a path of the machine may be how it is found.
    """
    platform = platform_of(part.family)
    is_vouched_for = any(isinstance(link.source, ExcludedBy) for link in links)
    return [
        path.path
        for path in code.slice.search_paths
        if is_vouched_for or platform.is_portable(path)
    ]
