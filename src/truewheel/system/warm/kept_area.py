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
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...model.build_record import (
    BuildStory,
    ColdReason,
    NothingKept,
    Reuse,
    ReuseDecision,
    Stamp,
)
from ...model.errors import EngineError
from ...model.evidence import StepEvidence
from ...model.record import replace
from ...model.request import Request
from ...model.variants import Variant
from . import (
    asking_again,
    build_records,
    build_tree,
    cache,
    environment,
    invalidation,
    locks,
    vanishing,
)
from .area import Build, BuildArea, LostError
from .begun_build import STORY, BegunBuild, Place, begin
from .mirror import let_git_look, update_mirror
from .path_regions import with_separator
from .project_sources import sources_in_mirror
from .source_manifest import Stamps
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .planner import Planner


class KeptBuildArea(BuildArea):
    """An area that stays, for one build at a time; its lock is held by whoever made this.

    :param lock: that lock; its file lies beside the area, and is deleted with it.
    :ivar removals: what the project removes itself.
    :param mirrored: the directory that is unpacked or cloned anew for every build, so that the build is from a mirror of
        it; ``None`` for a source that stays.
    """

    def __init__(
        self,
        request: Request,
        root: Path,
        *,
        lock: locks.Lock,
        mirrored: Path | None,
        planner: Planner,
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
        self._lock = lock
        self._output = request.output
        self._environ = request.environ
        self._is_mirrored = mirrored is not None
        self._planner = planner
        self._watch = Watch(root, request.environ, planner)
        self._record = root / "record.json"
        self._written = root / "written.json"
        self._mirror = root / "mirror.json"
        self.removals = vanishing.KnownRemovals(root / "gone.json")
        self._begun: BegunBuild | None = None
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
        keeps_paths: bool = False,
    ) -> Iterator[None]:
        """Make the tree fit for this build; afterwards, give back the time stamps of what came out as it was."""
        self._write_definitions(build_dir, variant, keeps_paths=keeps_paths)
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
            self._watch.configured(well=False)
            self._remember(begun, (), ended_well=False)
            raise
        self._watch.configured(well=True)
        self._settle(begun, files)
        self._begun = begun

    @property
    def was_trace_cut(self) -> bool:
        """Whether somebody made the trace of the build shorter, by which its programs may have ended."""
        return self._watch.was_cut

    def is_deleted(self) -> bool:
        """Say whether somebody deleted the area, or has begun to, as far as that is certain."""
        if self._lock.is_deleted() or not self.root.is_dir():
            return True
        return super().is_deleted()

    def find_missing(self) -> frozenset[str]:
        """Return files that were there for the build and are gone, for another reason than in earlier builds."""
        expected = list(self._staged)
        for name in self._mirrored:
            path = os.path.join(self.whole, name)
            expected.append(path)
        return self.removals.missing_of(expected)

    def require_whole(self) -> None:
        """Do nothing if all was there when the wheel's files were listed, but for what the project removes itself."""
        super().require_whole()
        missing = self.find_missing()
        if vanishing.may_go_on(missing, self._installed_at, area=self.root):
            raise LostError(self.root)
        self.removals.add(missing)

    def watched_variables(self) -> dict[str, str]:
        """Return what the programs of the build have to be told, so that they are watched."""
        return self._watch.variables()

    def start_watching(self) -> None:
        """Note that CMake starts now: what changes from here on changed during the build."""
        self._watch.start()

    def ask_again(self, build: Build) -> None:
        """Run those steps again of which it is not sure that they would make the same."""
        if self._begun is not None:
            before = self._begun.before
            is_unwatched = before is not None and before.evidence is None
            self._watch.ask_again(self._begun.tree, build, all_own=is_unwatched)

    def must_build_again(self, build: Build) -> bool:
        """Return whether the build tool has to run once more, for a step read what another one made afterwards."""
        if self._begun is None:
            return False
        return self._watch.must_build_again(self._begun.tree, build)

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

    def _begin(self, tree: Path, settings: str, *, takes_turns: bool) -> BegunBuild:
        """Look at all that goes into the build, have it decided how much of the tree is used again, and delete the rest."""
        place = Place(
            root=self.root,
            source=self.source.resolve(),
            tree=tree,
            whole=self.whole.resolve(),
            not_source=frozenset({tree, self._output}),
            mirrored=self._sources_in_mirror(),
            environ=self._environ,
        )
        begun = begin(
            place, settings, is_watched=self._watch.is_on, takes_turns=takes_turns
        )
        before = begun.before
        decision = self._planner.decide(
            before,
            begun.inputs,
            outside=begun.marks,
            answers=begun.answers,
            source=with_separator(place.source),
        )
        if before is None and (self.root / STORY).is_file():
            # There was one, and it has not lived to say what became of it.
            decision = replace(decision, because="nothing is known of the last build")
        # From here on the tree is in doubt, until a new record says what it is.
        self._record.unlink(missing_ok=True)
        asking_again.drop_aside(tree)
        self.warmth = decision
        used = before.evidence if before else None
        if decision.reuse is Reuse.CLEAN:
            used = None
        elif decision.reuse is Reuse.CONFIGURE and used is not None:
            used = replace(used, configuring=StepEvidence())
        self._watch.begin(used, decision.again)
        if decision.reuse is Reuse.CLEAN:
            self._delete_all(tree)
        elif decision.reuse is Reuse.CONFIGURE:
            self._delete_configuration(tree, begun.traces_before.leftovers)
        return begun

    def _sources_in_mirror(self) -> Stamps | None:
        """Return what builds may read in the mirror; ``None`` where the source is none."""
        if not self._is_mirrored:
            return None
        return sources_in_mirror(self._mirrored, self.whole, self.source)

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

    def _settle(self, begun: BegunBuild, files_before: frozenset[str]) -> None:
        """Compare what CMake wrote with what was there before, so that only what changed is compiled."""
        tree = begun.tree
        invalidation.restore_time_stamps(self._stamps)
        traces = begun.traces_before
        is_another_tool = traces.generator != build_tree.generator(tree)
        if begun.before is not None and is_another_tool:
            # It would take the objects for its own.
            invalidation.delete_objects(tree)
        if begun.before is not None and begun.before.evidence is not None:
            self._watch.delete_orphans(tree)
        else:
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
        begun: BegunBuild,
        packed: Iterable[Path],
        *,
        ended_well: bool,
    ) -> None:
        """Write down what went into the build, and what it left."""
        # What others find there is what is put there from now on, and not what this build knows of.
        if self._lock.is_deleted():
            return
        # Not needed before CMake has run: imported meanwhile (``prefetch``).
        from .remembering import remember

        # Bookkeeping that fails, for want of room or of the whole cache or by a fault of ours, costs warmth and never the
        # build: the last record is deleted already.
        try:
            remember(
                begun,
                self._watch,
                tuple(packed),
                written_by_cmake=self._configured,
                ended_well=ended_well,
            )
            self._tell(ended_well=ended_well)
            source = self.source.resolve()
            if self._is_mirrored and begun.tree.is_relative_to(source):
                build_records.write_mirror(self._mirror, self._mirrored, [begun.tree])
            cache.weigh(self.root)
        except OSError as error:
            self._forget(error.strerror or str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is, the wheel is right
            self._forget(f"a fault of truewheel's ({type(error).__name__}: {error})")

    def _forget(self, because: str) -> None:
        """Keep nothing of the build, and have that told."""
        with contextlib.suppress(OSError):
            self._record.unlink(missing_ok=True)
        if isinstance(self.warmth, ReuseDecision):
            self.warmth = replace(self.warmth, forgotten=because)

    def _tell(self, *, ended_well: bool) -> None:
        """Write down what ``truewheel cache why`` is to tell of the build."""
        warmth = self.warmth
        changes = warmth.changes if isinstance(warmth, ReuseDecision) else ()
        story = BuildStory(
            finished=time.time_ns(),
            source=str(self.source.resolve()),
            phrase=warmth.phrase,
            changes=changes,
            again=self._watch.ran_again,
            ran=self._watch.ran,
            unwatched=self._watch.because,
            ended_well=ended_well,
        )
        build_records.write_story(self.root / STORY, story)
