"""The story of a repair: audit → plan → bytes → audit again. For a tree that was just built, and for a wheel on disk.

What the target system lacks goes into the wheel. Whoever calls this judges the result anew, from its bytes, and names it by
that.
"""

from __future__ import annotations

import hashlib
import posixpath

from ..audit.linkage import audit_of
from ..formats.mentions import count_whole_strings
from ..model.bundled import BundledFile
from ..model.errors import RepairError
from ..model.record import Record, replace
from ..model.repair_plan import RepairOptions
from ..model.repairs import Repairs
from ..repair.findings import (
    guessed,
    loader_names,
    no_longer_linked_with_python,
    opened_by_old_name,
    others_replaced,
    renamed,
    several_of_one_name,
    without_licence,
)
from ..repair.guesses import guessed_libraries
from ..repair.plan import plan_repair
from ..repair.programs import starter_of
from ..repair.replaced import replaced_libraries
from ..repair.unmatched import (
    links_not_included,
    unmatched_exclude,
    unmatched_keep_names,
)
from ..system.libraries import LibrariesOnDisk
from ..system.wheels.reading import look_at
from ..system.wheels.repaired import Repaired
from .provenance import About, papers_for, with_packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..model.audit import Audit
    from ..model.binary import Slice
    from ..model.contents import Contents
    from ..model.finding import Finding
    from ..model.neighbours import Neighbour
    from ..model.repair_plan import AddDllDirectory, FileEdits, RepairPlan
    from ..repair.guesses import Guess
    from ..repair.replaced import Replaced
    from ..system.libraries import Identity
    from ..system.wheels.sources import WheelSource


class Outcome(Record):
    """A wheel after its repair.

    :param source: its files; the first source when there was nothing to do.
    :param contents: what they are.
    """

    source: WheelSource
    contents: Contents
    repairs: Repairs


def regular_packages(contents: Contents) -> frozenset[str]:
    """Return the packages whose own code runs before that of any module in them; none when a ``.pth`` file may go around it."""
    found: set[str] = set()
    for file in contents.files:
        folder, name = posixpath.split(contents.installed(file.path))
        # Python runs a .pth file at its start, and that may import a module by another way.
        if not folder and name.endswith(".pth"):
            return frozenset()
        if folder and name == "__init__.py":
            found.add(folder)
    return frozenset(found)


def repair(
    source: WheelSource,
    contents: Contents,
    options: RepairOptions,
    libraries: LibrariesOnDisk,
    about: About,
    *,
    neighbours: Sequence[Neighbour] = (),
    installed: Sequence[BundledFile] = (),
    writes: bool = True,
) -> Outcome:
    """Return a wheel with the libraries that its target system lacks.

    :param contents: what ``source`` holds.
    :param neighbours: distributions that are installed beside it.
    :param installed: libraries of the system that are in it already, and that no paper tells of.
    :param writes: whether the copies are made; if not, they are only told.
    :raises RepairError: when a library must not be bundled, cannot be read, or a file cannot be told where it is.
    """
    audit = audit_of(
        contents,
        options.exclude,
        libraries,
        include=options.include,
        promise=options.promise,
        neighbours=neighbours,
    )
    _refuse_include_without_binaries(audit, options)
    identities = _identities(audit, libraries)
    plan = plan_repair(audit, options, identities)
    told = _told_of_plan(audit, plan, options)
    # A bill of what was linked or installed is a reason to write as well.
    has_papers = bool(about.components or installed)
    has_nothing_to_add = plan.changes_nothing and not has_papers
    if has_nothing_to_add or not writes:
        pending = tuple(_bundled(plan))
        repairs = replace(told, bundled=pending, is_pending=not writes)
        return Outcome(source=source, contents=contents, repairs=repairs)
    # Bytes: nothing is written yet, members are made when they are read.
    repaired = Repaired(source, plan, libraries)
    starters = {move.path: starter_of(move) for move in plan.moves}
    repaired.add(starters, executable=True)
    repaired.add(_with_dll_directories(plan, source))
    # Papers: they tell the hash of what was written, so they come last.
    rows = _all_bundled(plan, repaired, installed)
    bundled = with_packages(rows, libraries)
    papers = papers_for(bundled, source, about)
    repaired.add(papers.files)
    findings = (
        *opened_by_old_name(plan, _mentions(plan, audit, source, libraries)),
        *without_licence(bundled, papers.without_licence),
        *_namesakes(audit, plan, source, libraries),
        *no_longer_linked_with_python(plan),
    )
    return Outcome(
        source=repaired,
        contents=_contents_of(repaired, contents),
        repairs=replace(told, bundled=bundled, edited=_edited(plan), findings=findings),
    )


