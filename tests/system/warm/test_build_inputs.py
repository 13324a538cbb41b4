"""Everything around a build that may change the wheel is seen when it changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support import needs
from truewheel.model.build_record import COMMIT
from truewheel.system.warm import build_inputs

AUTHOR = (
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@example.org",
    "-c",
    "commit.gpgsign=false",
)


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        [needs.program("git"), *AUTHOR, *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def commit(folder: Path) -> str:
    """Return the digest of what says which commit is checked out."""
    return build_inputs.digests_of_surroundings({}, folder)[COMMIT]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository with one commit."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def test_variables_are_remembered_by_digests() -> None:
    """Their values may be secrets, and the record lies on disk."""
    found = build_inputs.digests_of_variables({"TOKEN": "secret"})
    assert "secret" not in found["TOKEN"]
    assert (
        found["TOKEN"]
        == build_inputs.digests_of_variables({"TOKEN": "secret"})["TOKEN"]
    )
    assert (
        found["TOKEN"] != build_inputs.digests_of_variables({"TOKEN": "other"})["TOKEN"]
    )


def test_what_git_may_not_be_asked_for_is_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(b"gitdir: nowhere\n")
    assert commit(tmp_path)


def test_a_linker_that_path_leads_to_now_is_seen(tmp_path: Path) -> None:
    environ = {"PATH": os.defpath}
    before = build_inputs.digests_of_surroundings(environ, tmp_path)["PATH of tools"]
    linker = tmp_path / "ld"
    linker.write_text("#!/bin/sh\n")
    linker.chmod(0o755)
    environ["PATH"] = f"{tmp_path}{os.pathsep}{os.defpath}"
    assert (
        build_inputs.digests_of_surroundings(environ, tmp_path)["PATH of tools"]
        != before
    )


def test_another_version_of_a_build_requirement_is_seen(tmp_path: Path) -> None:
    environ = {"PYTHONPATH": os.fspath(tmp_path)}
    (tmp_path / "pybind11-2.13.dist-info").mkdir()
    before = build_inputs.digests_of_surroundings(environ, tmp_path)[
        "what is installed to build"
    ]
    (tmp_path / "pybind11-2.13.dist-info").rename(tmp_path / "pybind11-3.0.dist-info")
    assert (
        build_inputs.digests_of_surroundings(environ, tmp_path)[
            "what is installed to build"
        ]
        != before
    )


def test_without_git_there_is_no_commit(tmp_path: Path) -> None:
    assert commit(tmp_path) == commit(tmp_path / "below")


def test_a_commit_is_seen_from_below_the_repository(repository: Path) -> None:
    (repository / "python").mkdir()
    before = commit(repository / "python")
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    assert commit(repository / "python") != before


def test_a_tag_is_seen(repository: Path) -> None:
    before = commit(repository)
    git(repository, "tag", "v1")
    assert commit(repository) != before


def test_a_commit_in_a_linked_worktree_is_seen(
    repository: Path, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    before = commit(linked)
    git(linked, "commit", "-q", "--allow-empty", "-m", "in the worktree")
    assert commit(linked) != before


def test_a_tag_is_seen_from_a_linked_worktree(repository: Path, tmp_path: Path) -> None:
    """Tags are the repository's, and lie in the directory that all its worktrees share."""
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    before = commit(linked)
    git(repository, "tag", "v1")
    assert commit(linked) != before


def test_directories_of_prefixes_and_of_path_are_searched() -> None:
    found = list(
        build_inputs.searched_folders(
            {"CMAKE_PREFIX_PATH": "/opt/a:/opt/b", "PATH": "/opt/bin:/usr/bin"}
        )
    )
    assert "/opt/a/lib/cmake" in found
    assert "/opt/b/include" in found
    assert "/opt/bin" in found
    assert found.index("/opt/a/include") < found.index("/usr/include")
