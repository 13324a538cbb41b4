"""The audit: what the binaries of a wheel need, where each need comes from, and how new a system has to be for it.

An :class:`Audit` is made once and read by everybody: tags are the strictest requirement, violations of a tag are the
requirements above it, and a repair starts from what is missing. It holds facts and no opinion: whether a missing library is
worth a finding, or a level fits a tag, is decided by ``truewheel.audit``.
"""

from __future__ import annotations

from .record import Enum, Record
from .tags import ANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .binary import Binary, Need, Slice
    from .contents import File
    from .floor import Evidence
    from .tags import Level


class LoadableSlice(Record):
    """The code for one CPU in one file of the wheel.

    :param path: of the file in the wheel.
    :param installed: where the file comes to lie, from ``site-packages``.
    :param slice: what it says of itself.
    :param nth: its position among the slices of its file.
    """

    path: str
    installed: str
    slice: Slice
    nth: int = 0

    @property
    def cpu(self) -> str:
        """The CPU that it is for."""
        return self.slice.cpu

    @property
    def directory(self) -> str:
        """The directory that it is installed into, ``.`` for ``site-packages`` itself."""
        return self.installed.rpartition("/")[0] or "."


# --- where a library comes from ---------------------------------------------------------------------------------


class Supplied(Record):
    """The system has it, or Python.

    :param since: the oldest system that has it.
    """

    since: Level = ANY


class InWheel(Record):
    """The wheel holds it.

    :param path: the file in the wheel.
    :param reachable: whether the loader finds it from the file that needs it. If not, Python code has to load it first.
    """

    path: str
    reachable: bool


class ExcludedBy(Record):
    """Someone else supplies it, says the project (``exclude``).

    :param pattern: the first glob that matches.
    """

    pattern: str


class SuppliedBy(Record):
    """Another distribution has it, which is installed beside this one.

    :param distribution: its name, as it writes it.
    :param version: the one that was seen.
    :param path: where the library comes to lie, from ``site-packages``.
    :param reachable: whether the loader finds it from the file that needs it. If not, Python code has to load it first.
    """

    distribution: str
    version: str
    path: str
    reachable: bool


class ExpectedFrom(Record):
    """A distribution that METADATA requires is known to have it; nobody has looked at that one.

    :param distribution: its name, as the table of known suppliers has it.
    """

    distribution: str


class LibraryBeside(Record):
    """A binary of another distribution, by which a file of the wheel may be served.

    :param distribution: its name, as it writes it.
    :param code: the code for one CPU in it.
    """

    distribution: str
    version: str
    code: LoadableSlice


class External(Record):
    """It lies outside of the wheel, on the machine that builds it.

    :param path: absolute, with links resolved.
    :param found_by: the rule of the loader that leads there: ``RUNPATH /opt/lib``.
    """

    path: str
    found_by: str


class Tried(Record):
    """A path where a library was looked for in vain.

    :param rule: of the loader, which leads there.
    :param obstacle: why the file there does not serve, as a phrase; empty when there is none.
    """

    path: str
    rule: str
    obstacle: str = ""


class Missing(Record):
    """Nobody is known to have it.

    :param tried: where it was looked for outside of the wheel, in order; empty when nobody asked for that.
    """

    tried: tuple[Tried, ...] = ()


