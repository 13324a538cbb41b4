"""``truewheel cache why``: what the last build of a project read, what had changed, and what was run again because of it."""

from __future__ import annotations

import os

from ..model.errors import ExitCode, TruewheelError
from ..report.build_story import build_story_document, build_story_text
from ..system.warm import build_records, cache
from ..system.warm.begun_build import RECORD, STORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def tell(
    project: str, entries: Iterable[cache.Entry], *, is_verbose: bool, as_json: bool
) -> int:
    """Print what is known of the last build of a project; return the exit code.

    :param project: its directory, or its name.
    :param entries: what the cache holds.
    :raises TruewheelError: when nothing is known of it.
    """
    # A checkout is known by its path; what is unpacked anew for each build is known by its name.
    labels = {os.path.realpath(project), f"Name: {project}"}
    areas = [entry for entry in entries if entry.label in labels]
    stories = []
    for area in areas:
        story = build_records.read_story(area.path / STORY)
        if story is not None:
            stories.append((story.finished, area.path, story))
    if not stories:
        raise TruewheelError(
            f"nothing is kept of a build of {project}",
            hint="truewheel cache info lists what is kept: name a directory, or the name of a project",
        )
    _, place, story = max(stories, key=lambda found: found[0])
    record = build_records.read_record(place / RECORD)
    evidence = None if record is None else record.evidence
    if as_json:
        print(build_story_document(story, evidence))
    else:
        print(build_story_text(story, evidence, is_verbose=is_verbose))
    return int(ExitCode.FINE)
