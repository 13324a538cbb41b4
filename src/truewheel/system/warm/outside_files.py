"""What a build used outside of its source and its build tree: tools, headers, libraries, scripts; and where it searched.

What is missing here would be reused although it changed, so that whatever *may* have been read is listed.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator

from . import build_tree, environment, file_state
from .finished_build import FinishedBuild
from .ninja_graph import NinjaGraph
from .path_regions import LOCAL_HEADERS

_COMPILERS = r"CMAKE_(?:AR|LINKER|\w+_COMPILER)"
_TOOLS = (
    r"CMAKE_(?:COMMAND|MAKE_PROGRAM|AR|LINKER|RANLIB|NM|STRIP|OBJCOPY|\w+_COMPILER)"
)
_LAUNCHERS = frozenset({"ccache", "sccache", "distcc", "icecc", "recc"})
"""Caches and distributors that may go by a compiler's name on PATH, and call the next one of that name."""
_RUN_BY_COMPILERS = ("as", "ld")
_SEARCH_VARIABLES = (
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "LIBRARY_PATH",
)
"""Directories that compilers search besides (GCC manual, "Environment Variables")."""
_DEFAULT_LIBRARIES = ("c", "m")
"""What is linked without being named."""
_LIBRARY_ENDS = (".so", ".a", ".dylib")
_MOST_BESIDE = 500
"""Files of one directory outside that a command may read without declaring it: a larger directory is not a directory of scripts."""


# --- files ------------------------------------------------------------------------------------------------------


def files_to_watch(
    build: FinishedBuild,
    graph: NinjaGraph,
    wrappers: Collection[str],
) -> frozenset[str]:
    """Return the paths of files whose change would make another wheel; some of them may not be there.

    :param wrappers: see :func:`find_wrappers`.
    """
    used = {
        *graph.inputs,
        *graph.configure_inputs,
        *_tools(build),
        *_files_named(graph),
        *_programs_called(build, graph),
    }
    found = set(filter(build.regions.is_outside, used))
    found |= _beside_named_files(build, graph)
    found |= _reached_by_links(build, graph)
    found |= _read_by_wrappers(build, wrappers)
    found |= _places_of_libraries(build, graph)
    # These two change when somebody else configures the tree.
    for name in ("CMakeCache.txt", "build.ninja"):
        found.add(os.path.join(build.tree, name))
    return frozenset(found)


def _tools(build: FinishedBuild) -> set[str]:
    """Return programs that the build ran, by CMake's cache, and those that compilers run by themselves."""
    named: list[str] = []
    for value in build_tree.cache_values(build.tree, _TOOLS):
        # A compiler may have arguments.
        tool, _, _ = value.partition(";")
        named.append(tool)
    named += _on_path(build, _RUN_BY_COMPILERS)
    found = set(named)
    for tool in named:
        # Behind a compiler that is a launcher in disguise stands the one that it calls.
        real = os.path.realpath(tool)
        if os.path.basename(real) in _LAUNCHERS:
            found |= _all_on_path(build, os.path.basename(tool))
    return set(filter(os.path.isabs, found))


def _on_path(build: FinishedBuild, names: Iterable[str]) -> set[str]:
    """Return the programs that PATH leads to."""
    path = build.environ.get("PATH")
    found: set[str] = set()
    for name in names:
        program = shutil.which(name, path=path)
        if program:
            found.add(program)
    return found


def _all_on_path(build: FinishedBuild, name: str) -> set[str]:
    """Return every file of a name in the directories of PATH, not the first one only."""
    found: set[str] = set()
    for folder in os.get_exec_path(build.environ):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            found.add(path)
    return found


def _files_named(graph: NinjaGraph) -> set[str]:
    """Return files whose absolute paths stand anywhere in the build file."""
    paths = set(_absolute_paths(graph.build_file))
    return set(filter(os.path.isfile, paths))


def _programs_called(build: FinishedBuild, graph: NinjaGraph) -> set[str]:
    """Return programs that custom commands call by name."""
    names: set[str] = set()
    for command in graph.own_commands:
        names.update(re.findall(r"(?:^|&& )([\w.+-]+)", command))
    return _on_path(build, names - {"cd"})


def _absolute_paths(text: str) -> Iterator[str]:
    """Yield the absolute paths in a build file or a command, without their ``..``."""
    unescaped = text.replace("$:", ":")
    return map(
        os.path.normpath,
        re.findall(r"(?<![\w.$}])/[^\s\"'\\;,=:$&|<>()]+", unescaped),
    )


