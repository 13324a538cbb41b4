"""What lies in a wheel, or in a tree that is about to become one: paths and facts, no bytes.

Both a freshly built tree and a published wheel become :class:`Contents`, so that both are asked the same questions.
"""

from __future__ import annotations

import posixpath
from operator import attrgetter
from types import MappingProxyType

from .record import Record, worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .binary import Binary
    from .errors import FormatError
    from .record_file import RecordRow
    from .variants import Variant

DATA_DIRECTORIES = frozenset(
    {
        "test",
        "tests",
        "testing",
        "testdata",
        "test_data",
        "fixtures",
        "data",
        "examples",
        "samples",
    }
)
"""Directories whose files are somebody's data, whatever their names say."""
_LONGEST_PATH = 4096
"""Characters of the longest path that is taken apart: no file system takes a longer one."""
_ABOVE = {"../../": "<prefix>/lib", "../../../": "<prefix>"}
"""What lies above ``site-packages``, as on Unix."""
_PREFIX = "<prefix>"
_NAMED_FOR_PYTHON = (".cpython-", ".abi3", ".pypy", ".cp3")
"""What the names of extension modules hold before ``.so`` (PEP 3149, PEP 384)."""


class File(Record):
    """One file.

    :param path: its name in the wheel, with ``/``: ``pkg/_x.so``, ``pkg-1.data/scripts/tool``.
    :param size: in bytes, uncompressed.
    :param executable: whether an executable bit is stored.
    :param binary: its facts when it is a binary.
    :param broken: why it could not be read although its first bytes say it is a binary.
    """

    path: str
    size: int
    executable: bool = False
    binary: Binary | None = None
    broken: FormatError | None = None


class Import(Record):
    """An import of one of a package's own modules, which happens as soon as the file that says so is imported.

    :param where: file and line, ``pkg/__init__.py:3``.
    :param package: the package by its path, ``pkg``.
    :param names: of the module below it, ``("_core",)``; a module below a module may be anything.
    """

    where: str
    package: str
    names: tuple[str, ...]


class Contents(Record):
    """All files, in order of path.

    :param dist_info: the name of the metadata directory (``pkg-1.0.dist-info``).
    :param variant: the label in the wheel's name, with the properties that ``variant.json`` gives it; ``None`` when the
        wheel is not a variant.
    """

    files: tuple[File, ...]
    dist_info: str
    variant: Variant | None = None

    def __post_init__(self) -> None:
        # In one order, whatever order the disk or the archive had: findings and evidence follow it.
        object.__setattr__(
            self, "files", tuple(sorted(self.files, key=attrgetter("path")))
        )

    @property
    def data_dir(self) -> str:
        """The name of the data directory, ``pkg-1.0.data``."""
        return self.dist_info.removesuffix(".dist-info") + ".data"

    @property
    def is_bound(self) -> bool:
        """Whether a file is a binary of whatever kind, be it a broken one: then the contents are not for any system."""
        return any(
            file.binary is not None or file.broken is not None for file in self.files
        )

    def installed(self, path: str) -> str:
        """Return where a file comes to lie, from ``site-packages``; what goes elsewhere is below ``<prefix>``, as on Unix.

        >>> contents = Contents(files=(), dist_info="p-1.dist-info")
        >>> contents.installed("p-1.data/platlib/x.so"), contents.installed("p-1.data/scripts/x")
        ('x.so', '<prefix>/bin/x')
        """
        if not path.startswith(self.data_dir + "/"):
            return path
        # The schemes of the binary distribution format, "The .data directory".
        scheme, _, rest = path[len(self.data_dir) + 1 :].partition("/")
        # Headers go to a directory that is named for the distribution, which differs between installers.
        roots = {
            "purelib": "",
            "platlib": "",
            "scripts": "<prefix>/bin/",
            "data": "<prefix>/",
        }
        if scheme not in roots:
            return path
        return roots[scheme] + rest

    @worked_out
    def paths(self) -> frozenset[str]:
        """Return the path of every file."""
        return frozenset([file.path for file in self.files])

    @worked_out
    def directories(self) -> frozenset[str]:
        """Return every directory that a file lies in."""
        found: set[str] = set()
        for file in self.files:
            found.update(parent_directories(file.path))
        return frozenset(found)

    @worked_out
    def loadable_paths(self) -> tuple[str, ...]:
        """Return the path of every binary that a loader takes."""
        return tuple(
            [file.path for file, binary in self.binaries() if binary.is_loadable]
        )

    @worked_out
    def payload(self) -> tuple[File, ...]:
        """Return every file outside of the metadata directory: what the wheel is made for."""
        prefix = self.dist_info + "/"
        return tuple([file for file in self.files if not file.path.startswith(prefix)])

    @worked_out
    def binaries(self) -> tuple[tuple[File, Binary], ...]:
        """Return every file whose facts are known, with them."""
        return tuple(
            (file, file.binary) for file in self.files if file.binary is not None
        )


