"""The story of ``truewheel repair``: a wheel on disk is written anew, with what its target system lacks, named by what is in it."""

from __future__ import annotations

from .audit.linkage import audit_of
from .audit.naming import promised_name, true_name
from .audit.required_distributions import unrequired_distributions
from .audit.verdict import check
from .model.built import RepairedWheel
from .model.errors import RepairError, WheelError
from .model.neighbours import required_by, without
from .model.record import Record, replace
from .model.repair_plan import RepairOptions
from .model.wheel_name import parse_wheel_name
from .provenance import About
from .repairing import refuse_missing, regular_packages, repair
from .system.libraries import LibrariesOnDisk
from .system.surroundings import surroundings
from .system.wheels.reading import open_wheel, read_wheel
from .system.wheels.writing import copy_wheel, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .model.contents import WheelFacts
    from .model.finding import Finding
    from .model.neighbours import Neighbour
    from .model.verdict import Verdict
    from .model.wheel_name import WheelName


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
    parts = parse_wheel_name(facts.filename)
    # Libraries go into a folder with the distribution's name.
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
        packages=regular_packages(facts.contents),
        exclude=request.exclude,
        promise=request.promise,
        keep_names=request.keep_names,
        include=request.include,
    )
    with open_wheel(path) as source:
        outcome = repair(
            source,
            facts.contents,
            options,
            libraries,
            About(project=parts.name, version=parts.version, sbom=request.sbom),
            neighbours=beside,
        )
        refuse_missing(path.name, outcome.repairs)
        # Judged again from the bytes: the name comes from that.
        repaired = replace(facts, contents=outcome.contents)
        name, verdict = _named(repaired, request, beside)
        # A wheel is never written over the one that it is read from.
        made = request.output / str(name)
        if made.exists() and made.samefile(path):
            raise RepairError(
                f"{path} would be written over",
                hint="name another directory with --output",
            )
        # Nothing was lacking: the same wheel comes out, byte for byte.
        if outcome.source is source and str(name) == path.name:
            wheel = copy_wheel(path, request.output)
        else:
            wheel = write(
                outcome.source, request.output, name=name, purelib=verdict.purelib
            )
    told = (*outcome.repairs.findings, *_unrequired(repaired, request, beside))
    repairs = replace(outcome.repairs, findings=told)
    return RepairedWheel(wheel=wheel, verdict=verdict, repairs=repairs)


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
