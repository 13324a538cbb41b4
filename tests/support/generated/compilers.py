"""Features: what compilers, assemblers and linkers read."""

from __future__ import annotations

from support.generated.registry import feature
from support.generated.world import Part, archive_of, object_of

FOLDERS = (
    "tests/TAG", "docs/TAG", "data/TAG", "src/TAG", "TAG.egg-info", "build/TAG", ".hidden/TAG", "node_modules/TAG",
)  # fmt: skip
SUFFIXES = (".json", ".md", ".bin", "", ".rst", ".txt", ".pyc", ".o", ".orig", "~")
INCBIN = (
    '__asm__(".section .rodata\\n.global blob_TAG\\nblob_TAG: .incbin \\"" {} "\\"\\n.byte 0\\n"\n'
    '  ".previous\\n");'
)


def _blob(part: Part) -> str:
    """Write a file of any name; return its name."""
    name = f"{part.pick(FOLDERS)}/blob{part.pick(SUFFIXES)}"
    part.data(name, "blob VALUE\n")
    return name


@feature("gcc")
def incbin(part: Part) -> None:
    """Inline assembly takes bytes of a file."""
    name = _blob(part)
    if part.pick([True, False]):
        part.cmake(
            f'target_compile_definitions(generated PRIVATE "BLOB_TAG=\\"SOURCE/{name}\\"")'
        )
        part.c(INCBIN.format("BLOB_TAG"))
    else:
        part.cmake('target_compile_options(generated PRIVATE "-Wa,-I,SOURCE")')
        part.c(INCBIN.format(f'"{name}"'))


@feature("gcc", "#embed")
def embed(part: Part) -> None:
    name = _blob(part)
    part.cmake("target_compile_options(generated PRIVATE --embed-dir=SOURCE)")
    part.c(f"const char embed_TAG[] = {{\n#embed <{name}>\n}};")


@feature("gcc")
def assembly(part: Part) -> None:
    """A source in assembly, with or without the preprocessor, takes bytes of a file and includes another."""
    name = _blob(part)
    suffix = part.pick([".S", ".s"])
    part.data("src/TAG.inc", ".long VALUE\n")
    place = part.pick(["", "OUTSIDE/"])
    part.data(f"{place}TAG_more.inc", ".long VALUE\n")
    part.write(
        f"src/TAG{suffix}",
        f'.section .rodata\n.global asm_TAG\nasm_TAG: .incbin "{name}"\n.include "src/TAG.inc"\n'
        f'.include "{place}TAG_more.inc"\n.section .note.GNU-stack,"",@progbits\n',
    )
    part.cmake(
        f"enable_language(ASM)\ntarget_sources(generated PRIVATE src/TAG{suffix})\n"
        f'set_source_files_properties(src/TAG{suffix} PROPERTIES COMPILE_OPTIONS "-Wa,-I,SOURCE")'
    )


@feature("gcc")
def linker_script(part: Part) -> None:
    """A script that adds to the linker's own one, and includes another."""
    place = part.pick(["ld", "OUTSIDE", "docs"])
    where = place if place == "OUTSIDE" else f"SOURCE/{place}"
    name = part.pick(["TAG.ld", "TAG.md", "TAG"])
    part.data(
        f"{place}/{name}",
        "SECTIONS { .mark_TAG : { LONG(VALUE) INCLUDE more_TAG } } INSERT AFTER .data;\n",
    )
    part.data(f"{place}/more_TAG", "LONG(VALUE)\n")
    part.cmake(
        f'target_link_options(generated PRIVATE "-L{where}" "-Wl,-T,{where}/{name}")'
    )