def _refuse_include_without_binaries(audit: Audit, options: RepairOptions) -> None:
    """Raise an error where nothing tells for which system a library is to be included.

    :raises RepairError: silence would look as if the library were in the wheel.
    """
    if options.include and not audit.platforms:
        raise RepairError(
            f"include asks for {', '.join(options.include)}, but no file of the wheel is a binary",
            hint="a library is copied for the system and the CPU of the binaries beside it",
        )


def _told_of_plan(audit: Audit, plan: RepairPlan, options: RepairOptions) -> Repairs:
    """Return what is known before anything is made: what was not found, and what the options name in vain."""
    kept = unmatched_keep_names(plan.copies, options.keep_names)
    return Repairs(
        missing=plan.missing,
        not_included=tuple(links_not_included(audit)),
        unmatched_exclude=tuple(unmatched_exclude(audit, options.exclude)),
        unmatched_keep_names=tuple(kept),
    )


def _with_dll_directories(plan: RepairPlan, source: WheelSource) -> dict[str, bytes]:
    """Return the ``__init__.py`` files that tell Windows about directories, with the call in them."""
    calls = {row.path: row.directory for row in plan.dll_directories}
    if not calls:
        return {}
    from ..repair.dll_directory import with_dll_directory  # for Windows alone

    found: dict[str, bytes] = {}
    for member in source.members():
        if member.name in calls:
            text = bytes(member.read())
            found[member.name] = with_dll_directory(text, calls[member.name])
    return found


def _identities(audit: Audit, libraries: LibrariesOnDisk) -> dict[str, Identity]:
    """Return what each file outside of the wheel holds."""
    found: dict[str, Identity] = {}
    for part in audit.platforms:
        for library in part.outside:
            path = library.code.path
            found[path] = libraries.identity(path)
    return found


def _bundled(
    plan: RepairPlan, written: Callable[[str], str] | None = None
) -> Iterator[BundledFile]:
    """Yield the copies of libraries.

    :param written: returns the SHA-256 of a copy as it is in the wheel, by its path; nothing is asked if none is made.
    """
    for copy in plan.copies:
        yield BundledFile(
            source=copy.source,
            path=copy.path,
            size=copy.size,
            digest=copy.digest,
            written_digest=written(copy.path) if written else "",
        )


def _all_bundled(
    plan: RepairPlan, repaired: Repaired, installed: Sequence[BundledFile]
) -> list[BundledFile]:
    """Return what is copied now, and what was in the wheel before, in order of path."""
    copies = _bundled(plan, repaired.digest_of)
    rows = [*copies, *_as_written(installed, repaired)]
    rows.sort(key=lambda file: file.path)
    return rows


def _as_written(
    installed: Sequence[BundledFile], repaired: Repaired
) -> Iterator[BundledFile]:
    """Yield libraries that were in the wheel before, with the digests that they have now."""
    for file in installed:
        if file.path in repaired.changed:
            digest = repaired.digest_of(file.path)
            yield replace(file, written_digest=digest)
        else:
            yield file


