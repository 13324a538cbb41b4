"""What a build left behind that later builds must know: read off its build tree, and off the files that went into it.

The rule behind every line is that of ``planning/reuse.py``: what the build tool cannot see by itself must be seen by us.
Nothing here decides or changes anything.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ...model.build_record import ANY, COMMIT, Traces
from . import build_tree as buildtree
from . import mirror
from .build_tree import Edge

_TOOLS = r"CMAKE_(?:COMMAND|MAKE_PROGRAM|AR|LINKER|RANLIB|NM|STRIP|OBJCOPY|\w+_COMPILER)"
_COMPILERS = r"CMAKE_(?:AR|LINKER|\w+_COMPILER)"
_READS = re.compile(
    rb"\b(file\s*\(\s*(READ|STRINGS|MD5|SHA\w+|SHA3_\w+|COPY|COPY_FILE|INSTALL|ARCHIVE_EXTRACT|DOWNLOAD|SIZE|TIMESTAMP)\b"
    rb"|\b(execute_process|try_compile|try_run|exec_program|check_\w+|load_cache|pkg_check_modules|pkg_search_module)\b)",
    re.IGNORECASE,
)
"""Commands by which a CMake file reads others that CMake does not watch (cmake-commands(7))."""
_LOCAL = "/usr/local/include"
"""Where headers stand before the system's by default (GCC manual, "Search Path")."""
_MOST_BESIDE = 500
"""Files of one directory outside that a command may read without declaring it; who keeps more there has no mere scripts."""
_DEFAULT_LIBRARIES = ("c", "m")
"""What is linked without being named."""


class Boundaries(NamedTuple):
    """Where things lie, as texts with which the paths in them begin. (A build has thousands of inputs: :class:`Path` is slow.)

    :param source: the source tree.
    :param build: the build tree, which may lie in the source.
    :param roots: directories outside of the source in which CMake projects of this build stand, and their names from the
        source: ``../``.
    :param homes: directories of truewheel's own, whose paths tell their content: files there need no stamps.
    """

    source: str
    build: str
    roots: tuple[tuple[str, str], ...]
    homes: tuple[str, ...]

    def name(self, path: str) -> str | None:
        """The name of a source file; ``None`` when this is none."""
        if path.startswith(self.build):
            return None
        if path.startswith(self.source):
            return path.removeprefix(self.source)
        return next((name + path.removeprefix(root) for root, name in self.roots if path.startswith(root)), None)

    def is_outside(self, path: str) -> bool:
        """Whether a file must be remembered by its stamp."""
        return self.name(path) is None and not path.startswith((self.build, *self.homes))

    def stamp(self, path: str) -> str:
        """What tells that a file outside changed."""
        is_kept = path.startswith((self.build, *_system(), *_pythons())) and not path.startswith(_sites())
        return buildtree.stamp(path) if is_kept or path.startswith(_cmakes()) else buildtree.seal(path)

    def is_foreign(self, folder: str) -> bool:
        """Whether a directory is nobody's who keeps account of it: not ours, the system's or the Python's."""
        below = _below(folder)
        if not self.is_outside(below):
            return False
        return below == _below(_LOCAL) or not below.startswith((*_system(), *_pythons()))


@functools.cache
def _pythons() -> tuple[str, ...]:
    """What the list of installed distributions, and the interpreter's version, answer for."""
    return tuple(_below(p) for p in {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()})


@functools.cache
def _sites() -> tuple[str, ...]:
    """Where distributions lie whose files people edit, though no list of what is installed tells."""
    return tuple(_below(sysconfig.get_path(name)) for name in ("purelib", "platlib"))


@functools.cache
def _cmakes() -> tuple[str, ...]:
    """PyPI's package of CMake: a program of 20 MB, which takes longer to read than all else here, and a hundred modules. Nobody edits
    them; with another version, all of them have other sizes or times, and the list of what is installed changes."""
    return tuple(_below(os.path.join(site, "cmake", "data")) for site in _sites())


@functools.cache
def _system() -> tuple[str, ...]:
    """Directories of the system's packages: their stamps are looked at before each build, and what was used of them."""
    with os.scandir("/usr") as entries:
        usr = tuple(_below(e.path) for e in entries if e.name != "local")
    return (*usr, "/lib/", "/lib64/", "/System/", "/Library/Developer/", "/Applications/Xcode")


def _below(folder: str | Path) -> str:
    return os.path.join(folder, "")


