"""Which findings are told, and in which order."""

from __future__ import annotations

from truewheel.audit.filtering import select_and_sort
from truewheel.model.finding import Finding, Severity


def finding(nth: int, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(
        code="TW204",
        severity=severity,
        where="p/m.so",
        message="a search path",
        evidence=(f"RUNPATH /opt/{nth}",),
    )


def test_findings_that_are_alike_stay_in_the_order_in_which_they_were_made() -> None:
    # Fifty: a set of them has this order by chance in one of many runs.
    made = [finding(nth) for nth in range(50)]
    assert select_and_sort([*made, *made], ("TW",), ()) == tuple(made)


def test_the_gravest_come_first() -> None:
    grave = finding(9, Severity.ERROR)
    assert select_and_sort([finding(1), grave], ("TW",), ())[0] == grave
