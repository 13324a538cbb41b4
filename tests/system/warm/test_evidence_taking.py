"""From hand-made traces and a small tree to evidence: what becomes a question, of which step, and with which answer."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from support import needs
from truewheel.model.evidence import (
    IN_DOUBT,
    Evidence,
    Question,
    StepEvidence,
    numbers,
)
from truewheel.model.observation import Process, Trace, Unseen
from truewheel.model.record import replace
from truewheel.system.warm import answers
from truewheel.system.warm.build_inputs import INSTALLED
from truewheel.system.warm.evidence_taking import (
    UnwatchedError,
    Watched,
    take_evidence,
)
from truewheel.system.warm.path_regions import draw_regions
from truewheel.system.warm.watched_steps import Tools

NOTHING = Trace(processes={}, is_whole=True)
GENERATE = "python gen.py"
COMPILE = "cc -c {source}/m.c -o m.o"
LINK = "link m.o -o m.so"


def is_restless(variable: str) -> bool:
    return variable in {"TERM", "environ"}


class Project:
    """A source tree, a build tree of Ninja's with three steps, and processes as they are watched.

    :ivar ran: the steps that were run, as it was told at last.
    """

    def __init__(self, place: Path) -> None:
        self.source, self.tree, self.ours, self.installed = (
            place / name for name in ("source", "tree", "ours", "installed")
        )
        for folder in (self.source, self.tree, self.ours, self.installed):
            folder.mkdir()
        self.ran: tuple[str, ...] = ()
        self.unit = self.write("source/m.c")
        self.script = self.write("source/gen.py")
        self.use("Ninja")
        self.write(
            "tree/build.ninja",
            f"""\
rule CC
  command = cc -c $in -o $out
rule LD
  command = link $in -o $out
rule CUSTOM_COMMAND
  command = $COMMAND
rule RERUN_CMAKE
  command = cmake --regenerate
rule VERIFY_GLOBS
  command = cmake -P verify
build m.o: CC {self.unit}
build m.so: LD m.o
build table.h: CUSTOM_COMMAND {self.script}
  COMMAND = {GENERATE}
build build.ninja: RERUN_CMAKE {self.source}/CMakeLists.txt
  generator = 1
build verified: VERIFY_GLOBS {self.source}/CMakeLists.txt
build all: phony m.so table.h
""",
        )

    def use(self, generator: str) -> None:
        """Have the tree be of a generator."""
        ninja = needs.program("ninja")
        self.write(
            "tree/CMakeCache.txt",
            f"CMAKE_GENERATOR:INTERNAL={generator}\nCMAKE_MAKE_PROGRAM:FILEPATH={ninja}\n",
        )

    def write(self, name: str, text: str = "") -> str:
        """Write a file beside or in the trees; return its path."""
        path = self.source.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def name(self, path: str) -> str:
        """Return a path from the directory of all."""
        return path.removeprefix(f"{self.source.parent}/")

    # --- processes ------------------------------------------------------------------------------------------------

    def compiled(self, number: int = 10, **sets: set[Any]) -> list[Process]:
        """Return the processes that compile ``m.c``."""
        command = COMPILE.format(source=self.source)
        read = {self.unit, *sets.pop("read", set())}
        return step(number, command, "/bin/cc", read=read, **sets)

    def linked(self, number: int = 20, **sets: set[Any]) -> list[Process]:
        read = {f"{self.tree}/m.o", *sets.pop("read", set())}
        return step(number, LINK, "/bin/cc", read=read, **sets)

    def generated(self, number: int = 30, **sets: set[Any]) -> list[Process]:
        """Return the processes of the project's own command."""
        return step(number, GENERATE, "/bin/python", **sets)

    # --- evidence -------------------------------------------------------------------------------------------------

    def evidence(
        self,
        *building: Process,
        before: Evidence | None = None,
        installed: bool = False,
        **more: Any,
    ) -> Evidence:
        """Return the evidence of a build in which these processes ran."""
        # What was written just now has a time stamp of the system's clock, which is late by some milliseconds.
        started = more.pop("started", time.time_ns())
        watched = Watched(
            tree=self.tree,
            configuring=NOTHING,
            building=trace(*building),
            packed=(),
            tools=Tools(
                compilers=frozenset({"/bin/cc"}),
                launchers=frozenset(),
                makers=frozenset({"/bin/cmake"}),
                is_restless=is_restless,
            ),
            regions=draw_regions(self.tree, self.source, roots=(), homes=()),
            unasked=(f"{self.ours}/",),
            installed=f"{self.installed}/" if installed else "",
            started=started,
        )
        found, self.ran = take_evidence(replace(watched, **more), before or Evidence())
        return found

    def asked(self, evidence: Evidence, bits: int) -> set[tuple[str, str]]:
        """Return questions as kinds and names."""
        asked = [evidence.questions[number] for number in numbers(bits)]
        return {(kind, self.name(path)) for kind, path in asked}

    def answer(self, evidence: Evidence, kind: str, path: str) -> str:
        return evidence.answers[evidence.questions.index(Question(kind, path))]


