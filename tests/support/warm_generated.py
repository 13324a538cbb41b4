"""Rounds of the law that a warm build equals a cold one: a random project, a series of edits, two builds after each.

A seed replays a round: it decides on everything that is chosen. Each feature and each step draws from a source of its own,
so that a new feature changes only the few rounds that it gets into. The build is a black box: a hook in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from support.generated import around, cmake_files, compilers, scripts
from support.generated.edits import edit_of_a_file, edit_of_the_world
from support.generated.registry import FEATURES, is_there, missing
from support.generated.world import Data, Edit, Part, World, surroundings
from support.paths import ROOT
from support.warm_project import HOOK

SECONDS = 300
"""The longest that one build may take; they take less than two."""
FAILED = "failed"
MODULES = (around, cmake_files, compilers, scripts)
"""Where features are registered."""


class Built(NamedTuple):
    """What a build came to.

    :param digest: of the wheel, or that it failed.
    :param members: the digest of each file in the wheel.
    """

    digest: str
    members: dict[str, str]
    said: str

    @property
    def summary(self) -> str:
        """Why the build did what it did, or the last words of one that failed."""
        lines = self.said.strip().splitlines()
        told = [line.strip() for line in lines if line.strip().startswith("built:")]
        return told[-1] if told else " | ".join(lines[-3:])


class Step(NamedTuple):
    """Edits before one pair of builds, and whether they changed the cold wheel.

    :param edits: ``feature: edit: file``, each.
    """

    edits: tuple[str, ...]
    built: str
    has_changed: bool
    has_failed: bool


@dataclass
class Round:
    """What came of one seed."""

    seed: int
    form: str = ""
    features: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    fault: str = ""

    def __str__(self) -> str:
        """The whole story, for a test's message."""
        lines = [f"seed {self.seed}, {self.form}: {', '.join(self.features)}"]
        lines += [f"  left out: {reason}" for reason in self.left_out]
        for number, step in enumerate(self.steps):
            lines.append(f"  {number}. {'; '.join(step.edits)} -> {step.built}")
        return "\n".join([*lines, f"  {self.fault or 'equal'}"])


class Form(NamedTuple):
    """How a round builds.

    :param is_sdist: each build gets a new copy, with PKG-INFO and without a repository, as front ends unpack it.
    :param keeps_stamps: copies keep the time stamps of files, as archives do.
    """

    is_sdist: bool
    keeps_stamps: bool
    has_launcher: bool

    def __str__(self) -> str:
        words = ["sdist" if self.is_sdist else "checkout"]
        words += ["copies keep stamps"] if self.keeps_stamps else []
        words += ["ccache"] if self.has_launcher else []
        return ", ".join(words)


def run_round(seed: int, *, is_cold: bool = False, wanted: str = "") -> Round:
    """Make a project and a series of edits; build after each, until two wheels differ.

    :param is_cold: build twice from nothing instead: this shows that projects do not depend on time or path.
    :param wanted: a feature that the project has in any case, as its first.
    """
    with tempfile.TemporaryDirectory(
        prefix="truewheel-round-", ignore_cleanup_errors=True
    ) as place:
        player = _Player(seed, Path(place).resolve(), is_cold=is_cold)
        player.wanted = wanted
        return player.play()


def proven_round(seed: int, *, wanted: str = "") -> Round:
    """Play a round; if wheels differ, show that two builds from nothing would not.

    A difference between these is a fault of the generator: the project depends on time or path.
    """
    played = run_round(seed, wanted=wanted)
    if played.fault:
        again = run_round(seed, is_cold=True, wanted=wanted)
        if again.fault:
            played.fault = f"cold and cold, too: {again.fault} (warm: {played.fault})"
    return played


