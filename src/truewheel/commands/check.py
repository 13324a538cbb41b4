"""``truewheel check``: a line for each wheel that may be shipped, the findings for the others, and an exit code for CI."""

from __future__ import annotations

import sys

from .. import boundary
from ..model.errors import ExitCode, TruewheelError
from ..report.wheels import check_report
from .judging import Results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """Check every wheel that is named; return the exit code."""
    results = Results(options, digests=True)
    for path in options.wheels:
        try:
            results.judge(path)
        except TruewheelError as error:
            # One broken file among many must not hide what the others have.
            results.refuse(path, error)
    results.compare_places()
    if options.json:
        results.print_json()
    else:
        _print_reports(results, options)
    # A file that could not be read says nothing about itself, which is graver than a finding.
    if results.exit_code:
        return results.exit_code
    return _exit_code_of_findings(results, strict=options.strict)


def _print_reports(results: Results, options: SimpleNamespace) -> None:
    """Print a report of each wheel."""
    style = boundary.style_for(sys.stdout, verbose=options.verbose)
    for facts, checked in results.judged:
        print(check_report(facts, checked, style, strict=options.strict))


def _exit_code_of_findings(results: Results, *, strict: bool) -> int:
    """Return the exit code for what was found in the wheels that could be read.

    :param strict: whether warnings fail as well.
    """
    for _, checked in results.judged:
        if not checked.passes(strict=strict):
            return int(ExitCode.FINDINGS)
    return int(ExitCode.FINE)
