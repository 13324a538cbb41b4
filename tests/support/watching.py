"""Runs programs while they are watched, and compiles small ones in C."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support import needs
from support.processes import together
from truewheel.model.observation import Process, Trace
from truewheel.system.observation.library import find_or_make
from truewheel.system.observation.trace import begin, read, variables


@functools.cache
def library() -> Path:
    """Return the library, compiled once for all tests of this process."""
    if sys.platform != "linux":
        needs.missing("Linux")
    needs.program("gcc")
    store = Path(tempfile.mkdtemp(prefix="observe-"))
    return find_or_make(store, os.environ)


class Watched:
    """A command that has run while it was watched.

    :ivar trace: what its processes did.
    :ivar all: what they did together.
    """

    def __init__(
        self, done: subprocess.CompletedProcess[bytes], trace: Trace, folder: Path
    ) -> None:
        self.done = done
        self.trace = trace
        self.folder = folder
        self.all = together(trace.processes.values())

    def process(self, program: str) -> Process:
        """Return the only process of a program, which is called ``program``."""
        (found,) = (
            process
            for process in self.trace.processes.values()
            if Path(process.program).name.startswith(program)
        )
        return found

    def here(self, name: str) -> str:
        """Return the path of a file in the working folder."""
        return str(self.folder / name)


def watch(
    command: Sequence[str | Path],
    folder: Path,
    *,
    environ: Mapping[str, str] | None = None,
    size: int = 4 << 20,
    **options: Any,
) -> Watched:
    """Run a command in a folder, and return what was seen."""
    environ = os.environ if environ is None else environ
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "trace")
        begin(path, size=size)
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={**environ, **variables(library(), path, environ)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=100,
            **options,
        )
        return Watched(done, read(path), folder)


def compile_c(source: str, out: Path, *flags: str) -> Path:
    """Compile a program in C, with what it needs of threads and ``dlopen``."""
    command = [needs.program("gcc"), "-w", "-x", "c", "-", "-o", str(out), *flags]
    subprocess.run([*command, "-pthread", "-ldl"], input=source, text=True, check=True)
    return out
