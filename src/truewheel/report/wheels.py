"""Wheels and binaries as text: what was built, what a wheel claims and what is true, what a binary says of itself."""

from __future__ import annotations

from ..model.finding import Severity
from .text import BOLD, GREEN, PLAIN, RED, Style, finding_texts, printable, size_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..audit.truth import Checked
    from ..model.binary import Binary, Slice
    from ..model.contents import WheelFacts
    from ..model.floor import Floor
    from ..model.verdict import Verdict

_SHOWN_EVIDENCE = 3
"""Lines of evidence that are shown of a floor."""


def build_summary(
    filename: str, size: int, verdict: Verdict, style: Style = PLAIN, *, note: str = ""
) -> str:
    """Return what a build made: file, size, tag, and why that tag; then what is worth knowing.

    :param size: of the wheel, in bytes.
    :param note: how much of an earlier build was used, and why.
    """
    lines = [
        f"{style.paint('truewheel', BOLD)} made {printable(filename)} ({size_text(size)})",
        f"  tag: {printable(verdict.tag)}",
    ]
    lines += _variant_lines(verdict)
    lines += [f"  why: {printable(reason)}" for reason in verdict.reasons]
    if note:
        lines.append(f"  built: {printable(note)}")
    grave = [
        finding for finding in verdict.findings if finding.severity is not Severity.NOTE
    ]
    lines += finding_texts(grave, style, rest=" (truewheel check -v lists them)")
    return "\n".join(lines)


def wheel_report(facts: WheelFacts, checked: Checked, style: Style = PLAIN) -> str:
    """Return what ``show`` tells: the claim, the truth, the floors with their evidence, the findings."""
    truth = checked.truth
    claimed = checked.claimed.tag if checked.claimed else "(no wheel name)"
    is_true = "true" if checked.is_true else style.paint("untrue", RED)
    better = f"; could be {printable(truth.tag)}" if _could_be_better(checked) else ""
    lines = [
        f"{style.paint(printable(facts.filename), BOLD)} ({size_text(facts.size)})",
        f"  claims: {printable(claimed)}",
        f"  is: {is_true}{better}",
    ]
    lines += _variant_lines(truth)
    lines += [f"  why: {printable(reason)}" for reason in truth.reasons]
    lines += _floor_lines(truth.floors)
    lines += finding_texts(checked.findings, style, rest=" (-v lists them)")
    return "\n".join(lines)


def check_report(
    facts: WheelFacts, checked: Checked, style: Style = PLAIN, *, strict: bool = False
) -> str:
    """Return what ``check`` tells: one line when all is well, the findings when not."""
    word = style.paint("not ok", RED)
    if checked.passes(strict=strict):
        word = style.paint("ok", GREEN)
    grave = [
        finding for finding in checked.findings if finding.severity is not Severity.NOTE
    ]
    texts = finding_texts(grave, style, rest=" (-v lists them)")
    return "\n".join([f"{printable(facts.filename)}: {word}", *texts])


def binary_report(name: str, facts: Binary) -> str:
    """Return the facts of one bare binary."""
    lines = [f"{name}: {facts.format.value}"]
    for piece in facts.slices:
        lines += _slice_lines(piece)
    return "\n".join(map(printable, lines))


def _could_be_better(checked: Checked) -> bool:
    """Return whether another name would say more than the present one."""
    if checked.is_best:
        return False
    return checked.claimed is None or set(checked.claimed.expanded) != set(
        checked.truth.expanded
    )


def _variant_lines(verdict: Verdict) -> list[str]:
    """Return what a variant is told apart by, in a line; nothing for other wheels."""
    if verdict.variant is None:
        return []
    return [f"  variant: {printable(str(verdict.variant))}"]


def _floor_lines(floors: Iterable[Floor]) -> list[str]:
    """Return each floor with the first lines of its evidence."""
    lines = []
    for floor in floors:
        where = f" on {floor.cpu}" if floor.cpu else ""
        lines.append(f"  floor: {floor.of} {floor.text}{where}")
        lines += [
            f"    {printable(str(evidence))}"
            for evidence in floor.evidence[:_SHOWN_EVIDENCE]
        ]
        more = len(floor.evidence) - _SHOWN_EVIDENCE
        if more > 0:
            lines.append(f"    and {more} more")
    return lines


def _slice_lines(piece: Slice) -> list[str]:
    """Return what the code for one CPU says of itself."""
    name = f", named {piece.name}" if piece.name else ""
    lines = [f"  {piece.kind.value} for {piece.cpu}, {piece.bits} bits{name}"]
    for need in piece.needs:
        versions = f" ({', '.join(need.versions)})" if need.versions else ""
        lines.append(f"    needs {need.library}{versions}")
    for search in piece.search_paths:
        lines.append(f"    searches {search.path} ({search.kind})")
    for minimum in piece.minimum_os:
        version = ".".join(map(str, minimum.version))
        lines.append(f"    wants {minimum.platform} {version}")
    lines.append(f"    {len(piece.imports)} imports, {len(piece.exports)} exports")
    return lines
