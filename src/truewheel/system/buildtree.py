"""What a CMake build tree says of itself: its tools, its inputs, its outputs.

Read from ``CMakeCache.txt``, from ``build.ninja`` and from Ninja's own log of discovered dependencies. Nothing here
runs a build or changes a tree.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..model.reuse import Traces

_TOOLS = re.compile(
    r"^(CMAKE_(?:COMMAND|MAKE_PROGRAM|AR|LINKER|RANLIB|NM|STRIP|OBJCOPY|\w+_COMPILER)):\w+=(.+)$", re.MULTILINE
)
_OWN_TARGETS = re.compile(
    r"(edit_cache|rebuild_cache|list_install_components|install|install/\w+|test|package|package_source)\.util$"
)
"""Utility targets that CMake itself adds; all other ``CUSTOM_COMMAND`` edges are the project's."""
_READS = re.compile(
    rb"\b(file\s*\(\s*(READ|STRINGS|MD5|SHA\w+|SHA3_\w+)|execute_process|try_compile|try_run|exec_program|check_\w+)\b",
    re.IGNORECASE,
)
"""Commands by which a CMake file reads others that CMake does not watch (cmake-commands(7))."""
_HARMLESS_POST_BUILD = re.compile(r"^(:|(cd \S+ && )?\S*(strip|dsymutil)( \S+)*)$")


def generator(build_dir: Path) -> str:
    """The generator that configured the tree; empty when nothing did."""
    return entry(build_dir, "CMAKE_GENERATOR")


def entry(build_dir: Path, name: str) -> str:
    """The value of a cache entry; empty when there is none."""
    found = re.search(rf"^{name}:\w+=(.*)$", _text(build_dir / "CMakeCache.txt"), re.MULTILINE)
    return found[1] if found else ""


def traces(
    build_dir: Path,
    source: Path,
    *,
    names: Iterable[str],
    homes: Iterable[Path],
    packed: Iterable[Path],
    now: int,
    steady: bool,
) -> Traces:
    """What later builds must know of this one.

    :param names: of all source files.
    :param homes: directories of truewheel's own, whose paths tell their content: files there need no stamps.
    :param packed: files that went into the wheel; those below ``source`` are remembered.
    :param now: time in ns since the epoch at the end of the build.
    """
    kind = generator(build_dir)
    edges = list(_edges(build_dir)) if kind.startswith("Ninja") else []
    configured = {_absolute(p, build_dir) for rule, _, ins, _ in edges if rule == "RERUN_CMAKE" for p in ins}
    inputs = {_absolute(p, build_dir) for rule, _, ins, _ in edges if rule not in {"RERUN_CMAKE", "phony"} for p in ins}
    inputs |= {_absolute(p, build_dir) for p in set(_discovered(build_dir))} if edges else set()
    below_source, below_build = _below(source), _below(build_dir)
    inside = {p for p in inputs if p.startswith(below_source)}
    own = {p for p in configured if p.startswith(below_source) and not p.startswith(below_build)}
    below_any = (below_source, below_build, *map(_below, homes))
    outside = {p for p in (inputs | configured | _tools(build_dir)) if not p.startswith(below_any)}
    return Traces(
        generator=kind,
        outside={p: stamp(p) for p in sorted(outside | _marks(build_dir))},
        compiled=_names(inside, below_source),
        configured=_names(own, below_source),
        packed=_names((p for p in map(os.fspath, packed) if p.startswith(below_source)), below_source),
        mentioned=_mentioned(build_dir, edges, names, below_source),
        variables=frozenset(_variables(build_dir, own)),
        commands=any(_is_projects_own(*edge) for edge in edges),
        reads=any(_READS.search(_bytes(Path(p))) for p in own),
        probes=any(
            b"__has_include" in _bytes(Path(p)) for p in (inside | {p for p in inputs if p.startswith(below_build)})
        ),
        finished=now,
        steady=steady,
    )


def _marks(build_dir: Path) -> set[str]:
    """Files that change when somebody else configures the tree."""
    return {os.path.join(build_dir, name) for name in ("CMakeCache.txt", "build.ninja")}


