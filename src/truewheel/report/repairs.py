"""What a repair put into a wheel, as text."""

from __future__ import annotations

from ..model.edits import RemoveNeeded, ReplaceNeeded, SetSearchPaths
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


def repair_report(name: str, done: RepairedWheel, style: Style = PLAIN) -> str:
    """Return what ``repair`` tells: the new wheel, its tag and why, and every library that went in.

    :param name: the file name of the wheel that was repaired.
    """
    made = printable(done.wheel.path.name)
    old = style.paint(printable(name), BOLD)
    if done.is_new:
        lines = [f"{old} -> {made} ({size_text(done.wheel.size)})"]
    else:
        lines = [f"{old}: nothing to do"]
    if done.verdict.reasons:
        lines.append(labelled_line("why", done.verdict.reasons[0]))
    lines += repair_lines(done.repairs)
    lines += _edited_lines(done.repairs)
    lines += raised_lines(done.verdict, done.repairs)
    lines += _unmatched_lines(done.repairs)
    lines += finding_texts(done.repairs.findings, style)
    return "\n".join(lines)


def repair_lines(repairs: Repairs) -> list[str]:
    """Return a line for each library that went into a wheel, or would."""
    label = "lacks" if repairs.is_pending else "bundled"
    lines = []
    for file in repairs.bundled:
        lines.append(labelled_line(label, "".join(_words_of(file))))
    return lines


def _edited_lines(repairs: Repairs) -> list[str]:
    """Return what was changed in the wheel's own files: how many were, or each of them when no library explains it."""
    files = {row.path: row for row in repairs.edited}
    if repairs.bundled and files:
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        return [labelled_line("edited", count)]
    return [
        labelled_line("edited", f"{path}: {', '.join(_changes(row))}")
        for path, row in files.items()
    ]


def _changes(row: FileEdits | AddDllDirectory) -> dict[str, None]:
    """Return what was changed in one file, in phrases."""
    if isinstance(row, AddDllDirectory):
        return {f"os.add_dll_directory for {row.directory}": None}
    return dict.fromkeys(map(_words_of_edit, row.edits))


def _words_of_edit(edit: Edit) -> str:
    if isinstance(edit, SetSearchPaths):
        return "search path"
    if isinstance(edit, ReplaceNeeded):
        return f"{edit.old} is now {edit.new}"
    if isinstance(edit, RemoveNeeded):
        return f"no longer needs {edit.library}"
    return f"is called {edit.name}"


def _unmatched_lines(repairs: Repairs) -> list[str]:
    """Return a line for each option that did nothing."""
    told = [
        f"--exclude {pattern} matches no library that a file needs"
        for pattern in repairs.unmatched_exclude
    ]
    told += [
        f"--keep-name {pattern} matches no library that is copied"
        for pattern in repairs.unmatched_keep_names
    ]
    return [labelled_line("note", line) for line in told]


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
