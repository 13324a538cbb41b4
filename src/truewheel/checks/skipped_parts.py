"""Binaries with odd parts that their loaders do not ask for: they are not broken, and that they are odd is told. Pure."""

from __future__ import annotations

from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.contents import File
    from ..model.skipped import Skipped


def find_skipped_parts(files: Sequence[File]) -> Iterator[Finding]:
    """Report parts of binaries that were skipped because they are odd (TW517)."""
    for file in files:
        if file.binary is None:
            continue
        # A file for several CPUs may have the same odd part for each of them: a dictionary has it once.
        parts = {part: None for piece in file.binary.slices for part in piece.skipped}
        grave = [part for part in parts if part.grave]
        harmless = [part for part in parts if not part.grave]
        if grave:
            yield Finding(
                code="TW517",
                severity=Severity.WARNING,
                where=file.path,
                message=f"{_names(grave)} cannot be read; a loader may take the file all the same",
                evidence=tuple(map(_told, grave)),
                hint="build it again; or find out which tool changed it, and leave that out",
            )
        if harmless:
            yield Finding(
                code="TW517",
                severity=Severity.NOTE,
                where=file.path,
                message=f"{_names(harmless)} cannot be read; no loader asks for that, so the rest was judged",
                evidence=tuple(map(_told, harmless)),
                hint="nothing needs to be done to load it; debuggers and linkers may complain",
            )


def _names(parts: Sequence[Skipped]) -> str:
    """Return what cannot be read, as the beginning of a sentence."""
    first = parts[0].part
    if len(parts) == 1:
        return first
    return f"{first} and {len(parts) - 1} more"


def _told(part: Skipped) -> str:
    """Return a line of evidence: the part, what is wrong with it, and what is not known without it."""
    line = f"{part.part}: {part.problem}"
    if part.loss:
        line += f"; {part.loss}"
    return line