def roots(build_dir: Path, source: Path, homes: Iterable[Path]) -> tuple[str, ...]:
    """Directories outside of the source in which CMake projects of this build stand (``<name>_SOURCE_DIR`` in the cache)."""
    ours = (_below(source), _below(build_dir), *map(_below, homes), *_system())
    found = {_below(p) for _, p in buildtree.entries(build_dir, r"\w+_SOURCE_DIR|CMAKE_HOME_DIRECTORY")}
    found = {p for p in found if not p.startswith(ours)}
    return tuple(sorted(p.rstrip("/") for p in found if not any(p != o and p.startswith(o) for o in found)))


def boundaries(build_dir: Path, source: Path, *, roots: Iterable[str], homes: Iterable[Path]) -> Boundaries:
    """Where things lie."""
    named = ((_below(r), _below(os.path.relpath(r, source))) for r in roots)
    return Boundaries(_below(source), _below(build_dir), tuple(named), tuple(map(_below, homes)))


def gathered(
    build_dir: Path,
    bounds: Boundaries,
    *,
    names: frozenset[str],
    links: frozenset[str],
    packed: Iterable[Path],
    known: frozenset[str],
    now: int,
    steady: bool,
) -> Traces:
    """What later builds must know of this one.

    :param names: of all source files.
    :param links: those of them that are symbolic links.
    :param packed: files that went into the wheel; those of the source are remembered.
    :param known: paths below the build tree of what CMake wrote into it.
    :param now: time in ns since the epoch at the end of the build.
    """
    file = buildtree.build_file(build_dir)
    edges = list(buildtree.edges(file))
    configured = {p for e in edges if e.rule == "RERUN_CMAKE" for p in _inputs(e, build_dir)}
    inputs = {p for e in edges if e.rule not in {"RERUN_CMAKE", "phony"} for p in _inputs(e, build_dir)}
    inputs |= buildtree.discovered(build_dir)
    own = set(_own_lists(configured, build_dir, bounds))
    commands = [e for e in edges if e.is_projects_own]
    scripts = _scripts(commands, build_dir, bounds, names)
    outside = {p for p in (inputs | configured | _tools(build_dir) | _named(file, commands)) if bounds.is_outside(p)}
    outside |= _beside(commands, bounds)
    outside |= {p for p in inputs if (n := bounds.name(p)) is not None and n not in names}  # below a linked directory
    outside |= {p for n in links if bounds.is_outside(p := os.path.realpath(bounds.source + n)) and os.path.isfile(p)}
    scripted = [p for _, p in buildtree.entries(build_dir, _COMPILERS) if bounds.is_outside(p) and _is_script(p)]
    outside |= _of_scripts(scripted, bounds)
    undeclared = _undeclared(build_dir, known)
    words = buildtree.words(file)
    left = frozenset(n for n in undeclared if n.rpartition("/")[2] in words)
    texts = {p: buildtree.content(p) for p in own}
    return Traces(
        generator=buildtree.generator(build_dir),
        outside={p: bounds.stamp(p) for p in sorted(outside | _marks(build_dir) | set(_libraries(file)))},
        folders={p: listing(p) for p in sorted(set(_folders(file, inputs, bounds)))},
        roots=tuple(root.rstrip("/") for root, _ in bounds.roots),
        compiled=_names(inputs, bounds),
        configured=_names(own, bounds),
        packed=_names(map(os.fspath, packed), bounds),
        mentioned=frozenset(_mentioned(commands, build_dir, bounds, names)) | (scripts - _declared(commands, build_dir, bounds)),
        variables=frozenset(_variables(texts.values(), file)) | _asked(commands, scripts, bounds) | _read_by(scripted),
        strays=undeclared - left if commands else frozenset(),
        leftovers=left,
        commands=bool(commands),
        scripted=bool(scripted),
        reads=any(_READS.search(text) for text in texts.values()),
        probes=any(
            b"__has_include" in buildtree.content(p)
            for p in inputs
            if bounds.name(p) is not None or p.startswith(bounds.build)
        ),
        finished=now,
        steady=steady,
    )  # fmt: skip


def _own_lists(configured: Iterable[str], build_dir: Path, bounds: Boundaries) -> Iterator[str]:
    """CMake files of the project's, or of packages that nobody answers for. CMake's own modules change with CMake."""
    modules = _below(buildtree.entry(build_dir, "CMAKE_ROOT") or build_dir)
    for path in configured:
        if bounds.name(path) is not None or (bounds.is_foreign(os.path.dirname(path)) and not path.startswith(modules)):
            yield path


def _inputs(edge: Edge, build_dir: Path) -> Iterator[str]:
    return (buildtree.absolute(p, build_dir) for p in edge.inputs)


def _names(paths: Iterable[str], bounds: Boundaries) -> frozenset[str]:
    return frozenset(n for p in paths if (n := bounds.name(p)) is not None)


