"""Libraries that lie on a disk: what a build links with and does not install.

The audit resolves the needs of binaries, and asks for what lies outside of the wheel through
:class:`~truewheel.audit.linkage.Libraries`. This is its answer from a real file system, or from a sysroot in it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .. import formats
from ..model.binary import Binary
from ..model.errors import FormatError, RepairError
from ..model.record import NamedTuple, replace
from ..model.surroundings import Surroundings
from . import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 1 << 20
"""Bytes of a file that are read at once."""
_LARGEST_SCRIPT = 1 << 20
"""Bytes of the longest ``ld.so.conf`` that is believed."""


class Identity(NamedTuple):
    """What a file holds: its SHA-256 in hex digits, and its size in bytes."""

    digest: str
    size: int


class _Parts:
    """A file that gives parts of itself: of a library of 500 MB, little is looked at."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        self._file.seek(start)
        # It may have become shorter meanwhile: then the readers miss what their tables speak of.
        return self._file.read(max(stop - start, 0))


class LibrariesOnDisk:
    """The libraries of a machine.

    :param root: where its file system begins; that of the system for which is built, when it is another.
    :param around: what else the machine and the build add to the loader's search.
    :ivar around: see :class:`~truewheel.audit.linkage.Libraries`.
    """

    def __init__(
        self, root: Path = Path("/"), around: Surroundings | None = None
    ) -> None:
        self.root = root
        self.around = Surroundings() if around is None else around
        self._read: dict[str, Binary | None] = {}
        self._problems: dict[str, str] = {}
        self._identities: dict[str, Identity] = {}
        self._states: dict[str, tuple[int, ...] | None] = {}

    def locate(self, path: str, *, ignore_case: bool = False) -> str | None:
        """Return the file that an absolute path leads to, with links resolved; ``None`` when there is none."""
        place = self.place(path)
        if not place.is_file():
            found = _with_other_case(place) if ignore_case else None
            if found is None:
                return None
            place = found
        resolved = place.resolve()
        # A link of a sysroot that is absolute leads out of it, to this machine.
        if not resolved.is_relative_to(self.root.resolve()):
            resolved = place
        if self.root == Path("/"):
            return resolved.as_posix()
        return "/" + resolved.relative_to(self.root.resolve()).as_posix()

    def read_library(self, path: str) -> Binary | None:
        """Return the facts of a file, read once; ``None`` when it is not a library that could be read.

        Linker scripts have the names of libraries.
        """
        if path not in self._read:
            self._read[path] = None
            self._note_state(path)
            try:
                with self.place(path).open("rb") as file:
                    self._read[path] = formats.read(_Parts(file))
            except OSError as error:
                self._problems[path] = f"a file that cannot be read: {error.strerror}"
            except FormatError as error:
                self._problems[path] = f"a file that cannot be read: {error.message}"
        return self._read[path]

    def problem(self, path: str) -> str:
        """Return why there are no facts of a file, as a phrase."""
        return self._problems.get(path, "not a library")

    def identity(self, path: str) -> Identity:
        """Return what a file holds, worked out once.

        :raises RepairError: when it cannot be read.
        """
        if path not in self._identities:
            # hashlib.file_digest() is newer than our oldest Python.
            digest = hashlib.sha256()
            size = 0
            self._note_state(path)
            for piece in self.pieces(path):
                digest.update(piece)
                size += len(piece)
            self._identities[path] = Identity(digest.hexdigest(), size)
        return self._identities[path]

    def has_changed(self, path: str) -> bool:
        """Return whether a file was written since the first question about it."""
        return self._states.get(path) != self._state(path)

    def _note_state(self, path: str) -> None:
        if path not in self._states:
            self._states[path] = self._state(path)

    def _state(self, path: str) -> tuple[int, ...] | None:
        """Return what the system changes when a file is written; ``None`` for a file that is gone."""
        try:
            status = self.place(path).stat()
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield what a file holds, a megabyte at a time.

        :raises RepairError: when it cannot be read.
        """
        try:
            with self.place(path).open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        except OSError as error:
            raise RepairError(f"{path} cannot be read", context=[str(error)]) from error

    def add_linked(self, paths: Iterable[str]) -> None:
        """Take in the libraries that CMake linked, each by the name that it is needed by."""
        linked: list[tuple[str, str]] = []
        for path in paths:
            binary = self.read_library(path)
            for piece in binary.slices if binary is not None else ():
                linked.append((piece.name or Path(path).name, path))
        self.around = replace(self.around, linked=tuple(dict.fromkeys(linked)))

    def place(self, path: str) -> Path:
        """Return where an absolute path of the machine lies on this one."""
        return self.root / path.lstrip("/") if path.startswith("/") else Path(path)


def _with_other_case(place: Path) -> Path | None:
    """Return the file whose name differs in upper and lower case alone; the first in order of several."""
    try:
        beside = sorted(place.parent.iterdir())
    except OSError:
        return None
    wanted = place.name.lower()
    for found in beside:
        if found.name.lower() == wanted and found.is_file():
            return found
    return None


# --- what a machine adds to the search ----------------------------------------------------------------------------


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
        lib_names=_lib_names(root),
    )


def _directories_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the directories of the variable that this system's loader reads."""
    found: list[str] = []
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        # ld.so(8) takes semicolons as well.
        for text in environ.get(name, "").replace(";", ":").split(":"):
            if text.startswith("/"):
                found.append(os.path.normpath(text))
    if host.is_windows():
        found += environ.get("PATH", "").split(os.pathsep)
    return tuple(dict.fromkeys(filter(None, found)))


def _configured(root: Path, name: str, seen: set[str]) -> Iterable[str]:
    """Yield the directories of a file like ``/etc/ld.so.conf`` with what it includes; see ldconfig(8)."""
    if name in seen:
        return
    seen.add(name)
    for line in _lines_of(root / name.lstrip("/")):
        first, _, rest = line.partition(" ")
        if first == "include":
            for pattern in rest.split():
                within = posixpath.join(posixpath.dirname(name), pattern)
                for path in sorted(root.glob(within.lstrip("/"))):
                    included = "/" + path.relative_to(root).as_posix()
                    yield from _configured(root, included, seen)
        elif line.startswith("/"):
            # An old form names the kind of library as well: DIRECTORY=TYPE.
            yield os.path.normpath(line.partition("=")[0].strip())


def _musl_path(root: Path) -> tuple[str, ...]:
    """Return the directories that musl searches: of its path file, else those that it knows (``ldso/dynlink.c``)."""
    for path in sorted((root / "etc").glob("ld-musl-*.path")):
        text = ":".join(_lines_of(path))
        return tuple(part for part in text.split(":") if part.startswith("/"))
    return ("/lib", "/usr/local/lib", "/usr/lib")


def _lines_of(path: Path) -> list[str]:
    """Return the lines of a text without comments and blank ones; nothing when it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LARGEST_SCRIPT)
    except OSError:
        return []
    lines = [
        line.partition("#")[0].strip().replace("\t", " ") for line in text.splitlines()
    ]
    return [line for line in lines if line]


def _lib_names(root: Path) -> tuple[str, ...]:
    """Return what ``$LIB`` may mean: Debian's multiarch directories where there are some, and the common names."""
    multiarch = [
        f"lib/{path.name}"
        for path in sorted((root / "usr/lib").glob("*-linux-*"))
        if path.is_dir()
    ]
    return (*multiarch, "lib64", "lib")
