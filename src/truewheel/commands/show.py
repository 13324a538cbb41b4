"""``truewheel show``: what wheels claim, what is true, and what set each floor; for bare binaries, their facts."""

from __future__ import annotations

import os
import sys

from .. import boundary
from ..model.errors import FormatError, TruewheelError, WheelError
from ..report.wheels import wheel_report
from .judging import Results, batches_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..report.text import Style
    from .judging import Judged, Named


def run(options: SimpleNamespace) -> int:
    """Show every wheel that is named; return the exit code."""
    results = Results(options, digests=False)
    for batch in batches_named(options.wheels):
        if batch.error is not None:
            results.refuse(batch.directory, batch.error)
        members = []
        for named in batch.wheels:
            try:
                judged = _show_path(named, results, json=options.json)
            except TruewheelError as error:
                results.refuse(named.path, error)
                continue
            if judged is not None and judged.member is not None:
                members.append(judged.member)
        if members:
            results.judge_sets(batch.directory, members)
    if options.json:
        results.print_json()
        return results.exit_code
    style = boundary.style_for(sys.stdout, verbose=options.verbose)
    for judged in results.judged:
        print(wheel_report(judged.wheel, judged.checked, style))
    _print_sets(results, style)
    return results.exit_code


def _print_sets(results: Results, style: Style) -> None:
    """Print what there is to say of directories; most runs name files."""
    if not results.sets:
        return
    from ..report.sets import set_report

    for checked in results.sets:
        print(set_report(checked, style))


def _show_path(named: Named, results: Results, *, json: bool) -> Judged | None:
    """Show a bare binary at once, or judge a wheel and return what came of it.

    :raises TruewheelError: when it is neither, or cannot be read.
    """
    # The document of --json is about wheels alone.
    if not json and _show_binary(named.path):
        return None
    return results.take(named.path, results.judge.judge(named))


def _show_binary(path: str) -> bool:
    """Show the facts of a bare binary; return whether ``path`` is one.

    :raises WheelError: when it begins like one and cannot be read.
    """
    # What is not a file is told by the reader of wheels; opening a pipe here would wait for its other end.
    if path.endswith(".whl") or not os.path.isfile(path):
        return False
    from .. import formats

    # The head first: a large file that is not a binary is not read whole.
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
