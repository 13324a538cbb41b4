"""Which libraries a build was linked with, by real builds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support import hooks, needs, toolchains
from support.cmake_builds import (
    built,
    function,
    links_of,
    run,
    shared_library,
    static_library,
)
from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.model.link_facts import LinkFacts
from truewheel.model.request import Product, Request
from truewheel.system.engine import Engine
from truewheel.system.engine.link_commands import split_words
from truewheel.system.engine.link_facts import read_link_facts
from truewheel.system.engine.linked_files import Nature, dll_of, nature_of
from truewheel.system.project.metadata import read_project
from truewheel.system.project.pyproject_toml import read_project_file
from truewheel.system.warm.area import BuildArea

GENERATORS = ["Ninja", "Unix Makefiles"]


def names(facts: LinkFacts, target: str) -> list[str]:
    """Return the names of what a target is linked with, without the libraries of the compiler."""
    paths = links_of(facts, target).libraries
    return [Path(path).name for path in paths if not path.startswith(("/usr", "/lib"))]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with links in its path, which are followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    function(tmp_path / "real" / "m.c", "m")
    return tmp_path / "link"


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_library_of_the_project_is_found_where_it_was_built(
    place: Path, generator: str
) -> None:
    function(place / "sub" / "own.c", "own")
    (place / "sub" / "CMakeLists.txt").write_text(
        "add_library(own SHARED own.c)\n"
        "set_target_properties(own PROPERTIES VERSION 1.2.3 SOVERSION 1)\n"
        "add_library(inner MODULE ../m.c)\ntarget_link_libraries(inner PRIVATE own)\n"
    )
    facts = built(
        place,
        "project(p LANGUAGES C)\nadd_subdirectory(sub)\n"
        "add_library(m MODULE m.c)\ntarget_link_libraries(m PRIVATE own)\n",
        generator=generator,
    )
    own = os.path.realpath(place / "build" / "sub" / "libown.so.1.2.3")
    assert own in facts.linked_libraries
    assert links_of(facts, "m").libraries[0] == own
    assert links_of(facts, "inner").libraries[0] == own
    assert facts.static_libraries == ()
    assert facts.components == ()


@pytest.mark.parametrize("generator", GENERATORS)
def test_libraries_of_others_are_found_however_they_are_named(
    place: Path, generator: str
) -> None:
    for name in ("path", "searched", "exact", "imported", "flagged"):
        folder = place / "lib of" / name
        folder.mkdir(parents=True)
        shared_library(folder / f"lib{name}.so.1.0")
        (folder / f"lib{name}.so").symlink_to(f"lib{name}.so.1.0")
    there = place / "lib of"
    facts = built(
        place,
        f"""project(p LANGUAGES C)
set(CMAKE_MODULE_LINKER_FLAGS "-L'{there}/flagged'")
add_library(i SHARED IMPORTED)
set_target_properties(i PROPERTIES IMPORTED_LOCATION "{there}/imported/libimported.so")
add_library(m MODULE m.c)
target_link_directories(m PRIVATE "{there}/searched" "{there}/exact")
target_link_libraries(m PRIVATE "{there}/path/libpath.so" searched -l:libexact.so.1.0 i flagged)
""",
        generator=generator,
    )
    assert names(facts, "m") == [
        "libpath.so.1.0",
        "libsearched.so.1.0",
        "libexact.so.1.0",
        "libimported.so.1.0",
        "libflagged.so.1.0",
    ]
    assert set(links_of(facts, "m").libraries) == set(facts.linked_libraries)
    assert list(facts.linked_libraries) == sorted(facts.linked_libraries)


def test_what_the_compiler_adds_is_found(place: Path) -> None:
    needs.program("g++")
    shutil.copy(place / "m.c", place / "m.cpp")
    facts = built(place, "project(p LANGUAGES CXX)\nadd_library(m MODULE m.cpp)\n")
    found = [Path(path).name for path in facts.linked_libraries]
    assert any(name.startswith("libstdc++.so.6") for name in found)
    assert "libc.so.6" in found
    # Their link names are linker scripts, and parts of compilers are nobody's libraries.
    assert facts.static_libraries == ()


def test_linker_scripts_are_followed(place: Path) -> None:
    shared_library(place / "libfirst.so.1")
    shared_library(place / "libsecond.so")
    script = '/* libnot.so */ INPUT("libfirst.so.1" AS_NEEDED ( -lsecond ))'
    (place / "libscript.so").write_text(script)
    facts = built(
        place,
        "project(p LANGUAGES C)\nadd_library(m MODULE m.c)\n"
        f"target_link_directories(m PRIVATE {place})\ntarget_link_libraries(m PRIVATE script)\n",
    )
    assert names(facts, "m") == ["libfirst.so.1", "libsecond.so"]


def test_a_linker_that_is_told_to_takes_the_static_library(place: Path) -> None:
    shared_library(place / "libboth.so")
    static_library(place / "libboth.a")
    line = "-Wl,-Bstatic both -Wl,-Bdynamic"
    facts = built(
        place,
        "project(p LANGUAGES C)\nadd_library(m MODULE m.c)\n"
        f"target_link_directories(m PRIVATE {place})\ntarget_link_libraries(m PRIVATE {line})\n",
    )
    assert names(facts, "m") == []
    assert facts.static_libraries == (os.path.realpath(place / "libboth.a"),)


def test_a_tree_that_says_nothing_has_no_facts(tmp_path: Path) -> None:
    assert read_link_facts(tmp_path) == LinkFacts()


def test_a_dll_is_found_by_its_import_library(place: Path) -> None:
    """A build for Windows: the project's own DLL, which lies in a folder of its own, and one of others."""
    needs.program("x86_64-w64-mingw32-gcc")
    theirs = place / "theirs"
    (theirs / "lib").mkdir(parents=True)
    (theirs / "bin").mkdir()
    function(theirs / "f.c", "foreign")
    run(
        "x86_64-w64-mingw32-gcc", "-shared", theirs / "f.c", "-o", theirs / "bin/foreign.dll",
        f"-Wl,--out-implib,{theirs / 'lib/libforeign.dll.a'}",
    )  # fmt: skip
    function(place / "own.c", "own")
    facts = built(
        place,
        "project(p LANGUAGES C)\nadd_library(own SHARED own.c)\n"
        "set_target_properties(own PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/dlls)\n"
        f"add_library(m MODULE m.c)\ntarget_link_libraries(m PRIVATE own {theirs}/lib/libforeign.dll.a)\n",
        "-DCMAKE_SYSTEM_NAME=Windows",
        "-DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc",
    )
    libraries = links_of(facts, "m").libraries
    assert os.path.realpath(place / "build" / "dlls" / "libown.dll") in libraries
    assert os.path.realpath(theirs / "bin" / "foreign.dll") in libraries
    # One that MinGW really has as a static library; those of Windows' DLLs are import libraries.
    static = [Path(path).name for path in facts.static_libraries]
    assert static in ([], ["libuuid.a"])


