"""A build tree made ready for another build: what would be stale goes, what is right stays.

How much that is was decided before. A tree of ours holds nothing but what builds put there. In a directory that the
project asked for, others may keep files: there, only what is surely ours is deleted. Nothing here configures or compiles.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ...model.build_record import Stamp
from . import build_tree, file_state, ninja_file
from .source_manifest import status_facts, whole_manifest

_ALWAYS_NEW = frozenset(
    {
        "CMakeCache.txt",
        "build.ninja",
        "rules.ninja",
        "cmake_install.cmake",
        "CTestTestfile.cmake",
        "VerifyGlobs.cmake",
        "cmake.verify_globs",
    }
)
"""What Ninja compares with CMake's inputs: an old time stamp would make it configure again."""
_NINJAS_LOGS = (".ninja_log", ".ninja_deps")


# --- before CMake configures ------------------------------------------------------------------------------------


def delete_configuration(
    build_dir: Path, *, leftovers: Iterable[str]
) -> dict[Path, Stamp]:
    """Delete from a tree of ours whatever no build command made: CMake will write it again.

    :param leftovers: names of files that build commands made without declaring them.
    :returns: what was known of the files that were deleted.
    """
    kept = set(build_tree.outputs(build_dir))
    for name in (*_NINJAS_LOGS, *leftovers):
        kept.add(build_dir / name)
    deleted: dict[Path, Stamp] = {}
    for name, stamp in whole_manifest(build_dir).items():
        path = build_dir / name
        if path in kept or stamp.digest == "dir":
            continue
        if path.name not in _ALWAYS_NEW:
            deleted[path] = stamp
        path.unlink(missing_ok=True)
    return deleted


def delete_own_configuration(
    build_dir: Path, written: Iterable[str]
) -> dict[Path, Stamp]:
    """Delete what CMake put into a directory of the project's; see :func:`delete_configuration`.

    :param written: names of the files that CMake put there.
    """
    deleted: dict[Path, Stamp] = {}
    for name in written:
        path = build_dir / name
        # Ninja's logs know what was compiled.
        if path.name.startswith(".ninja_"):
            continue
        is_regular = path.is_file() and not path.is_symlink()
        if is_regular and path.name not in _ALWAYS_NEW:
            digest = file_state.digest(path)
            deleted[path] = Stamp(digest, 0, status_facts(path.stat()))
        path.unlink(missing_ok=True)
    _delete_cache(build_dir)
    return deleted


def delete_own_files(build_dir: Path, written: Iterable[str]) -> None:
    """Delete all that builds put into a directory of the project's.

    :param written: names of the files that CMake put there.
    """
    # Both need what the last lines delete: CMake's cache, and Ninja's log.
    _run_clean_target(build_dir)
    delete_objects(build_dir)
    for name in written:
        (build_dir / name).unlink(missing_ok=True)
    _delete_cache(build_dir)
    # No project keeps files there: the name is CMake's own.
    shutil.rmtree(build_dir / "CMakeFiles", ignore_errors=True)


def _delete_cache(build_dir: Path) -> None:
    """Delete what CMake would take its old answers from."""
    for name in ("CMakeCache.txt", "CMakeInit.txt", "build.ninja"):
        (build_dir / name).unlink(missing_ok=True)


def delete_objects(build_dir: Path) -> None:
    """Delete what Ninja's commands made, and its account of it."""
    for path in build_tree.outputs(build_dir):
        # A command may write wherever it likes: what lies elsewhere is not ours.
        if not path.is_relative_to(build_dir) or path.name in _ALWAYS_NEW:
            continue
        if path.is_file():
            path.unlink()
    for name in _NINJAS_LOGS:
        (build_dir / name).unlink(missing_ok=True)


def _run_clean_target(build_dir: Path) -> None:
    """Have the build tool delete what it made, where it keeps no log of its own that could be read."""
    cmake = build_tree.cache_value(build_dir, "CMAKE_COMMAND")
    if cmake and build_tree.generator(build_dir) != "Ninja":
        command = [
            cmake,
            "--build",
            os.fspath(build_dir),
            "--target",
            "clean",
        ]
        with contextlib.suppress(OSError):
            subprocess.run(command, capture_output=True, check=False)


# --- after CMake configured -------------------------------------------------------------------------------------


def restore_time_stamps(stamps: Mapping[Path, Stamp]) -> None:
    """Give files that came out as they were their old time stamps, so that nothing is compiled because of them.

    :param stamps: what was known of files that were deleted.
    """
    for path, stamp in stamps.items():
        # It may not have been written again.
        with contextlib.suppress(OSError):
            _restore_time_stamp(path, stamp)


def _restore_time_stamp(path: Path, stamp: Stamp) -> None:
    size, changed, _, _ = stamp.status
    status = path.stat()
    # What has another size need not be read.
    if status.st_size == size and file_state.digest(path) == stamp.digest:
        os.utime(path, ns=(status.st_atime_ns, changed))


def delete_orphans(build_dir: Path, leftovers: Collection[str]) -> None:
    """Delete those of ``leftovers`` that no command of the build, as it is configured now, names any more."""
    if not leftovers:
        return
    build_file = ninja_file.read_build_file(build_dir)
    named = ninja_file.file_names(build_file)
    for name in leftovers:
        base = name.rpartition("/")[2]
        if base not in named:
            (build_dir / name).unlink(missing_ok=True)
