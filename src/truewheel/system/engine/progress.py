"""A live line on a terminal while CMake and Ninja run: phase, targets done of total, seconds, what compiles now.

Everything that the tools print is caught; what is more than routine (warnings) is shown afterwards, and all of it when the
build fails. Without a terminal the tools' plain lines pass as they are. Nothing here runs a tool.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from . import output as transcript

_STATUS = r"\[(\d+)/(\d+)\] (.*)"
"""Ninja's lines (manual, ``NINJA_STATUS``). Patterns are compiled when first used: most builds have no terminal."""
_PHASE = r"\*\*\* (Configuring|Building|Installing|Reconfiguring)"
_ROUTINE = r"\[\d+/\d+\]|-- |\*\*\* |loading initial cache|ninja: (no work|Entering)|\s*$"
_COLOUR = r"\x1b\[[0-9;]*m"
_PERIOD = 0.1
"""Seconds between two states of the line."""


def wanted(*, verbose: bool) -> bool:
    """Whether there is somebody to look: a terminal that can go back to the beginning of its line."""
    return not verbose and os.environ.get("TERM", "dumb") != "dumb" and sys.stdout.isatty() and sys.stderr.isatty()


@contextlib.contextmanager
def shown(*, verbose: bool) -> Iterator[Sequence[str]]:
    """Show a live line for whatever runs inside, when somebody looks; gives what is printed, whole after the end.

    :param verbose: whether the user wants to see each command; then nothing is caught on a terminal.
    """
    if not wanted(verbose=verbose):
        with transcript.kept() as lines:
            yield lines
        return
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    read, write = os.pipe()
    line = _Line(read, saved[1])
    for descriptor in (1, 2):
        os.dup2(write, descriptor)
    os.close(write)
    line.start()
    well = False
    try:
        yield line.log
        well = True
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, old in zip((1, 2), saved, strict=True):
            os.dup2(old, descriptor)
        line.join()  # the last writing end is closed now, unless a tool left a daemon behind
        for text in line.log if not well else line.remarks():
            os.write(saved[1], text.encode("utf-8", "surrogateescape") + b"\n")
        for old in saved:
            os.close(old)


class _Line(threading.Thread):
    """Reads what is caught, and repeats its state on the terminal until the end."""

    def __init__(self, source: int, terminal: int) -> None:
        super().__init__(daemon=True)
        self.log: list[str] = []
        self._source = source
        self._terminal = terminal
        self._began = time.monotonic()
        self._phase = "Preparing"
        self._count = ""
        self._now = ""
        self._over = threading.Event()

    def run(self) -> None:
        threading.Thread(target=self._repeat, daemon=True).start()
        with os.fdopen(self._source, encoding="utf-8", errors="surrogateescape") as lines:
            for text in lines:
                self._take(text.rstrip("\r\n"))
        self._over.set()
        self._put("\r\x1b[K")

    def _take(self, text: str) -> None:
        self.log.append(text)
        text = re.sub(_COLOUR, "", text)
        if phase := re.match(_PHASE, text):
            self._phase, self._count, self._now = phase[1], "", ""
        elif status := re.match(_STATUS, text):
            self._count, self._now = f" {status[1]}/{status[2]}", status[3]

    def _repeat(self) -> None:
        while not self._over.wait(_PERIOD):
            self._put(f"\r\x1b[K{self.state(shutil.get_terminal_size().columns - 1)}")

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._terminal, text.encode("utf-8", "replace"))

    def state(self, width: int) -> str:
        """The line as it is now, in no more than ``width`` columns."""
        text = f"{self._phase}{self._count}, {time.monotonic() - self._began:.0f} s"
        return (f"{text}: {self._now}" if self._now else text)[:width]

    def remarks(self) -> list[str]:
        """What a build that went well has to say besides what it did: warnings."""
        return [text for text in self.log if not re.match(_ROUTINE, re.sub(_COLOUR, "", text))]
