"""The question to CMake's file API, and the answer to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import cmake_builds
from truewheel.system.engine.file_api import read_answer, write_query

QUERY = Path(".cmake/api/v1/query/client-truewheel/query.json")
CMAKE = "project(asks LANGUAGES C VERSION 1.2)\nadd_library(m MODULE m.c)\n"


def test_the_question_is_written_once(tmp_path: Path) -> None:
    write_query(tmp_path)
    os.utime(tmp_path / QUERY, ns=(5, 5))
    write_query(tmp_path)
    assert (tmp_path / QUERY).stat().st_mtime_ns == 5
    (tmp_path / QUERY).write_text("{}")
    write_query(tmp_path)
    assert "codemodel" in (tmp_path / QUERY).read_text()


def test_without_an_answer_there_is_none(tmp_path: Path) -> None:
    assert read_answer(tmp_path) is None
    write_query(tmp_path)
    assert read_answer(tmp_path) is None


def test_cmake_answers(tmp_path: Path) -> None:
    cmake_builds.function(tmp_path / "m.c", "m")
    cmake_builds.built(tmp_path, CMAKE)
    answer = read_answer(tmp_path / "build")
    assert answer is not None
    assert answer.generator == "Ninja"
    assert answer.cache["CMAKE_PROJECT_NAME"] == "asks"
    assert any(Path(place).is_dir() for place in answer.link_directories)
    assert "c" in answer.implicit_libraries["C"]
    (target,) = answer.targets
    assert (target.name, target.kind, target.project) == ("m", "MODULE_LIBRARY", "asks")
    assert target.is_of_top_project
    assert not target.is_installed
    assert target.artifacts == (str(tmp_path / "build" / "libm.so"),)
    assert target.sources == (str(tmp_path / "m.c"),)


def test_an_answer_that_others_asked_for_is_not_ours(tmp_path: Path) -> None:
    cmake_builds.function(tmp_path / "m.c", "m")
    (tmp_path / "CMakeLists.txt").write_text(cmake_builds.HEAD + CMAKE)
    tree = tmp_path / "build"
    query = tree / ".cmake/api/v1/query/codemodel-v2"
    query.parent.mkdir(parents=True)
    query.touch()
    cmake_builds.run("cmake", "-S", tmp_path, "-B", tree, "-G", "Ninja")
    assert list(tree.glob(".cmake/api/v1/reply/index-*"))
    assert read_answer(tree) is None


def test_cmake_that_configures_again_writes_no_new_answer(tmp_path: Path) -> None:
    """What does not change keeps its files, but for the index: so that a warm build has nothing more to do."""
    cmake_builds.function(tmp_path / "m.c", "m")
    cmake_builds.built(tmp_path, CMAKE)
    tree = tmp_path / "build"

    def objects() -> dict[str, int]:
        replies = tree.glob(".cmake/api/v1/reply/*.json")
        every = {path.name: path.stat().st_mtime_ns for path in replies}
        return {name: stamp for name, stamp in every.items() if "index" not in name}

    before = objects()
    assert len(before) > 3
    cmake_builds.run("cmake", "-S", tmp_path, "-B", tree)
    assert objects() == before
    assert "no work to do" in cmake_builds.run("cmake", "--build", tree)


@pytest.mark.parametrize("kind", ["Debug", "Release"])
def test_of_several_configurations_the_one_that_was_built_counts(
    tmp_path: Path, kind: str
) -> None:
    cmake_builds.function(tmp_path / "m.c", "m")
    cmake_builds.built(tmp_path, CMAKE, generator="Ninja Multi-Config")
    answer = read_answer(tmp_path / "build", [kind.lower()])
    assert answer is not None
    (target,) = answer.targets
    assert target.artifacts == (str(tmp_path / "build" / kind / "libm.so"),)
    every = read_answer(tmp_path / "build", ["Unknown"])
    assert every is not None
    assert len(every.targets) == 3