def trace(*processes: Process) -> Trace:
    return Trace(processes={each.number: each for each in processes}, is_whole=True)


def step(number: int, command: str, program: str, **sets: set[Any]) -> list[Process]:
    """Return the shell of a step, and the program that it starts."""
    shell = Process(
        number=number,
        parent=1,
        program="/bin/dash",
        folder="/",
        arguments=("/bin/sh", "-c", command),
    )
    frozen = {name: frozenset(found) for name, found in sets.items()}
    started = Process(
        number=number + 1,
        parent=number,
        program=program,
        folder="/",
        arguments=(program,),
        **frozen,
    )
    return [shell, started]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


# --- what becomes a question ------------------------------------------------------------------------------------------


def test_files_of_the_tree_are_asked_for_later_unless_the_build_tool_knows_them(
    project: Project,
) -> None:
    made, unit_made = project.write("tree/config.h"), project.write("tree/m.o")
    evidence = project.evidence(
        *project.compiled(read={made}, written={unit_made}), *project.linked()
    )
    unit, library = evidence.steps["m.o"], evidence.steps["m.so"]
    assert project.asked(evidence, unit.asked) == {
        ("R", "source/m.c"),
        ("R", "tree/config.h"),
        ("S", "tree/m.o"),
    }
    assert project.asked(evidence, unit.later) == {("R", "tree/config.h")}
    # What it links is declared; what it makes is looked at to see whether it was made since.
    assert project.asked(evidence, library.asked) == {("S", "tree/m.so")}
    assert project.ran == ("m.o", "m.so")


def test_the_tree_itself_is_asked_for_later(project: Project) -> None:
    evidence = project.evidence(*project.generated(listed={str(project.tree)}))
    found = evidence.steps["table.h"]
    assert project.asked(evidence, found.later) == {("L", "tree")}


def test_what_a_step_wrote_itself_is_no_question(project: Project) -> None:
    own, other = project.write("tree/own"), project.write("tree/other")
    found = project.generated(read={own, other}, written={own})
    evidence = project.evidence(*found)
    later = evidence.steps["table.h"].later
    assert project.asked(evidence, later) == {("R", "tree/other")}


@pytest.mark.parametrize("where", ["/proc/cpuinfo", "/sys/devices", "/dev/null"])
def test_what_the_kernel_tells_is_no_question(project: Project, where: str) -> None:
    evidence = project.evidence(*project.compiled(read={where}))
    assert where not in {question.path for question in evidence.questions}


def test_what_is_ours_is_no_question(project: Project) -> None:
    ours, beside = project.write("ours/stage"), project.write("ours_not")
    evidence = project.evidence(*project.compiled(read={ours, beside}))
    paths = {question.path for question in evidence.questions}
    assert (ours in paths, beside in paths) == (False, True)


def test_what_is_installed_to_build_counts_as_a_whole(project: Project) -> None:
    header = project.write("installed/numpy.h")
    processes = project.compiled(read={header})
    evidence = project.evidence(*processes, installed=True)
    assert header not in {question.path for question in evidence.questions}
    assert evidence.steps["m.o"].variables == {INSTALLED}
    evidence = project.evidence(*processes)
    assert header in {question.path for question in evidence.questions}
    assert evidence.steps["m.o"].variables == frozenset()


def test_an_interpreter_may_import_whatever_is_installed(project: Project) -> None:
    processes = [*project.compiled(), *project.generated()]
    steps = project.evidence(*processes, installed=True).steps
    assert steps["table.h"].variables == {INSTALLED}
    assert steps["m.o"].variables == frozenset()
    assert project.evidence(*processes).steps["table.h"].variables == frozenset()


