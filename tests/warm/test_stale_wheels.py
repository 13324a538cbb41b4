"""What a build reads is known, whatever the file is called, whoever reads it, and wherever it lies: no wheel is stale.

A case is a function that sets up the project and returns the changes, which are made one after the other. After each, the
warm build makes the wheel of a build from nothing, and does so warm: only what read the file is made again.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import needs
from support.warm_project import build
from support.warm_world import Change, World, new_world

INCBIN = """
__asm__(".section .rodata\\n.global table\\ntable: .incbin \\"{}\\"\\n.byte 0\\n.previous\\n");
int value(void) {{ return 1; }}
"""
STEP = """
add_custom_command(OUTPUT made.c COMMAND {} WORKING_DIRECTORY "${{CMAKE_SOURCE_DIR}}" DEPENDS {})
target_sources(unseen PRIVATE made.c)
"""
MADE = "${CMAKE_CURRENT_BINARY_DIR}/made.c"


def writes(name: str, text: str) -> Change:
    return lambda world: world.write(name, text)


# --- read by an assembler or a linker ---------------------------------------------------------------------------


def assembled(name: str) -> Callable[[World], list[Change]]:
    def case(world: World) -> list[Change]:
        world.write(name, "one")
        world.write("src/main.c", INCBIN.format(world.root / name))
        return [writes(name, "two"), writes(name, "three and more")]

    return case


def assembled_from_elsewhere(world: World) -> list[Change]:
    world.elsewhere("table", "one")
    world.write("src/main.c", INCBIN.format(world.outside / "table"))
    return [lambda w: w.elsewhere("table", "two")]


def assembled_from_what_a_command_made(world: World) -> list[Change]:
    """No one declares that the object needs the file: only watching tells."""
    world.write("data.txt", "one")
    world.write("src/main.c", '#include "where.h"\n' + INCBIN.format('" WHERE "'))
    world.append(
        "CMakeLists.txt",
        'file(WRITE "${CMAKE_BINARY_DIR}/where.h" "#define WHERE \\"${CMAKE_BINARY_DIR}/table\\"\\n")\n'
        'target_include_directories(unseen PRIVATE "${CMAKE_BINARY_DIR}")\n'
        'add_custom_target(table ALL COMMAND cat data.txt > "${CMAKE_BINARY_DIR}/table" '
        'WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")\n'
        "add_dependencies(unseen table)\n",
    )
    return [writes("data.txt", "two")]


def linked_as_it_is(world: World) -> list[Change]:
    world.write("docs/notes.md", "one")
    option = "-Wl,--format=binary,${CMAKE_SOURCE_DIR}/docs/notes.md,--format=default"
    world.append("CMakeLists.txt", f'target_link_options(unseen PRIVATE "{option}")\n')
    return [writes("docs/notes.md", "two")]


def linker_script(world: World) -> list[Change]:
    world.write("tests/map.json", "{ global: value; local: *; };")
    world.write("src/main.c", "int value(void) { return 1; }\nint other;\n")
    option = "-Wl,--version-script=${CMAKE_SOURCE_DIR}/tests/map.json"
    world.append("CMakeLists.txt", f'target_link_options(unseen PRIVATE "{option}")\n')
    return [writes("tests/map.json", "{ global: value; other; local: *; };")]


# --- read by a command of the project's -------------------------------------------------------------------------


def asks_git(script: str, program: str, text: str) -> Callable[[World], list[Change]]:
    def case(world: World) -> list[Change]:
        needs.program("git")
        needs.program(program)
        world.write(script, text)
        command = f'{program} {script} "{MADE}"'
        world.append("CMakeLists.txt", STEP.format(command, script))
        world.git("init", "-q")
        world.git("add", "-A")
        world.git("commit", "-q", "-m", "one")
        return [
            lambda w: w.git("commit", "-q", "--allow-empty", "-m", "two"),
            lambda w: w.git("commit", "-q", "--amend", "--allow-empty", "-m", "again"),
            lambda w: w.git("pack-refs", "--all"),
        ]

    return case


IN_SH = 'echo "const char *commit = \\"$(git rev-parse HEAD)\\";" > "$1"\n'
IN_PERL = (
    "my $head = `git rev-parse HEAD`; chomp $head; open(my $out, '>', $ARGV[0]);\n"
    'print $out "const char *commit = \\"$head\\";\\n";\n'
)


def asks_for_a_variable(world: World) -> list[Change]:
    """One that is another in each run of a CI service, and counts only because the script names it."""
    world.variables["GITHUB_RUN_ID"] = "1"
    world.write("gen", 'echo "int run = ${GITHUB_RUN_ID:-0};" > "$1"\n')
    world.append("CMakeLists.txt", STEP.format(f'sh gen "{MADE}"', "gen"))
    return [
        lambda w: w.variables.update(GITHUB_RUN_ID="2"),
        lambda w: w.variables.pop("GITHUB_RUN_ID"),
    ]


def compiled_generator(world: World) -> list[Change]:
    world.write(
        "gen.c",
        """
