"""What a CMake build tree says of itself: its cache, what its tools made, and what they found out.

Read from ``CMakeCache.txt``, from Ninja's logs of outputs and of discovered dependencies, and from Make's depfiles. What
follows from it is said elsewhere (``observed_inputs``). Nothing here runs a build or changes a tree.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

from . import file_state, ninja_file

_LIBRARY = re.compile(r"\.(?:so|pyd|dylib|dll)(?:\.[\d.]+)?$")


# --- CMake's cache ----------------------------------------------------------------------------------------------


def generator(build_dir: Path) -> str:
    """Return the generator that configured the tree; empty when nothing did."""
    return cache_value(build_dir, "CMAKE_GENERATOR")


def cache_value(build_dir: Path, name: str) -> str:
    """Return the value of a cache entry; empty when there is none."""
    values = cache_values(build_dir, name)
    return values[0] if values else ""


def cache_values(build_dir: Path, names: str) -> list[str]:
    """Return the values of the cache entries whose names match a pattern, those without a value aside."""
    cache = file_state.text(build_dir / "CMakeCache.txt")
    values: list[str] = re.findall(rf"^(?:{names}):\w+=(.+)$", cache, re.MULTILINE)
    return values


# --- files ------------------------------------------------------------------------------------------------------


def absolute(path: str, build_dir: Path) -> str:
    """Return a path of a build file's, which may be relative to the build tree."""
    return os.path.normpath(os.path.join(build_dir, path))


def files(build_dir: Path) -> Iterator[str]:
    """Yield the names of all files in a build tree."""
    top = os.path.join(build_dir, "")
    for folder, _, names in os.walk(build_dir):
        for name in names:
            path = os.path.join(folder, name)
            yield path.removeprefix(top)


def outputs(build_dir: Path) -> frozenset[Path]:
    """Return the files that Ninja's commands made, from its log (``.ninja_log``: start, end, time, output, hash)."""
    log = file_state.text(build_dir / ".ninja_log")
    made: set[Path] = set()
    for line in log.splitlines():
        fields = line.split("\t")
        # The first line is a comment with the format's version.
        if len(fields) == 5:
            output = absolute(fields[3], build_dir)
            made.add(Path(output))
    return frozenset(made)


def forget_outputs(build_dir: Path, paths: Collection[str]) -> None:
    """Take files out of Ninja's log, so that it makes them again though they are there ("command line not found in log").

    :param paths: absolute ones.
    """
    log = build_dir / ".ninja_log"
    if not paths or not log.is_file():
        return
    kept = []
    for line in file_state.content(log).splitlines(keepends=True):
        fields = os.fsdecode(line).split("\t")
        if len(fields) != 5 or absolute(fields[3], build_dir) not in paths:
            kept.append(line)
    draft = log.with_name(".ninja_log.new")
    draft.write_bytes(b"".join(kept))
    draft.replace(log)


def libraries(build_dir: Path) -> list[str]:
    """Return modules and shared libraries that the build makes and that are there, by their paths from the build tree.

    Where Ninja builds, what an earlier build made and this one would not is none of them.
    """
    build_file = ninja_file.read_build_file(build_dir)
    names: set[str] = set()
    for step in ninja_file.steps(build_file):
        names.update(step.outputs)
    if not build_file.strip():
        names.update(files(build_dir))
    found: list[str] = []
    for name in sorted(filter(_LIBRARY.search, names)):
        # CMake's own tries lie below CMakeFiles.
        is_cmakes = "CMakeFiles" in name.split("/")
        path = absolute(name, build_dir)
        if not is_cmakes and os.path.isfile(path):
            found.append(name)
    return found


def discovered(build_dir: Path) -> frozenset[str]:
    """Return inputs that compilers named while they ran: Ninja's log of them, or the depfiles that Make reads."""
    if generator(build_dir).startswith("Ninja"):
        names = _from_ninjas_log(build_dir)
    else:
        names = _from_depfiles(build_dir)
    found: set[str] = set()
    for name in names:
        path = absolute(name, build_dir)
        found.add(path)
    return frozenset(found)


def _from_ninjas_log(build_dir: Path) -> set[str]:
    """Ask Ninja for its log of discovered inputs (``ninja -t deps``), which is binary."""
    ninja = cache_value(build_dir, "CMAKE_MAKE_PROGRAM")
    if not ninja or not (build_dir / ".ninja_deps").is_file():
        return set()
    done = subprocess.run(
        [ninja, "-C", build_dir, "-t", "deps"],
        capture_output=True,
        text=True,
        check=False,
        errors="surrogateescape",
    )
    # Below a line for each output, its inputs are indented by four blanks.
    found: set[str] = set()
    for line in done.stdout.splitlines():
        if line.startswith("    "):
            found.add(line[4:])
    return found


def _from_depfiles(build_dir: Path) -> set[str]:
    """Read the depfiles of GCC and Clang (``-MD``): rules of Make in which a backslash escapes blanks and line ends."""
    found: set[str] = set()
    for depfile in (build_dir / "CMakeFiles").rglob("*.o.d"):
        rule = file_state.text(depfile).replace("\\\n", " ")
        _, _, inputs = rule.partition(": ")
        for word in re.split(r"(?<!\\)\s+", inputs):
            path = word.replace("\\ ", " ")
            found.add(path)
    found.discard("")
    return found
