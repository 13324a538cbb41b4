"""Which process belongs to which step, and what a step is taken to have asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import needs
from truewheel.model.evidence import Question
from truewheel.model.observation import Process, Trace, Unseen
from truewheel.system.warm import ninja_file
from truewheel.system.warm.ninja_file import Step
from truewheel.system.warm.watched_steps import (
    Asked,
    Tools,
    UnwatchedError,
    asked_by,
    commands_of,
    first_unwatched,
    processes_by_step,
    tools_of,
    without_times_of_what_is_read,
)

SH = ("/bin/sh", "-c")


def is_restless(variable: str) -> bool:
    return variable in {"TERM", "COLUMNS"}


TOOLS = Tools(
    compilers=frozenset({"/bin/cc", "/bin/ccache"}),
    launchers=frozenset({"/bin/ccache"}),
    makers=frozenset({"/bin/cmake"}),
    is_restless=is_restless,
)


def process(
    number: int,
    parent: int = 1,
    program: str = "/bin/any",
    arguments: tuple[str, ...] = ("any",),
    **sets: set[Any],
) -> Process:
    frozen = {name: frozenset(found) for name, found in sets.items()}
    return Process(
        number=number,
        parent=parent,
        program=program,
        folder="/tree",
        arguments=arguments,
        **frozen,
    )


def shell(number: int, command: str, parent: int = 1, **sets: set[Any]) -> Process:
    return process(number, parent, "/bin/dash", (*SH, command), **sets)


# --- which process belongs to which step ------------------------------------------------------------------------------


def grouped(commands: dict[str, str], *processes: Process) -> dict[str, list[int]]:
    """Return the numbers of the processes of each step."""
    trace = Trace(processes={each.number: each for each in processes}, is_whole=True)
    found = processes_by_step(trace, commands)
    return {step: [each.number for each in group] for step, group in found.items()}


def test_all_that_the_shell_of_a_step_starts_belongs_to_it() -> None:
    found = grouped(
        {"cc a.c": "a.o", "cc b.c": "b.o"},
        process(1, 0, "/bin/ninja", ("ninja",)),
        shell(2, "cc a.c"),
        shell(3, "cc b.c"),
        process(4, 3),
        process(5, 2),
        process(6, 4),
    )
    assert found == {"a.o": [2, 5], "b.o": [3, 4, 6]}


def test_a_shell_in_a_step_is_of_that_step_even_if_it_runs_what_another_step_does() -> (
    None
):
    found = grouped(
        {"make all": "all", "cc a.c": "a.o"},
        shell(2, "make all"),
        shell(3, "cc a.c", parent=2),
        process(4, 3),
    )
    assert found == {"all": [2, 3, 4]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("ninja",),
        ("/bin/sh", "-c", "other"),
        ("/bin/sh", "cc a.c"),
        ("/bin/sh", "-e", "cc a.c"),
        ("/bin/sh", "-c", "cc a.c", "more"),
    ],
)
def test_a_process_of_no_step_belongs_to_none(arguments: tuple[str, ...]) -> None:
    commands = {"cc a.c": "a.o"}
    assert grouped(commands, process(2, 1, "/bin/sh", arguments), process(3, 2)) == {}


def test_processes_are_taken_in_the_order_of_their_starts() -> None:
    found = grouped({"x": "x"}, process(12, 11), process(11, 2), shell(2, "x"))
    assert found == {"x": [2, 11, 12]}


# --- commands ---------------------------------------------------------------------------------------------------------

BUILD_FILE = """\
rule CC
  command = cc $FLAGS -c $in -o $out
rule CUSTOM_COMMAND
  command = $COMMAND
build a$ b.o: CC a$ b.c
  FLAGS = -DHOME=$$HOME
build colon$:.o | second.o: CC colon$:.c || first.h
build first.h: CUSTOM_COMMAND
  COMMAND = printf '$$x$:$ y' > first.h
build made.h: CUSTOM_COMMAND first.h
  COMMAND = cd /$ x && cp first.h made.h && echo $$PATH
