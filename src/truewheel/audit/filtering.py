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
    kept = {
        *select(unique, selected=selected, ignored=ignored),
        *(f for f in unique if makes_untrue(f)),
    }
    return tuple(
        sorted(
            kept,
            key=lambda f: (
                _GRAVEST_FIRST.index(f.severity),
                f.code,
                f.where,
                f.message,
            ),
        )
    )


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
    return tuple(
        f for f in findings if _longest(f.code, selected) > _longest(f.code, ignored)
    )


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(p) for p in prefixes if code.startswith(p)), default=-1)
