"""The wheels of one version, judged together, as text."""

from __future__ import annotations

from ..model.finding import Severity
from .text import BOLD, GREEN, PLAIN, RED, Style, finding_texts, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.sets import SetChecked


_REST = " (-v lists them)"


def set_report(checked: SetChecked, style: Style = PLAIN) -> str:
    """Return what ``show`` tells of a set: what it holds, and all findings."""
    heading = style.paint(_label(checked), BOLD)
    counted = _counted(checked)
    lines = [f"{heading} ({counted})"]
    lines += finding_texts(checked.findings, style, rest=_REST)
    return "\n".join(lines)


def set_check_report(
    checked: SetChecked, style: Style = PLAIN, *, strict: bool = False
) -> Iterator[str]:
    """Yield what ``check`` tells of a set: whether it may be published, and the findings that are not mere notes."""
    grave = []
    for finding in checked.findings:
        if finding.severity is not Severity.NOTE:
            grave.append(finding)
    # What lies in a directory besides one version is never more than a note.
    if checked.name is None and not grave:
        return
    word = style.paint("not ok", RED)
    if checked.passes(strict=strict):
        word = style.paint("ok", GREEN)
    label = _label(checked)
    counted = _counted(checked)
    lines = [f"{label}: {word} ({counted})"]
    lines += finding_texts(grave, style, rest=_REST)
    yield "\n".join(lines)


def _label(checked: SetChecked) -> str:
    """Return what a set is called: the release, or the directory as a whole."""
    label = checked.directory
    if checked.name is not None:
        label = f"{checked.name} {checked.version} in {label}"
    return printable(label)


def _counted(checked: SetChecked) -> str:
    """Return how much lies there, as people say it."""
    count = len(checked.wheels)
    text = f"{count} wheels"
    if count == 1:
        text = "1 wheel"
    if checked.sdist is None:
        return text
    return f"{text} and the sdist"
