"""A cache that is deleted during a build, by anybody and at any moment, fails no build, and no wheel lacks files by it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Collection
from pathlib import Path

import pytest

from support import needs
from support.warm_project import EXTENDED, FILES, HOOK, Project, build, new_project

CMAKE = """
cmake_minimum_required(VERSION 3.18...4.0)
project(warm LANGUAGES NONE)
set(library "${CMAKE_CURRENT_BINARY_DIR}/@library@")
add_custom_command(
  OUTPUT "${library}"
  COMMAND "${CMAKE_COMMAND}" -E copy "${CMAKE_CURRENT_SOURCE_DIR}/@library@" "${library}"
  DEPENDS @library@)
add_custom_target(_warm ALL DEPENDS "${library}")
install(PROGRAMS "${library}" DESTINATION warm)
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in C."""
    needs.program("gcc")
    return new_project(tmp_path_factory.mktemp("compiled") / "project")


@pytest.fixture(scope="module")
def place(compiled: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel of the project in C, and the cache of its build."""
    place = tmp_path_factory.mktemp("built")
    build(compiled, compiled.root, place / "out", place / "cache")
    return place


@pytest.fixture(scope="module")
def copied(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the same wheel that takes the compiled library from its source, so that it is built soon."""
    project = Project(tmp_path_factory.mktemp("copied") / "project")
    for name in ("pyproject.toml", "src/warm/__init__.py"):
        project.write(name, FILES[name])
    project.write("LICENSE", "Nobody may do anything.\n")
    (wheel,) = (place / "out").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(".so")]
        library = Path(member).name
        (project.root / library).write_bytes(archive.read(member))
    project.write("CMakeLists.txt", CMAKE.replace("@library@", library))
    return project


def digest_of(wheels: Path) -> str:
    (wheel,) = wheels.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def right(copied: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the wheel that is right."""
    place = tmp_path_factory.mktemp("right")
    copied.options["truewheel.cache"] = "off"
    digest, _ = build(copied, copied.root, place / "out", place / "cache")
    copied.options.clear()
    return digest


def new_cache(place: Path, cache: Path) -> Path:
    """Return a new cache with the library that watches builds, which takes longer to compile than most builds here."""
    with contextlib.suppress(FileExistsError):  # a build that was struck made it anew
        shutil.copytree(place / "cache" / "tools", cache / "tools")
        cache.chmod(0o700)
    return cache


def started(
    project: Project, place: Path, cache: Path, *, before: str = "", **variables: str
) -> subprocess.Popen[str]:
    """Start a build.

    :param before: Python code that runs before it, in its process.
    """
    shutil.rmtree(place / "out", ignore_errors=True)
    (place / "out").mkdir(parents=True)
    environ = {
        **os.environ,
        "TRUEWHEEL_CACHE_DIR": str(cache),
        "PYTHONHASHSEED": "0",
        **variables,
    }
    code = f"{before}\n{HOOK}"
    command = [sys.executable, "-c", code, "build_wheel", str(place / "out"), "{}"]
    return subprocess.Popen(
        command,
        cwd=project.root,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def output_of(process: subprocess.Popen[str]) -> str:
    """Return what a build prints that has to succeed."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def pairs(
    moments: Collection[str], things: Collection[str], *, all_at: str = ""
) -> list[tuple[str, str]]:
    """Return each moment with something to be deleted, and each thing with a moment; in the extended run, all with all.

    :param all_at: a moment with which everything is always combined.
    """
    if EXTENDED:
        return [(moment, thing) for moment in moments for thing in things]
    found = {(all_at, thing) for thing in things if all_at}
    for number in range(max(len(moments), len(things))):
        moment = list(moments)[number % len(moments)]
        thing = list(things)[number % len(things)]
        found.add((moment, thing))
    return sorted(found)


DOOMED = {
    "the cache": "parent/cache",
    "its parent": "parent",
    "the builds in it": "parent/cache/builds",
}
"""What is deleted, from a directory for the test."""
DELETED = "was deleted during the build"
"""Part of what is said then."""


# --- beside the build ---------------------------------------------------------------------------------------------

PHASES = ("build/CMakeFiles/*", "build/**/*.o")


@pytest.mark.parametrize(("phase", "what"), pairs(PHASES, DOOMED))
def test_a_cache_that_is_deleted_during_a_build_fails_no_build(
    phase: str, what: str, compiled: Project, place: Path, tmp_path: Path
) -> None:
    """The deletion goes on beside the build, so that it comes at another moment each time."""
    cache = new_cache(place, tmp_path / "parent" / "cache")
    process = started(compiled, tmp_path, cache)
    while process.poll() is None and not any_file(cache, f"builds/*/*/{phase}"):
        time.sleep(0.001)
    shutil.rmtree(tmp_path / DOOMED[what], ignore_errors=True)
    said = output_of(process)
    assert digest_of(tmp_path / "out") == digest_of(place / "out"), said


def any_file(folder: Path, pattern: str) -> bool:
    with contextlib.suppress(OSError):  # it comes and goes
        return any(folder.glob(pattern))
    return False


# --- by a program of the build ------------------------------------------------------------------------------------

STRIKE = """
if(NOT EXISTS "{struck}")
  file(TOUCH "{struck}")
  file(REMOVE_RECURSE "{doomed}")
endif()
"""
"""Deletes something the first time that CMake comes by, and never again."""
PROGRAMS = {
    "before CMake configures": ("project(", "{strike}\nproject("),
    "when CMake has configured": ("install(", "{strike}\ninstall("),
    "when the library was built": (
        "install(",
        "add_custom_command(TARGET _warm POST_BUILD COMMAND ${{CMAKE_COMMAND}} -P {script})\ninstall(",
    ),
    "before CMake installs": ("install(", "install(SCRIPT {script})\ninstall("),
    "when CMake has installed": (
        "DESTINATION warm)\n",
        "DESTINATION warm)\ninstall(SCRIPT {script})\n",
    ),
}
"""By moment of a build: what of CMakeLists.txt becomes what."""


@pytest.mark.parametrize(("moment", "what"), pairs(PROGRAMS, DOOMED))
def test_a_cache_that_a_program_of_the_build_deletes_fails_no_build(
    moment: str, what: str, copied: Project, place: Path, right: str, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    shutil.copytree(copied.root, project.root)
    script = tmp_path / "strike.cmake"
    strike = STRIKE.format(struck=tmp_path / "struck", doomed=tmp_path / DOOMED[what])
    script.write_text(strike, encoding="utf-8")
    old, new = PROGRAMS[moment]
    new = new.format(strike=strike, script=script)
    project.replace("CMakeLists.txt", old, new)
    cache = new_cache(place, tmp_path / "parent" / "cache")
    said = output_of(started(project, tmp_path, cache))
    assert (tmp_path / "struck").is_file()
    assert DELETED in said, said
    assert digest_of(tmp_path / "out") == right, said


# --- while the wheel is made --------------------------------------------------------------------------------------

STRIKING = """
import glob, importlib, os, shutil, sys, time
from pathlib import Path

place, when = os.environ["STRIKES"].split()
module, _, names = place.partition(":")
*owners, name = names.split(".")
owner = importlib.import_module(module)
for step in owners:
    owner = getattr(owner, step)
real = getattr(owner, name)
struck = Path(os.environ["STRUCK"])

def strike():
    if struck.exists():
        return
    time.sleep(0.02)  # until the clock of every file system has gone on
    for doomed in map(Path, glob.glob(os.environ["DOOMED"])):
        struck.touch()
        doomed.unlink() if doomed.is_file() else shutil.rmtree(doomed)

def striking(*args, **named):
    if when == "before":
        strike()
    result = real(*args, **named)
    if when == "after":
        strike()
    return result

setattr(owner, name, striking)
"""
"""Deletes something the first time that a function is called, or has returned."""
UNLISTED = "before what is staged is listed"
MOMENTS = {
    UNLISTED: "truewheel.system.engine.staging:gather_files before",
    "when it is listed": "truewheel.system.engine.staging:gather_files after",
    "before the build is remembered": "truewheel.system.warm.remembering:remember before",
    "when it is remembered": "truewheel.system.warm.remembering:remember after",
    "before the files are looked at": "truewheel.system.wheels.reading:contents_of before",
    "when they are looked at": "truewheel.system.wheels.reading:contents_of after",
    "before a file is packed": "truewheel.system.wheels.sources:FileMember.write_to before",
    "when it is packed": "truewheel.system.wheels.sources:FileMember.write_to after",
    "when all are packed": "truewheel.system.warm.area:BuildArea.require_whole before",
}
"""By moment: a function, and whether it strikes before or after."""
BEGUN = {
    "what is staged": "parent/cache/builds/*/*/stage",
    "what is staged for one place": "parent/cache/builds/*/*/stage/wheel/platlib",
    "a file that was installed": "parent/cache/builds/*/*/stage/wheel/platlib/warm/*.so",
    "the licence": "parent/cache/builds/*/*/stage/wheel/metadata/licenses/LICENSE",
}
"""What a deletion may have deleted when it has not come to the rest yet."""
GONE = "files of the build are gone from the cache directory"
"""Part of what is said when it does not go on."""


def said_after_strike(
    project: Project, place: Path, moment: str, doomed: str, here: Path
) -> str:
    """Return what a build prints during which something is deleted.

    :param moment: as in the values of ``MOMENTS``.
    :param doomed: a pattern of paths in ``here``.
    """
    environ = {
        "STRIKES": moment,
        "STRUCK": str(here / "struck"),
        "DOOMED": str(here / doomed),
    }
    cache = new_cache(place, here / "parent" / "cache")
    said = output_of(started(project, here, cache, before=STRIKING, **environ))
    assert (here / "struck").is_file()
    return said


@pytest.mark.parametrize(
    ("moment", "what"), pairs(MOMENTS, {**DOOMED, **BEGUN}, all_at=UNLISTED)
)
def test_a_cache_that_is_deleted_while_the_wheel_is_made_fails_no_build(
    moment: str, what: str, copied: Project, place: Path, right: str, tmp_path: Path
) -> None:
    """Nor does a wheel lack what was deleted, or is called otherwise. The next build keeps what it makes again."""
    doomed = {**DOOMED, **BEGUN}[what]
    said = said_after_strike(copied, place, MOMENTS[moment], doomed, tmp_path)
    assert (DELETED if what in {*DOOMED, "what is staged"} else GONE) in said, said
    assert digest_of(tmp_path / "out") == right, said
    cache = new_cache(place, tmp_path / "parent" / "cache")
    again, said = build(copied, copied.root, tmp_path / "out", cache)
    assert again == right
    assert GONE not in said


def test_a_source_that_vanishes_from_the_mirror_is_missed(
    copied: Project, place: Path, right: str, tmp_path: Path
) -> None:
    """Else the wheel would lack it: nothing that comes later fails."""
    project = Project(tmp_path / "project")
    shutil.copytree(copied.root, project.root)
    project.append("pyproject.toml", '[tool.truewheel]\ncache = "mirror"\n')
    doomed = "parent/cache/builds/*/*/source/src/warm/__init__.py"
    moment = "truewheel.system.engine.staging:gather_files before"
    said = said_after_strike(project, place, moment, doomed, tmp_path)
    assert f"{GONE} {tmp_path / 'parent' / 'cache'}: " in said, said
    assert digest_of(tmp_path / "out") == right, said


# --- what is no deletion ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", ["cache", "a cache that cannot be watched"])
def test_a_project_may_remove_what_it_has_installed(
    cache: str, copied: Project, place: Path, right: str, tmp_path: Path
) -> None:
    """And sources in the mirror. No deletion changes these directories later, and none goes on."""
    project = Project(tmp_path / "project")
    shutil.copytree(copied.root, project.root)
    project.append("pyproject.toml", '[tool.truewheel]\ncache = "mirror"\n')
    project.write("unused.txt", "")
    commands = [
        "install(FILES LICENSE DESTINATION warm)",
        "install(FILES LICENSE DESTINATION made/deep)",
        'install(CODE [[file(REMOVE "${CMAKE_INSTALL_PREFIX}/warm/LICENSE")]])',
        'install(CODE [[file(REMOVE_RECURSE "${CMAKE_INSTALL_PREFIX}/made")]])',
        'install(CODE "file(REMOVE \\"${CMAKE_SOURCE_DIR}/unused.txt\\")")',
    ]
    project.append("CMakeLists.txt", "\n".join(commands))
    # From a directory with a space in its name, no library can be preloaded.
    kept = new_cache(place, tmp_path / cache)
    ours, said = build(project, project.root, tmp_path / "out", kept)
    assert "built: from nothing: nothing was built here before" in said, said
    assert ours == right
    (story,) = kept.glob("builds/*/*/story.json")
    unwatched = json.loads(story.read_text(encoding="utf-8"))["unwatched"]
    assert bool(unwatched) == (" " in cache)
    removed = {
        Path(name).name
        for gone in kept.glob("builds/*/*/gone.json")
        for name in json.loads(gone.read_text(encoding="utf-8"))["names"]
    }
    assert removed == {"LICENSE", "unused.txt"}
    ours, said = build(project, project.root, tmp_path / "out", kept)
    assert "built: warm: " in said, said
    assert ours == right


def test_a_project_that_removes_files_later_is_built_elsewhere_once(
    copied: Project, place: Path, right: str, tmp_path: Path
) -> None:
    """It might be somebody who has begun to delete the cache. From then on it is known, and what is kept is used."""
    project = Project(tmp_path / "project")
    shutil.copytree(copied.root, project.root)
    commands = [
        "install(FILES LICENSE DESTINATION warm)",
        'install(CODE [[file(REMOVE "${CMAKE_INSTALL_PREFIX}/warm/LICENSE")]])',
        'install(CODE [[execute_process(COMMAND touch -d 2100-01-01 "${CMAKE_INSTALL_PREFIX}/warm")]])',
    ]
    project.append("CMakeLists.txt", "\n".join(commands))
    cache = new_cache(place, tmp_path / "cache")
    ours, said = build(project, project.root, tmp_path / "out", cache)
    assert f"built: from nothing: {GONE} {cache}: " in said, said
    assert "/stage/wheel/platlib/warm/LICENSE\n" in said.partition(GONE)[2], said
    assert ours == right
    for _ in range(2):
        ours, said = build(project, project.root, tmp_path / "out", cache)
        assert "built: warm: nothing changed" in said, said
        assert ours == right


def test_a_build_that_fails_by_itself_is_tried_once(tmp_path: Path) -> None:
    """An error of the project's is no fault of the cache."""
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.append("src/main.c", "this is not C\n")
    process = started(project, tmp_path, tmp_path / "cache")
    said, _ = process.communicate()
    assert process.returncode == 3, said
    assert said.count("ninja: build stopped") == 1, said
