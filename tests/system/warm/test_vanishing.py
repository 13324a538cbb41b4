"""What vanishes while a build runs, and what a project has removed itself."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from truewheel.system.warm import vanishing
from truewheel.system.warm.vanishing import KnownRemovals, gone_of, may_go_on


def test_files_that_are_gone_are_found_in_every_folder(tmp_path: Path) -> None:
    names = ["here", "deep/er/here", "link", "gone", "deep/er/gone", "no/folder/gone"]
    paths = [str(tmp_path / name) for name in names]
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for path in paths[:2]:
        Path(path).touch()
    # It is there, though it leads nowhere.
    (tmp_path / "link").symlink_to("nowhere")
    assert gone_of(paths) == set(paths[3:])


def test_a_file_is_not_gone_that_is_listed_by_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems change letters of names."""
    (tmp_path / "File").touch()
    monkeypatch.setattr(os, "listdir", lambda folder: ["FILE"])
    assert gone_of([f"{tmp_path}/File", f"{tmp_path}/other"]) == {f"{tmp_path}/other"}


@pytest.mark.parametrize("missing", ["folder/file", "folder/no/folder/file"])
def test_what_vanished_after_the_installation_was_not_removed_by_it(
    missing: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    os.utime(folder, ns=(1000, 1000))
    files = frozenset({str(tmp_path / missing)})
    assert may_go_on(files, 999, area=tmp_path)
    assert not may_go_on(files, 1000, area=tmp_path)


def test_what_vanished_before_may_be_the_beginning_of_a_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "next").touch()
    os.utime(folder, ns=(1000, 1000))

    def delete_next(_: float) -> None:
        (tmp_path / "next").unlink()

    monkeypatch.setattr(vanishing, "time", SimpleNamespace(sleep=delete_next))
    assert may_go_on(frozenset({f"{folder}/file"}), 1000, area=tmp_path)


def test_where_nothing_is_missing_nothing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(vanishing, "time")
    assert not may_go_on(frozenset(), 0, area=tmp_path)


def test_what_a_project_removes_is_remembered(tmp_path: Path) -> None:
    removals = KnownRemovals(tmp_path / "gone.json")
    paths = [f"{tmp_path}/first", f"{tmp_path}/second", f"{tmp_path}/third"]
    assert removals.missing_of(paths) == set(paths)
    removals.add(frozenset(paths[:1]))
    removals.add(frozenset(paths[1:2]))
    later = KnownRemovals(tmp_path / "gone.json")
    assert later.missing_of(paths) == set(paths[2:])


def test_where_nothing_can_be_remembered_no_build_fails(tmp_path: Path) -> None:
    removals = KnownRemovals(tmp_path / "deleted" / "gone.json")
    removals.add(frozenset({"file"}))
    assert removals.missing_of(["file"]) == {"file"}
