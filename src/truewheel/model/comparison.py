"""What differs between two wheels, as values."""

from __future__ import annotations

from .record import Enum, Record


class Part(Enum):
    """What a change is about."""

    NAME = "name"
    TRUE_TAG = "true tag"
    FILES = "files"
    CONTENT = "content"
    MODE = "mode"
    WHEEL = "WHEEL"
    METADATA = "METADATA"
    DESCRIPTION = "description"
    ENTRY_POINTS = "entry points"
    RECORD = "RECORD"
    FLOORS = "floors"
    CPUS = "CPUs"
    NEEDS = "needs"
    SEARCH_PATHS = "search paths"
    LIBRARY_NAME = "library name"
    EXPORTS = "exports"
    FINDINGS = "findings"


class Change(Record):
    """One thing that differs.

    :param where: the file that it is about, as the first wheel calls it, with ``*`` for the name of the metadata directory;
        empty for the whole wheel.
    :param gone: what only the first wheel has, a phrase each.
    :param new: what only the second one has.
    """

    part: Part
    where: str = ""
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


class Comparison(Record):
    """All that differs between two wheels.

    :param same_bytes: whether the two files are equal.
    :param changes: what differs in what is installed, and in what is known of it.
    :param archive: how the archives differ, a phrase each; only told where the contents are the same.
    """

    same_bytes: bool
    changes: tuple[Change, ...] = ()
    archive: tuple[str, ...] = ()

    @property
    def same_contents(self) -> bool:
        """Whether installing either gives the same: findings alone may be about the archive."""
        return all(change.part is Part.FINDINGS for change in self.changes)
