"""Which process of a watched build belonged to which step, and what each step asked for.

Ninja runs each command as ``/bin/sh -c COMMAND``, and tells which command makes what (``ninja -t compdb``). What the shell of
a step starts, and what those start in turn, belongs to the step. Nothing here looks at what was asked for.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import filterfalse
from pathlib import Path

from ...model.evidence import CONTENT, NAMES, PRESENCE, STATUS, TREE, Question
from ...model.observation import Process, Trace
from ...model.record import Record
from . import build_tree, ninja_file
from .ninja_file import Step

_COMPILERS = r"CMAKE_(?:AR|LINKER|RANLIB|NM|STRIP|OBJCOPY|\w+_COMPILER|\w+_COMPILER_(?:AR|RANLIB))"
_LAUNCHERS = r"CMAKE_\w+_(?:COMPILER|LINKER)_LAUNCHER"


class UnwatchedError(Exception):
    """Something of a build was not seen; the message says what."""


class Asked(Record):
    """What a step asked for, and what it made.

    :param questions: each once.
    :param is_open: whether programs of it may have looked at all variables.
    :param texts: files that such programs, or CMake, read: scripts may be among them.
    :param unseen: why not all is known; empty if it is.
    """

    questions: frozenset[Question]
    variables: frozenset[str]
    is_open: bool
    texts: frozenset[str]
    written: frozenset[str]
    unseen: str
    asks_a_server: bool


IsRestless = Callable[[str], bool]
"""Says of a variable that it differs between builds that are the same, and so counts only where it is named."""


class Tools(Record):
    """The programs of a build whose ways are known, by their real paths.

    :param compilers: they look at variables one by one, and so does what they start: assemblers, linkers.
    :param launchers: those of the compilers that keep what was compiled, for other builds.
    :param makers: CMake and the build tool. They do so, too, but what they start may be anything.
    :param is_restless: which variables do not count when a tool asks for them.
    """

    compilers: frozenset[str]
    launchers: frozenset[str]
    makers: frozenset[str]
    is_restless: IsRestless


def tools_of(build_dir: Path, is_restless: IsRestless) -> Tools:
    """Return the tools that CMake's cache names."""
    compilers = _programs(build_tree.cache_values(build_dir, _COMPILERS))
    launchers = _programs(build_tree.cache_values(build_dir, _LAUNCHERS))
    makers = build_tree.cache_values(build_dir, "CMAKE_COMMAND|CMAKE_MAKE_PROGRAM")
    return Tools(
        compilers=compilers - launchers,
        launchers=launchers,
        makers=frozenset(map(os.path.realpath, makers)),
        is_restless=is_restless,
    )


def _programs(values: Iterable[str]) -> frozenset[str]:
    """Return the real paths of the programs in values of CMake's cache."""
    found: set[str] = set()
    for value in values:
        # A compiler may have arguments.
        tool, _, _ = value.partition(";")
        if os.path.isabs(tool):
            found.add(os.path.realpath(tool))
    return frozenset(found)


# --- which process belongs to which step ------------------------------------------------------------------------


def commands_of(build_dir: Path, steps: Iterable[Step]) -> dict[str, str]:
    """Return the first file that each command of a Ninja build makes, by the command.

    :param steps: those of the build file.
    :raises UnwatchedError: when Ninja does not tell.
    """
    try:
        found = _commands_ninja_tells(build_dir)
    except (OSError, subprocess.SubprocessError, LookupError, TypeError, ValueError):
        message = "its Ninja does not tell which command makes what"
        raise UnwatchedError(message) from None
    # Ninja does not tell of steps without inputs; what CMake writes for custom commands stands in the build file as it is.
    for step in steps:
        if step.rule != "CUSTOM_COMMAND":
            continue
        for told in step.commands:
            command = ninja_file.unescaped(told)
            found[command] = step.outputs[0]
    return found


def _commands_ninja_tells(build_dir: Path) -> dict[str, str]:
    """Return what ``ninja -t compdb`` tells; whatever is not as it should be there is an error."""
    ninja = build_tree.cache_value(build_dir, "CMAKE_MAKE_PROGRAM")
    done = subprocess.run(
        [ninja, "-C", build_dir, "-t", "compdb"],
        capture_output=True,
        check=True,
        text=True,
        errors="surrogateescape",
    )
    rows = json.loads(done.stdout)
    found: dict[str, str] = {}
    for row in rows:
        command = row["command"]
        # A phony step runs nothing.
        if command:
            found[command] = row["output"]
    return found


