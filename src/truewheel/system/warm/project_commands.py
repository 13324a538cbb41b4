"""What the project's own build commands may read without declaring it. Build tools never see it; we look for names.

A command may read any source file that it names, any Python file that it runs, and whatever that imports; and it may ask
for variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...model.build_record import COMMIT
from ...model.record import Record
from . import file_state
from .finished_build import FinishedBuild
from .ninja_graph import NinjaGraph


class CommandInputs(Record):
    """What the project's commands may read.

    :param undeclared: names of source files, those that the commands declare aside.
    :param variables: names of variables; ``COMMIT`` among them when Git may be asked.
    """

    undeclared: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


def find_command_inputs(build: FinishedBuild, graph: NinjaGraph) -> CommandInputs:
    """Return what the commands of a build may have read without declaring it."""
    if not graph.own_steps:
        return CommandInputs()
    commands = graph.own_commands
    declared = build.regions.names(graph.declared)
    mentioned = _mentioned_files(commands, build.sources)
    scripts = _python_files_run(build, commands, declared | mentioned)
    texts: list[str] = []
    for script in scripts:
        path = build.regions.source + script
        text = file_state.text(path)
        texts.append(text)
    return CommandInputs(
        undeclared=(mentioned | scripts) - declared,
        variables=_variables_in(texts, commands),
    )


def _mentioned_files(commands: Iterable[str], sources: Iterable[str]) -> frozenset[str]:
    """Return the source files whose names, without their directories, stand in commands."""
    words: set[str] = set()
    for command in commands:
        parts = re.split(r"[\s\"'/=,;]+", command)
        words.update(parts)
    found: set[str] = set()
    for name in sources:
        base = name.rpartition("/")[2]
        if base in words:
            found.add(name)
    return frozenset(found)


def _python_files_run(
    build: FinishedBuild,
    commands: Iterable[str],
    named: Iterable[str],
) -> frozenset[str]:
    """Return Python files that commands run, and those that these may import, directly or not.

    :param named: source files that the commands name or declare.
    """
    python = frozenset(name for name in build.sources if name.endswith(".py"))
    words: set[str] = set()
    for command in commands:
        words |= _modules_started(command)
    found: frozenset[str] = frozenset()
    fresh = python.intersection(named)
    while fresh:
        found |= fresh
        for name in fresh:
            path = build.regions.source + name
            text = file_state.text(path)
            names = re.findall(r"\w+", text)
            words.update(names)
        fresh = _modules_named(python, words) - found
    # Also when no file is run by its name: a command may start a module.
    return found | _modules_named(python, words)


def _modules_started(command: str) -> set[str]:
    """Return the parts of the modules' names that ``python -m`` is told."""
    dotted = re.findall(r"-m\s+([\w.]+)", command)
    return set(".".join(dotted).split(".")) - {""}


def _modules_named(python: Iterable[str], words: set[str]) -> frozenset[str]:
    """Return the Python files whose modules' names are among words."""
    found: set[str] = set()
    for name in python:
        module = _module_name(name)
        if module in words:
            found.add(name)
    return frozenset(found)


def _module_name(name: str) -> str:
    """Return what an import statement calls a file."""
    folder, _, base = name.removesuffix(".py").rpartition("/")
    if base in {"__init__", "__main__"}:
        return folder.rpartition("/")[2]
    return base


def _variables_in(scripts: Iterable[str], commands: Iterable[str]) -> frozenset[str]:
    """Return the variables that scripts may ask for, by the looks of their names; and the commit, if they speak of Git.

    :param scripts: their texts.
    """
    names: set[str] = set()
    for text in scripts:
        words = re.findall(r"\b[A-Z][A-Z0-9_]+\b", text)
        names.update(words)
    texts = [*scripts, *commands]
    for text in texts:
        if "git" in text:
            names.add(COMMIT)
    return frozenset(names)
