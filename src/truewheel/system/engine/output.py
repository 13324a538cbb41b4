"""What the tools print: passed on as it comes, and kept, so that a failure can be explained.

Nothing here runs a tool, or understands what one says (``planning/build_errors.py``).
"""

from __future__ import annotations

import collections
import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence

_MOST_LINES = 5000
"""Lines that are kept: the last ones, for what stopped the work stands at the end."""
_LONGEST_LINE = 2000
"""Bytes of a line that are kept."""
_PATIENCE = 1.0
"""Seconds to wait for the end of the output: a daemon that a tool left behind may hold the stream open."""


@contextlib.contextmanager
def kept_output() -> Iterator[Sequence[str]]:
    """Give the last lines that anybody prints inside, whole after the end of it; everything is passed on unchanged.

    A stream that is a terminal is left alone: tools want to see it.
    """
    lines: collections.deque[str] = collections.deque(maxlen=_MOST_LINES)
    flush_streams()
    tees = [_Tee(descriptors, lines) for descriptors in _descriptors_by_target()]
    for tee in tees:
        tee.start()
    try:
        yield lines
    finally:
        flush_streams()
        # What tools have started and left behind may still write: it goes where it would have gone.
        for tee in tees:
            tee.give_back()


def flush_streams() -> None:
    """Write out what Python has buffered, before others write to the same descriptors."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _descriptors_by_target() -> list[list[int]]:
    """Return standard output and error: together when they lead to the same place, so that the order of lines stays."""
    groups: dict[tuple[int, int], list[int]] = {}
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):  # it may be closed
            if os.isatty(descriptor):
                continue
            status = os.fstat(descriptor)
            identity = status.st_ino or -descriptor  # pipes of Windows have no inode
            groups.setdefault((status.st_dev, identity), []).append(descriptor)
    return list(groups.values())


class _Tee(threading.Thread):
    """A pipe between what writes to descriptors and where they led, of which the lines are kept."""

    def __init__(
        self, descriptors: Sequence[int], lines: collections.deque[str]
    ) -> None:
        """Put the pipe in between; what is written waits in it until the thread runs."""
        super().__init__(daemon=True)
        self._lines = lines
        self._descriptors = descriptors
        # Copies of the descriptors, as the originals are to lead into the pipe.
        self._saved = [os.dup(descriptor) for descriptor in descriptors]
        self._read, write = os.pipe()
        for descriptor in descriptors:
            os.dup2(write, descriptor)
        # Only the descriptors hold the writing end now, so that giving them back ends the thread.
        os.close(write)

    def run(self) -> None:
        """Pass everything on, and keep it, until nobody holds the writing end any more."""
        rest = b""
        while data := os.read(self._read, 65536):
            self._pass_on(data)
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                self._keep(line)
        if rest:
            self._keep(rest)

    def _keep(self, line: bytes) -> None:
        self._lines.append(line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip("\r"))

    def _pass_on(self, data: bytes) -> None:
        # Nobody may be reading it, or the disk may be full: the build goes on.
        with contextlib.suppress(OSError):
            while data:
                written = os.write(self._saved[0], data)
                data = data[written:]

    def give_back(self) -> None:
        """Let the descriptors lead where they did, when all that was written has been passed on."""
        for descriptor, saved in zip(self._descriptors, self._saved, strict=True):
            os.dup2(saved, descriptor)
        self.join(_PATIENCE)
        # A thread that still reads needs them; they are closed with the process then.
        if not self.is_alive():
            for descriptor in [*self._saved, self._read]:
                os.close(descriptor)
