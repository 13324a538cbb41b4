"""The plan of a repair: audit → copies and edits. Nothing is read or written here.

What the target system lacks is in the audit as ``External``: a library of the building machine. Each goes into the wheel once,
under a name that its content gives (:mod:`.naming`), and every file that needs it is told so. How a file is told depends on
its format: :mod:`.elf_files`, :mod:`.macho_files`, :mod:`.pe_files`. Pure.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..model.errors import RepairError
from ..model.record import Record
from ..model.repair_plan import Copy, RepairPlan
from . import elf_files, macho_files
from .libraries import external_path, gather
from .naming import new_names
from .refusals import Refusal, refusal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from ..model.audit import Audit, Linkage, PlatformAudit
    from ..model.repair_plan import RepairOptions
    from .libraries import Identity, Library

_FILES: dict[str, ModuleType] = {
    "linux": elf_files,
    "android": elf_files,
    "macos": macho_files,
    "ios": macho_files,
}
"""What knows how to tell files where libraries are, by the family of their platform."""


class Bundle(Record):
    """What goes into the wheel for one platform.

    :param directory: where it goes, as installed, unless the format puts libraries beside their users.
    :param libraries: by each path that leads to them.
    :param names: the new file name of each, by its source.
    """

    directory: str
    libraries: Mapping[str, Library]
    names: Mapping[str, str]

    def new_name(self, link: Linkage) -> str | None:
        """Return the new file name of the library that a need leads to; ``None`` when it is not bundled."""
        path = external_path(link)
        library = self.libraries.get(path) if path is not None else None
        return None if library is None else self.names[library.source]


def plan_repair(
    audit: Audit, options: RepairOptions, identities: Mapping[str, Identity]
) -> RepairPlan:
    """Return what makes a wheel self-contained.

    :param audit: made with the libraries of the machine.
    :param identities: what each file outside of the wheel holds, by its path in the audit.
    :raises RepairError: when a library must not be bundled, or a file cannot be told where it is.
    """
    copies: list[Copy] = []
    edits = []
    for part in audit.platforms:
        files = _FILES.get(part.family)
        if files is None:
            continue
        libraries = gather(part, identities)
        _refuse(part, libraries)
        bundle = Bundle(
            directory=_directory(part, libraries, options.distribution),
            libraries=libraries,
            names=_names(part, libraries, options),
        )
        copies += _copies(bundle)
        edits += files.edits_for(part, bundle)
    return RepairPlan(
        copies=tuple(sorted(copies, key=lambda copy: copy.path)),
        edits=tuple(sorted(edits, key=lambda edit: edit.path)),
    )


def _directory(
    part: PlatformAudit, libraries: Mapping[str, Library], distribution: str
) -> str:
    if _FILES[part.family] is macho_files:
        return macho_files.directory_for(part, libraries, distribution)
    return elf_files.directory_for(distribution)


def _refuse(part: PlatformAudit, libraries: Mapping[str, Library]) -> None:
    """Raise an error for libraries that must not be bundled.

    :raises RepairError: with all of them.
    """
    refused: list[tuple[Library, Refusal]] = []
    for library in _each_once(libraries):
        refusal = refusal_of(part.family, library)
        if refusal is not None:
            refused.append((library, refusal))
    if not refused:
        return
    lines = [
        f"{library.source}, which {library.needed_by[0]} needs: {refusal.reason}"
        for library, refusal in refused
    ]
    raise RepairError(
        f"{refused[0][0].source} must not go into a wheel",
        context=lines,
        hint=refused[0][1].hint,
    )


def _names(
    part: PlatformAudit, libraries: Mapping[str, Library], options: RepairOptions
) -> dict[str, str]:
    """Return the new file name of each library, by its source.

    :raises RepairError: when two libraries would keep the same name.
    """
    once = _each_once(libraries)
    needs = {library.source: _needs_of(library, libraries) for library in once}
    names = new_names({library.source: library.digest for library in once}, needs)
    opened = {
        external_path(link): link.need.library.rpartition("/")[2]
        for link in part.included
    }
    kept: dict[str, str] = {}
    for library in once:
        name = opened.get(library.source) or _kept_name(library, options)
        if name is None:
            continue
        other = kept.setdefault(name, library.source)
        if other != library.source:
            raise RepairError(
                f"{library.source} and {other} would both be called {name} in the wheel",
                hint="let one of them be renamed: take it out of keep-names",
            )
        names[library.source] = name
    return names


def _needs_of(library: Library, libraries: Mapping[str, Library]) -> list[str]:
    """Return the sources of the libraries outside of the wheel that a library needs."""
    paths = map(external_path, library.linkage)
    return [libraries[path].source for path in paths if path is not None]


def _kept_name(library: Library, options: RepairOptions) -> str | None:
    """Return the name under which a library is needed, if the project keeps it; ``None`` if not."""
    own = library.source.rpartition("/")[2]
    for name in (*library.names, own):
        base = name.rpartition("/")[2]
        if any(fnmatchcase(base, pattern) for pattern in options.keep_names):
            # It is asked for by that name, whatever the file is called.
            return library.names[0].rpartition("/")[2]
    return None


def _copies(bundle: Bundle) -> list[Copy]:
    return [
        Copy(
            source=library.source,
            path=f"{bundle.directory}/{bundle.names[library.source]}",
            digest=library.digest,
            size=library.size,
            names=library.names,
            found_by=library.found_by,
            needed_by=library.needed_by,
        )
        for library in _each_once(bundle.libraries)
    ]


def _each_once(libraries: Mapping[str, Library]) -> list[Library]:
    """Return every library once, in order of its source."""
    once = {library.source: library for library in libraries.values()}
    return [once[source] for source in sorted(once)]
