"""How PE files are told where the libraries of their wheel lie: their import tables, and a call in ``__init__.py``. Pure.

A DLL is found by its file name alone, so every file that needs a copy names it, and the copies lie where Windows looks:
:mod:`.windows_layout`.
"""

from __future__ import annotations

import posixpath

from ..model.audit import InWheel
from ..model.binary import NeedKind
from ..model.edits import Edit, ReplaceNeeded
from ..model.errors import RepairError
from ..model.repair_plan import FileEdits
from .bundle import links_by_file
from .libraries import external_path
from .ways import is_in_site_packages
from .windows_layout import places_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.audit import Linkage, PlatformAudit
    from ..model.repair_plan import RepairOptions
    from .bundle import Bundle
    from .libraries import Library
    from .windows_layout import Placement


def place(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
    options: RepairOptions,
) -> Placement:
    """Return where the DLLs go.

    :raises RepairError: when a file that needs one is not installed into ``site-packages``.
    """
    needy: dict[str, frozenset[str]] = {}
    for code in part.files:
        sources = _all_needs(code.path, part, libraries)
        if sources and not is_in_site_packages(code.installed):
            raise RepairError(
                f"{code.path} needs libraries of the machine, but where it is installed others' files lie as well",
                hint="install it into a package, and start it from an entry point ([project.scripts])",
            )
        directory = posixpath.dirname(code.installed)
        for source in sources:
            users = needy.get(source, frozenset())
            needy[source] = users | {directory}
    sizes = {library.source: library.size for library in libraries.values()}
    return places_for(
        needy,
        sizes,
        packages=options.packages,
        distribution=options.distribution,
    )


def _all_needs(
    path: str,
    part: PlatformAudit,
    libraries: Mapping[str, Library],
) -> set[str]:
    """Return the sources of all copies that a file comes to need, through copies and through files of the wheel."""
    links_of = links_by_file(part)
    found: set[str] = set()
    seen = {path}
    # What code opens is looked for beside it like what it needs.
    waiting = [*links_of[path], *part.included]
    while waiting:
        link = waiting.pop()
        external = external_path(link)
        if external is None:
            # A file of the wheel may need copies in turn.
            inside = link.in_wheel or link.source
            if isinstance(inside, InWheel) and inside.path not in seen:
                seen.add(inside.path)
                waiting += links_of[inside.path]
            continue
        library = libraries[external]
        if library.source not in found:
            found.add(library.source)
            waiting += library.linkage
    return found


def forwarded_names(part: PlatformAudit) -> dict[str, str]:
    """Return the names that must stay, by the path of the library: exports are forwarded to it.

    A forwarder is a text of a fixed length between other things, so that no other name can take its place.
    """
    links = list(part.linkage)
    for library in part.outside:
        links += library.linkage
    found: dict[str, str] = {}
    # The reader of PE files calls it re-exported.
    for link in links:
        path = external_path(link)
        is_forwarded = link.need.kind is NeedKind.REEXPORTED
        if path is not None and is_forwarded:
            found.setdefault(path, link.need.library)
    return found


def with_distribution(
    name: str,
    distribution: str,
) -> str:
    """Return a file name that no other distribution has: where several put their files, one would own the other's.

    :param name: with the hash of its content.

    >>> with_distribution("msvcp140-0123abcd.dll", "my_pkg")
    'msvcp140-my_pkg-0123abcd.dll'
    """
    stem, dash, rest = name.rpartition("-")
    return f"{stem}-{distribution}{dash}{rest}"


def edits_for(
    part: PlatformAudit,
    bundle: Bundle,
) -> Iterator[FileEdits]:
    """Yield what changes in the files of the wheel, and in the copies."""
    for path, links in links_by_file(part).items():
        edits = _replacements(links, bundle)
        if edits:
            yield FileEdits(path=path, edits=tuple(edits))
    for source, name in sorted(bundle.names.items()):
        library = bundle.libraries[source]
        # The name in its own export table says nothing to Windows, and stays.
        edits = _replacements(library.linkage, bundle)
        if not edits:
            continue
        for directory in bundle.places[source]:
            path = posixpath.join(directory, name)
            yield FileEdits(path=path, edits=tuple(edits))


def _replacements(
    links: Iterable[Linkage],
    bundle: Bundle,
) -> list[Edit]:
    """Return the new names of the DLLs that a file needs."""
    edits: list[Edit] = []
    for link in links:
        old = link.need.library
        new = bundle.new_name(link)
        # What differs in upper and lower case alone is the same to Windows.
        if new is not None and new.lower() != old.lower():
            edits.append(ReplaceNeeded(old=old, new=new))
    return edits
