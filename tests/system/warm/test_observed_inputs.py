"""Everything that went into a build and that the build tool cannot see by itself, read off its build tree."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from truewheel.model.build_record import ANY, COMMIT, Stamp, Traces
from truewheel.model.record import replace
from truewheel.system.warm.finished_build import FinishedBuild
from truewheel.system.warm.observed_inputs import observe
from truewheel.system.warm.path_regions import PathRegions, draw_regions, find_roots


class Project:
    """A source tree and a build tree of Ninja's, written by hand."""

    def __init__(self, place: Path) -> None:
        self.source, self.build, self.outside = (
            place / "source",
            place / "build",
            place / "outside",
        )
        for folder in (self.source, self.build, self.outside):
            folder.mkdir()

    def write(self, name: str, text: str) -> Path:
        """Write a source file."""
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def regions(self) -> PathRegions:
        return draw_regions(self.build, self.source, roots=(), homes=())

    def observed(self, *rules: str, cache: str = "", **more: object) -> Traces:
        """Return what is seen of a build with these rules in ``build.ninja`` and these entries of CMake's cache."""
        (self.build / "CMakeCache.txt").write_text(
            f"CMAKE_GENERATOR:INTERNAL=Ninja\n{cache}"
        )
        (self.build / "build.ninja").write_text("\n".join(rules) + "\n")
        build = FinishedBuild(
            tree=self.build,
            regions=self.regions(),
            sources=dict(self.sources()),
            packed=(),
            written_by_cmake=frozenset(),
            environ={"PATH": os.defpath},
            ended=0,
            ended_well=True,
        )
        return observe(replace(build, **more))

    def sources(self) -> Iterator[tuple[str, Stamp]]:
        """Yield the names of all source files, with as much of a stamp as is looked at."""
        for path in self.source.rglob("*"):
            if path.is_file():
                digest = f"link:{path.readlink()}" if path.is_symlink() else "digest"
                yield (
                    path.relative_to(self.source).as_posix(),
                    Stamp(digest, 0o644, (0, 0, 0, 0)),
                )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


# --- which files went in ----------------------------------------------------------------------------------------------


def test_sources_are_known_by_what_reads_them(project: Project) -> None:
    unit, lists, data = (
        project.write(name, "") for name in ("src/m.c", "CMakeLists.txt", "data.txt")
    )
    seen = project.observed(
        f"build m.o: CC {unit}",
        f"build build.ninja: RERUN_CMAKE {lists}",
        packed=(data,),
    )
    assert seen.compiled == {"src/m.c"}
    assert seen.configured == {"CMakeLists.txt"}
    assert seen.packed == {"data.txt"}


def test_files_outside_of_the_source_are_known_by_their_stamps(
    project: Project,
) -> None:
    header = project.outside / "lib.h"
    header.write_text("// 1\n")
    rule = f"build m.o: CC m.c | {header}"
    before = project.observed(rule).outside[str(header)]
    assert before
    assert project.observed(rule).outside[str(header)] == before
    header.write_text("// 2\n")
    assert project.observed(rule).outside[str(header)] != before


def test_a_file_outside_that_appears_later_is_seen(project: Project) -> None:
    assert (
        project.observed(f"build m.o: CC {project.outside / 'absent.h'}").outside[
            str(project.outside / "absent.h")
        ]
        == ""
    )


def test_files_of_distributions_are_known_by_their_content(project: Project) -> None:
    """People edit what is installed, and may give it its old time stamp again."""
    installed = next(Path(sysconfig.get_path("purelib")).rglob("*.py"))
    regions = project.regions()
    assert has_digest(regions.mark(os.fspath(installed)))
    assert not has_digest(regions.mark(os.fspath(Path(os.__file__))))


def has_digest(stamp: str) -> bool:
    return " " in stamp


def test_a_new_file_in_a_searched_directory_is_seen(project: Project) -> None:
    rule = f"build m.o: CC m.c\n  FLAGS = -I{project.outside}"
    before = project.observed(rule).folders[str(project.outside)]
    (project.outside / "config.h").touch()
    assert project.observed(rule).folders[str(project.outside)] != before


def test_a_linked_file_outside_is_seen(project: Project) -> None:
    (project.outside / "shared.h").touch()
    (project.source / "shared.h").symlink_to(project.outside / "shared.h")
    seen = project.observed("build m.o: CC m.c")
    assert str(project.outside / "shared.h") in seen.outside


def test_projects_beside_the_source_are_part_of_it(project: Project) -> None:
    """As ``add_subdirectory(../common)`` and FetchContent with a local directory have them."""
    cache = f"p_SOURCE_DIR:STATIC={project.source}\ncommon_SOURCE_DIR:STATIC={project.outside}\n"
    (project.build / "CMakeCache.txt").write_text(cache)
    roots = find_roots(project.build, project.source, homes=())
    assert roots == (str(project.outside),)
    regions = draw_regions(project.build, project.source, roots=roots, homes=())
    assert regions.name(str(project.outside / "m.c")) == "../outside/m.c"
    assert not regions.is_outside(str(project.outside / "m.c"))


def test_a_build_tree_within_the_source_is_not_source(project: Project) -> None:
    regions = draw_regions(project.source / "build", project.source, roots=(), homes=())
    assert regions.name(str(project.source / "build" / "m.o")) is None
    assert regions.name(str(project.source / "m.c")) == "m.c"