class _Player:
    """One round while it is played."""

    def __init__(self, seed: int, place: Path, *, is_cold: bool) -> None:
        rng = Random(seed)
        self.world = World(place, rng)
        self.is_cold = is_cold
        self.round = Round(seed)
        self.form = Form(rng.random() < 1 / 3, rng.random() < 0.5, rng.random() < 0.25)
        self.size = rng.randrange(2, 6)
        self.length = rng.randrange(3, 7)
        self.round.form = str(self.form)
        self.wanted = ""
        self.number = 0
        self.former = ""
        self.away: list[Data] = []

    def play(self) -> Round:
        self.world.root.mkdir()
        self.world.outside.mkdir()
        self.make()
        self.compare(("first build",))
        for _ in range(self.length):
            if self.round.fault:
                break
            self.compare(self.edit())
        return self.round

    def make(self) -> None:
        """Choose features, and let them write the project."""
        names = sorted(FEATURES, key=lambda name: self._draw(name).random())
        names.sort(key=lambda name: name != self.wanted)
        for name, tag in zip(names[: self.size], "abcde", strict=False):
            feature = FEATURES[name]
            self.world.rng = self._draw(f"files of {name}")
            if self.form.is_sdist and feature.is_of_checkouts:
                continue
            if reason := missing(feature):
                self.round.left_out.append(f"{name} needs {reason}")
                continue
            part = Part(self.world, name, tag)
            self.world.parts.append(part)
            feature.make(part)
            self.round.features.append(name)
        self.world.finish()

    def _draw(self, purpose: str) -> Random:
        """Return a source of chance for one purpose."""
        return Random(f"{self.round.seed} {purpose}")

    # --- edits ---

    def edit(self) -> tuple[str, ...]:
        """Make one edit, or two at once; return what was done."""
        self.world.rng = self._draw(f"step {self.number}")
        done = []
        for data in self.away:
            assert data.away is not None
            data.away()
            data.away = None
            done.append(f"back: {self._name(data.path)}")
        self.away.clear()
        for _ in range(self.world.rng.choice([1, 1, 1, 1, 2])):
            done.append(self._one_edit())
        return tuple(done)

    def _one_edit(self) -> str:
        if self.world.rng.random() < 0.25 or not self.world.parts:
            edit = edit_of_the_world(self.world)
            edit.make()
            return f"project: {edit.name}"
        part = self.world.rng.choice(self.world.parts)
        choices: list[Data | Edit] = [f for f in part.files if f.away is None]
        choices += part.edits
        if not choices:
            return "nothing"
        chosen = self.world.rng.choice(choices)
        if isinstance(chosen, Edit):
            chosen.make()
            return f"{part.feature}: {chosen.name}"
        edit = edit_of_a_file(self.world, chosen)
        edit.make()
        if chosen.away is not None:
            self.away.append(chosen)
        return f"{part.feature}: {edit.name}: {self._name(chosen.path)}"

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self.world.root)

    # --- builds ---

    def compare(self, edits: tuple[str, ...]) -> None:
        """Build warm and cold, and note whether the wheels are the same."""
        self.number += 1
        warm = self._build(self._source("warm"), self._cache(is_warm=True))
        cold = self._build(self._source("cold"), self._cache(is_warm=False))
        self.round.steps.append(
            Step(edits, warm.summary, cold.digest != self.former, cold.digest == FAILED)
        )
        self.former = cold.digest
        names = sorted(
            name
            for name in {*warm.members, *cold.members}
            if warm.members.get(name) != cold.members.get(name)
        )
        if cold.digest == FAILED and self.number == 1:
            self.round.fault = f"the project does not build: {cold.said}"
        elif FAILED in {warm.digest, cold.digest} and warm.digest != cold.digest:
            which = "warm" if warm.digest == FAILED else "cold"
            other = cold if which == "cold" else warm
            self.round.fault = f"only the {which} build fails: {other.summary}"
        elif warm.digest != cold.digest:
            self.round.fault = f"differs: {', '.join(names) or 'the archive'}"

    def _cache(self, *, is_warm: bool) -> Path:
        if is_warm and not self.is_cold:
            return self.world.place / "cache-warm"
        return self.world.place / f"cache-{self.number}-{is_warm}"

    def _source(self, purpose: str) -> Path:
        """Return what is built: the project itself, or a copy at another path."""
        root, place = self.world.root, self.world.place
        if not self.form.is_sdist and (
            purpose == "warm" or self.world.rng.random() < 0.5
        ):
            return root
        copy = place / f"{purpose}-{self.number}"
        hidden = shutil.ignore_patterns(".git") if self.form.is_sdist else None
        shutil.copytree(root, copy, symlinks=True, ignore=hidden)
        if not self.form.keeps_stamps:
            for path in copy.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    os.utime(path)
        if self.form.is_sdist:
            text = "Metadata-Version: 2.1\nName: generated\nVersion: 1.0\n"
            (copy / "PKG-INFO").write_text(text, encoding="utf-8")
        return copy

    def _build(self, source: Path, cache: Path) -> Built:
        """Build the wheel in a process of its own; then remove what is not needed any more."""
        place = self.world.place
        output = place / "out"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        environ = surroundings(place)
        tools = f"{Path(sys.executable).parent}{os.pathsep}"
        module_path = self.world.variables.get("PYTHONPATH", "")
        environ |= self.world.variables
        environ |= {
            "PATH": tools + environ["PATH"],
            "PYTHONPATH": os.pathsep.join(filter(None, [module_path, str(ROOT / "src")])),
            "TRUEWHEEL_CACHE_DIR": str(cache),
            "CCACHE_DIR": f"{cache}-of-ccache",
            "TRUEWHEEL_LAUNCHER": "ccache" if self.form.has_launcher and is_there("ccache") else "off",
        }  # fmt: skip
        command = [sys.executable, "-c", HOOK, "build_wheel", str(output), json.dumps(self.world.options)]  # fmt: skip
        built = run_build(command, source, environ, output)
        if source != self.world.root:
            shutil.rmtree(source)
        if cache.name != "cache-warm":
            shutil.rmtree(cache, ignore_errors=True)
            shutil.rmtree(f"{cache}-of-ccache", ignore_errors=True)
        return built


def run_build(
    command: list[str], source: Path, environ: dict[str, str], output: Path
) -> Built:
    """Run a build; it and all that it started end after a time."""
    process = subprocess.Popen(
        command, cwd=source, env=environ, text=True, errors="replace", start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Built(FAILED, {}, f"it took longer than {SECONDS} seconds")
    wheels = list(output.iterdir())
    if process.returncode or len(wheels) != 1:
        return Built(FAILED, {}, said)
    with zipfile.ZipFile(wheels[0]) as archive:
        members = {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not name.endswith("RECORD")
        }
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    return Built(digest, members, said)


def counted(rounds: list[Round]) -> str:
    """Return a table: how often each feature's edits were made, made alone, then changed the wheel, made builds fail, found a fault."""
    made: dict[str, Counter[str]] = {}
    for one in rounds:
        for step in one.steps[1:]:
            for edit in step.edits:
                row = made.setdefault(":".join(edit.split(":")[:2]), Counter())
                row["made"] += 1
                row["alone"] += len(step.edits) == 1
                row["changed"] += len(step.edits) == 1 and step.has_changed
                row["failed"] += step.has_failed
                row["faults"] += bool(one.fault) and step is one.steps[-1]
    columns = ("made", "alone", "changed", "failed", "faults")
    lines = ["".join(f"{column:>9}" for column in columns)]
    for name, row in sorted(made.items()):
        lines.append("".join(f"{row[column]:9}" for column in columns) + f"  {name}")
    return "\n".join(lines)