def in_prefix(place: str) -> str:
    """Return a place that is reckoned from ``site-packages``, from ``<prefix>`` when it lies outside of it, as on Unix.

    There ``site-packages`` is ``<prefix>/lib/pythonX.Y/site-packages`` (the scheme ``posix_prefix`` of ``sysconfig``).

    >>> in_prefix("../../libtbb.so.12"), in_prefix("../../../share"), in_prefix("p/libs")
    ('<prefix>/lib/libtbb.so.12', '<prefix>/share', 'p/libs')
    """
    # A path that ends with a step has nothing below it.
    steps, _, below = f"{place}/".rpartition("../")
    root = _ABOVE.get(f"{steps}../")
    if root is None:
        return place
    return f"{root}/{below}".rstrip("/")


def place_from(directory: str, way: str) -> str:
    """Return the place that a relative way leads to from a directory, both as :meth:`Contents.installed` has them.

    >>> place_from("p/sub", "../../p.libs"), place_from("<prefix>/bin", "../lib")
    ('p.libs', '<prefix>/lib')

    From ``bin``, a way that is counted in the archive leads out of the prefix, and not among the packages:

    >>> place_from("<prefix>/bin", "../../p.libs")
    '<above prefix>/p.libs'
    """
    if not directory.startswith(_PREFIX):
        return in_prefix(posixpath.normpath(posixpath.join(directory, way)))
    # normpath takes the prefix for a directory among others, and leaves it with a step.
    below = directory[len(_PREFIX) :].lstrip("/")
    place = posixpath.normpath(posixpath.join(below, way))
    if place.startswith(".."):
        return f"<above prefix>/{place.replace('../', '')}"
    return f"{_PREFIX}/{place}".removesuffix("/.")


def is_module(path: str) -> bool:
    """Return whether a file has the name of an extension module; a bare ``x.so`` may be one, or any other library.

    >>> is_module("p/_m.cpython-313-x86_64-linux-gnu.so"), is_module("p/_m.pyd"), is_module("p/libm.so")
    (True, True, False)
    """
    name = path.rpartition("/")[2]
    # macOS's modules end in .so, too, while its libraries end in .dylib; Windows has .pyd for modules alone.
    if name.endswith(".so"):
        return any(part in name for part in _NAMED_FOR_PYTHON)
    return name.endswith(".pyd")


def is_data(path: str) -> bool:
    """Return whether a file lies in a directory for data or tests: a broken module there may be meant to be broken."""
    return not DATA_DIRECTORIES.isdisjoint(path.split("/")[:-1])


def directory_of(path: str) -> str:
    """Return the directory that a file lies in, empty for one at the top."""
    return path.rpartition("/")[0]


def parent_directories(path: str) -> Iterator[str]:
    """Yield every directory that a path lies in, the outermost first; not more than a path can sensibly have.

    >>> list(parent_directories("a/b/c.py"))
    ['a', 'a/b']
    """
    # From 1 on: an absolute path would have an empty directory first.
    end = path.find("/", 1, _LONGEST_PATH)
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1, _LONGEST_PATH)


