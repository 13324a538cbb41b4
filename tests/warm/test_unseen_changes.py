"""Changes that a build tool does not see: after each, a warm build makes the wheel of a build from nothing.

A case is a function that sets up the project and returns the changes, which are made one after the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import needs
from support.warm_project import build
from support.warm_world import CMAKE, OLD, Change, World, new_world

# --- what each case sets up, and how it changes -----------------------------------------------------------------


def header_outside(world: World) -> list[Change]:
    world.elsewhere("include/given.h", "#define GIVEN 1\n")
    world.write("src/main.c", "#include <given.h>\nint value(void) { return GIVEN; }\n")
    world.append(
        "CMakeLists.txt",
        f'target_include_directories(unseen PRIVATE "{world.outside}/include")\n',
    )
    return [lambda w: w.elsewhere("include/given.h", "#define GIVEN 22\n")]


def header_outside_that_shadows(world: World) -> list[Change]:
    folders = f'"{world.outside}/first" "{world.outside}/second"'
    world.elsewhere("second/deep/given.h", "#define GIVEN 1\n")
    world.elsewhere("first/deep/other.h", "")
    world.write(
        "src/main.c", "#include <deep/given.h>\nint value(void) { return GIVEN; }\n"
    )
    world.append(
        "CMakeLists.txt", f"target_include_directories(unseen PRIVATE {folders})\n"
    )
    return [lambda w: w.elsewhere("first/deep/given.h", "#define GIVEN 2\n")]


def header_on_the_compilers_path(world: World) -> list[Change]:
    world.variables["CPATH"] = f"{world.outside}/include"
    world.elsewhere("include/other.h", "")
    world.write("include/given.h", "#define GIVEN 1\n")
    world.write("src/main.c", "#include <given.h>\nint value(void) { return GIVEN; }\n")
    world.append(
        "CMakeLists.txt",
        'target_compile_options(unseen PRIVATE -idirafter "${CMAKE_SOURCE_DIR}/include")\n',
    )
    return [lambda w: w.elsewhere("include/given.h", "#define GIVEN 2\n")]


def library_outside(world: World) -> list[Change]:
    world.library("lib", 1)
    world.write("src/main.c", "int given(void);\nint value(void) { return given(); }\n")
    world.append(
        "CMakeLists.txt",
        f'target_link_directories(unseen PRIVATE "{world.outside}/before" "{world.outside}/lib")\n'
        "target_link_libraries(unseen PRIVATE given)\n",
    )
    return [lambda w: w.library("lib", 22), lambda w: w.library("before", 3)]


SCRIPT = '#!/bin/sh\necho "int made(void) {{ return {}; }}" > $1\n'
COMMAND = """
add_custom_command(OUTPUT made.c COMMAND {} made.c)
target_sources(unseen PRIVATE made.c)
"""


def program_of_a_command(world: World) -> list[Change]:
    world.elsewhere("tool", SCRIPT.format(1), mode=0o755)
    world.append("CMakeLists.txt", COMMAND.format(world.outside / "tool"))
    return [lambda w: w.elsewhere("tool", SCRIPT.format(2), mode=0o755)]


def scripts_and_linker_input_beside_the_project(world: World) -> list[Change]:
    """As in a repository of several projects; paths with ``..`` begin like those of the project."""
    world.elsewhere(
        "gen.py", "import sys, helper\nopen(sys.argv[1], 'w').write(helper.TEXT)\n"
    )
    world.elsewhere("helper.py", "TEXT = 'int made(void) { return 1; }'\n")
    world.elsewhere("symbols.map", "{ global: value; local: *; };\n")
    beside = "${CMAKE_CURRENT_SOURCE_DIR}/../outside"
    world.append("CMakeLists.txt", COMMAND.format(f"{sys.executable} {beside}/gen.py"))
    world.append(
        "CMakeLists.txt",
        f"target_link_options(unseen PRIVATE -Wl,--version-script={beside}/symbols.map)\n",
    )
    return [
        lambda w: w.elsewhere("helper.py", "TEXT = 'int made(void) { return 22; }'\n"),
        lambda w: w.elsewhere(
            "gen.py",
            "import sys\nopen(sys.argv[1], 'w').write('int made(void) { return 333; }')\n",
        ),
        lambda w: w.elsewhere("symbols.map", "{ global: value; made; local: *; };\n"),
    ]


def program_by_name(world: World) -> list[Change]:
    world.elsewhere("bin/tool-of-mine", SCRIPT.format(1), mode=0o755)
    world.variables["PATH"] = f"{world.outside}/bin{os.pathsep}{os.environ['PATH']}"
    world.append("CMakeLists.txt", COMMAND.format("tool-of-mine"))
    return [lambda w: w.elsewhere("bin/tool-of-mine", SCRIPT.format(2), mode=0o755)]


def compiler_behind_a_cache(world: World) -> list[Change]:
    """``gcc`` is ccache under that name; what it calls is the next one on PATH."""
    ccache, gcc = needs.program("ccache"), needs.program("gcc")
    (world.outside / "masks").mkdir()
    (world.outside / "masks" / "gcc").symlink_to(ccache)
    wrapper = f'#!/bin/sh\nexec {gcc} -DLEVEL={{}} "$@"\n'
    world.elsewhere("real/gcc", wrapper.format(1), mode=0o755)
    path = f"{world.outside}/masks{os.pathsep}{world.outside}/real{os.pathsep}{os.environ['PATH']}"
    world.variables |= {
        "PATH": path,
        "CC": "gcc",
        "CCACHE_DISABLE": "1",
        "TRUEWHEEL_LAUNCHER": "off",
    }
    world.write("src/main.c", "int value(void) { return LEVEL; }\n")
    return [lambda w: w.elsewhere("real/gcc", wrapper.format(22), mode=0o755)]


def commit_in_a_command(world: World) -> list[Change]:
    needs.program("git")
    world.write(
        "tools/version.py",
        "import subprocess, sys\n"
        "said = subprocess.run(['git', 'rev-list', '--count', 'HEAD'], check=True, capture_output=True, text=True).stdout\n"
        "open(sys.argv[1], 'w').write(f'int made(void) {{ return {said}; }}')\n",
    )
    command = (
        f'COMMAND "{sys.executable}" tools/version.py "${{CMAKE_BINARY_DIR}}/made.c"'
    )
    world.append(
        "CMakeLists.txt",
        f'add_custom_command(OUTPUT made.c {command} WORKING_DIRECTORY "${{CMAKE_SOURCE_DIR}}")\n'
        "target_sources(unseen PRIVATE made.c)\n",
    )
    world.git("init", "-q")
    world.git("commit", "-q", "--allow-empty", "-m", "one")
    world.git("worktree", "add", "-q", "--detach", str(world.outside / "tree"))
    for name in ("pyproject.toml", "CMakeLists.txt", "src", "tools"):
        shutil.move(world.root / name, world.outside / "tree" / name)
    world.root = world.outside / "tree"
    return [lambda w: w.git("commit", "-q", "--allow-empty", "-m", "two")]


def project_in_a_folder_of_a_larger_one(world: World) -> list[Change]:
    """CMake's project is the directory above; Python's is a folder in it."""
    whole = world.root
    for name in ("pyproject.toml", "src"):
        (whole / "python").mkdir(exist_ok=True)
        shutil.move(whole / name, whole / "python" / name)
    world.root = whole / "python"
    world.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\ncmake.source-dir = ".."\n',
    )
    cmake = CMAKE.replace("src/main.c", "${units}")
    world.write(
        "../CMakeLists.txt",
        cmake.replace("LANGUAGES C)", "LANGUAGES C)\nfile(GLOB units core/*.c)"),
    )
    world.write(
        "../core/first.c", '#include "level.h"\nint first(void) { return LEVEL; }\n'
    )
    world.write("../core/level.h", "#define LEVEL 1\n")
    world.append("../CMakeLists.txt", 'message("$ENV{GITHUB_RUN_NUMBER}")\n')
    world.append(
        "../CMakeLists.txt",
        'target_compile_definitions(unseen PRIVATE "NUMBER=0$ENV{GITHUB_RUN_NUMBER}")\n',
    )
    world.append("../core/first.c", "int number = NUMBER;\n")

    def another_unit(w: World) -> None:
        w.write("../core/second.c", "int second(void) { return 2; }\n")

    def a_header_from_the_past(w: World) -> None:
        w.write("../core/level.h", "#define LEVEL 2\n")
        os.utime(w.root / "../core/level.h", (OLD, OLD))

    def a_variable(w: World) -> None:
        w.variables["GITHUB_RUN_NUMBER"] = "7"

    return [another_unit, a_header_from_the_past, a_variable]


def folder_by_way_of_a_link(world: World) -> list[Change]:
    world.elsewhere("core/first.c", "int first(void) { return 1; }\n")
    (world.root / "core").symlink_to(world.outside / "core")
    world.replace(
        "CMakeLists.txt", "add_library", "file(GLOB units core/*.c)\nadd_library"
    )
    world.replace("CMakeLists.txt", "src/main.c", "src/main.c ${units}")
    return [
        lambda w: w.elsewhere("core/first.c", "int first(void) { return 22; }\n"),
        lambda w: w.elsewhere("core/second.c", "int second(void) { return 2; }\n"),
    ]


def the_same_in_a_mirror(world: World) -> list[Change]:
    world.variables["TRUEWHEEL_CACHE"] = "mirror"
    changes = folder_by_way_of_a_link(world)
    (world.root / "core").unlink()
    (world.root / "core").symlink_to("../outside/core")
    return changes


def module_that_a_script_imports(world: World) -> list[Change]:
    world.write("src/unseen/words.py", "NUMBER = 1\n")
    world.write(
        "tools/make.py",
        "import os, sys\nsys.path.insert(0, 'src')\nfrom unseen import words\n"
        "said = os.environ.get('BUILDKITE_NUMBER', 0)\n"
        "open(sys.argv[1], 'w').write(f'int made[] = {{ {words.NUMBER}, {said} }};')\n",
    )
    world.append(
        "CMakeLists.txt",
        f'add_custom_command(OUTPUT made.c COMMAND "{sys.executable}" -B tools/make.py "${{CMAKE_BINARY_DIR}}/made.c"\n'
        '  DEPENDS tools/make.py WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")\ntarget_sources(unseen PRIVATE made.c)\n',
    )

    def a_variable(w: World) -> None:
        w.variables["BUILDKITE_NUMBER"] = "7"

    return [lambda w: w.write("src/unseen/words.py", "NUMBER = 22\n"), a_variable]


def modules_that_a_command_imports(world: World) -> list[Change]:
    world.elsewhere("one/words.py", "NUMBER = 1\n")
    world.elsewhere("two/words.py", "NUMBER = 2\n")
    world.variables["PYTHONPATH"] = (
        f"{world.outside}/one{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    )
    script = "import sys, words$<SEMICOLON> open('made.c', 'w').write(f'int made = {words.NUMBER}$<SEMICOLON>')"
    world.append(
        "CMakeLists.txt",
        f'add_custom_command(OUTPUT made.c COMMAND "{sys.executable}" -B -c "{script}" VERBATIM)\n'
        "target_sources(unseen PRIVATE made.c)\n",
    )

    def another_path(w: World) -> None:
        w.variables["PYTHONPATH"] = w.variables["PYTHONPATH"].replace("/one", "/two")

    return [another_path]


def files_that_a_command_leaves(world: World) -> list[Change]:
    world.write("names.txt", "one two\n")
    world.write(
        "tools/make.py",
        "import pathlib, sys\n"
        "for name in pathlib.Path(sys.argv[1]).read_text().split():\n"
        "    pathlib.Path('many', name).write_text(name)\n"
        "pathlib.Path('stamp').touch()\n",
    )
    world.append(
        "CMakeLists.txt",
        'file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/many")\nadd_custom_command(OUTPUT stamp DEPENDS names.txt tools/make.py\n'
        f'  COMMAND "{sys.executable}" "${{CMAKE_SOURCE_DIR}}/tools/make.py" "${{CMAKE_SOURCE_DIR}}/names.txt")\n'
        "add_custom_target(many ALL DEPENDS stamp)\n"
        'install(DIRECTORY "${CMAKE_BINARY_DIR}/many" DESTINATION unseen)\n',
    )
    return [lambda w: w.write("names.txt", "one three\n")]


def output_that_is_no_longer_made(world: World) -> list[Change]:
    world.write("include/config.h", "#define CONFIG 2\n")
    world.write(
        "src/main.c", "#include <config.h>\nint value(void) { return CONFIG; }\n"
    )
    world.append(
        "CMakeLists.txt",
        'add_custom_command(OUTPUT config.h COMMAND echo "#define CONFIG 1" > config.h)\n'
        'target_sources(unseen PRIVATE config.h)\nfile(WRITE "${CMAKE_BINARY_DIR}/many/one.txt" "1")\n'
        'target_include_directories(unseen PRIVATE "${CMAKE_BINARY_DIR}" include)\n'
        'install(DIRECTORY "${CMAKE_BINARY_DIR}/many" DESTINATION unseen)\n',
    )

    def no_more(w: World) -> None:
        text = (
            (w.root / "CMakeLists.txt")
            .read_text()
            .replace("target_sources", "# ")
            .replace("add_custom", "# ")
        )
        w.write("CMakeLists.txt", text.replace("one.txt", "two.txt"))

    return [no_more]


def the_same_in_a_build_directory_of_its_own(world: World) -> list[Change]:
    world.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\nbuild-dir = "tree"\n',
    )
    return output_that_is_no_longer_made(world)


def another_generator(world: World) -> list[Change]:
    needs.program("make")

    def make(w: World) -> None:
        w.variables["CMAKE_GENERATOR"] = "Unix Makefiles"
        w.replace(
            "CMakeLists.txt",
            "add_library",
            "add_compile_definitions(MORE)\nadd_library",
        )

    world.write("src/main.c", "#ifdef MORE\nint more;\n#endif\n")
    return [make, lambda w: w.variables.clear()]


def headers_under_make(world: World) -> list[Change]:
    needs.program("make")
    world.variables["CMAKE_GENERATOR"] = "Unix Makefiles"
    return [
        *header_outside(world),
        lambda w: w.write("src/main.c", "int other(void) { return 3; }\n"),
    ]


def preset_of_the_users(world: World) -> list[Change]:
    preset = '{{"version": 3, "configurePresets": [{{"name": "mine", "cacheVariables": {{"LEVEL": "{}"}}}}]}}'
    world.write("CMakeUserPresets.json", preset.format(1))
    world.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\ncmake.args = ["--preset=mine"]\n',
    )
    world.append(
        "CMakeLists.txt",
        'target_compile_definitions(unseen PRIVATE "LEVEL=${LEVEL}")\n',
    )
    world.write("src/main.c", "int value(void) { return LEVEL; }\n")
    return [lambda w: w.write("CMakeUserPresets.json", preset.format(22))]


def toolchain_outside(world: World) -> list[Change]:
    world.elsewhere("mine.cmake", "set(CMAKE_C_FLAGS_INIT -DLEVEL=1)\n")
    world.options["cmake.toolchain-file"] = str(world.outside / "mine.cmake")
    world.write("src/main.c", "int value(void) { return LEVEL; }\n")
    return [lambda w: w.elsewhere("mine.cmake", "set(CMAKE_C_FLAGS_INIT -DLEVEL=22)\n")]


def packages_flags(world: World) -> list[Change]:
    """CMake does not watch what pkg-config says."""
    world.elsewhere(
        "pkg-config",
        '#!/bin/sh\ncase "$*" in *cflags*) echo -DLEVEL=1;; *) echo 1.0;; esac\n',
        mode=0o755,
    )
    world.options["cmake.define.PKG_CONFIG_EXECUTABLE"] = str(
        world.outside / "pkg-config"
    )
    world.append(
        "CMakeLists.txt",
        "find_package(PkgConfig REQUIRED)\npkg_check_modules(mine REQUIRED mine)\n"
        "target_compile_options(unseen PRIVATE ${mine_CFLAGS})\n",
    )
    world.write("src/main.c", "int value(void) { return LEVEL; }\n")

    def other_flags(w: World) -> None:
        text = (w.outside / "pkg-config").read_text().replace("LEVEL=1", "LEVEL=2")
        w.elsewhere("pkg-config", text, mode=0o755)

    return [other_flags]


def project_inside(world: World) -> list[Change]:
    """A submodule that is built by a CMake of its own."""
    cmake = CMAKE.replace("unseen", "part").replace("src/main.c", "part.c")
    world.write(
        "part/CMakeLists.txt", cmake.replace("DESTINATION part", "DESTINATION .")
    )
    world.write("part/part.c", "int part(void) { return 1; }\n")
    world.append(
        "CMakeLists.txt",
        'include(ExternalProject)\nExternalProject_Add(part SOURCE_DIR "${CMAKE_SOURCE_DIR}/part"\n'
        '  CMAKE_ARGS "-DCMAKE_INSTALL_PREFIX=${CMAKE_BINARY_DIR}/put")\n'
        'install(DIRECTORY "${CMAKE_BINARY_DIR}/put/" DESTINATION unseen)\n',
    )
    return [lambda w: w.write("part/part.c", "int part(void) { return 2; }\n")]


def fetched_archive(world: World) -> list[Change]:
    def pack(w: World, value: int) -> None:
        folder = w.outside / f"part-{value}"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text("add_library(part OBJECT part.c)\n")
        (folder / "part.c").write_text(f"int part(void) {{ return {value}; }}\n")
        subprocess.run(
            ["tar", "cf", w.root / "part.tar", "-C", folder, "."], check=True
        )

    pack(world, 1)
    world.append(
        "CMakeLists.txt",
        'include(FetchContent)\nFetchContent_Declare(part URL "${CMAKE_SOURCE_DIR}/part.tar" DOWNLOAD_EXTRACT_TIMESTAMP ON)\n'
        "FetchContent_MakeAvailable(part)\ntarget_link_libraries(unseen PRIVATE part)\n"
        "set_target_properties(part PROPERTIES POSITION_INDEPENDENT_CODE ON)\n",
    )
    return [lambda w: pack(w, 22)]


def source_that_comes_back(world: World) -> list[Change]:
    world.replace("CMakeLists.txt", "src/main.c", "src/main.c ${more}")
    world.replace(
        "CMakeLists.txt", "add_library", "file(GLOB more src/more*.c)\nadd_library"
    )
    world.write("src/more.c", '#include "more.h"\nint more(void) { return MORE; }\n')
    world.write("src/more.h", "#define MORE 1\n")

    def gone(w: World) -> None:
        (w.root / "src/more.c").rename(w.outside / "more.c")
        w.write("src/more.h", "#define MORE 2\n")

    def back(w: World) -> None:
        (w.outside / "more.c").rename(w.root / "src/more.c")
        os.utime(w.root / "src/more.c", (OLD, OLD))

    def by_another_case(w: World) -> None:
        (w.root / "src/more.c").rename(w.root / "src/moRE.c")

    return [gone, back, by_another_case]


def copied_module(world: World) -> list[Change]:
    world.write("src/unseen/words.py", "WORD = 1\n")
    world.append(
        "CMakeLists.txt",
        'file(COPY src/unseen/words.py DESTINATION "${CMAKE_BINARY_DIR}/copy")\n'
        'install(FILES "${CMAKE_BINARY_DIR}/copy/words.py" DESTINATION unseen/copy)\n',
    )
    return [lambda w: w.write("src/unseen/words.py", "WORD = 2\n")]


def computed_variable(world: World) -> list[Change]:
    world.append(
        "CMakeLists.txt",
        'set(name NUMBER)\ntarget_compile_definitions(unseen PRIVATE "LEVEL=0$ENV{CI_${name}}")\n',
    )
    world.write("src/main.c", "int value(void) { return LEVEL; }\n")

    def set_it(w: World) -> None:
        w.variables["CI_NUMBER"] = "7"

    return [set_it]


def build_types_in_turn(world: World) -> list[Change]:
    world.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\ncmake.build-type = ["Debug", "Release"]\n',
    )
    world.replace(
        "CMakeLists.txt", "add_library", "set(CMAKE_DEBUG_POSTFIX _d)\nadd_library"
    )
    world.append(
        "CMakeLists.txt",
        'set_target_properties(unseen PROPERTIES ARCHIVE_OUTPUT_DIRECTORY "$<CONFIG>")\n',
    )
    world.elsewhere("include/given.h", "#define GIVEN 1\n")
    world.write(
        "src/main.c",
        "#ifndef NDEBUG\n#include <given.h>\nint value(void) { return GIVEN; }\n#endif\n",
    )
    world.append(
        "CMakeLists.txt",
        f'target_include_directories(unseen PRIVATE "{world.outside}/include")\n',
    )
    return [
        lambda w: None,
        lambda w: w.elsewhere("include/given.h", "#define GIVEN 22\n"),
        lambda w: w.append("src/main.c", "int more(void) { return 1; }\n"),
    ]


def build_types_side_by_side(world: World) -> list[Change]:
    world.variables["CMAKE_GENERATOR"] = "Ninja Multi-Config"
    return build_types_in_turn(world)


def build_types_under_one_name(world: World) -> list[Change]:
    """The file that is installed last counts, however soon after the other."""
    changes = build_types_in_turn(world)
    world.replace("CMakeLists.txt", "set(CMAKE_DEBUG_POSTFIX _d)\n", "")
    return changes[:1]


def source_by_way_of_a_link(world: World) -> list[Change]:
    world.elsewhere("main.c", "int value(void) { return 1; }\n")
    world.elsewhere("given.h", "#define GIVEN 1\n")
    (world.root / "src" / "linked.c").symlink_to(world.outside / "main.c")
    (world.root / "src" / "given.h").symlink_to(
        os.path.relpath(world.outside / "given.h", world.root / "src")
    )
    world.write("src/main.c", '#include "given.h"\nint given(void) { return GIVEN; }\n')
    world.append("CMakeLists.txt", "target_sources(unseen PRIVATE src/linked.c)\n")
    return [
        lambda w: w.elsewhere("main.c", "int value(void) { return 22; }\n"),
        lambda w: w.elsewhere("given.h", "#define GIVEN 22\n"),
    ]


def compiler_that_is_a_script(world: World) -> list[Change]:
    """As in Nix and Emscripten: it reads files beside itself, and variables of its own."""
    world.elsewhere("cc/flags", "-DVALUE=1\n")
    text = '#!/bin/sh\nexec gcc @"$(dirname "$0")/flags" -DMORE="${CI_MORE:-0}" "$@"\n'
    world.elsewhere("cc/cc", text, mode=0o755)
    world.variables["CC"] = f"{world.outside}/cc/cc"
    world.write("src/main.c", "int value(void) { return VALUE + MORE; }\n")

    def set_it(w: World) -> None:
        w.variables["CI_MORE"] = "7"

    return [lambda w: w.elsewhere("cc/flags", "-DVALUE=22\n"), set_it]


def file_that_a_link_command_leaves(world: World) -> list[Change]:
    """A file that a command leaves without declaring it stays while CMake begins anew, and goes when no command writes it."""
    command = (
        "add_custom_command(TARGET unseen POST_BUILD COMMAND ${CMAKE_COMMAND} -E copy "
        '"${CMAKE_SOURCE_DIR}/src/left.txt" left.txt)\n'
    )
    world.write("src/left.txt", "left\n")
    world.write("README", "")
    world.append(
        "CMakeLists.txt",
        command
        + 'install(FILES "${CMAKE_BINARY_DIR}/left.txt" DESTINATION unseen OPTIONAL)\n',
    )
    return [
        lambda w: w.append("CMakeLists.txt", "# no more than a remark\n"),
        lambda w: w.append("src/main.c", "int more(void) { return 1; }\n"),
        lambda w: w.replace("CMakeLists.txt", command, ""),
    ]


CASES = (
    header_outside, header_outside_that_shadows, library_outside, program_of_a_command, compiler_behind_a_cache,
    scripts_and_linker_input_beside_the_project,
    commit_in_a_command, project_in_a_folder_of_a_larger_one, folder_by_way_of_a_link, the_same_in_a_mirror,
    module_that_a_script_imports, modules_that_a_command_imports, files_that_a_command_leaves,
    output_that_is_no_longer_made, the_same_in_a_build_directory_of_its_own, headers_under_make, packages_flags,
    source_by_way_of_a_link, compiler_that_is_a_script, file_that_a_link_command_leaves,
    project_inside, source_that_comes_back, build_types_in_turn, build_types_under_one_name,
)  # fmt: skip
RARE = (
    header_on_the_compilers_path, program_by_name, another_generator, preset_of_the_users, toolchain_outside,
    fetched_archive, copied_module, computed_variable, build_types_side_by_side,
)  # fmt: skip
"""Only in the extended run: they differ little from others."""


@pytest.mark.parametrize(
    "case",
    [*CASES, *(pytest.param(c, marks=pytest.mark.extended) for c in RARE)],
    ids=lambda case: case.__name__,
)
def test_a_change_that_the_build_tool_does_not_see_changes_the_wheel(
    tmp_path: Path, case: Callable[[World], list[Change]]
) -> None:
    needs.program("gcc")
    world = new_world(tmp_path)
    changes = case(world)
    digests = [build(world, world.root, tmp_path / "out", tmp_path / "warm")[0]]
    for number, change in enumerate(changes):
        change(world)
        warm, said = build(world, world.root, tmp_path / "out", tmp_path / "warm")
        source = world.root
        if (
            source / "tree"
        ).exists():  # a build directory of its own, which must not serve both
            source = tmp_path / f"copy-{number}"
            shutil.copytree(world.root, source, ignore=shutil.ignore_patterns("tree"))
        cold, _ = build(world, source, tmp_path / "out", tmp_path / f"cold-{number}")
        assert warm == cold, f"{getattr(change, '__name__', '')}: {said}"
        digests.append(warm)
    if case is not build_types_under_one_name:
        assert len(set(digests)) > 1  # the changes count
