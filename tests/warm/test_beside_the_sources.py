"""What lies beside the sources and is none of them: it may be unreadable, enormous, or written between two builds.

Three roads lead to a warm build, and each case takes them all: the build is watched; nothing can be watched, so that
everything in the source is looked at; the source is thrown away, so that a mirror of it is built.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import needs
from support.rights import as_anybody
from support.warm_project import build
from support.warm_world import World, new_world

Put = Callable[[World], None]
WATCHED, UNWATCHED, MIRRORED = "watched", "unwatched", "mirrored"
ROADS = (WATCHED, UNWATCHED, MIRRORED)


@pytest.fixture
def world(tmp_path: Path) -> World:
    needs.program("gcc")
    if sys.platform != "linux":
        pytest.skip("only Linux can be watched")
    return new_world(tmp_path)


def prepared(world: World, road: str, cache: Path) -> Path:
    """Make a cache from which a build takes a road, and return it."""
    cache.mkdir(mode=0o700)
    if road == MIRRORED:
        world.write("PKG-INFO", "Metadata-Version: 2.1\nName: unseen\nVersion: 1.0\n")
    if road == UNWATCHED:
        # A cache directory with files of others is not used: a build has to make it ours first.
        build(world, world.root, cache.with_name("first"), cache)
        shutil.rmtree(cache / "tools")
        shutil.rmtree(cache / "builds")
        # The library that watches cannot be kept where a file stands in the place of its directory.
        (cache / "tools").touch()
    return cache


# --- what cannot be read ------------------------------------------------------------------------------------------


def database(world: World) -> None:
    """As a container has it, whose files belong to another user."""
    world.write("volumes/db/base/1", "rows")
    (world.root / "volumes/db").chmod(0)


def directory_of_names(world: World) -> None:
    """It tells which files it has, and nothing else of them."""
    world.write("names/one", "")
    (world.root / "names").chmod(0o400)


def directory_without_names(world: World) -> None:
    """Who knows a name may read the file."""
    world.write("hidden/one", "")
    (world.root / "hidden").chmod(0o100)


def file(world: World) -> None:
    world.write("secrets.env", "PASSWORD=x")
    (world.root / "secrets.env").chmod(0)


def file_beside_the_code(world: World) -> None:
    world.write("src/key.h", "no header of ours")
    (world.root / "src/key.h").chmod(0)


def checkout(world: World) -> None:
    needs.program("git")
    world.git("init", "-q")
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "one")
    (world.root / ".git").chmod(0)


def worktree(world: World) -> None:
    """A file says where the checkout has its directory."""
    world.write(".git", "gitdir: /nowhere\n")
    (world.root / ".git").chmod(0)


def directory_in_a_package(world: World) -> None:
    world.write("src/unseen/closed/one.py", "")
    (world.root / "src/unseen/closed").chmod(0)


UNREADABLE: dict[str, Put] = {
    "a database": database,
    "a directory that tells its names": directory_of_names,
    "a directory that does not tell its names": directory_without_names,
    "a file": file,
    "a file beside the code": file_beside_the_code,
    "a checkout": checkout,
    "a worktree": worktree,
    "a directory in a package": directory_in_a_package,
}


@pytest.fixture
def closed(world: World) -> Iterator[World]:
    """A project in which some things cannot be read. Afterwards they can, so that they can be deleted."""
    yield world
    for path in sorted(world.root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_no_part_of_the_source(
    what: str, road: str, closed: World, tmp_path: Path
) -> None:
    cache = prepared(closed, road, tmp_path / "cache")
    UNREADABLE[what](closed)
    anybody = as_anybody()

    def built(place: Path) -> tuple[str, str]:
        return build(closed, closed.root, tmp_path / "out", place, before=anybody)

    first, _ = built(cache)
    again, said = built(cache)
    assert "built: warm: nothing changed" in said, said
    closed.write("src/main.c", "int value(void) { return 2; }\n")
    edited, said = built(cache)
    assert "built: warm: src/main.c changed" in said, said
    cold, _ = built(tmp_path / "cold")
    assert first == again != edited == cold


# --- what nobody reads --------------------------------------------------------------------------------------------

GIGABYTE = 1_000_000_000
ENOUGH = 20_000_000
"""Bytes that a build may read more than one without all the foreign files, for the names of which a record may hold."""
COUNTED = (
    "import json, sys; from truewheel import backend; backend.build_wheel(sys.argv[1]); "
    "print('\\n' + open('/proc/self/io').read())"
)


def sparse(path: Path, size: int) -> None:
    """Make a file that takes no room on the disk, and an hour to be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as made:
        made.truncate(size)


