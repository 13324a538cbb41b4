"""Features: what CMake reads while it configures and generates, and the package's own files."""

from __future__ import annotations

from support.generated.registry import feature
from support.generated.scripts import TABLE, names_in_a_directory
from support.generated.world import Part

INCLUDES = "target_include_directories(generated PRIVATE ${CMAKE_CURRENT_BINARY_DIR})"


@feature()
def configured_header(part: Part) -> None:
    """``configure_file`` and ``file(GENERATE)``."""
    name = part.pick(["TAG.h.in", "docs/TAG.md", "tests/TAG.json"])
    part.data(name, "#define CONFIGURED_TAG VALUE\n")
    if part.pick([True, False]):
        part.cmake(f"configure_file({name} configured_TAG.h)")
    else:
        part.cmake(
            f'file(GENERATE OUTPUT "${{CMAKE_CURRENT_BINARY_DIR}}/configured_TAG.h" INPUT "SOURCE/{name}")'
        )
    part.cmake(INCLUDES)
    part.c('#include "configured_TAG.h"\nint configured_TAG = CONFIGURED_TAG;')


@feature("cat")
def read_while_configuring(part: Part) -> None:
    """``file(READ)``, ``file(STRINGS)`` and a program, of files with any name."""
    place, here = part.pick(
        [("docs", "SOURCE/docs"), ("tests", "SOURCE/tests"), ("OUTSIDE", "OUTSIDE")]
    )
    name = part.pick(["TAG.md", "TAG.json", "TAG", "TAG.cmake"])
    part.data(f"{place}/{name}", TABLE)
    how = part.pick([
        f'file(READ "{here}/{name}" read_TAG)\nstring(STRIP "${{read_TAG}}" read_TAG)',
        f'file(STRINGS "{here}/{name}" read_TAG)',
        f'execute_process(COMMAND cat "{here}/{name}" OUTPUT_VARIABLE read_TAG OUTPUT_STRIP_TRAILING_WHITESPACE)',
        f'file(SHA256 "{here}/{name}" read_TAG)\nstring(SUBSTRING ${{read_TAG}} 0 7 read_TAG)\nset(read_TAG 0x${{read_TAG}})',
        (f'file(COPY "{here}/{name}" DESTINATION ${{CMAKE_CURRENT_BINARY_DIR}}/copy)\n'
        f'file(STRINGS "${{CMAKE_CURRENT_BINARY_DIR}}/copy/{name}" read_TAG)'),
    ])  # fmt: skip
    part.cmake(how)
    part.cmake("target_compile_definitions(generated PRIVATE READ_TAG=${read_TAG})")
    part.c("int read_TAG = READ_TAG;")


@feature("sh")
def script_while_configuring(part: Part) -> None:
    """``execute_process`` runs a script, which reads data and a file that may be there."""
    part.data("tools/TAG_ask", '. "${0%/*}/TAG_helper"; read data < docs/TAG.txt; echo $HELP$data`cat TAG.opt 2>/dev/null`VALUE\n')  # fmt: skip
    part.data("tools/TAG_helper", "HELP=VALUE\n")
    part.data("docs/TAG.txt", TABLE)
    part.data("TAG.opt", TABLE, is_there=False)
    part.cmake(
        'execute_process(COMMAND sh "SOURCE/tools/TAG_ask" WORKING_DIRECTORY "SOURCE"\n'
        "  OUTPUT_VARIABLE said_TAG OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)\n"
        'target_compile_definitions(generated PRIVATE "SAID_TAG=\\"${said_TAG}\\"")'
    )
    part.c("const char said_TAG[] = SAID_TAG;")


@feature()
def included_cmake(part: Part) -> None:
    """``include`` of a file that must be there, of one that may be, of a module, and a folder with lists of its own."""
    place, here = part.pick([("cmake", "SOURCE/cmake"), ("OUTSIDE", "OUTSIDE")])
    part.data(f"{place}/TAG_given.cmake", "set(given_TAG VALUE)\n")
    part.data(f"{place}/TAG_module.cmake", "set(module_TAG VALUE)\n")
    part.data(f"{place}/TAG_local.cmake", "set(module_TAG VALUE)\n", is_there=False)  # fmt: skip
    part.data("sub_TAG/CMakeLists.txt", "set(sub_TAG VALUE PARENT_SCOPE)\n")
    part.cmake(
        f'list(APPEND CMAKE_MODULE_PATH "SOURCE/nowhere_TAG" "{here}")\ninclude("{here}/TAG_given.cmake")\n'
        f'include(TAG_module)\ninclude("{here}/TAG_local.cmake" OPTIONAL)\nadd_subdirectory(sub_TAG)\n'
        "target_compile_definitions(generated PRIVATE GIVEN_TAG=${given_TAG} MODULE_TAG=${module_TAG} SUB_TAG=${sub_TAG})"
    )
    part.c("int cmake_TAG[] = {GIVEN_TAG, MODULE_TAG, SUB_TAG};")


