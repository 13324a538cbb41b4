"""Features: what lies around a project: repository, environment, links, search paths of compilers."""

from __future__ import annotations

import functools
import os
import sys

from support.generated.edits import RESTLESS
from support.generated.registry import feature
from support.generated.scripts import TABLE
from support.generated.world import Part, archive_of

# --- git --------------------------------------------------------------------------------------------------------

QUESTIONS = (
    "git rev-parse HEAD", "git describe --tags --always", "git describe --always --dirty --tags",
    "git rev-list --count HEAD", "git status --porcelain", "git log -1 --format=%s", "git symbolic-ref HEAD",
    "git diff HEAD --name-only", "git ls-files", "git tag", "cat .git/HEAD", "cat .git/refs/heads/main",
)  # fmt: skip
DOINGS: dict[str, list[tuple[str, ...]]] = {
    "git_commit_all": [("add", "--all"), ("commit", "-qm", "NEW", "--allow-empty")],
    "git_commit_nothing": [("commit", "-qm", "NEW", "--allow-empty")],
    "git_add": [("add", "--all")],
    "git_amend": [("commit", "-q", "--amend", "-m", "NEW")],
    "git_tag": [("tag", "NEW")],
    "git_annotated_tag": [("tag", "-a", "-m", "x", "NEW")],
    "git_tag_deleted": [("tag", "-d", "v1")],
    "git_branch": [("checkout", "-qb", "NEW")],
    "git_detach": [("checkout", "-q", "--detach")],
    "git_back_to_main": [("checkout", "-q", "main")],
    "git_checkout_files": [("checkout", "-q", "--", ".")],
    "git_reset_to_first": [("reset", "-q", "v1")],
    "git_pack_refs": [("pack-refs", "--all")],
    "git_gc": [("gc", "-q")],
    "git_tag_from_a_worktree": [
        ("worktree", "add", "-q", "--detach", "../NEW"),
        ("-C", "../NEW", "commit", "-qm", "NEW", "--allow-empty"),
        ("-C", "../NEW", "tag", "-f", "NEW", "main"),
    ],
    "git_branch_moved_elsewhere": [
        ("worktree", "add", "-q", "--detach", "../NEW"),
        ("-C", "../NEW", "commit", "-qm", "NEW", "--allow-empty"),
        ("-C", "../NEW", "update-ref", "refs/heads/main", "HEAD"),
    ],
    "git_separate_directory": [("init", "-q", "--separate-git-dir", "../NEW.git")],
}
"""What people do with a repository; ``NEW`` is a name that is not there yet. What git refuses changes nothing."""
ASK = """\
out="$PWD/made_TAG.c"; cd "$1"
echo "const char git_TAG[] = \\"`(QUESTION) 2>/dev/null | tr '\\n\\t' '  '`\\";" > "$out"
"""


