"""What this machine adds to the search of its loaders: variables, configuration, and directories of its own.

Sources: ld.so(8), ldconfig(8); musl's ``ldso/dynlink.c``.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..model.surroundings import Surroundings
from . import host

_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What loaders of ELF systems and of Apple's read. A wheel for another system may be repaired here, so both count."""
_LARGEST_TEXT = 1 << 20
"""Bytes of the longest configuration that is believed."""


def surroundings(
    environ: Mapping[str, str],
    *,
    search: Iterable[str] = (),
    root: Path = Path("/"),
) -> Surroundings:
    """Return what this machine adds to the search of its loaders.

    :param search: further directories, absolute.
    """
    return Surroundings(
        library_path=_directories_in(environ),
        search=tuple(search),
        configured=tuple(_configured(root, "/etc/ld.so.conf", set())),
        musl=_musl_path(root),
        libc=host.libc(),
        lib_names=_lib_names(root),
    )


def problem_of_directory(path: str) -> str:
    """Return why libraries cannot be looked for in a place that somebody names, as a phrase; empty when they can."""
    if Path(path).is_dir():
        return ""
    if os.path.lexists(path):
        return "it is not a directory"
    return "there is no such directory"


def _directories_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the directories of the variable that this system's loader reads."""
    found: list[str] = []
    for name in _VARIABLES:
        # ld.so(8) takes semicolons as well.
        value = environ.get(name, "").replace(";", ":")
        for text in value.split(":"):
            # An empty or relative one means the directory that a process runs in, which is another one each time.
            if text.startswith("/"):
                found.append(os.path.normpath(text))
    if host.is_windows():
        programs = environ.get("PATH", "").split(os.pathsep)
        found += filter(None, programs)
    return tuple(dict.fromkeys(found))


# --- glibc --------------------------------------------------------------------------------------------------------


def _configured(
    root: Path,
    name: str,
    seen: set[str],
) -> Iterator[str]:
    """Yield the directories of a file like ``/etc/ld.so.conf`` with those of what it includes.

    :param seen: files that were read; they may include each other.
    """
    if name in seen:
        return
    seen.add(name)
    for line in _lines_of(root / name.lstrip("/")):
        word, _, rest = line.partition(" ")
        if word == "include":
            for included in _included(root, name, rest.split()):
                yield from _configured(root, included, seen)
        elif line.startswith("/"):
            # An old form names the kind of library as well: DIRECTORY=TYPE.
            directory, _, _ = line.partition("=")
            yield os.path.normpath(directory.strip())


def _included(
    root: Path,
    name: str,
    patterns: Iterable[str],
) -> Iterator[str]:
    """Yield the files that patterns in the file ``name`` stand for, in order."""
    folder = posixpath.dirname(name)
    for pattern in patterns:
        within = posixpath.join(folder, pattern).lstrip("/")
        for path in sorted(root.glob(within)):
            place = path.relative_to(root)
            yield f"/{place.as_posix()}"


def _lib_names(root: Path) -> tuple[str, ...]:
    """Return what ``$LIB`` may mean: Debian's multiarch directories where there are some, and the common names."""
    found = []
    for path in sorted((root / "usr/lib").glob("*-linux-*")):
        if path.is_dir():
            found.append(f"lib/{path.name}")
    return (*found, "lib64", "lib")


# --- musl ---------------------------------------------------------------------------------------------------------


def _musl_path(root: Path) -> tuple[str, ...]:
    """Return the directories that musl searches: of its path file, else those that it knows."""
    for path in sorted((root / "etc").glob("ld-musl-*.path")):
        # Directories stand on lines of their own, or with colons between them.
        text = ":".join(_lines_of(path))
        return tuple(filter(posixpath.isabs, text.split(":")))
    return ("/lib", "/usr/local/lib", "/usr/lib")


def _lines_of(path: Path) -> list[str]:
    """Return the lines of a text without comments and blank ones; nothing when it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LARGEST_TEXT)
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        content, _, _ = line.partition("#")
        content = content.strip().replace("\t", " ")
        if content:
            found.append(content)
    return found
