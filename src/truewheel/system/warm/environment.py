"""The Python environment that this process runs in: whether it lasts, which interpreter it stands on, where things lie.

The one place of this room that asks the interpreter. Nothing here is made or changed.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...model.record import Record

Variables = Mapping[str, str]
"""Those of the environment of a process."""
COMPLETE = ".truewheel-complete"
"""Written last inside a kept environment; one without it is not used."""


class LiveEnvironment(Record):
    """The isolated environment that a front end runs its hooks in.

    :param root: the directory that is deleted afterwards.
    :param prefixes: installation prefixes inside it, most important first (pip's overlay has two).
    :param sites: their ``site-packages`` that exist, most important first.
    :param scripts: their ``bin`` directories.
    """

    root: Path
    prefixes: tuple[Path, ...]
    sites: tuple[Path, ...]
    scripts: tuple[Path, ...]


# --- does it last? ----------------------------------------------------------------------------------------------


def find_isolated_environment(environ: Variables) -> LiveEnvironment | None:
    """Return the throw-away environment that this process runs in; ``None`` when its environment lasts.

    Recognised: pip's overlay (``PYTHONPATH`` names a ``site`` directory beside ``overlay`` and ``normal``), and the
    virtual environments of pip (``pip-build-env-*``), build (``build-env-*``) and uv (below ``builds-v*`` in its
    cache). Sources: pip ``_internal/build_env``, build ``env.py``, uv ``uv-cache`` bucket names.
    """
    # It may lie below a directory of such a name.
    if current() is not None:
        return None
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        site = Path(entry)
        if _is_overlay_of_pip(site):
            root = site.parent
            return _describe(root, (root / "overlay", root / "normal"), venv_scheme())
    prefix = Path(sys.prefix)
    is_virtual = sys.prefix != sys.base_prefix
    if is_virtual and _is_throwaway(prefix):
        return _describe(prefix, (prefix,), sysconfig.get_default_scheme())
    return None


def _is_overlay_of_pip(site: Path) -> bool:
    is_named_so = site.name == "site" and site.parent.name.startswith("pip-build-env-")
    return is_named_so and (site / "sitecustomize.py").is_file()


def _is_throwaway(prefix: Path) -> bool:
    if prefix.name.startswith(("build-env-", "pip-build-env-")):
        return True
    return any(re.fullmatch(r"builds-v\d+", part) for part in prefix.parts)


def _describe(root: Path, prefixes: tuple[Path, ...], scheme: str) -> LiveEnvironment:
    """Return an environment by its prefixes.

    :param scheme: that of :mod:`sysconfig` by which things lie there.
    """
    sites: dict[Path, None] = {}
    scripts: list[Path] = []
    for prefix in prefixes:
        paths = sysconfig.get_paths(scheme, prefix_variables(str(prefix)))
        scripts.append(Path(paths["scripts"]))
        for kind in ("purelib", "platlib"):
            # Both are one directory, but where a system has lib64.
            site = Path(paths[kind])
            if site.is_dir():
                sites[site] = None
    return LiveEnvironment(
        root=root,
        prefixes=prefixes,
        sites=tuple(sites),
        scripts=tuple(scripts),
    )


@functools.cache
def current() -> Path | None:
    """Return the kept environment that this process runs in; ``None`` when it runs in another."""
    prefix = Path(sys.prefix)
    return prefix if (prefix / COMPLETE).is_file() else None


# --- the interpreter --------------------------------------------------------------------------------------------


def interpreter_identity() -> str:
    """Return what tells one interpreter from another: its real path, its version and its build."""
    base = base_interpreter()
    status = os.stat(base)
    facts = (
        base,
        sys.version,
        sysconfig.get_platform(),
        str(status.st_size),
        str(status.st_mtime_ns),
    )
    return "\0".join(facts)


def base_interpreter() -> str:
    """Return the path of the interpreter that no environment's end takes away."""
    # Python 3.10 names here that of the environment that it runs in, which may be a link to another environment's.
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def name_lasting_interpreter() -> None:
    """Have :mod:`venv` make environments that link to an interpreter that lasts, not to one of this environment."""
    named = Path(getattr(sys, "_base_executable", ""))
    if sys.prefix != sys.base_prefix and named.is_relative_to(sys.prefix):
        vars(sys)["_base_executable"] = (
            base_interpreter()
        )  # where venv looks (CPython Lib/venv/__init__.py)


# --- where things lie -------------------------------------------------------------------------------------------


def prefix() -> str:
    """Return the directory of this environment."""
    return sys.prefix


def site_packages() -> tuple[str, str]:
    """Return the directories of what is installed for this interpreter: pure, and with binaries."""
    return sysconfig.get_path("purelib"), sysconfig.get_path("platlib")


@functools.cache
def python_folders() -> frozenset[str]:
    """Return the directories that belong to this interpreter, or to the environment around it."""
    return frozenset({sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()})


def standard_library() -> frozenset[str]:
    """Return the directories of the library and the headers of this interpreter."""
    names = ("stdlib", "platstdlib", "include", "platinclude")
    return frozenset(map(sysconfig.get_path, names))


def multiarch() -> str:
    """Return how Debian calls this machine in names of directories, ``x86_64-linux-gnu``; empty elsewhere."""
    return sysconfig.get_config_var("MULTIARCH") or ""


@functools.cache
def venv_site() -> PurePosixPath:
    """Return ``site-packages`` as it lies below the prefix of a virtual environment."""
    absolute = sysconfig.get_path("purelib", venv_scheme(), prefix_variables(""))
    return PurePosixPath(absolute).relative_to("/")


def venv_scheme() -> str:
    """Return the installation scheme of virtual environments, which Python 3.10 has no name for."""
    return "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"


def prefix_variables(prefix: str) -> dict[str, str]:
    """Return the variables that :mod:`sysconfig` puts in the place of this interpreter's prefixes."""
    names = ("base", "platbase", "installed_base", "installed_platbase")
    return dict.fromkeys(names, prefix)