@feature("gcc")
def library_that_is_a_script(part: Part) -> None:
    """``libTAG.so`` or ``libTAG.a`` is a text that names another library."""
    suffix = part.pick([".so", ".a"])
    place = part.pick(["lib/TAG", "OUTSIDE/TAG"])
    where = place if place.startswith("OUTSIDE") else f"SOURCE/{place}"
    for name in ("one", "two"):
        text = f"int given_{name}_TAG(void) {{ return VALUE; }}"
        part.data(f"{place}/lib{name}_TAG.a", text, render=archive_of)
    script = part.data(
        f"{place}/libTAG{suffix}", "INPUT(-lone_TAG) script_TAG = VALUE;\n"
    )
    part.c(
        "extern char script_TAG[]; int given_one_TAG(void), given_two_TAG(void);\n"
        "int given_TAG(void) { return given_one_TAG(); }\nchar *by_script_TAG(void) { return script_TAG; }"
    )
    part.cmake(f'target_link_options(generated PRIVATE "-L{where}")')
    part.cmake("target_link_libraries(generated PRIVATE -lTAG)")

    @part.edit("other_library_in_the_script")
    def other_library() -> None:
        text = script.render(script.value).decode()
        if "two" not in script.path.read_text():
            text = text.replace("-lone", "-ltwo -lone")
        script.path.write_text(text)

    @part.edit("library_in_an_earlier_directory")
    def earlier() -> None:
        path = part.path(f"{place}/libTAG.so")
        if suffix == ".a" and not path.exists():
            path.write_text(part.told("INPUT(-ltwo_TAG -lone_TAG) script_TAG = 7;\n"))
        elif suffix == ".a":
            path.unlink()


@feature("gcc")
def version_script(part: Part) -> None:
    """Its name is a part of the module. There can be one only."""
    if any(other.feature == part.feature for other in part.world.parts):
        return
    place, where = part.pick(
        [("OUTSIDE", "OUTSIDE"), ("src", "SOURCE/src"), ("tests", "SOURCE/tests")]
    )
    name = part.pick(["TAG.map", "TAG.json", "TAG"])
    part.data(f"{place}/{name}", "V_VALUE { global: *; };\n")
    option = part.pick(["--version-script=", "--version-script,"])
    part.cmake(f'target_link_options(generated PRIVATE "-Wl,{option}{where}/{name}")')


@feature("gcc")
def just_symbols(part: Part) -> None:
    place, where = part.pick([("OUTSIDE", "OUTSIDE"), ("lib", "SOURCE/lib")])
    name = part.pick(["TAG.o", "TAG.sym", "TAG"])
    # GNU ld takes a file that is not there for a directory, and writes its path into the module
    part.data(f"{place}/{name}", "symbol_at_TAG = VALUE;\n", stays=True)
    part.c("extern char symbol_at_TAG[];\nchar *at_TAG(void) { return symbol_at_TAG; }")
    part.cmake(
        f'target_link_options(generated PRIVATE "-Wl,--just-symbols={where}/{name}")'
    )


@feature("gcc", "ld")
def binary_object(part: Part) -> None:
    """The linker takes a file as it is: its symbols are named by the path that it was told."""
    if part.pick([True, False]):
        part.data("OUTSIDE/TAG.bin", "raw VALUE\n")
        part.cmake(
            'target_link_options(generated PRIVATE "-Wl,--format=binary,OUTSIDE/TAG.bin,--format=default")'
        )
        return
    name = f"data/TAG/raw{part.pick(SUFFIXES)}"
    part.data(name, "raw VALUE\n")
    depends = part.pick(["", f"DEPENDS {name}"])
    part.cmake(
        f'add_custom_command(OUTPUT raw_TAG.o WORKING_DIRECTORY "SOURCE" {depends}\n'
        f'  COMMAND ld -r -z noexecstack -b binary -o "${{CMAKE_CURRENT_BINARY_DIR}}/raw_TAG.o" {name})\n'
        "target_sources(generated PRIVATE raw_TAG.o)\n"
        "set_source_files_properties(raw_TAG.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)"
    )


@feature("gcc")
def response_files(part: Part) -> None:
    """Options stand in files, one of which names the other."""
    part.data("opts/TAG.rsp", "-DRSP_TAG=VALUE @OUTSIDE/TAG_more\n")
    part.data("OUTSIDE/TAG_more", "-DMORE_TAG=VALUE\n")
    part.data("docs/TAG.txt", "-Wl,--defsym=linked_TAG=VALUE\n")
    part.c(
        "int response_TAG[] = {RSP_TAG, MORE_TAG};\nextern char linked_TAG[];\n"
        "char *link_TAG(void) { return linked_TAG; }"
    )
    part.cmake(
        'target_compile_options(generated PRIVATE "@SOURCE/opts/TAG.rsp")\n'
        'target_link_options(generated PRIVATE "@SOURCE/docs/TAG.txt")'
    )


