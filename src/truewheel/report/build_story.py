"""What ``truewheel cache why`` tells: what the last build of a project read, what had changed, and what was run again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..model.evidence import CONTENT, numbers
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.build_record import BuildStory
    from ..model.evidence import Evidence, StepEvidence

_MOST = 12
"""Lines of one list, unless everything is to be told."""


def build_story_text(
    story: BuildStory, evidence: Evidence | None, *, is_verbose: bool
) -> str:
    """Return what is known of a build.

    :param evidence: what it asked for; ``None`` when that is not known.
    :param is_verbose: whether every file is named.
    """
    # Local time, for a person compares it with what they remember doing.
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(story.finished / 1e9))
    ended = "" if story.ended_well else ", which failed"
    lines = [f"{printable(story.source)}, build of {when}{ended}", story.phrase]
    most = None if is_verbose else _MOST
    lines += _listed("changed since the build before", story.changes, most)
    lines += _listed("run again because of it", _pairs(story.again), most)
    others = [name for name in story.ran if name not in story.again]
    lines += _listed("run by the build tool", others, most)
    if evidence is None:
        unknown = story.unwatched or "nothing was built"
        lines.append(f"what it read is not known: {unknown}")
        lines.append(
            "so any change of a source file that the build tool does not know of leads to a build from nothing"
        )
        return "\n".join(lines)
    if is_verbose:
        lines += _every_file(story.source, evidence)
    else:
        lines += _listed("read", _counts(story.source, evidence), _MOST)
        lines.append("name every file with --verbose")
    always = {}
    for name, step in evidence.steps.items():
        if step.why_in_doubt:
            always[name] = step.why_in_doubt
    lines += _listed("run again at each build", _pairs(always), most)
    return "\n".join(map(printable, lines))


def _pairs(reasons: Mapping[str, str]) -> list[str]:
    return [f"{name}: {reason}" for name, reason in sorted(reasons.items())]


def _listed(title: str, rows: Iterable[str], most: int | None) -> Iterator[str]:
    """Yield a list with its title; nothing for an empty one.

    :param most: lines that are told; all if there is no limit.
    """
    rows = list(rows)
    if not rows:
        return
    yield f"{title}:"
    for row in rows[:most]:
        yield f"  {row}"
    if most is not None and len(rows) > most:
        yield f"  and {len(rows) - most} more"


def _parts(evidence: Evidence) -> Iterator[tuple[str, StepEvidence]]:
    """Yield what asked for anything, each with what people call it."""
    yield "to configure", evidence.configuring
    yield from sorted(evidence.steps.items())
    yield "packed as they are", evidence.packing


def _files(part: StepEvidence, evidence: Evidence) -> list[str]:
    """Return the paths of the files that a part of the build read, sorted."""
    asked = [evidence.questions[number] for number in numbers(part.asked)]
    return sorted(path for kind, path in asked if kind == CONTENT)


def _counts(source: str, evidence: Evidence) -> Iterator[str]:
    for name, part in _parts(evidence):
        files = _files(part, evidence)
        here = sum(1 for path in files if _is_below(path, source))
        yield f"{name}: {_number(here)} of the project, {len(files) - here} elsewhere"


def _number(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _is_below(path: str, source: str) -> bool:
    return path.startswith(source.rstrip("/") + "/")


def _every_file(source: str, evidence: Evidence) -> Iterator[str]:
    """Yield all that was read, those of the project by their names in it; and the variables that were asked for."""
    for name, part in _parts(evidence):
        yield f"read {name}:" if part is evidence.configuring else f"read, {name}:"
        for path in _files(part, evidence):
            short = path
            if _is_below(path, source):
                short = path.removeprefix(source.rstrip("/") + "/")
            yield f"  {short}"
        if part.variables:
            yield f"  variables: {' '.join(sorted(part.variables))}"
        if part.is_open:
            yield "  a shell or an interpreter may have looked at any variable"