@feature()
def globbed_units(part: Part) -> None:
    """Sources that are found by a pattern."""
    watched = part.pick(["", "CONFIGURE_DEPENDS"])
    how = part.pick(["GLOB", "GLOB_RECURSE"])
    text = "int unit_TAG_NUMBER(void) { return NUMBER; }\n"
    part.data("src/TAG/first.c", "int unit_TAG_first = VALUE;\n")
    part.cmake(
        f"file({how} units_TAG {watched} src/TAG/*.c)\ntarget_sources(generated PRIVATE ${{units_TAG}})"
    )
    names_in_a_directory(part, "src/TAG", ".c", text)


@feature()
def globbed_names(part: Part) -> None:
    """The names of files that are found by a pattern, or by whether one is there, count."""
    watched = part.pick(["", "CONFIGURE_DEPENDS"])
    place, here = part.pick([
        ("data/TAG", "SOURCE/data/TAG"), ("docs/TAG", "SOURCE/docs/TAG"), ("tests/TAG", "SOURCE/tests/TAG"),
        ("OUTSIDE/TAG", "OUTSIDE/TAG"),
    ])  # fmt: skip
    part.data(f"{place}/first.json", TABLE)
    part.cmake(
        f'file(GLOB names_TAG {watched} RELATIVE "{here}" "{here}/*.json")\n'
        f'if(EXISTS "{here}/first.json")\nlist(APPEND names_TAG there)\nendif()\n'
        'target_compile_definitions(generated PRIVATE "NAMES_TAG=\\"${names_TAG}\\"")'
    )
    part.cmake_lines = part.cmake_lines.replace(
        "target_compile_definitions", part.told('string(REPLACE ";" " " names_TAG "${names_TAG}")\ntarget_compile_definitions')
    )  # fmt: skip
    part.c("const char names_TAG[] = NAMES_TAG;")
    names_in_a_directory(part, place, ".json")


@feature()
def found_by_cmake(part: Part) -> None:
    """What ``find_path``, ``find_file`` and ``find_package`` look for; CMake remembers what it found."""
    text = "#define FOUND_TAG VALUE\n"
    for place in ("OUTSIDE/TAG_first", "hidden/TAG_second"):
        part.data(f"{place}/found_TAG.h", text, is_there=False)
    part.data("OUTSIDE/TAG_last/found_TAG.h", text)
    part.data("OUTSIDE/TAG_last/package_TAG-config.cmake", "set(package_TAG_number VALUE)\n")  # fmt: skip
    part.data("OUTSIDE/TAG_first/package_TAG-config.cmake", "set(package_TAG_number VALUE)\n", is_there=False)  # fmt: skip
    folders = '"OUTSIDE/TAG_first" "SOURCE/hidden/TAG_second" "OUTSIDE/TAG_last"'
    part.cmake(
        f"find_path(where_TAG found_TAG.h PATHS {folders} NO_DEFAULT_PATH REQUIRED)\n"
        f"find_package(package_TAG CONFIG PATHS {folders} NO_DEFAULT_PATH REQUIRED)\n"
        'target_include_directories(generated PRIVATE "${where_TAG}")\n'
        "target_compile_definitions(generated PRIVATE PACKAGE_TAG=${package_TAG_number})"
    )
    part.c('#include "found_TAG.h"\nint found_TAG[] = {FOUND_TAG, PACKAGE_TAG};')


@feature("gcc")
def checked_by_cmake(part: Part) -> None:
    """``check_c_source_compiles`` with a header, and ``try_compile``; CMake remembers what came out."""
    part.data("OUTSIDE/TAG/check_TAG.h", "#define CHECK_TAG VALUE\n")
    part.cmake(
        'include(CheckIncludeFile)\nlist(APPEND CMAKE_REQUIRED_INCLUDES "OUTSIDE/TAG")\n'
        "check_include_file(check_TAG.h has_check_TAG)\nif(has_check_TAG)\n"
        "target_compile_definitions(generated PRIVATE HAS_TAG)\nendif()\n"
        'target_include_directories(generated PRIVATE "OUTSIDE/TAG")'
    )
    part.c('#ifdef HAS_TAG\n#include "check_TAG.h"\nint check_TAG = CHECK_TAG;\n#endif')


@feature()
def package_files(part: Part) -> None:
    """Files of the Python package, packed as they are."""
    part.data("src/generated/TAG/__init__.py", "VALUE\n")
    part.data("src/generated/TAG/data.json", "VALUE\n")
    part.data("src/generated/TAG/data.md", "VALUE\n")
    part.data("src/generated/TAG/script", "#!/bin/sh\necho VALUE\n", mode=0o755)
    names_in_a_directory(part, "src/generated/TAG", ".py", "NUMBER\n")
    names_in_a_directory(part, "src/generated/TAG", ".txt", "NUMBER\n")
