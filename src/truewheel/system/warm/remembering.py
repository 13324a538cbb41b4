"""What is remembered of a build when it is over: what it asked for where it was watched, else all that it may have read."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ...model.build_record import Traces
from ...model.evidence import Evidence
from ...model.record import replace
from . import build_records, build_tree, environment
from .begun_build import BegunBuild, look_at_everything
from .finished_build import FinishedBuild
from .observed_inputs import observe
from .path_regions import PathRegions, draw_regions, find_roots, with_separator
from .project_sources import in_doubt_since, manifest_of_late_roots
from .watch import Watch


def remember(
    begun: BegunBuild,
    watch: Watch,
    packed: tuple[Path, ...],
    *,
    written_by_cmake: frozenset[str],
    ended_well: bool,
) -> None:
    """Write the record of a build.

    :param packed: files that went into the wheel.
    :param written_by_cmake: names below the tree of what CMake wrote when it configured.
    """
    evidence = _evidence(begun, watch, packed)
    if evidence is not None:
        traces = Traces(
            generator=build_tree.generator(begun.tree),
            leftovers=_files_left(evidence),
            finished=time.time_ns(),
            ended_well=ended_well,
        )
        inputs = replace(begun.inputs, sources={}, search={})
        build_records.write_record(begun.place.record, inputs, traces, evidence)
        return
    # What was to be watched was not looked at before.
    if not begun.inputs.search:
        begun = _look_at_everything_now(begun, watch.started)
    build = _look_back(begun, packed, written_by_cmake, ended_well=ended_well)
    inputs = replace(begun.inputs, sources=build.sources)
    build_records.write_record(begun.place.record, inputs, observe(build), None)


def _files_left(evidence: Evidence) -> frozenset[str]:
    found: set[str] = set()
    for step in evidence.steps.values():
        found |= step.left
    return frozenset(found)


# --- a build that was watched -----------------------------------------------------------------------------------


def _evidence(
    begun: BegunBuild, watch: Watch, packed: tuple[Path, ...]
) -> Evidence | None:
    """Return what the build asked for; ``None`` if it is not known."""
    place = begun.place
    kept = environment.current()
    # Files of ours: what they hold follows from what is compared by itself.
    ours = [
        os.path.join(place.root, name) for name in ("stage/", "trace", "truewheel.")
    ]
    return watch.evidence(
        place.tree,
        packed,
        regions=_regions(begun, roots=()),
        unasked=tuple(ours),
        installed=with_separator(kept) if kept else "",
    )


def _regions(begun: BegunBuild, roots: tuple[str, ...]) -> PathRegions:
    place = begun.place
    kept = environment.current()
    homes = (place.root,) if kept is None else (place.root, kept)
    return draw_regions(place.tree, place.source, roots=roots, homes=homes)


# --- a build that was not ---------------------------------------------------------------------------------------


def _look_at_everything_now(begun: BegunBuild, started: int) -> BegunBuild:
    """Return the build with all that lies in its source; what changed since CMake started is in doubt."""
    begun = look_at_everything(replace(begun, before=None))
    sources = in_doubt_since(started, dict(begun.inputs.sources))
    return replace(begun, inputs=replace(begun.inputs, sources=sources))


def _look_back(
    begun: BegunBuild,
    packed: tuple[Path, ...],
    written_by_cmake: frozenset[str],
    *,
    ended_well: bool,
) -> FinishedBuild:
    """Return what is known of the build, with sources that only CMake's cache told of."""
    place = begun.place
    kept = environment.current()
    homes = (place.root,) if kept is None else (place.root, kept)
    found_late: set[str] = set()
    if place.mirrored is None:
        roots = find_roots(place.tree, place.source, homes)
        found_late = set(roots).difference(begun.traces_before.roots)
    else:
        # A mirror is of the source alone, or of the clone that it is a part of.
        is_part = place.whole != place.source
        roots = (os.fspath(place.whole),) if is_part else ()
    late_sources = manifest_of_late_roots(
        place.source,
        found_late,
        place.not_source,
        begun.inputs.started,
    )
    return FinishedBuild(
        tree=place.tree,
        regions=_regions(begun, roots),
        sources={**begun.inputs.sources, **late_sources},
        packed=packed,
        written_by_cmake=written_by_cmake,
        environ=place.environ,
        ended=time.time_ns(),
        ended_well=ended_well,
    )
