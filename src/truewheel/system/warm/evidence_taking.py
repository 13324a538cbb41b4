"""From what was watched to evidence: the questions of each step, with the answers that the build got.

Evidence grows from build to build. A step that was not run keeps its own; questions keep their numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...model.evidence import (
    CONTENT,
    NAMES,
    STATUS,
    TREE,
    Evidence,
    Question,
    StepEvidence,
)
from ...model.observation import Trace
from ...model.record import Record, replace
from . import build_tree
from .answer_table import AnswerTable
from .asking_again import is_compared, steps_by_output
from .build_inputs import INSTALLED
from .named_variables import words_that_may_be_variables
from .ninja_file import Step
from .path_regions import PathRegions, with_separator
from .watched_steps import (
    Asked,
    Tools,
    UnwatchedError,
    asked_by,
    commands_of,
    first_unknown_command,
    first_unwatched,
    installed_from,
    processes_by_step,
    without_times_of_what_is_read,
)

_OF_THE_KERNEL = ("/proc/", "/sys/", "/dev/")
"""What lies there tells of the machine and its processes, and is another each time."""
_CMAKES_OWN_RULES = ("RERUN_CMAKE", "VERIFY_GLOBS")
"""Rules of steps in which the build tool has CMake look whether it has to configure again, and do so."""


class Watched(Record):
    """What was watched of a build, with what is known of it besides.

    :param configuring: the processes that configured it, and what these started.
    :param building: those of the build tool.
    :param packed: files that went into the wheel as they are.
    :param regions: where its files lie.
    :param unasked: directories of ours whose files are no evidence: they are told by other means.
    :param installed: the kept environment with what is required to build; empty if there is none.
    :param temporary: directories for temporary files.
    :param started: when CMake started, in ns since the epoch.
    """

    tree: Path
    configuring: Trace
    building: Trace
    packed: tuple[Path, ...]
    tools: Tools
    regions: PathRegions
    unasked: tuple[str, ...]
    installed: str
    started: int
    temporary: frozenset[str] = frozenset()

    @property
    def written(self) -> frozenset[str]:
        """All that the build itself wrote or removed."""
        found: set[str] = set()
        for trace in (self.configuring, self.building):
            for process in trace.processes.values():
                found |= process.written
                found |= process.removed
        return frozenset(found)


def take_evidence(
    watched: Watched, before: Evidence
) -> tuple[Evidence, tuple[str, ...]]:
    """Return the evidence of a build, and the steps that were run in it, by the first file that each makes.

    :param before: that of the steps which it did not run; empty when it began from nothing.
    :raises UnwatchedError: when something was not seen.
    """
    is_whole = watched.configuring.is_whole and watched.building.is_whole
    if not is_whole:
        raise UnwatchedError("the trace of it is not whole")
    taking = _Taking(watched, before)
    evidence = taking.result()
    return evidence, taking.ran


class _Taking:
    """Evidence in the making.

    :ivar ran: the steps that the build tool ran, by the first file that each makes.
    """

    def __init__(self, watched: Watched, before: Evidence) -> None:
        """Begin with the table of questions and answers as the last build left it."""
        self._watched = watched
        self._before = before
        self._table = AnswerTable(
            before,
            regions=watched.regions,
            written=watched.written,
            started=watched.started,
        )
        self._known: Mapping[str, Step] = {}
        self._of_cmake: frozenset[str] = frozenset()
        self.ran: tuple[str, ...] = ()

    def result(self) -> Evidence:
        """Return it; called once."""
        watched = self._watched
        steps = self._steps_that_were_run()
        processes = watched.configuring.processes.values()
        asked = asked_by(processes, watched.tools)
        configuring = self._step(asked, None)
        self.ran = tuple(sorted(steps))
        # What is in CMake's cache was not asked again.
        configuring = _joined(configuring, self._before.configuring)
        for name in self._of_cmake.intersection(steps):
            step_of_cmake = steps.pop(name)
            configuring = _joined(configuring, step_of_cmake)
        of_tree = self._table.bits(self._files_of_configuring())
        configuring = replace(configuring, asked=configuring.asked | of_tree)
        packed = self._table.bits(self._packed_sources())
        packing = StepEvidence(asked=packed)
        steps_of_before = self._steps_of_before()
        return Evidence(
            questions=self._table.questions,
            answers=self._table.answers,
            configuring=configuring,
            packing=packing,
            steps={**steps_of_before, **steps},
        )

    def _files_of_configuring(self) -> Iterator[Question]:
        """Yield questions about files that are others when somebody else configured the tree."""
        for name in ("CMakeCache.txt", "build.ninja"):
            path = os.path.join(self._watched.tree, name)
            yield Question(STATUS, path)

    def _packed_sources(self) -> Iterator[Question]:
        """Yield questions about the sources that went into the wheel as they are."""
        watched = self._watched
        not_source = (*watched.unasked, watched.regions.build)
        paths = set(map(os.fspath, watched.packed))
        installed = installed_from(watched.building, watched.tools)
        # Of what CMake installed, its own modules and libraries are no news.
        of_the_project = filter(self._is_of_the_project, installed)
        paths.update(of_the_project)
        for path in sorted(paths):
            if not path.startswith(not_source):
                yield Question(CONTENT, path)

    def _steps_of_before(self) -> dict[str, StepEvidence]:
        """Return the evidence of steps that were not run, except of those that saw another world than others did."""
        found: dict[str, StepEvidence] = {}
        for name, step in self._before.steps.items():
            if self._known and name not in self._known:
                # CMake does not make it any more.
                continue
            if step.asked & self._table.contradicted:
                found[name] = replace(step, unseen="its inputs changed during a build")
            else:
                found[name] = step
        return found

    def _steps_that_were_run(self) -> dict[str, StepEvidence]:
        """Return the evidence of the steps that the build tool ran."""
        watched = self._watched
        if build_tree.generator(watched.tree) != "Ninja":
            # Nobody knows which part of it was not run again.
            before = self._before.steps.get("") or StepEvidence()
            whole = self._whole_build()
            return {"": _joined(whole, before)}
        if not _ran_commands(watched.building):
            return {}
        known = self._known = steps_by_output(watched.tree)
        self._of_cmake = _steps_of_cmake(known)
        commands = commands_of(watched.tree, known.values())
        groups = processes_by_step(watched.building, commands)
        unknown = first_unknown_command(watched.building, groups)
        if unknown:
            raise UnwatchedError(f"nobody knows what this command makes: {unknown}")
        asked: dict[str, Asked] = {}
        for name, group in groups.items():
            asked[name] = asked_by(group, watched.tools)
        unwatched = first_unwatched(known.values(), asked, watched.tree)
        if unwatched:
            raise UnwatchedError(f"{unwatched} was made where nothing can be watched")
        found: dict[str, StepEvidence] = {}
        for command, name in commands.items():
            if name in asked:
                step = known.get(name)
                found[name] = self._step(asked[name], step, command)
        self._require_all(known, found)
        return found

    def _require_all(
        self, known: Mapping[str, Step], found: dict[str, StepEvidence]
    ) -> None:
        """See to it that something is known of every step that was run, now or before."""
        for name, step in known.items():
            if name in found or name in self._before.steps or name in self._of_cmake:
                continue
            made = build_tree.absolute(name, self._watched.tree)
            # It was never made: nothing that was built needs it.
            if not os.path.exists(made):
                continue
            if not is_compared(step):
                raise UnwatchedError(f"{name} was made when nothing was watched")
            found[name] = StepEvidence(is_own=True, unseen="nothing is known of it")

    def _whole_build(self) -> StepEvidence:
        """Return the evidence of a build tool that keeps no account of which command makes what."""
        watched = self._watched
        processes = watched.building.processes.values()
        asked = asked_by(processes, watched.tools)
        if asked.unseen or asked.asks_a_server:
            raise UnwatchedError(asked.unseen or "it asks a server")
        # What lies in the tree was made from the rest, and is not asked for.
        return self._step(asked, None)

    # --- one step -----------------------------------------------------------------------------------------------

    def _step(self, asked: Asked, step: Step | None, command: str = "") -> StepEvidence:
        """Return the evidence of a step.

        :param step: what the build file says of it; ``None`` of what is no step of the build tool's.
        """
        watched = self._watched
        is_own = step is not None and step.is_projects_own
        questions = asked.questions
        if not is_own:
            questions = without_times_of_what_is_read(questions)
        early, late, is_installed_used = self._sorted_out(questions)
        variables = set(asked.variables)
        # A program that looks at all variables sees which environment it runs in.
        may_use_installed = asked.is_open and bool(watched.installed)
        if is_installed_used or may_use_installed:
            variables.add(INSTALLED)
        declared = self._declared(step)
        later = 0
        if step:
            for name in step.outputs:
                made = build_tree.absolute(name, watched.tree)
                early.add(Question(STATUS, made))
            # What a step made itself, or the build tool knows of, is no question.
            known = asked.written | declared
            later = self._table.bits(one for one in late if one.path not in known)
        texts = filter(self._is_of_the_project, asked.texts)
        is_restless = watched.tools.is_restless
        words = words_that_may_be_variables(texts, [command], is_restless)
        return StepEvidence(
            asked=self._table.bits(early) | later,
            later=later,
            variables=frozenset(variables),
            is_open=asked.is_open or (is_own and "$" in command),
            words=words,
            is_own=is_own,
            left=self._left(asked, declared) if step else frozenset(),
            unseen=asked.unseen if is_own else "",
            asks_a_server=is_own and asked.asks_a_server,
        )

    def _sorted_out(
        self, questions: Iterable[Question]
    ) -> tuple[set[Question], set[Question], bool]:
        """Sort questions out: those that can be answered before a build, those about the tree, and whether the kept environment
        was used."""
        watched = self._watched
        not_evidence = (*watched.unasked, *_OF_THE_KERNEL)
        early: set[Question] = set()
        late: set[Question] = set()
        is_installed_used = False
        for question in questions:
            path = question.path
            # The tree itself counts as what lies in it.
            if with_separator(path).startswith(watched.regions.build):
                late.add(question)
            elif watched.installed and path.startswith(watched.installed):
                is_installed_used = True
            elif not path.startswith(not_evidence) and not self._is_fleeting(question):
                early.add(question)
        return early, late, is_installed_used

    def _is_fleeting(self, question: Question) -> bool:
        """Say whether it is about names in a directory for temporary files, where they come and go whatever is built."""
        is_about_names = question.kind in (NAMES, TREE)
        return is_about_names and question.path in self._watched.temporary

    def _declared(self, step: Step | None) -> frozenset[str]:
        """Return what the build tool knows of a step: what it reads and makes in the tree."""
        if step is None:
            return frozenset()
        found: set[str] = set()
        for name in (*step.inputs, *step.outputs):
            path = build_tree.absolute(name, self._watched.tree)
            found.add(path)
        return frozenset(found)

    def _left(self, asked: Asked, declared: frozenset[str]) -> frozenset[str]:
        """Return the files that a step made in the tree and did not declare."""
        build = self._watched.regions.build
        found: set[str] = set()
        for path in asked.written - declared:
            is_in_tree = path.startswith(build)
            if is_in_tree and os.path.isfile(path):
                name = path.removeprefix(build)
                found.add(name)
        return frozenset(found)

    def _is_of_the_project(self, path: str) -> bool:
        """Return whether a text may be of the project's, and not of a program that is installed."""
        regions = self._watched.regions
        if path.startswith(regions.build):
            return True
        not_evidence = (*self._watched.unasked, *_OF_THE_KERNEL)
        if path.startswith(not_evidence):
            return False
        return not regions.is_packaged(path)


def _ran_commands(building: Trace) -> bool:
    """Return whether the build tool ran any command: each has a shell of its own."""
    for process in building.processes.values():
        options = process.arguments[1:2]
        if options == ("-c",):
            return True
    return False


def _steps_of_cmake(steps: Mapping[str, Step]) -> frozenset[str]:
    """Return the steps that only have CMake configure again, by the first file that each makes."""
    found: set[str] = set()
    for name, step in steps.items():
        if step.rule in _CMAKES_OWN_RULES:
            found.add(name)
    return frozenset(found)


def _joined(one: StepEvidence, other: StepEvidence) -> StepEvidence:
    """Return what two steps asked for together."""
    return replace(
        one,
        asked=one.asked | other.asked,
        variables=one.variables | other.variables,
        words=one.words | other.words,
        is_open=one.is_open or other.is_open,
    )
