"""The trace of a build: begins one, tells the first process about it, and reads what the processes wrote.

How a record looks is said at the top of ``preload.c``, which writes them. Nothing here decides what a record means for a
build.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...model.observation import Process, Trace, Unseen
from ...model.record import NamedTuple

_MAGIC = b"twtrace1"
_HEADER = struct.Struct("=8sQII40x")
"""Magic and version; where the next record goes; how many processes were numbered; whether a record did not fit."""
_SIZE = 512 << 20
"""Bytes that a trace may grow to. The file is sparse: it takes what was written."""
_SETS = {
    "R": "read",
    "M": "missing",
    "S": "looked_at",
    "L": "listed",
    "T": "trees",
    "W": "written",
    "D": "removed",
    "E": "variables",
    "N": "network",
}
"""Letters of records that are one text each, with the field that they add to."""
_LETTERS = {
    *_SETS,
    "P",
    "X",
    "F",
    "U",
}
_SEPARATOR = "\x01"
"""Between the fields of a record."""


def begin(path: Path, *, size: int = _SIZE) -> None:
    """Make an empty trace. It is written fastest where files lie in memory (``/dev/shm``).

    :param size: bytes that it may grow to.
    :raises OSError: when the file cannot be written.
    """
    disk = os.statvfs(path.parent)
    # Writing to a mapped file on a full disk ends a process (SIGBUS): a trace gets half of what is free at most.
    free = disk.f_bavail * disk.f_frsize
    size = min(size, free // 2)
    head = _HEADER.pack(_MAGIC, _HEADER.size, 0, 0)
    # A program of a build that was killed may still have it mapped: it would end if the file became shorter (SIGBUS), or
    # write into a trace that it has no part in.
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(max(size, len(head) + 1))


def variables(library: Path, trace: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment of the first process needs beside ``environ``.

    The first process has to be one that can be watched, as Ninja and CMake can. If it is not, the trace stays empty, and
    so is not whole. Programs do not see these variables: the library hides them, and gives them to each program that is started.

    :param environ: the environment without them. What it preloads stays in front.
    """
    preload = str(library.absolute())
    given = environ.get("LD_PRELOAD")
    if given is not None:
        preload = f"{given}:{preload}"
    said = [
        str(trace.absolute()),
        # The number of the parent.
        "0",
        # The process takes a number by itself.
        "0",
    ]
    return {
        "LD_PRELOAD": preload,
        "TRUEWHEEL_OBSERVE": _SEPARATOR.join(said),
    }