@feature("gcc")
def optional_header(part: Part) -> None:
    """``__has_include`` of a header that may be there, in a directory that may be there."""
    folder = part.pick(["src", "include/TAG", "tests", "OUTSIDE/TAG"])
    where = folder if folder.startswith("OUTSIDE") else f"SOURCE/{folder}"
    name = part.pick(["optional_TAG.h", "optional_TAG", "optional_TAG.json"])
    part.data(
        f"{folder}/{name}",
        "#define OPTIONAL_TAG VALUE\n",
        is_there=part.pick([True, False]),
    )
    part.c(
        f'#if __has_include("{name}")\n#include "{name}"\n#endif\n#ifdef OPTIONAL_TAG\nint optional_TAG = OPTIONAL_TAG;\n#endif'
    )
    part.cmake(f'target_include_directories(generated PRIVATE "{where}")')


@feature("gcc")
def headers_that_shadow(part: Part) -> None:
    """The same header in several directories; the first one counts."""
    part.cmake(
        'target_include_directories(generated PRIVATE "OUTSIDE/TAG_first" SOURCE/TAG/second)\n'
        'target_include_directories(generated SYSTEM PRIVATE "OUTSIDE/TAG_third")'
    )
    text = "#define SHADOW_TAG VALUE\n"
    for place in ("src", "OUTSIDE/TAG_first", "TAG/second"):
        part.data(f"{place}/deep_TAG/shadow.h", text, is_there=False)
    part.data("OUTSIDE/TAG_third/deep_TAG/shadow.h", text)
    form = part.pick(['"deep_TAG/shadow.h"', "<deep_TAG/shadow.h>"])
    part.c(f"#include {form}\nint shadow_TAG = SHADOW_TAG;")


@feature("gcc")
def included_by_an_option(part: Part) -> None:
    """``-include`` and ``-imacros``, of files with any name, which include others."""
    part.data("tests/TAG.txt", '#define FIRST_TAG VALUE\n#include "TAG.more"\n')
    part.data("tests/TAG.more", "#define SECOND_TAG VALUE\n")
    option = part.pick(["-include", "-imacros"])
    part.cmake(
        f'target_compile_options(generated PRIVATE "SHELL:{option} SOURCE/tests/TAG.txt")'
    )
    part.c("int included_TAG[] = {FIRST_TAG, SECOND_TAG};")


@feature("gcc", "ar")
def library_outside(part: Part) -> None:
    """A static library or an object outside, found by its path or in a list of directories."""
    text = "int library_TAG(void) { return VALUE; }"
    part.c("int library_TAG(void);\nint call_TAG(void) { return library_TAG(); }")
    kind = part.pick(["object", "archive", "searched"])
    if kind == "object":
        part.data("OUTSIDE/TAG.o", text, render=object_of)
        part.cmake('target_link_libraries(generated PRIVATE "OUTSIDE/TAG.o")')
        return
    part.data("OUTSIDE/TAG/libTAG.a", text, render=archive_of)
    if kind == "archive":
        part.cmake('target_link_libraries(generated PRIVATE "OUTSIDE/TAG/libTAG.a")')
        return
    part.data(
        "OUTSIDE/TAG_before/libTAG.a",
        text,
        is_there=False,
        render=archive_of,
    )
    part.cmake(
        'target_link_directories(generated PRIVATE "OUTSIDE/TAG_before" "OUTSIDE/TAG")\n'
        "target_link_libraries(generated PRIVATE TAG)"
    )


@feature("gcc")
def precompiled_header(part: Part) -> None:
    """A header that is compiled once includes one of the project, and one outside."""
    part.data("src/TAG_all.h", '#include "TAG_part.h"\n#define ALL_TAG VALUE\n')
    part.data("src/TAG_part.h", "#include <TAG_other.h>\n#define PART_TAG VALUE\n")
    part.data("OUTSIDE/TAG/TAG_other.h", "#define OTHER_TAG VALUE\n")
    part.cmake(
        'target_include_directories(generated PRIVATE "OUTSIDE/TAG")\n'
        "target_precompile_headers(generated PRIVATE src/TAG_all.h)"
    )
    part.c("int all_TAG[] = {ALL_TAG, PART_TAG, OTHER_TAG};")
