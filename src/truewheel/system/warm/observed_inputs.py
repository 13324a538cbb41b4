"""What a build left behind that later builds must know: read off its build tree, and off the files that went into it.

The rule behind every line is that of ``planning/reuse.py``: what the build tool cannot see by itself must be seen by us.
Nothing here decides or changes anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from ...model.build_record import ANY, Traces
from ...model.record import Record
from . import build_tree, file_state, ninja_file
from .finished_build import FinishedBuild
from .ninja_graph import NinjaGraph, read_graph
from .outside_files import (
    files_to_watch,
    find_wrappers,
    folders_outside,
    words_of_wrappers,
)
from .path_regions import with_separator
from .project_commands import find_command_inputs
from .source_manifest import listing

_READING_COMMANDS = re.compile(
    rb"\b(file\s*\(\s*(READ|STRINGS|MD5|SHA\w+|SHA3_\w+|COPY|COPY_FILE|INSTALL|ARCHIVE_EXTRACT|DOWNLOAD|SIZE|TIMESTAMP)\b"
    rb"|\b(execute_process|try_compile|try_run|exec_program|check_\w+|load_cache|pkg_check_modules|pkg_search_module)\b)",
    re.IGNORECASE,
)
"""Commands by which a CMake file reads others that CMake does not watch (cmake-commands(7))."""
_OF_TOOLS = re.compile(
    r"(^|/)(CMakeFiles|__pycache__|\.cmake|_deps|Testing)/|^\.ninja_|^install_manifest|^install/"
)
"""What build tools put down by themselves; and where an editable install is rebuilt into."""


def observe(build: FinishedBuild) -> Traces:
    """Return what later builds must know of this one."""
    graph = read_graph(build.tree)
    regions = build.regions
    cmake_files = _read_own_cmake_files(build, graph)
    wrappers = find_wrappers(build)
    commands = find_command_inputs(build, graph)
    left = _find_files_left(build, graph)
    variables = _variables_named(cmake_files, graph)
    return Traces(
        generator=build_tree.generator(build.tree),
        outside=_marks_of_files(build, files_to_watch(build, graph, wrappers)),
        folders=_listings(folders_outside(build, graph)),
        roots=tuple(regions.root_folders()),
        compiled=regions.names(graph.inputs),
        configured=regions.names(cmake_files),
        packed=regions.names(map(os.fspath, build.packed)),
        mentioned=commands.undeclared,
        variables=variables | commands.variables | words_of_wrappers(wrappers),
        strays=left.strays,
        leftovers=left.leftovers,
        runs_own_commands=bool(graph.own_steps),
        has_script_tools=bool(wrappers),
        cmake_reads_files=_read_others(cmake_files),
        asks_for_headers=_ask_for_headers(build, graph),
        finished=build.ended,
        ended_well=build.ended_well,
    )


def _marks_of_files(build: FinishedBuild, paths: Iterable[str]) -> dict[str, str]:
    return {path: build.regions.mark(path) for path in sorted(paths)}


def _listings(folders: Iterable[str]) -> dict[str, str]:
    return {folder: listing(folder) for folder in sorted(folders)}


# --- CMake files ------------------------------------------------------------------------------------------------


def _read_own_cmake_files(build: FinishedBuild, graph: NinjaGraph) -> dict[str, bytes]:
    """Return paths and contents of the project's CMake files, and of those of packages that nobody keeps account of."""
    # CMake's own modules change with CMake, wherever that is installed.
    cmake_root = build_tree.cache_value(build.tree, "CMAKE_ROOT")
    cmakes_own = with_separator(cmake_root or build.tree)
    regions = build.regions
    found: dict[str, bytes] = {}
    for path in graph.configure_inputs:
        is_source = regions.name(path) is not None
        is_foreign = regions.is_foreign(os.path.dirname(path))
        is_cmakes = path.startswith(cmakes_own)
        if is_source or (is_foreign and not is_cmakes):
            found[path] = file_state.content(path)
    return found


def _read_others(cmake_files: Mapping[str, bytes]) -> bool:
    """Say whether CMake files read others by themselves."""
    return any(map(_READING_COMMANDS.search, cmake_files.values()))


def _variables_named(
    cmake_files: Mapping[str, bytes], graph: NinjaGraph
) -> frozenset[str]:
    """Return the environment variables that CMake files and commands name.

    CMake files have ``$ENV{NAME}``; commands have ``$NAME``, which Ninja writes ``$$NAME``.
    """
    names = set(re.findall(r"\$\$\{?(\w+)", graph.build_file))
    for content in cmake_files.values():
        text = content.decode("utf-8", "surrogateescape")
        names.update(re.findall(r"ENV\{([A-Za-z0-9_]+)\}", text))
        # The name of the variable is worked out: it may be any.
        if re.search(r"ENV\{[^}]*\$", text):
            names.add(ANY)
    return frozenset(names)


# --- sources ----------------------------------------------------------------------------------------------------


def _ask_for_headers(build: FinishedBuild, graph: NinjaGraph) -> bool:
    """Say whether a source file, or one that was made in the build, asks which headers there are."""
    regions = build.regions
    for path in graph.inputs:
        is_source = regions.name(path) is not None
        if not is_source and not path.startswith(regions.build):
            continue
        if b"__has_include" in file_state.content(path):
            return True
    return False


# --- what commands left -----------------------------------------------------------------------------------------


class _FilesLeft(Record):
    """Files that commands left in the build tree without declaring them.

    Nobody deletes them when they are no longer made, nor makes them again when they are deleted.

    :param leftovers: those that a command names: it makes them again when it runs.
    :param strays: those that none does.
    """

    leftovers: frozenset[str]
    strays: frozenset[str]


def _find_files_left(build: FinishedBuild, graph: NinjaGraph) -> _FilesLeft:
    """Return what lies in the build tree, and neither CMake wrote nor a command declares."""
    # Ninja's log has what is declared, and was made.
    made = build_tree.outputs(build.tree)
    named = ninja_file.file_names(graph.build_file)
    leftovers: set[str] = set()
    strays: set[str] = set()
    for name in build_tree.files(build.tree):
        if name in build.written_by_cmake or build.tree / name in made:
            continue
        if _OF_TOOLS.search(name):
            continue
        base = name.rpartition("/")[2]
        group = leftovers if base in named else strays
        group.add(name)
    if not graph.own_steps:
        # Without commands of the project's, somebody else put them there.
        strays.clear()
    return _FilesLeft(leftovers=frozenset(leftovers), strays=frozenset(strays))
