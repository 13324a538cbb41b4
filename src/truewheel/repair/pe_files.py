"""How PE files are told where the libraries of their wheel lie: their import tables, and a call in ``__init__.py``. Pure.

A DLL is found by its file name alone, so every file that needs a copy names it, and the copies lie where Windows looks:
:mod:`.windows_layout`.
"""

from __future__ import annotations

import posixpath

from ..model.binary import NeedKind
from ..model.edits import Edit, ReplaceNeeded
from ..model.errors import RepairError
from ..model.repair_plan import FileEdits
from .libraries import external_path
from .ways import is_in_site_packages
from .windows_layout import places_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..model.audit import Linkage, PlatformAudit
    from ..model.repair_plan import RepairOptions
    from .bundle import Bundle
    from .libraries import Library
    from .windows_layout import Placement


def place(
    part: PlatformAudit, libraries: Mapping[str, Library], options: RepairOptions
) -> Placement:
    """Return where the DLLs go.

    :raises RepairError: when a file that needs one is not installed into ``site-packages``.
    """
    needy: dict[str, set[str]] = {}
    for code in part.files:
        sources = _all_needs(code.path, part, libraries)
        if sources and not is_in_site_packages(code.installed):
            raise RepairError(
                f"{code.path} needs libraries of the machine, but where it is installed others' files lie as well",
                hint="install it into a package, and start it from an entry point ([project.scripts])",
            )
        for source in sources:
            needy.setdefault(source, set()).add(posixpath.dirname(code.installed))
    sizes = {library.source: library.size for library in libraries.values()}
    return places_for(
        {source: frozenset(found) for source, found in needy.items()},
        sizes,
        packages=options.packages,
        distribution=options.distribution,
    )


def _all_needs(
    path: str, part: PlatformAudit, libraries: Mapping[str, Library]
) -> set[str]:
    """Return the sources of all copies that a file comes to need, through copies and through files of the wheel."""
    found: set[str] = set()
    seen = {path}
    waiting = [link for link in part.linkage if link.file == path]
    waiting += part.included
    while waiting:
        link = waiting.pop()
        external = external_path(link)
        if external is None:
            inside = link.in_wheel or link.source
            file = getattr(inside, "path", None)
            if isinstance(file, str) and file not in seen:
                seen.add(file)
                waiting += [other for other in part.linkage if other.file == file]
        elif external in libraries and libraries[external].source not in found:
            found.add(libraries[external].source)
            waiting += libraries[external].linkage
    return found


def forwarded_names(part: PlatformAudit) -> dict[str, str]:
    """Return the names that must stay, by the path of the library: exports are forwarded to it.

    A forwarder is a text of a fixed length between other things, so that no other name can take its place.
    """
    links = [*part.linkage, *(link for found in part.outside for link in found.linkage)]
    found: dict[str, str] = {}
    for link in links:
        path = external_path(link)
        if path is not None and link.need.kind is NeedKind.REEXPORTED:
            found.setdefault(path, link.need.library)
    return found


def with_distribution(name: str, distribution: str) -> str:
    """Return a file name that no other distribution has: where several put their files, one would own the other's.

    :param name: with the hash of its content.

    >>> with_distribution("msvcp140-0123abcd.dll", "my_pkg")
    'msvcp140-my_pkg-0123abcd.dll'
    """
    stem, dash, rest = name.rpartition("-")
    return f"{stem}-{distribution}{dash}{rest}"


def edits_for(part: PlatformAudit, bundle: Bundle) -> Iterator[FileEdits]:
    """Yield what changes in the files of the wheel, and in the copies."""
    for code in part.files:
        links = [link for link in part.linkage if link.file == code.path]
        edits = _replacements(links, bundle)
        if edits:
            yield FileEdits(path=code.path, edits=tuple(edits))
    for source, name in sorted(bundle.names.items()):
        # The name in its own export table says nothing to Windows, and stays.
        edits = _replacements(bundle.libraries[source].linkage, bundle)
        for directory in bundle.places[source]:
            if edits:
                path = posixpath.join(directory, name)
                yield FileEdits(path=path, edits=tuple(edits))


def _replacements(
    links: list[Linkage] | tuple[Linkage, ...], bundle: Bundle
) -> list[Edit]:
    edits: list[Edit] = []
    for link in links:
        name = bundle.new_name(link)
        # What differs in upper and lower case alone is the same to Windows.
        if name is not None and name.lower() != link.need.library.lower():
            edits.append(ReplaceNeeded(old=link.need.library, new=name))
    return edits
