"""``truewheel cache why``: what the last build of a project read, what had changed, and what was run again because of it."""

from __future__ import annotations

import os
from pathlib import Path

from ..model.errors import ExitCode, TruewheelError
from ..model.record import NamedTuple
from ..report.build_story import build_story_document, build_story_text
from ..system.warm import build_records, cache, thrown_away
from ..system.warm.begun_build import RECORD, STORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.build_record import BuildStory


class _Build(NamedTuple):
    """The last build in a kept area."""

    story: BuildStory
    area: cache.Entry


def tell(
    project: str, entries: Iterable[cache.Entry], *, is_verbose: bool, as_json: bool
) -> int:
    """Print what is known of the last build of a project; return the exit code.

    :param project: its directory, or its name.
    :param entries: what the cache holds.
    :raises TruewheelError: when nothing is known of it.
    """
    builds = list(_builds(_labels(project), entries))
    if not builds:
        raise TruewheelError(
            f"nothing is kept of a build of {project}",
            hint="truewheel cache info lists what is kept: name a directory, or the name of a project",
        )
    story, area = max(builds, key=lambda build: build.story.finished)
    record = build_records.read_record(area.path / RECORD)
    evidence = None if record is None else record.evidence
    if as_json:
        print(build_story_document(area.label, story, evidence))
    else:
        print(build_story_text(area.label, story, evidence, is_verbose=is_verbose))
    return int(ExitCode.FINE)


def _labels(project: str) -> frozenset[str]:
    """Return what a project may be called in the cache: a checkout by its path, what is thrown away by its name."""
    path = os.path.realpath(project)
    found = {path, thrown_away.normalised(project)}
    if thrown_away.find_whole(Path(path)) is not None:
        name = thrown_away.project_name(Path(path))
        found.add(name)
    return frozenset(found)


def _builds(labels: frozenset[str], entries: Iterable[cache.Entry]) -> Iterator[_Build]:
    """Yield the last build of each kept area of a project."""
    for area in entries:
        if area.label in labels:
            story = build_records.read_story(area.path / STORY)
            if story is not None:
                yield _Build(story, area)
