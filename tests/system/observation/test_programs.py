"""Real programs are watched: compilers, linkers, shells, interpreters, git, CMake and Ninja."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support import needs
from support.processes import descendants, together
from support.watching import Watched, compile_c, library, watch

PYTHON = [sys.executable, "-I", "-S", "-c"]


def test_a_compiler_reads_headers_and_looks_for_them_elsewhere_first(
    tmp_path: Path,
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "own.h").write_text("#define OWN 1\n")
    (tmp_path / "data.bin").write_text("bytes")
    (tmp_path / "x.c").write_text(
        '#include "own.h"\n__asm__(".incbin \\"data.bin\\"");'
    )
    flags = ["-Ifirst", "-Isecond", "-c", "x.c", "-o", "x.o"]
    watched = watch([needs.program("gcc"), *flags], tmp_path)
    assert watched.done.returncode == 0
    assert watched.trace.is_whole
    assert watched.all.unseen == frozenset()
    preprocessor = watched.process("cc1")
    assert {
        watched.here("x.c"),
        watched.here("second/own.h"),
    } <= preprocessor.read
    assert watched.here("first/own.h") in preprocessor.missing
    assembler = watched.process(Path(os.path.realpath(needs.program("as"))).name)
    assert watched.here("data.bin") in assembler.read
    assert watched.here("x.o") in assembler.written
    # What passes between the two is neither an input nor left over.
    (between,) = assembler.read & preprocessor.written
    assert between in watched.all.removed
    assert not Path(between).exists()


def test_a_linker_reads_a_script_and_what_it_names(tmp_path: Path) -> None:
    gcc = needs.program("gcc")
    lib = tmp_path / "lib"
    lib.mkdir()
    compile_c("int hidden(void) { return 0; }", lib / "libreal.so", "-shared", "-fPIC")
    (lib / "libfoo.so").write_text("INPUT(libreal.so)\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.c").write_text("int hidden(void); int main() { return hidden(); }")
    flags = ["x.c", "-Lempty", "-Llib", "-lfoo", "-o", "x"]
    watched = watch([gcc, *flags], tmp_path)
    assert watched.done.returncode == 0, watched.done.stderr
    assert watched.here("lib/libfoo.so") in watched.all.read
    assert watched.here("lib/libreal.so") in watched.all.read
    assert watched.here("empty/libfoo.so") in watched.all.missing
    assert watched.here("x") in watched.all.written


def test_a_shell_reads_lists_and_looks_for_programs(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("text")
    (tmp_path / "folder").mkdir()
    script = "cat input > output; test -e nowhere; ls folder; rm input; cd folder"
    path = f"{tmp_path}/folder:{os.environ['PATH']}"
    watched = watch(
        ["/bin/sh", "-c", script], tmp_path, environ={**os.environ, "PATH": path}
    )
    assert watched.done.returncode == 0
    assert watched.here("input") in watched.process("cat").read
    assert watched.here("output") in watched.trace.processes[1].written
    assert watched.here("folder") in watched.process("ls").listed
    assert {watched.here("nowhere"), watched.here("folder/cat")} <= watched.all.missing
    assert watched.all.removed == {watched.here("input")}
    (cat,) = (path for path in watched.all.run if path.endswith("/cat"))
    assert os.path.realpath(cat) == watched.process("cat").program
    assert watched.process("cat").arguments == ("cat", "input")
    assert watched.process("cat").folder == str(tmp_path)
    assert watched.process("cat").parent == 1


def test_perl_reads_lists_and_starts_programs(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("text")
    (tmp_path / "folder").mkdir()
    script = (
        'open(F, "input"); print <F>; opendir(D, "folder"); -e "nowhere"; '
        'print `echo hello`; exec "true"'
    )
    watched = watch([needs.program("perl"), "-e", script], tmp_path)
    assert watched.done.stdout == b"texthello\n"
    perl = watched.process("perl")
    assert watched.here("input") in perl.read
    assert watched.here("folder") in perl.listed
    assert watched.here("nowhere") in perl.missing
    assert watched.process("true").parent == perl.number
    assert watched.all.unseen == frozenset()


def test_python_reads_lists_loads_and_starts_programs(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("text")
    (tmp_path / "folder").mkdir()
    script = (
        "import os, subprocess, ctypes; open('input').read(); os.listdir('folder'); "
        "list(os.scandir('folder')); os.path.exists('nowhere'); "
        "subprocess.run(['true'], check=True); subprocess.run('echo hi', shell=True); "
        "os.system('cat input')"
    )
    watched = watch([*PYTHON, script], tmp_path)
    assert watched.done.returncode == 0, watched.done.stderr
    python = watched.trace.processes[1]
    assert watched.here("input") in python.read
    assert watched.here("folder") in python.listed
    assert watched.here("nowhere") in python.missing
    assert watched.process("true").parent == 1
    assert watched.here("input") in watched.process("cat").read
    assert len(descendants(watched.trace, 1)) == len(watched.trace.processes) >= 4
    assert watched.all.unseen == frozenset()


def test_git_reads_the_head(tmp_path: Path) -> None:
    git = needs.program("git")
    script = f"{git} init -q; {git} -c user.name=a -c user.email=b commit -q -m c --allow-empty"
    assert watch(["/bin/sh", "-c", script], tmp_path).done.returncode == 0
    watched = watch([git, "rev-parse", "HEAD"], tmp_path)
    assert watched.done.returncode == 0
    assert watched.here(".git/HEAD") in watched.all.read
    assert watched.here(".git/packed-refs") in watched.all.missing
    assert any("/.git/refs/heads/" in path for path in watched.all.read)


@pytest.mark.parametrize(
    "end", ["return 0", "_exit(0)", "_Exit(0)", 'execl("/bin/true", "true", NULL)']
)
def test_a_library_that_another_needs_is_noted(tmp_path: Path, end: str) -> None:
    """dlopen() searches along the caller's RUNPATH, which a hook must not lose."""
    lib = tmp_path / "lib"
    lib.mkdir()
    compile_c("int f() { return 1; }", lib / "libinner.so", "-shared", "-fPIC")
    compile_c(
        "int f(); int g() { return f(); }",
        lib / "libouter.so",
        *("-shared", "-fPIC", f"-L{lib}", "-linner", "-Wl,-rpath,$ORIGIN"),
    )
    program = compile_c(
        f"""
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <unistd.h>
        int main() {{
            if (!dlopen("libouter.so", RTLD_NOW)) return 1;
            {end};
        }}
        """,
        tmp_path / "program",
        "-Wl,-rpath,$ORIGIN/lib",
    )
    watched = watch([program], tmp_path)
    assert watched.done.returncode == 0
    assert {str(lib / "libouter.so"), str(lib / "libinner.so")} <= watched.all.read


