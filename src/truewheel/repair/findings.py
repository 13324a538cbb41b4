"""What is to be said of a repair (TW601 to TW605). Pure."""

from __future__ import annotations

import posixpath
from collections import Counter

from ..model.audit import Missing
from ..model.binary import MachOSlice
from ..model.edits import RemoveNeeded
from ..model.finding import Finding, Severity
from .ways import base_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.audit import Linkage
    from ..model.binary import Slice
    from ..model.bundled import BundledFile, SystemPackage
    from ..model.errors import RepairError
    from ..model.repair_plan import Copy, RepairPlan
    from .guesses import Guess
    from .replaced import Replaced


def renamed(plan: RepairPlan) -> dict[str, Copy]:
    """Return the copies that have another name now, by each name by which code may still open them."""
    found: dict[str, Copy] = {}
    for copy in plan.copies:
        new = base_name(copy.path)
        for name in (*copy.names, copy.source):
            old = base_name(name)
            if old != new:
                found[old] = copy
    return found


def loader_names(path: str, slices: Iterable[Slice]) -> Mapping[str, int]:
    """Return how often the loader's tables of a file hold each name: its own, and those of what it needs.

    :param slices: all code in the file; each slice has tables of its own.
    """
    found: Counter[str] = Counter()
    for piece in slices:
        names = {need.library for need in piece.needs}
        if piece.name is not None:
            names.add(piece.name)
        found.update(names)
        # A linker signs code for ARM with the name of the file as the identifier (cs_blobs.h, CodeDirectory.identOffset).
        if isinstance(piece, MachOSlice) and piece.signed:
            found.update({base_name(path), base_name(piece.name or path)})
    return found


def opened_by_old_name(
    plan: RepairPlan,
    mentions: Mapping[str, Mapping[str, int]],
) -> Iterator[Finding]:
    """Yield TW601 for each file that holds the old name of a copy outside of its loader's tables.

    :param mentions: for each file how often it holds each name as a whole string, without the loader's tables.
    """
    copies = renamed(plan)
    # Whether code opens it, or only prints it, the string does not tell.
    for file, counts in sorted(mentions.items()):
        for name in sorted(counts):
            copy = copies.get(name)
            if copy is None or counts[name] < 1:
                continue
            yield Finding(
                code="TW601",
                severity=Severity.WARNING,
                where=file,
                message=f"may open {name} while it runs, and in the wheel that is called {base_name(copy.path)}",
                evidence=(f"{file} holds the string {name}",),
                hint=f'if it does, keep the name: tool.truewheel.keep-names = ["{name}"], or --keep-name {name}',
            )


def without_licence(
    bundled: Iterable[BundledFile],
    packages: Iterable[SystemPackage],
) -> Iterator[Finding]:
    """Yield TW602 for what was copied without the text of a licence.

    :param packages: those of which no text was found.
    """
    without = set(packages)
    told: set[object] = set()
    for file in bundled:
        if file.package is None:
            fact = f"{file.source}: no package of this machine owns it"
        elif file.package in without:
            name = f"{file.package.name} {file.package.version}"
            fact = f"{name}: no text of its licence is on this machine"
        else:
            continue
        # One text is enough for all files of a package.
        if file.package is not None and file.package in told:
            continue
        told.add(file.package)
        yield Finding(
            code="TW602",
            severity=Severity.NOTE,
            where=file.path,
            message="its licence is not in the wheel",
            evidence=(fact,),
            hint="add the text to the project's license-files, when the licence asks for that",
        )


def no_longer_linked_with_python(plan: RepairPlan) -> Iterator[Finding]:
    """Yield TW604 for files that were linked with Python itself."""
    for row in plan.edits:
        for edit in row.edits:
            if isinstance(edit, RemoveNeeded):
                yield Finding(
                    code="TW604",
                    severity=Severity.NOTE,
                    where=row.path,
                    message="is no longer linked with libpython",
                    evidence=(f"{row.path} needed {edit.library}",),
                    hint="ask find_package(Python) for Development.Module instead of Development",
                )


