"""What can be wrong with a wheel: findings and their severity. Nothing here prints, reads or decides."""

from __future__ import annotations

from .record import Enum, Record


class Severity(Enum):
    """How grave a finding is. Only ``ERROR`` fails a build or a check."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


UNLISTED = "…"
"""Where a finding is that only counts others of its code, which are too many to be told one by one."""


class Finding(Record):
    """One thing that a judge has to say about a wheel.

    :param code: ``TW`` and three digits; see :mod:`truewheel.model.codes`.
    :param message: one sentence, what is the matter.
    :param where: the file inside the wheel, or the wheel's name, or a TOML path.
    :param evidence: facts that can be checked with readelf, otool, dumpbin or unzip, a line each.
    :param hint: something that the user can type or change.
    :param subject: the library, the symbol or the module whose name the message has, where findings differ in it.
    :param alike: what findings that differ only in their subject say together, for people: the plural of what it is, a colon,
        and a sentence about each.
    """

    code: str
    message: str
    where: str
    evidence: tuple[str, ...] = ()
    hint: str | None = None
    subject: str | None = None
    alike: str | None = None
    severity: Severity

    @property
    def cause(self) -> tuple[str, Severity, str]:
        """What findings have in common that differ only in their file, or in their subject."""
        return self.code, self.severity, self.alike or self.message
