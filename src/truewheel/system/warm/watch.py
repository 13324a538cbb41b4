"""Watching one build in a kept area: what it asks for, and which steps of the last one have to be run again.

The programs of the build are watched by ``system/observation``. Where they cannot be, nothing of this happens, and the build
is decided on by what is known otherwise (``observed_inputs``).
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...model.evidence import STATUS, Evidence, Question, StepEvidence
from ...model.observation import Trace
from ..observation import library, trace
from . import answers, asking_again, build_tree
from .area import Build
from .asking_again import Doubt
from .evidence_taking import Watched, take_evidence
from .ninja_file import Step
from .path_regions import PathRegions, with_separator
from .watched_steps import UnwatchedError, tools_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .planner import Planner

_TEMPORARY = frozenset({"/tmp", "/var/tmp", "/dev/shm"})  # nothing is put there
"""Directories for temporary files (hier(7))."""
_MOST_ROUNDS = 8
"""Of building once more because a step read what another one made, and did not say so."""


class Watch:
    """What is watched of the builds in one area.

    :ivar is_on: whether the system can be watched.
    :ivar because: why not; empty if it can.
    :ivar ran: the steps that the build tool ran, by the first file that each makes; known when the evidence is taken.
    :ivar started: when CMake started, in ns since the epoch.
    :ivar configuring: what was watched while CMake configured.
    :ivar was_cut: whether somebody made a trace shorter, by which programs end that write into it (mmap(2), SIGBUS).
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str], planner: Planner
    ) -> None:
        """Find the library that watches; it is made when there is none yet."""
        self._trace = root / "trace"
        self._environ = environ
        self._planner = planner
        self.because = ""
        self.ran: tuple[str, ...] = ()
        self.started = 0
        self.configuring = Trace(processes={}, is_whole=True)
        self._before = Evidence()
        self._again: dict[str, str] = {}
        self._done: set[str] = set()
        self._rounds = 0
        self.was_cut = False
        self._is_begun = False
        self._size = 0
        self._library: Path | None = None
        try:
            self._library = library.find_or_make(root.parents[2] / "tools", environ)
        except (library.CannotObserveError, OSError) as error:
            self.because = str(error)

    @property
    def is_on(self) -> bool:
        """Whether the build is watched."""
        return self._library is not None

    @property
    def ran_again(self) -> Mapping[str, str]:
        """The steps that were run again, each with the reason."""
        return self._again

    def variables(self) -> dict[str, str]:
        """Return the variables that the first program of a build is to be told."""
        if self._library is None:
            return {}
        return trace.variables(self._library, self._trace, self._environ)

    # --- the build's course -------------------------------------------------------------------------------------

    def begin(self, before: Evidence | None, again: Mapping[str, str]) -> None:
        """Take in what is known of the last build.

        :param before: its evidence; ``None`` if it was not watched, or nothing of it is used.
        :param again: the steps of it that are to be run again, each with the reason.
        """
        self._before = before or Evidence()
        self._again = dict(again)
        self._done = set()
        self._rounds = 0

    def start(self) -> None:
        """Start watching: CMake configures now."""
        self.started = time.time_ns()
        self._begin_trace()

    def configured(self, *, well: bool) -> None:
        """Put away what was watched until now: the build tool follows if CMake configured well."""
        if self.is_on:
            self.configuring = self._read()
            if well:
                self._begin_trace()

    def evidence(
        self,
        tree: Path,
        packed: Iterable[Path],
        *,
        regions: PathRegions,
        unasked: tuple[str, ...],
        installed: str,
    ) -> Evidence | None:
        """Return what the build asked for; ``None`` if it is not known, and why not in ``because``.

        :param packed: files that went into the wheel as they are.
        :param unasked: directories of ours, whose files are no evidence.
        :param installed: the kept environment; empty if there is none.
        """
        if not self.is_on:
            return None
        watched = Watched(
            tree=tree,
            configuring=self.configuring,
            building=self._read(),
            packed=tuple(packed),
            tools=tools_of(tree, self._planner.is_restless),
            regions=regions,
            unasked=unasked,
            installed=installed,
            temporary=_TEMPORARY | {tempfile.gettempdir()},
            started=self.started,
        )
        try:
            evidence, self.ran = take_evidence(watched, self._before)
        except UnwatchedError as error:
            self.because = str(error)
            return None
        return evidence

    def _begin_trace(self) -> None:
        """Make an empty trace; where that is not possible, the rest of the build is not watched."""
        if not self.is_on:
            return
        try:
            trace.begin(self._trace)
            self._size = self._trace.stat().st_size
        except OSError as error:
            self._library = None
            self.because = f"there is no place for a trace ({error.strerror})"
        self._is_begun = self.is_on

    def _read(self) -> Trace:
        """Return what was watched since the trace was begun, and forget it."""
        if not self._is_begun:
            return Trace(processes={}, is_whole=True)
        self._is_begun = False
        # A command of the project's may have done anything to it.
        try:
            self.was_cut = self._trace.stat().st_size < self._size
            found = trace.read(self._trace)
            self._trace.unlink()
        except OSError:
            # Whatever lies there would be in the way of the next one.
            shutil.rmtree(self._trace, ignore_errors=True)
            return Trace(processes={}, is_whole=False)
        return found

    def delete_orphans(self, tree: Path) -> None:
        """Delete what steps left in the tree that CMake does not make any more."""
        leaving = {name: step.left for name, step in self._before.steps.items()}
        # Most steps leave nothing, and reading the build file takes longer than all else here.
        if not any(leaving.values()):
            return
        known = asking_again.steps_by_output(tree)
        for name in leaving.keys() - known.keys():
            asking_again.delete_files(tree, leaving[name])

    # --- asking again -------------------------------------------------------------------------------------------

    def ask_again(self, tree: Path, build: Build, *, all_own: bool) -> None:
        """Run the steps again that are in doubt, before the build tool does its work.

        :param all_own: whether every command of the project's is in doubt, for nothing is known of them.
        """
        if build_tree.generator(tree) != "Ninja":
            return
        self._note_late_changes(tree)
        if not self._again and not all_own:
            return
        steps = asking_again.steps_by_output(tree)
        if all_own:
            for name, step in steps.items():
                if step.is_projects_own and asking_again.is_compared(step):
                    self._again[name] = "nobody knows what it reads"
        while self._again.keys() - self._done:
            self._run_again(tree, steps, build)
            self._note_late_changes(tree)

    def must_build_again(self, tree: Path, build: Build) -> bool:
        """Return whether a step read what another one made during the build, and has been run again therefore."""
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS or build_tree.generator(tree) != "Ninja":
            return False
        self._note_late_changes(tree)
        if not self._again.keys() - self._done:
            return False
        self._run_again(tree, asking_again.steps_by_output(tree), build)
        return True

    def _run_again(self, tree: Path, steps: Mapping[str, Step], build: Build) -> None:
        """Run those steps in doubt that have not been run again yet."""
        names = self._again.keys() - self._done
        self._done |= names
        doubts: list[Doubt] = []
        for name in sorted(names):
            if name in steps:
                doubts.append(self._doubt_about(steps[name]))
        asking_again.run_again(tree, doubts, build)

    def _doubt_about(self, step: Step) -> Doubt:
        name = step.outputs[0]
        evidence = self._evidence_of(name)
        is_changed = self._again[name] != evidence.why_in_doubt
        return Doubt(
            step=step,
            left=evidence.left,
            may_fail=evidence.asks_a_server and not evidence.unseen and not is_changed,
        )

    def _note_late_changes(self, tree: Path) -> None:
        """Find steps that read files of the build tree which are others now."""
        steps = self._before.steps
        asked = {
            name: step.later
            for name, step in steps.items()
            if step.later and name not in self._again
        }
        bits = 0
        for later in asked.values():
            bits |= later
        if not bits:
            return
        changed = answers.changed_answers(self._before, bits)
        if not changed:
            return
        found = self._planner.in_doubt(
            self._before, changed, among=asked, source=with_separator(tree)
        )
        for name, because in found.items():
            # The build tool knew of some of the files, and has run those steps.
            if not self._was_made_since(name, tree):
                self._again[name] = because

    def _was_made_since(self, name: str, tree: Path) -> bool:
        """Return whether what a step makes is another file than the last build left there."""
        question = Question(STATUS, build_tree.absolute(name, tree))
        before = ""
        # What a step made and removed again, because it failed, was not there after the last build.
        if question in self._before.questions:
            number = self._before.questions.index(question)
            before = self._before.answers[number]
        return answers.answer_like(question, before) != before

    def _evidence_of(self, name: str) -> StepEvidence:
        return self._before.steps.get(name) or StepEvidence()
