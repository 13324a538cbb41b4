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
    unique = tuple(dict.fromkeys(findings))
    chosen = set(select(unique, selected=selected, ignored=ignored))
    # Not out of the set, which has another order in each process: what is alike stays in the order of the files.
    kept = [found for found in unique if found in chosen or makes_untrue(found)]
    return tuple(sorted(kept, key=_rank))


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    gravity = _GRAVEST_FIRST.index(finding.severity)
    return gravity, finding.code, finding.where, finding.message


def select(
    findings: Iterable[Finding],
    *,
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
) -> tuple[Finding, ...]:
    """The findings whose longest matching prefix is in ``selected``; in a tie ``ignored`` wins.

    >>> select([], selected=("TW",), ignored=())
    ()
    """
    return tuple(f for f in findings if is_selected(f.code, selected, ignored))


def is_selected(code: str, selected: tuple[str, ...], ignored: tuple[str, ...]) -> bool:
    """Return whether findings with a code are told, so that it is worth the time to look for them.

    >>> is_selected("TW414", ("TW",), ()), is_selected("TW414", ("TW",), ("TW4",))
    (True, False)
    """
    return _longest(code, selected) > _longest(code, ignored)


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(p) for p in prefixes if code.startswith(p)), default=-1)
