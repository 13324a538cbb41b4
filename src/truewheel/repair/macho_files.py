"""How Mach-O files are told where the libraries of their wheel lie: the paths of their needs, and LC_RPATH. Pure.

A need is written as a path from the file that has it (``@loader_path/.dylibs/libfoo-0123abcd.dylib``), which is shorter than
an LC_RPATH with a name: the room for load commands is small. Libraries go where delocate puts them.
"""

from __future__ import annotations

import posixpath

from ..model.audit import ExcludedBy, InWheel, SuppliedBy
from ..model.edits import Edit, ReplaceNeeded, SetName, SetSearchPaths
from ..model.errors import RepairError
from ..model.repair_plan import FileEdits
from ..platforms import platform_of
from .bundle import links_by_file
from .ways import base_name, is_in_site_packages, package_above, relative_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from ..model.repair_plan import RepairOptions
    from .bundle import Bundle
    from .libraries import Library

ORIGIN = "@loader_path"


def directory_for(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
    options: RepairOptions,
) -> str:
    """Return where the libraries go: ``PACKAGE/.dylibs`` when one package has all files that need them, else ``NAME.dylibs``.

    What lies in a namespace package, or in a folder that is none, is not of one package: others put files there as well.
    """
    # Copies stand among them: those have no place yet, and ask for none.
    needy: set[str] = set()
    for library in libraries.values():
        needy.update(library.needed_by)
    above: set[str | None] = set()
    for code in part.files:
        if code.path in needy:
            directory = posixpath.dirname(code.installed)
            above.add(package_above(directory, options.packages))
    package = above.pop() if len(above) == 1 else None
    if package is None:
        return f"{options.distribution}.dylibs"
    return f"{package}/.dylibs"


def edits_for(
    part: PlatformAudit,
    bundle: Bundle,
) -> Iterator[FileEdits]:
    """Yield what changes in the files of the wheel, and in the copies.

    :raises RepairError: when a file lies where no path leads to the libraries from, or when two slices of one file need
        different libraries by one name.
    """
    places = {code.path: code.installed for code in part.files}
    needed = frozenset(base_name(link.need.library) for link in part.linkage)
    # A file may have code for several CPUs, which are told alike.
    slices: dict[str, list[LoadableSlice]] = {}
    for code in part.files:
        slices.setdefault(code.path, []).append(code)
    for path, links in links_by_file(part).items():
        own = slices[path]
        edits = _replacements(own[0].installed, path, links, bundle, places)
        edits += _rpaths(own, links, part)
        edits += _own_name(own, needed)
        if edits:
            yield FileEdits(path=path, edits=tuple(edits))
    for source in sorted(bundle.names):
        library = bundle.libraries[source]
        yield _edits_of_copy(library, bundle.names[source], bundle, places)


def _edits_of_copy(
    library: Library,
    name: str,
    bundle: Bundle,
    places: Mapping[str, str],
) -> FileEdits:
    """Return what changes in a copy: its own name, and the paths of what it needs. It looks nowhere else."""
    path = f"{bundle.directory}/{name}"
    edits = _replacements(path, library.source, library.linkage, bundle, places)
    edits.append(SetName(name=f"@rpath/{name}"))
    if any(code.slice.search_paths for code in library.slices):
        edits.append(SetSearchPaths(paths=(), kind="LC_RPATH"))
    return FileEdits(path=path, edits=tuple(edits))


def _replacements(
    installed: str,
    path: str,
    links: Sequence[Linkage],
    bundle: Bundle,
    places: Mapping[str, str],
) -> list[Edit]:
    """Return the new paths of the libraries that a file needs.

    :raises RepairError: as :func:`edits_for` does.
    """
    found: dict[str, str] = {}
    for link in links:
        place = _place_of(link, bundle, places)
        if place is None:
            continue
        if not is_in_site_packages(installed):
            raise RepairError(
                f"{path} needs libraries of the machine, but from where it is installed no path leads to the wheel's",
                hint="install it into a package, and start it from an entry point ([project.scripts])",
            )
        directory, name = posixpath.split(place)
        way = relative_way(installed, directory or ".", origin=ORIGIN)
        new = f"{way}/{name}"
        if found.setdefault(link.need.library, new) != new:
            raise RepairError(
                f"{path}: its slices need different files as {link.need.library}",
                context=[f"{found[link.need.library]} and {new}"],
                hint="join the libraries to one for all CPUs with lipo -create, and name its directory with --search DIR "
                "or tool.truewheel.search; or repair both thin wheels, and join them: truewheel fuse",
            )
    edits: list[Edit] = []
    for old, new in found.items():
        # After an earlier repair it is so already.
        if old != new:
            edits.append(ReplaceNeeded(old=old, new=new))
    return edits


def _place_of(
    link: Linkage,
    bundle: Bundle,
    places: Mapping[str, str],
) -> str | None:
    """Return where a library comes to lie, from ``site-packages``; ``None`` when its need stays as it is."""
    name = bundle.new_name(link)
    if name is not None:
        return f"{bundle.directory}/{name}"
    source = link.in_wheel or link.source
    if not isinstance(source, (InWheel, SuppliedBy)):
        return None
    # dyld finds it already.
    if source.reachable:
        return None
    if isinstance(source, SuppliedBy):
        return source.path
    place = places[source.path]
    return place if is_in_site_packages(place) else None


def _rpaths(
    slices: Sequence[LoadableSlice],
    links: Sequence[Linkage],
    part: PlatformAudit,
) -> list[Edit]:
    """Return the LC_RPATHs that stay, when some do not: those that mean the same everywhere, each once."""
    # Where somebody else supplies a library, a path of the machine may be how it is found.
    if any(isinstance(link.source, ExcludedBy) for link in links):
        return []
    platform = platform_of(part.family)
    kept: dict[str, None] = {}
    has_others = False
    for code in slices:
        seen: set[str] = set()
        for path in code.slice.search_paths:
            # New versions of dyld refuse a path that is there twice.
            if path.path in seen or not platform.is_portable(path):
                has_others = True
                continue
            seen.add(path.path)
            kept[path.path] = None
    if not has_others:
        return []
    return [SetSearchPaths(paths=tuple(kept), kind="LC_RPATH")]


def _own_name(
    slices: Sequence[LoadableSlice],
    needed: frozenset[str],
) -> list[Edit]:
    """Return the last part of its name for a module that is called by its path on the machine that built it.

    Linkers without bundles make such modules (zig, rustc). Nobody links with them, so the name says nothing to anybody.
    """
    bases: set[str] = set()
    for code in slices:
        name = code.slice.name or ""
        # delocate's names are made up, and the same everywhere.
        if not name.startswith("/") or name.startswith("/DLC/"):
            return []
        bases.add(base_name(name))
    file = base_name(slices[0].path)
    is_needed = not needed.isdisjoint({file, *bases})
    # Slices of several names would all get one.
    if is_needed or len(bases) > 1:
        return []
    return [SetName(name=bases.pop())]
