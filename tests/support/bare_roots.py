"""Root folders with a Python, the C and C++ libraries and nothing else: there, a wheel has only what it brings.

Made of copies of this machine's files: all of a Debian would hold libraries that a wheel may not rely on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support import needs

SYSTEM = (
    "libc.so.6", "libm.so.6", "libmvec.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2",
    "libanl.so.1", "libnss_files.so.2", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libexpat.so.1",
)  # fmt: skip
"""What every Linux of manylinux has (PEP 600), without what only those with a desktop have."""
KEPT = ("_ctypes", "_ssl", "_hashlib", "_bz2", "_lzma")
"""Python's own modules that stay, of those that need other libraries."""
DIRECTORIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
UNUSED = ("test", "site-packages", "dist-packages", "idlelib", "ensurepip", "lib2to3", "tkinter", "turtledemo", "config-*", "__pycache__")  # fmt: skip
"""Parts of the standard library that are not copied."""


@dataclass(frozen=True)
class Root:
    """A root folder.

    :param python: the path of its interpreter, from inside.
    """

    path: Path
    python: str

    def with_libraries(self, names: Sequence[str], place: Path) -> Root:
        """Return a root that also has some of the system's libraries, and what these need."""
        if not names:
            return self
        if not place.exists():
            shutil.copytree(self.path, place, symlinks=True, copy_function=os.link)
            for name in names:
                _copy_with_needs(_library(name), place)
            _write_loader_cache(place)
        return Root(path=place, python=self.python)

    def unpack(self, wheels: Sequence[Path], name: str) -> Path:
        """Install wheels into a directory of their own; return it."""
        place = self.path / "site" / name
        shutil.rmtree(place, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--no-index",
                   "--disable-pip-version-check", "--root-user-action=ignore", "--target", place, *wheels]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        return place

    def run(self, code: str, places: Sequence[Path]) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run code there, with what is installed in these directories."""
        shutil.rmtree(self.path / "tmp", ignore_errors=True)
        (self.path / "tmp").mkdir()
        inside = ["/" + place.relative_to(self.path).as_posix() for place in places]
        return subprocess.run(
            [*_chroot(self.path), self.python, "-s", "-B", "-c", code],
            env={"PYTHONPATH": ":".join(inside), "PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": "/tmp"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


def _chroot(root: Path) -> list[str]:
    """Return how a program is started below a root: by root itself, or by a user who is root there."""
    if os.geteuid() == 0:
        return [needs.program("chroot"), str(root)]
    return [needs.program("unshare"), "--map-root-user", f"--root={root}", "--wd=/"]


def bare_root(place: Path) -> Root:
    """Make a root with this Python."""
    python = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    standard = Path(sysconfig.get_path("stdlib"))
    _copy_with_needs(python, place)
    target = _inside(place, standard)
    shutil.copytree(standard, target, symlinks=True, ignore=shutil.ignore_patterns(*UNUSED))  # fmt: skip
    for name in SYSTEM:
        _copy_with_needs(_library(name), place)
    _keep_modules(target / "lib-dynload")
    for directory in ("tmp", "site", "etc", "usr/bin", "dev", "proc"):
        (place / directory).mkdir(parents=True, exist_ok=True)
    (place / "etc/passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\n")
    _write_loader_cache(place)
    root = Root(path=place, python=str(python))
    done = root.run("import bz2, ctypes, lzma, ssl, zlib; print('works')", [])
    assert done.stdout == "works\n", done.stderr
    return root


def _keep_modules(directory: Path) -> None:
    """Give Python's own modules their libraries under other names, and take away modules that little code needs.

    A library in the process would be taken for the one of that name which a wheel lacks.
    """
    for module in directory.glob("*.so"):
        foreign = [path for path in _needs_of(module) if path.name not in SYSTEM and "libpython" not in path.name]  # fmt: skip
        if foreign and module.name.partition(".")[0] not in KEPT:
            module.unlink()
            continue
        copies = {path.name: directory / f"pythons-{path.name}" for path in foreign}
        for path in foreign:
            if not copies[path.name].exists():
                shutil.copy(path, copies[path.name])
                _patchelf("--set-soname", copies[path.name].name, copies[path.name])
                _use_copies(copies[path.name], copies)
        if copies:
            _use_copies(module, copies)


def _use_copies(file: Path, copies: Mapping[str, Path]) -> None:
    """Let a file load copies of libraries, which lie beside it."""
    words = [word for old, copy in copies.items() for word in ("--replace-needed", old, copy.name)]  # fmt: skip
    _patchelf(*words, "--force-rpath", "--set-rpath", "$ORIGIN", file)


def _patchelf(*words: str | Path) -> None:
    subprocess.run([needs.program("patchelf"), *words], check=True)


def _library(name: str) -> Path:
    """Return where the machine has a library."""
    for directory in DIRECTORIES:
        path = Path("/", directory, name)
        if path.exists():
            return path
    return needs.missing(f"{name} in the directories of Debian")


def _needs_of(file: Path) -> list[Path]:
    """Return the paths under which the loader finds all that a file needs."""
    done = subprocess.run([needs.program("ldd"), file], capture_output=True, text=True, check=False)  # fmt: skip
    words = [line.split() for line in done.stdout.splitlines()]
    return [Path(row[2]) for row in words if len(row) > 2 and row[1] == "=>" and row[2].startswith("/")]  # fmt: skip


def _copy_with_needs(file: Path, root: Path) -> None:
    loader = Path("/lib64/ld-linux-x86-64.so.2")
    for path in (file, loader, *_needs_of(file)):
        target = _inside(root, path)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path.resolve(), target)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _write_loader_cache(root: Path) -> None:
    """Tell the loader of a root where its libraries are."""
    (root / "etc/ld.so.conf").unlink(missing_ok=True)
    (root / "etc/ld.so.conf").write_text("".join(f"/{directory}\n" for directory in DIRECTORIES))  # fmt: skip
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True, exist_ok=True)
    (root / "etc/ld.so.cache").unlink(missing_ok=True)
    subprocess.run(["/sbin/ldconfig", "-r", root], check=True)
