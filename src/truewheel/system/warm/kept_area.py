"""A build area that stays for the next build, with the record of what went into the last one.

When CMake is to be configured it looks at all that goes into the build, has it decided what of the tree that an earlier
build left may be used again (``planning/reuse.py``), and deletes the rest. When the build is over it remembers it; a build
that failed is remembered as one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import truewheel

from ...model.build_record import (
    BuildRecord,
    ColdReason,
    Inputs,
    NothingKept,
    Reuse,
    ReuseDecision,
    Stamp,
    Traces,
)
from ...model.errors import EngineError
from ...model.record import Record, replace
from ...model.request import Request
from ...model.variants import Variant
from . import (
    build_inputs,
    build_records,
    build_tree,
    cache,
    environment,
    invalidation,
    locks,
)
from .area import BuildArea
from .mirror import let_git_look, update_mirror
from .project_sources import (
    manifest_of_checkout,
    manifest_of_late_roots,
    sources_in_mirror,
)
from .source_manifest import Folders, Stamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from .finished_build import FinishedBuild

    class Decide(Protocol):
        """What says how much of an earlier build is used again (:func:`~truewheel.planning.reuse.decide`)."""

        def __call__(
            self, before: BuildRecord | None, now: Inputs, *, outside: Mapping[str, str]
        ) -> ReuseDecision:
            """Return how much of the tree that ``before`` describes may be used again, for a build from ``now``."""


LAYOUT = 4
"""Of kept areas and records. Increase this when either changes, so that older ones are not used."""


class _Begun(Record):
    """A build that was begun in a kept area.

    :param tree: its build tree.
    :param before: the record of the last build there.
    """

    tree: Path
    before: BuildRecord | None
    inputs: Inputs

    @property
    def traces_before(self) -> Traces:
        """What the last build left: nothing, if there was none."""
        return self.before.traces if self.before is not None else Traces()


class KeptBuildArea(BuildArea):
    """An area that stays, for one build at a time; its lock is held by whoever made this.

    :param mirrored: the directory that is unpacked or cloned anew for every build, so that the build is from a mirror of
        it; ``None`` for a source that stays.
    """

    def __init__(
        self,
        request: Request,
        root: Path,
        *,
        mirrored: Path | None,
        decide: Decide,
    ) -> None:
        """Make an area of ``root``, and bring its mirror up to the source."""
        root.mkdir(parents=True, exist_ok=True)
        nothing_yet = ReuseDecision(reuse=Reuse.CLEAN, because="nothing was configured")
        source = request.source
        if mirrored is not None:
            source = root / "source" / source.relative_to(mirrored)
        super().__init__(
            source,
            root,
            nothing_yet,
            whole=root / "source" if mirrored is not None else None,
        )
        self._output = request.output
        self._environ = request.environ
        self._is_mirrored = mirrored is not None
        self._decide = decide
        self._record = root / "record.json"
        self._written = root / "written.json"
        self._mirror = root / "mirror.json"
        self._begun: _Begun | None = None
        self._configured: frozenset[str] = frozenset()
        self._mirrored: Stamps = {}
        self._stamps: dict[Path, Stamp] = {}
        self._foreign_tree: locks.Lock | None = None
        # What is used now is not deleted next; and what is killed now is still ours.
        cache.touch(root)
        cache.claim(root)
        if mirrored is not None:
            self._follow(mirrored)

    def definitions_file(self, build_dir: Path) -> Path:  # noqa: ARG002  # the base's
        """Return where :meth:`configure` writes them: this area stays as long as a tree elsewhere needs it."""
        return self.root / "truewheel.cmake"

    @contextlib.contextmanager
    def configure(
        self,
        build_dir: Path,
        settings: str,
        *,
        variant: Variant | None = None,
        takes_turns: bool = False,
        outlives: bool = False,
    ) -> Iterator[None]:
        """Make the tree fit for this build; afterwards, give back the time stamps of what came out as it was."""
        self._write_definitions(build_dir, variant)
        tree = build_dir.resolve()
        if not tree.is_relative_to(self.root):
            self._pin(tree, outlives=outlives)
        if self.source.resolve().is_relative_to(tree):
            # An editable install in place: the source is its build tree, where nothing may be deleted.
            self.warmth = NothingKept(cause=ColdReason.IN_ITS_SOURCE)
            yield
            return
        self._keep_others_out(tree)
        # Until CMake is configured there is nothing to compile, nor to remember of it.
        self._begun = None
        begun = self._begin(tree, settings, takes_turns=takes_turns)
        files = frozenset(build_tree.files(tree))
        try:
            yield
        except EngineError:
            self._remember(begun, (), ended_well=False)
            raise
        self._settle(begun, files)
        self._begun = begun

    @contextlib.contextmanager
    def compile(self) -> Iterator[list[Path]]:
        """Remember the build afterwards, also one that failed half-way."""
        packed: list[Path] = []
        begun = self._begun
        if begun is None:
            yield packed
            return
        try:
            yield packed
        except EngineError:
            self._remember(begun, (), ended_well=False)
            raise
        self._remember(begun, packed, ended_well=True)

    def close(self) -> None:
        """Let go of a tree that lies elsewhere."""
        if self._foreign_tree is not None:
            self._foreign_tree.release()
            self._foreign_tree = None

    # --- before CMake configures --------------------------------------------------------------------------------

    def _follow(self, origin: Path) -> None:
        """Bring the mirror up to the source at ``origin``."""
        present, leave_out = build_records.read_mirror(self._mirror)
        self._mirrored, strays = update_mirror(
            origin,
            self.whole,
            present=present,
            leave_out=leave_out,
        )
        for name, stamp in strays.items():
            self._stamps[self.whole / name] = stamp
        let_git_look(self.whole, self._environ)
        build_records.write_mirror(self._mirror, self._mirrored, leave_out)

    def _pin(self, tree: Path, *, outlives: bool) -> None:
        """Keep what a tree elsewhere needs whenever it is configured: this area's definitions, and for an editable install
        the environment with its CMake."""
        tree.mkdir(parents=True, exist_ok=True)
        is_source = self.source.is_relative_to(tree)
        # A source stays when its build is deleted.
        mark = tree / "CMakeCache.txt" if is_source else tree
        cache.pin(self.root, mark)
        kept = environment.current()
        if outlives and kept is not None:
            cache.pin(kept, mark)

    def _is_own(self, tree: Path) -> bool:
        """Say whether a tree lies in this area, where nobody else keeps files."""
        return tree.is_relative_to(self.root)

    def _keep_others_out(self, tree: Path) -> None:
        """Wait for a tree that is not this area's own until no other build uses it."""
        if self._is_own(tree) or self._foreign_tree is not None:
            return
        name = hashlib.sha256(os.fsencode(tree)).hexdigest()[:16]
        cache_root = self.root.parents[2]
        self._foreign_tree = locks.take(cache_root / "locks" / name, wait=True)

    def _begin(self, tree: Path, settings: str, *, takes_turns: bool) -> _Begun:
        """Look at all that goes into the build, have it decided how much of the tree is used again, and delete the rest."""
        source = self.source.resolve()
        before = build_records.read_record(self._record)
        sources = sources_in_mirror(self._mirrored, self.whole, self.source)
        if not self._is_mirrored:
            sources = manifest_of_checkout(source, self._not_source(tree), before)
        inputs = Inputs(
            software=f"{truewheel.__version__} {LAYOUT} {tree}",
            settings=settings,
            variables=build_inputs.digests_of_variables(self._environ, source),
            search=build_inputs.stamps_of_search_path(self._environ),
            sources=sources,
            started=time.time_ns(),
            is_shared=takes_turns,
        )
        begun = _Begun(tree=tree, before=before, inputs=inputs)
        marks = build_inputs.current_marks(begun.traces_before)
        decision = self._decide(before, inputs, outside=marks)
        # From here on the tree is in doubt, until a new record says what it is.
        self._record.unlink(missing_ok=True)
        self.warmth = decision
        if decision.reuse is Reuse.CLEAN:
            self._delete_all(tree)
        elif decision.reuse is Reuse.CONFIGURE:
            self._delete_configuration(tree, begun.traces_before.leftovers)
        return begun

    def _not_source(self, tree: Path) -> Folders:
        """Return directories that may lie in the source but do not belong to it."""
        return frozenset({tree, self._output})

    def _delete_all(self, tree: Path) -> None:
        self._stamps.clear()
        if self._is_own(tree):
            shutil.rmtree(tree, ignore_errors=True)
        else:
            written = build_records.read_names(self._written)
            invalidation.delete_own_files(tree, written)

    def _delete_configuration(self, tree: Path, leftovers: Iterable[str]) -> None:
        if self._is_own(tree):
            deleted = invalidation.delete_configuration(tree, leftovers=leftovers)
        else:
            written = build_records.read_names(self._written)
            deleted = invalidation.delete_own_configuration(tree, written)
        self._stamps.update(deleted)

    # --- after CMake configured ---------------------------------------------------------------------------------

    def _settle(self, begun: _Begun, files_before: frozenset[str]) -> None:
        """Compare what CMake wrote with what was there before, so that only what changed is compiled."""
        tree = begun.tree
        invalidation.restore_time_stamps(self._stamps)
        traces = begun.traces_before
        is_another_tool = traces.generator != build_tree.generator(tree)
        if begun.before is not None and is_another_tool:
            # It would take the objects for its own.
            invalidation.delete_objects(tree)
        invalidation.delete_orphans(tree, traces.leftovers)
        files = frozenset(build_tree.files(tree))
        self._configured = files - traces.strays - traces.leftovers
        if self._is_own(tree):
            return
        # What CMake put into a directory of the project's is ours to delete, and nothing else there.
        written_before = build_records.read_names(self._written)
        written = (files - files_before) | written_before
        build_records.write_names(self._written, written & self._configured)

    # --- after the build ----------------------------------------------------------------------------------------

    def _remember(
        self,
        begun: _Begun,
        packed: Iterable[Path],
        *,
        ended_well: bool,
    ) -> None:
        """Write down what went into the build, and what it left."""
        # Not needed before CMake has run: imported meanwhile (``prefetch``).
        from .observed_inputs import observe

        # Bookkeeping that fails, for want of room or of the whole cache, costs warmth and never the build: the last
        # record is deleted already.
        with contextlib.suppress(OSError):
            build = self._look_back(begun, packed, ended_well=ended_well)
            traces = observe(build)
            source = self.source.resolve()
            if self._is_mirrored and begun.tree.is_relative_to(source):
                build_records.write_mirror(self._mirror, self._mirrored, [begun.tree])
            inputs = replace(begun.inputs, sources=build.sources)
            build_records.write_record(self._record, inputs, traces)
            cache.weigh(self.root)

    def _roots_in_mirror(self) -> tuple[str, ...]:
        """Return the directory outside of the source that belongs to it: the rest of a clone that it is a part of."""
        is_part = self._is_mirrored and self.whole != self.source
        return (os.path.realpath(self.whole),) if is_part else ()

    def _look_back(
        self,
        begun: _Begun,
        packed: Iterable[Path],
        *,
        ended_well: bool,
    ) -> FinishedBuild:
        """Return what is known of the build, with sources that only CMake's cache told of."""
        from .finished_build import FinishedBuild
        from .path_regions import draw_regions, find_roots

        tree = begun.tree
        source = self.source.resolve()
        kept = environment.current()
        homes = (self.root,) if kept is None else (self.root, kept)
        roots = self._roots_in_mirror()
        found_late: set[str] = set()
        if not self._is_mirrored:
            roots = find_roots(tree, source, homes)
            found_late = set(roots).difference(begun.traces_before.roots)
        late_sources = manifest_of_late_roots(
            source,
            found_late,
            self._not_source(tree),
            begun.inputs.started,
        )
        return FinishedBuild(
            tree=tree,
            regions=draw_regions(tree, source, roots=roots, homes=homes),
            sources={**begun.inputs.sources, **late_sources},
            packed=tuple(packed),
            written_by_cmake=self._configured,
            environ=self._environ,
            ended=time.time_ns(),
            ended_well=ended_well,
        )
