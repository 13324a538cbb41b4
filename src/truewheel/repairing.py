"""The story of a repair: audit → plan → bytes → audit again. For a tree that was just built, and for a wheel on disk.

What the target system lacks goes into the wheel. Whoever calls this judges the result anew, from its bytes, and names it by
that.
"""

from __future__ import annotations

import posixpath

from .audit.build_tags import AUTO
from .audit.linkage import audit_of
from .audit.naming import promised_name, true_name
from .audit.verdict import check
from .formats.mentions import count_whole_strings
from .model.audit import Missing
from .model.built import RepairedWheel
from .model.bundled import BundledFile
from .model.errors import RepairError, WheelError
from .model.record import Record, replace
from .model.repair_plan import RepairOptions
from .model.repairs import Repairs
from .model.wheel_name import escape, parse_wheel_name
from .repair.findings import (
    loader_names,
    opened_by_old_name,
    renamed,
    several_of_one_name,
    without_licence,
)
from .repair.plan import plan_repair
from .repair.programs import starter_of
from .system.libraries import LibrariesOnDisk, surroundings
from .system.wheels.reading import look_at, open_wheel, read_wheel
from .system.wheels.repaired import Repaired
from .system.wheels.writing import copy_wheel, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .model.audit import Audit
    from .model.contents import Contents, File, WheelFacts
    from .model.project import Project
    from .model.repair_plan import RepairPlan
    from .model.request import Request
    from .model.verdict import Verdict
    from .model.wheel_name import WheelName
    from .system.libraries import Identity
    from .system.wheels.sources import WheelSource


class RepairRequest(Record):
    """How wheels on disk are to be repaired.

    :param output: the directory to write them into.
    :param promise: a platform tag that they are to have, with or without its CPU; empty for the best.
    :param exclude: globs on libraries that someone else supplies.
    :param search: directories in which libraries are looked for, absolute.
    :param include: see :class:`~truewheel.model.repair_plan.RepairOptions`, as the next.
    :param environ: all environment variables.
    """

    output: Path
    promise: str = ""
    exclude: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    keep_names: tuple[str, ...] = ()
    environ: Mapping[str, str]


class Outcome(Record):
    """A wheel after its repair.

    :param source: its files; the first source when there was nothing to do.
    :param contents: what they are.
    """

    source: WheelSource
    contents: Contents
    repairs: Repairs


# --- a tree that was just built ---------------------------------------------------------------------------------


def repair_build(
    tree: WheelSource,
    contents: Contents,
    project: Project,
    request: Request,
    *,
    mode: str,
) -> Outcome:
    """Return what was built with the libraries that its target system lacks.

    :param mode: ``auto`` or ``warn``; see the setting ``repair``.
    :raises RepairError: as :func:`repair` does.
    """
    settings = project.settings
    promise = "" if settings.tag == AUTO else settings.tag
    # Most builds need nothing, and the disk is not looked at for them.
    if (
        not promise
        and not settings.include
        and not _lacks_libraries(contents, settings.exclude)
    ):
        return Outcome(source=tree, contents=contents, repairs=Repairs())
    search = [(request.source / directory).as_posix() for directory in settings.search]
    libraries = LibrariesOnDisk(around=surroundings(request.environ, search=search))
    options = RepairOptions(
        distribution=escape(project.name),
        scripts=f"{contents.data_dir}/scripts/",
        keep_names=settings.keep_names,
        include=settings.include,
    )
    return repair(
        tree,
        contents,
        options,
        libraries,
        exclude=settings.exclude,
        promise=promise,
        writes=mode == "auto",
    )


def _lacks_libraries(contents: Contents, exclude: tuple[str, ...]) -> bool:
    for part in audit_of(contents, exclude).platforms:
        for link in part.linkage:
            if isinstance(link.source, Missing):
                return True
    return False


# --- a wheel on disk --------------------------------------------------------------------------------------------


def repair_wheel(path: Path, request: RepairRequest) -> RepairedWheel:
    """Write a self-contained copy of a wheel, named by what is in it.

    :raises WheelError: when it is not a wheel.
    :raises RepairError: when a library is not found, or as :func:`repair` does.
    :raises VerdictError: when no true name is known, or the promise is not kept.
    """
    facts = read_wheel(path, digests=True)
    parts = parse_wheel_name(facts.filename)
    if parts is None:
        raise WheelError(
            f"{path} is not the file name of a wheel", hint="rename it first"
        )
    libraries = LibrariesOnDisk(
        around=surroundings(request.environ, search=request.search)
    )
    options = RepairOptions(
        distribution=parts.name,
        scripts=f"{facts.contents.data_dir}/scripts/",
        keep_names=request.keep_names,
        include=request.include,
    )
    with open_wheel(path) as source:
        outcome = repair(
            source,
            facts.contents,
            options,
            libraries,
            exclude=request.exclude,
            promise=request.promise,
        )
        _refuse_missing(path, outcome.repairs)
        repaired = replace(facts, contents=outcome.contents)
        name, verdict = _named(repaired, request)
        made = request.output / str(name)
        if made.exists() and made.samefile(path):
            raise RepairError(
                f"{path} would be written over",
                hint="name another directory with --output",
            )
        if outcome.source is source and str(name) == path.name:
            wheel = copy_wheel(path, request.output)
        else:
            wheel = write(
                outcome.source, request.output, name=name, purelib=verdict.purelib
            )
    return RepairedWheel(wheel=wheel, verdict=verdict, repairs=outcome.repairs)


