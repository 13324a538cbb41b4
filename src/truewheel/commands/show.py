"""``truewheel show``: what wheels claim, what is true, and what set each floor; for bare binaries, their facts."""

from __future__ import annotations

import os
import sys

from .. import boundary
from ..model.errors import FormatError, TruewheelError, WheelError
from ..report.wheels import wheel_report
from .judging import Results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """Show every wheel that is named; return the exit code."""
    results = Results(options, digests=False)
    for path in options.wheels:
        try:
            # The document of --json is about wheels alone.
            if options.json or not _show_binary(path):
                results.judge(path)
        except TruewheelError as error:
            results.refuse(path, error)
    if options.json:
        results.print_json()
        return results.exit_code
    style = boundary.style_for(sys.stdout, verbose=options.verbose)
    for facts, checked in results.judged:
        print(wheel_report(facts, checked, style))
    return results.exit_code


def _show_binary(path: str) -> bool:
    """Show the facts of a bare binary; return whether ``path`` is one.

    :raises WheelError: when it begins like one and cannot be read.
    """
    if path.endswith(".whl") or not os.path.isfile(path):
        return False
    from .. import formats

    try:
        with open(path, "rb") as file:
            head = file.read(formats.HEAD)
            if formats.sniff(head) is None:
                return False
            facts = formats.read(head + file.read())
    except FormatError as error:
        raise WheelError(f"{path}: {error}", context=error.context) from None
    except OSError as error:
        raise WheelError(f"{path} cannot be read", context=[str(error)]) from error
    if facts is None:
        return False
    from ..report.wheels import binary_report

    print(binary_report(os.path.basename(path), facts))
    return True
