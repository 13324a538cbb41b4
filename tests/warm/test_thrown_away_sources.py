"""Clones and archives that a front end unpacks for one build: the next one is warm, and right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import needs
from support.warm_project import Project, build, new_project

NOTHING_CHANGED = "built: warm: nothing changed"
WARM = "built: warm"
UV_TAG = "Signature: 8a477f597d28d172789f06886806bc55"

PLACES = {
    "pip, by an address": "pip-req-build-{chance}",
    "pip install, by a name": "pip-install-{chance}/warm_0123456789abcdef0123456789abcdef",
    "pip wheel, by a name": "pip-wheel-{chance}/warm_0123456789abcdef0123456789abcdef",
    "uv": "uv/git-v2/checkouts/2306e2c7944b08ff/{chance}",
}
"""Where front ends put a clone; the chance is another each time."""
CHANCES = ("abcdefgh", "k4z8y6as", "nc59_zb0")


def git(place: Path, *words: str) -> str:
    """Run Git in ``place``; return what it prints."""
    command = [
        needs.program("git"),
        "-c",
        "user.name=somebody",
        "-c",
        "user.email=somebody@example.org",
        *words,
    ]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(place: Path, message: str = "a change") -> None:
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", message)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a repository of its own."""
    needs.program("gcc")
    made = new_project(tmp_path / "repository")
    git(made.root, "init", "--quiet", "--initial-branch", "main")
    commit(made.root)
    return made