def _mentioned(build_dir: Path, edges: Iterable[Edge], names: Iterable[str], below_source: str) -> frozenset[str]:
    """Source files whose names stand in commands of the project's, but not among those commands' inputs."""
    own = [edge for edge in edges if _is_projects_own(*edge)]
    if not own:
        return frozenset()
    lines = _text(build_dir / "build.ninja").splitlines()
    words = set(re.split(r"[\s\"'/=,;]+", " ".join(line for line in lines if line.startswith("  COMMAND = "))))
    declared = {_absolute(p, build_dir) for _, _, inputs, _ in own for p in inputs}
    return frozenset(n for n in names if n.rpartition("/")[2] in words and below_source + n not in declared)


def _variables(build_dir: Path, own: Iterable[str]) -> Iterator[str]:
    """Environment variables that CMake files (``$ENV{NAME}``) and commands (``$NAME``, which Ninja writes ``$$NAME``) name."""
    for path in own:
        yield from (name.decode() for name in re.findall(rb"ENV\{(\w+)\}", _bytes(Path(path))))
    yield from re.findall(r"\$\$\{?(\w+)", _text(build_dir / "build.ninja"))


def _below(directory: Path) -> str:
    """How the paths of what lies in it begin. (A build has thousands of inputs: as text, for :class:`Path` is slow.)"""
    return os.path.join(directory, "")


def stamp(path: str | Path) -> str:
    """What tells that a file or a directory changed: size and time; empty when it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def outputs(build_dir: Path) -> frozenset[Path]:
    """The files that Ninja's commands made, from its log (``.ninja_log``: start, end, time, output, hash)."""
    rows = (line.split("\t") for line in _text(build_dir / ".ninja_log").splitlines() if not line.startswith("#"))
    return frozenset(Path(_absolute(row[3], build_dir)) for row in rows if len(row) == 5)


def _tools(build_dir: Path) -> set[str]:
    """Programs that the build ran, by the cache; and those that compilers run by themselves."""
    found = {value.split(";")[0] for _, value in _TOOLS.findall(_text(build_dir / "CMakeCache.txt"))}
    found |= {p for p in map(shutil.which, ("as", "ld")) if p}
    return {p for p in found if os.path.isabs(p)}


Edge = tuple[str, tuple[str, ...], tuple[str, ...], str]
"""Rule, outputs, inputs (explicit, implicit and order-only), and the command after linking."""


def _edges(build_dir: Path) -> Iterator[Edge]:
    """The edges of ``build.ninja`` (Ninja manual, "Build statements" and "Lexical syntax")."""
    edge: Edge | None = None
    for line in _text(build_dir / "build.ninja").replace("$\n", "").splitlines():
        if line.startswith("build "):
            if edge:
                yield edge
            made, _, rest = re.sub(r"\$:", "\0", line[6:]).partition(":")
            words = _words(rest)
            edge = (words[0], tuple(_words(made)), tuple(words[1:]), "")
        elif edge and line.startswith("  POST_BUILD = "):
            edge = (*edge[:3], line[15:].strip())
    if edge:
        yield edge


def _words(text: str) -> list[str]:
    words = re.split(r"(?<!\$) +", text.strip())
    return [
        w.replace("${cmake_ninja_workdir}", "").replace("$ ", " ").replace("\0", ":").replace("$$", "$")
        for w in words
        if w not in {"", "|", "||", "|@"}
    ]


def _is_projects_own(rule: str, made: tuple[str, ...], _: tuple[str, ...], after: str) -> bool:
    if after and not _HARMLESS_POST_BUILD.match(after):
        return True
    return rule == "CUSTOM_COMMAND" and not any(_OWN_TARGETS.search(name) for name in made)


def _discovered(build_dir: Path) -> Iterator[str]:
    """Inputs that compilers named while they ran (``ninja -t deps``)."""
    ninja = entry(build_dir, "CMAKE_MAKE_PROGRAM")
    if not ninja or not (build_dir / ".ninja_deps").is_file():
        return
    done = subprocess.run(
        [ninja, "-C", build_dir, "-t", "deps"], capture_output=True, text=True, check=False, errors="surrogateescape"
    )
    yield from (line[4:] for line in done.stdout.splitlines() if line.startswith("    "))


def _absolute(path: str, build_dir: Path) -> str:
    return os.path.normpath(os.path.join(build_dir, path))


def _names(paths: Iterable[str], below: str) -> frozenset[str]:
    return frozenset(p.removeprefix(below).replace(os.sep, "/") for p in paths)


def _text(path: Path) -> str:
    return _bytes(path).decode("utf-8", "surrogateescape")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