# --- files and words --------------------------------------------------------------------------------------------


def test_what_a_file_is_its_bytes_tell(tmp_path: Path) -> None:
    static_library(tmp_path / "a.so")
    shared_library(tmp_path / "b.a")
    assert nature_of(str(tmp_path / "a.so")) is Nature.STATIC
    assert nature_of(str(tmp_path / "a.o")) is Nature.OTHER
    assert nature_of(str(tmp_path / "b.a")) is Nature.SHARED
    assert nature_of(str(tmp_path / "b.c")) is Nature.SCRIPT
    assert nature_of(str(tmp_path / "gone")) is Nature.OTHER
    assert nature_of(str(tmp_path)) is Nature.OTHER
    (tmp_path / "data.so").write_bytes(b"a\0b")
    assert nature_of(str(tmp_path / "data.so")) is Nature.OTHER


def test_a_universal_file_is_what_its_slices_are(tmp_path: Path) -> None:
    head = b"\xca\xfe\xba\xbe" + (1).to_bytes(4, "big")
    row = [0x01000007, 3, 4096, 8, 12]
    table = b"".join(number.to_bytes(4, "big") for number in row)
    path = tmp_path / "libfoo.a"
    path.write_bytes((head + table).ljust(4096, b"\0") + b"!<arch>\n")
    assert nature_of(str(path)) is Nature.STATIC


def test_an_import_library_without_its_dll_leads_nowhere(tmp_path: Path) -> None:
    library = toolchains.import_library(tmp_path, "foo.dll", "f", "x64")
    assert nature_of(str(library)) is Nature.IMPORT
    assert dll_of(str(library)) is None
    (tmp_path / "foo.dll").write_bytes(b"MZ")
    assert dll_of(str(library)) == os.path.realpath(tmp_path / "foo.dll")


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("-lfoo", ["-lfoo"]),
        ("-L/a\\ b  -lfoo", ["-L/a b", "-lfoo"]),
        ('"/a b/libfoo.so" x', ["/a b/libfoo.so", "x"]),
        ("-L'/a b'/c", ["-L/a b/c"]),
        ("..\\lib\\foo.lib", ["..\\lib\\foo.lib"]),
        ("", []),
    ],
)
def test_parts_of_commands_are_split_as_a_shell_does(
    fragment: str, words: list[str]
) -> None:
    assert split_words(fragment) == words


# --- from a build of a wheel ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compiles", [True, False], ids=["with CMake", "without CMake"])
def test_a_staged_wheel_reads_its_links_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiles: bool
) -> None:
    needs.program("gcc")
    library = shared_library(tmp_path / "libforeign.so")
    cmake = hooks.CMAKE + f"target_link_libraries(_m PRIVATE {library})\n"
    setting = "" if compiles else "[tool.scikit-build.wheel]\ncmake = false\n"
    source = hooks.project(tmp_path, cmake=cmake, pyproject=setting)
    request = Request(
        product=Product.WHEEL, source=source, output=tmp_path, environ=dict(os.environ)
    )
    project_file = read_project_file(request)
    engine = Engine(request, project_file.table)
    project = read_project(project_file, request, engine)
    area = BuildArea(
        source, tmp_path / "area", NothingKept(cause=ColdReason.IN_ITS_SOURCE)
    )
    staged = engine.stage(project, area)
    monkeypatch.chdir("/")
    facts = staged.link_facts()
    assert (str(library.resolve()) in facts.linked_libraries) is compiles
    assert [target.name for target in facts.targets] == ["_m"] * compiles
