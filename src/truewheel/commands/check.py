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
    from .judging import Judged


def run(options: SimpleNamespace) -> int:
    """Check every wheel that is named; return the exit code."""
    results = Results(options, digests=True)
    style = boundary.style_for(sys.stdout, verbose=options.verbose)
    batches = tuple(batches_named(options.wheels))
    paths = [path for batch in batches for path in batch.paths]
    outcomes = _outcomes(results, paths, jobs=options.jobs)
    for batch in batches:
        if batch.error is not None:
            results.refuse(batch.directory, batch.error)
        for path in batch.paths:
            # One broken file among many must not hide what the others have.
            judged = results.take(path, next(outcomes))
            if judged is None or options.json:
                continue
            report = check_report(
                judged.wheel, judged.checked, style, strict=options.strict
            )
            # At once: there may be many more, and somebody who waits.
            print(report, flush=True)
    if options.json:
        results.print_json()
    # A file that could not be read says nothing about itself, which is graver than a finding.
    if results.exit_code:
        return results.exit_code
    return _exit_code_of_findings(results, strict=options.strict)


def _outcomes(
    results: Results, paths: Sequence[str], *, jobs: int | None
) -> Iterator[Judged | TruewheelError]:
    """Return what comes of each wheel, in their order; of several, on all cores."""
    # Nothing is imported for a single one, which a process could not make faster.
    if len(paths) < 2:
        judge = results.judge
        return iter([judge.judge_or_explain(path, threads=jobs) for path in paths])
    from .side_by_side import judge_all

    return judge_all(results.judge, paths, jobs=jobs)


def _exit_code_of_findings(results: Results, *, strict: bool) -> int:
    """Return the exit code for what was found in the wheels that could be read.

    :param strict: whether warnings fail as well.
    """
    for judged in results.judged:
        if not judged.checked.passes(strict=strict):
            return int(ExitCode.FINDINGS)
    return int(ExitCode.FINE)