build all: phony a$ b.o colon$:.o made.h
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    ninja = needs.program("ninja")
    tree = tmp_path / "build"
    tree.mkdir()
    (tree / "CMakeCache.txt").write_text(f"CMAKE_MAKE_PROGRAM:FILEPATH={ninja}\n")
    (tree / "build.ninja").write_text(BUILD_FILE)
    for name in ("a b.c", "colon:.c"):
        (tree / name).touch()
    return tree


def test_commands_are_known_as_ninja_hands_them_to_the_shell(tree: Path) -> None:
    steps = list(ninja_file.steps(BUILD_FILE))
    found = commands_of(tree, steps)
    dry = [needs.program("ninja"), "-C", str(tree), "-n", "-v", "all"]
    run = subprocess.run(dry, capture_output=True, text=True, check=True)
    told = [line for line in run.stdout.splitlines() if line.startswith("[")]
    assert {line.partition("] ")[2] for line in told} == set(found)
    assert sorted(found.values()) == ["a b.o", "colon:.o", "first.h", "made.h"]
    assert found["printf '$x: y' > first.h"] == "first.h"


def test_commands_beside_linking_are_no_steps_of_their_own(tree: Path) -> None:
    step = Step("LINK", ("m.so",), (), ("strip m.so",))
    assert "strip m.so" not in commands_of(tree, [step])


def test_a_build_file_that_ninja_cannot_read_has_no_commands(tree: Path) -> None:
    (tree / "build.ninja").write_text("build\n")
    with pytest.raises(UnwatchedError):
        commands_of(tree, [])


# --- tools ------------------------------------------------------------------------------------------------------------


def test_tools_are_known_by_their_real_paths(tmp_path: Path) -> None:
    for name in ("gcc-12", "ar", "ccache", "cmake", "ninja"):
        (tmp_path / name).touch()
    (tmp_path / "cc").symlink_to("gcc-12")
    (tmp_path / "CMakeCache.txt").write_text(f"""\
CMAKE_C_COMPILER:FILEPATH={tmp_path}/cc;-m64
CMAKE_AR:FILEPATH={tmp_path}/ar
CMAKE_CXX_COMPILER:STRING=c++
CMAKE_C_COMPILER_LAUNCHER:STRING={tmp_path}/ccache
CMAKE_COMMAND:INTERNAL={tmp_path}/cmake
CMAKE_MAKE_PROGRAM:FILEPATH={tmp_path}/ninja
CMAKE_INSTALL_PREFIX:PATH={tmp_path}/prefix
""")
    real = os.path.realpath(tmp_path)
    assert tools_of(tmp_path, is_restless) == Tools(
        compilers=frozenset({f"{real}/gcc-12", f"{real}/ar"}),
        launchers=frozenset({f"{real}/ccache"}),
        makers=frozenset({f"{real}/cmake", f"{real}/ninja"}),
        is_restless=is_restless,
    )


# --- what they asked for ----------------------------------------------------------------------------------------------


def questions(*processes: Process) -> set[tuple[str, str]]:
    """Return what processes asked, as kinds and paths."""
    return {(kind, path) for kind, path in asked_by(processes, TOOLS).questions}


def test_each_kind_of_question() -> None:
    found = questions(
        process(2, program="/bin/cc", read={"/r"}, run={"/bin/as"}, missing={"/m"}, looked_at={"/l"}, listed={"/n"}, trees={"/t"}),
    )  # fmt: skip
    assert found == {
        ("R", "/r"),
        ("R", "/bin/as"),
        ("A", "/m"),
        ("A", "/l"),
        ("L", "/n"),
        ("T", "/t"),
    }


def test_whether_something_is_there_that_is_read_is_no_question() -> None:
    found = questions(process(2, read={"/f"}), process(3, 2, missing={"/f"}))
    assert found == {("R", "/f")}


