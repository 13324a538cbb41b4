"""Copies of a source tree in which untouched files keep their time stamps."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support import needs
from truewheel.model.build_record import Stamp
from truewheel.system.warm.mirror import let_git_look, update_mirror

LONG_AGO = 1_600_000_000_000_000_000
NOTHING_KNOWN: dict[str, Stamp] = {}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small source tree."""
    tree = tmp_path / "source"
    (tree / "src").mkdir(parents=True)
    (tree / "CMakeLists.txt").write_text("project(p)\n")
    (tree / "src" / "m.c").write_text("int m;\n")
    return tree


@pytest.fixture
def target(tmp_path: Path, source: Path) -> Path:
    """A mirror of the source whose files are old."""
    tree = tmp_path / "cache" / "mirror"
    mirrored(source, tree)
    for path in tree.rglob("*"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return tree


def mirrored(
    source: Path, target: Path, leave_out: frozenset[Path] = frozenset()
) -> set[str]:
    """Make the mirror, and return the names of what was in it and not in the source."""
    _, strays = update_mirror(
        source, target, present=NOTHING_KNOWN, leave_out=leave_out
    )
    return set(strays)


def files(tree: Path) -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        path.relative_to(tree).as_posix(): path.read_text()
        for path in tree.rglob("*")
        if path.is_file()
    }


def test_a_mirror_holds_what_its_source_holds(source: Path, target: Path) -> None:
    assert files(target) == files(source)


def test_only_what_differs_gets_a_new_time_stamp(source: Path, target: Path) -> None:
    (source / "src" / "m.c").write_text("int changed;\n")
    mirrored(source, target)
    assert (target / "src" / "m.c").read_text() == "int changed;\n"
    assert (target / "src" / "m.c").stat().st_mtime_ns > LONG_AGO
    assert (target / "CMakeLists.txt").stat().st_mtime_ns == LONG_AGO


def test_a_source_whose_files_are_new_but_equal_changes_nothing(
    source: Path, target: Path
) -> None:
    """As front ends leave it, which unpack an sdist anew for every build."""
    for path in source.rglob("*"):
        os.utime(path)
    mirrored(source, target)
    assert (target / "src" / "m.c").stat().st_mtime_ns == LONG_AGO


def test_what_is_gone_from_the_source_goes_and_is_told(
    source: Path, target: Path
) -> None:
    (target / "made_by_the_build.h").write_text("")
    (source / "src" / "m.c").unlink()
    assert mirrored(source, target) == {"made_by_the_build.h", "src/m.c"}
    assert files(target) == files(source)


def test_build_trees_in_a_mirror_stay(source: Path, target: Path) -> None:
    build = target / "out" / "build"
    build.mkdir(parents=True)
    (build / "m.o").write_text("")
    assert mirrored(source, target, frozenset({build})) == set()
    assert (build / "m.o").is_file()


def test_a_file_takes_the_place_of_a_directory(source: Path, target: Path) -> None:
    (source / "src" / "m.c").unlink()
    (source / "src").rmdir()
    (source / "src").write_text("now a file\n")
    mirrored(source, target)
    assert (target / "src").read_text() == "now a file\n"


def test_a_link_within_the_source_stays_within_the_mirror(
    source: Path, target: Path
) -> None:
    (source / "link.c").symlink_to("src/m.c")
    mirrored(source, target)
    assert (target / "link.c").readlink() == Path("src/m.c")


def test_a_link_out_of_the_source_leads_to_the_same_place(
    source: Path, target: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared.h").write_text("// shared\n")
    (source / "shared.h").symlink_to("../shared.h")
    mirrored(source, target)
    assert (target / "shared.h").read_text() == "// shared\n"


def test_git_looks_at_a_mirror_and_at_no_other_repository(
    source: Path, target: Path, tmp_path: Path
) -> None:
    """Variables of Git's that a caller has set, as hooks of Git's have them, lead elsewhere."""
    git = [needs.program("git"), "-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], cwd=source, check=True)
    theirs = (source / ".git" / "index").read_bytes()
    mirrored(source, target)
    environ = {
        **os.environ,
        "GIT_DIR": str(source / ".git"),
        "GIT_INDEX_FILE": str(source / ".git" / "index"),
    }
    let_git_look(target, environ)
    look = [*git, "diff-index", "--quiet", "HEAD"]
    assert subprocess.run(look, cwd=target, check=False).returncode == 0
    assert (source / ".git" / "index").read_bytes() == theirs
    (target / "src" / "m.c").write_text("int changed;\n")
    assert subprocess.run(look, cwd=target, check=False).returncode == 1


def test_a_file_that_cannot_be_written_is_mirrored_as_one_that_can(
    source: Path, target: Path
) -> None:
    """Else the next build could not change it."""
    (source / "src" / "m.c").chmod(0o444)
    mirrored(source, target)
    assert (target / "src" / "m.c").stat().st_mode & 0o777 == 0o644
