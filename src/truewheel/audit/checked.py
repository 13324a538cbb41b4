"""A wheel on disk that was checked: what it claims, what is true, and whether it may be shipped. Pure."""

from __future__ import annotations

from ..model.codes import makes_name_untrue, makes_untrue
from ..model.finding import Finding, Severity
from ..model.record import Record
from ..model.verdict import Verdict
from ..model.wheel_name import WheelName


class Checked(Record):
    """A wheel on disk: what it claims, what is true, and what is to be said.

    :param claimed: the parts of its file name; ``None`` when that is not the name of a wheel.
    :param truth: what it might be called.
    :param findings: all of them, errors first.
    :param systems: where binaries are for several systems and the name does not tell which one is meant: those systems.
        Then nothing tells the true name either, and ``truth`` has the claimed platforms.
    :param system_findings: those of ``findings`` that are about systems: several of them, or unknown ones (TW307).
    """

    claimed: WheelName | None
    truth: Verdict
    findings: tuple[Finding, ...]
    systems: tuple[str, ...] = ()
    system_findings: tuple[Finding, ...] = ()

    @property
    def is_true(self) -> bool:
        """Whether nothing in its name is untrue."""
        return self.claimed is not None and not any(
            makes_untrue(finding) for finding in self.findings
        )

    @property
    def is_best(self) -> bool:
        """Whether its name is true and says all that the truth would: maybe more, of libcs whose needs it does not show."""
        return (
            self.is_true
            and self.claimed is not None
            and set(self.truth.expanded) <= set(self.claimed.expanded)
        )

    @property
    def incurable(self) -> tuple[Finding, ...]:
        """The errors that another name would not cure."""
        errors = [
            finding for finding in self.findings if finding.severity is Severity.ERROR
        ]
        return tuple(finding for finding in errors if not makes_name_untrue(finding))

    @property
    def has_errors(self) -> bool:
        """Whether a finding at error level exists."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def passes(self, *, strict: bool = False) -> bool:
        """Return whether the wheel may be shipped: a true name, and no finding at level error (``strict``: nor warning)."""
        grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return self.is_true and not any(
            finding.severity in grave for finding in self.findings
        )