class Linkage(Record):
    """One library that one file needs, and where it comes from.

    :param file: the path of the file that needs it.
    :param cpu: for which the file's code is.
    :param need: what is needed, as it is written in the file.
    :param source: where a process gets it from.
    :param in_wheel: the file of the wheel that has the name, when the loader does not find it there.
    :param searched: where the loader looks for it in the wheel, worked out only when it does not find it there.
    :param inherited: whether it finds it all the same, by the search paths of every file that this one is loaded for.
    """

    file: str
    cpu: str
    need: Need
    source: (
        Supplied | InWheel | SuppliedBy | ExpectedFrom | ExcludedBy | External | Missing
    )
    in_wheel: InWheel | None = None
    searched: tuple[str, ...] = ()
    inherited: bool = False

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the wheel, or another distribution, has it where the loader does not look."""
        source = self.source
        if not isinstance(source, (InWheel, SuppliedBy)):
            return False
        return not source.reachable

    @property
    def is_outside(self) -> bool:
        """Whether neither the wheel nor the system has it, and nobody said that someone else does."""
        return isinstance(self.source, (Missing, External))


class OutsideLibrary(Record):
    """A library of the building machine that a file of the wheel needs, directly or through others.

    :param code: what it says of itself. Its path is absolute, with links resolved; as installed, it is as the loader opens
        it.
    :param linkage: every library that it needs itself.
    """

    code: LoadableSlice
    linkage: tuple[Linkage, ...]


# --- what is required of a system -------------------------------------------------------------------------------


class ViolationCause(Enum):
    """Why a file asks for more than a system has, or is not for it at all."""

    OTHER_CPU = "other CPU"
    OTHER_SDK = "other SDK"
    OTHER_LIBC = "other libc"
    OTHER_LOADER = "not what its loader takes"
    TOO_NEW = "too new"
    NOT_SUPPLIED = "not supplied"
    PRIVATE_SYMBOL = "private symbol"
    NEWER_CPU = "newer CPU"


class Requirement(Record):
    """One thing that a file needs of the system.

    :param of: what has a version: a symbol family (``glibc``, ``GLIBCXX``), ``library``, ``macos``, ``android`` …
    :param level: the oldest system that has it; :data:`~truewheel.model.tags.NEVER` when none is known.
    :param version: for people, in the numbers of ``of``.
    :param evidence: which file, library, symbol and version say so.
    :param nth: the slice of the file that says so.
    :param slot: the CPU that it counts for, where a platform's tags tell them apart.
    """

    of: str
    level: Level
    version: tuple[int, ...]
    evidence: Evidence
    cause: ViolationCause
    nth: int = 0
    slot: str = ""


class Violation(Record):
    """Why one tag would be untrue.

    :param evidence: what a file is or needs.
    :param allows: what the tag allows, as the end of a sentence.
    :param nth: the slice of the file.
    """

    evidence: Evidence
    allows: str
    cause: ViolationCause
    nth: int = 0


# --- the whole --------------------------------------------------------------------------------------------------


class TagBasis(Record):
    """What the tags of some files are made of, besides a level.

    :param kind: the promise that they could keep (``manylinux``, ``macosx`` …); ``None`` when they can keep none, so that
        no library is reported missing.
    :param endings: how their tags may end, a tag for each: a CPU, an ABI, ``universal2``. Empty when none is for them.
    :param plain: the tag without a promise, or the beginning of all tags; empty when that is the best tag itself.
    :param fallback: the tags that are true when no level is.
    :param reason: why these, in a phrase; empty where a level decides.
    :param has_no_tag: whether no tag of the platform is for such files at all, as ``reason`` then says.
    """

    kind: str | None
    endings: tuple[str, ...]
    plain: str = ""
    fallback: tuple[str, ...] = ()
    reason: str = ""
    has_no_tag: bool = False


class PlatformAudit(Record):
    """The files of a wheel that are for one platform.

    :param files: a row for each slice, in order of path.
    :param basis: what tags they could have.
    :param exclude: globs on libraries that someone else supplies.
    :param is_variant: whether the wheel is a variant, which may ask for a newer CPU than its tag does.
    :param beside: binaries of other distributions that are installed beside it, for the same platform.
    :param expected: libraries that are missing otherwise, as the loader compares their names, each with the required
        distribution that is known to have it.
    :param unseen: distributions that METADATA requires and nobody has looked at; only told where a library is missing.
    :param linkage: every library that they need, in order of the files.
    :param requirements: everything that they ask of the system for the promise of ``basis``, in the same order.
    :param outside: the libraries of the building machine that the files come to need, when these were looked for.
    :param included: what the project includes because code opens it at run time, each as if the first file that leads there
        needed it.
    """

    family: str
    files: tuple[LoadableSlice, ...]
    basis: TagBasis
    exclude: tuple[str, ...] = ()
    is_variant: bool = False
    beside: tuple[LibraryBeside, ...] = ()
    expected: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    linkage: tuple[Linkage, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    outside: tuple[OutsideLibrary, ...] = ()
    included: tuple[Linkage, ...] = ()


class Audit(Record):
    """All binaries of a wheel.

    :param platforms: one row for each platform that a file is for, in the order of ``PLATFORMS``.
    :param unknown: loadable files for systems that are not audited here.
    """

    platforms: tuple[PlatformAudit, ...]
    unknown: tuple[tuple[File, Binary], ...] = ()

    def of(self, family: str) -> PlatformAudit | None:
        """Return the part for one platform."""
        for part in self.platforms:
            if part.family == family:
                return part
        return None

    def files_of(self, family: str) -> tuple[LoadableSlice, ...]:
        """Return the code for one platform, nothing when there is none."""
        part = self.of(family)
        return part.files if part is not None else ()
