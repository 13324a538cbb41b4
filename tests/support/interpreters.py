"""The Pythons on this machine, whoever installed them: on PATH, by pyenv, by uv, by ``.ci/debian``."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support import needs
from support.paths import ROOT

_ENVIRONMENT = ROOT / ".venv"
"""Where ``.ci/run`` puts Pythons."""
WANTED = ("3.10", "3.11", "3.12", "3.13")
NEWER = ("3.14", "3.15")
"""Not to be had everywhere yet: what must run on the newest Python runs on these where they are."""


def found() -> dict[str, Path]:
    """Return an interpreter with headers for each wanted version that there is."""
    return {version: path for version, path in _all().items() if version in WANTED}


def needed(version: str) -> Path:
    """Return one of the wanted interpreters; without it, the test is skipped, or in CI fails."""
    return found().get(version) or needs.missing(f"CPython {version} with headers")


def newer() -> dict[str, Path]:
    """Return the same for versions that are newer than those wanted."""
    return {version: path for version, path in _all().items() if version in NEWER}


def threaded() -> dict[str, Path]:
    """Return free-threaded builds by their versions with a ``t``."""
    return {version: path for version, path in _all().items() if version.endswith("t")}


@functools.cache
def _all() -> dict[str, Path]:
    known: dict[str, Path] = {}
    for path in _candidates():
        version = _version(path)
        if version is not None:
            known.setdefault(version, path)
    return known


def _candidates() -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(pyenv.glob("3.*/bin/python3"))
    yield from sorted(
        (Path.home() / ".local/share/uv/python").glob("cpython-3.*/bin/python3")
    )
    yield from sorted(_ENVIRONMENT.glob("python3.*/usr/bin/python3.*[0-9t]"))
    for version in (*WANTED, *NEWER):
        on_path = shutil.which(f"python{version}")
        if on_path:
            yield Path(on_path)
    yield Path(shutil.which("python3") or "/usr/bin/python3")


@functools.cache
def pypys() -> dict[str, Path]:
    """Return the PyPys that have their headers, as ``pypy3.N``, the newest first."""
    known: dict[str, Path] = {}
    for path in (
        _ENVIRONMENT / "pypy3/usr/bin/pypy3",
        *filter(None, [shutil.which("pypy3")]),
    ):
        version = _version(Path(path), "pypy")
        if version is not None:
            known.setdefault(f"pypy{version}", Path(path))
    return dict(
        sorted(known.items(), key=lambda item: -int(item[0].rpartition(".")[2]))
    )


def _version(path: Path, implementation: str = "cpython") -> str | None:
    """Return the version of a Python that runs and has its headers: ``3.N``, with a ``t`` if it is free-threaded."""
    script = (
        "import sys, sysconfig, os; print('%d.%d' % sys.version_info[:2] "
        "+ 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED')), sys.implementation.name, "
        "os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')))"
    )
    try:
        run = subprocess.run(
            [path, "-I", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except OSError:
        return None
    match = re.fullmatch(rf"(3\.\d+t?) {implementation} True\s*", run.stdout)
    return match[1] if match else None
