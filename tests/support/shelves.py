"""Libraries outside of a wheel, without a disk: a dictionary of what lies at each path."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from support.facts import FORMATS
from truewheel.model.binary import Binary, Slice
from truewheel.model.surroundings import Surroundings


class Identity(NamedTuple):
    """What a file holds."""

    digest: str
    size: int


class Shelf:
    """The libraries of a machine; see ``truewheel.audit.linkage.Libraries``.

    :param files: code by path, or the path that a link leads to; ``None`` is a file that is not a library.
    :param contents: what files hold, where two are to hold the same; each its own path by default.
    """

    def __init__(
        self,
        files: Mapping[str, Slice | tuple[Slice, ...] | str | None],
        around: Surroundings | None = None,
        contents: Mapping[str, str] | None = None,
    ) -> None:
        self.files = dict(files)
        self.around = around or Surroundings()
        self.contents = contents or {}

    def locate(self, path: str, *, ignore_case: bool = False) -> str | None:
        names = {name.lower(): name for name in self.files} if ignore_case else {}
        path = names.get(path.lower(), path)
        if path not in self.files:
            return None
        target = self.files[path]
        return self.locate(target) if isinstance(target, str) else path

    def read_library(self, path: str) -> Binary | None:
        found = self.files[path]
        assert not isinstance(found, str)
        if found is None:
            return None
        slices = found if isinstance(found, tuple) else (found,)
        return Binary(format=FORMATS[type(slices[0])], slices=slices)

    def problem(self, path: str) -> str:
        return "not a library"

    def identities(self) -> dict[str, Identity]:
        """Return what each file holds."""
        return {path: self._identity(path) for path in self.files}

    def _identity(self, path: str) -> Identity:
        content = self.contents.get(path, path).encode()
        return Identity(hashlib.sha256(content).hexdigest(), len(content))
