"""What ``truewheel cache why`` tells: what had changed before the last build of a project, what was run, what was read."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ..model.evidence import CONTENT, numbers
from ..model.record import parts
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.build_record import BuildStory
    from ..model.evidence import Evidence, StepEvidence

STORY_VERSION = 1
"""Of the JSON document. Increase this when a key changes its meaning or goes."""
_MOST = 3
"""Lines of one list, unless everything is to be told."""
_WHOLE_BUILD = ""
"""The name of the only step of a build tool that keeps no account of its steps."""


def build_story_text(
    project: str, story: BuildStory, evidence: Evidence | None, *, is_verbose: bool
) -> str:
    """Return what is known of a build.

    :param project: its directory; of a source that is unpacked for each build, its name.
    :param evidence: what it asked for; ``None`` when that is not known.
    :param is_verbose: whether every step and every file is named.
    """
    most = None if is_verbose else _MOST
    lines: list[str] = []
    lines += _head(project, story)
    lines += _changes(story, most)
    if evidence is None:
        lines += _run_unwatched(story, most)
    else:
        lines += _run(story, evidence, most)
        lines += _unseen(story, evidence, most)
        lines += _read(story, evidence, is_verbose=is_verbose)
    # Names of files may have any bytes in them, and a terminal would obey some.
    printed = map(printable, lines)
    return "\n".join(printed)


def _head(project: str, story: BuildStory) -> Iterator[str]:
    """Yield which build it was, and how much of an earlier one was used."""
    # Local time, for a person compares it with what they remember doing.
    ended = time.localtime(story.finished / 1e9)
    when = time.strftime("%Y-%m-%d %H:%M:%S", ended)
    outcome = "built" if story.ended_well else "failed"
    yield f"{project}, {outcome} on {when}"
    yield story.phrase


def _changes(story: BuildStory, most: int | None) -> Iterator[str]:
    """Yield what had changed."""
    # A single one stands in the phrase.
    if len(story.changes) > 1:
        yield "changed since the build before:"
        yield from _shortened(story.changes, most)


def _shortened(rows: Iterable[str], most: int | None, indent: str = "  ") -> list[str]:
    """Return the lines of a list.

    :param most: lines that are told; all if there is no limit.
    """
    lines = [indent + row for row in rows]
    if most is None:
        return lines
    left = len(lines) - most
    # A line that says that there is one more could as well tell it.
    if left <= 1:
        return lines
    shown = lines[:most]
    shown.append(f"{indent}and {left} more")
    return shown


# --- what was run -------------------------------------------------------------------------------------------------


def _run(story: BuildStory, evidence: Evidence, most: int | None) -> Iterator[str]:
    """Yield which steps were run, and why each."""
    if _WHOLE_BUILD in evidence.steps:
        yield "run: not known, for this build tool keeps no account of its steps"
        return
    # Those in which the build tool only asks CMake whether to configure again are none of the project's.
    ran = evidence.steps.keys() & set(story.ran)
    total = len(evidence.steps)
    steps = _number(total, "step")
    count = f"run: {len(ran)} of {steps}"
    # A build from nothing runs all of them, and their names would tell nothing more.
    is_all = len(ran) == total
    names_nothing = is_all and not story.again and most is not None
    if names_nothing or not ran:
        yield count
        return
    yield f"{count}:"
    yield from _by_reason(story, ran, most)


def _run_unwatched(story: BuildStory, most: int | None) -> Iterator[str]:
    """Yield what is known of a build that was not watched: which commands were run again, and what follows."""
    if story.again:
        yield "run again:"
        yield from _by_reason(story, story.again, most)
    because = story.unwatched or "it was not written down"
    yield f"read: not known, for {because}"
    yield "  any change of a source file that the build tool does not know of leads to a build from nothing"


def _by_reason(
    story: BuildStory, steps: Iterable[str], most: int | None
) -> Iterator[str]:
    """Yield steps below what each was run for; at the end those of which only the build tool knows."""
    by_reason: dict[str, list[str]] = {}
    others: list[str] = []
    for step in sorted(steps):
        name = _name(step, story.source)
        because = story.again.get(step)
        if because is None:
            others.append(name)
        else:
            by_reason.setdefault(because, []).append(name)
    for because, names in sorted(by_reason.items()):
        yield f"  because {because}:"
        yield from _shortened(names, most, "    ")
    if others:
        yield "  decided by the build tool:"
        yield from _shortened(others, most, "    ")


def _unseen(story: BuildStory, evidence: Evidence, most: int | None) -> Iterator[str]:
    """Yield the steps that are run in every build."""
    rows: list[str] = []
    for step, asked in sorted(evidence.steps.items()):
        if asked.why_in_doubt:
            name = _name(step, story.source)
            rows.append(f"{name}: {asked.why_in_doubt}")
    if rows:
        yield "run in every build, for it is not seen what they read:"
        yield from _shortened(rows, most)


# --- what was read ------------------------------------------------------------------------------------------------


def _read(story: BuildStory, evidence: Evidence, *, is_verbose: bool) -> Iterator[str]:
    """Yield what each kind of work read: in numbers, or every file."""
    yield "read:"
    if is_verbose:
        yield from _every_file(story.source, evidence)
        return
    read_by: dict[str, Iterable[str]] = {
        "to configure": _files(evidence.configuring, evidence),
        "by the steps": _files_of_steps(evidence),
        "packed as they are": _files(evidence.packing, evidence),
    }
    for title, files in read_by.items():
        if files:
            counts = _counts(story.source, files)
            yield f"  {title}: {counts}"
    yield "truewheel cache why --verbose names every step and every file"


def _files_of_steps(evidence: Evidence) -> set[str]:
    """Return the files that any step read; most headers are read by many."""
    found: set[str] = set()
    for step in evidence.steps.values():
        files = _files(step, evidence)
        found.update(files)
    return found


def _counts(source: str, files: Iterable[str]) -> str:
    """Return how many files lie in the source, and how many do not."""
    here = 0
    elsewhere = 0
    for path in files:
        if _is_below(path, source):
            here += 1
        else:
            elsewhere += 1
    count = _number(here, "file")
    told = f"{count} of the project"
    if elsewhere:
        told += f", {elsewhere} elsewhere"
    return told


def _every_file(source: str, evidence: Evidence) -> Iterator[str]:
    """Yield the files of the project by what read them, and the variables; at the end, once, the files elsewhere."""
    elsewhere: set[str] = set()
    for title, part in _parts(source, evidence):
        yield f"  {title}:"
        for path in _files(part, evidence):
            if _is_below(path, source):
                name = _name(path, source)
                yield f"    {name}"
            else:
                # Every step reads the same headers of the system.
                elsewhere.add(path)
        if part.variables:
            names = ", ".join(sorted(part.variables))
            yield f"    variables: {names}"
        if part.is_open:
            yield "    any variable, for a shell or an interpreter looks at all of them"
    yield "  elsewhere:"
    for path in sorted(elsewhere):
        yield f"    {path}"


def _parts(source: str, evidence: Evidence) -> Iterator[tuple[str, StepEvidence]]:
    """Yield what asked for anything, each with what people call it."""
    yield "to configure", evidence.configuring
    for step, part in sorted(evidence.steps.items()):
        # Of a build tool that keeps no account, the only step has no name.
        made = _name(step, source) or "all"
        yield f"to make {made}", part
    if evidence.packing.asked:
        yield "packed as they are", evidence.packing


def _files(part: StepEvidence, evidence: Evidence) -> list[str]:
    """Return the paths of the files that a part of the build read, sorted."""
    found: list[str] = []
    for number in numbers(part.asked):
        kind, path = evidence.questions[number]
        if kind == CONTENT:
            found.append(path)
    return sorted(found)


# --- words --------------------------------------------------------------------------------------------------------


def _number(count: int, thing: str) -> str:
    """Return a number of things.

    >>> _number(1, "file"), _number(2, "file")
    ('1 file', '2 files')
    """
    if count != 1:
        thing += "s"
    return f"{count} {thing}"


def _is_below(path: str, source: str) -> bool:
    beginning = _with_slash(source)
    return path.startswith(beginning)


def _name(path: str, source: str) -> str:
    """Return a path from the source, if it lies there."""
    beginning = _with_slash(source)
    return path.removeprefix(beginning)


def _with_slash(source: str) -> str:
    # Without it, /src/one would be the beginning of /src/one-more.
    bare = source.rstrip("/")
    return f"{bare}/"


# --- JSON ---------------------------------------------------------------------------------------------------------


def build_story_document(
    project: str, story: BuildStory, evidence: Evidence | None
) -> str:
    """Return the JSON document about a build. Its keys are described in the command-line reference."""
    read = None
    if evidence is not None:
        read = _read_document(evidence)
    document = {
        **parts(story),
        "version": STORY_VERSION,
        "project": project,
        "again": dict(story.again),
        "read": read,
    }
    # Sorted, so that two documents can be compared line by line.
    return json.dumps(document, indent=2, sort_keys=True)


def _read_document(evidence: Evidence) -> Mapping[str, Any]:
    """Return what each part of a build read."""
    steps: dict[str, Any] = {}
    for step, part in evidence.steps.items():
        steps[step] = _part_document(part, evidence)
    return {
        "configuring": _part_document(evidence.configuring, evidence),
        "packing": _part_document(evidence.packing, evidence),
        "steps": steps,
    }


def _part_document(part: StepEvidence, evidence: Evidence) -> Mapping[str, Any]:
    return {
        "files": _files(part, evidence),
        "variables": sorted(part.variables),
        "any_variable": part.is_open,
        "unseen": part.why_in_doubt,
    }
