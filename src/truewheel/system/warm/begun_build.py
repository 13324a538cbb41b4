"""A build that begins in a kept area: what goes into it, beside what went into the last one there.

What a build reads is watched while it runs. Only where that is not possible is everything looked at beforehand that it may
read. Nothing is decided here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import truewheel

from ...model.build_record import BuildRecord, Inputs, Manifest, Traces
from ...model.record import Record, replace
from . import answers, build_inputs, build_records
from .project_sources import manifest_of_checkout
from .source_manifest import Folders

LAYOUT = 6
"""Of kept areas and records. Increase this when either changes, so that older ones are not used."""


RECORD = "record.json"
"""Of a kept area: the record of its last build."""
STORY = "story.json"
"""Of a kept area: what is told of its last build."""


class Place(Record):
    """Where a build happens.

    :param root: the kept area.
    :param tree: the build tree.
    :param not_source: directories that may lie in the source but do not belong to it.
    :param whole: the source, or the clone that it is a part of.
    :param mirrored: the manifest of the source, if that is a mirror.
    """

    root: Path
    source: Path
    tree: Path
    whole: Path
    not_source: Folders
    mirrored: Manifest | None
    environ: Mapping[str, str]

    @property
    def record(self) -> Path:
        """The file with the record of the last build."""
        return self.root / RECORD


class BegunBuild(Record):
    """A build that was begun.

    :param before: the record of the last build there.
    :param marks: how the files outside are now that the last build used, if it was not watched.
    :param answers: what the last build asked for and would be answered otherwise now.
    """

    place: Place
    before: BuildRecord | None
    inputs: Inputs
    marks: Mapping[str, str] = MappingProxyType({})
    answers: Mapping[int, str] = MappingProxyType({})

    @property
    def tree(self) -> Path:
        """The build tree."""
        return self.place.tree

    @property
    def traces_before(self) -> Traces:
        """What the last build left: nothing, if there was none."""
        return self.before.traces if self.before is not None else Traces()


def begin(
    place: Place, settings: str, *, is_watched: bool, takes_turns: bool
) -> BegunBuild:
    """Look at what goes into a build.

    :param settings: digest of what the engine was told.
    :param is_watched: whether this build is going to be watched.
    :param takes_turns: whether several build types take turns in the tree.
    """
    before = build_records.read_record(place.record)
    # Somebody deleted the tree that it is of.
    if not place.tree.is_dir():
        before = None
    inputs = Inputs(
        software=f"{truewheel.__version__} {LAYOUT} {place.tree}",
        settings=settings,
        variables=build_inputs.digests_of_variables(place.environ),
        search={},
        sources={},
        started=time.time_ns(),
        is_shared=takes_turns,
    )
    begun = BegunBuild(place=place, before=before, inputs=inputs)
    if before is not None and before.evidence is not None:
        early = answers.early_questions(before.evidence)
        found = answers.changed_answers(before.evidence, early)
        begun = replace(begun, answers=found)
    was_watched = before is None or before.evidence is not None
    if is_watched and was_watched:
        return begun
    marks = build_inputs.current_marks(begun.traces_before)
    return replace(look_at_everything(begun), marks=marks)


def look_at_everything(begun: BegunBuild) -> BegunBuild:
    """Return a build with all that lies in its source, and where CMake looks for packages: it may read any of it."""
    place, sources = begun.place, begun.place.mirrored
    if sources is None:
        sources = manifest_of_checkout(place.source, place.not_source, begun.before)
    search = build_inputs.stamps_of_search_path(place.environ)
    surroundings = build_inputs.digests_of_surroundings(place.environ, place.source)
    inputs = replace(
        begun.inputs,
        sources=sources,
        search=search,
        variables={**begun.inputs.variables, **surroundings},
    )
    return replace(begun, inputs=inputs)
