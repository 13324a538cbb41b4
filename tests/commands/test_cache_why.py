"""``truewheel cache why``: the right build is found and told, by the project's directory or its name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import hooks, needs
from truewheel.cli import main
from truewheel.model.build_record import BuildStory, Inputs, Traces
from truewheel.model.evidence import Evidence, Question, StepEvidence
from truewheel.system.warm import build_records

INPUTS = Inputs(
    software="1", settings="1", variables={}, search={}, sources={}, started=0
)


@pytest.fixture
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(place))
    return place


def keep(
    cache_dir: Path,
    label: str,
    phrase: str,
    *,
    finished: int = 1,
    slot: str = "0",
    is_watched: bool = True,
) -> Path:
    """Make a kept area as a build leaves it, with a story and a record."""
    folder = cache_dir / "builds" / f"{finished:016x}"
    area = folder / slot
    area.mkdir(parents=True)
    (folder / "project").write_text(label)
    (area / ".truewheel-size").write_text("1")
    story = BuildStory(finished=finished, source="/p", phrase=phrase, unwatched="no")
    build_records.write_story(area / "story.json", story)
    evidence = Evidence(
        questions=(Question("R", "/p/m.c"),),
        answers=("1",),
        steps={"m.o": StepEvidence(asked=1)},
    )
    build_records.write_record(
        area / "record.json", INPUTS, Traces(), evidence if is_watched else None
    )
    return area


def test_a_directory_is_found_by_its_real_path(
    cache_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "link").symlink_to(project)
    keep(cache_dir, str(project), "warm: found")
    assert main(["cache", "why", str(tmp_path / "link")]) == 0
    assert "\nwarm: found\nrun: 0 of 1 step\n" in capsys.readouterr().out


def test_this_directory_is_meant_when_none_is_named(
    cache_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(cache_dir, str(tmp_path), "warm: here")
    monkeypatch.chdir(tmp_path)
    assert main(["cache", "why"]) == 0
    assert "\nwarm: here\n" in capsys.readouterr().out


def test_a_project_that_is_unpacked_for_each_build_is_found_by_its_name(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(cache_dir, "demo", "warm: by name")
    assert main(["cache", "why", "demo"]) == 0
    assert "\nwarm: by name\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["My_Project", "my.project", "my-project"])
def test_a_name_is_found_however_it_is_written(
    cache_dir: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    keep(cache_dir, "my-project", "warm: by name")
    assert main(["cache", "why", name]) == 0
    assert capsys.readouterr().out.startswith("my-project, built on ")


def test_where_something_was_unpacked_its_name_is_meant(
    cache_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    (unpacked / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: Demo\n")
    keep(cache_dir, "demo", "warm: by name")
    assert main(["cache", "why", str(unpacked)]) == 0
    assert "\nwarm: by name\n" in capsys.readouterr().out


def test_a_directory_that_stays_is_not_found_by_its_name(
    cache_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "demo"\n')
    keep(cache_dir, "demo", "warm: by name")
    assert main(["cache", "why", str(tmp_path)]) == 2


def test_the_last_build_of_several_is_told(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(cache_dir, "demo", "warm: older", finished=2)
    keep(cache_dir, "demo", "warm: last", finished=3)
    keep(cache_dir, "demo", "warm: first", finished=1)
    keep(cache_dir, "other", "warm: of another", finished=4)
    assert main(["cache", "why", "demo"]) == 0
    assert "\nwarm: last\n" in capsys.readouterr().out


def test_an_area_whose_story_is_lost_is_passed_over(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(cache_dir, "demo", "warm: older", finished=1)
    area = keep(cache_dir, "demo", "warm: last", finished=2)
    (area / "story.json").write_text("{")
    assert main(["cache", "why", "demo"]) == 0
    assert "\nwarm: older\n" in capsys.readouterr().out


@pytest.mark.parametrize("is_lost", [True, False])
def test_without_a_record_what_was_read_is_not_known(
    cache_dir: Path, capsys: pytest.CaptureFixture[str], *, is_lost: bool
) -> None:
    area = keep(cache_dir, "demo", "warm: x", is_watched=is_lost)
    if is_lost:
        (area / "record.json").unlink()
    assert main(["cache", "why", "demo"]) == 0
    assert "\nread: not known, for no\n" in capsys.readouterr().out


def test_verbose_and_json_are_passed_on(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(cache_dir, "demo", "warm: x")
    assert main(["cache", "why", "demo", "--verbose"]) == 0
    assert "  to make m.o:\n    m.c\n" in capsys.readouterr().out
    assert main(["cache", "why", "demo", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["read"]["steps"]["m.o"]["files"] == ["/p/m.c"]


def test_a_project_of_which_nothing_is_kept_is_an_error_with_a_hint(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(cache_dir, "other", "warm: x")
    assert main(["cache", "why", "demo"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "error: nothing is kept of a build of demo\n"
        "  hint: truewheel cache info lists what is kept: name a directory, or the name of a project\n"
    )


def test_a_cache_that_is_not_there_is_not_made(
    cache_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache_dir.rmdir()
    assert main(["cache", "why", "demo"]) == 2
    assert "nothing is kept" in capsys.readouterr().err
    assert not cache_dir.exists()


# --- a real build -------------------------------------------------------------------------------------------------


def why(project: Path, *options: str) -> str:
    command = [sys.executable, "-m", "truewheel", "cache", "why", *options]
    run = subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=True
    )
    return run.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be watched")
def test_a_real_build_is_told_before_and_after_an_edit(
    cache_dir: Path, tmp_path: Path
) -> None:
    needs.program("gcc")
    project = hooks.project(tmp_path, head='#include "value.h"', value="VALUE")
    (project / "value.h").write_text("#define VALUE 1\n")
    hooks.result(hooks.hook(project, "build_wheel", tmp_path / "out"))
    told = why(project)
    assert told.startswith(f"{project.resolve()}, built on ")
    assert "\nfrom nothing: nothing was built here before\nrun: 2 of 2 steps\n" in told
    (project / "value.h").write_text("#define VALUE 2\n")
    hooks.result(hooks.hook(project, "build_wheel", tmp_path / "out"))
    told = why(project)
    assert (
        """