#include <stdio.h>
#include <stdlib.h>
int main(int n, char **a) {
  char text[99] = {0};
  FILE *data = fopen("data.yml", "r"), *out = fopen(a[1], "w");
  fread(text, 1, 98, data);
  fprintf(out, "const char *data = \\"%s %s\\";\\n", text, getenv("COLOUR") ? getenv("COLOUR") : "");
}
""",
    )
    world.write("data.yml", "one")
    world.append("CMakeLists.txt", "add_executable(gen gen.c)\n")
    world.append("CMakeLists.txt", STEP.format(f'gen "{MADE}"', "gen"))
    return [
        writes("data.yml", "two"),
        lambda w: w.variables.update(COLOUR="red"),
        lambda w: w.replace("gen.c", "%s %s", "%s-%s"),
    ]


def lists_a_directory(world: World) -> list[Change]:
    world.write("docs/a.md", "")
    text = 'echo "const char *names = \\"$(ls docs | tr \'\\n\' \' \')\\";" > "$1"\n'
    world.write("gen.cfg", text)
    world.append("CMakeLists.txt", STEP.format(f'sh gen.cfg "{MADE}"', "gen.cfg"))
    return [
        writes("docs/b.md", ""),
        lambda w: (w.root / "docs/a.md").unlink(),
    ]


def runs_after_the_link(world: World) -> list[Change]:
    world.write("tests/label.txt", "one")
    # Else what is appended would be cut off again.
    world.append("pyproject.toml", "install.strip = false\n")
    command = 'sh -c "cat tests/label.txt >> $<TARGET_FILE:unseen>"'
    world.append(
        "CMakeLists.txt",
        f"add_custom_command(TARGET unseen POST_BUILD COMMAND {command} "
        'WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" VERBATIM)\n',
    )
    return [writes("tests/label.txt", "two")]


def splits_into_files_that_nobody_declares(world: World) -> list[Change]:
    world.write("all.txt", "a b c")
    split = 'for name in $(cat all.txt); do echo $name > "$1/part_$name"; done; touch "$1/split.done"\n'
    join = 'echo "const char *all = \\"$(cat "$1"/part_*)\\";" | tr \'\\n\' \' \' > "$1/made.c"\n'
    world.write("split", split)
    world.write("join", join)
    world.append(
        "CMakeLists.txt",
        'add_custom_command(OUTPUT split.done COMMAND sh split "${CMAKE_CURRENT_BINARY_DIR}" '
        'WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" DEPENDS all.txt)\n',
    )
    world.append(
        "CMakeLists.txt",
        STEP.format('sh join "${CMAKE_CURRENT_BINARY_DIR}"', "split.done"),
    )
    return [writes("all.txt", "a b c d"), writes("all.txt", "d")]


def goes_through_a_link(command: str) -> Callable[[World], list[Change]]:
    """What is asked for below the directory is known by the name at the end of the link."""

    def case(world: World) -> list[Change]:
        world.write("data/one/value", "1")
        world.write("data/other/value", "2")
        (world.root / "now").symlink_to("data/one")
        world.write("gen", f'echo "int value2 = $({command});" > "$1"\n')
        world.append("CMakeLists.txt", STEP.format(f'sh gen "{MADE}"', "gen"))
        return [
            lambda w: link_anew(w, "now", "data/other"),
            lambda w: link_anew(w, "now", "data/one"),
        ]

    return case


def link_anew(world: World, name: str, target: str) -> None:
    (world.root / name).unlink()
    (world.root / name).symlink_to(target)


def looks_at_a_mode(world: World) -> list[Change]:
    world.write("data", "")
    text = 'echo "int mode = $(test -x data && echo 1 || echo 0);" > "$1"\n'
    world.write("gen", text)
    world.append("CMakeLists.txt", STEP.format(f'sh gen "{MADE}"', "gen"))
    return [
        lambda w: (w.root / "data").chmod(0o755),
        lambda w: (w.root / "data").chmod(0o644),
    ]


def finds_a_tool_in_the_path(world: World) -> list[Change]:
    """The first one is no program at first: the shell looks at it, and goes on."""
    world.elsewhere("a/tool", "echo 1\n")
    world.elsewhere("b/tool", "echo 2\n", mode=0o755)
    path = f"{world.outside}/a:{world.outside}/b:$PATH"
    world.write("gen", f'PATH={path}; echo "int tool = $(tool);" > "$1"\n')
    world.append("CMakeLists.txt", STEP.format(f'sh gen "{MADE}"', "gen"))
    return [
        lambda w: (w.outside / "a/tool").chmod(0o755),
        lambda w: (w.outside / "a/tool").chmod(0o644),
    ]


def asks_where_a_link_leads(world: World) -> list[Change]:
    (world.root / "link").symlink_to("1")
    world.write("gen", 'echo "int link = $(readlink link);" > "$1"\n')
    world.append("CMakeLists.txt", STEP.format(f'sh gen "{MADE}"', "gen"))
    return [
        lambda w: link_anew(w, "link", "2"),
        lambda w: link_anew(w, "link", "3"),
    ]


def declares_a_directory(world: World) -> list[Change]:
    """Ninja takes it for made as long as it is there, whatever became of the files in it."""
    world.write("all.txt", "a")
    world.write(
        "gen",
        'mkdir -p "$1/made"; echo "const char *all = \\"$(cat all.txt)\\";" > "$1/made/made.c"\n',
    )
    world.append(
        "CMakeLists.txt",
        'add_custom_command(OUTPUT made COMMAND sh gen "${CMAKE_CURRENT_BINARY_DIR}" '
        'WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")\n'
        "add_custom_command(OUTPUT copied.c COMMAND ${CMAKE_COMMAND} -E copy made/made.c copied.c DEPENDS made)\n"
        "target_sources(unseen PRIVATE copied.c)\n",
    )
    return [writes("all.txt", "b"), writes("all.txt", "a"), writes("all.txt", "c")]


CASES = {
    "command declares a directory": declares_a_directory,
    "assembler reads .json": assembled("src/table.json"),
    "assembler reads .md in tests": assembled("tests/table.md"),
    "assembler reads a file without suffix": assembled("LICENSE"),
    "assembler reads from elsewhere": assembled_from_elsewhere,
    "assembler reads what a command made": assembled_from_what_a_command_made,
    "linker takes a file in": linked_as_it_is,
    "linker reads a script": linker_script,
    "shell asks Git": asks_git("gen.sh", "sh", IN_SH),
    "Perl asks Git": asks_git("docs/gen", "perl", IN_PERL),
    "shell asks for a variable": asks_for_a_variable,
    "compiled generator": compiled_generator,
    "shell lists a directory": lists_a_directory,
    "shell goes into a linked directory": goes_through_a_link("cd now && cat value"),
    "program opens a linked directory": goes_through_a_link(
        "tar cf - -C now value | tar xOf -"
    ),
    "shell looks at a mode": looks_at_a_mode,
    "shell finds a tool in the path": finds_a_tool_in_the_path,
    "shell asks where a link leads": asks_where_a_link_leads,
    "command after the link": runs_after_the_link,
    "command makes files that it does not declare": splits_into_files_that_nobody_declares,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_read_is_never_missed(
    tmp_path: Path, case: Callable[[World], list[Change]]
) -> None:
    needs.program("gcc")
    world = new_world(tmp_path)
    changes = case(world)
    digests = [build(world, world.root, tmp_path / "out", tmp_path / "warm")[0]]
    for number, change in enumerate(changes):
        change(world)
        warm, said = build(world, world.root, tmp_path / "out", tmp_path / "warm")
        cold, _ = build(world, world.root, tmp_path / "out", tmp_path / f"{number}")
        assert warm == cold, said
        if sys.platform == "linux":
            assert "built: warm" in said, said
        digests.append(warm)
    assert len(set(digests)) > 1, "the changes count"


@pytest.mark.parametrize(
    "name", ["src/table.json", "tests/table.md", "LICENSE", "src/table.py"]
)
def test_where_nothing_can_be_watched_any_file_may_have_been_read(
    tmp_path: Path, name: str
) -> None:
    needs.program("gcc")
    world = new_world(tmp_path)
    world.write(name, "one")
    world.write("src/main.c", INCBIN.format(world.root / name))
    # The library that watches cannot be kept where a file stands in the place of its directory.
    build(world, world.root, tmp_path / "out", tmp_path / "warm")
    shutil.rmtree(tmp_path / "warm" / "tools")
    (tmp_path / "warm" / "tools").touch()
    shutil.rmtree(tmp_path / "warm" / "builds")
    build(world, world.root, tmp_path / "out", tmp_path / "warm")
    world.write(name, "two")
    warm, said = build(world, world.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(world, world.root, tmp_path / "out", tmp_path / "cold")
    assert warm == cold, said
    assert f"from nothing: {name} changed" in said


def test_commands_are_asked_again_where_nothing_can_be_watched(tmp_path: Path) -> None:
    needs.program("gcc")
    world = new_world(tmp_path)
    change, *_ = asks_git("gen.sh", "sh", IN_SH)(world)
    (tmp_path / "warm").mkdir(mode=0o700)
    build(world, world.root, tmp_path / "out", tmp_path / "warm")
    shutil.rmtree(tmp_path / "warm" / "tools")
    (tmp_path / "warm" / "tools").touch()
    shutil.rmtree(tmp_path / "warm" / "builds")
    build(world, world.root, tmp_path / "out", tmp_path / "warm")
    change(world)
    warm, said = build(world, world.root, tmp_path / "out", tmp_path / "warm")
    cold, _ = build(world, world.root, tmp_path / "out", tmp_path / "cold")
    assert warm == cold, said
    assert "built: warm" in said, said


@pytest.mark.parametrize("name", ["README.md", "docs/guide.json", "tests/test_it.py"])
def test_a_file_that_nobody_reads_is_edited_without_a_compile(
    tmp_path: Path, name: str
) -> None:
    needs.program("gcc")
    if sys.platform != "linux":
        pytest.skip("only Linux can be watched")
    world = new_world(tmp_path)
    world.write(name, "one")
    build(world, world.root, tmp_path / "out", tmp_path / "warm")
    for text in ("two", "three"):
        world.write(name, text)
        _, said = build(world, world.root, tmp_path / "out", tmp_path / "warm")
        assert "built: warm: nothing changed" in said
        assert "Building C object" not in said
    assert any((tmp_path / "out").iterdir())
