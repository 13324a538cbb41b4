"""The file system of a machine, or one that is unpacked in a directory: paths are those that this machine itself would use.

Whatever cannot be read reads as empty: a package database that is broken or closed tells nothing, and that is no error.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from ...model.bundled import SystemPackage

Paths = AbstractSet[str]
"""Absolute paths as this machine has them."""
Owners = dict[str, SystemPackage]
"""Packages by the paths that they own."""
_MANY_LINKS = 40
"""Links that are followed for one path, as Linux does (path_resolution(7))."""


class FileSystem:
    """Files below ``root``, by their absolute paths there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._is_whole = root == Path(root.anchor)

    def on_disk(self, path: str) -> Path:
        """Return where a file of this system lies for us, links resolved."""
        return self._place(self.resolved(path))

    def _place(self, path: str) -> Path:
        """Return where a path of this system is for us."""
        return self._root / path.lstrip("/")

    def data(self, path: str) -> bytes:
        """Return the content of a file; nothing when it cannot be read."""
        try:
            return self.on_disk(path).read_bytes()
        except (OSError, ValueError):
            return b""

    def text(self, path: str) -> str:
        """Return the content of a text file; nothing when it cannot be read."""
        return self.data(path).decode("utf-8", "replace")

    def lines(self, path: str) -> list[str]:
        """Return the lines of a list of paths, which may be in any encoding."""
        return lines_of(self.data(path))

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in order; none when it cannot be read."""
        try:
            entries = self.on_disk(directory).iterdir()
            return sorted(entry.name for entry in entries)
        except (OSError, ValueError):
            return []

    def named(
        self,
        directory: str,
        suffix: str,
    ) -> Iterator[tuple[str, str]]:
        """Yield the files of a directory that have a suffix, in order: each one's name without it, and its path."""
        for name in self.names(directory):
            if name.endswith(suffix):
                yield name.removesuffix(suffix), f"{directory}/{name}"

    def contents(
        self,
        directory: str,
        suffix: str,
    ) -> Iterator[tuple[str, bytes]]:
        """Yield what the files of a directory hold that have a suffix, in order: each one's name without it, and its bytes.

        They are plain files that a program keeps there: links are not followed out of the system.
        """
        place = os.fspath(self.on_disk(directory))
        for name in self.names(directory):
            if not name.endswith(suffix):
                continue
            path = os.path.join(place, name)  # noqa: PTH118  # a Path for each of a thousand files takes its time
            if os.path.islink(path):  # noqa: PTH114
                yield name.removesuffix(suffix), self.data(f"{directory}/{name}")
                continue
            try:
                with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                    yield name.removesuffix(suffix), file.read()
            except OSError:
                continue

    def has_file(self, path: str) -> bool:
        """Return whether there is a file, links followed."""
        try:
            return self.on_disk(path).is_file()
        except (OSError, ValueError):
            return False

    def files_of(self, *paths: str) -> tuple[str, ...]:
        """Return where those of some files lie for us that are there, each once, links resolved."""
        found = []
        for path in paths:
            if self.has_file(path):
                found.append(os.fspath(self.on_disk(path)))
        return tuple(dict.fromkeys(found))

    def resolved(self, path: str) -> str:
        """Return an absolute path with all links resolved, those with an absolute target inside of this system."""
        if self._is_whole:
            # With "/" on Windows, too, where drives come first.
            return Path(os.path.realpath(path)).as_posix()
        done = "/"
        rest = path.split("/")
        links = 0
        while rest:
            part = rest.pop(0)
            if part in {"", "."}:
                continue
            # The path so far has no link in it, so that its parent is the directory that holds it.
            if part == "..":
                done = posixpath.dirname(done)
                continue
            step = posixpath.join(done, part)
            target = self._link(step)
            if target is None or links >= _MANY_LINKS:
                done = step
                continue
            links += 1
            rest = [*target.split("/"), *rest]
            if target.startswith("/"):
                done = "/"
        return done

    def _link(self, path: str) -> str | None:
        """Return what a link leads to; ``None`` when it is not one."""
        try:
            return self._place(path).readlink().as_posix()
        except (OSError, ValueError):
            return None

    def names_of(self, path: str) -> tuple[str, ...]:
        """Return the paths by which a package database may know a file: all lead to the very same one.

        Debian 12 lists ``/lib/x86_64-linux-gnu/liblzma.so.5.4.1`` of a file in ``/usr/lib``, because its ``/lib`` became a link
        after the package was made (https://wiki.debian.org/UsrMerge). Other systems list the new name.
        """
        real = self.resolved(path)
        names = [real]
        directory, name = posixpath.split(path)
        # A link in the path's directories leaves the file what it is. A link in place of the file may be another package's.
        if posixpath.join(self.resolved(directory), name) == real:
            names.append(posixpath.normpath(path))
        for name in tuple(names):
            other = _with_or_without_usr(name)
            # Without merged directories they are two files, and two packages may own them.
            if self.resolved(other) == real:
                names.append(other)
        return tuple(dict.fromkeys(names))


def _with_or_without_usr(path: str) -> str:
    """Return the name that a file had before ``/usr`` was merged, or has since."""
    if path.startswith("/usr/"):
        return path.removeprefix("/usr")
    return f"/usr{path}"


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a list of paths, which may be in any encoding."""
    return data.decode("utf-8", "surrogateescape").split("\n")
