"""A live line on a terminal while CMake and Ninja run: phase, targets done of total, seconds, what compiles now.

Everything that the tools print is caught; what is more than routine (warnings) is shown afterwards, and all of it when
the build fails. Without a terminal the tools' plain lines pass as they are. Nothing here runs a tool.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from .output import flush_streams, kept_output

# Patterns are compiled when they are used first: most builds have no terminal.
_STATUS = r"\[(\d+)/(\d+)\] (.*)"
"""Ninja's lines (manual, ``NINJA_STATUS``)."""
_PHASE = r"\*\*\* (Configuring|Building|Installing|Reconfiguring)"
"""scikit-build-core's announcements."""
_ROUTINE = (
    r"\[\d+/\d+\]|-- |\*\*\* |loading initial cache|ninja: (no work|Entering)|\s*$"
)
_COLOUR = r"\x1b\[[0-9;]*m"
_TO_LINE_START = "\r\x1b[K"
"""Back to the beginning of the terminal's line, and clear it (ECMA-48, CR and EL)."""
_PERIOD = 0.1
"""Seconds between two states of the line."""


def wants_live_line(environ: Mapping[str, str], *, verbose: bool) -> bool:
    """Whether somebody looks: at a terminal that can go back to the beginning of its line."""
    if verbose or environ.get("TERM", "dumb") == "dumb":
        return False
    return sys.stdout.isatty() and sys.stderr.isatty()


@contextlib.contextmanager
def shown_progress(
    environ: Mapping[str, str], *, verbose: bool
) -> Iterator[Sequence[str]]:
    """Show a live line for whatever runs inside, when somebody looks; gives what is printed, whole after the end.

    :param verbose: whether the user wants to see each command; then nothing is caught on a terminal.
    """
    if not wants_live_line(environ, verbose=verbose):
        with kept_output() as lines:
            yield lines
        return
    with _live_line() as lines:
        yield lines


@contextlib.contextmanager
def _live_line() -> Iterator[Sequence[str]]:
    """Catch what is printed inside, and show a line instead; afterwards, show what is more than routine."""
    flush_streams()
    saved = os.dup(1), os.dup(2)
    read, write = os.pipe()
    line = _Line(read, saved[1])
    # Descriptors, not sys.stdout: CMake and compilers write to them, too.
    for descriptor in (1, 2):
        os.dup2(write, descriptor)
    os.close(write)
    line.start()
    has_failed = True
    try:
        yield line.log
        has_failed = False
    finally:
        flush_streams()
        for descriptor, old in zip((1, 2), saved, strict=True):
            os.dup2(old, descriptor)
        line.join()  # the last writing end is closed now, unless a tool left a daemon behind
        # Through the saved descriptor: sys.stdout may be buffered, and its encoding may not have every byte.
        for text in line.log if has_failed else line.remarks():
            os.write(saved[1], text.encode("utf-8", "surrogateescape") + b"\n")
        for old in saved:
            os.close(old)


class _Line(threading.Thread):
    """Reads what is caught, and repeats its state on the terminal until the end.

    :param source: the descriptor to read from.
    :param terminal: the descriptor to write to.
    """

    def __init__(self, source: int, terminal: int) -> None:
        """Begin with a phase of our own, until scikit-build-core announces one."""
        super().__init__(daemon=True)
        self.log: list[str] = []
        self._source = source
        self._terminal = terminal
        self._began = time.monotonic()
        self._phase = "Preparing"
        self._count = ""
        self._current_target = ""
        self._is_over = threading.Event()

    def run(self) -> None:
        """Read what is caught, until nobody holds the writing end any more."""
        # The seconds go on while a compiler says nothing.
        threading.Thread(target=self._repeat, daemon=True).start()
        with os.fdopen(
            self._source, encoding="utf-8", errors="surrogateescape"
        ) as lines:
            for text in lines:
                self._take(text.rstrip("\r\n"))
        self._is_over.set()
        self._put(_TO_LINE_START)

    def _take(self, text: str) -> None:
        self.log.append(text)
        plain = re.sub(_COLOUR, "", text)
        if phase := re.match(_PHASE, plain):
            self._phase, self._count, self._current_target = phase[1], "", ""
        elif status := re.match(_STATUS, plain):
            self._count = f" {status[1]}/{status[2]}"
            self._current_target = status[3]

    def _repeat(self) -> None:
        while not self._is_over.wait(_PERIOD):
            width = shutil.get_terminal_size().columns - 1
            state = self.state(width)
            self._put(f"{_TO_LINE_START}{state}")

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._terminal, text.encode("utf-8", "replace"))

    def state(self, width: int) -> str:
        """Return the line as it is now, in no more than ``width`` columns."""
        seconds = time.monotonic() - self._began
        text = f"{self._phase}{self._count}, {seconds:.0f} s"
        if self._current_target:
            text += f": {self._current_target}"
        return text[:width]

    def remarks(self) -> list[str]:
        """Return what a build that went well has to say besides what it did: warnings."""
        return [
            text
            for text in self.log
            if not re.match(_ROUTINE, re.sub(_COLOUR, "", text))
        ]
