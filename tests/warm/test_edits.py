"""Warm builds equal cold ones: after any edit, from any path, in any cache, the wheel is the same, digest for digest."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support import needs
from support.warm_edits import (
    EDITS,
    default_of_an_option,
    edit_from_the_past,
    flags,
    generator_script,
    header,
    header_that_shadows,
    include_path_of_the_compiler,
    new_unit,
    no_header_that_shadows,
    no_new_units,
    no_option,
    no_optional_header,
    no_variables,
    nothing,
    option,
    optional_header,
    permissions,
    python,
    template,
    undeclared_data,
    unit,
    unit_as_it_was,
    version,
)
from support.warm_project import EXTENDED, Project, build, new_project, unpacked
from truewheel.system.warm import cache

numbers = itertools.count()


@pytest.mark.parametrize("volatile", [False, True], ids=["checkout", "sdist"])
@settings(
    max_examples=25 if EXTENDED else 2, deadline=None, derandomize=not EXTENDED, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(edits=st.lists(st.sampled_from(EDITS), min_size=7, max_size=9))
def test_after_any_series_of_edits_a_warm_build_equals_a_cold_one(
    tmp_path: Path, volatile: bool, edits: list[Callable[[Project], None]]
) -> None:
    needs.program("gcc")
    place = tmp_path / str(next(numbers))
    project = new_project(place / "project")
    warm = place / "warm"
    for number, edit in enumerate([nothing, *edits]):
        edit(project)
        source = (
            unpacked(project, place / f"unpacked-{number}")
            if volatile
            else project.root
        )
        ours, said = build(project, source, place / "out", warm)
        cold, _ = build(
            project,
            unpacked(project, place / "cold" / str(number)),
            place / "out",
            place / f"cold-{number}",
        )
        assert ours == cold, f"after {[e.__name__ for e in edits[:number]]}: {said}"


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.__name__)
def test_after_one_edit_a_warm_build_equals_a_cold_one_and_says_why(
    tmp_path: Path, edit: Callable[[Project], None]
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    build(project, project.root, tmp_path / "out", tmp_path / "warm")
    edit(project)
    ours, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(
        project,
        unpacked(project, tmp_path / "elsewhere"),
        tmp_path / "out",
        tmp_path / "cold",
    )
    assert ours == cold, said
    assert f"built: {AFTERWARDS[edit]}" in said, said


AFTERWARDS = {
    nothing: "warm: nothing changed",
    unit: "warm: src/main.c changed",
    unit_as_it_was: "warm: nothing changed",
    edit_from_the_past: "warm: src/main.c changed",
    header: "warm: include/deep.h changed",
    header_that_shadows: "warm: src/deep.h is new",
    no_header_that_shadows: "warm: nothing changed",
    optional_header: "warm: src/optional.h is new",
    no_optional_header: "warm: nothing changed",
    new_unit: "warm, configured anew: part_2.c in src/parts is new",
    no_new_units: "warm: nothing changed",
    template: "warm, configured anew: config.h.in changed",
    undeclared_data: "warm: tools/data.txt changed",
    generator_script: "warm: tools/make_table.py changed",
    default_of_an_option: "warm, configured anew: CMakeLists.txt changed",
    option: "warm, configured anew: settings changed",
    no_option: "warm: nothing changed",
    flags: "warm, configured anew: the environment variable CFLAGS changed",
    include_path_of_the_compiler: "warm, configured anew: ",
    no_variables: "warm: nothing changed",
    version: "warm, configured anew: settings changed",
    python: "warm: src/warm/__init__.py changed",
    permissions: "warm: src/warm/__init__.py changed",
}
"""What the summary says after each edit, if there was one build before."""


@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("volatile", [False, True], ids=["checkout", "sdist"])
def test_a_link_that_leads_elsewhere_is_followed(
    tmp_path: Path, volatile: bool, kind: str
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    for number in (1, 2):
        project.write(f"version{number}/deep.h", f"#define DEEP {number}\n")
    shutil.rmtree(project.root / "include")
    if kind == "directory":
        link, to = project.root / "include", "version{}"
    else:
        link, to = project.root / "include/deep.h", "../version{}/deep.h"
        link.parent.mkdir()
    digests = []
    for number in (1, 2):  # both headers are older than what is built
        link.unlink(missing_ok=True)
        link.symlink_to(to.format(number))
        if volatile:
            project.write("PKG-INFO", "Metadata-Version: 2.1\nName: warm\nVersion: 1\n")
        warm, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
        cold, _ = build(
            project, project.root, tmp_path / "out", tmp_path / f"cold{number}"
        )
        assert warm == cold, said
        digests.append(warm)
    assert digests[0] != digests[1]


def test_undeclared_data_is_seen_with_several_configurations(tmp_path: Path) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.variables["CMAKE_GENERATOR"] = "Ninja Multi-Config"
    build(project, project.root, tmp_path / "out", tmp_path / "warm")
    undeclared_data(project)
    warm, said = build(project, project.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(project, project.root, tmp_path / "out", tmp_path / "cold")
    assert warm == cold, said


def test_the_build_area_of_an_editable_install_is_kept_as_long_as_it_is_rebuilt_from(
    tmp_path: Path,
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.append(
        "pyproject.toml", 'build-dir = "build/{wheel_tag}"\neditable.rebuild = true\n'
    )
    project.variables["TRUEWHEEL_CACHE_LIMIT"] = "1 kB"
    build(
        project,
        project.root,
        tmp_path / "out",
        tmp_path / "cache",
        hook="build_editable",
    )
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    (tree,) = (project.root / "build").iterdir()
    os.utime(project.root / "CMakeLists.txt")
    done = subprocess.run(
        ["cmake", "--build", tree], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(project.root / "build")
    assert cache.trim(tmp_path / "cache", 0) > 0
    assert not list((tmp_path / "cache").glob("builds/*/[0-9]"))