def test_the_time_of_what_is_read_counts_for_commands_alone() -> None:
    found = questions(process(2, read={"/f"}), process(3, 2, looked_at={"/f"}))
    assert found == {("R", "/f"), ("S", "/f")}
    asked = [Question(kind, path) for kind, path in found]
    assert without_times_of_what_is_read(asked) == {Question("R", "/f")}


def test_a_directory_that_is_listed_is_asked_for_beside_its_content() -> None:
    found = questions(process(2, read={"/f"}, listed={"/f"}, trees={"/f"}))
    assert found == {("R", "/f"), ("L", "/f"), ("T", "/f")}


def test_of_what_a_program_only_looked_at_size_and_time_count() -> None:
    assert questions(process(2, looked_at={"/f"})) == {("S", "/f")}


@pytest.mark.parametrize(
    "program", ["/bin/cc", "/bin/ccache", "/bin/cmake"], ids=os.path.basename
)
def test_of_what_a_known_tool_only_looked_at_its_being_there_counts(
    program: str,
) -> None:
    found = asked_by([process(2, program=program, looked_at={"/f"})], TOOLS)
    assert found.questions == {Question("A", "/f")}
    assert not found.is_open


def test_what_a_compiler_starts_is_known_and_what_cmake_starts_is_not() -> None:
    compiler = process(3, 2, "/bin/cc")
    step = shell(2, "x")
    assert not asked_by([step, compiler, process(4, 3), process(5, 4)], TOOLS).is_open
    maker = process(3, 2, "/bin/cmake")
    assert asked_by([step, maker, process(4, 3)], TOOLS).is_open
    assert not asked_by([step, maker, process(4, 3, "/bin/cc")], TOOLS).is_open


def test_only_the_shell_of_a_step_is_no_shell_of_the_projects() -> None:
    assert not asked_by([shell(2, "cc a.c")], TOOLS).is_open
    assert asked_by([shell(2, "sh x"), shell(3, "x", parent=2)], TOOLS).is_open
    assert asked_by([process(2, 1, "/bin/dash", ("sh", "x"))], TOOLS).is_open


def test_where_programs_lie_is_asked_by_the_files_that_are_run() -> None:
    asked = asked_by([process(2, variables={"PATH", "HOME", "TERM"})], TOOLS)
    assert asked.variables == {"HOME", "TERM"}


def test_restless_variables_do_not_count_when_a_known_tool_asks_for_them() -> None:
    compiler = process(2, program="/bin/cc", variables={"PATH", "CPATH", "TERM"})
    assert asked_by([compiler], TOOLS).variables == {"CPATH"}
    other = process(3, variables={"COLUMNS"})
    assert asked_by([compiler, other], TOOLS).variables == {"CPATH", "COLUMNS"}


def test_texts_are_what_may_name_variables() -> None:
    texts = asked_by(
        [
            shell(2, "x", read={"/of_the_shell"}),
            process(3, 2, "/bin/cc", read={"/m.c"}),
            process(4, 2, "/bin/cmake", read={"/CMakeLists.txt"}),
            process(5, 2, read={"/script"}),
        ],
        TOOLS,
    ).texts
    assert texts == {"/CMakeLists.txt", "/script"}


def test_what_was_removed_was_written_too() -> None:
    asked = asked_by([process(2, written={"/a"}), process(3, removed={"/b"})], TOOLS)
    assert asked.written == {"/a", "/b"}


def test_what_a_launcher_keeps_for_other_builds_is_no_input(tmp_path: Path) -> None:
    cache = tmp_path / "ccache"
    (cache / "0" / "1").mkdir(parents=True)
    (cache / "CACHEDIR.TAG").touch()
    kept, beside = str(cache / "0" / "1" / "object"), str(tmp_path / "m.c")
    launcher = process(2, program="/bin/ccache", read={kept, beside})
    assert questions(launcher) == {("R", beside)}
    compiler = process(3, program="/bin/cc", read={kept})
    assert questions(launcher, compiler) == {("R", beside), ("R", kept)}


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        ({}, ""),
        ({"unseen": {Unseen("is a static program", "/x")}}, "/x is a static program"),
        ({"network": {"inet"}}, ""),
        ({"network": {"inet"}, "unseen": {Unseen("is b", "/x")}}, "/x is b"),
        ({"unseen": {Unseen("is b", "/x"), Unseen("is a", "/y")}}, "/y is a"),
    ],
)
def test_why_not_all_is_known(sets: dict[str, set[Any]], told: str) -> None:
    assert asked_by([process(2), process(3, **sets)], TOOLS).unseen == told


