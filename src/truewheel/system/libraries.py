"""Libraries that lie on a disk: what a build links with and does not install. For the later repair; not used yet.

The audit resolves the needs of binaries, and asks for what lies outside of the wheel through two methods
(:class:`~truewheel.audit.linkage.Libraries`). This is their answer from a real file system, or from a sysroot in it.
"""

from __future__ import annotations

from pathlib import Path

from .. import formats
from ..model.binary import Binary
from ..model.errors import FormatError


class LibrariesOnDisk:
    """The libraries of a machine.

    :param root: where its file system begins; that of the system for which is built, when it is another.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._read: dict[str, Binary | None] = {}

    def has_file(self, path: str) -> bool:
        """Return whether there is a file at an absolute path; a link counts if it leads to one."""
        return self._place(path).is_file()

    def read_library(self, path: str) -> Binary | None:
        """Return the facts of the file at an absolute path, read once; ``None`` when it is not a binary, or a broken one.

        A loader would refuse the latter, and linker scripts have the names of libraries.
        """
        if path not in self._read:
            try:
                self._read[path] = formats.read(self._place(path).read_bytes())
            except (OSError, FormatError):
                self._read[path] = None
        return self._read[path]

    def _place(self, path: str) -> Path:
        return self._root / path.lstrip("/")