def _beside_named_files(build: FinishedBuild, graph: NinjaGraph) -> set[str]:
    """Return files beside the outside ones that custom commands name: a script may read them, or import them."""
    folders: set[str] = set()
    for command in graph.own_commands:
        for path in _outside_paths_in(command, build):
            folders.add(os.path.dirname(path))
    return _files_in(filter(build.regions.is_foreign, folders))


def _outside_paths_in(text: str, build: FinishedBuild) -> Iterator[str]:
    """Return the files outside that a text names."""
    outside = filter(build.regions.is_outside, _absolute_paths(text))
    return filter(os.path.isfile, outside)


def _files_in(folders: Iterable[str]) -> set[str]:
    """Return the files of directories, of each no more than a directory of scripts would have."""
    found: set[str] = set()
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in itertools.islice(entries, _MOST_BESIDE):
                if entry.is_file():
                    found.add(entry.path)
    return found


def _reached_by_links(build: FinishedBuild, graph: NinjaGraph) -> set[str]:
    """Return files that are used by names in the source, and lie elsewhere."""
    regions = build.regions
    found: set[str] = set()
    for path in graph.inputs:
        # No manifest follows a linked directory: what lies below one is a source file by its path alone.
        name = regions.name(path)
        if name is not None and name not in build.sources:
            found.add(path)
    for link in build.links:
        target = os.path.realpath(regions.source + link)
        if regions.is_outside(target) and os.path.isfile(target):
            found.add(target)
    return found


def _places_of_libraries(build: FinishedBuild, graph: NinjaGraph) -> set[str]:
    """Return where the linker may find the libraries that are named without a directory; also where there is none yet."""
    triplet = environment.multiarch() or "lib"
    told = build.environ.get("LIBRARY_PATH", "")
    folders = {
        *graph.library_folders,
        *told.split(os.pathsep),
        "/usr/local/lib",
        f"/lib/{triplet}",
        f"/usr/lib/{triplet}",
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
    }
    folders.discard("")
    libraries = graph.linked_libraries.union(_DEFAULT_LIBRARIES)
    found: set[str] = set()
    for library, end in itertools.product(libraries, _LIBRARY_ENDS):
        name = f"lib{library}{end}"
        for folder in folders:
            path = os.path.join(folder, name)
            found.add(path)
    return found


# --- tools that are scripts -------------------------------------------------------------------------------------


def find_wrappers(build: FinishedBuild) -> tuple[str, ...]:
    """Return the scripts that stand for compilers and linkers, as Nix and Emscripten have them: they read what they like."""
    tools = build_tree.cache_values(build.tree, _COMPILERS)
    outside = filter(build.regions.is_outside, tools)
    return tuple(filter(_is_script, outside))


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _read_by_wrappers(build: FinishedBuild, wrappers: Collection[str]) -> set[str]:
    """Return what such scripts may read: files that they name, and those that lie beside them."""
    found: set[str] = set()
    folders: set[str] = set()
    for wrapper in wrappers:
        text = file_state.text(wrapper)
        named = _outside_paths_in(text, build)
        found.update(named)
        folder = os.path.dirname(wrapper)
        folders.add(folder)
    foreign = filter(build.regions.is_foreign, folders)
    return found | _files_in(foreign)


def words_of_wrappers(wrappers: Iterable[str]) -> frozenset[str]:
    """Return the words in such scripts that may be variables' names, of shells and of other languages alike."""
    words: set[str] = set()
    for wrapper in wrappers:
        text = file_state.text(wrapper)
        words.update(re.findall(r"\b[A-Za-z_]\w+\b", text))
    return frozenset(words)


# --- directories ------------------------------------------------------------------------------------------------


def folders_outside(build: FinishedBuild, graph: NinjaGraph) -> frozenset[str]:
    """Return directories in which a new file may stand before one that was used, or may be picked up by a pattern."""
    regions = build.regions
    folders = {LOCAL_HEADERS, *graph.searched_folders}
    for variable in _SEARCH_VARIABLES:
        told = build.environ.get(variable, "")
        # A relative one leads into the build tree.
        named = filter(os.path.isabs, told.split(os.pathsep))
        folders.update(named)
    # Beside a header that was used, another may be found first.
    for path in filter(regions.is_outside, graph.inputs):
        folder = os.path.dirname(path)
        folders.add(folder)
    return frozenset(filter(regions.is_foreign, folders))