CMAKE = """
cmake_minimum_required(VERSION 3.15)
project(example C)
file(GLOB sources CONFIGURE_DEPENDS *.c)
add_library(example SHARED ${sources})
execute_process(COMMAND cat extra.txt WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_command(OUTPUT made.h COMMAND cat ${CMAKE_SOURCE_DIR}/secret.txt > made.h)
target_sources(example PRIVATE made.h)
"""


def places() -> list[Path]:
    return [Path("/usr/bin"), Path(sys.executable).parent]


@pytest.mark.parametrize("place", places(), ids=["system", "pypi"])
def test_cmake_and_ninja_are_watched(tmp_path: Path, place: Path) -> None:
    cmake, ninja = place / "cmake", place / "ninja"
    if not (cmake.exists() and ninja.exists()):
        needs.missing(f"cmake and ninja in {place}")
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    (tmp_path / "a.c").write_text("#include <stdio.h>\n")
    (tmp_path / "extra.txt").touch()
    (tmp_path / "secret.txt").touch()
    configure = ["-GNinja", f"-DCMAKE_MAKE_PROGRAM={ninja}", "-Bb", "-S."]
    configured = watch([cmake, *configure], tmp_path)
    assert configured.done.returncode == 0, configured.done.stderr
    assert configured.trace.is_whole
    assert configured.all.unseen == frozenset()
    assert configured.here("CMakeLists.txt") in configured.all.read
    assert configured.here("extra.txt") in configured.all.read
    assert str(tmp_path) in configured.all.listed
    built = watch([ninja, "-C", "b"], tmp_path)
    assert built.done.returncode == 0, built.done.stdout
    assert built.trace.is_whole
    assert built.all.unseen == frozenset()
    assert {built.here("a.c"), built.here("secret.txt")} <= built.all.read
    assert built.here("b/made.h") in built.all.written
    (step,) = (
        process
        for process in built.trace.processes.values()
        if process.parent == 1 and "secret.txt" in process.arguments[-1]
    )
    family = together(descendants(built.trace, step.number))
    assert built.here("secret.txt") in family.read
    assert built.here("a.c") not in family.read


def test_the_library_itself_is_not_noted(tmp_path: Path) -> None:
    watched: Watched = watch(["/bin/sh", "-c", "cat /dev/null"], tmp_path)
    assert str(library()) not in watched.all.read | watched.all.looked_at
    assert "/dev/null" in watched.all.read
