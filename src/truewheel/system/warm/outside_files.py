"""What a build used outside of its source and its build tree: tools, headers, libraries, scripts; and where it searched.

What is missing here would be reused although it changed, so that whatever *may* have been read is listed.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from . import build_tree, environment, file_state
from .boundaries import LOCAL_HEADERS, Boundaries
from .finished_build import FinishedBuild
from .ninja_graph import NinjaGraph

_COMPILERS = r"CMAKE_(?:AR|LINKER|\w+_COMPILER)"
_TOOLS = r"CMAKE_(?:COMMAND|MAKE_PROGRAM|AR|LINKER|RANLIB|NM|STRIP|OBJCOPY|\w+_COMPILER)"
_LAUNCHERS = frozenset({"ccache", "sccache", "distcc", "icecc", "recc"})
"""Caches and distributors that may go by a compiler's name on PATH, and call the next one of that name."""
_RUN_BY_COMPILERS = ("as", "ld")
_SEARCH_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH")
"""Directories that compilers search besides (GCC manual, "Environment Variables")."""
_DEFAULT_LIBRARIES = ("c", "m")
"""What is linked without being named."""
_LIBRARY_ENDS = (".so", ".a", ".dylib")
_MOST_BESIDE = 500
"""Files of one directory outside that a command may read without declaring it; who keeps more there has no mere scripts."""


# --- files ------------------------------------------------------------------------------------------------------


def files_outside(build: FinishedBuild, graph: NinjaGraph, wrappers: Collection[str]) -> frozenset[str]:
    """Return the paths of files whose change would make another wheel; some of them may not be there.

    :param wrappers: see :func:`find_wrappers`.
    """
    bounds = build.bounds
    used = graph.inputs | graph.configure_inputs
    used |= _tools(build.tree, build.environ) | _named_in_build_file(graph, build.environ)
    return frozenset(
        {
            *filter(bounds.is_outside, used),
            *_beside_named_files(graph, bounds),
            *_reached_by_links(build, graph),
            *_read_by_wrappers(wrappers, bounds),
            *_places_of_libraries(graph, build.environ),
            # These two change when somebody else configures the tree.
            os.path.join(build.tree, "CMakeCache.txt"),
            os.path.join(build.tree, "build.ninja"),
        }
    )


def _tools(build_dir: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Return programs that the build ran, by CMake's cache, and those that compilers run by themselves."""
    path = environ.get("PATH")
    tools = {value.split(";")[0] for value in build_tree.cache_values(build_dir, _TOOLS)}
    for name in _RUN_BY_COMPILERS:
        if found := shutil.which(name, path=path):
            tools.add(found)
    for tool in tuple(tools):
        # Behind a compiler that is a launcher in disguise stands the one that it calls.
        if os.path.basename(os.path.realpath(tool)) in _LAUNCHERS:
            tools.update(_all_on_path(os.path.basename(tool), environ))
    return frozenset(filter(os.path.isabs, tools))


def _all_on_path(name: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield every file of a name in the directories of PATH."""
    for folder in os.get_exec_path(environ):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield path


def _named_in_build_file(graph: NinjaGraph, environ: Mapping[str, str]) -> frozenset[str]:
    """Return files whose absolute paths stand anywhere in the build file, and programs that its custom commands call by
    name."""
    named = set(filter(os.path.isfile, set(_absolute_paths(graph.build_file))))
    called: set[str] = set()
    for command in graph.own_commands:
        called.update(re.findall(r"(?:^|&& )([\w.+-]+)", command))
    for name in called - {"cd"}:
        if found := shutil.which(name, path=environ.get("PATH")):
            named.add(found)
    return frozenset(named)


def _absolute_paths(text: str) -> Iterator[str]:
    """Yield the absolute paths in a build file or a command, without their ``..``."""
    unescaped = text.replace("$:", ":")
    return map(os.path.normpath, re.findall(r"(?<![\w.$}])/[^\s\"'\\;,=:$&|<>()]+", unescaped))


def _beside_named_files(graph: NinjaGraph, bounds: Boundaries) -> set[str]:
    """Return files beside the outside ones that custom commands name: a script may read them, or import them."""
    folders: set[str] = set()
    for command in graph.own_commands:
        for path in _absolute_paths(command):
            if os.path.isfile(path) and bounds.is_outside(path):
                folders.add(os.path.dirname(path))
    return _files_in(filter(bounds.is_foreign, folders))


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
    found: set[str] = set()
    for path in graph.inputs:
        # No manifest follows a linked directory: what lies below one is a source file by its path alone.
        name = build.bounds.name(path)
        if name is not None and name not in build.sources:
            found.add(path)
    for link in build.links:
        target = os.path.realpath(build.bounds.source + link)
        if build.bounds.is_outside(target) and os.path.isfile(target):
            found.add(target)
    return found


def _places_of_libraries(graph: NinjaGraph, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield where the linker may find the libraries that are named without a directory; also where there is none yet."""
    triplet = environment.multiarch() or "lib"
    told = environ.get("LIBRARY_PATH", "").split(os.pathsep)
    usual = ("/usr/local/lib", f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
    folders = dict.fromkeys(filter(None, (*graph.library_folders, *told, *usual)))
    names = graph.linked_libraries.union(_DEFAULT_LIBRARIES)
    for folder, name, end in itertools.product(folders, names, _LIBRARY_ENDS):
        yield os.path.join(folder, f"lib{name}{end}")


# --- tools that are scripts -------------------------------------------------------------------------------------


def find_wrappers(build: FinishedBuild) -> tuple[str, ...]:
    """Return the scripts that stand for compilers and linkers, as Nix and Emscripten have them: they read what they like."""
    tools = build_tree.cache_values(build.tree, _COMPILERS)
    return tuple(tool for tool in tools if build.bounds.is_outside(tool) and _is_script(tool))


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _read_by_wrappers(wrappers: Collection[str], bounds: Boundaries) -> set[str]:
    """Return what such scripts may read: files that they name, and those that lie beside them."""
    found: set[str] = set()
    for wrapper in wrappers:
        for path in _absolute_paths(file_state.text(wrapper)):
            if bounds.is_outside(path) and os.path.isfile(path):
                found.add(path)
    folders = {os.path.dirname(wrapper) for wrapper in wrappers}
    return found | _files_in(filter(bounds.is_foreign, folders))


def words_of_wrappers(wrappers: Iterable[str]) -> frozenset[str]:
    """Return the words in such scripts that may be variables' names, of shells and of other languages alike."""
    words: set[str] = set()
    for wrapper in wrappers:
        words.update(re.findall(r"\b[A-Za-z_]\w+\b", file_state.text(wrapper)))
    return frozenset(words)


# --- directories ------------------------------------------------------------------------------------------------


def folders_outside(build: FinishedBuild, graph: NinjaGraph) -> frozenset[str]:
    """Return directories in which a new file may stand before one that was used, or may be picked up by a pattern."""
    folders = {LOCAL_HEADERS, *graph.searched_folders}
    for variable in _SEARCH_VARIABLES:
        told = build.environ.get(variable, "").split(os.pathsep)
        folders.update(filter(os.path.isabs, told))
    for path in graph.inputs:
        if build.bounds.is_outside(path):
            folders.add(os.path.dirname(path))
    return frozenset(filter(build.bounds.is_foreign, folders))
