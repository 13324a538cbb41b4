"""Before the next build, stale files of a build tree go, and others stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.system.warm import invalidation

LOG_HEADER = "# ninja log v6\n"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build tree of Ninja's: one object that it made, and files that CMake wrote."""
    write(tmp_path, "CMakeCache.txt", "CMAKE_GENERATOR:INTERNAL=Ninja\n")
    write(
        tmp_path, "build.ninja", "build m.o: CC m.c\n  COMMAND = generate table.bin\n"
    )
    write(tmp_path, ".ninja_log", LOG_HEADER + "0\t1\t2\tm.o\tabc\n")
    write(tmp_path, ".ninja_deps", "")
    write(tmp_path, "m.o", "compiled")
    write(tmp_path, "config.h", "#define LEVEL 1\n")
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def names(tree: Path) -> set[str]:
    """Return the names of all files in a tree."""
    return {
        path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()
    }


def test_without_its_configuration_a_tree_keeps_what_commands_made_and_ninjas_account_of_it(
    build: Path,
) -> None:
    invalidation.delete_configuration(build, leftovers=())
    assert names(build) == {"m.o", ".ninja_log", ".ninja_deps"}


def test_without_its_configuration_a_tree_keeps_what_commands_made_without_declaring_it(
    build: Path,
) -> None:
    """Ninja would not make it again."""
    write(build, "table.bin", "made beside m.o")
    invalidation.delete_configuration(build, leftovers=["table.bin"])
    assert "table.bin" in names(build)


def test_what_cmake_had_written_is_told(build: Path) -> None:
    """If CMake writes the same again, its time stamp is set back: nothing is compiled for it."""
    known = invalidation.delete_configuration(build, leftovers=())
    assert set(known) == {build / "config.h"}
    assert known[build / "config.h"].status[0] == len("#define LEVEL 1\n")


def test_leftovers_that_no_command_names_any_more_are_deleted(build: Path) -> None:
    write(build, "table.bin", "")
    write(build, "old.bin", "")
    invalidation.delete_orphans(build, ["table.bin", "old.bin"])
    assert "table.bin" in names(build)
    assert "old.bin" not in names(build)


def test_a_projects_own_directory_keeps_what_others_put_there(build: Path) -> None:
    write(build, "notes.txt", "by hand")
    invalidation.delete_own_configuration(build, ["config.h"])
    assert names(build) == {"notes.txt", "m.o", ".ninja_log", ".ninja_deps"}


def test_objects_in_a_projects_own_directory_go_when_they_are_stale(
    build: Path,
) -> None:
    write(build, "notes.txt", "by hand")
    write(build, "CMakeFiles/rules.txt", "")
    invalidation.delete_own_files(build, ["config.h"])
    assert names(build) == {"notes.txt"}


def test_files_outside_of_the_tree_are_never_deleted(
    build: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A command may write wherever it likes, and Ninja's log has the path."""
    outside = tmp_path_factory.mktemp("outside") / "made.c"
    outside.write_text("")
    write(
        build, ".ninja_log", f"{LOG_HEADER}0\t1\t2\t{outside}\tabc\n0\t1\t2\tm.o\tabc\n"
    )
    invalidation.delete_objects(build)
    assert "m.o" not in names(build)
    assert outside.is_file()