def not_repaired(
    project: str,
    error: RepairError,
) -> Finding:
    """Return TW605: a build goes on without the libraries that its target system lacks."""
    return Finding(
        code="TW605",
        severity=Severity.WARNING,
        where=project,
        message=f"its wheel brings no libraries: {error.message}",
        evidence=tuple(error.context),
        hint=error.hint or 'say so: tool.truewheel.repair = "off"',
    )


def not_included(project: str, links: Iterable[Linkage]) -> Iterator[Finding]:
    """Yield TW605 for each library that is to be included, and is nowhere: the code that opens it will not find it."""
    for link in links:
        name = link.need.library
        evidence: tuple[str, ...] = ()
        if isinstance(link.source, Missing):
            evidence = tuple(search_lines(link.source))
        yield Finding(
            code="TW605",
            severity=Severity.WARNING,
            where=project,
            message=f"{name} is to be included, and was not found",
            evidence=evidence,
            hint='name its directory: tool.truewheel.search = ["DIR"], or take it out of include',
        )


def search_lines(source: Missing) -> Iterator[str]:
    """Yield what was looked at: the files that do not serve, then the places where there is none."""
    # On this machine no directory is the other system's, and a PE file names none.
    if not source.tried:
        yield "no directory was searched: name it with --search DIR"
    for place in source.tried:
        if place.obstacle:
            yield f"{place.path} is {place.obstacle} ({place.rule})"
    # Directories without such a file are many: one line for each rule that names them.
    empty: dict[str, list[str]] = {}
    for place in source.tried:
        if not place.obstacle:
            empty.setdefault(place.rule, []).append(posixpath.dirname(place.path))
    for rule, directories in empty.items():
        yield f"not in {', '.join(dict.fromkeys(directories))} ({rule})"


def several_of_one_name(plan: RepairPlan) -> Iterator[Finding]:
    """Yield TW603 for different libraries that are needed by one name: each file gets its own."""
    by_name: dict[str, list[Copy]] = {}
    for copy in plan.copies:
        for name in copy.names:
            by_name.setdefault(name, []).append(copy)
    for name, copies in sorted(by_name.items()):
        if len({copy.digest for copy in copies}) < 2:
            continue
        yield Finding(
            code="TW603",
            severity=Severity.WARNING,
            where=name,
            message=f"{name} is {len(copies)} different libraries, and each file gets its own",
            evidence=tuple(
                f"{copy.needed_by[0]} gets {copy.source} ({copy.found_by})"
                for copy in copies
            ),
            hint="build everything against one of them, unless this is meant: in one process both are loaded",
        )


def guessed(guesses: Iterable[Guess]) -> Iterator[Finding]:
    """Yield TW603 for files that may have been linked with another library than the one that they get.

    :param guesses: those where the libraries differ.
    """
    for one in guesses:
        count = len(one.others) + 1
        yield Finding(
            code="TW603",
            severity=Severity.WARNING,
            where=one.library,
            message=f"{one.library} is {count} different libraries, and nothing tells which of them {one.file} was linked with",
            evidence=(
                f"{one.file} gets {one.taken}",
                *[f"the build linked {path} as well" for path in one.others],
            ),
            hint=f"give {one.file} a search path (-Wl,-rpath,DIR) that leads to its library, or make it by a target of CMake",
        )


def others_replaced(replaced: Iterable[Replaced]) -> Iterator[Finding]:
    """Yield TW603 for files that find a library of the machine today, and get the wheel's own of that name.

    :param replaced: those where the two differ.
    """
    for one in replaced:
        yield Finding(
            code="TW603",
            severity=Severity.WARNING,
            where=one.library,
            message=f"{one.library} is 2 different libraries, and {one.file} now gets the one in the wheel",
            evidence=(
                f"{one.file} was led to {one.outside} ({one.rule})",
                f"{one.file} gets {one.inside}",
            ),
            hint="build everything against one of them; if both are meant, give them different names",
        )
