"""What of the cache is kept, and what is deleted when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from truewheel import cli
from truewheel.report.text import size_text
from truewheel.system.warm import cache

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="the build cache needs POSIX file locks"
)

HOLD = """
import sys
from pathlib import Path
from truewheel.system.warm import cache
held = cache.hold(Path(sys.argv[1]))
print(flush=True)
input()
"""
"""Holds an entry of the cache until a line comes in."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(tmp_path / "cache"))
    return cache.opened(os.environ)


def entry(root: Path, name: str) -> Path:
    """Put something into the cache."""
    path = root / name
    path.mkdir(parents=True)
    (path / "data").write_bytes(os.urandom(10_000))
    cache.weigh(path)
    return path


def test_cleaning_keeps_and_names_what_an_editable_install_needs(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = tmp_path / "project" / "build"
    tree.mkdir(parents=True)
    needed, free = entry(root, "environments/needed"), entry(root, "environments/free")
    slot = entry(root, "builds/project/0")
    cache.pin(needed, tree)
    assert cli.main(["cache", "clean"]) == 0
    said = capsys.readouterr().out
    size = next(cache.entries(root)).size
    assert f"freed {size_text(2 * size)}" in said
    assert f"kept {size_text(size)}" in said
    assert f"\n  {tree}\n" in said
    assert "cache clean --all" in said
    assert needed.is_dir()
    assert not free.exists()
    assert not slot.exists()
    assert cli.main(["cache", "clean", "--all"]) == 0
    assert "kept" not in capsys.readouterr().out
    assert not needed.exists()


def test_a_relative_cache_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", "cache")
    with pytest.raises(
        cache.UnfitError,
        match=r"TRUEWHEEL_CACHE_DIR is cache, which is a relative path; set an absolute one",
    ):
        cache.opened(os.environ)
    assert cli.main(["cache", "info"]) != 0
    assert "set an absolute one" in "".join(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def test_where_the_system_does_not_tell_a_program_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "ST_NOEXEC", raising=False)
    environ = {"TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}
    assert cache.opened(environ) == tmp_path / "cache"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["CACHEDIR.TAG"]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(cache.UnfitError, match="no program can be run"):
        cache.opened(environ)


def test_commands_that_only_ask_make_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "some" / "cache"
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(root))
    answers = {
        "info": f"{root}: 0 bytes",
        "clean": f"freed 0 bytes in {root}",
        "path": str(root),
    }
    for command, answer in answers.items():
        assert cli.main(["cache", command]) == 0
        assert capsys.readouterr().out.strip() == answer
        assert list(tmp_path.iterdir()) == []
    root.mkdir(parents=True)
    assert cli.main(["cache", "info"]) == 0
    assert list(root.iterdir()) == []


def test_a_directory_that_is_not_a_cache_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "theirs"
    root.mkdir()
    (root / "mine").touch()
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(root))
    assert cli.main(["cache", "info"]) == 2
    assert "is not empty and was not made by truewheel" in capsys.readouterr().err
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(root / "mine"))
    assert cli.main(["cache", "info"]) == 2
    assert "cannot be used (Not a directory)" in capsys.readouterr().err


def test_cleaning_deletes_what_nobody_needs_any_more(
    root: Path, tmp_path: Path
) -> None:
    needed = entry(root, "environments/needed")
    cache.pin(needed, tmp_path / "gone")
    assert cli.main(["cache", "clean"]) == 0
    assert not needed.exists()


def test_cleaning_keeps_what_another_process_uses(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = entry(root, "environments/used")
    command = [sys.executable, "-c", HOLD, used]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with cache.hold(used):  # it can be shared
            assert cli.main(["cache", "clean", "--all"]) == 0
        assert cache.trim(root, 0) == 0
        assert used.is_dir()
        process.communicate("\n")
    assert "that is in use" in capsys.readouterr().out
    assert cache.trim(root, 0) > 0
    assert not used.exists()


def test_what_a_killed_build_left_is_counted_and_deleted(root: Path) -> None:
    slot = root / "builds/project/0"
    slot.mkdir(parents=True)
    cache.claim(slot)
    (slot / "data").write_bytes(os.urandom(10_000))
    size = (slot / "data").stat().st_blocks * 512
    assert [e.size for e in cache.entries(root)] == [size]
    assert cache.trim(root, 0) == size
    assert not slot.exists()
