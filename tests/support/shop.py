"""Building and testing one example as its users would: with a front end, in environments of its own."""

from __future__ import annotations

import copy
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from support import interpreters, needs
from support.examples import BUILD, PIP, TABLE, UV, Example
from support.paths import EXAMPLES, TOOLS
from support.programs import run


class Shop:
    """A copy of an example, or of a project at ``home``, and virtual environments in which it is built and tested."""

    def __init__(
        self,
        name: str,
        place: Path,
        environ: Mapping[str, str],
        example: Example | None = None,
        home: Path | None = None,
    ) -> None:
        self.came_first: list[Path] = []
        self.name, self.example, self.place, self.environ = (
            name,
            example or TABLE[name],
            place,
            dict(environ),
        )
        place.mkdir(exist_ok=True)
        for program in self.example.programs:
            needs.program(program)
        for header in self.example.headers:
            needs.header(header)
        self.home, self.source, self.out = (
            home or EXAMPLES / name,
            place / "source",
            place / "out",
        )
        shutil.copytree(self.home, self.source)
        shutil.copytree(self.home / "tests", place / "tests")

    def python(self, version: str, *requirements: object) -> Path:
        """Return the interpreter of a virtual environment that has these requirements."""
        home = self.place / f"python-{version}"
        if not home.exists():
            known = {
                **interpreters.found(),
                **interpreters.newer(),
                **interpreters.threaded(),
                **interpreters.pypys(),
            }
            given = known.get(version) or needs.missing(
                f"Python {version} with headers"
            )
            run(
                TOOLS / "uv",
                "venv",
                "-q",
                "-p",
                given,
                home,
                cwd=self.place,
                environ=self.environ,
            )
        python = home / "bin" / "python"
        run(
            TOOLS / "uv",
            "pip",
            "install",
            "-q",
            "-p",
            python,
            *requirements,
            cwd=self.place,
            environ=self.environ,
        )
        return python

    def offer(self, wheel: Path) -> None:
        """Let front ends find a wheel."""
        self.environ["PIP_FIND_LINKS"] = (
            f"{wheel.parent} {self.environ['PIP_FIND_LINKS']}"
        )
        self.environ["UV_FIND_LINKS"] = (
            f"{wheel.parent},{self.environ['UV_FIND_LINKS']}"
        )

    def take_what_comes_first(self) -> None:
        """Build the examples that this one needs."""
        for other in self.example.after:
            before = Shop(other, self.place.parent / other, self.environ)
            before.build()
            self.offer(before.wheel())
            self.came_first.append(before.wheel())

    def build(self, *options: str, status: int = 0, **environ: str) -> str:
        """Build into ``out``; return what was printed."""
        python = self.python(self.example.python, "pip", "build[uv]")
        command = {
            PIP: (python, "-m", "pip", "wheel", "-v", "--no-deps", "-w", self.out),
            BUILD: (python, "-m", "build", "--installer", "uv", "-o", self.out),
            UV: (TOOLS / "uv", "build", "-p", python, "-o", self.out),
        }[self.example.built]
        return run(
            *command,
            *options,
            self.source,
            cwd=self.place,
            environ={**self.environ, **environ},
            status=status,
        )

    def wheel(self) -> Path:
        """Return the one wheel that was built."""
        (wheel,) = self.out.glob("*.whl")
        return wheel

    def twin(self) -> Path:
        """Build the same sources in another directory, with another, empty cache; return the wheel."""
        other = copy.copy(self)
        other.source, other.out = (
            self.place / "another directory",
            self.place / "another out",
        )
        other.environ = {
            **self.environ,
            "TRUEWHEEL_CACHE_DIR": str(self.place / "another" / "cache"),
        }
        shutil.copytree(self.home, other.source)
        other.build()
        return other.wheel()

    def tag(self) -> str:
        """Return the tag of the wheel."""
        return "-".join(self.wheel().stem.split("-")[-3:])

    def judge(self) -> None:
        """Have truewheel and other tools check the products."""
        products = sorted([*self.out.glob("*.whl"), *self.out.glob("*.tar.gz")])
        beside, odd = [], []
        for wheel in self.came_first if self.example.is_linked_to_them else ():
            beside += ["--with", wheel]
        if self.example.oddities:
            # The last of several options would be the only one that counts.
            odd = ["--ignore", ",".join(self.example.oddities)]
        here = {
            "cwd": self.place,
            "environ": {**self.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        }
        run(
            sys.executable,
            "-m",
            "truewheel",
            "check",
            "--strict",
            *beside,
            self.wheel(),
            **here,
        )
        run(TOOLS / "check-wheel-contents", *odd, self.wheel(), **here)
        run(TOOLS / "twine", "check", "--strict", *products, **here)

    def test(self, version: str, **environ: str) -> None:
        """Install the wheel for a Python and run the example's tests there, far from its source."""
        python = self.python(version, self.wheel(), "pytest", *self.example.beside)
        run(
            TOOLS / "uv",
            "pip",
            "check",
            "-q",
            "-p",
            python,
            cwd=self.place,
            environ=self.environ,
        )
        command = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
        run(*command, cwd=self.place, environ={**self.environ, **environ})

    def compare_stubs(self, version: str) -> None:
        """Type stubs say what the modules are (mypy's stubtest), and are seen (``py.typed``)."""
        package = self.example.package or f"example_{self.name.replace('-', '_')}"
        if package == "-":
            return
        python = self.python(version, "mypy")
        allowed = self.place / "allowed.txt"
        allowed.write_text("\n".join(self.example.odd_stubs))
        command = (
            python.parent / "stubtest",
            "--allowlist",
            allowed,
            "--ignore-unused-allowlist",
            package,
        )
        run(*command, cwd=self.place / "tests", environ=self.environ)
