"""Which findings are told, and in which order: by prefixes of their codes, the longest prefix winning. Pure."""

from __future__ import annotations

from ..model.codes import makes_untrue
from ..model.finding import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.finding import Finding

_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def select_and_sort(
    findings: Iterable[Finding],
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
) -> tuple[Finding, ...]:
    """Return the selected findings, gravest first; those that make a name untrue are always among them."""
    kept: list[Finding] = []
    # Not a set, which has another order in each process: what is alike stays in the order of the files.
    for finding in dict.fromkeys(findings):
        if makes_untrue(finding) or is_selected(finding.code, selected, ignored):
            kept.append(finding)
    kept.sort(key=_rank)
    return tuple(kept)


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    gravity = _GRAVEST_FIRST.index(finding.severity)
    return gravity, finding.code, finding.where, finding.message


def is_selected(code: str, selected: tuple[str, ...], ignored: tuple[str, ...]) -> bool:
    """Return whether findings with a code are told: the longest prefix of it is in ``selected``; in a tie ``ignored`` wins.

    >>> is_selected("TW414", ("TW",), ()), is_selected("TW414", ("TW",), ("TW4",))
    (True, False)
    """
    return _longest(code, selected) > _longest(code, ignored)


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    """Return the length of the longest prefix that a code begins with; -1 when there is none."""
    lengths = [len(prefix) for prefix in prefixes if code.startswith(prefix)]
    return max(lengths, default=-1)
