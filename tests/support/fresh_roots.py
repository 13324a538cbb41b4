"""Roots that have a Python and its C library, and no library of any build: where wheels are installed and run.

Scripts in ``.ci`` make them, once on each machine; they are kept beside the published wheels.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support import needs, published
from support.paths import ROOT, TOOLS
from support.programs import run

SITE = "site"
"""Where wheels are installed, below the root."""


class FreshRoot:
    """A copy of a root, in which programs see nothing else of this machine.

    :param root: the root.
    :param version: the version of its Python, as ``3.N``.
    """

    def __init__(self, root: Path, version: str) -> None:
        self.root = root
        self.version = version

    def install(self, *wheels: object) -> None:
        """Install wheels or requirements, anew; the root's own Python may be for another C library than pip's."""
        shutil.rmtree(self.root / SITE, ignore_errors=True)
        command = (TOOLS / "uv", "pip", "install", "-q", "--python-version", self.version)  # fmt: skip
        target = ("--target", self.root / SITE)
        run(*command, *target, *wheels, cwd=self.root, environ=os.environ)

    def unpack(self, wheel: Path) -> None:
        """Unpack a wheel beside what is installed."""
        shutil.unpack_archive(wheel, self.root / SITE, "zip")

    def python(
        self, *arguments: object, status: int = 0, environ: Mapping[str, str] | None = None
    ) -> str:  # fmt: skip
        """Run the root's Python in the root; return what it printed."""
        words = ("/usr/bin/python3", "-B", *arguments)
        given = {"PYTHONPATH": f"/{SITE}", "HOME": "/tmp", **(environ or {})}
        # OpenBLAS is told by these which CPUs it may take this one for.
        kept = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}  # fmt: skip
        return run(*entering(self.root), *words, cwd=self.root, environ={**kept, **given}, status=status)  # fmt: skip

    def test(self, tests: Path) -> None:
        """Run an example's tests."""
        shutil.copytree(tests, self.root / "tests", dirs_exist_ok=True)
        said = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "/tests")
        assert " passed" in said


def entering(root: Path) -> tuple[str, ...]:
    """Return the command that runs another one in ``root``, whoever we are."""
    entered = (needs.program("unshare"), "--map-root-user", f"--root={root}")
    # A loader that prints its help needs no library.
    probe = (*entered, "/usr/bin/python3", "-c", "")
    done = subprocess.run(probe, capture_output=True, text=True, check=False, env={})
    if done.returncode:
        needs.missing(f"a user namespace (unshare --map-root-user): {done.stderr}")
    return entered


def debian(place: Path) -> FreshRoot:
    """Return a root with this Debian's Python, for glibc."""
    shutil.copytree(_made("fresh-root", "debian"), place, symlinks=True)
    (python,) = (place / "usr" / "bin").glob("python3.*")
    return FreshRoot(place, python.name.removeprefix("python"))


def musl(place: Path) -> FreshRoot:
    """Return a root with musl and a Python for it."""
    shutil.copytree(_made("musl", "musl") / "root", place, symlinks=True)
    return FreshRoot(place, "3.11")


def musl_library() -> Path:
    """Return the directory with libyaml for musl and its header; no root has them."""
    return _made("musl", "musl") / "library"


def musl_python() -> Path:
    """Return a Python for musl that runs on this machine."""
    return _made("musl", "musl") / "root" / "usr" / "bin" / "python3.11"


def _made(script: str, name: str) -> Path:
    """Return what a script in ``.ci`` makes; without it, the test is skipped, or in CI fails."""
    if sys.platform != "linux":
        needs.missing("Linux")
    home = published.store() / name
    home.parent.mkdir(parents=True, exist_ok=True)
    # Several workers may want it at once.
    with (home.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [ROOT / ".ci" / script, home]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        needs.missing(f"what .ci/{script} makes: {done.stdout[-500:]}{done.stderr[-500:]}")  # fmt: skip
    return home
