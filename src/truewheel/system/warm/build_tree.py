"""What a CMake build tree says of itself: its cache, the edges of its build files, what its tools found out.

Read from ``CMakeCache.txt``, from ``build.ninja`` and what that includes, from Ninja's own log of discovered dependencies
and from Make's depfiles. What follows from it is said elsewhere (``traces``). Nothing here runs a build or changes a tree.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from . import mirror

_OWN_TARGETS = re.compile(
    r"(edit_cache|rebuild_cache|list_install_components|install|install/\w+|test|package|package_source)\.util$"
)
"""Utility targets that CMake itself adds; all other ``CUSTOM_COMMAND`` edges are the project's."""
_HARMLESS_POST_BUILD = re.compile(r"^(:|(cd \S+ && )?\S*(strip|dsymutil)( \S+)*)$")


def generator(build_dir: Path) -> str:
    """The generator that configured the tree; empty when nothing did."""
    return entry(build_dir, "CMAKE_GENERATOR")


def entry(build_dir: Path, name: str) -> str:
    """The value of a cache entry; empty when there is none."""
    found = re.search(rf"^{name}:\w+=(.*)$", text(build_dir / "CMakeCache.txt"), re.MULTILINE)
    return found[1] if found else ""


def entries(build_dir: Path, pattern: str) -> list[tuple[str, str]]:
    """Names and values of the cache entries whose names match a pattern, those without a value aside."""
    return re.findall(rf"^({pattern}):\w+=(.+)$", text(build_dir / "CMakeCache.txt"), re.MULTILINE)


def stamp(path: str | Path) -> str:
    """What tells that a file or a directory of the system's changed: size and time; empty when it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def seal(path: str | Path, before: str = "") -> str:
    """The same of a file that nobody's package manager put there, with a digest of its content: some tools give all files one
    time. Very large files are told by size and time alone.

    :param before: an earlier one; returned when the file has the same content, which is read only when its status changed.
    """
    try:
        status = os.stat(path)
        facts = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"
        if before.startswith(facts + " "):
            return before
        digest = mirror.digest(Path(path)) if status.st_size <= _LARGE else ""
    except OSError:
        return ""
    if not digest:
        return stamp(path)
    return before if before.endswith(f" {digest}") else f"{facts} {digest}"


_LARGE = 100_000_000
"""Bytes that it takes a tenth of a second to read."""


def outputs(build_dir: Path) -> frozenset[Path]:
    """The files that Ninja's commands made, from its log (``.ninja_log``: start, end, time, output, hash)."""
    rows = (line.split("\t") for line in text(build_dir / ".ninja_log").splitlines() if not line.startswith("#"))
    return frozenset(Path(absolute(row[3], build_dir)) for row in rows if len(row) == 5)


class Edge(NamedTuple):
    """A step of the build.

    :param inputs: explicit, implicit and order-only ones.
    :param commands: what the project itself has run: the command of a custom one, those before and after linking.
    """

    rule: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    commands: tuple[str, ...] = ()

    @property
    def is_projects_own(self) -> bool:
        """Whether it runs commands of the project's, more than compilers, linkers and CMake's own targets."""
        if self.rule != "CUSTOM_COMMAND":
            return any(not _HARMLESS_POST_BUILD.match(command) for command in self.commands)
        return not any(_OWN_TARGETS.search(name) for name in self.outputs)


_LIBRARY = re.compile(r"\.(?:so|pyd|dylib|dll)(?:\.[\d.]+)?$")


def libraries(build_dir: Path) -> list[str]:
    """Modules and shared libraries that the build makes and that are there, by their paths from the build tree; what an
    earlier build made and this one would not is none of them where Ninja builds."""
    content = build_file(build_dir)
    if content.strip():
        names = [name for edge in edges(content) for name in edge.outputs]
    else:
        paths = (p.relative_to(build_dir) for p in build_dir.rglob("*"))
        names = [p.as_posix() for p in paths if "CMakeFiles" not in p.parts]
    return sorted({n for n in names if _LIBRARY.search(n) and Path(absolute(n, build_dir)).is_file()})


_COMMANDS = ("  COMMAND = ", "  POST_BUILD = ", "  PRE_LINK = ")


def build_file(build_dir: Path) -> str:
    """``build.ninja`` with what it includes (Ninja manual, "The include keyword"); empty for other generators."""
    return "\n".join(_included(build_dir, "build.ninja", set()))


def words(file: str) -> frozenset[str]:
    """Whatever a build file may mean by a file's name without its directory."""
    return frozenset(re.split(r"[\s\"'/=,;:|]+", file))


def _included(build_dir: Path, name: str, seen: set[str]) -> Iterator[str]:
    seen.add(name)
    content = text(build_dir / name).replace("$\n", "")
    yield content
    for other in re.findall(r"^(?:include|subninja) (\S+)$", content, re.MULTILINE):
        if other not in seen:
            yield from _included(build_dir, other, seen)


def edges(content: str) -> Iterator[Edge]:
    """The edges of a build file (Ninja manual, "Build statements" and "Lexical syntax")."""
    edge: Edge | None = None
    for line in content.splitlines():
        if line.startswith("build "):
            if edge:
                yield edge
            made, _, rest = re.sub(r"\$:", "\0", line[6:]).partition(":")
            words = _words(rest)
            edge = Edge(words[0], tuple(_words(made)), tuple(words[1:]))
        elif edge and line.startswith(_COMMANDS):
            edge = edge._replace(commands=(*edge.commands, line.partition(" = ")[2].strip()))
    if edge:
        yield edge


def _words(content: str) -> list[str]:
    words = re.split(r"(?<!\$) +", content.strip())
    return [
        w.replace("${cmake_ninja_workdir}", "").replace("$ ", " ").replace("\0", ":").replace("$$", "$")
        for w in words
        if w not in {"", "|", "||", "|@"}
    ]


def discovered(build_dir: Path) -> frozenset[str]:
    """Inputs that compilers named while they ran: Ninja's log of them (``ninja -t deps``), or the depfiles that Make reads."""
    if generator(build_dir).startswith("Ninja"):
        return frozenset(absolute(p, build_dir) for p in _from_log(build_dir))
    return frozenset(absolute(p, build_dir) for p in _from_depfiles(build_dir))


def _from_log(build_dir: Path) -> Iterable[str]:
    ninja = entry(build_dir, "CMAKE_MAKE_PROGRAM")
    if not ninja or not (build_dir / ".ninja_deps").is_file():
        return ()
    done = subprocess.run(
        [ninja, "-C", build_dir, "-t", "deps"], capture_output=True, text=True, check=False, errors="surrogateescape"
    )
    return {line[4:] for line in done.stdout.splitlines() if line.startswith("    ")}


def _from_depfiles(build_dir: Path) -> Iterator[str]:
    for path in (build_dir / "CMakeFiles").rglob("*.o.d"):
        _, _, inputs = text(path).replace("\\\n", " ").partition(": ")
        yield from (word.replace("\\ ", " ") for word in re.split(r"(?<!\\)\s+", inputs) if word)


def absolute(path: str, build_dir: Path) -> str:
    """A path of a build file's, which may be relative to the build tree."""
    return os.path.normpath(os.path.join(build_dir, path))


def text(path: str | Path) -> str:
    """A file's text; empty when it cannot be read."""
    return content(path).decode("utf-8", "surrogateescape")


def content(path: str | Path) -> bytes:
    """A file's bytes; none when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
