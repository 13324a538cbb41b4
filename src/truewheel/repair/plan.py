"""The plan of a repair: audit → copies and edits. Nothing is read or written here.

What the target system lacks is in the audit as ``External``: a library of the building machine. Each goes into the wheel once,
under a name that its content gives (:mod:`.naming`), and every file that needs it is told so. How a file is told depends on
its format: :mod:`.elf_files`, :mod:`.macho_files`, :mod:`.pe_files`. Pure.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase

from ..model.errors import RepairError
from ..model.record import replace
from ..model.repair_plan import Copy, RepairPlan
from . import elf_files, macho_files, pe_files
from .bundle import Bundle
from .libraries import each_once, external_path, gather, missing_links
from .naming import new_names
from .programs import move_programs
from .refusals import refusals, refused_names
from .ways import base_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from ..model.audit import Audit, Linkage, PlatformAudit
    from ..model.repair_plan import AddDllDirectory, FileEdits, Move, RepairOptions
    from .libraries import Identity, Library

_FILES: dict[str, ModuleType] = {
    "linux": elf_files,
    "android": elf_files,
    "macos": macho_files,
    "ios": macho_files,
    "windows": pe_files,
}
"""What knows how to tell files where libraries are, by the family of their platform."""


def plan_repair(
    audit: Audit,
    options: RepairOptions,
    identities: Mapping[str, Identity],
) -> RepairPlan:
    """Return what makes a wheel self-contained.

    :param audit: made with the libraries of the machine.
    :param identities: what each file outside of the wheel holds, by its path in the audit.
    :raises RepairError: when a library must not be bundled, or a file cannot be told where it is.
    """
    copies: list[Copy] = []
    edits: list[FileEdits] = []
    missing: list[Linkage] = []
    moves: list[Move] = []
    dll_directories: list[AddDllDirectory] = []
    for found in audit.platforms:
        files = _FILES.get(found.family)
        # Emscripten's wheels bring what they need by other tools.
        if files is None:
            continue
        part, moved = move_programs(found, options)
        moves += moved
        libraries = gather(part, identities)
        _refuse(part, libraries)
        # Names first: where a DLL lies may decide about its name once more.
        kept = _kept_names(part, libraries, options)
        names = _names(part, libraries) | kept
        bundle = _placed(part, libraries, names, options)
        if files is pe_files:
            bundle, calls = _beside_their_users(part, bundle, kept, options)
            dll_directories += calls
        copies += _copies(bundle)
        edits += files.edits_for(part, bundle)
        missing += missing_links(part, libraries)
    return RepairPlan(
        copies=tuple(sorted(copies, key=lambda copy: copy.path)),
        edits=tuple(sorted(edits, key=lambda edit: edit.path)),
        moves=tuple(moves),
        dll_directories=tuple(dll_directories),
        missing=tuple(missing),
    )


def _placed(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
    names: Mapping[str, str],
    options: RepairOptions,
) -> Bundle:
    """Return the libraries in the one directory that the format has for them."""
    # Room in a Mach-O file is scarce: a short path is worth asking where its users are.
    if _FILES[part.family] is macho_files:
        directory = macho_files.directory_for(part, libraries, options)
    else:
        directory = elf_files.directory_for(options.distribution)
    return Bundle(
        directory=directory,
        libraries=libraries,
        names=names,
        places=dict.fromkeys(names, (directory,)),
    )


def _beside_their_users(
    part: PlatformAudit,
    bundle: Bundle,
    kept: Mapping[str, str],
    options: RepairOptions,
) -> tuple[Bundle, tuple[AddDllDirectory, ...]]:
    """Return DLLs where Windows looks for them, and what packages have to say for it.

    :param kept: those whose names are to stay.
    """
    placement = pe_files.place(part, bundle.libraries, options)
    names = dict(bundle.names)
    for source in placement.shared - kept.keys():
        names[source] = pe_files.with_distribution(names[source], options.distribution)
    placed = replace(bundle, names=names, places=placement.places)
    return placed, placement.dll_directories


def _refuse(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
) -> None:
    """Raise an error for libraries that must not be bundled.

    :raises RepairError: with all of them.
    """
    lines = []
    hint = ""
    for name, refusal in refused_names(part):
        lines.append(f"{name}, which is to be included: {refusal.reason}")
        hint = hint or refusal.hint
    # What is included may have been found as well, and is told once.
    found = () if lines else refusals(part, each_once(libraries))
    for library, refusal in found:
        user = library.needed_by[0]
        lines.append(f"{library.source}, which {user} needs: {refusal.reason}")
        # One cure at a time: that of the first.
        hint = hint or refusal.hint
    if lines:
        refused = lines[0].partition(",")[0]
        raise RepairError(
            f"{refused} must not go into a wheel", context=lines, hint=hint
        )


def _names(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
) -> dict[str, str]:
    """Return a new file name for each library, by its source."""
    digests: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    for library in each_once(libraries):
        digests[library.source] = library.digest
        needs[library.source] = _needs_of(library, libraries)
    names = new_names(digests, needs)
    if _FILES[part.family] is not pe_files:
        return names
    # How a file is spelled differs between machines, and means nothing to Windows.
    return {source: name.lower() for source, name in names.items()}


def _kept_names(
    part: PlatformAudit,
    libraries: Mapping[str, Library],
    options: RepairOptions,
) -> dict[str, str]:
    """Return the names of the libraries that are not renamed, by their source.

    :raises RepairError: when two libraries would keep the same name.
    """
    asked_for = _names_asked_for(part)
    by_name: dict[str, str] = {}
    kept: dict[str, str] = {}
    for path, library in sorted(libraries.items()):
        name = asked_for.get(path) or _name_kept_by(options, library)
        if name is None or library.source in kept:
            continue
        other = by_name.setdefault(name, library.source)
        if other != library.source:
            raise RepairError(
                f"{library.source} and {other} would both be called {name} in the wheel",
                hint="let one of them be renamed: take it out of keep-names",
            )
        kept[library.source] = name
    return kept


def _names_asked_for(part: PlatformAudit) -> dict[str, str]:
    """Return the names that no edit can change, by the path of the library: code opens it, or exports are forwarded to it."""
    names: dict[str, str] = {}
    # What code opens, it opens by that name.
    for link in part.included:
        path = external_path(link)
        if path is not None:
            names[path] = base_name(link.need.library)
    if _FILES[part.family] is pe_files:
        names.update(pe_files.forwarded_names(part))
    return names


def _needs_of(
    library: Library,
    libraries: Mapping[str, Library],
) -> list[str]:
    """Return the sources of the libraries outside of the wheel that a library needs."""
    paths = map(external_path, library.linkage)
    return [libraries[path].source for path in paths if path is not None]


def _name_kept_by(
    options: RepairOptions,
    library: Library,
) -> str | None:
    """Return the name under which a library is needed, if the project keeps it; ``None`` if not."""
    for name in (*library.names, library.source):
        base = base_name(name)
        for pattern in options.keep_names:
            if fnmatchcase(base, pattern):
                # It is asked for by that name, whatever the file is called.
                return base_name(library.names[0])
    return None


def _copies(bundle: Bundle) -> Iterator[Copy]:
    """Yield a row for each place that a library goes to."""
    for library in each_once(bundle.libraries):
        name = bundle.names[library.source]
        for directory in bundle.places[library.source]:
            yield Copy(
                source=library.source,
                path=posixpath.join(directory, name),
                digest=library.digest,
                size=library.size,
                names=library.names,
                found_by=library.found_by,
                needed_by=library.needed_by,
            )
