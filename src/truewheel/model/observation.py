"""What the processes of a build read and wrote, as it was observed.

Paths are absolute, as the program named them: neither symbolic links nor ``..`` are resolved. Bytes that are not UTF-8
are kept as ``os.fsdecode`` keeps them.
"""

from __future__ import annotations

from .record import NamedTuple, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Unseen(NamedTuple):
    """Something that could not be watched.

    :param reason: as a phrase that follows the program's name: ``is a static program``.
    :param program: its path; empty when even that is not known.
    """

    reason: str
    program: str


class Process(Record):
    """One program that ran, with all that it forked.

    :param number: counts from 1, in the order of the starts.
    :param parent: the number of the process that started it, or 0.
    :param program: the program itself, without symbolic links. For a script, that is its interpreter.
    :param folder: the working folder at the start.
    :param arguments: with the program's name as the first.
    :param read: files that it opened for reading, and the libraries that it loaded.
    :param missing: what it looked for, and was not there.
    :param looked_at: what it asked about without reading, and was there.
    :param listed: folders whose entries it listed.
    :param trees: folders that it listed with all that lies below.
    :param run: programs that it started, after the search on ``PATH``.
    :param written: what it created, opened for writing, or gave a new name.
    :param removed: what it removed, or gave another name.
    :param variables: names that it asked the C library for. Shells and Python read all variables at their start, and
        do not ask.
    :param network: ``inet``, ``inet6``, or ``unix:`` and a path: what it connected to.
    :param unseen: what it started or did that could not be watched.
    """

    number: int
    parent: int
    program: str
    folder: str
    arguments: tuple[str, ...]
    read: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    looked_at: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    trees: frozenset[str] = frozenset()
    run: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()
    unseen: frozenset[Unseen] = frozenset()


class Trace(Record):
    """All processes of a build.

    :param processes: by number, in the order of their starts.
    :param is_whole: whether nothing was lost: something was watched, the file was large enough, and no record is damaged.
    """

    processes: Mapping[int, Process]
    is_whole: bool