def _marks(build_dir: Path) -> set[str]:
    """Files that change when somebody else configures the tree."""
    return {os.path.join(build_dir, name) for name in ("CMakeCache.txt", "build.ninja")}


# --- outside ----------------------------------------------------------------------------------------------------


def _tools(build_dir: Path) -> set[str]:
    """Programs that the build ran, by the cache; those that compilers run by themselves; and what stands behind a compiler
    that is a cache or a distributor under a compiler's name."""
    found = {value.split(";")[0] for _, value in buildtree.entries(build_dir, _TOOLS)}
    found |= {p for p in map(shutil.which, ("as", "ld")) if p}
    for path in list(found):
        if os.path.basename(os.path.realpath(path)) in {"ccache", "sccache", "distcc", "icecc", "recc"}:
            found |= set(_on_path(os.path.basename(path)))
    return {p for p in found if os.path.isabs(p)}


def _is_script(path: str) -> bool:
    """Whether a tool is a script, as compilers' wrappers are (Nix, Emscripten)."""
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _of_scripts(scripts: Collection[str], bounds: Boundaries) -> set[str]:
    """What scripts that stand for tools may read: files that they name, and those that lie beside them."""
    named = {p for s in scripts for p in _absolute(buildtree.text(s)) if bounds.is_outside(p) and os.path.isfile(p)}
    folders = {os.path.dirname(script) for script in scripts}
    return named | {p for folder in folders if bounds.is_foreign(folder) for p in _lying_in(folder)}


def _read_by(scripts: Iterable[str]) -> frozenset[str]:
    """Variables whose names stand in scripts that stand for tools; those of shells and of other languages alike."""
    return frozenset(w for script in scripts for w in re.findall(r"\b[A-Za-z_]\w+\b", buildtree.text(script)))


def _on_path(name: str) -> Iterator[str]:
    for folder in os.get_exec_path():
        if os.path.isfile(os.path.join(folder, name)):
            yield os.path.join(folder, name)


def _named(file: str, own: Iterable[Edge]) -> set[str]:
    """Files whose absolute paths stand anywhere in the build file, and programs that its custom commands call by name."""
    words = set(_absolute(file))
    called = {w for edge in own for c in edge.commands for w in re.findall(r"(?:^|&& )([\w.+-]+)", c)} - {"cd"}
    return {w for w in words if os.path.isfile(w)} | {p for p in map(shutil.which, called) if p}


def _absolute(text: str) -> Iterator[str]:
    """The absolute paths in a build file or a command, without their ``..``."""
    found = re.findall(r"(?<![\w.$}])/[^\s\"'\\;,=:$&|<>()]+", text.replace("$:", ":"))
    return map(os.path.normpath, found)


def _beside(own: Iterable[Edge], bounds: Boundaries) -> set[str]:
    """Files beside the outside ones that custom commands name: a script may read them, or import them."""
    named = {p for edge in own for command in edge.commands for p in _absolute(command) if os.path.isfile(p)}
    folders = {os.path.dirname(p) for p in named if bounds.is_outside(p) and bounds.is_foreign(os.path.dirname(p))}
    return {p for folder in folders for p in _lying_in(folder)}


def _lying_in(folder: str) -> set[str]:
    with os.scandir(folder) as entries:
        return {e.path for e in itertools.islice(entries, _MOST_BESIDE) if e.is_file()}