def test_a_temporary_file_that_is_gone_is_no_question(project: Project) -> None:
    gone = "/nowhere/cc1.s"
    found = project.compiled(read={gone}, missing={"/nowhere/m.h"}, removed={gone})
    evidence = project.evidence(*found)
    assert project.asked(evidence, evidence.steps["m.o"].asked) == {
        ("R", "source/m.c"),
        ("A", "/nowhere/m.h"),
        ("S", "tree/m.o"),
    }
    assert project.answer(evidence, "A", "/nowhere/m.h") == ""


def test_what_is_packed_as_it_is_is_asked_by_content(project: Project) -> None:
    source = project.write("source/pkg/__init__.py")
    made, ours = project.write("tree/made.py"), project.write("ours/stage.py")
    packed = tuple(map(Path, (source, made, ours)))
    evidence = project.evidence(packed=packed)
    asked = project.asked(evidence, evidence.packing.asked)
    assert asked == {("R", "source/pkg/__init__.py")}


# --- steps ------------------------------------------------------------------------------------------------------------


def test_a_command_of_the_projects_is_known_as_such(project: Project) -> None:
    steps = project.evidence(*project.compiled(), *project.generated()).steps
    found = {name: (step.is_own, step.is_open) for name, step in steps.items()}
    assert found == {"m.o": (False, False), "table.h": (True, True)}


@pytest.mark.parametrize(("command", "is_open"), [("x $$HOME", True), ("x", False)])
def test_a_command_with_a_variable_may_look_at_any(
    project: Project, command: str, *, is_open: bool
) -> None:
    path = project.tree / "build.ninja"
    path.write_text(path.read_text().replace(GENERATE, command))
    processes = step(30, command.replace("$$", "$"), "/bin/cc")
    assert project.evidence(*processes).steps["table.h"].is_open is is_open


def test_files_that_a_step_leaves_without_declaring_them(project: Project) -> None:
    left, declared = project.write("tree/sub/left.h"), project.write("tree/table.h")
    elsewhere, gone = project.write("source/other.h"), f"{project.tree}/gone.h"
    written = {left, declared, elsewhere, gone}
    evidence = project.evidence(*project.generated(written=written))
    assert evidence.steps["table.h"].left == {"sub/left.h"}


def test_words_of_the_projects_texts_and_commands_count(project: Project) -> None:
    script = project.write("source/gen.py", "getenv('TERM')")
    evidence = project.evidence(*project.generated(read={script}))
    assert evidence.steps["table.h"].words == {"TERM"}
    ours = project.write("ours/script", "TERM")
    evidence = project.evidence(*project.generated(read={ours}))
    assert evidence.steps["table.h"].words == frozenset()
    # Python's own library is no text of the project's.
    evidence = project.evidence(*project.generated(read={os.__file__}))
    assert "environ" in Path(os.__file__).read_text()
    assert evidence.steps["table.h"].words == frozenset()


def test_what_is_packaged_is_not_read_to_be_compared(project: Project) -> None:
    evidence = project.evidence(*project.generated(read={os.__file__, project.script}))
    assert " " not in project.answer(evidence, "R", os.__file__)
    assert " " in project.answer(evidence, "R", project.script)


