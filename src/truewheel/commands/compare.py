"""``truewheel compare``: whether two wheels are the same, and what differs."""

from __future__ import annotations

import os
import sys

from .. import boundary
from ..audit.comparison import Side, compare
from ..audit.verdict import check
from ..model.errors import ExitCode
from ..report.comparison import comparison_document, comparison_text
from ..system.wheels.opened_content import FileContent
from ..system.wheels.reading import read_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """Compare two wheels; return the exit code."""
    # Both are read first: two equal files that are not wheels are not fine.
    old = _side(options.old)
    new = _side(options.new)
    is_same = _are_equal(options.old, options.new)
    comparison = compare(old, new, same_bytes=is_same)
    if options.json:
        text = comparison_document(options.old, options.new, comparison)
    else:
        style = boundary.style_for(sys.stdout, verbose=options.verbose)
        names = _short_names(options.old, options.new)
        text = comparison_text(*names, comparison, style)
    print(text)
    if comparison.same_bytes:
        return int(ExitCode.FINE)
    # Whoever installs them gets the same; whoever compares hashes does not.
    if options.contents and comparison.same_contents:
        return int(ExitCode.FINE)
    return int(ExitCode.FINDINGS)


def _side(path: str) -> Side:
    """Read and judge one wheel.

    :raises TruewheelError: when it cannot be read.
    """
    facts = read_wheel(path, digests=True)
    checked = check(facts, upload=True)
    return Side(facts=facts, checked=checked)


def _are_equal(old: str, new: str) -> bool:
    """Return whether two files have the same bytes."""
    with FileContent(old) as first, FileContent(new) as second:
        if len(first) != len(second):
            return False
        pieces = zip(first.pieces(), second.pieces(), strict=True)
        for one, other in pieces:
            if one != other:
                return False
    return True


def _short_names(old: str, new: str) -> tuple[str, str]:
    """Return the names of both files; their paths where the names are the same."""
    first = os.path.basename(old)
    second = os.path.basename(new)
    if first == second:
        return old, new
    return first, second
