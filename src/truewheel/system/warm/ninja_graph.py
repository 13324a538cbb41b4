"""The steps of a finished build as one value: what compilers, CMake and the project's own commands read."""

from __future__ import annotations

import re
from pathlib import Path

from ...model.record import Record
from . import build_tree, ninja_file
from .ninja_file import Step


class NinjaGraph(Record):
    """What a build tree's steps read. Paths are absolute.

    Of other generators' trees there is only what compilers found out: no text, and no steps.

    :param build_file: the text of the build files.
    :param inputs: what the build's own steps read, as declared or as discovered.
    :param configure_inputs: what CMake read when it configured.
    :param own_steps: those that run commands of the project's.
    :param declared: what these declare that they read.
    """

    build_file: str
    inputs: frozenset[str]
    configure_inputs: frozenset[str]
    own_steps: tuple[Step, ...]
    declared: frozenset[str]

    @property
    def own_commands(self) -> list[str]:
        """What the project itself has run."""
        found: list[str] = []
        for step in self.own_steps:
            found += step.commands
        return found

    @property
    def linked_libraries(self) -> frozenset[str]:
        """Libraries that are named without a directory (``-lz``)."""
        return frozenset(re.findall(r"(?<=\s)-l([\w.+-]+)", self.build_file))

    @property
    def library_folders(self) -> tuple[str, ...]:
        """Directories that linkers are told to search (``-L``), in order."""
        return tuple(re.findall(r"(?<=\s)-L(/[^\s$]*)", self.build_file))

    @property
    def searched_folders(self) -> frozenset[str]:
        """Directories that compilers and linkers are told to search."""
        options = r"-I|-L|-F|-isystem |-iquote |-idirafter "
        return frozenset(
            re.findall(rf"(?<=\s)(?:{options})(/[^\s$]*)", self.build_file)
        )


def read_graph(build_dir: Path) -> NinjaGraph:
    """Return what the steps of the build in ``build_dir`` read."""
    build_file = ninja_file.read_build_file(build_dir)
    inputs = set(build_tree.discovered(build_dir))
    configure_inputs: set[str] = set()
    declared: set[str] = set()
    own_steps: list[Step] = []
    for step in ninja_file.steps(build_file):
        paths = [build_tree.absolute(path, build_dir) for path in step.inputs]
        if step.rule == "RERUN_CMAKE":
            configure_inputs.update(paths)
        elif step.rule != "phony":
            inputs.update(paths)
        if step.is_projects_own:
            own_steps.append(step)
            declared.update(paths)
    return NinjaGraph(
        build_file=build_file,
        inputs=frozenset(inputs),
        configure_inputs=frozenset(configure_inputs),
        own_steps=tuple(own_steps),
        declared=frozenset(declared),
    )