def measurements(world: World) -> None:
    for number in range(5):
        sparse(world.root / f"measurements/{number}.raw", 10 * GIGABYTE)


def many_small_files(world: World) -> None:
    """Together a hundred megabytes."""
    for folder in range(100):
        place = world.root / "corpus" / str(folder)
        place.mkdir(parents=True)
        for number in range(200):
            (place / f"{number}.txt").write_bytes(bytes(5000))


def virtual_environment(world: World) -> None:
    world.write(".venv/pyvenv.cfg", "home = /usr/bin\n")
    sparse(world.root / ".venv/lib/python3/site-packages/torch.so", 10 * GIGABYTE)


def node_modules(world: World) -> None:
    for number in range(100):
        sparse(world.root / f"node_modules/p{number}/index.js", GIGABYTE)


def packs(world: World) -> None:
    needs.program("git")
    world.git("init", "-q")
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "one")
    sparse(world.root / ".git/lfs/objects/aa/large", 10 * GIGABYTE)
    sparse(world.root / ".git/objects/pack/tmp_pack_1", 10 * GIGABYTE)


def excluded_from_a_package(world: World) -> None:
    """It lies where packages do, and is not packed."""
    world.append("pyproject.toml", 'wheel.exclude = ["**.raw"]\n')
    sparse(world.root / "src/unseen/large.raw", 10 * GIGABYTE)


def beside_the_code(world: World) -> None:
    """In the directory in which a compiler looks for headers."""
    sparse(world.root / "src/large", 10 * GIGABYTE)


def linked(world: World) -> None:
    """A link leads out of the project."""
    sparse(world.outside / "large", 10 * GIGABYTE)
    (world.root / "data").symlink_to(world.outside)


ENORMOUS: dict[str, Put] = {
    "measurements": measurements,
    "many small files": many_small_files,
    "a virtual environment": virtual_environment,
    "node_modules": node_modules,
    "packs of Git": packs,
    "excluded from a package": excluded_from_a_package,
    "beside the code": beside_the_code,
    "behind a link": linked,
}


