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
from ..model.record import Record
from ..model.repair_plan import FileEdits
from ..platforms import platform_of
from .bundle import links_by_file
from .ways import base_name, is_in_site_packages, relative_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from ..platforms.base import Platform
    from .bundle import Bundle

ORIGIN = "$ORIGIN"


def directory_for(distribution: str) -> str:
    """Return where the libraries go: ``NAME.libs`` at the top, as auditwheel has it."""
    return f"{distribution}.libs"


class _Wheel(Record):
    """What is the same for every file of one wheel.

    :param kind: how search paths are written.
    :param places: the directory of each file of the wheel, as installed.
    """

    part: PlatformAudit
    bundle: Bundle
    kind: Literal["RPATH", "RUNPATH"]
    places: Mapping[str, str]

    @property
    def platform(self) -> Platform:
        """What knows the loader."""
        return platform_of(self.part.family)


def edits_for(
    part: PlatformAudit,
    bundle: Bundle,
) -> Iterator[FileEdits]:
    """Yield what changes in the files of the wheel, and in the copies.

    :raises RepairError: when a file lies where no search path leads to the libraries from.
    """
    # Only ELF's platforms say so.
    reads_rpath = getattr(platform_of(part.family), "reads_rpath", False)
    wheel = _Wheel(
        part=part,
        bundle=bundle,
        kind="RPATH" if reads_rpath else "RUNPATH",
        places={code.path: code.directory for code in part.files},
    )
    links = links_by_file(part)
    for code in part.files:
        edits = _edits_of_file(code, links[code.path], wheel)
        if edits:
            yield FileEdits(path=code.path, edits=tuple(edits))
    # In one order, whatever was found first.
    for source in sorted(bundle.names):
        path = f"{bundle.directory}/{bundle.names[source]}"
        edits = _edits_of_copy(source, path, wheel)
        if edits:
            yield FileEdits(path=path, edits=tuple(edits))


def _edits_of_file(
    code: LoadableSlice,
    links: Sequence[Linkage],
    wheel: _Wheel,
) -> list[Edit]:
    """Return what changes in one file of the wheel."""
    edits: list[Edit] = []
    # A program that embeds Python has no other.
    if code.slice.kind is Kind.SHARED:
        edits += _without_python(links, wheel)
    edits += _replacements(links, wheel.bundle)
    # The project's own come first: copies have names that nobody else uses.
    paths = _search_paths(code, links, wheel)
    paths += _ways(code.installed, links, wheel)
    # What code opens by its name is searched for like what is needed (dlopen(3)).
    if _has_copies(links, wheel.bundle) or wheel.part.included:
        way = _way_to_copies(code, wheel.bundle)
        paths.append(way)
    # A file that says so already stays as it is, byte for byte.
    wanted = tuple(dict.fromkeys(paths))
    present = tuple(path.path for path in code.slice.search_paths)
    if wanted != present:
        edits.append(SetSearchPaths(paths=wanted, kind=wheel.kind))
    return edits


def _edits_of_copy(
    source: str,
    path: str,
    wheel: _Wheel,
) -> list[Edit]:
    """Return what changes in a copy: its own name, the names of what it needs, and where it looks."""
    library = wheel.bundle.libraries[source]
    links = library.linkage
    edits: list[Edit] = list(_without_python(links, wheel))
    edits += _replacements(links, wheel.bundle)
    own = library.slices[0].slice
    name = wheel.bundle.names[source]
    # What has no name of its own is known by that of its file.
    if own.name is not None and own.name != name:
        edits.append(SetName(name=name))
    ways = _ways(path, links, wheel)
    if _has_copies(links, wheel.bundle) or wheel.part.included:
        ways.append(ORIGIN)
    # A search path of the machine would switch off that of whoever loads the library (ld.so(8)).
    if ways or own.search_paths:
        wanted = tuple(dict.fromkeys(ways))
        edits.append(SetSearchPaths(paths=wanted, kind=wheel.kind))
    return edits


def _has_copies(
    links: Iterable[Linkage],
    bundle: Bundle,
) -> bool:
    """Return whether a file needs a library that is copied, be it under its old name."""
    return any(bundle.new_name(link) is not None for link in links)


def _without_python(
    links: Iterable[Linkage],
    wheel: _Wheel,
) -> Iterator[RemoveNeeded]:
    """Yield the removal of Python itself: the process has it, and maybe not as a library."""
    for link in links:
        library = link.need.library
        if wheel.platform.is_python(library):
            yield RemoveNeeded(library=library)


def _replacements(
    links: Iterable[Linkage],
    bundle: Bundle,
) -> Iterator[ReplaceNeeded]:
    """Yield the new names of the libraries that are bundled."""
    for link in links:
        name = bundle.new_name(link)
        if name is not None and name != link.need.library:
            yield ReplaceNeeded(old=link.need.library, new=name)


def _ways(
    installed: str,
    links: Iterable[Linkage],
    wheel: _Wheel,
) -> list[str]:
    """Return the search paths to libraries that the wheel, or another distribution, has where the loader does not look.

    :param installed: where the file that needs them comes to lie.
    """
    # Nothing tells where site-packages is from elsewhere.
    if not is_in_site_packages(installed):
        return []
    ways = []
    for link in links:
        directory = _directory_of(link, wheel)
        if directory is not None:
            way = relative_way(installed, directory, origin=ORIGIN)
            ways.append(way)
    return ways


def _directory_of(
    link: Linkage,
    wheel: _Wheel,
) -> str | None:
    """Return the directory of a library that is there, and out of the loader's reach."""
    source = link.in_wheel or link.source
    if not isinstance(source, (InWheel, SuppliedBy)):
        return None
    # The loader looks for a file of that name, whatever SONAME another file has.
    if source.reachable or base_name(source.path) != link.need.library:
        return None
    if isinstance(source, SuppliedBy):
        return posixpath.dirname(source.path) or "."
    place = wheel.places.get(source.path)
    if place is None or not is_in_site_packages(place):
        return None
    return place


def _way_to_copies(
    code: LoadableSlice,
    bundle: Bundle,
) -> str:
    """Return the search path from a file to the libraries.

    :raises RepairError: when it is not installed into ``site-packages``: nothing tells where that is from there.
    """
    if is_in_site_packages(code.installed):
        return relative_way(code.installed, bundle.directory, origin=ORIGIN)
    raise RepairError(
        f"{code.path} needs libraries of the machine, but from where it is installed no path leads to the wheel's",
        hint="install it into a package, and start it from an entry point ([project.scripts])",
    )


def _search_paths(
    code: LoadableSlice,
    links: Iterable[Linkage],
    wheel: _Wheel,
) -> list[str]:
    """Return the search paths that stay: those that mean the same everywhere."""
    paths = code.slice.search_paths
    # Where somebody else supplies a library, a path of the machine may be how it is found.
    if any(isinstance(link.source, ExcludedBy) for link in links):
        return [path.path for path in paths]
    kept = filter(wheel.platform.is_portable, paths)
    return [path.path for path in kept]
