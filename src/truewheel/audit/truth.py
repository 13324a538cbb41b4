"""What a wheel on disk should be called, and what was concluded about it. Pure.

Platform tags are the best of the systems that the name speaks of. Python and ABI tags are what the modules say where they
contradict the name, and what the name says where they do not: suffixes tell the Python of a module, not that pure Python
code beside it runs on all of them.
"""

from __future__ import annotations

from itertools import chain

from ..model.codes import makes_name_untrue, makes_untrue
from ..model.finding import Finding, Severity
from ..model.record import Record
from ..model.verdict import Verdict
from ..model.wheel_name import WheelName
from ..platforms import parse_known_tags
from .claimed_tags import other_python_findings, violations
from .platform_tags import explain_tags, reason_without_binaries
from .python.tags import contradicts, serves_some_pythons_on_purpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents
    from ..model.verdict import PlatformTags, PythonTags


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
        return self.claimed is not None and not any(map(makes_untrue, self.findings))

    @property
    def is_best(self) -> bool:
        """Whether its name is true and says all that the truth would: maybe more, of libcs whose needs it does not show."""
        if self.claimed is None or not self.is_true:
            return False
        return set(self.truth.expanded) <= set(self.claimed.expanded)

    @property
    def incurable(self) -> tuple[Finding, ...]:
        """The errors that another name would not cure."""
        return tuple(
            finding for finding in self._errors if not makes_name_untrue(finding)
        )

    @property
    def has_errors(self) -> bool:
        """Whether a finding at error level exists."""
        return bool(self._errors)

    @property
    def _errors(self) -> list[Finding]:
        return [
            finding for finding in self.findings if finding.severity is Severity.ERROR
        ]

    def passes(self, *, strict: bool = False) -> bool:
        """Return whether the wheel may be shipped: a true name, and no finding at level error (``strict``: nor warning)."""
        grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        severities = {finding.severity for finding in self.findings}
        return self.is_true and severities.isdisjoint(grave)


def meant_tags(
    claimed: WheelName | None, best: Sequence[PlatformTags]
) -> tuple[PlatformTags, ...]:
    """Return the best tags of the systems that a name speaks of; of the only one where it speaks of others, or of none."""
    # A single system is meant even where the name speaks of another: then that is what is untrue.
    if claimed is None or len(best) < 2:
        return tuple(best[:1])
    families = {tag.family for tag in parse_known_tags(claimed.platforms)}
    return tuple(own for own in best if own.family in families)


def find_truth(
    contents: Contents,
    audit: Audit,
    claimed: WheelName | None,
    best: Sequence[PlatformTags],
    meant: Sequence[PlatformTags],
    python: PythonTags,
) -> Verdict:
    """Return the tags that are true of a wheel, and why; no findings, and no floors.

    :param best: the best tags of each platform that a binary is for.
    :param meant: those of them that the name speaks of.
    :param python: what the modules say of Pythons.
    """
    interpreters, abis = _python_tags(contents, claimed, python)
    # Nothing tells a better platform tag than the claimed one where the binaries do not say.
    platforms = tuple(chain.from_iterable(own.tags for own in meant))
    if not platforms:
        platforms = (
            claimed.platforms if claimed is not None and contents.is_bound else ("any",)
        )
    # PEP 425: without anything compiled there is no ABI to be bound to.
    if platforms == ("any",):
        abis = ("none",)
    reason = python.reason
    obstacle = _why_impossible(claimed, interpreters, abis, platforms)
    if obstacle is not None and claimed is not None:
        interpreters, abis = claimed.interpreters, claimed.abis
        reason = f"{reason}, and {obstacle}: no true name is known"
    if claimed is not None and meant:
        platforms = (
            *platforms,
            *_true_of_other_kinds(audit, claimed, platforms, meant),
        )
    reasons = [explain_tags(own) for own in meant] or [
        _reason_without_meaning(contents, best)
    ]
    return Verdict(
        interpreters=interpreters or ("py3",),
        abis=abis or ("none",),
        platforms=platforms,
        purelib=platforms == ("any",),
        reasons=(*reasons, reason),
        variant=contents.variant,
    )


def _python_tags(
    contents: Contents,
    claimed: WheelName | None,
    python: PythonTags,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Python and ABI tags of the modules where they contradict the name, else those of the name."""
    if claimed is None:
        return python.interpreters, python.abis
    own = claimed.interpreters, claimed.abis
    # Modules for several Pythons in a wheel for any of them choose at run time.
    if serves_some_pythons_on_purpose(
        contents, interpreters=claimed.interpreters, abis=claimed.abis
    ):
        return own
    if (
        not python.interpreters
        or python.abis == ("none",)
        or not contradicts(*own, python)
    ):
        return own
    return python.interpreters, python.abis


def _why_impossible(
    claimed: WheelName | None,
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
    platforms: tuple[str, ...],
) -> str | None:
    """Return why the Python of the modules with the claimed platform is a name that nobody accepts.

    One of both is wrong then, and nothing tells which.
    """
    if claimed is None or (interpreters, abis) == (claimed.interpreters, claimed.abis):
        return None
    for tag in parse_known_tags(platforms):
        for finding in other_python_findings(tag, interpreters, abis):
            return finding.evidence[0]
    return None


def _true_of_other_kinds(
    audit: Audit,
    claimed: WheelName,
    platforms: tuple[str, ...],
    meant: Sequence[PlatformTags],
) -> Iterator[str]:
    """Yield claimed tags of another kind that are true as well: a static program runs with glibc and with musl."""
    kinds = {tag.kind for tag in parse_known_tags(platforms)}
    families = {own.family for own in meant}
    for tag in parse_known_tags(claimed.platforms):
        is_other_kind = not tag.is_plain and tag.kind not in kinds
        part = audit.of(tag.family) if tag.family in families else None
        if is_other_kind and part is not None and not violations(part, tag):
            yield tag.text


def _reason_without_meaning(contents: Contents, best: Sequence[PlatformTags]) -> str:
    # Somebody has to say which system the wheel is for: truewheel tag refuses to guess.
    if best:
        systems = ", ".join(own.family for own in best)
        return (
            f"binaries for several systems, and the name means none of them: {systems}"
        )
    return reason_without_binaries(contents)
