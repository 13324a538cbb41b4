"""Sdists are written while others work in the source."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from truewheel.model.project import Project
from truewheel.system.engine.results import SdistMember, SdistPlan
from truewheel.system.wheels.sdist import write_sdist


class Named:
    """As much of a project as an sdist needs."""

    name, version, metadata = "p", "1", b""


PROJECT: Project = Named()  # type: ignore[assignment]


def plan(source: Path, *names: str) -> SdistPlan:
    members = [
        SdistMember(name=name, source=source / name, dereference=False)
        for name in names
    ]
    return SdistPlan(members=tuple(members), reproducible=True, left_out=())


def test_a_file_that_vanished_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    made = write_sdist(tmp_path, plan(tmp_path, ".#gone", "kept"), PROJECT)
    with tarfile.open(made.path) as archive:
        assert archive.getnames() == ["p-1/kept", "p-1/PKG-INFO"]
    assert made.notes == (".#gone is left out: it was gone before it could be read",)


def test_one_that_vanishes_between_two_looks_leaves_a_whole_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").write_text("content")
    (tmp_path / "kept").touch()
    real = Path.open

    def vanish(path: Path, *words: str) -> object:
        if path.name == "gone":
            path.unlink()
        return real(path, *words)

    monkeypatch.setattr(Path, "open", vanish)
    made = write_sdist(tmp_path, plan(tmp_path, "gone", "kept"), PROJECT)
    with tarfile.open(made.path) as archive:
        assert archive.getnames() == ["p-1/kept", "p-1/PKG-INFO"]
    assert made.notes == ("gone is left out: it was gone before it could be read",)
