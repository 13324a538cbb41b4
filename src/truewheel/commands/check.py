"""``truewheel check``: a line for each wheel that may be shipped, the findings for the others, and an exit code for CI."""

from __future__ import annotations

import sys

from .. import boundary
from ..model.errors import ExitCode
from ..report.wheels import check_report
from .judging import Results, batches_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import SimpleNamespace

    from ..model.errors import TruewheelError
    from .judging import Batch, Judged, Named


def run(options: SimpleNamespace) -> int:
    """Check every wheel that is named; return the exit code."""
    results = Results(options, digests=True)
    batches = tuple(batches_named(options.wheels))
    wheels = [named for batch in batches for named in batch.wheels]
    outcomes = _outcomes(results, wheels, jobs=options.jobs)
    for batch in batches:
        for report in _reports(batch, outcomes, results, options):
            # At once: there may be many more, and somebody who waits.
            print(report, flush=True)
    if options.json:
        results.print_json()
    # A file that could not be read says nothing about itself, which is graver than a finding.
    if results.exit_code:
        return results.exit_code
    return _exit_code_of_findings(results, strict=options.strict)


def _reports(
    batch: Batch,
    outcomes: Iterator[Judged | TruewheelError],
    results: Results,
    options: SimpleNamespace,
) -> Iterator[str]:
    """Yield what is told of each wheel of a batch, as soon as it is known, and of all of a directory together."""
    style = boundary.style_for(sys.stdout, verbose=options.verbose)
    strict = options.strict
    if batch.error is not None:
        results.refuse(batch.directory, batch.error)
    members = []
    for named in batch.wheels:
        # One broken file among many must not hide what the others have.
        judged = results.take(named.path, next(outcomes))
        if judged is None:
            continue
        if judged.member is not None:
            members.append(judged.member)
        if not options.json:
            yield check_report(judged.wheel, judged.checked, style, strict=strict)
    if not members:
        return
    from ..report.sets import set_check_report  # a wheel alone is no set

    for checked in results.judge_sets(batch.directory, members):
        if not options.json:
            yield from set_check_report(checked, style, strict=strict)


def _outcomes(
    results: Results, wheels: Sequence[Named], *, jobs: int | None
) -> Iterator[Judged | TruewheelError]:
    """Return what comes of each wheel, in their order; of several, on all cores."""
    # Nothing is imported for a single one, which a process could not make faster.
    if len(wheels) < 2:
        judge = results.judge
        return iter([judge.judge_or_explain(named, threads=jobs) for named in wheels])
    from .side_by_side import judge_all

    return judge_all(results.judge, wheels, jobs=jobs)


def _exit_code_of_findings(results: Results, *, strict: bool) -> int:
    """Return the exit code for what was found in the wheels that could be read.

    :param strict: whether warnings fail as well.
    """
    passed = [judged.checked.passes(strict=strict) for judged in results.judged]
    passed += [checked.passes(strict=strict) for checked in results.sets]
    if not all(passed):
        return int(ExitCode.FINDINGS)
    return int(ExitCode.FINE)
