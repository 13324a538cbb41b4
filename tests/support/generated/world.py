"""A project that is put together of parts, what lies around it, and the files that edits change.

Texts of files, CMake lines and C code are templates. These words in them stand for something:

- ``TAG``: the letter of the part, so that names of parts do not collide,
- ``OUTSIDE``: a directory that does not belong to the project, without a link in its path,
- ``SOURCE``: CMake's name of the directory of the source,
- ``VALUE``: the number that a file carries at present; whoever changes the file changes it.
"""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

OLD = 1_600_000_000
"""A time long before any build, in seconds since the epoch."""
PYPROJECT = """\
[build-system]
requires = ["truewheel"]
build-backend = "truewheel.backend"
[project]
name = "generated"
version = "1.0"
[tool.scikit-build]
wheel.packages = ["src/generated"]
[tool.scikit-build.cmake.define]
CMAKE_C_COMPILER_WORKS = "1"
CMAKE_ASM_COMPILER_WORKS = "1"
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.21...4.0)
project(generated LANGUAGES C)
set(LEVEL 1 CACHE STRING "How much")
add_library(generated SHARED src/main.c)
target_compile_definitions(generated PRIVATE "LEVEL=${LEVEL}")
install(TARGETS generated DESTINATION generated)
"""
C = """\
#ifndef FLAG
#define FLAG 0
#endif
int level[] = {LEVEL, FLAG};
"""
T = TypeVar("T")


class Edit(NamedTuple):
    """One change of the project or of what lies around it."""

    name: str
    make: Callable[[], None]


@dataclass(eq=False)
class Data:
    """A file that carries a number, and what it held before.

    :param stays: no edit takes it away.
    :param away: what brings it back, while it is away.
    """

    path: Path
    render: Callable[[int], bytes]
    value: int
    stays: bool = False
    former: list[int] = field(default_factory=list)
    away: Callable[[], None] | None = None

    def store(self, value: int) -> None:
        """Write the file with another number; a link is written through."""
        if value != self.value:
            self.former.append(self.value)
        self.value = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.render(value))

    @property
    def is_there(self) -> bool:
        return self.path.exists()


@dataclass
class World:
    """A project and what lies around it.

    :param place: the directory that holds all of it.
    :param rng: what chooses; features and steps get one of their own.
    :param options: the front end's settings for the next build.
    :param variables: what the environment holds besides; ``{root}`` stands for the source.
    """

    place: Path
    rng: Random
    options: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    numbers: itertools.count[int] = field(
        default_factory=lambda: itertools.count(10_001)
    )

    @property
    def root(self) -> Path:
        return self.place / "project"

    @property
    def outside(self) -> Path:
        return self.place / "outside"

    def small(self) -> int:
        """A number of three digits."""
        return self.rng.randrange(100, 1000)

    def large(self) -> int:
        """A number that was not there before, of five digits."""
        return next(self.numbers)

    def run(self, *command: str | Path, is_sure: bool = True) -> None:
        """Run a program in the project, with nothing of the user's own settings."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=surroundings(self.place),
            check=False,
            capture_output=True,
        )
        assert done.returncode == 0 or not is_sure, (command, done.stderr)

    def finish(self) -> None:
        """Write what all parts together make."""
        self._write("pyproject.toml", PYPROJECT)
        self._write(
            "CMakeLists.txt", CMAKE + "".join(part.cmake_lines for part in self.parts)
        )
        self._write("src/main.c", C + "".join(part.c_lines for part in self.parts))
        self._write("src/generated/__init__.py", "")
        self._write("README.md", "# Generated\n")
        for part in self.parts:
            for step in part.last_steps:
                step()

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@dataclass
class Part:
    """What one feature puts into the project."""

    world: World
    feature: str
    tag: str
    files: list[Data] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    last_steps: list[Callable[[], None]] = field(default_factory=list)
    cmake_lines: str = ""
    c_lines: str = ""

    def pick(self, choices: Sequence[T]) -> T:
        return self.world.rng.choice(choices)

    def told(self, template: str) -> str:
        """Fill in what the words of a template stand for."""
        return (
            template.replace("TAG", self.tag)
            .replace("OUTSIDE", str(self.world.outside))
            .replace("SOURCE", "${CMAKE_CURRENT_SOURCE_DIR}")
        )

    def path(self, name: str) -> Path:
        """Return the path of a file of the project, or of one outside."""
        if name.startswith("OUTSIDE"):
            return Path(self.told(name))
        return self.world.root / self.told(name)

    def cmake(self, template: str) -> None:
        self.cmake_lines += self.told(template).strip() + "\n"

    def c(self, template: str) -> None:
        self.c_lines += self.told(template).strip() + "\n"

    def write(self, name: str, template: str, *, mode: int = 0o644) -> Path:
        """Write a file that carries no number."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.told(template), encoding="utf-8")
        path.chmod(mode)
        return path

    def data(
        self,
        name: str,
        template: str,
        *,
        mode: int = 0o644,
        stays: bool = False,
        is_there: bool = True,
        render: Callable[[str], bytes] = str.encode,
    ) -> Data:
        """Write a file that carries a number; edits of any kind will be made to it.

        :param render: what makes bytes of the text, as a compiler does.
        """
        text = self.told(template)
        data = Data(
            self.path(name),
            lambda value: render(text.replace("VALUE", str(value))),
            self.world.small(),
            stays,
        )
        self.files.append(data)
        if is_there:
            data.store(data.value)
            data.path.chmod(mode)
            if name.startswith("OUTSIDE"):  # as package managers unpack it
                os.utime(data.path, (OLD, OLD))
        return data

    def edit(self, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Offer an edit that only this feature knows."""

        def keep(make: Callable[[], None]) -> Callable[[], None]:
            self.edits.append(Edit(name, make))
            return make

        return keep


def surroundings(place: Path) -> dict[str, str]:
    """Return the environment of every program: what the user has set does not count."""
    for name in ("home", "tmp"):
        (place / name).mkdir(exist_ok=True)
    date = "2024-01-01T00:00:00Z"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@functools.cache
def object_of(text: str) -> bytes:
    """Return the object file of a C text."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "given.c").write_text(text, encoding="utf-8")
        command = ["gcc", "-fPIC", "-O1", "-c", "given.c", "-o", "given.o"]
        subprocess.run(command, cwd=place, check=True)
        return (Path(place) / "given.o").read_bytes()


@functools.cache
def archive_of(text: str) -> bytes:
    """Return a static library of one C text."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "given.o").write_bytes(object_of(text))
        command = ["ar", "rcD", "libgiven.a", "given.o"]
        subprocess.run(command, cwd=place, check=True)
        return (Path(place) / "libgiven.a").read_bytes()
