"""What a repair put into a wheel, as text."""

from __future__ import annotations

from ..model.edits import RemoveNeeded, ReplaceNeeded, SetName, SetSearchPaths
from ..model.repair_plan import AddDllDirectory
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
    from ..model.edits import Edit
    from ..model.repair_plan import FileEdits
    from ..model.repairs import Repairs
    from ..model.verdict import Verdict


_WORDS: dict[type[Edit], str] = {
    SetSearchPaths: "search path",
    ReplaceNeeded: "names of libraries",
    RemoveNeeded: "a library less",
    SetName: "its own name",
}
"""What an edit changes."""


def repair_report(name: str, done: RepairedWheel, style: Style = PLAIN) -> str:
    """Return what ``repair`` tells: the new wheel, its tag and why, and every library that went in.

    :param name: the file name of the wheel that was repaired.
    """
    old = style.paint(printable(name), BOLD)
    if done.is_new:
        made = printable(done.wheel.path.name)
        size = size_text(done.wheel.size)
        lines = [f"{old} -> {made} ({size})"]
    else:
        lines = [f"{old}: nothing to do"]
    if done.verdict.reasons:
        lines.append(labelled_line("why", done.verdict.reasons[0]))
    lines += repair_lines(done.repairs)
    lines += _edited_lines(done.repairs)
    lines += raised_lines(done.verdict, done.repairs)
    lines += unmatched_lines(
        done.repairs,
        exclude="--exclude",
        keep_names="--keep-name",
    )
    lines += finding_texts(done.repairs.findings, style)
    return "\n".join(lines)


def repair_lines(repairs: Repairs) -> list[str]:
    """Return a line for each library that went into a wheel, or would."""
    label = "lacks" if repairs.is_pending else "bundled"
    lines = []
    for file in repairs.bundled:
        words = "".join(_words_of(file))
        lines.append(labelled_line(label, words))
    return lines


def _edited_lines(repairs: Repairs) -> list[str]:
    """Return what was changed in the wheel's own files: how many were, or each of them when no library explains it."""
    told: list[str] = []
    count = len(repairs.edited)
    # Copies explain the edits: files are told where those are.
    if not repairs.bundled:
        for row in repairs.edited:
            changes = ", ".join(_changes(row))
            told.append(f"{row.path}: {changes}")
    elif count == 1:
        told.append("1 file")
    elif count:
        told.append(f"{count} files")
    return [labelled_line("edited", text) for text in told]


def _changes(row: FileEdits | AddDllDirectory) -> dict[str, None]:
    """Return what was changed in one file, in words, each once."""
    if isinstance(row, AddDllDirectory):
        return {"directory of DLLs": None}
    words: dict[str, None] = {}
    for edit in row.edits:
        words[_WORDS[type(edit)]] = None
    return words


def unmatched_lines(
    repairs: Repairs,
    *,
    exclude: str,
    keep_names: str,
) -> list[str]:
    """Return a line for each glob that did nothing.

    :param exclude: what the globs on excluded libraries are called where they were given.
    :param keep_names: what those on names to keep are called there.
    """
    told: list[str] = []
    for glob in repairs.unmatched_exclude:
        told.append(f"{exclude} {glob} matches no library that a file needs")
    for glob in repairs.unmatched_keep_names:
        told.append(f"{keep_names} {glob} matches no library that is copied")
    return [labelled_line("note", text) for text in told]


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
    names = []
    for file in files:
        _, _, name = sources[file].rpartition("/")
        names.append(printable(name))
    needs, which = ("need", "them") if len(names) > 1 else ("needs", "it")
    told = ", ".join(names)
    told += f" of this machine {needs} {floor.of} {floor.text}"
    told += ", and nothing else does"
    told += f": build {which} on an older system, or for one"
    return [labelled_line("raised", told)]


def _words_of(file: BundledFile) -> Iterator[str]:
    """Yield the parts of a line on one library: name in the wheel, origin, size, package, licence."""
    yield printable(file.path)
    yield f" from {printable(file.source)}"
    yield f", {size_text(file.size)}"
    if file.package is not None:
        yield f", {file.package.name} {file.package.version}"
        if file.package.licence:
            yield f", {file.package.licence}"
