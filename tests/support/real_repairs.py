"""Wheels of well-known projects, built from their sdists against Debian's libraries, and repaired by truewheel and auditwheel.

``tests/projects/repairs.toml`` lists them. What is repaired is installed and run in a root without these libraries.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support import needs
from support.bare_roots import Root
from support.paths import ROOT

TABLE = ROOT / "tests/projects/repairs.toml"
PAGE = ROOT / "docs/reference/repaired-projects.md"
_HASH = re.compile(r"-[0-9a-f]{8}(?=\.|$)")


@dataclass(frozen=True)
class Project:
    """A row of the table, which says what each field means."""

    name: str
    version: str
    packages: Sequence[str]
    smoke: str
    environ: Mapping[str, str] = field(default_factory=dict)
    config: Sequence[str] = ()
    constraints: Sequence[str] = ()
    requires: Sequence[str] = ()
    system: Sequence[str] = ()
    differs: str = ""
    quick: bool = False


@dataclass(frozen=True)
class Repair:
    """A wheel that a tool wrote.

    :param libraries: the names of what it bundled, without the hashes in them.
    :param seconds: how long the tool took, from the start of its process.
    """

    wheel: Path
    libraries: frozenset[str]
    tag: str
    seconds: float


@dataclass(frozen=True)
class Pair:
    """Both repairs of a project's wheel."""

    project: Project
    ours: Repair
    theirs: Repair

    def differences(self) -> list[str]:
        """Return in what they differ."""
        found = []
        if only := self.ours.libraries - self.theirs.libraries:
            found.append(f"only truewheel bundles {', '.join(sorted(only))}")
        if only := self.theirs.libraries - self.ours.libraries:
            found.append(f"only auditwheel bundles {', '.join(sorted(only))}")
        if self.ours.tag != self.theirs.tag:
            found.append(
                f"truewheel says {self.ours.tag}, auditwheel {self.theirs.tag}"
            )
        return found


@functools.cache
def listed() -> tuple[Project, ...]:
    """Return the projects of the table."""
    import tomllib

    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["project"]
    return tuple(Project(**row) for row in rows)


# --- building -----------------------------------------------------------------------------------------------------


def built(project: Project, store: Path, *, seconds: float = 240) -> Path:
    """Return the wheel of a project, built from its sdist unless it is there; without it, the test is skipped or fails."""
    place = store / f"{project.name}-{project.version}"
    for found in place.glob("*.whl"):
        return found
    place.mkdir(parents=True, exist_ok=True)
    # What takes long is the compiler's optimisation, and no repair depends on it.
    environ = os.environ | {"CFLAGS": "-O0 -g0", "CXXFLAGS": "-O0 -g0"}
    environ |= project.environ
    if project.constraints:
        (place / "constraints.txt").write_text("\n".join(project.constraints))
        environ["PIP_CONSTRAINT"] = str(place / "constraints.txt")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--disable-pip-version-check"]  # fmt: skip
    # A wheel in pip's cache may have been built with other settings.
    command += ["--no-cache-dir", "--no-binary", project.name, "-w", str(place)]
    command += [word for setting in project.config for word in ("-C", setting)]
    with (place / "log").open("w") as log:
        job = subprocess.Popen(
            [*command, f"{project.name}=={project.version}"],
            env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            job.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
    found = next(iter(place.glob("*.whl")), None)
    return found or needs.missing(f"a build of {project.name}: {place / 'log'}, {' '.join(project.packages)}")  # fmt: skip


def required(project: Project, store: Path) -> list[Path]:
    """Return published wheels of what a project needs when it runs."""
    found: list[Path] = []
    for requirement in project.requires:
        place = store / "required" / requirement
        if not list(place.glob("*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]  # fmt: skip
            subprocess.run([*command, "-d", place, requirement], check=True, capture_output=True)  # fmt: skip
        found += place.glob("*.whl")
    return found


# --- repairing ----------------------------------------------------------------------------------------------------


def repaired_twice(project: Project, wheel: Path, place: Path) -> Pair:
    """Repair a wheel with truewheel and with auditwheel."""
    ours = repaired(["truewheel", "repair", "-o"], wheel, place / "truewheel")
    needs.program("patchelf")
    theirs = repaired(["auditwheel", "repair", "-w"], wheel, place / "auditwheel")
    return Pair(project=project, ours=ours, theirs=theirs)


def repaired(words: Sequence[str], wheel: Path, place: Path) -> Repair:
    """Run a tool on a wheel."""
    shutil.rmtree(place, ignore_errors=True)
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *words, place, wheel],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    assert done.returncode == 0, f"{' '.join(words)} {wheel.name}\n{done.stdout}{done.stderr}"  # fmt: skip
    (place / "said").write_text(done.stdout + done.stderr)
    return read_repair(place, seconds)


def read_repair(place: Path, seconds: float = 0) -> Repair:
    """Return what a tool has written into a directory."""
    (made,) = place.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        names = [name for name in archive.namelist() if ".libs/" in name and ".so" in name]  # fmt: skip
    bases = frozenset(_HASH.sub("", name.rpartition("/")[2]) for name in names)
    tag = made.stem.rpartition("-")[2]
    return Repair(wheel=made, libraries=bases, tag=tag, seconds=seconds)


# --- running ------------------------------------------------------------------------------------------------------


def proven(pair: Pair, wheel: Path, root: Root, store: Path) -> None:
    """Run the project's code in the root: it fails with the wheel that was built, and works with both repaired ones."""
    project = pair.project
    beside = [root.unpack(wheels, "requires") for wheels in [required(project, store)] if wheels]  # fmt: skip
    place = root.unpack([wheel], "unrepaired")
    done = root.run(project.smoke, [place, *beside])
    assert done.returncode, f"{project.name} works without a repair"
    assert "cannot open shared object file" in done.stderr, done.stderr
    for repair in (pair.theirs, pair.ours):
        place = root.unpack([repair.wheel], "repaired")
        done = root.run(project.smoke, [place, *beside])
        assert done.returncode == 0, f"{repair.wheel}\n{done.stdout}{done.stderr}"
    for option in ("--strip-debug", "--strip-all"):
        _strip(place, option)
        done = root.run(project.smoke, [place, *beside])
        assert done.returncode == 0, f"strip {option}: {done.stderr}"
    shutil.rmtree(root.path / "site")


def _strip(place: Path, option: str) -> None:
    files = [path for path in place.rglob("*") if path.is_file() and _is_elf(path)]
    subprocess.run([needs.program("strip"), option, *files], check=True, capture_output=True)  # fmt: skip


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def repeated(pair: Pair, place: Path) -> None:
    """Repair what truewheel repaired: the bytes are the same."""
    again = repaired(["truewheel", "repair", "-o"], pair.ours.wheel, place / "again")
    assert again.wheel.name == pair.ours.wheel.name
    assert again.wheel.read_bytes() == pair.ours.wheel.read_bytes()