def _refuse_missing(path: Path, repairs: Repairs) -> None:
    """Raise an error for libraries that were not found.

    :raises RepairError: with the places where they were looked for.
    """
    if not repairs.missing:
        return
    lines: list[str] = []
    for link in repairs.missing:
        lines.append(f"{link.file} needs {link.need.library}")
        if isinstance(link.source, Missing):
            lines += _search_lines(link.source)
    first = repairs.missing[0].need.library
    raise RepairError(
        f"{path.name}: {first} was not found",
        context=dict.fromkeys(lines),
        hint="install it, name its directory with --search DIR, "
        f"or, when someone else supplies it, --exclude {first.rpartition('/')[2]}",
    )


def _search_lines(source: Missing) -> Iterator[str]:
    """Yield what was looked at: the files that do not serve, then the places where there is none."""
    for place in source.tried:
        if place.obstacle:
            yield f"{place.path} is {place.obstacle} ({place.rule})"
    empty: dict[str, list[str]] = {}
    for place in source.tried:
        if not place.obstacle:
            empty.setdefault(place.rule, []).append(posixpath.dirname(place.path))
    for rule, directories in empty.items():
        yield f"not in {', '.join(dict.fromkeys(directories))} ({rule})"


def _named(facts: WheelFacts, request: RepairRequest) -> tuple[WheelName, Verdict]:
    """Return the name of the repaired wheel, and what says so.

    :raises VerdictError: when no true name is known, or the promise is not kept.
    """
    checked = check(facts, exclude=request.exclude)
    if not request.promise:
        name = true_name(facts, checked, exclude=request.exclude)
    else:
        name = promised_name(facts, checked, request.promise, exclude=request.exclude)
    return name, checked.truth


# --- both -------------------------------------------------------------------------------------------------------


def repair(
    source: WheelSource,
    contents: Contents,
    options: RepairOptions,
    libraries: LibrariesOnDisk,
    *,
    exclude: tuple[str, ...] = (),
    promise: str = "",
    writes: bool = True,
) -> Outcome:
    """Return a wheel with the libraries that its target system lacks.

    :param contents: what ``source`` holds.
    :param exclude: globs on libraries that someone else supplies.
    :param promise: a platform tag that the wheel is to have, with or without its CPU; empty for the best.
    :param writes: whether the copies are made; if not, they are only told.
    :raises RepairError: when a library must not be bundled, cannot be read, or a file cannot be told where it is.
    """
    audit = audit_of(contents, exclude, libraries, options.include, promise)
    identities = _identities(audit, libraries)
    plan = plan_repair(audit, options, identities)
    if plan.changes_nothing or not writes:
        repairs = Repairs(
            bundled=_pending(plan), missing=plan.missing, is_pending=not writes
        )
        return Outcome(source=source, contents=contents, repairs=repairs)
    repaired = Repaired(source, plan, libraries)
    starters = {move.path: starter_of(move) for move in plan.moves}
    repaired.add(starters, executable=True)
    bundled = tuple(_bundled(plan, repaired))
    findings = (
        *opened_by_old_name(plan, _mentions(plan, audit, source, libraries)),
        *without_licence(bundled),
        *several_of_one_name(plan),
    )
    return Outcome(
        source=repaired,
        contents=_contents_of(repaired, contents),
        repairs=Repairs(bundled=bundled, missing=plan.missing, findings=findings),
    )


def _identities(audit: Audit, libraries: LibrariesOnDisk) -> dict[str, Identity]:
    """Return what each file outside of the wheel holds."""
    paths = {found.code.path for part in audit.platforms for found in part.outside}
    return {path: libraries.identity(path) for path in sorted(paths)}


def _pending(plan: RepairPlan) -> tuple[BundledFile, ...]:
    """Return what would be copied."""
    return tuple(
        BundledFile(
            source=copy.source,
            path=copy.path,
            size=copy.size,
            digest=copy.digest,
            written_digest="",
        )
        for copy in plan.copies
    )


def _bundled(plan: RepairPlan, repaired: Repaired) -> Iterator[BundledFile]:
    for copy in plan.copies:
        yield BundledFile(
            source=copy.source,
            path=copy.path,
            size=copy.size,
            digest=copy.digest,
            written_digest=repaired.digest_of(copy.path),
        )


def _contents_of(repaired: Repaired, before: Contents) -> Contents:
    """Return what the repaired wheel holds. What was not changed is not read again."""
    changed: list[File] = []
    for member in repaired.changed.values():
        file = look_at(member, digests=False).file
        if file is not None:
            changed.append(file)
    names = {file.path for file in changed}
    kept = [file for file in before.files if file.path not in names]
    return replace(before, files=(*kept, *changed))


def _mentions(
    plan: RepairPlan, audit: Audit, source: WheelSource, libraries: LibrariesOnDisk
) -> dict[str, dict[str, int]]:
    """Return how often each binary holds the old name of a copy, beside its loader's tables.

    These hold each name that a file needs, and its own, once. They are looked at as they were before the repair.
    """
    names = frozenset(renamed(plan))
    if not names:
        return {}
    tables = loader_names(audit)
    places = {copy.source: copy.path for copy in plan.copies}
    found: dict[str, dict[str, int]] = {}
    for member in source.members():
        if member.name in tables:
            counts = count_whole_strings(member.pieces(), names)
            found[member.name] = _less(counts, tables[member.name])
    for path, place in places.items():
        counts = count_whole_strings(libraries.pieces(path), names)
        found[place] = _less(counts, tables.get(path, frozenset()))
    return found


def _less(counts: dict[str, int], known: frozenset[str]) -> dict[str, int]:
    return {name: count - (name in known) for name, count in counts.items()}
