"""The Pythons on this machine, whoever installed them: on PATH, by pyenv, by uv, by ``.ci/pypy``."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

WANTED = ("3.10", "3.11", "3.12", "3.13")


@functools.cache
def found() -> dict[str, Path]:
    """An interpreter with headers for each wanted version that there is."""
    known: dict[str, Path] = {}
    for path in _candidates():
        version = _version(path)
        if version in WANTED and version not in known:
            known[version] = path
    return known


def _candidates() -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(pyenv.glob("3.*/bin/python3"))
    yield from sorted((Path.home() / ".local/share/uv/python").glob("cpython-3.*/bin/python3"))
    for version in WANTED:
        on_path = shutil.which(f"python{version}")
        if on_path:
            yield Path(on_path)
    yield Path(shutil.which("python3") or "/usr/bin/python3")


@functools.cache
def pypys() -> dict[str, Path]:
    """PyPys that have their headers: ``pypy3.N``, the newest first."""
    known: dict[str, Path] = {}
    here = Path(__file__).parent.parent / ".venv/pypy/usr/bin/pypy3"
    for path in (here, *filter(None, [shutil.which("pypy3")])):
        version = _version(Path(path), "pypy")
        if version is not None:
            known.setdefault(f"pypy{version}", Path(path))
    return dict(sorted(known.items(), key=lambda item: -int(item[0].rpartition(".")[2])))


def _version(path: Path, implementation: str = "cpython") -> str | None:
    """``3.N`` of a Python that runs and has its headers."""
    script = (
        "import sys, sysconfig, os; print('%d.%d' % sys.version_info[:2], sys.implementation.name, "
        "os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')))"
    )
    try:
        run = subprocess.run([path, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return None
    match = re.fullmatch(rf"(3\.\d+) {implementation} True\s*", run.stdout)
    return match[1] if match else None
