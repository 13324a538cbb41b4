"""A build tree made ready for another build: what would be stale goes, what is right stays.

Which of the two it is was decided before. Nothing here configures or compiles.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ...model.build_record import Stamp
from . import build_tree as buildtree
from . import mirror


def purge(build_dir: Path, *, leftovers: Iterable[str]) -> dict[Path, Stamp]:
    """Delete whatever no build command made: CMake will write it again; returns what was known of it.

    :param leftovers: names of files that build commands made without declaring them.
    """
    made = buildtree.outputs(build_dir) | {build_dir / n for n in (".ninja_log", ".ninja_deps", *leftovers)}
    found: dict[Path, Stamp] = {}
    for name, stamp in mirror.manifest(build_dir).items():
        path = build_dir / name
        if path in made or stamp.digest == "dir":
            continue
        if path.name not in _ALWAYS_NEW:
            found[path] = stamp
        path.unlink(missing_ok=True)
    return found


_ALWAYS_NEW = frozenset({
    "CMakeCache.txt", "build.ninja", "rules.ninja", "cmake_install.cmake", "CTestTestfile.cmake", "VerifyGlobs.cmake",
    "cmake.verify_globs",
})  # fmt: skip
"""What Ninja compares with CMake's inputs: an old time stamp would make it configure again."""


def sweep(build_dir: Path, leftovers: Iterable[str]) -> None:
    """Delete those of ``leftovers`` that no command of the build, as it is configured now, names any more."""
    words = buildtree.words(buildtree.build_file(build_dir))
    for name in leftovers:
        if name.rpartition("/")[2] not in words:
            (build_dir / name).unlink(missing_ok=True)


def forget(build_dir: Path, written: Iterable[str], *, objects: bool) -> dict[Path, Stamp]:
    """The same for a directory that the project asked for, where others may keep files: only what is surely ours.

    :param written: names of the files that CMake put there.
    :param objects: whether what was compiled goes, too.
    :returns: what was known of the files that CMake put there.
    """
    if objects:
        _clean(build_dir)
    found = {}
    for path in (build_dir / name for name in written):
        if path.is_file() and not path.is_symlink() and path.name not in _ALWAYS_NEW:
            status = path.stat()
            facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            found[path] = Stamp(mirror.digest(path), 0, facts)
        if objects or not path.name.startswith(".ninja_"):
            path.unlink(missing_ok=True)
    for name in ("CMakeCache.txt", "CMakeInit.txt", "build.ninja"):
        (build_dir / name).unlink(missing_ok=True)
    if objects:
        drop_objects(build_dir)
        shutil.rmtree(build_dir / "CMakeFiles", ignore_errors=True)
    return found


def drop_objects(build_dir: Path) -> None:
    """Delete what Ninja's commands made, and its account of it."""
    for path in buildtree.outputs(build_dir):
        if path.is_relative_to(build_dir) and path.is_file() and path.name not in _ALWAYS_NEW:
            path.unlink()
    for name in (".ninja_log", ".ninja_deps"):
        (build_dir / name).unlink(missing_ok=True)


def _clean(build_dir: Path) -> None:
    """Have the build tool delete what it made, where it keeps no log of its own that could be read."""
    if buildtree.generator(build_dir) != "Ninja" and (cmake := buildtree.entry(build_dir, "CMAKE_COMMAND")):
        with contextlib.suppress(OSError):
            subprocess.run([cmake, "--build", build_dir, "--target", "clean"], capture_output=True, check=False)
