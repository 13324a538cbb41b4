"""The story of ``truewheel repair``: a wheel on disk is written anew, with what its target system lacks, named by what is in it."""

from __future__ import annotations

import contextlib

from ..audit.linkage import audit_of
from ..audit.naming import promised_name, true_name
from ..audit.required_distributions import unrequired_distributions
from ..audit.verdict import check
from ..model.audit import Missing
from ..model.built import RepairedWheel, WheelFile
from ..model.errors import RepairError, WheelError
from ..model.neighbours import required_by, without
from ..model.record import Record, replace
from ..model.repair_plan import RepairOptions
from ..model.wheel_name import parse_wheel_name
from ..repair.findings import search_lines
from ..system.libraries import LibrariesOnDisk
from ..system.surroundings import surroundings
from ..system.wheels.reading import open_wheel, read_wheel
from ..system.wheels.writing import copy_wheel, write
from .origins import telling_origins
from .provenance import About
from .story import regular_packages, repair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..model.audit import Linkage
    from ..model.contents import WheelFacts
    from ..model.finding import Finding
    from ..model.neighbours import Neighbour
    from ..model.repairs import Repairs
    from ..model.verdict import Verdict
    from ..model.wheel_name import WheelName


class RepairRequest(Record):
    """How wheels on disk are to be repaired.

    :param output: the directory to write them into.
    :param promise: a platform tag that they are to have, with or without its CPU; empty for the best.
    :param exclude: globs on libraries that someone else supplies.
    :param search: directories in which libraries are looked for, absolute.
    :param include: see :class:`~truewheel.model.repair_plan.RepairOptions`, as the next.
    :param sbom: ``off`` to write no bill of materials.
    :param neighbours: distributions that are installed beside them.
    :param environ: all environment variables.
    """

    output: Path
    promise: str = ""
    exclude: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    keep_names: tuple[str, ...] = ()
    sbom: str = "bundled"
    neighbours: tuple[Neighbour, ...] = ()
    environ: Mapping[str, str]


def repair_wheel(path: Path, request: RepairRequest) -> RepairedWheel:
    """Write a self-contained copy of a wheel, named by what is in it.

    :raises WheelError: when it is not a wheel.
    :raises RepairError: when a library is not found, or as :func:`repair` does.
    :raises VerdictError: when no true name is known, or the promise is not kept.
    """
    facts = read_wheel(path, digests=True)
    beside = without(facts, request.neighbours)
    parts = _parts_of_name(path, facts)
    libraries = LibrariesOnDisk(
        around=surroundings(request.environ, search=request.search)
    )
    options = RepairOptions(
        distribution=parts.name,
        scripts=f"{facts.contents.data_dir}/scripts/",
        packages=regular_packages(facts.contents),
        exclude=request.exclude,
        promise=request.promise,
        keep_names=request.keep_names,
        include=request.include,
    )
    about = About(project=parts.name, version=parts.version, sbom=request.sbom)
    with open_wheel(path) as source:
        with _naming_the_wheel(path):
            outcome = repair(
                source,
                facts.contents,
                options,
                libraries,
                about,
                neighbours=beside,
            )
        _refuse_missing(path, parts, outcome.repairs)
        # Judged again from the bytes: the name comes from that.
        repaired = replace(facts, contents=outcome.contents)
        with telling_origins(outcome.repairs.bundled):
            name, verdict = _named(repaired, request, beside)
        made = request.output / str(name)
        is_in_place = made.exists() and made.samefile(path)
        # Nothing was lacking: the same wheel comes out, byte for byte.
        if outcome.source is source and str(name) == path.name:
            wheel = _same_wheel(path, request.output, is_in_place=is_in_place)
            is_new = not is_in_place
        # A wheel is never written over the one that it is read from.
        elif is_in_place:
            raise RepairError(
                f"{path} would be written over",
                hint="name another directory with --output",
            )
        else:
            wheel = write(
                outcome.source, request.output, name=name, purelib=verdict.purelib
            )
            is_new = True
    told = (*outcome.repairs.findings, *_unrequired(repaired, request, beside))
    repairs = replace(outcome.repairs, findings=told)
    return RepairedWheel(wheel=wheel, verdict=verdict, repairs=repairs, is_new=is_new)