@pytest.fixture
def monorepo(tmp_path: Path) -> Project:
    """A project in a directory of a repository."""
    needs.program("gcc")
    made = new_project(tmp_path / "repository" / "python" / "pkg")
    made.write("../../README", "There is more in this repository.\n")
    git(tmp_path / "repository", "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path / "repository")
    return made


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[str]:
    """Chances for names of directories."""
    return iter(CHANCES)


def cloned(repository: Path, tmp_path: Path, place: str, chance: str) -> Path:
    """Return a clone as a front end makes it."""
    target = tmp_path / "front-end" / place.format(chance=chance)
    target.parent.mkdir(parents=True, exist_ok=True)
    if (tmp_path / "front-end" / "uv").is_dir():
        tag = tmp_path / "front-end" / "uv" / "CACHEDIR.TAG"
        tag.write_text(UV_TAG, encoding="utf-8")
    git(tmp_path, "clone", "--quiet", f"file://{repository}", str(target))
    return target


def trees(cache: Path) -> list[Path]:
    return [path for path in cache.glob("builds/*/*") if path.is_dir()]


def from_nothing(project: Project, source: Path, tmp_path: Path) -> str:
    project.options["truewheel.cache"] = "off"
    digest, _ = build(project, source, tmp_path / "cold-out", tmp_path / "unused")
    project.options.clear()
    return digest


@pytest.mark.parametrize("place", PLACES)
def test_the_second_clone_of_a_commit_is_warm(
    place: str, project: Project, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    digests = set()
    said = ""
    for chance in CHANCES:
        source = cloned(project.root, tmp_path, PLACES[place], chance)
        digest, said = build(project, source, tmp_path / "out", cache)
        digests |= {digest, from_nothing(project, source, tmp_path)}
        shutil.rmtree(source)
    assert len(digests) == 1
    assert NOTHING_CHANGED in said, said
    assert len(trees(cache)) == 1


def test_a_clone_of_another_commit_is_warm_and_right(
    project: Project, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    place = PLACES["pip, by an address"]
    source = cloned(project.root, tmp_path, place, CHANCES[0])
    before, _ = build(project, source, tmp_path / "out", cache)
    project.write("src/parts/first.c", "int first(void) { return 2; }\n")
    commit(project.root)
    source = cloned(project.root, tmp_path, place, CHANCES[1])
    after, said = build(project, source, tmp_path / "out", cache)
    assert WARM in said, said
    assert after != before
    assert after == from_nothing(project, source, tmp_path)
    assert len(trees(cache)) == 1


def test_an_archive_without_metadata_is_known_by_its_project(
    project: Project, tmp_path: Path
) -> None:
    """As servers of repositories make them: neither PKG-INFO nor version control is in them."""
    cache = tmp_path / "cache"
    said = ""
    for chance in CHANCES[:2]:
        source = tmp_path / f"pip-req-build-{chance}"
        shutil.copytree(
            project.root, source, ignore=shutil.ignore_patterns(".git"), copy_function=shutil.copyfile
        )  # fmt: skip
        _, said = build(project, source, tmp_path / "out", cache)
    assert NOTHING_CHANGED in said, said
    assert len(trees(cache)) == 1


def test_byte_code_that_an_earlier_hook_left_in_a_clone_changes_nothing(
    project: Project, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    said = ""
    for chance in CHANCES[:2]:
        place = PLACES["pip, by an address"]
        source = cloned(project.root, tmp_path, place, chance)
        (source / "tools" / "__pycache__").mkdir()
        (source / "tools" / "__pycache__" / "x.cpython-311.pyc").write_text(chance)
        _, said = build(project, source, tmp_path / "out", cache)
    assert NOTHING_CHANGED in said, said


# --- what Git says --------------------------------------------------------------------------------------------------

ASKS_GIT = """
find_package(Git REQUIRED)
execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${GIT_EXECUTABLE} diff-index --quiet HEAD -- WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  RESULT_VARIABLE is_changed)
execute_process(COMMAND ${GIT_EXECUTABLE} log -1 --format=%s WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  OUTPUT_VARIABLE subject OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
target_compile_definitions(_warm PRIVATE "GIT=\\"${description} ${is_changed} ${subject}\\"")
message(STATUS "Git says: ${description} ${is_changed} ${subject}.")
"""


def test_a_mirror_of_a_clone_answers_as_the_clone_does(
    project: Project, tmp_path: Path
) -> None:
    """Also to commands that go by the time stamps of files alone."""
    project.append("CMakeLists.txt", ASKS_GIT)
    project.append("src/main.c", "const char *commit(void) { return GIT; }\n")
    commit(project.root, "first")
    cache = tmp_path / "cache"
    place = PLACES["pip, by an address"]
    for chance, subject in zip(CHANCES, ("first", "first", "second"), strict=True):
        if subject == "second":
            git(project.root, "commit", "--quiet", "--allow-empty", "-m", subject)
        source = cloned(project.root, tmp_path, place, chance)
        told = f"{git(source, 'describe', '--always')} 0 {subject}."
        ours, said = build(project, source, tmp_path / "out", cache)
        assert f"Git says: {told}" in said
        assert ours == from_nothing(project, source, tmp_path)
    assert len(trees(cache)) == 1


# --- a part of a clone ------------------------------------------------------------------------------------------------


def test_a_part_of_a_clone_is_warm(monorepo: Project, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    digests = set()
    said = ""
    for chance in CHANCES[:2]:
        place = PLACES["pip, by an address"]
        whole = cloned(tmp_path / "repository", tmp_path, place, chance)
        source = whole / "python" / "pkg"
        digest, said = build(monorepo, source, tmp_path / "out", cache)
        digests |= {digest, from_nothing(monorepo, source, tmp_path)}
    assert len(digests) == 1
    assert NOTHING_CHANGED in said, said
    assert len(trees(cache)) == 1


def reaching_above(monorepo: Project) -> None:
    """Have CMake's project, a header and a unit of it stand above the Python project."""
    root = monorepo.root
    monorepo.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\ncmake.source-dir = ".."\n',
    )
    for name in ("CMakeLists.txt", "config.h.in", "include", "tools", "src"):
        shutil.move(root / name, root.parent / name)
    shutil.copytree(root.parent / "src" / "warm", root / "src" / "warm")
    monorepo.write("../../core/core.h", "#define CORE 1\n")
    monorepo.write("../src/parts/core.c", '#include "../../../core/core.h"\nint core(void) { return CORE; }\n')  # fmt: skip
    commit(root)


def test_a_part_of_a_clone_may_reach_above_itself(
    monorepo: Project, tmp_path: Path
) -> None:
    """And what changed above it is noticed."""
    reaching_above(monorepo)
    cache = tmp_path / "cache"
    place = PLACES["pip, by an address"]
    notes = []
    digests = []
    for chance in CHANCES:
        whole = cloned(tmp_path / "repository", tmp_path, place, chance)
        source = whole / "python" / "pkg"
        digest, said = build(monorepo, source, tmp_path / "out", cache)
        assert digest == from_nothing(monorepo, source, tmp_path), said
        digests.append(digest)
        notes.append(said)
        if chance == CHANCES[1]:
            monorepo.write("../../core/core.h", "#define CORE 2\n")
            commit(monorepo.root)
    assert digests[0] == digests[1] != digests[2]
    assert NOTHING_CHANGED in notes[1], notes[1]
    assert WARM in notes[2], notes[2]
    assert len(trees(cache)) == 1


# --- front ends -------------------------------------------------------------------------------------------------------


def run(environ: dict[str, str], place: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=place, env=environ, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture
def here(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment for front ends, with a cache of its own."""
    return {**environ, "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("part", ["", "#subdirectory=python/pkg"])
def test_pip_builds_a_repository_warm(
    part: str, here: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With all its ways, of which one is without isolation, in one tree for each kind of environment."""
    request.getfixturevalue("monorepo" if part else "project")
    address = f"git+file://{tmp_path / 'repository'}{part}"
    pip = (sys.executable, "-m", "pip")
    wheel = (*pip, "wheel", "-v", "--no-deps", "-w", str(tmp_path / "out"))
    said = run(here, tmp_path, *wheel, address)
    assert "built: from nothing: nothing was built here before" in said, said
    for wanted in (address, f"warm @ {address}"):
        assert NOTHING_CHANGED in run(here, tmp_path, *wheel, wanted)
    target = ("--no-deps", "--target", str(tmp_path / "target"))
    said = run(here, tmp_path, *pip, "install", "-v", *target, address)
    assert NOTHING_CHANGED in said, said
    ours = {**os.environ, "TRUEWHEEL_CACHE_DIR": here["TRUEWHEEL_CACHE_DIR"]}
    listed = run(ours, tmp_path, sys.executable, "-m", "truewheel", "cache", "info")
    assert listed.count("builds/") == 1, listed
    assert "(warm)" in listed


@pytest.mark.network
@pytest.mark.slow
def test_uv_builds_a_repository_warm(
    here: dict[str, str], tmp_path: Path, monorepo: Project
) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    run(here, tmp_path, uv, "venv", "-p", sys.executable, str(tmp_path / "venv"))
    address = f"git+file://{tmp_path / 'repository'}#subdirectory=python/pkg"
    said = ""
    for number in range(2):
        # Another cache is another path; and uv keeps no wheel of the first build there.
        store = ("--cache-dir", str(tmp_path / f"uv-{number}"))
        command = (uv, "pip", "install", "-v", "--no-deps", "--reinstall", *store)
        python = ("-p", str(tmp_path / "venv"))
        said = run(here, tmp_path, *command, *python, address)
    assert NOTHING_CHANGED in said, said
    assert len(trees(tmp_path / "cache")) == 1