def _edited(plan: RepairPlan) -> tuple[FileEdits | AddDllDirectory, ...]:
    """Return what is changed in the wheel's own files."""
    copies = {copy.path for copy in plan.copies}
    edits: list[FileEdits] = []
    for row in plan.edits:
        # Copies are changed as well, but those are new in the wheel.
        if row.path not in copies:
            edits.append(row)
    return (*edits, *plan.dll_directories)


def _contents_of(repaired: Repaired, before: Contents) -> Contents:
    """Return what the repaired wheel holds. What was not changed is not read again."""
    files = {file.path: file for file in before.files}
    for member in repaired.changed.values():
        file = look_at(member, digests=False).file
        # Where a program was, there is now the script that starts it.
        if file is not None:
            files[file.path] = file
    return replace(before, files=tuple(files.values()))


def _mentions(
    plan: RepairPlan, audit: Audit, source: WheelSource, libraries: LibrariesOnDisk
) -> dict[str, dict[str, int]]:
    """Return how often each binary holds the old name of a copy, beside its loader's tables.

    These hold each name that a file needs, and its own, once. They are looked at as they were before the repair.
    """
    # Names that are kept are found as before.
    names = frozenset(renamed(plan))
    if not names:
        return {}
    inside = _slices_inside(audit)
    places = {copy.source: copy.path for copy in plan.copies}
    found: dict[str, dict[str, int]] = {}
    for member in source.members():
        slices = inside.get(member.name)
        if slices:
            counts = count_whole_strings(member.pieces(), names)
            found[member.name] = _less(counts, loader_names(member.name, slices))
    for path, place in places.items():
        counts = count_whole_strings(libraries.pieces(path), names)
        # All slices, also those that nobody needs: they are in the same file.
        binary = libraries.read_library(path)
        slices = [*binary.slices] if binary is not None else []
        found[place] = _less(counts, loader_names(path, slices))
    return found


def _namesakes(
    audit: Audit,
    plan: RepairPlan,
    source: WheelSource,
    libraries: LibrariesOnDisk,
) -> Iterator[Finding]:
    """Yield what is to be said of different libraries of one name."""
    yield from several_of_one_name(plan)
    yield from others_replaced(_replaced(audit, source, libraries))
    yield from guessed(_guesses(audit, libraries))


def _guesses(audit: Audit, libraries: LibrariesOnDisk) -> Iterator[Guess]:
    """Yield the needs for which one of several libraries was taken, without those where all of them are the same."""
    for one in guessed_libraries(audit, libraries.around):
        taken = libraries.identity(one.taken)
        others: list[str] = []
        for path in one.others:
            if libraries.identity(path) != taken:
                others.append(path)
        if others:
            yield replace(one, others=tuple(others))


def _replaced(
    audit: Audit, source: WheelSource, libraries: LibrariesOnDisk
) -> list[Replaced]:
    """Return the needs that get another library by the repair, without those where both files are the same."""
    found = list(replaced_libraries(audit, libraries))
    # Members are read for this alone.
    if not found:
        return []
    wanted = {one.inside for one in found}
    digests: dict[str, str] = {}
    for member in source.members():
        if member.name in wanted:
            digests[member.name] = hashlib.sha256(member.read()).hexdigest()
    differing: list[Replaced] = []
    for one in found:
        digest = libraries.identity(one.outside).digest
        # A copy of the same file is no other library.
        if digest != digests.get(one.inside):
            differing.append(one)
    return differing


def _slices_inside(audit: Audit) -> dict[str, list[Slice]]:
    """Return the code of each file of the wheel."""
    found: dict[str, list[Slice]] = {}
    for part in audit.platforms:
        for code in part.files:
            found.setdefault(code.path, []).append(code.slice)
    return found


def _less(counts: Mapping[str, int], known: Mapping[str, int]) -> dict[str, int]:
    return {name: count - known.get(name, 0) for name, count in counts.items()}