def processes_by_step(
    trace: Trace, commands: Mapping[str, str]
) -> dict[str, list[Process]]:
    """Return the processes of each step that was run, by the first file that it makes."""
    step_of: dict[int, str] = {}
    found: dict[str, list[Process]] = {}
    # Whoever starts a process has a smaller number.
    for number in sorted(trace.processes):
        process = trace.processes[number]
        command = _command_of(process)
        # Whatever a step starts belongs to it, be it the command of another one.
        step = step_of.get(process.parent) or commands.get(command)
        if step:
            step_of[number] = step
            group = found.setdefault(step, [])
            group.append(process)
    return found


def first_unknown_command(trace: Trace, groups: Mapping[str, Iterable[Process]]) -> str:
    """Return a command that the build tool ran and that belongs to no step; empty when there is none."""
    in_steps: set[int] = set()
    for group in groups.values():
        for process in group:
            in_steps.add(process.number)
    of_build_tool: set[int] = set()
    others = trace.processes.keys() - in_steps
    for number in sorted(others):
        process = trace.processes[number]
        # CMake starts it (``cmake --build``), and is itself started by the hook.
        is_start = process.parent == 0 and "--build" in process.arguments[:2]
        if not is_start and process.parent not in of_build_tool:
            continue
        command = _command_of(process)
        if command:
            return command
        of_build_tool.add(number)
    return ""


def _command_of(process: Process) -> str:
    """Return what a shell was told to run."""
    arguments = process.arguments
    if len(arguments) == 3 and arguments[1] == "-c":
        return arguments[2]
    return ""


# --- what they asked for ----------------------------------------------------------------------------------------


def asked_by(processes: Iterable[Process], tools: Tools) -> Asked:
    """Return what the processes of one step, or of configuring, asked for together."""
    group: dict[int, Process] = {}
    for process in processes:
        group[process.number] = process
    parts: list[Asked] = []
    questions: set[Question] = set()
    for process in group.values():
        part = _asked_by_one(process, group, tools)
        parts.append(part)
        questions |= part.questions
    return Asked(
        questions=_most_telling(questions),
        variables=_union(part.variables for part in parts),
        is_open=any(part.is_open for part in parts),
        texts=_union(part.texts for part in parts),
        written=_union(part.written for part in parts),
        unseen=next((part.unseen for part in parts if part.unseen), ""),
        asks_a_server=any(part.asks_a_server for part in parts),
    )


def _most_telling(questions: Iterable[Question]) -> frozenset[Question]:
    """Return questions without those whether something is there that is read, too."""
    return _without_those_read(questions, PRESENCE)


def without_times_of_what_is_read(questions: Iterable[Question]) -> frozenset[Question]:
    """Return questions without those about the time of files that are read, too: what a file holds says more."""
    return _without_those_read(questions, STATUS)


def _without_those_read(
    questions: Iterable[Question], kind: str
) -> frozenset[Question]:
    """Return questions without those of one kind about files whose content is asked for as well."""
    # They are gone through twice.
    given = frozenset(questions)
    read = _paths_read(given)
    found: set[Question] = set()
    for question in given:
        if question.kind != kind or question.path not in read:
            found.add(question)
    return frozenset(found)


def installed_from(building: Trace, tools: Tools) -> frozenset[str]:
    """Return the files that CMake read when it installed, and what it started then."""
    installing: set[int] = set()
    found: set[str] = set()
    # Whoever starts a process has a smaller number.
    for number in sorted(building.processes):
        process = building.processes[number]
        is_cmake = process.program in tools.makers
        is_start = is_cmake and "--install" in process.arguments
        if is_start or process.parent in installing:
            installing.add(number)
            found |= process.read
    return frozenset(found)


def _paths_read(questions: Iterable[Question]) -> frozenset[str]:
    """Return the paths of the files whose content is asked for."""
    found: set[str] = set()
    for question in questions:
        if question.kind == CONTENT:
            found.add(question.path)
    return frozenset(found)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    for each in sets:
        found |= each
    return frozenset(found)