def test_a_question_of_several_steps_is_answered_once(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []
    answer = answers.answer

    def counted(question: Question, *, is_trusted: bool) -> str:
        asked.append(question)
        return answer(question, is_trusted=is_trusted)

    monkeypatch.setattr(answers, "answer", counted)
    header = project.write("source/shared.h")
    project.evidence(
        *project.compiled(read={header}), *project.generated(read={header})
    )
    assert asked.count(Question("R", header)) == 1


def test_what_could_not_be_seen_of_a_command_is_told(project: Project) -> None:
    found = project.generated(network={"inet"})
    assert project.evidence(*found).steps["table.h"].asks_a_server


@pytest.mark.parametrize("command", ["cmake --regenerate", "cmake -P verify"])
def test_what_cmake_reads_to_look_at_itself_belongs_to_configuring(
    project: Project, command: str
) -> None:
    lists = project.write("source/CMakeLists.txt")
    again = step(40, command, "/bin/cmake", read={lists})
    evidence = project.evidence(*again)
    assert evidence.steps == {}
    asked = project.asked(evidence, evidence.configuring.asked)
    assert ("R", "source/CMakeLists.txt") in asked


def test_configuring_adds_up_for_cmake_keeps_what_it_found(project: Project) -> None:
    lists = project.write("source/CMakeLists.txt")
    cmake = Process(number=1, parent=0, program="/bin/cmake", folder="/", arguments=("cmake",), read=frozenset({lists}), network=frozenset({"inet"}), variables=frozenset({"CC"}))  # fmt: skip
    before = Evidence(
        questions=(Question("A", "/nowhere/lib"),),
        answers=("",),
        configuring=StepEvidence(
            asked=1,
            variables=frozenset({"CXX"}),
            words=frozenset({"TERM"}),
            is_open=True,
        ),
    )
    evidence = project.evidence(configuring=trace(cmake), before=before)
    found = evidence.configuring
    assert project.asked(evidence, found.asked) == {
        ("A", "/nowhere/lib"),
        ("R", "source/CMakeLists.txt"),
        # They are others when somebody else configured the tree.
        ("S", "tree/CMakeCache.txt"),
        ("S", "tree/build.ninja"),
    }
    assert (found.variables, found.is_open) == ({"CC", "CXX"}, True)
    assert found.words == {"TERM"}
    assert found.unseen == ""


# --- from build to build ----------------------------------------------------------------------------------------------


def test_questions_keep_their_numbers_and_steps_that_were_not_run_their_evidence(
    project: Project,
) -> None:
    first = project.evidence(*project.compiled(), *project.linked())
    header = project.write("source/new.h")
    second = project.evidence(*project.compiled(read={header}), before=first)
    assert second.questions[: len(first.questions)] == first.questions
    assert second.questions[len(first.questions) :] == (Question("R", header),)
    assert len(second.answers) == len(second.questions)
    assert second.steps["m.so"] == first.steps["m.so"]
    assert second.steps["m.o"].asked & ~first.steps["m.o"].asked
    assert project.ran == ("m.o",)


def test_a_step_that_is_no_more_is_dropped(project: Project) -> None:
    before = Evidence(steps={"gone.o": StepEvidence(), "m.so": StepEvidence()})
    assert set(project.evidence(*project.compiled(), before=before).steps) == {
        "m.o",
        "m.so",
    }


def test_where_the_build_tool_ran_nothing_all_stays(project: Project) -> None:
    before = Evidence(steps={"gone.o": StepEvidence(), "m.so": StepEvidence()})
    ninja = Process(number=1, parent=0, program="/bin/ninja", folder="/", arguments=("ninja", "all"))  # fmt: skip
    assert project.evidence(ninja, before=before).steps == before.steps
    assert project.ran == ()


@pytest.mark.parametrize(
    ("text", "is_contradicted"), [("other", True), ("same", False)]
)
def test_a_step_that_saw_another_world_than_this_build_did_is_not_trusted(
    project: Project, text: str, *, is_contradicted: bool
) -> None:
    header = project.write("source/shared.h", "same")
    first = project.evidence(*project.compiled(), *project.linked(read={header}))
    Path(header).unlink()
    project.write("source/shared.h", text)
    second = project.evidence(*project.compiled(read={header}), before=first)
    told = "its inputs changed during a build" if is_contradicted else ""
    assert second.steps["m.so"].unseen == told
    assert second.steps["m.o"].unseen == ""
    now = answers.answer(Question("R", header), is_trusted=False)
    assert project.answer(second, "R", header) == now


# --- what changed meanwhile -------------------------------------------------------------------------------------------


def later() -> int:
    """Return the time, such that what is written from now on has a later time stamp."""
    started = time.time_ns()
    time.sleep(0.05)
    return started


def test_a_file_that_somebody_edits_during_the_build_is_in_doubt(
    project: Project,
) -> None:
    still = project.write("source/still.h")
    started = later()
    edited = project.write("source/edited.h")
    found = project.compiled(read={still, edited})
    evidence = project.evidence(*found, started=started)
    assert project.answer(evidence, "R", edited) == IN_DOUBT
    assert project.answer(evidence, "R", still) != IN_DOUBT


def test_a_file_whose_time_was_set_back_is_in_doubt_too(project: Project) -> None:
    started = later()
    edited = project.write("source/edited.h")
    os.utime(edited, ns=(0, 0))
    evidence = project.evidence(*project.compiled(read={edited}), started=started)
    assert project.answer(evidence, "R", edited) == IN_DOUBT


def test_what_came_during_the_build_is_in_doubt(project: Project) -> None:
    started = later()
    new = project.write("source/new.h")
    evidence = project.evidence(*project.compiled(missing={new}), started=started)
    assert project.answer(evidence, "A", new) == IN_DOUBT


def test_what_the_build_wrote_itself_is_not_in_doubt(project: Project) -> None:
    started = later()
    source, made = project.write("source/made.h"), project.write("tree/made.h")
    evidence = project.evidence(
        *project.compiled(read={source, made}),
        *project.generated(written={source}),
        started=started,
    )
    assert project.answer(evidence, "R", source) != IN_DOUBT
    assert project.answer(evidence, "R", made) != IN_DOUBT


@pytest.mark.parametrize("is_ours", [True, False])
def test_names_that_somebody_else_adds_during_the_build_are_in_doubt(
    project: Project, *, is_ours: bool
) -> None:
    folder = str(project.source)
    started = later()
    new = project.write("source/new.c")
    written = {new} if is_ours else {f"{project.source}_beside/new.c"}
    evidence = project.evidence(
        *project.generated(listed={folder}, missing={folder}, written=written),
        started=started,
    )
    in_doubt = project.answer(evidence, "L", folder) == IN_DOUBT
    assert in_doubt is not is_ours
    assert project.answer(evidence, "A", folder) == "d:755"


# --- what was not seen ------------------------------------------------------------------------------------------------


def told_by(project: Project, *processes: Process, **more: Any) -> str:
    """Return why a build is not known."""
    with pytest.raises(UnwatchedError) as caught:
        project.evidence(*processes, **more)
    return str(caught.value)


@pytest.mark.parametrize("field", ["configuring", "building"])
def test_a_trace_that_is_not_whole_is_none(project: Project, field: str) -> None:
    part = replace(NOTHING, is_whole=False)
    told = told_by(project, **{field: part})
    assert told == "the trace of it is not whole"


def test_a_compiler_that_works_elsewhere_is_not_watched(project: Project) -> None:
    command = COMPILE.format(source=project.source)
    told = told_by(project, *step(10, command, "/bin/cc"))
    assert told == "m.o was made where nothing can be watched"


def test_a_step_that_nobody_watched_is_not_known(project: Project) -> None:
    project.write("tree/m.o")
    told = told_by(project, *project.generated())
    assert told == "m.o was made when nothing was watched"


def test_a_command_that_nobody_watched_is_run_in_each_build(project: Project) -> None:
    project.write("tree/table.h")
    evidence = project.evidence(*project.compiled())
    unknown = StepEvidence(is_own=True, unseen="nothing is known of it")
    assert evidence.steps["table.h"] == unknown
    known = Evidence(steps={"table.h": StepEvidence(is_own=True)})
    evidence = project.evidence(*project.compiled(), before=known)
    assert evidence.steps["table.h"].unseen == ""


# --- other build tools ------------------------------------------------------------------------------------------------


def test_a_build_tool_without_an_account_is_one_step_that_adds_up(
    project: Project,
) -> None:
    project.use("Unix Makefiles")
    before = Evidence(
        questions=(Question("A", "/nowhere/old.h"),),
        answers=("",),
        steps={"": StepEvidence(asked=1, variables=frozenset({"CXX"}))},
    )
    made = project.write("tree/made.h")
    evidence = project.evidence(
        *project.compiled(read={made}, written={made}, variables={"CC"}), before=before
    )
    assert set(evidence.steps) == {""}
    whole = evidence.steps[""]
    assert project.asked(evidence, whole.asked) == {
        ("A", "/nowhere/old.h"),
        ("R", "source/m.c"),
    }
    assert (whole.later, whole.left) == (0, frozenset())
    assert whole.variables == {"CC", "CXX"}


def test_a_build_tool_without_an_account_has_to_be_seen_as_a_whole(
    project: Project,
) -> None:
    project.use("Unix Makefiles")
    unseen = {Unseen("is a static program", "/bin/go")}
    told = told_by(project, *project.generated(unseen=unseen))
    assert told == "/bin/go is a static program"
