"""Libraries that lie on a disk: what a build links with and does not install.

The audit resolves the needs of binaries, and asks for what lies outside of the wheel through
:class:`~truewheel.audit.linkage.Libraries`. This is its answer from a real file system, or from a sysroot in it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from .. import formats
from ..model.binary import Binary
from ..model.errors import FormatError, RepairError
from ..model.record import NamedTuple, replace
from ..model.surroundings import LinkedLibrary, Surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 1 << 20
"""Bytes of a file that are read at once."""


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
        size = max(stop - start, 0)
        self._file.seek(start)
        # It may have become shorter meanwhile: then the readers miss what their tables speak of.
        return self._file.read(size)


class LibrariesOnDisk:
    """The libraries of a machine.

    :param root: where its file system begins; that of the system for which is built, when it is another.
    :param around: what else the machine and the build add to the loader's search.
    :ivar around: see :class:`~truewheel.audit.linkage.Libraries`.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        around: Surroundings | None = None,
    ) -> None:
        """Look at nothing yet."""
        self.root = root
        self.around = Surroundings() if around is None else around
        self._read: dict[str, Binary | None] = {}
        self._problems: dict[str, str] = {}
        self._identities: dict[str, Identity] = {}
        self._states: dict[str, tuple[int, ...] | None] = {}

    def locate(
        self,
        path: str,
        *,
        ignore_case: bool = False,
    ) -> str | None:
        """Return the file that an absolute path leads to, with links resolved; ``None`` when there is none."""
        place = self.place(path)
        if place.is_file():
            return self._resolved(place)
        if not ignore_case:
            return None
        other = _with_other_case(place)
        return None if other is None else self._resolved(other)

    def _resolved(self, place: Path) -> str:
        """Return where a file lies, as the machine itself would say it."""
        root = self.root.resolve()
        resolved = place.resolve()
        # A link of a sysroot that is absolute leads out of it, to this machine.
        if not resolved.is_relative_to(root):
            resolved = place
        if root == Path(root.anchor):
            return resolved.as_posix()
        within = resolved.relative_to(root)
        return f"/{within.as_posix()}"

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
        first = self._states.get(path)
        now = self._state(path)
        return first != now

    def _note_state(self, path: str) -> None:
        """Remember what a file is like when it is looked at first."""
        if path in self._states:
            return
        state = self._state(path)
        self._states[path] = state

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

    def add_linked(
        self,
        paths: Iterable[str],
        into: Callable[[], Mapping[str, Iterable[str]]],
    ) -> None:
        """Take in the libraries that CMake linked, each by the name that it is needed by.

        :param paths: all of them.
        :param into: returns those of single files; asked when two libraries have one name, for it reads many files.
        """
        linked = tuple(self._by_name(paths))
        rows: dict[str, tuple[LinkedLibrary, ...]] = {}
        if _has_namesakes(linked):
            for file, libraries in into().items():
                rows[file] = tuple(self._by_name(libraries))
        self.around = replace(self.around, linked=linked, linked_into=rows)

    def _by_name(self, paths: Iterable[str]) -> dict[LinkedLibrary, None]:
        """Return libraries by the names that they are needed by, each pair once."""
        found: dict[LinkedLibrary, None] = {}
        for path in paths:
            for name in self.names(path):
                found[name, path] = None
        return found

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names by which others need a library; none, when it cannot be read."""
        binary = self.read_library(path)
        if binary is None:
            return ()
        # What has no name of its own is needed by that of its file.
        file_name = posixpath.basename(path)
        return tuple([piece.name or file_name for piece in binary.slices])

    def place(self, path: str) -> Path:
        """Return where an absolute path of the machine lies on this one."""
        # A drive of Windows has no root above it.
        if not path.startswith("/"):
            return Path(path)
        within = path.lstrip("/")
        return self.root / within


def _has_namesakes(linked: Iterable[LinkedLibrary]) -> bool:
    """Return whether two libraries may be meant by one name: its own, or that of its file."""
    paths: dict[str, str] = {}
    for name, path in linked:
        for known in (name, posixpath.basename(path)):
            # Windows looks for either case.
            if paths.setdefault(known.lower(), path) != path:
                return True
    return False


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
