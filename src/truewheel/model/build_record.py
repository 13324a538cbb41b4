"""What is remembered of a build, and how much of its tree may be used again."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from .evidence import Evidence
from .record import NamedTuple, Record


class Stamp(NamedTuple):
    """What is known of one file of a source tree.

    :param digest: blake2b of the content in hex, or the status where content is not read; ``link:TARGET`` for a symbolic
        link, ``dir`` for a directory.
    :param mode: permission bits.
    :param status: size, mtime in ns, ctime in ns and inode when it was read: while all are the same, it is not read
        again.
    """

    digest: str
    mode: int
    status: tuple[int, int, int, int]

    @property
    def modified(self) -> int:
        """Its mtime, in ns since the epoch."""
        return self.status[1]


Manifest = Mapping[str, Stamp]
"""Paths relative to a root, with ``/``, sorted; directories included."""


class Difference(Record):
    """Names that are new, gone, or of other content or mode."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted({*self.added, *self.removed, *self.changed}))


def difference(before: Manifest, after: Manifest) -> Difference:
    """Return what changed in content or mode from ``before`` to ``after``; time stamps do not count.

    >>> before = {"a": Stamp("1", 0o644, (1, 1, 1, 1)), "b": Stamp("2", 0o644, (1, 1, 1, 1))}
    >>> after = {"a": Stamp("3", 0o644, (1, 2, 2, 1)), "c": Stamp("2", 0o644, (1, 1, 1, 1))}
    >>> difference(before, after)
    Difference(added=('c',), removed=('b',), changed=('a',))
    """
    added, changed = [], []
    for name, stamp in after.items():
        old = before.get(name)
        if old is None:
            added.append(name)
        elif (stamp.digest, stamp.mode) != (old.digest, old.mode):
            changed.append(name)
    removed = [name for name in before if name not in after]
    return Difference(
        added=tuple(added), removed=tuple(removed), changed=tuple(changed)
    )


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the names that have another value, or are in one of the two only.

    >>> sorted(differing({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}))
    ['b', 'c']
    """
    names = before.keys() | after.keys()
    return frozenset(name for name in names if before.get(name) != after.get(name))


COMMIT = "which commit is checked out"
"""Among what surrounds a build: what projects learn that ask Git."""

ANY = "*"
"""Among the variables that a project names: one whose name it computes."""


class Inputs(Record):
    """Everything that goes into a build, as digests and stamps that can be compared with those of another build.

    :param software: versions of truewheel, of the engine, and of this record's layout.
    :param settings: digest of all that is told to the engine: configuration, options, version, paths.
    :param variables: digests of the environment variables, by name; and of what else surrounds the build: pseudo-variables,
        whose keys contain spaces so that they cannot clash with real ones.
    :param search: stamps of the directories in which CMake looks for packages and programs, by path.
    :param sources: the source tree; files of other directories of the project's by names that begin with ``../``.
    :param is_shared: whether several build types take turns in one build tree.
    :param started: time in ns since the epoch at the start of the build.
    """

    software: str
    settings: str
    variables: Mapping[str, str]
    search: Mapping[str, str]
    sources: Manifest
    started: int
    is_shared: bool = False


class Traces(Record):
    """What a build left behind that later builds must know.

    :param generator: CMake's generator.
    :param outside: stamps of files outside of the source and build trees that went into the build, by path: compilers
        and tools, system headers, libraries; empty where nothing was found.
    :param folders: digests of the names of what lies in directories outside, by path: those that compilers and linkers
        search, and those of sources.
    :param roots: directories outside of the source tree whose files are among the sources.
    :param compiled: names of source files that the build tool knows as inputs of compilers and linkers.
    :param configured: names of source files that CMake knows as inputs of its own.
    :param packed: names of source files that went into the wheel as they are.
    :param mentioned: names of source files that a command of the project's names, or that its scripts may import, without
        declaring them as its inputs.
    :param variables: environment variables that the project's CMake files or commands name; and of what else surrounds the
        build.
    :param strays: files that commands left in the build tree without declaring them.
    :param leftovers: such files that a command names: it makes them again when it runs, and not before.
    :param runs_own_commands: whether the project runs commands of its own at build time.
    :param has_script_tools: whether a compiler or another tool is a script, which may read what it likes.
    :param cmake_reads_files: whether its CMake files read others by themselves (``file(READ)``, ``execute_process`` ...).
    :param asks_for_headers: whether a source asks ``__has_include``.
    :param finished: time in ns since the epoch when the build ended.
    :param ended_well: whether it ended well.
    """

    generator: str = ""
    outside: Mapping[str, str] = MappingProxyType({})
    folders: Mapping[str, str] = MappingProxyType({})
    roots: tuple[str, ...] = ()
    compiled: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    packed: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    strays: frozenset[str] = frozenset()
    leftovers: frozenset[str] = frozenset()
    runs_own_commands: bool = False
    has_script_tools: bool = False
    cmake_reads_files: bool = False
    asks_for_headers: bool = False
    finished: int = 0
    ended_well: bool = True


class BuildRecord(Record):
    """The memory of a build tree: what went in, and what it left.

    :param evidence: what the build asked for; ``None`` when it could not be watched.
    """

    inputs: Inputs
    traces: Traces
    evidence: Evidence | None = None


class Reuse(enum.Enum):
    """How much of a build tree may be used again, from nothing to all."""

    CLEAN = "clean"
    """Nothing: the tree is deleted."""
    CONFIGURE = "configure"
    """Compiled objects: CMake's cache and everything that it wrote is made anew, then the build tool decides."""
    KEEP = "keep"
    """All: CMake looks at its own tree again, then the build tool decides."""


