"""What surrounds a build and may change it, though no file of the source says so: variables, directories that are searched,
what is installed, which commit is checked out.

Looked at before each build; compared elsewhere (``planning/reuse.py``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.build_record import COMMIT
from . import build_tree as buildtree
from . import environment


def variables(environ: Mapping[str, str], source: Path) -> dict[str, str]:
    """Digests of the variables that may change a build, of what PATH says of the tools that compilers run, of what is
    installed, and of what says which commit is checked out."""
    found = dict(environ)
    found[COMMIT] = _commit(source)
    found["PATH of tools"] = repr([shutil.which(name) for name in _RUN_BY_NAME])
    kept = environment.current()
    if kept is not None:
        found["PATH"] = found.get("PATH", "").replace(os.fspath(kept), "")
        found["what is required to build"] = kept.name
    else:
        found["what is installed to build"] = repr(sorted(_installed()))
    return {n: hashlib.sha256(v.encode("utf-8", "surrogateescape")).hexdigest()[:16] for n, v in found.items()}


def _installed() -> Iterator[str]:
    """Distributions that can be imported, by the names of their directories, which hold their versions."""
    given = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    for folder in (*given, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        with contextlib.suppress(OSError):
            yield from (p.name for p in Path(folder).iterdir() if p.suffix in {".dist-info", ".egg-info"})


_RUN_BY_NAME = ("as", "ld", "ld.bfd", "ld.gold", "ld.lld", "mold", "cc", "c++", "gcc", "g++", "clang", "clang++")
"""Programs that compilers look for on PATH (GCC manual, "Directory options")."""


def searched(environ: Mapping[str, str]) -> Iterator[str]:
    """Directories in which CMake looks for packages and programs (cmake-commands(7) ``find_package``)."""
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    prefixes = [p for p in environ.get("CMAKE_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in (*prefixes, sys.prefix, "/usr/local", "/usr"):
        for below in ("include", "lib/cmake", "share/cmake", "lib/pkgconfig", "share/pkgconfig", "lib"):
            yield f"{prefix}/{below}"
        if triplet:
            yield from (f"{prefix}/lib/{triplet}{below}" for below in ("", "/cmake", "/pkgconfig"))
    yield from (p for p in environ.get("PATH", "").split(os.pathsep) if p)


def _commit(source: Path) -> str:
    """What says which commit is checked out: stamps of Git's files, wherever it keeps them (gitrepository-layout(5))."""
    top = next((p for p in (source, *source.parents) if (p / ".git").exists()), None)
    if top is None:
        return ""
    git = top / ".git"
    if git.is_file():  # a linked worktree, or a submodule
        git = top / git.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
    common = git / "commondir"
    shared = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
    tags = sorted((shared / "refs" / "tags").rglob("*"))
    return repr([buildtree.stamp(p) for p in (git / "HEAD", git / "logs" / "HEAD", shared / "packed-refs", *tags)])
