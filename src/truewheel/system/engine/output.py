"""What the tools print: passed on as it comes, and kept, so that a failure can be explained. Nothing here runs a tool, or
understands what one says (``planning/build_errors.py``)."""

from __future__ import annotations

import collections
import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence

_MOST = 5000
"""Lines that are kept: the last ones, for what stopped the work stands at the end."""
_WIDEST = 2000
"""Characters of a line that are kept."""
_PATIENCE = 1.0
"""Seconds to wait for the end of what was said: a daemon that a tool left behind may hold the stream open."""


@contextlib.contextmanager
def kept() -> Iterator[Sequence[str]]:
    """The last lines that anybody prints inside, whole after the end of it; everything is passed on unchanged.

    A stream that is a terminal is left alone: tools want to see it.
    """
    lines: collections.deque[str] = collections.deque(maxlen=_MOST)
    _flush()
    tees = [_Tee(group, lines) for group in _groups()]
    for tee in tees:
        tee.start()
    try:
        yield lines
    finally:
        _flush()
        for tee in tees:
            tee.give_back()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _groups() -> list[list[int]]:
    """Standard output and error: together when they lead to the same place, so that the order of lines stays."""
    groups: dict[tuple[int, int], list[int]] = {}
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):  # it may be closed
            status = os.fstat(descriptor)
            if not os.isatty(descriptor):
                identity = status.st_ino or -descriptor  # pipes of Windows have none
                groups.setdefault((status.st_dev, identity), []).append(descriptor)
    return list(groups.values())


class _Tee(threading.Thread):
    """Stands between what writes to descriptors and where they led."""

    def __init__(self, descriptors: Sequence[int], lines: collections.deque[str]) -> None:
        super().__init__(daemon=True)
        self._lines = lines
        self._descriptors = descriptors
        self._saved = [os.dup(d) for d in descriptors]
        self._read, write = os.pipe()
        for descriptor in descriptors:
            os.dup2(write, descriptor)
        os.close(write)

    def run(self) -> None:
        rest = b""
        while data := os.read(self._read, 65536):
            self._pass_on(data)
            *whole, rest = (rest + data).split(b"\n")
            self._lines.extend(line[:_WIDEST].decode("utf-8", "replace").rstrip("\r") for line in whole)
        if rest:
            self._lines.append(rest[:_WIDEST].decode("utf-8", "replace"))

    def _pass_on(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody reads it, or a full disk: the build goes on
            while data:
                data = data[os.write(self._saved[0], data) :]

    def give_back(self) -> None:
        """Let the descriptors lead where they did, when all that was written has been passed on."""
        for descriptor, old in zip(self._descriptors, self._saved, strict=True):
            os.dup2(old, descriptor)
        self.join(_PATIENCE)
        if not self.is_alive():
            for old in [*self._saved, self._read]:
                os.close(old)