def _libraries(file: str) -> Iterator[str]:
    """Where the linker may find the libraries that are named without a directory; also where there is none yet."""
    named = {*re.findall(r"(?<=\s)-l([\w.+-]+)", file), *_DEFAULT_LIBRARIES}
    triplet = sysconfig.get_config_var("MULTIARCH") or "lib"
    given = (*re.findall(r"(?<=\s)-L(/[^\s$]*)", file), *os.environ.get("LIBRARY_PATH", "").split(os.pathsep))
    usual = ("/usr/local/lib", f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
    for folder in dict.fromkeys((*filter(None, given), *usual)):
        yield from (os.path.join(folder, f"lib{name}{end}") for name in named for end in (".so", ".a", ".dylib"))


def _folders(file: str, inputs: Iterable[str], bounds: Boundaries) -> Iterator[str]:
    """Directories outside in which a new file may stand before one that was used, or may be picked up by a pattern."""
    searched = re.findall(r"(?<=\s)(?:-I|-L|-F|-isystem |-iquote |-idirafter )(/[^\s$]*)", file)
    told = [f for name in _SEARCH_VARIABLES for f in os.environ.get(name, "").split(os.pathsep) if os.path.isabs(f)]
    used = {os.path.dirname(p) for p in inputs if bounds.is_outside(p)}
    for folder in {_LOCAL, *searched, *told, *used}:
        if bounds.is_foreign(folder):
            yield folder


_SEARCH_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH")
"""Directories that compilers search besides (GCC manual, "Environment Variables")."""

_MANY = 20_000
"""Names; whoever searches a directory with more of them is told when it changes, and not when something below it does."""


def listing(folder: str) -> str:
    """A digest of the names of all that lies in a directory; empty when it is not there."""
    found = hashlib.blake2b(digest_size=20)
    try:
        for number, name in enumerate(mirror.names(Path(folder))):
            found.update(f"{name}\0".encode("utf-8", "surrogateescape"))
            if number > _MANY:
                return buildtree.stamp(folder)
    except OSError:
        return ""
    return found.hexdigest()


# --- commands of the project's ----------------------------------------------------------------------------------


def _declared(own: Iterable[Edge], build_dir: Path, bounds: Boundaries) -> frozenset[str]:
    return _names((p for edge in own for p in _inputs(edge, build_dir)), bounds)


def _mentioned(own: list[Edge], build_dir: Path, bounds: Boundaries, names: Iterable[str]) -> Iterator[str]:
    """Source files whose names stand in commands of the project's, but not among those commands' inputs."""
    words = {w for e in own for c in e.commands for w in re.split(r"[\s\"'/=,;]+", c)}
    if words:
        declared = _declared(own, build_dir, bounds)
        yield from (n for n in names if n.rpartition("/")[2] in words and n not in declared)


def _scripts(own: list[Edge], build_dir: Path, bounds: Boundaries, names: frozenset[str]) -> frozenset[str]:
    """Python files that commands of the project's run, and those that they may import, by name: what a build tool never sees."""
    if not own:
        return frozenset()
    python = {n for n in names if n.endswith(".py")}
    run = (_declared(own, build_dir, bounds) | set(_mentioned(own, build_dir, bounds, names))) & python
    words = {w for e in own for c in e.commands for m in re.findall(r"-m\s+([\w.]+)", c) for w in m.split(".")}
    found: set[str] = set()
    fresh = set(run)
    while fresh:
        found |= fresh
        words |= {w for n in fresh for w in re.findall(r"\w+", buildtree.text(bounds.source + n))}
        fresh = {n for n in python - found if _module(n) in words}
    return frozenset(found | {n for n in python if _module(n) in words})


def _module(name: str) -> str:
    """What an import statement calls a file."""
    folder, _, base = name.removesuffix(".py").rpartition("/")
    return folder.rpartition("/")[2] if base in {"__init__", "__main__"} else base


def _asked(own: list[Edge], scripts: Iterable[str], bounds: Boundaries) -> frozenset[str]:
    """Variables that commands and their scripts may ask for; and the commit, when they speak of Git."""
    if not own:
        return frozenset()
    texts = [buildtree.text(bounds.source + n) for n in scripts]
    found = {w for text in texts for w in re.findall(r"\b[A-Z][A-Z0-9_]+\b", text)}
    spoken = (*texts, *(c for edge in own for c in edge.commands))
    return frozenset(found | ({COMMIT} if any("git" in text for text in spoken) else set()))


def _variables(texts: Iterable[bytes], file: str) -> Iterator[str]:
    """Environment variables that CMake files (``$ENV{NAME}``) and commands (``$NAME``, which Ninja writes ``$$NAME``) name."""
    for text in texts:
        yield from (name.decode() for name in re.findall(rb"ENV\{(\w+)\}", text))
        if re.search(rb"ENV\{[^}]*\$", text):
            yield ANY
    yield from re.findall(r"\$\$\{?(\w+)", file)


def _undeclared(build_dir: Path, known: frozenset[str]) -> frozenset[str]:
    """Files that build commands left in the build tree without declaring them: nobody deletes them when they are no longer
    made, nor makes them again when they are deleted."""
    made = {p.relative_to(build_dir).as_posix() for p in buildtree.outputs(build_dir) if p.is_relative_to(build_dir)}
    return frozenset(n for n in files(build_dir) if n not in made and n not in known and not _TOOLS_OWN.search(n))


_TOOLS_OWN = re.compile(r"(^|/)(CMakeFiles|__pycache__|\.cmake|_deps|Testing)/|^\.ninja_|^install_manifest|^install/")
"""What build tools put down by themselves; and where an editable install is rebuilt into."""


def files(build_dir: Path) -> Iterator[str]:
    """Names of all files in a build tree."""
    top = _below(build_dir)
    for folder, _, found in os.walk(build_dir):
        yield from (os.path.join(folder, name).removeprefix(top) for name in found)
