"""From what was watched to evidence: the questions of each step, with the answers that the build got.

Evidence grows from build to build. A step that was not run keeps its own; questions keep their numbers.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...model.evidence import (
    CONTENT,
    IN_DOUBT,
    NAMES,
    PRESENCE,
    STATUS,
    Evidence,
    Question,
    StepEvidence,
)
from ...model.observation import Trace
from ...model.record import Record, replace
from . import answers, build_tree
from .asking_again import is_compared, steps_by_output
from .build_inputs import INSTALLED
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
    processes_by_step,
    words_that_may_be_variables,
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
    if not (watched.configuring.is_whole and watched.building.is_whole):
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
        self._written = watched.written
        self._questions = list(before.questions)
        self._answers = list(before.answers)
        self._numbers: dict[Question, int] = {}
        for number, question in enumerate(before.questions):
            self._numbers[question] = number
        self._contradicted = 0
        self._fresh: set[Question] = set()
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
            configuring = _joined(configuring, steps.pop(name))
        packing = StepEvidence(asked=self._bits(self._packed_sources()))
        return Evidence(
            questions=tuple(self._questions),
            answers=tuple(self._answers),
            configuring=configuring,
            packing=packing,
            steps={**self._steps_of_before(), **steps},
        )

    def _packed_sources(self) -> Iterator[Question]:
        """Yield questions about the sources that went into the wheel as they are."""
        watched = self._watched
        not_source = (*watched.unasked, watched.regions.build)
        for path in map(os.fspath, watched.packed):
            if not path.startswith(not_source):
                yield Question(CONTENT, path)

    def _steps_of_before(self) -> dict[str, StepEvidence]:
        """Return the evidence of steps that were not run, except of those that saw another world than others did."""
        found: dict[str, StepEvidence] = {}
        for name, step in self._before.steps.items():
            if self._known and name not in self._known:
                # CMake does not make it any more.
                continue
            if step.asked & self._contradicted:
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
            return {"": _joined(self._whole_build(), before)}
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
        not_evidence = (*watched.unasked, *_OF_THE_KERNEL)
        declared = self._declared(step)
        early: set[Question] = set()
        late: set[Question] = set()
        variables = set(asked.variables)
        for question in asked.questions:
            path = question.path
            # The tree itself counts as what lies in it.
            if with_separator(path).startswith(watched.regions.build):
                if step and path not in asked.written and path not in declared:
                    late.add(question)
            elif watched.installed and path.startswith(watched.installed):
                variables.add(INSTALLED)
            elif not path.startswith(not_evidence):
                early.add(question)
        if asked.is_open and watched.installed:
            variables.add(INSTALLED)
        if step:
            for name in step.outputs:
                made = build_tree.absolute(name, watched.tree)
                early.add(Question(STATUS, made))
        later = self._bits(late)
        is_own = step is not None and step.is_projects_own
        words = words_that_may_be_variables(
            filter(self._is_of_the_project, asked.texts),
            [command],
            watched.tools.is_restless,
        )
        return StepEvidence(
            asked=self._bits(early) | later,
            later=later,
            variables=frozenset(variables),
            is_open=asked.is_open or (is_own and "$" in command),
            words=words,
            is_own=is_own,
            left=self._left(asked, declared) if step else frozenset(),
            unseen=asked.unseen if is_own else "",
            asks_a_server=is_own and asked.asks_a_server,
        )

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
        is_told = path.startswith((*self._watched.unasked, *_OF_THE_KERNEL))
        return not is_told and not regions.is_packaged(path)

    # --- questions and answers ----------------------------------------------------------------------------------

    def _bits(self, questions: Iterable[Question]) -> int:
        """Return a set of questions as bits, each with its answer in the table."""
        bits = 0
        for question in questions:
            if question not in self._fresh:
                self._ask(question)
            number = self._numbers.get(question)
            if number is not None:
                bits |= 1 << number
        return bits

    def _ask(self, question: Question) -> None:
        """Write down the answer to a question that this build asked, in the place of an older one."""
        self._fresh.add(question)
        number = self._numbers.get(question)
        if number is None:
            answer = self._answer(question)
            # What the build made and removed again was its own.
            if not answer and question.path in self._written:
                return
            self._numbers[question] = len(self._questions)
            self._questions.append(question)
            self._answers.append(answer)
            return
        before = self._answers[number]
        answer = self._answer(question)
        self._answers[number] = answer
        if not answers.is_same(before, answer):
            self._contradicted |= 1 << number

    def _answer(self, question: Question) -> str:
        """Return the answer that the build got, in doubt if somebody else changed what was asked for meanwhile."""
        path = question.path
        regions = self._watched.regions
        is_trusted = regions.is_packaged(path)
        now = answers.answer(question, is_trusted=is_trusted)
        if path in self._written or path.startswith(regions.build):
            return now
        if question.kind in (CONTENT, PRESENCE, NAMES) and self._changed(question):
            return IN_DOUBT
        return now

    def _changed(self, question: Question) -> bool:
        """Return whether somebody else changed what was asked for since CMake started."""
        try:
            status = os.stat(question.path)
        except OSError:
            return False
        started = self._watched.started
        if stat.S_ISDIR(status.st_mode):
            # Its time tells that names came or went, which is asked for by another question than its presence.
            is_touched = question.kind == NAMES and status.st_mtime_ns >= started
            return is_touched and not self._holds_anything_written(question.path)
        return status.st_mtime_ns >= started or status.st_ctime_ns >= started

    def _holds_anything_written(self, folder: str) -> bool:
        below = with_separator(folder)
        return any(path.startswith(below) for path in self._written)


def _ran_commands(building: Trace) -> bool:
    """Return whether the build tool ran any command: each has a shell of its own."""
    for process in building.processes.values():
        if process.arguments[1:2] == ("-c",):
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