warm: value.h changed
run: 2 of 2 steps:
  because value.h changed:
    CMakeFiles/_m.dir/m.c.o
  decided by the build tool:
    _m."""
        in told
    )
    told = why(project, "--verbose")
    assert "  to make CMakeFiles/_m.dir/m.c.o:\n    m.c\n    value.h\n" in told
    read = json.loads(why(project, "--json"))["read"]
    packed = project.resolve() / "src" / "pkg" / "__init__.py"
    assert read["packing"]["files"] == [str(packed)]


def test_a_real_build_of_an_unpacked_source_is_found_by_its_name(
    cache_dir: Path, tmp_path: Path
) -> None:
    needs.program("gcc")
    project = hooks.project(tmp_path)
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: pkg\n")
    hooks.result(hooks.hook(project, "build_wheel", tmp_path / "out"))
    assert why(tmp_path, "pkg").startswith("pkg, built on ")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be watched")
def test_a_real_build_that_fails_is_told_as_such(
    cache_dir: Path, tmp_path: Path
) -> None:
    needs.program("gcc")
    project = hooks.project(tmp_path)
    hooks.result(hooks.hook(project, "build_wheel", tmp_path / "out"))
    (project / "m.c").write_text("no C\n")
    assert hooks.hook(project, "build_wheel", tmp_path / "out").returncode != 0
    told = why(project)
    assert told.startswith(f"{project.resolve()}, failed on ")
    assert "  because m.c changed:\n    CMakeFiles/_m.dir/m.c.o\nread:" in told