def module_path(path: str) -> str:
    """Return a file's path without the suffixes of its name: what an import statement would call it.

    >>> module_path("p/_m.cpython-313-x86_64-linux-gnu.so")
    'p/_m'
    """
    directory, slash, name = path.rpartition("/")
    return directory + slash + name.partition(".")[0]


class Member(Record):
    """One entry of a wheel's ZIP archive as its central directory tells it.

    :param mode: Unix mode from the upper half of ``external_attr``; 0 when none was stored.
    :param sha256: urlsafe base64 without padding, of the content; ``None`` when it was not computed.
    :param encrypted: flag bit 0.
    :param problem: why the member cannot be unpacked (bad CRC, unknown compression…), or ``None``.
    """

    name: str
    size: int
    compressed_size: int
    mode: int = 0
    sha256: str | None = None
    encrypted: bool = False
    problem: str | None = None

    @property
    def is_symlink(self) -> bool:
        """Whether the stored mode says symbolic link."""
        # S_IFMT and S_IFLNK (inode(7)); `stat` is not imported for two numbers.
        return (self.mode & 0o170000) == 0o120000


class Oddity(Record):
    """Something in a ZIP archive's records that not all readers understand alike.

    :param where: a member's name; empty for the archive itself.
    :param grave: whether readers may see other files or contents, rather than merely refuse the archive.
    """

    where: str
    message: str
    grave: bool = True


class WheelFacts(Record):
    """A wheel as it lies on disk: everything a judge needs to know, and no opinion.

    :param filename: the base name of the file.
    :param path: as it was asked for.
    :param size: of the file in bytes.
    :param members: in the order of the central directory, duplicates kept.
    :param record: rows of RECORD in file order; ``None`` when RECORD is missing.
    :param wheel_headers: WHEEL's headers in order, ``(name, value)``.
    :param metadata: text of METADATA, of which the body may be left out; ``None`` when missing.
    :param oddities: of the archive's records; looked for when digests are.
    :param undecodable: base names of texts in ``.dist-info`` that are not UTF-8.
    :param texts: other small text files in ``.dist-info`` (``entry_points.txt``, ``top_level.txt`` …) by base name.
    :param opens: for each file the old names of renamed libraries by which it may open them while it runs; of those that
        were looked for, and files that have none are left out.
    """

    filename: str
    size: int
    contents: Contents
    members: tuple[Member, ...]
    record: tuple[RecordRow, ...] | None
    wheel_headers: tuple[tuple[str, str], ...]
    metadata: str | None
    oddities: tuple[Oddity, ...] = ()
    path: str = ""
    undecodable: tuple[str, ...] = ()
    texts: Mapping[str, str] = MappingProxyType({})
    opens: Mapping[str, frozenset[str]] = MappingProxyType({})

    @worked_out
    def member_names(self) -> tuple[str, ...]:
        """Return the name of every entry of the archive, in its order, with duplicates."""
        return tuple([member.name for member in self.members])

    @worked_out
    def files_by_name(self) -> dict[str, Member]:
        """Return every file of the archive by its name, the last of several; directories are left out."""
        # The last of several wins, as it does where an installer unpacks one over the other.
        return {
            member.name: member
            for member in self.members
            if not member.name.endswith("/")
        }

    @property
    def wheel_tags(self) -> tuple[str, ...]:
        """The ``Tag:`` lines of WHEEL, in file order."""
        return tuple(
            value for name, value in self.wheel_headers if name.lower() == "tag"
        )

    @property
    def is_purelib(self) -> bool | None:
        """What ``Root-Is-Purelib`` says; ``None`` if it is missing, or neither true nor false."""
        last = ""
        for name, value in self.wheel_headers:
            # Names of headers may be written in either case (RFC 5322, 1.2.2).
            if name.lower() == "root-is-purelib":
                last = value.lower()
        if last not in ("true", "false"):
            return None
        return last == "true"
