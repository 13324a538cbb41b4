"""A small project, what lies around it, and changes of either: for tests in which a warm build follows them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .warm_project import Project

PYPROJECT = """
[build-system]
requires = ["truewheel"]
build-backend = "truewheel.backend"
[project]
name = "unseen"
version = "1.0"
[tool.scikit-build]
wheel.packages = ["src/unseen"]
"""
CMAKE = """
cmake_minimum_required(VERSION 3.21...4.0)
project(unseen LANGUAGES C)
add_library(unseen SHARED src/main.c)
install(TARGETS unseen DESTINATION unseen)
"""
OLD = 1_600_000_000
"""A time long before any build, in seconds since the epoch."""


@dataclass
class World(Project):
    """A project and what lies around it.

    :param outside: a directory that does not belong to the project.
    """

    outside: Path = field(default_factory=Path)

    def elsewhere(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Put a file outside, with a time stamp from the past, as package managers do."""
        path, draft = self.outside / name, self.outside / "draft"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.chmod(mode)
        os.utime(draft, (OLD, OLD))
        draft.replace(path)

    def library(self, folder: str, value: int) -> None:
        """Put a static library ``given`` outside, with time stamps from the past."""
        place = self.outside / folder
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "given.c").write_text(f"int given(void) {{ return {value}; }}\n")
        subprocess.run(
            ["gcc", "-fPIC", "-c", "given.c", "-o", "given.o"], cwd=place, check=True
        )
        subprocess.run(["ar", "rc", "libgiven.a", "given.o"], cwd=place, check=True)
        for path in place.iterdir():
            os.utime(path, (OLD, OLD))

    def git(self, *arguments: str) -> None:
        """Run git in the project."""
        me = [
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
            "-c",
            "commit.gpgsign=false",
        ]
        subprocess.run(
            ["git", *me, *arguments], cwd=self.root, check=True, capture_output=True
        )


Change = Callable[[World], None]


def new_world(place: Path) -> World:
    """Write the project that every case begins with."""
    world = World(root=place / "project", outside=place / "outside")
    world.outside.mkdir(parents=True)
    world.write("pyproject.toml", PYPROJECT)
    world.write("CMakeLists.txt", CMAKE)
    world.write("src/main.c", "int value(void) { return 1; }\n")
    world.write("src/unseen/__init__.py", "")
    return world