def bytes_read(world: World, output: Path, cache: Path) -> tuple[int, str]:
    """Build; return how many bytes the hook and all that it started have read (proc_pid_io(5)), and what was printed."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, str(output)],
        cwd=world.root,
        env={**os.environ, "TRUEWHEEL_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("rchar: "))
    return int(line.removeprefix("rchar: ")), done.stdout + done.stderr


@pytest.mark.parametrize("road", [WATCHED, UNWATCHED])
@pytest.mark.parametrize("what", ENORMOUS)
def test_no_content_is_read_that_no_step_can_use(
    what: str, road: str, world: World, tmp_path: Path
) -> None:
    """A mirror is a copy: it is only made of what somebody else has just copied."""
    plain = prepared(world, road, tmp_path / "plain")
    usual = [bytes_read(world, tmp_path / "out", plain)[0] for _ in range(2)]
    cache = prepared(world, road, tmp_path / "cache")
    ENORMOUS[what](world)
    for number, expected in enumerate(usual):
        found, said = bytes_read(world, tmp_path / "out", cache)
        assert found < expected + ENOUGH, f"build {number}: {found - expected} more"
    assert "built: warm: nothing changed" in said


# --- what is written between two builds ---------------------------------------------------------------------------


def coverage(world: World) -> None:
    """A database of what was tested, another one after each test run."""
    world.write(".coverage", os.urandom(8).hex())


def caches_of_tools(world: World) -> None:
    for name in (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"):
        world.write(f"{name}/{os.urandom(4).hex()}", "remembered")


def build_of_another_tool(world: World) -> None:
    world.write("build/lib/unseen/__init__.py", os.urandom(8).hex())
    world.write("build/Release/CMakeCache.txt", os.urandom(8).hex())
    world.write("build/main.o", os.urandom(8).hex())


def swap_files(world: World) -> None:
    for name in (".README.md.swp", "4913", "README.md~", "#README.md#"):
        world.write(name, os.urandom(8).hex())
    (world.root / ".README.md.swp").unlink()


def wheels(world: World) -> None:
    world.write("dist/unseen-1.0-py3-none-any.whl", os.urandom(8).hex())


def readme(world: World) -> None:
    world.write("README.md", os.urandom(8).hex())


def test_run(world: World) -> None:
    world.write("tests/test_it.py", f"# {os.urandom(8).hex()}")
    world.write("tests/__pycache__/test_it.pyc", os.urandom(8).hex())
    world.write("tests/output.log", os.urandom(8).hex())


def commit(world: World) -> None:
    """Nobody asks Git in this project."""
    world.write("NEWS", os.urandom(8).hex())
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "more")


BETWEEN: dict[str, Put] = {
    "what was covered": coverage,
    "caches of tools": caches_of_tools,
    "a build of another tool": build_of_another_tool,
    "swap files": swap_files,
    "wheels": wheels,
    "a README": readme,
    "a test run": test_run,
    "a commit": commit,
}


@pytest.fixture
def checked_out(world: World) -> World:
    needs.program("git")
    world.write("README.md", "")
    world.write(".gitignore", ".coverage\n.*_cache/\ndist/\nbuild/\n")
    world.git("init", "-q")
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "one")
    return world


@pytest.mark.parametrize("what", BETWEEN)
def test_what_is_written_between_two_builds_compiles_nothing(
    what: str, checked_out: World, tmp_path: Path
) -> None:
    first, _ = build(
        checked_out, checked_out.root, tmp_path / "out", tmp_path / "cache"
    )
    for _ in range(2):
        BETWEEN[what](checked_out)
        again, said = build(
            checked_out, checked_out.root, tmp_path / "out", tmp_path / "cache"
        )
        assert again == first
        assert "built: warm: nothing changed" in said, said
        assert "Building C object" not in said


def test_a_wheel_that_the_build_puts_into_its_source_changes_nothing(
    checked_out: World, tmp_path: Path
) -> None:
    output = checked_out.root / "dist"
    digests = set()
    for _ in range(3):
        digest, said = build(checked_out, checked_out.root, output, tmp_path / "cache")
        digests.add(digest)
    assert "built: warm: nothing changed" in said, said
    assert len(digests) == 1


def test_a_readme_that_is_told_in_the_metadata_is_packed_and_nothing_compiled(
    checked_out: World, tmp_path: Path
) -> None:
    checked_out.replace(
        "pyproject.toml", "[project]\n", '[project]\nreadme = "README.md"\n'
    )
    digests = []
    for text in ("one", "two"):
        checked_out.write("README.md", text)
        warm, said = build(
            checked_out, checked_out.root, tmp_path / "out", tmp_path / "cache"
        )
        cold, _ = build(
            checked_out, checked_out.root, tmp_path / "out", tmp_path / f"cold-{text}"
        )
        assert warm == cold
        digests.append(warm)
    assert digests[0] != digests[1]
    assert "built: warm" in said, said
    assert "Building C object" not in said


@pytest.mark.parametrize("name", ["README.md", "src/main.c", "CMakeLists.txt"])
def test_a_file_that_is_only_touched_leaves_the_build_warm(
    name: str, checked_out: World, tmp_path: Path
) -> None:
    first, _ = build(
        checked_out, checked_out.root, tmp_path / "out", tmp_path / "cache"
    )
    os.utime(checked_out.root / name)
    again, said = build(
        checked_out, checked_out.root, tmp_path / "out", tmp_path / "cache"
    )
    assert again == first
    assert "built: warm: nothing changed" in said, said
