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
            results.refuse(path, error)
    if options.json:
        results.print_json()
    else:
        style = boundary.style_for(sys.stdout, verbose=options.verbose)
        for facts, checked in results.judged:
            print(check_report(facts, checked, style, strict=options.strict))
    if results.exit_code:
        return results.exit_code
    for _, checked in results.judged:
        if not checked.passes(strict=options.strict):
            return int(ExitCode.FINDINGS)
    return int(ExitCode.FINE)
