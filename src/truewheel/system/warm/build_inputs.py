"""What surrounds a build and may change it, though no file of the source says so: variables, directories that are searched,
what is installed, which commit is checked out.

Looked at before each build; compared elsewhere (``planning/reuse.py``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ...model.build_record import COMMIT, Traces
from . import environment, file_state
from .environment import Variables
from .source_manifest import listing

INSTALLED = "what is required to build"
"""Among the variables: which kept environment the build runs in."""
_RUN_BY_NAME = (
    "as",
    "ld",
    "ld.bfd",
    "ld.gold",
    "ld.lld",
    "mold",
    "cc",
    "c++",
    "gcc",
    "g++",
    "clang",
    "clang++",
)
"""Programs that compilers look for on PATH (GCC manual, "Directory options")."""
_SEARCHED_BELOW = (
    "include",
    "lib/cmake",
    "share/cmake",
    "lib/pkgconfig",
    "share/pkgconfig",
    "lib",
)
"""Where CMake and pkg-config look below a prefix (cmake-commands(7) ``find_package``, pkg-config(1))."""


def digests_of_variables(environ: Variables) -> dict[str, str]:
    """Return digests of the variables that may change a build.

    One is a pseudo-variable, whose key contains spaces so that it cannot clash with a real one: which kept environment the
    build runs in.
    """
    told = dict(environ)
    kept = environment.current()
    if kept is not None:
        # Its name is a digest of all that is installed in it; another one must not look like another PATH or VIRTUAL_ENV.
        for name, value in environ.items():
            told[name] = value.replace(os.fspath(kept), "")
        told[INSTALLED] = kept.name
    return _digests(told)


def digests_of_surroundings(environ: Variables, source: Path) -> dict[str, str]:
    """Return digests of what else surrounds a build of which nobody knows what it reads, as pseudo-variables.

    They tell what PATH says of the tools that compilers run, what is installed, and which commit is checked out.
    """
    folders = environ.get("PYTHONPATH", "").split(os.pathsep)
    if environment.current() is None:
        folders += environment.site_packages()
    told = {
        COMMIT: repr(_stamps_of_commit(source)),
        "PATH of tools": repr(_tools_on_path(environ)),
        "what is installed to build": repr(sorted(_distributions_in(*folders))),
    }
    return _digests(told)


def _digests(values: Variables) -> dict[str, str]:
    digests: dict[str, str] = {}
    for name, value in values.items():
        digests[name] = _short_digest(value)
    return digests


def _tools_on_path(environ: Variables) -> list[str | None]:
    """Return where PATH leads to for each tool that compilers may run."""
    path = environ.get("PATH")
    return [shutil.which(name, path=path) for name in _RUN_BY_NAME]


def _short_digest(text: str) -> str:
    content = text.encode("utf-8", "surrogateescape")
    return hashlib.sha256(content).hexdigest()[:16]


def _distributions_in(*folders: str) -> Iterator[str]:
    """Yield distributions that can be imported, by the names of their directories, which hold their versions."""
    for folder in filter(None, folders):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                if name.endswith((".dist-info", ".egg-info")):
                    yield name


def stamps_of_search_path(environ: Variables) -> dict[str, str]:
    """Return stamps of the directories in which CMake looks for packages and programs, as far as they are there."""
    found: dict[str, str] = {}
    for folder in searched_folders(environ):
        if stamp := file_state.stamp(folder):
            found[folder] = stamp
    return found


def searched_folders(environ: Variables) -> Iterator[str]:
    """Yield directories in which CMake looks for packages and programs (cmake-commands(7) ``find_package``)."""
    below = list(_SEARCHED_BELOW)
    triplet = environment.multiarch()
    if triplet:
        # Debian's place for libraries of one machine of several: https://wiki.debian.org/Multiarch
        libraries = f"lib/{triplet}"
        below += [
            libraries,
            f"{libraries}/cmake",
            f"{libraries}/pkgconfig",
        ]
    told = environ.get("CMAKE_PREFIX_PATH", "").split(os.pathsep)
    for prefix in (*told, environment.prefix(), "/usr/local", "/usr"):
        if prefix:
            for folder in below:
                yield f"{prefix}/{folder}"
    programs = environ.get("PATH", "").split(os.pathsep)
    yield from filter(None, programs)


def _stamps_of_commit(source: Path) -> list[str]:
    """Return what says which commit is checked out: stamps of Git's files, wherever it keeps them.

    Layout: https://git-scm.com/docs/gitrepository-layout
    """
    # What cannot be read tells nothing, to Git neither.
    try:
        git = _find_git(source)
        return [] if git is None else _stamps_of_git(git)
    except OSError:
        return []


def _stamps_of_git(git: Path) -> list[str]:
    """Return stamps of the files that say which commit is checked out.

    :param git: the directory in which Git keeps what it knows of a checkout.
    """
    shared = git
    common = git / "commondir"
    if common.is_file():
        # A linked worktree has its own HEAD, and shares the rest.
        told = common.read_text(encoding="utf-8")
        shared = git / told.strip()
    tags = sorted((shared / "refs" / "tags").rglob("*"))
    # Not its log: each clone of the same commit has another one.
    files = (
        git / "HEAD",
        shared / _branch(git),
        shared / "packed-refs",
        shared / "reftable" / "tables.list",
        *tags,
    )
    return [file_state.stamp(file) for file in files]


def _branch(git: Path) -> str:
    """Return the name of the file, below Git's directory, that says which commit the present branch is at."""
    head = file_state.text(git / "HEAD").strip()
    return head.removeprefix("ref:").strip() if head.startswith("ref:") else "HEAD"


def _find_git(source: Path) -> Path | None:
    """Return where Git keeps what it knows of the checkout that a source lies in."""
    for folder in (source, *source.parents):
        git = folder / ".git"
        if git.is_file():
            # A linked worktree, or a submodule: the file says where its directory is.
            told = git.read_text(encoding="utf-8", errors="surrogateescape")
            return folder / told.removeprefix("gitdir:").strip()
        if git.exists():
            return git
    return None


def current_marks(before: Traces) -> dict[str, str]:
    """Return how the files and directories outside are now that the last build used; empty for what is gone."""
    marks: dict[str, str] = {}
    for path, mark in before.outside.items():
        marks[path] = file_state.current_mark(path, mark)
    for folder in before.folders:
        marks[folder] = listing(folder)
    return marks