@feature("git", "sh", is_of_checkouts=True)
def git_in_a_command(part: Part) -> None:
    """A step of the build asks git."""
    part.write("tools/TAG_ask.sh", ASK.replace("QUESTION", part.pick(QUESTIONS)))
    part.cmake(
        'add_custom_command(OUTPUT made_TAG.c COMMAND sh "SOURCE/tools/TAG_ask.sh" "SOURCE")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )
    _repository(part)


@feature("git", "sh", "tr", is_of_checkouts=True)
def git_while_configuring(part: Part) -> None:
    """CMake asks git."""
    question = part.pick(QUESTIONS)
    part.cmake(
        f"execute_process(COMMAND sh -c \"({question}) 2>/dev/null | tr '\\\\n\\\\t' '  '\"\n"
        '  WORKING_DIRECTORY "SOURCE" OUTPUT_VARIABLE git_TAG OUTPUT_STRIP_TRAILING_WHITESPACE)\n'
        'target_compile_definitions(generated PRIVATE "GIT_TAG=\\"${git_TAG}\\"")'
    )
    part.c("const char git_TAG[] = GIT_TAG;")
    _repository(part)


def _repository(part: Part) -> None:
    """Make a repository of the finished project, or a linked worktree of it; offer what people do with one."""
    world = part.world

    def git(*arguments: str, is_sure: bool = False) -> None:
        me = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        world.run("git", *me, *arguments, is_sure=is_sure)

    is_linked = part.pick([True, False, False, False])

    def begin() -> None:
        if (world.root / ".git").exists():
            return
        git("init", "--quiet", "--initial-branch=main", is_sure=True)
        git("add", "--all", is_sure=True)
        git("commit", "--quiet", "--message=first", is_sure=True)
        git("tag", "v1", is_sure=True)
        if not is_linked:
            return
        main = world.place / "main.git"
        (world.root / ".git").rename(main)
        there = ("--git-dir", str(main))
        git(*there, "config", "core.bare", "true", is_sure=True)
        linked = ("worktree", "add", "-q", "--no-checkout", "../linked", "main")
        git(*there, *linked, is_sure=True)
        (world.place / "linked" / ".git").rename(world.root / ".git")
        git("worktree", "repair", is_sure=True)
        git("reset", "-q", is_sure=True)

    part.last_steps.append(begin)

    def do(commands: list[tuple[str, ...]]) -> None:
        new = f"new{world.large()}"
        for words in commands:
            git(*(word.replace("NEW", new) for word in words))

    for name, commands in sorted(DOINGS.items()):
        part.edit(name)(functools.partial(do, commands))


# --- environment ------------------------------------------------------------------------------------------------

READERS = {
    "cmake": (
        'target_compile_definitions(generated PRIVATE "ENV_TAG=\\"x$ENV{NAME}\\"")',
        "const char env_TAG[] = ENV_TAG;",
    ),
    "cmake_computed": (
        'set(beginning_TAG START)\ntarget_compile_definitions(generated PRIVATE "ENV_TAG=\\"x$ENV{${beginning_TAG}END}\\"")',
        "const char env_TAG[] = ENV_TAG;",
    ),
    "sh": ('echo "const char env_TAG[] = \\"x$NAME\\";" > made_TAG.c\n', ""),
    "sh_computed": (
        'eval value=\\$START`echo END`\necho "const char env_TAG[] = \\"x$value\\";" > made_TAG.c\n',
        "",
    ),
    "sh_printenv": (
        'echo "const char env_TAG[] = \\"x`printenv NAME`\\";" > made_TAG.c\n',
        "",
    ),
    "sh_all": (
        'echo "const char env_TAG[] = \\"x`env | grep ^START | sort | tr \'\\n\' \' \'`\\";" > made_TAG.c\n',
        "",
    ),
    "sh_of_configure": ("echo x$NAME\n", "const char env_TAG[] = ENV_TAG;"),
}  # fmt: skip


@feature("sh", "printenv", "env", "grep")
def environment(part: Part) -> None:
    """A variable is read in one way or another, by a name that is written out or computed."""
    # what CMake runs after "cd" finds another OLDPWD at another path
    names = [name for name in RESTLESS if name != "OLDPWD"]
    name = part.pick([part.told("GENERATED_TAG_NUMBER"), *names])
    how = part.pick(sorted(READERS))
    lines, code = READERS[how]
    for word, text in (("NAME", name), ("START", name[:3]), ("END", name[3:])):
        lines = lines.replace(word, text)
    if how.startswith("cmake"):
        part.cmake(lines)
    else:
        part.write("tools/TAG_env.sh", lines)
    if how == "sh_of_configure":
        part.cmake(
            'execute_process(COMMAND sh "SOURCE/tools/TAG_env.sh" OUTPUT_VARIABLE env_TAG OUTPUT_STRIP_TRAILING_WHITESPACE)\n'
            'target_compile_definitions(generated PRIVATE "ENV_TAG=\\"${env_TAG}\\"")'
        )
    elif how.startswith("sh"):
        depends = part.pick(["", "DEPENDS tools/TAG_env.sh"])
        part.cmake(
            f'add_custom_command(OUTPUT made_TAG.c COMMAND sh "SOURCE/tools/TAG_env.sh" {depends})\n'
            "target_sources(generated PRIVATE made_TAG.c)"
        )
    part.c(code)
    variables = part.world.variables

    @part.edit("variable_set")
    def set_it() -> None:
        variables[name] = str(part.world.large())

    @part.edit("variable_empty")
    def empty_it() -> None:
        variables[name] = ""

    @part.edit("variable_unset")
    def unset_it() -> None:
        variables.pop(name, None)


@feature("gcc")
def compilers_path(part: Part) -> None:
    """``CPATH`` and its relatives lead to headers, ``LIBRARY_PATH`` to libraries."""
    variables = part.world.variables
    name = part.pick(["CPATH", "C_INCLUDE_PATH"])
    for place in ("one", "two"):
        part.data(f"OUTSIDE/TAG_{place}/by_path_TAG.h", "#define BY_PATH_TAG VALUE\n")  # fmt: skip
        part.data(
            f"OUTSIDE/TAG_{place}/libby_path_TAG.a",
            "int by_library_TAG(void) { return VALUE; }",
            render=archive_of,
        )
    part.data("OUTSIDE/TAG_zero/by_path_TAG.h", "#define BY_PATH_TAG VALUE\n", is_there=False)  # fmt: skip
    part.c(
        "#if __has_include(<by_path_TAG.h>)\n#include <by_path_TAG.h>\nint by_path_TAG = BY_PATH_TAG;\n#endif\n"
        "int by_library_TAG(void);\nint call_TAG(void) { return by_library_TAG(); }"
    )
    part.cmake("target_link_libraries(generated PRIVATE -lby_path_TAG)")
    outside = part.world.outside
    places = [str(outside / part.told(f"TAG_{n}")) for n in ("zero", "one", "two")]

    def lead(order: list[str]) -> str:
        return os.pathsep.join(order)

    variables[name] = lead(places)
    variables["LIBRARY_PATH"] = lead(places)

    @part.edit("other_order_of_a_path")
    def other_order() -> None:
        chosen = part.pick([name, "LIBRARY_PATH"])
        variables[chosen] = lead(part.world.rng.sample(places, 3))

    @part.edit("no_path_of_headers")
    def no_path() -> None:
        variables.pop(name, None)


@feature("sh")
def tool_on_the_path(part: Part) -> None:
    """A program outside, called by its name; another one of that name may come before it."""
    text = '#!/bin/sh\necho "const int made_TAG = VALUE;" > "$1"\n'
    part.data("OUTSIDE/TAG_bin/tool_TAG", text, mode=0o755)
    part.data("OUTSIDE/TAG_zero/tool_TAG", text, mode=0o755)
    part.path("OUTSIDE/TAG_zero/tool_TAG").unlink()
    variables, outside = part.world.variables, part.world.outside
    rest = variables.get("PATH", os.environ["PATH"])
    both = [outside / part.told("TAG_zero"), outside / part.told("TAG_bin"), rest]
    variables["PATH"] = os.pathsep.join(map(str, both))
    part.cmake(
        "add_custom_command(OUTPUT made_TAG.c COMMAND tool_TAG made_TAG.c)\n"
        "target_sources(generated PRIVATE made_TAG.c)"
    )


@feature()
def modules_of_a_command(part: Part) -> None:
    """A step imports what ``PYTHONPATH`` leads to."""
    for place in ("one", "two"):
        part.data(f"OUTSIDE/TAG_{place}/words_TAG.py", "NUMBER = VALUE\n")
    part.write("tools/TAG_make.py", "import words_TAG\nopen('made_TAG.c', 'w').write(f'int made_TAG = {words_TAG.NUMBER};')\n")  # fmt: skip
    variables = part.world.variables
    places = [
        str(part.world.outside / part.told(f"TAG_{place}")) for place in ("one", "two")
    ]
    variables["PYTHONPATH"] = os.pathsep.join(places)
    part.cmake(
        f'add_custom_command(OUTPUT made_TAG.c COMMAND "{sys.executable}" "SOURCE/tools/TAG_make.py")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )

    @part.edit("other_order_of_modules")
    def other_order() -> None:
        places.reverse()
        variables["PYTHONPATH"] = os.pathsep.join(places)


# --- links ------------------------------------------------------------------------------------------------------


@feature()
def links(part: Part) -> None:
    """A header by way of a link to a file, to a directory, or of a chain of links that may lead nowhere."""
    text = "#define LINK_TAG VALUE\n"
    out = os.path.relpath(part.world.outside, part.world.root)
    for place in ("TAG/one", "TAG/two", "OUTSIDE/TAG_three"):
        part.data(f"{place}/linked_TAG.h", text)
    kind = part.pick(["file", "directory", "chain", "outside"])
    current = part.path("TAG/current")
    leads = {
        "file": ("one/linked_TAG.h", "two/linked_TAG.h"),
        "directory": ("one", "two"),
        "chain": ("hop", "two/linked_TAG.h"),
        "outside": (f"../{out}/TAG_three", "two"),
    }[kind]
    (part.path("TAG") / "hop").symlink_to(part.told("one/linked_TAG.h"))
    is_directory = kind in {"directory", "outside"}
    current = current if is_directory else current.with_suffix(".h")
    current.symlink_to(part.told(leads[0]))
    name = "current/linked_TAG.h" if is_directory else "current.h"
    how = part.pick(["#include", "incbin"])
    if how == "#include":
        part.c(f'#if __has_include("../TAG/{name}")\n#include "../TAG/{name}"\nint link_TAG = LINK_TAG;\n#endif')  # fmt: skip
    else:
        part.cmake(
            f"add_custom_command(OUTPUT link_TAG.h DEPENDS TAG/{name}\n"
            f'  COMMAND "${{CMAKE_COMMAND}}" -E copy "SOURCE/TAG/{name}" link_TAG.h)\n'
            "target_sources(generated PRIVATE link_TAG.h)\n"
            "target_include_directories(generated PRIVATE ${CMAKE_CURRENT_BINARY_DIR})"
        )
        part.c('#include "link_TAG.h"\nint link_TAG = LINK_TAG;')

    @part.edit("link_retargeted")
    def retargeted() -> None:
        now = str(current.readlink())
        other = part.told(leads[0]) if now != part.told(leads[0]) else part.told(leads[1])  # fmt: skip
        current.unlink()
        current.symlink_to(other)

    @part.edit("link_that_leads_nowhere")
    def nowhere() -> None:
        if how == "#include":
            current.unlink()
            current.symlink_to("nowhere")

    @part.edit("end_of_the_chain_retargeted")
    def end() -> None:
        hop = part.path("TAG/hop")
        other = "two" if "one" in str(hop.readlink()) else "one"
        hop.unlink()
        hop.symlink_to(part.told(f"{other}/linked_TAG.h"))


@feature("sh")
def data_outside(part: Part) -> None:
    """A header outside, and data outside that a step reads without saying so."""
    part.data("OUTSIDE/TAG/given_TAG.h", '#include "more_TAG.h"\n#define GIVEN_TAG VALUE\n')  # fmt: skip
    part.data("OUTSIDE/TAG/more_TAG.h", "#define MORE_GIVEN_TAG VALUE\n")
    part.data("OUTSIDE/TAG.dat", TABLE)
    part.write("tools/TAG_take.sh", 'read data < "OUTSIDE/TAG.dat"; echo "const int made_TAG = $data;" > made_TAG.c\n')  # fmt: skip
    part.cmake(
        f'{part.pick(["target_include_directories(generated PRIVATE", "target_include_directories(generated SYSTEM PRIVATE"])} "OUTSIDE/TAG")\n'
        'add_custom_command(OUTPUT made_TAG.c COMMAND sh "SOURCE/tools/TAG_take.sh")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )
    part.c("#include <given_TAG.h>\nint given_TAG[] = {GIVEN_TAG, MORE_GIVEN_TAG};")
