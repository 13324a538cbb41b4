"""What a wheel on disk should be called. Pure.

Platform tags are the best of the systems that the name speaks of. Python and ABI tags are what the modules say where they
contradict the name, and what the name says where they do not: suffixes tell the Python of a module, not that pure Python
code beside it runs on all of them.
"""

from __future__ import annotations

from ..model.verdict import Verdict
from ..platforms import parse_platform_tag
from .claimed_tags import other_python_findings, violations
from .platform_tags import explain_tags, reason_without_binaries
from .python.tags import contradicts, serves_some_pythons_on_purpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents
    from ..model.verdict import PlatformTags, PythonTags
    from ..model.wheel_name import WheelName


def meant_tags(
    claimed: WheelName | None, best: Sequence[PlatformTags]
) -> tuple[PlatformTags, ...]:
    """Return the best tags of the systems that a name speaks of; of the only one where it speaks of others, or of none."""
    if claimed is None or len(best) < 2:
        return tuple(best[:1])
    tags = [parse_platform_tag(text) for text in claimed.platforms]
    families = {tag.family for tag in tags if tag is not None}
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
    platforms = tuple(tag for own in meant for tag in own.tags)
    if not platforms:
        platforms = (
            claimed.platforms if claimed is not None and contents.is_bound else ("any",)
        )
    if platforms == ("any",):
        abis = ("none",)  # nothing compiled: there is no ABI to be bound to
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
    for text in platforms:
        tag = parse_platform_tag(text)
        if tag is not None:
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
    true = [parse_platform_tag(text) for text in platforms]
    kinds = {tag.kind for tag in true if tag is not None}
    families = {own.family for own in meant}
    for text in claimed.platforms:
        tag = parse_platform_tag(text)
        if (
            tag is None
            or tag.is_plain
            or tag.kind in kinds
            or tag.family not in families
        ):
            continue
        part = audit.of(tag.family)
        if part is not None and not violations(part, tag):
            yield text


def _reason_without_meaning(contents: Contents, best: Sequence[PlatformTags]) -> str:
    if best:
        systems = ", ".join(own.family for own in best)
        return (
            f"binaries for several systems, and the name means none of them: {systems}"
        )
    return reason_without_binaries(contents)
