"""The plan of a repair, as data: which libraries go into the wheel, and how its files change."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .audit import Linkage
    from .edits import Edit


class RepairOptions(Record):
    """What a project or a user says of a repair.

    :param distribution: the name of the wheel, as its file name has it.
    :param scripts: how the names of programs begin in the archive: ``p-1.data/scripts/``.
    :param packages: directories with an ``__init__.py`` whose code runs before that of any module in them.
    :param exclude: globs on libraries that someone else supplies.
    :param promise: a platform tag that the wheel is to have, with or without its CPU; empty for the best.
    :param keep_names: globs on libraries that keep their names.
    :param include: libraries that code opens at run time, by the names or the absolute paths by which it does.
    """

    distribution: str
    scripts: str
    packages: frozenset[str] = frozenset()
    exclude: tuple[str, ...] = ()
    promise: str = ""
    keep_names: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


class Copy(Record):
    """A library that goes into the wheel.

    :param source: where it lies, absolute, with links resolved.
    :param path: its name in the wheel's archive: ``p.libs/libfoo-0123abcd.so.1``.
    :param digest: SHA-256 of the source, in hex digits: what was judged is what is copied.
    :param size: of the source, in bytes.
    :param names: the names by which it is needed, sorted.
    :param found_by: the rule of the loader that leads there.
    :param needed_by: the files that need it, those of the wheel first.
    """

    source: str
    path: str
    digest: str
    size: int
    names: tuple[str, ...]
    found_by: str
    needed_by: tuple[str, ...]


class Move(Record):
    """A program that goes to where the libraries are, with a script in its place that starts it.

    :param path: its name in the wheel's archive so far: ``p-1.data/scripts/tool``.
    :param new_path: its name from now on: ``p.scripts/tool``. Edits name it so.
    """

    path: str
    new_path: str


class FileEdits(Record):
    """All changes to one binary file.

    :param path: its name in the wheel's archive, be it a file of the wheel or a copy.
    """

    path: str
    edits: tuple[Edit, ...]


class AddDllDirectory(Record):
    """A package tells Windows' loader about a directory of libraries before it imports anything (``os.add_dll_directory``).

    :param path: of the package's ``__init__.py`` in the wheel's archive.
    :param directory: relative to that file's directory, with ``/``.
    """

    path: str
    directory: str


class RepairPlan(Record):
    """What makes a wheel self-contained. Nothing to do, when it is empty.

    :param copies: in order of path.
    :param edits: in order of path, one row for each file that changes.
    :param moves: in order of path.
    :param dll_directories: in order of path; for Windows alone.
    :param missing: needs for which no library was found, of the wheel's files and of those that are copied.
    """

    copies: tuple[Copy, ...] = ()
    edits: tuple[FileEdits, ...] = ()
    moves: tuple[Move, ...] = ()
    dll_directories: tuple[AddDllDirectory, ...] = ()
    missing: tuple[Linkage, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Whether the wheel is to stay as it is."""
        return not (self.copies or self.edits or self.moves or self.dll_directories)
