"""The trace of a build: begins one, tells the first process about it, and reads what the processes wrote.

How a record looks is said at the top of ``preload.c``, which writes them. Nothing here decides what a record means for a
build.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

from ...model.observation import Process, Trace, Unseen

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
_LETTERS = {*_SETS, "P", "X", "F", "U"}


def begin(path: Path, *, size: int = _SIZE) -> None:
    """Make an empty trace.

    :param size: bytes that it may grow to.
    :raises OSError: when the file cannot be written.
    """
    disk = os.statvfs(path.parent)
    # Writing to a mapped file on a full disk ends a process (SIGBUS): a trace gets half of what is free at most.
    size = min(size, disk.f_bavail * disk.f_frsize // 2)
    with path.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, _HEADER.size, 0, 0))
        file.truncate(max(size, _HEADER.size + 1))


def variables(library: Path, trace: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment of the first process needs beside ``environ``.

    Programs do not see these variables: the library hides them, and gives them to each program that is started.

    :param environ: the environment without them. What it preloads stays in front.
    """
    preload = str(library.absolute())
    if "LD_PRELOAD" in environ:
        preload = f"{environ['LD_PRELOAD']}:{preload}"
    # The trace, the parent's number, and 0: the process takes a number by itself.
    return {
        "LD_PRELOAD": preload,
        "TRUEWHEEL_OBSERVE": f"{trace.absolute()}\x010\x010",
    }


def read(path: Path) -> Trace:
    """Return what the processes wrote so far.

    :raises OSError: when the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return Trace(processes={}, is_whole=False)
        magic, end, _, is_full = _HEADER.unpack(head)
        if magic != _MAGIC:
            return Trace(processes={}, is_whole=False)
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(end, size) - _HEADER.size)
    # Each record ends with a zero, so that nothing follows the last.
    *texts, rest = os.fsdecode(data).split("\0")
    groups, is_damaged = _grouped(texts)
    records = _Records(groups)
    is_whole = bool(records.started) and not (rest or is_full or is_damaged)
    return Trace(
        processes=records.processes(),
        is_whole=is_whole and records.are_complete(),
    )


def _grouped(texts: list[str]) -> tuple[dict[str, list[str]], bool]:
    """Return the texts by letter and number, and whether a record is damaged.

    The writer puts the letter of a record last. Where it is missing, the process was killed while it wrote.
    """
    groups: dict[str, list[str]] = {}
    for record in texts:
        head, _, text = record.partition(" ")
        try:
            groups[head].append(text)
        except KeyError:
            groups[head] = [text]
    damaged = []
    for head in groups:
        if head[:1] not in _LETTERS or not head[1:].isdecimal():
            damaged.append(head)
    for head in damaged:
        del groups[head]
    return groups, bool(damaged)


class _Records:
    """The records of a trace, sorted out.

    :ivar started: by number: the parent's number, the program, the folder and the arguments.
    :ivar failed: the numbers that were announced for programs that could not be started.
    """

    def __init__(self, groups: Mapping[str, list[str]]) -> None:
        self.groups = groups
        self.started: dict[int, list[str]] = {}
        self.failed: set[str] = set()
        for head, texts in groups.items():
            if head[0] == "P":
                self.started[int(head[1:])] = texts[0].split("\x01")
            elif head[0] == "F":
                self.failed.update(texts)

    def are_complete(self) -> bool:
        """Whether every process that wrote anything wrote how it was started, and all parents are known."""
        for head in self.groups:
            if int(head[1:]) not in self.started:
                return False
        for fields in self.started.values():
            if int(fields[0]) not in {0, *self.started}:
                return False
        return True

    def processes(self) -> dict[int, Process]:
        """Return the processes by number."""
        found = {}
        for number in sorted(self.started):
            found[number] = self._process(number)
        return found

    def _process(self, number: int) -> Process:
        """Return one process."""
        parent, program, folder, *arguments = self.started[number]
        sets = {}
        for letter, field in _SETS.items():
            sets[field] = frozenset(self.groups.get(f"{letter}{number}", ()))
        run, unseen = self._programs(number)
        return Process(
            number=number,
            parent=int(parent),
            program=program,
            folder=folder,
            # Each argument ends with a separator.
            arguments=tuple(arguments[:-1]),
            run=run,
            unseen=unseen,
            **sets,
        )

    def _programs(self, number: int) -> tuple[frozenset[str], frozenset[Unseen]]:
        """Return what a process started, and what of it and of its own doing could not be watched."""
        run, unseen, silent = set(), set(), {}
        for text in self.groups.get(f"X{number}", ()):
            child, _, path = text.partition("\x01")
            if child in self.failed:
                continue
            run.add(path)
            # Whoever is watched says so. For all others there is a reason, or it is not known.
            if int(child) not in self.started:
                silent[child] = Unseen("was started and told nothing", path)
        for text in self.groups.get(f"U{number}", ()):
            child, reason, program = text.split("\x01", 2)
            if child in self.failed:
                continue
            silent.pop(child, None)
            unseen.add(Unseen(reason, program))
        return frozenset(run), frozenset(unseen | set(silent.values()))
