"""Wheels and binaries as text: what was built, what a wheel claims and what is true, what a binary says of itself."""

from __future__ import annotations

from ..model.finding import Severity
from .text import (
    BOLD,
    GREEN,
    PLAIN,
    RED,
    Style,
    finding_texts,
    labelled_line,
    printable,
    size_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..audit.truth import Checked
    from ..model.binary import Binary, Need, Slice
    from ..model.contents import WheelFacts
    from ..model.finding import Finding
    from ..model.floor import Floor
    from ..model.judged import WheelOnDisk
    from ..model.repairs import Repairs
    from ..model.verdict import Verdict

_SHOWN_EVIDENCE = 3
"""Lines of evidence that are shown of a floor."""


def build_summary(
    filename: str,
    size: int,
    verdict: Verdict,
    style: Style = PLAIN,
    *,
    note: str = "",
    did_without: Iterable[str] = (),
    repairs: Repairs | None = None,
) -> str:
    """Return what a build made: file, size, tag, and why that tag; then what is worth knowing.

    :param size: of the wheel, in bytes.
    :param note: how much of an earlier build was used, and why.
    :param did_without: files that are not packed, variables that CMake did not get.
    :param repairs: which libraries were copied into it.
    """
    head = style.paint("truewheel", BOLD)
    made = _name_and_size(printable(filename), size)
    lines = [f"{head} made {made}"]
    lines.append(labelled_line("tag", verdict.tag))
    lines += _variant_lines(verdict)
    lines += _why_lines(verdict)
    if repairs is not None:
        from .repairs import (  # most wheels need none
            raised_lines,
            repair_lines,
            unmatched_lines,
        )

        lines += repair_lines(repairs)
        lines += raised_lines(verdict, repairs)
        lines += unmatched_lines(repairs, exclude="exclude:", keep_names="keep-names:")
    if note:
        lines.append(labelled_line("built", note))
    lines += _notes(did_without)
    # A build is a poor moment for notes: `check` and `show` have them.
    grave = _without_notes(verdict.findings)
    lines += finding_texts(grave, style, rest=" (truewheel check -v lists them)")
    return "\n".join(lines)


def sdist_summary(
    filename: str,
    did_without: Iterable[str],
    style: Style = PLAIN,
) -> str:
    """Return that an sdist was made, and what is not in it.

    >>> print(sdist_summary("p-1.tar.gz", ["run.sock is left out"]))
    truewheel made p-1.tar.gz
      note: run.sock is left out
    """
    head = style.paint("truewheel", BOLD)
    name = printable(filename)
    return "\n".join([f"{head} made {name}", *_notes(did_without)])


def _notes(sentences: Iterable[str]) -> list[str]:
    lines = []
    for sentence in sentences:
        lines.append(labelled_line("note", sentence))
    return lines


def wheel_report(
    facts: WheelFacts | WheelOnDisk,
    checked: Checked,
    style: Style = PLAIN,
) -> str:
    """Return what ``show`` tells: the claim, the truth, the floors with their evidence, the findings."""
    truth = checked.truth
    name = style.paint(printable(facts.filename), BOLD)
    claimed = checked.claimed.tag if checked.claimed else "(no wheel name)"
    lines = [_name_and_size(name, facts.size)]
    lines.append(labelled_line("claims", claimed))
    lines.append(_truth_line(checked, style))
    lines += _variant_lines(truth)
    lines += _why_lines(truth)
    lines += _floor_lines(truth.floors)
    lines += finding_texts(checked.findings, style, rest=" (-v lists them)")
    return "\n".join(lines)


def check_report(
    facts: WheelFacts | WheelOnDisk,
    checked: Checked,
    style: Style = PLAIN,
    *,
    strict: bool = False,
) -> str:
    """Return what ``check`` tells: one line when all is well, the findings when not."""
    word = style.paint("not ok", RED)
    if checked.passes(strict=strict):
        word = style.paint("ok", GREEN)
    name = printable(facts.filename)
    lines = [f"{name}: {word}"]
    # A note never makes a wheel unfit, and `check` is read by people who wait for a yes or no.
    grave = _without_notes(checked.findings)
    lines += finding_texts(grave, style, rest=" (-v lists them)")
    return "\n".join(lines)


def binary_report(
    name: str,
    facts: Binary,
) -> str:
    """Return the facts of one bare binary."""
    lines = [f"{name}: {facts.format.value}"]
    for piece in facts.slices:
        lines += _slice_lines(piece)
    return "\n".join(map(printable, lines))


def _name_and_size(
    name: str,
    size: int,
) -> str:
    """Return a heading about a file.

    :param name: as it is to be shown, escaped and painted.
    :param size: in bytes.
    """
    shown_size = size_text(size)
    return f"{name} ({shown_size})"


def _without_notes(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are at least warnings."""
    return [finding for finding in findings if finding.severity is not Severity.NOTE]


def _truth_line(
    checked: Checked,
    style: Style,
) -> str:
    """Return whether the name is true, and a better one if there is any."""
    word = "true"
    if not checked.is_true:
        word = style.paint("untrue", RED)
    # Not labelled_line(): it would escape the colour.
    line = f"  is: {word}"
    if _could_be_better(checked):
        tag = printable(checked.truth.tag)
        line += f"; could be {tag}"
    return line


def _why_lines(verdict: Verdict) -> list[str]:
    """Return the reasons for a tag, a line each."""
    return [labelled_line("why", reason) for reason in verdict.reasons]


def _could_be_better(checked: Checked) -> bool:
    """Return whether another name would say more than the present one."""
    if checked.is_best:
        return False
    if checked.claimed is None:
        return True
    # Compressed tag sets (PEP 425) may list the same tags in another order.
    claimed = set(checked.claimed.expanded)
    return claimed != set(checked.truth.expanded)


def _variant_lines(verdict: Verdict) -> list[str]:
    """Return what a variant is told apart by, in a line; nothing for other wheels."""
    if verdict.variant is None:
        return []
    return [labelled_line("variant", str(verdict.variant))]


def _floor_lines(floors: Iterable[Floor]) -> list[str]:
    """Return each floor with the first lines of its evidence."""
    lines = []
    for floor in floors:
        line = f"  floor: {floor.of} {floor.text}"
        # Only a wheel for several CPUs (universal2) has floors that differ by CPU.
        if floor.cpu:
            line += f" on {floor.cpu}"
        lines.append(line)
        lines += _evidence_lines(floor)
    return lines


def _evidence_lines(floor: Floor) -> list[str]:
    """Return the first facts that set a floor, and how many more there are."""
    lines = []
    for evidence in floor.evidence[:_SHOWN_EVIDENCE]:
        fact = printable(str(evidence))
        lines.append(f"    {fact}")
    more = len(floor.evidence) - _SHOWN_EVIDENCE
    if more > 0:
        lines.append(f"    and {more} more")
    return lines


def _slice_lines(piece: Slice) -> list[str]:
    """Return what the code for one CPU says of itself."""
    kind = piece.kind.value
    head = f"  {kind} for {piece.cpu}, {piece.bits} bits"
    if piece.name:
        head += f", named {piece.name}"
    lines = [head]
    for need in piece.needs:
        lines.append(_need_line(need))
    for search in piece.search_paths:
        lines.append(f"    searches {search.path} ({search.kind})")
    for minimum in piece.minimum_os:
        version = ".".join(map(str, minimum.version))
        lines.append(f"    wants {minimum.platform} {version}")
    imports = len(piece.imports)
    exports = len(piece.exports)
    # Their number alone: a C++ library has tens of thousands.
    lines.append(f"    {imports} imports, {exports} exports")
    return lines


def _need_line(need: Need) -> str:
    """Return a library that is needed, with the symbol versions that are asked of it."""
    line = f"    needs {need.library}"
    if need.versions:
        versions = ", ".join(need.versions)
        line += f" ({versions})"
    return line
