"""Small CMake projects that are built with truewheel's query for CMake's file API."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support import needs
from truewheel.model.link_facts import LinkFacts, TargetLinks
from truewheel.system.engine.file_api import write_query
from truewheel.system.engine.link_facts import read_link_facts

HEAD = "cmake_minimum_required(VERSION 3.18...4.0)\n"
FUNCTION = "int {name}(void) {{ return 1; }}\n"


def function(path: Path, name: str) -> Path:
    """Write a C source with one function, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FUNCTION.format(name=name))
    return path


def run(*command: str | Path, place: Path | None = None) -> str:
    """Run a program, which must end well; return what it printed."""
    done = subprocess.run(
        [needs.program(str(command[0])), *command[1:]],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shared_library(path: Path, *options: str) -> Path:
    """Compile a shared library with one function ``foreign``."""
    source = function(path.with_suffix(".c"), "foreign")
    run("gcc", "-shared", "-fPIC", source, "-o", path, *options)
    return path


def static_library(path: Path) -> Path:
    """Compile a static library with one function ``foreign``."""
    source = function(path.with_suffix(".c"), "foreign")
    run("gcc", "-c", "-fPIC", source, "-o", path.with_suffix(".o"))
    run("ar", "rc", path, path.with_suffix(".o"))
    return path


def built(
    source: Path, cmake: str, *options: str, generator: str = "Ninja"
) -> LinkFacts:
    """Build a project whose sources lie there already, and return what it was linked with."""
    needs.program("gcc")
    (source / "CMakeLists.txt").write_text(HEAD + cmake)
    tree = source / "build"
    write_query(tree)
    run("cmake", "-S", source, "-B", tree, "-G", generator, *options)
    run("cmake", "--build", tree)
    return read_link_facts(tree)


def links_of(facts: LinkFacts, name: str) -> TargetLinks:
    """Return the row of a target."""
    (found,) = [target for target in facts.targets if target.name == name]
    return found