def _asked_by_one(
    process: Process, group: Mapping[int, Process], tools: Tools
) -> Asked:
    """Return what one process asked for.

    :param group: all processes of the step, by number.
    """
    is_known = _is_known_tool(process, group, tools)
    is_shell_of_step = process.parent not in group and bool(_command_of(process))
    is_open = not is_known and not is_shell_of_step
    variables = process.variables - {"PATH"}
    if is_known:
        # Where compilers put temporary files, and in which colours they speak, is no matter.
        restless = frozenset(filter(tools.is_restless, variables))
        variables = variables - restless
    questions: Iterable[Question] = _questions(process, trusts_presence=not is_open)
    if process.program in tools.launchers:
        # What a cache of compilers keeps is the same for the same input, or it would be of no use.
        questions = filterfalse(_is_in_a_cache, questions)
    texts: frozenset[str] = frozenset()
    # CMake is known, but what it reads may be a script that names variables.
    if is_open or process.program in tools.makers:
        texts = process.read
    return Asked(
        questions=frozenset(questions),
        variables=variables,
        is_open=is_open,
        texts=texts,
        written=process.written | process.removed,
        unseen=_why_unseen(process),
        asks_a_server=bool(process.network),
    )


def _is_in_a_cache(question: Question) -> bool:
    """Return whether a file lies in a directory that is marked as a cache (https://bford.info/cachedir/)."""
    folder = os.path.dirname(question.path)
    return _is_cache(folder)


@functools.cache
def _is_cache(folder: str) -> bool:
    mark = os.path.join(folder, "CACHEDIR.TAG")
    if os.path.isfile(mark):
        return True
    above = os.path.dirname(folder)
    # Nothing is above the root.
    if above == folder:
        return False
    return _is_cache(above)


def _is_known_tool(
    process: Process, group: Mapping[int, Process], tools: Tools
) -> bool:
    """Return whether a process is of a known tool, or was started by a compiler."""
    if process.program in tools.makers:
        return True
    if process.program in tools.launchers:
        return True
    # What a launcher starts may be a script that goes by a compiler's name.
    while process.program not in tools.compilers:
        parent = group.get(process.parent)
        if parent is None:
            return False
        process = parent
    return True


def _questions(process: Process, *, trusts_presence: bool) -> Iterator[Question]:
    """Yield what one process asked.

    :param trusts_presence: whether a file that was only looked at matters by being there; else its size and time do.
    """
    for path in process.read | process.run:
        yield Question(CONTENT, path)
    for path in process.missing:
        yield Question(PRESENCE, path)
    of_looks = PRESENCE if trusts_presence else STATUS
    for path in process.looked_at:
        yield Question(of_looks, path)
    for path in process.listed:
        yield Question(NAMES, path)
    for path in process.trees:
        yield Question(TREE, path)


def _why_unseen(process: Process) -> str:
    for unseen in sorted(process.unseen):
        return f"{unseen.program} {unseen.reason}"
    return ""


# --- whether it was seen ----------------------------------------------------------------------------------------


def first_unwatched(
    steps: Iterable[Step],
    asked: Mapping[str, Asked],
    build_dir: Path,
) -> str:
    """Return the first file that a compiler or a linker made elsewhere than where it was watched; empty if there is none.

    Whatever makes a file out of others has opened them.
    """
    for step in steps:
        # This is asked of compilers and linkers alone: a command of the project's may read nothing.
        if step.is_projects_own or step.rule == "RERUN_CMAKE":
            continue
        first = step.outputs[0]
        known = asked.get(first)
        if known is None:
            continue
        if known.unseen or not _was_opened(step, known, build_dir):
            return first
    return ""


def _was_opened(step: Step, asked: Asked, build_dir: Path) -> bool:
    """Return whether a step was seen opening the first file that it is told to read."""
    if not step.inputs:
        return True
    first = step.inputs[0]
    path = build_tree.absolute(first, build_dir)
    opened = _paths_read(asked.questions)
    if path in opened or not os.path.isfile(path):
        return True
    # It may be told by another name, through a link.
    real = os.path.realpath(path)
    real_opened = map(os.path.realpath, opened)
    return real in real_opened
