"""What a repair put into a wheel, as text."""

from __future__ import annotations

from .text import (
    BOLD,
    PLAIN,
    Style,
    finding_texts,
    labelled_line,
    printable,
    size_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.built import RepairedWheel
    from ..model.bundled import BundledFile
    from ..model.repairs import Repairs
    from ..model.verdict import Verdict


def repair_report(name: str, done: RepairedWheel, style: Style = PLAIN) -> str:
    """Return what ``repair`` tells: the new wheel, its tag and why, and every library that went in.

    :param name: the file name of the wheel that was repaired.
    """
    made = printable(done.wheel.path.name)
    head = (
        f"{style.paint(printable(name), BOLD)} -> {made} ({size_text(done.wheel.size)})"
    )
    lines = [head]
    if done.verdict.reasons:
        lines.append(labelled_line("why", done.verdict.reasons[0]))
    lines += repair_lines(done.repairs)
    lines += raised_lines(done.verdict, done.repairs)
    lines += finding_texts(done.repairs.findings, style)
    return "\n".join(lines)


def repair_lines(repairs: Repairs) -> list[str]:
    """Return a line for each library that went into a wheel, or would."""
    label = "lacks" if repairs.is_pending else "bundled"
    lines = []
    for file in repairs.bundled:
        lines.append(labelled_line(label, "".join(_words_of(file))))
    return lines


def raised_lines(verdict: Verdict, repairs: Repairs) -> list[str]:
    """Return a line when copied libraries alone need a system as new as the tag says: older ones would run the rest."""
    sources = {file.path: file.source for file in repairs.bundled}
    if not verdict.floors or not sources:
        return []
    # The strictest floor decides the tag; what Python has to be is another question.
    floor = verdict.floors[0]
    if floor.of in ("python", "isa"):
        return []
    files = dict.fromkeys(evidence.file for evidence in floor.evidence)
    if any(file not in sources for file in files):
        return []
    names = [printable(sources[file].rpartition("/")[2]) for file in files]
    needs, which = ("need", "them") if len(names) > 1 else ("needs", "it")
    told = f"{', '.join(names)} of this machine {needs} {floor.of} {floor.text}, and nothing else does"
    told += f": build {which} on an older system, or for one"
    return [labelled_line("raised", told)]


def _words_of(file: BundledFile) -> Iterator[str]:
    """Yield the parts of a line on one library: name in the wheel, origin, size, package, licence."""
    yield f"{printable(file.path)} from {printable(file.source)}, {size_text(file.size)}"
    if file.package is not None:
        yield f", {file.package.name} {file.package.version}"
        if file.package.licence:
            yield f", {file.package.licence}"