def _unrequired(
    facts: WheelFacts, request: RepairRequest, beside: tuple[Neighbour, ...]
) -> Iterator[Finding]:
    """Yield TW207 for what other distributions supply to the repaired wheel, and METADATA does not require."""
    if not beside:
        return
    # Search paths were written by now: which library serves whom is seen in the result.
    audit = audit_of(facts.contents, request.exclude, neighbours=beside)
    yield from unrequired_distributions(
        audit,
        required_by(facts.metadata or ""),
        beside,
        where=f"{facts.contents.dist_info}/METADATA",
    )


def _parts_of_name(path: Path, facts: WheelFacts) -> WheelName:
    """Return the parts of a wheel's file name.

    :raises WheelError: when it has none.
    """
    parts = parse_wheel_name(facts.filename)
    # Libraries go into a folder with the distribution's name.
    if parts is None:
        raise WheelError(
            f"{path} is not the file name of a wheel",
            hint="rename it first: NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
        )
    return parts


def _same_wheel(path: Path, output: Path, *, is_in_place: bool) -> WheelFile:
    """Return a wheel that needs no repair, as it lies in a directory.

    :param is_in_place: whether it lies there already.
    """
    if is_in_place:
        # Not even its time of change is touched.
        return WheelFile(path=path, size=path.stat().st_size)
    return copy_wheel(path, output)


@contextlib.contextmanager
def _naming_the_wheel(path: Path) -> Iterator[None]:
    """Put the name of a wheel in front of what stops its repair: several may be repaired at once."""
    try:
        yield
    except RepairError as error:
        raise RepairError(
            f"{path.name}: {error.message}", context=error.context, hint=error.hint
        ) from error


def _refuse_missing(path: Path, parts: WheelName, repairs: Repairs) -> None:
    """Raise an error for libraries that were not found.

    :param parts: of the wheel's name.
    :raises RepairError: with the places where they were looked for.
    """
    if not repairs.missing:
        return
    lines: list[str] = []
    for link in repairs.missing:
        library = link.need.library
        # An included library is needed by no file that could be named.
        if link in repairs.not_included:
            lines.append(f"--include asks for {library}")
        else:
            lines.append(f"{link.file} needs {library}")
        if isinstance(link.source, Missing):
            lines += search_lines(link.source)
    # Several files may need the same one.
    names = list(dict.fromkeys(link.need.library for link in repairs.missing))
    if len(names) == 1:
        told = f"{names[0]} was not found"
    else:
        told = f"{len(names)} libraries were not found: {', '.join(names)}"
    hint = _cure(repairs)
    # Package managers for Macs have libraries for one CPU alone.
    has_obstacle = any(map(_has_obstacle, repairs.missing))
    if has_obstacle and "_universal2" in "".join(parts.platforms):
        hint += "; or repair both thin wheels, and join them: truewheel fuse"
    raise RepairError(f"{path.name}: {told}", context=dict.fromkeys(lines), hint=hint)


def _has_obstacle(link: Linkage) -> bool:
    """Return whether there is a file for a need, which does not serve."""
    source = link.source
    return isinstance(source, Missing) and any(one.obstacle for one in source.tried)


def _cure(repairs: Repairs) -> str:
    """Return what can be done about all the libraries that were not found."""
    needed = dict.fromkeys(
        link.need.library.rpartition("/")[2]
        for link in repairs.missing
        if link not in repairs.not_included
    )
    # What is included is wanted in the wheel: nobody else supplies it.
    if not needed:
        return "install it, or name its directory with --search DIR"
    options = " ".join(f"--exclude {name}" for name in needed)
    if len(needed) == 1:
        return f"install it, name its directory with --search DIR, name the wheel that has it with --with WHEEL, or, when someone else supplies it, {options}"
    return f"install them, name their directories with --search DIR, name the wheels that have them with --with WHEEL, or, when someone else supplies them, {options}"


def _named(
    facts: WheelFacts, request: RepairRequest, beside: tuple[Neighbour, ...]
) -> tuple[WheelName, Verdict]:
    """Return the name of the repaired wheel, and what says so.

    :param beside: distributions that are installed beside it.

    :raises VerdictError: when no true name is known, or the promise is not kept.
    """
    exclude = request.exclude
    checked = check(facts, exclude=exclude, neighbours=beside)
    if request.promise:
        name = promised_name(
            facts, checked, request.promise, exclude=exclude, neighbours=beside
        )
        reason = f"{request.promise} was promised, and holds"
        truth = replace(checked.truth, reasons=(reason,))
    else:
        truth = checked.truth
        name = true_name(facts, checked, exclude=exclude, neighbours=beside)
    return name, truth