class ReuseDecision(Record):
    """How much, and why: one phrase for people.

    :param changes: all that changed, each as a phrase.
    :param again: the steps that are not used again though the tree is, each with the reason; by the name of the first
        file that they make.
    :param forgotten: why the build could not be remembered for the next one; empty if it could.
    """

    reuse: Reuse
    because: str
    changes: tuple[str, ...] = ()
    again: Mapping[str, str] = MappingProxyType({})
    forgotten: str = ""

    @property
    def phrase(self) -> str:
        """What the summary of a build says of it."""
        told = _WORDS[self.reuse] + self.because
        if self.forgotten:
            told += f"; nothing is kept of it: {self.forgotten}"
        return told


_WORDS = {
    Reuse.CLEAN: "from nothing: ",
    Reuse.CONFIGURE: "warm, configured anew: ",
    Reuse.KEEP: "warm: ",
}


class BuildStory(Record):
    """What ``truewheel cache why`` tells of the last build in a kept area.

    :param finished: time in ns since the epoch when it ended.
    :param source: the source tree, or its mirror.
    :param phrase: how much of an earlier build was used, and why.
    :param changes: all that had changed since, each as a phrase.
    :param again: the steps that were run again because of it, each with the reason, by the first file that each makes.
    :param ran: all steps that the build tool ran.
    :param unwatched: why it is not known what the build read; empty if it is.
    :param ended_well: whether it ended well.
    """

    finished: int
    source: str
    phrase: str
    changes: tuple[str, ...] = ()
    again: Mapping[str, str] = MappingProxyType({})
    ran: tuple[str, ...] = ()
    unwatched: str = ""
    ended_well: bool = True


class ColdReason(enum.Enum):
    """Why a build keeps nothing for the next one; the values are for people."""

    SWITCHED_OFF = "cache = off"
    NOT_A_WHEEL = "only wheels are built warm"
    IN_ITS_SOURCE = "built in its source"
    ENVIRONMENT_DELETED = "its build environment will be deleted"
    ENVIRONMENT_NOT_KEPT = "the build environment cannot be kept"
    UNFIT_CACHE = "the cache directory cannot be used"


class NothingKept(Record):
    """That a build keeps nothing, and why.

    :param detail: one phrase for people that says more than the cause.
    """

    cause: ColdReason
    detail: str = ""

    @property
    def phrase(self) -> str:
        """What the summary of a build says of it; empty when it is as the user wants it."""
        if self.cause is ColdReason.SWITCHED_OFF:
            return ""
        because = self.detail or self.cause.value
        # What is built in its source may find there what an earlier build has left.
        if self.cause is ColdReason.IN_ITS_SOURCE:
            return because
        return _WORDS[Reuse.CLEAN] + because
