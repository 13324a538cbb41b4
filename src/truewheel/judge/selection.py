"""Which findings are told: by prefixes of their codes, the longest prefix winning."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.diagnostics import Finding


def select(findings: Iterable[Finding], *, selected: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[Finding, ...]:
    """The findings whose longest matching prefix is in ``selected``; in a tie ``ignored`` wins.

    >>> select([], selected=("TW",), ignored=())
    ()
    """
    return tuple(f for f in findings if _longest(f.code, selected) > _longest(f.code, ignored))


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(p) for p in prefixes if code.startswith(p)), default=-1)