def read(path: Path) -> Trace:
    """Return what the processes wrote so far.

    :raises OSError: when the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        if not head.startswith(_MAGIC) or len(head) < _HEADER.size:
            return Trace(processes={}, is_whole=False)
        _, end, _, is_full = _HEADER.unpack(head)
        size = os.fstat(file.fileno()).st_size
        # Where a record did not fit, the place of the next is behind the end.
        length = min(end, size) - _HEADER.size
        data = file.read(max(length, 0))
    # Half a gigabyte of zeros is as damaged as two of them.
    if b"\0\0\0" in data:
        data = re.sub(rb"\0{3,}", b"\0\0", data)
    text = os.fsdecode(data)
    # Whoever wrote into the trace who has no business there may have written anything.
    try:
        return _trace_of(text, is_full)
    except ValueError:
        return Trace(processes={}, is_whole=False)


def _trace_of(text: str, is_full: int) -> Trace:
    """Return what the records say.

    :param is_full: whether some are not among them.
    """
    # Each record ends with a zero, so that nothing follows the last.
    *texts, rest = text.split("\0")
    groups = _grouped(texts)
    damaged = _damaged(groups)
    for head in damaged:
        del groups[head]
    records = _Records(groups)
    is_lost = bool(rest or damaged or is_full)
    return Trace(
        processes=records.processes(),
        is_whole=records.are_complete() and not is_lost,
    )


def _grouped(texts: list[str]) -> dict[str, list[str]]:
    """Return the texts of records by letter and number."""
    groups: dict[str, list[str]] = {}
    for record in texts:
        head, _, text = record.partition(" ")
        try:
            groups[head].append(text)
        except KeyError:
            groups[head] = [text]
    return groups


def _damaged(heads: Iterable[str]) -> list[str]:
    """Return those that are not a letter and a number.

    The writer puts the letter of a record last. Where it is missing, the process was killed while it wrote.
    """
    damaged = []
    for head in heads:
        letter, number = head[:1], head[1:]
        if letter not in _LETTERS or not number.isdecimal():
            damaged.append(head)
    return damaged


class _Start(NamedTuple):
    """What a process wrote when it was started.

    :param parent: the number of the process that started it, or 0.
    """

    parent: int
    program: str
    folder: str
    arguments: tuple[str, ...]


def _start_from(text: str) -> _Start:
    """Return the fields of a record of a start."""
    parent, program, folder, *arguments = text.split(_SEPARATOR)
    return _Start(
        parent=int(parent),
        program=program,
        folder=folder,
        # Each argument ends with a separator, and so nothing is behind the last.
        arguments=tuple(arguments[:-1]),
    )


class _Records:
    """The records of a trace, sorted out.

    :ivar starts: by the number of the process.
    :ivar failed: the numbers that were announced for programs that could not be started.
    """

    def __init__(self, groups: Mapping[str, list[str]]) -> None:
        """Find out which processes were started, and which could not be."""
        self.groups = groups
        self.starts: dict[int, _Start] = {}
        self.failed: set[str] = set()
        for head, texts in groups.items():
            if head.startswith("P"):
                self.starts[int(head[1:])] = _start_from(texts[0])
            elif head.startswith("F"):
                self.failed.update(texts)

    def are_complete(self) -> bool:
        """Whether every process that is known of wrote how it was started, and there is one."""
        mentioned = set()
        for head in self.groups:
            mentioned.add(int(head[1:]))
        for start in self.starts.values():
            mentioned.add(start.parent)
        # The first processes have no parent here.
        mentioned.discard(0)
        return bool(mentioned) and mentioned <= self.starts.keys()

    def processes(self) -> dict[int, Process]:
        """Return the processes by number."""
        found = {}
        for number in sorted(self.starts):
            found[number] = self._process(number)
        return found

    def _texts(self, letter: str, number: int) -> list[str]:
        """Return the records of one letter that a process wrote."""
        head = f"{letter}{number}"
        return self.groups.get(head, [])

    def _process(self, number: int) -> Process:
        """Return one process."""
        start = self.starts[number]
        programs = self._programs(number)
        sets = {}
        for letter, field in _SETS.items():
            texts = self._texts(letter, number)
            sets[field] = frozenset(texts)
        return Process(
            number=number,
            parent=start.parent,
            program=start.program,
            folder=start.folder,
            arguments=start.arguments,
            run=frozenset(programs.values()),
            unseen=self._unseen(number, programs),
            **sets,
        )

    def _programs(self, number: int) -> dict[str, str]:
        """Return the programs that a process started, by the number that was announced for each."""
        programs = {}
        for text in self._texts("X", number):
            child, _, path = text.partition(_SEPARATOR)
            if child not in self.failed:
                programs[child] = path
        return programs

    def _unseen(self, number: int, programs: Mapping[str, str]) -> frozenset[Unseen]:
        """Return what a process started or did that could not be watched.

        Every program that is watched says so at its start. Of the others, the process knew why not, or nobody knows.
        """
        unseen = set()
        silent = self._silent(programs)
        for text in self._texts("U", number):
            child, reason, program = text.split(_SEPARATOR, 2)
            silent.pop(child, None)
            if child not in self.failed:
                unseen.add(Unseen(reason, program))
        for path in silent.values():
            unseen.add(Unseen("was started and told nothing", path))
        return frozenset(unseen)

    def _silent(self, programs: Mapping[str, str]) -> dict[str, str]:
        """Return the programs that did not say that they were started."""
        silent = {}
        for child, path in programs.items():
            number = int(child)
            if number not in self.starts:
                silent[child] = path
        return silent
