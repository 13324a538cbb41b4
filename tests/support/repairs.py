"""``truewheel repair`` on wheels that a test made, and what came of it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from support.small_wheels import small_wheel
from truewheel.cli import main


class Repair(NamedTuple):
    """What a repair came to.

    :param status: the exit code.
    :param told: what was printed, on both streams.
    :param path: the wheel that was written; ``None`` when none was.
    :param members: its files.
    """

    status: int
    told: str
    path: Path | None
    members: dict[str, bytes]

    @property
    def name(self) -> str:
        """The file name of the wheel."""
        assert self.path is not None, self.told
        return self.path.name

    @property
    def binaries(self) -> dict[str, bytes]:
        """The files that are no metadata and no Python code."""
        return {
            name: content
            for name, content in self.members.items()
            if ".dist-info/" not in name and not name.endswith(".py")
        }


Repairer = Callable[..., Repair]


def repairer(place: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    """Return a function that repairs a wheel into a new directory, and checks that the wheel itself stays as it was."""
    outputs = (place / f"out{number}" for number in range(100))

    def repair(wheel: Path, *options: str | Path) -> Repair:
        before = wheel.read_bytes()
        output = next(outputs)
        capsys.readouterr()
        status = main(["repair", str(wheel), "-o", str(output), *map(str, options)])
        told = "".join(capsys.readouterr())
        assert wheel.read_bytes() == before
        made = sorted(output.iterdir()) if output.is_dir() else []
        # Written as a whole, or not at all: no half a file lies about.
        assert len(made) == (status == 0), told
        if not made:
            return Repair(status, told, None, {})
        return Repair(status, told, made[0], members(made[0]))

    return repair


def wheel_of(place: Path, tag: str, files: Mapping[str, bytes]) -> Path:
    """Write a wheel of ``p`` 1; ``tag`` is all that follows the version in its name."""
    place.mkdir(parents=True, exist_ok=True)
    return small_wheel(place / f"p-1-{tag}.whl", files)


def members(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel, whose RECORD has to tell the truth."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def hashed(content: bytes) -> str:
    """Return the digits that the content of a library gives to its name."""
    return hashlib.sha256(content).hexdigest()[:8]


def put(directory: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def under(names: Mapping[str, object], beginning: str) -> Iterator[str]:
    """Yield the names that begin so, without that beginning."""
    for name in names:
        if name.startswith(beginning):
            yield name.removeprefix(beginning)