def test_a_step_asks_a_server_if_one_of_its_processes_does() -> None:
    assert not asked_by([process(2)], TOOLS).asks_a_server
    assert asked_by([process(2), process(3, network={"inet"})], TOOLS).asks_a_server


# --- words ------------------------------------------------------------------------------------------------------------


# --- whether it was seen ----------------------------------------------------------------------------------------------


def seen(*paths: Path | str, unseen: str = "") -> Asked:
    return Asked(
        questions=frozenset(Question("R", str(path)) for path in paths),
        variables=frozenset(),
        is_open=False,
        texts=frozenset(),
        written=frozenset(),
        unseen=unseen,
        asks_a_server=False,
    )


STEP = Step("C_COMPILER", ("m.o",), ("m.c", "m.h"))


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    unit = tmp_path / "m.c"
    unit.touch()
    return unit


def test_a_compiler_that_opened_its_source_was_watched(unit: Path) -> None:
    assert first_unwatched([STEP], {"m.o": seen(unit)}, unit.parent) == ""


def test_a_compiler_that_opened_nothing_works_elsewhere(unit: Path) -> None:
    other = unit.with_name("m.h")
    assert first_unwatched([STEP], {"m.o": seen(other)}, unit.parent) == "m.o"


def test_looking_at_a_source_is_not_opening_it(unit: Path) -> None:
    asked = replace_questions(seen(), Question("S", str(unit)))
    assert first_unwatched([STEP], {"m.o": asked}, unit.parent) == "m.o"


def replace_questions(asked: Asked, *found: Question) -> Asked:
    return Asked(
        questions=frozenset(found),
        variables=asked.variables,
        is_open=asked.is_open,
        texts=asked.texts,
        written=asked.written,
        unseen=asked.unseen,
        asks_a_server=asked.asks_a_server,
    )


def test_a_compiler_that_could_not_be_seen_works_elsewhere(unit: Path) -> None:
    asked = seen(unit, unseen="zig is a static program")
    assert first_unwatched([STEP], {"m.o": asked}, unit.parent) == "m.o"


def test_a_source_may_be_opened_through_a_link(unit: Path) -> None:
    link = unit.with_name("link.c")
    link.symlink_to(unit)
    assert first_unwatched([STEP], {"m.o": seen(link)}, unit.parent) == ""
    step = STEP._replace(inputs=("link.c",))
    assert first_unwatched([step], {"m.o": seen(unit)}, unit.parent) == ""


@pytest.mark.parametrize(
    "step",
    [
        STEP._replace(inputs=()),
        STEP._replace(inputs=("absent.c",)),
        STEP._replace(rule="RERUN_CMAKE"),
        STEP._replace(rule="CUSTOM_COMMAND"),
        STEP._replace(commands=("python after.py",)),
        STEP._replace(outputs=("not_run.o",)),
    ],
    ids=["no input", "gone", "CMake", "command", "command after it", "not run"],
)
def test_a_step_of_which_nothing_is_to_be_seen_is_passed_over(
    unit: Path, step: Step
) -> None:
    assert first_unwatched([step], {"m.o": seen()}, unit.parent) == ""


def test_the_first_of_several_is_told(unit: Path) -> None:
    steps = [STEP, STEP._replace(outputs=("n.o",)), STEP._replace(outputs=("o.o",))]
    asked = {"m.o": seen(unit), "n.o": seen(), "o.o": seen()}
    assert first_unwatched(steps, asked, unit.parent) == "n.o"
