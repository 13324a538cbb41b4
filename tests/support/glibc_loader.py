"""The loader of this machine, asked whether it takes a library: each time in a process of its own, with a time limit.

What a damaged library points at may lie anywhere in memory, and by luck there is something there. So no memory is left around
the library: an address outside of it is a fault, as it would be in most programs.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from support import needs

_PROBE = r"""
import ctypes, os, signal, sys

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]

def take(size):
    # PROT_NONE; MAP_PRIVATE, MAP_ANONYMOUS and MAP_NORESERVE
    return libc.mmap(None, size, 0, 0x4022, -1, 0)

lowest = take(1 << 34)
for shift in range(30, 11, -1):
    while take(1 << shift) > lowest:
        pass

def loads(path):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        signal.alarm(5)
        # What a library prints is not an answer.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        ctypes.CDLL(path)
    except BaseException:
        os._exit(1)
    os._exit(0)

for line in sys.stdin:
    print(int(loads(line.rstrip("\n"))), flush=True)
"""


class GlibcLoader:
    """A process that loads libraries, each in a child of it."""

    def __init__(self, ask: IO[str], answers: IO[str], place: Path) -> None:
        self._ask = ask
        self._answers = answers
        self._place = place
        self._count = 0

    def takes(self, data: bytes) -> bool:
        """Return whether a library with these bytes is loaded."""
        # The loader knows files that it has loaded by their inodes.
        self._count += 1
        path = self._place / f"asked{self._count}.so"
        path.write_bytes(data)
        print(path, file=self._ask, flush=True)
        answer = self._answers.readline()
        path.unlink()
        assert answer, "the process that loads has ended"
        return answer.strip() == "1"


@contextmanager
def glibc_loader(place: Path) -> Iterator[GlibcLoader]:
    """Start a process that loads libraries."""
    if not sys.platform.startswith("linux"):
        pytest.skip("asks the loader of Linux")
    if platform.libc_ver()[0] != "glibc":
        needs.missing("a system with glibc")
    with subprocess.Popen(
        [sys.executable, "-c", _PROBE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield GlibcLoader(process.stdin, process.stdout, place)
        process.stdin.close()
