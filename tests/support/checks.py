"""Asking the checks, and picking findings."""

from __future__ import annotations

from collections.abc import Iterable

from truewheel.checks import check_wheel
from truewheel.model.contents import WheelFacts
from truewheel.model.finding import Finding, Severity


def codes_of_wheel(facts: WheelFacts) -> list[str]:
    """Return the codes of what is wrong with a wheel on disk."""
    return [finding.code for finding in check_wheel(facts)]


def with_code(code: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that have this code."""
    return [finding for finding in findings if finding.code == code]


def severities_of(code: str, findings: Iterable[Finding]) -> list[Severity]:
    """Return the severity of each finding that has this code."""
    return [finding.severity for finding in findings if finding.code == code]