# --- commands of the project's ----------------------------------------------------------------------------------------


def custom(command: str, *inputs: Path | str) -> str:
    """Return a rule that runs a command of the project's own."""
    return f"build out.c: CUSTOM_COMMAND {' '.join(map(str, inputs))}\n  COMMAND = {command}"


def test_without_commands_nothing_is_left_behind(project: Project) -> None:
    (project.build / "stray.txt").touch()
    seen = project.observed("build m.o: CC m.c")
    assert not seen.runs_own_commands
    assert seen.strays == frozenset()


def test_files_that_a_command_names_without_declaring_them_are_seen(
    project: Project,
) -> None:
    table = project.write("tools/table.csv", "")
    declared = project.write("tools/declared.csv", "")
    seen = project.observed(custom(f"convert {table} {declared}", declared))
    assert seen.runs_own_commands
    assert seen.mentioned == {"tools/table.csv"}


def test_modules_that_a_script_imports_are_seen(project: Project) -> None:
    script = project.write("tools/make.py", "import words\n")
    project.write("tools/words.py", "from letters import A\n")
    project.write("tools/letters.py", "A = 1\n")
    project.write("tools/unrelated.py", "")
    seen = project.observed(custom(f"python3 {script}", script))
    assert seen.mentioned == {"tools/words.py", "tools/letters.py"}


def test_what_a_command_leaves_undeclared_is_told_apart_by_whether_a_command_names_it(
    project: Project,
) -> None:
    (project.build / "named.bin").touch()
    (project.build / "unnamed.bin").touch()
    seen = project.observed(
        custom("generate named.bin"),
        written_by_cmake=frozenset({"CMakeCache.txt", "build.ninja"}),
    )
    assert seen.leftovers == {"named.bin"}
    assert seen.strays == {"unnamed.bin"}


def test_a_command_that_asks_git_depends_on_the_commit(project: Project) -> None:
    assert COMMIT in project.observed(custom("git describe")).variables
    assert COMMIT not in project.observed(custom("date")).variables


def test_files_beside_a_script_outside_are_seen(project: Project) -> None:
    script, beside = project.outside / "make.py", project.outside / "beside.py"
    script.touch()
    beside.touch()
    assert str(beside) in project.observed(custom(f"python3 {script}")).outside


# --- what CMake files do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "variable"),
    [("set(x $ENV{LEVEL})", "LEVEL"), ("set(x $ENV{${name}})", ANY)],
    ids=["by name", "computed"],
)
def test_variables_that_cmake_files_ask_for_are_seen(
    project: Project, text: str, variable: str
) -> None:
    lists = project.write("CMakeLists.txt", text)
    assert (
        variable
        in project.observed(f"build build.ninja: RERUN_CMAKE {lists}").variables
    )


@pytest.mark.parametrize(
    "text",
    [
        "file(READ data.txt x)",
        "EXECUTE_PROCESS(COMMAND date)",
        "check_symbol_exists(f h x)",
    ],
)
def test_cmake_files_that_read_others_are_seen(project: Project, text: str) -> None:
    lists = project.write("CMakeLists.txt", text)
    assert project.observed(f"build build.ninja: RERUN_CMAKE {lists}").cmake_reads_files


def test_cmake_files_that_read_nothing_are_seen(project: Project) -> None:
    lists = project.write("CMakeLists.txt", "add_library(file m.c)")
    assert not project.observed(
        f"build build.ninja: RERUN_CMAKE {lists}"
    ).cmake_reads_files


def test_only_cmakes_own_modules_may_read_what_nobody_watches(
    project: Project, tmp_path: Path
) -> None:
    """They change with CMake, wherever that is installed; those of a package that nobody answers for may change alone."""
    cmake, package = tmp_path / "cmake", tmp_path / "package"
    for folder in (cmake, package):
        folder.mkdir()
        (folder / "Find.cmake").write_text("execute_process(COMMAND date)\n")
    cache = f"CMAKE_ROOT:INTERNAL={cmake}\n"
    assert not project.observed(
        f"build build.ninja: RERUN_CMAKE {cmake / 'Find.cmake'}", cache=cache
    ).cmake_reads_files
    assert project.observed(
        f"build build.ninja: RERUN_CMAKE {package / 'Find.cmake'}", cache=cache
    ).cmake_reads_files


# --- what compilers do --------------------------------------------------------------------------------------------------


def test_a_source_that_asks_for_headers_is_seen(project: Project) -> None:
    """A header that appears later changes what is compiled, and no build tool knows."""
    asks = project.write("asks.c", '#if __has_include("optional.h")\n#endif\n')
    plain = project.write("plain.c", "int m;\n")
    assert project.observed(f"build m.o: CC {asks}").asks_for_headers
    assert not project.observed(f"build m.o: CC {plain}").asks_for_headers


def test_a_compiler_that_is_a_script_may_read_what_lies_beside_it(
    project: Project,
) -> None:
    compiler, beside = project.outside / "cc", project.outside / "cc.conf"
    compiler.write_text('#!/bin/sh\nexec gcc $CC_FLAGS "$@"\n')
    beside.touch()
    seen = project.observed(
        "build m.o: CC m.c", cache=f"CMAKE_C_COMPILER:FILEPATH={compiler}\n"
    )
    assert seen.has_script_tools
    assert "CC_FLAGS" in seen.variables
    assert str(beside) in seen.outside
