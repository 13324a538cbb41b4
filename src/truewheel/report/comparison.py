"""What differs between two wheels, as text and as JSON."""

from __future__ import annotations

from .text import BOLD, GREEN, PLAIN, RED, Style, labelled_line, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.comparison import Change, Comparison

JSON_VERSION = 1
"""Increase this when a key changes its meaning or goes."""
_SHOWN = 5
"""Phrases that are shown of each side of a change."""


def comparison_text(
    old: str, new: str, comparison: Comparison, style: Style = PLAIN
) -> str:
    """Return whether two wheels are the same, and what differs.

    :param old: the name of the first file.
    :param new: that of the second.
    """
    both = f"{printable(old)} and {printable(new)}"
    if comparison.same_bytes:
        word = style.paint("the same, byte for byte", GREEN)
        return f"{both}: {word}"
    if comparison.same_contents:
        word = style.paint("the same contents, only the archive differs", BOLD)
        how = ", ".join(comparison.archive)
        archive = labelled_line("archive", how)
        lines = [f"{both}: {word}", archive]
    else:
        word = style.paint("they differ", RED)
        lines = [f"{both}: {word}"]
    for change in comparison.changes:
        lines += _change_lines(change, style)
    return "\n".join(lines)


def _change_lines(change: Change, style: Style) -> list[str]:
    """Return what a change is about, and what is gone and new, a line each."""
    about = change.part.value
    if change.where:
        where = printable(change.where)
        about = f"{where}: {about}"
    most = None if style.verbose else _SHOWN
    lines = [f"  {about}"]
    lines += _side_lines("-", change.gone, most)
    lines += _side_lines("+", change.new, most)
    return lines


def _side_lines(sign: str, phrases: Iterable[str], most: int | None) -> list[str]:
    """Return the phrases of one side, at most so many."""
    everything = list(phrases)
    lines = []
    for phrase in everything[:most]:
        safe = printable(phrase)
        lines.append(f"    {sign} {safe}")
    shown = len(lines)
    left = len(everything) - shown
    if left:
        lines.append(f"    {sign} … and {left} more (-v lists them)")
    return lines


def comparison_document(old: str, new: str, comparison: Comparison) -> str:
    """Return the document of ``--json``."""
    import json

    document = {
        "version": JSON_VERSION,
        "wheels": [old, new],
        "same_bytes": comparison.same_bytes,
        "same_contents": comparison.same_contents,
        "archive": list(comparison.archive),
        "changes": list(map(_change, comparison.changes)),
    }
    return json.dumps(document, indent=2, sort_keys=True)


def _change(change: Change) -> dict[str, object]:
    """Return one change for the document."""
    # json has no tuples.
    gone = list(change.gone)
    new = list(change.new)
    return {
        "part": change.part.value,
        "where": change.where,
        "gone": gone,
        "new": new,
    }
