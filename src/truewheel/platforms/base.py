"""What every platform can answer, with the answers that most of them give.

A platform is one family of operating systems as knowledge: what it supplies, how its loader searches, and what it calls
itself in a tag. It answers questions about files, and draws no conclusion: resolving needs, choosing the strictest
requirement and reporting what is wrong happens in ``truewheel.audit``, once for all platforms.

To add a platform: a module here with a subclass of :class:`Platform`, a row in ``truewheel.platforms``, a table in
``policy/``. Pure.
"""

from __future__ import annotations

import posixpath

from ..model.audit import Requirement, Violation
from ..model.finding import Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.audit import (
        Linkage,
        LoadableSlice,
        PlatformAudit,
        Supplied,
        TagBasis,
        ViolationCause,
    )
    from ..model.binary import Format, Need, SearchPath, Slice
    from ..model.finding import Finding
    from ..model.surroundings import Surroundings
    from ..model.tags import Level, PlatformTag

COPY = "truewheel repair copies it into the wheel (search names its directory)"
"""What to do about a library that users do not have; ``search`` is a setting, an option of builds and of the command."""
COPY_OR_LINK = f"{COPY}, or link it statically"


class Words(Record):
    """How findings about a platform's libraries speak: what differs between platforms.

    :param needs: the verb, ``needs`` or ``imports``.
    :param nowhere: what is searched when nothing is.
    :param unreachable: what is wrong with a library of the wheel that the loader does not find.
    :param reach: how to make it findable.
    :param search_path: what a search path is called; ``{kind}`` is what the file calls it.
    :param set_search_path: how to change one.
    :param ask_for_less: what makes binaries that ask for less; empty where tags have no level.
    :param other_sdk: what makes binaries for the ``{sdk}`` and ``{cpu}`` of a tag, where tags name an SDK.
    """

    needs: str = "needs"
    nowhere: str = "nothing"
    unreachable: str = "{library} is in the wheel, but the loader is not told where"
    reach: str = "give it an $ORIGIN RPATH, or load the library first from __init__.py"
    search_path: str = "a search path ({kind})"
    set_search_path: str = 'in CMake: set_target_properties(NAME PROPERTIES INSTALL_RPATH "$ORIGIN"), and install the target'
    ask_for_less: str = ""
    other_sdk: str = ""


class Mixture(Record):
    """Files for several CPUs, which no one machine can load.

    :param rows: each file's path, with what it is for.
    """

    rows: tuple[tuple[str, str], ...]
    what: str = "binaries for several CPUs in one wheel"
    hint: str = "build one wheel per CPU"
    severity: Severity = Severity.WARNING

    @property
    def evidence(self) -> tuple[str, ...]:
        """Its files as lines of evidence."""
        return tuple([f"{path}: {what}" for path, what in self.rows])


class Platform:
    """One family of operating systems. A subclass writes at least the methods that raise ``NotImplementedError``."""

    family: str
    """``linux``, ``macos``, ``windows``, ``android``, ``ios``, ``emscripten``."""
    words: Words = Words()

    # --- which files and tags belong to it ----------------------------------------------------------------------

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether this slice is code for this platform. Exactly one platform owns each loadable slice."""
        raise NotImplementedError

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return the tag that ``text`` spells, ``None`` when it is not a well-formed tag of this platform."""
        raise NotImplementedError

    def is_plausible(self, promise: str) -> bool:
        """Return whether binaries of this platform could make a tag of ``promise``, be it whole or short of its CPU.

        For a promise that they could not keep, nothing need be built.
        """
        return self.parse_tag(promise) is not None

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Return a promise that users may shorten as a whole tag: ``manylinux_2_17`` → ``manylinux_2_17_x86_64``.

        A promise that is whole, or not understood, comes back as it is.
        """
        return promise

    def aliases(self, tag: PlatformTag) -> tuple[str, ...]:
        """Return older names of the same promise: ``manylinux_2_17_x86_64`` → ``("manylinux2014_x86_64",)``."""
        return ()

    def python_of(self, tag: PlatformTag) -> tuple[int, int] | None:
        """Return the one Python whose interpreters take wheels with ``tag``, where a tag belongs to one: ``(3, 14)``."""
        return None

    def tag_notes(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterable[Finding]:
        """Return what is worth saying of a claimed tag besides truth: an index refuses it, no installer asks for it …"""
        return ()

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def needs(self, code: LoadableSlice) -> Sequence[Need]:
        """Return the libraries that a file needs."""
        return code.slice.needs

    def fold(self, name: str) -> str:
        """Return a library's name as the loader compares it."""
        return name

    def names_of_file(self, code: LoadableSlice) -> tuple[str, ...]:
        """Return the names by which other files may need this one."""
        return (posixpath.basename(code.path),)

    def name_in_wheel(self, need: Need) -> str | None:
        """Return the name by which the wheel is searched for a library; ``None`` for one that it cannot supply."""
        return posixpath.basename(need.library)

    def names_to_exclude(self, need: Need) -> tuple[str, ...]:
        """Return the names of a library that an ``exclude`` glob may match."""
        return (need.library,)

    def reaches(self, code: LoadableSlice, need: Need, library: LoadableSlice) -> bool:
        """Return whether the loader, when it loads ``code``, finds what it needs in ``library``, a file of the wheel."""
        raise NotImplementedError

    def inherits(
        self,
        code: LoadableSlice,
        loader: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether ``code`` finds a library by the search path of a file that it is loaded for."""
        return False

    def searched(self, code: LoadableSlice, need: Need) -> tuple[str, ...]:
        """Return the places in the wheel where the loader looks, for people."""
        raise NotImplementedError

    def directories_searched(self, files: Sequence[LoadableSlice]) -> frozenset[str]:
        """Return the directories of the wheel that some file's search path leads to.

        A library there may have been loaded already when another file needs it.
        """
        return frozenset()

    def kind_with_libraries(
        self, part: PlatformAudit, around: Surroundings, tag: PlatformTag | None
    ) -> str | None:
        """Return the promise that libraries outside of the wheel have to fit, when they go into it.

        :param tag: the promise that is made, if there is one.
        """
        # Most systems have one C library.
        return part.basis.kind

    def obstacle_between(
        self, code: LoadableSlice, library: Slice, kind: str | None = None
    ) -> str | None:
        """Return why a library outside of the wheel cannot serve a file, as a phrase; ``None`` when it can."""
        if library.cpu == code.cpu:
            return None
        return f"code for {library.cpu}, not for {code.cpu}"

    ignores_case = False
    """Whether the system's file names are the same in upper and lower case."""

    def places_outside(
        self,
        loaders: Sequence[LoadableSlice],
        need: Need,
        around: Surroundings,
    ) -> Iterable[tuple[str, str]]:
        """Return absolute paths where the loader of the building machine looks, each with the rule that leads there.

        :param loaders: the file that needs the library, then the one that needs that file, and so on up to a file of the
            wheel. What lies outside of the wheel has absolute paths.
        :param around: what the machine and the build add.
        """
        return ()

    def supplies(
        self, code: LoadableSlice, need: Need, kind: str | None
    ) -> Supplied | None:
        """Return since when the system, or Python, has what ``code`` needs; ``None`` when it has not.

        :param kind: the promise that is made (``manylinux``, ``musllinux``); ``None`` when none is.
        """
        raise NotImplementedError

    def is_libc(self, library: str) -> bool:
        """Return whether a library is part of the system's C library or its loader, of which a process has one."""
        # Elsewhere its names are among what the system supplies.
        return False

    def has_to_bring(
        self, code: LoadableSlice, need: Need, tag: PlatformTag | None
    ) -> bool:
        """Return whether the systems of a tag have a library, but an older one than a file needs, that a wheel may replace."""
        return False

    def is_python(self, library: str) -> bool:
        """Return whether a library is Python itself, which modules must not be linked with on this platform."""
        return False

    def is_portable(self, path: SearchPath) -> bool:
        """Return whether a search path means the same on every machine."""
        return True

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what is wrong with a library that nobody supplies, as the end of a sentence, and what to do about it."""
        raise NotImplementedError

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return what the tags of these files are made of, besides a level. There is at least one file."""
        raise NotImplementedError

    def is_run(self, code: LoadableSlice, files: Sequence[LoadableSlice]) -> bool:
        """Return False for slices that Python never loads; their requirements are ignored."""
        return True

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterable[Requirement]:
        """Return what one file asks of the system.

        :param linkage: of this file.
        :param kind: the promise that it is held to.
        """
        return ()

    def oldest(self, kind: str, ending: str) -> Level:
        """Return the oldest system that there is a tag for."""
        return ()

    def level_in(self, requirement: Requirement, ending: str) -> Level | None:
        """Return the level of a requirement in a tag with that ending; ``None`` where it does not count."""
        return requirement.level

    def format_tag(self, kind: str, level: Level, ending: str) -> str:
        """Return the tag that promises a level."""
        raise NotImplementedError

    def floors(
        self,
        requirements: Sequence[Requirement],
        basis: TagBasis,
    ) -> tuple[Floor, ...]:
        """Return the strictest requirement of each thing that has a version, with all its evidence; the decisive first."""
        return tuple(strictest(group) for group in grouped(requirements).values())

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterable[Violation]:
        """Return the files that are not for the systems of ``tag`` at all: another CPU, another SDK, another libc."""
        raise NotImplementedError

    def as_run_by(self, code: LoadableSlice, tag: PlatformTag) -> LoadableSlice:
        """Return a file as the systems of ``tag`` run it: code for an older CPU runs as code for theirs."""
        return code

    def limit(self, requirement: Requirement, tag: PlatformTag) -> Level | None:
        """Return the level that ``tag`` allows for a requirement; ``None`` when it says nothing of it."""
        return tag.level

    def allowance(self, requirement: Requirement, tag: PlatformTag) -> str:
        """Return what ``tag`` has instead of what is required, as the end of a sentence."""
        raise NotImplementedError

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return the files for several CPUs, where no machine can load all of them."""
        if len({code.cpu for code in files}) < 2:
            return None
        return Mixture(rows=tuple((code.path, code.cpu) for code in files))

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield what is wrong with the files that only this platform has: its flags, its signatures, its ABIs."""
        yield from ()


def mismatch(
    path: str,
    fact: str,
    *,
    allows: str,
    cause: ViolationCause,
) -> Violation:
    """Return that a file is not for the systems of a tag.

    :param fact: what it is instead.
    """
    return Violation(
        evidence=Evidence(file=path, fact=fact), allows=allows, cause=cause
    )


def require(
    code: LoadableSlice,
    of: str,
    level: Level,
    evidence: Evidence,
    cause: ViolationCause,
    *,
    version: tuple[int, ...] | None = None,
    slot: str = "",
) -> Requirement:
    """Return a requirement of ``code``; its version is the level, unless people count otherwise."""
    # The level of a library is all there is to say; symbol versions have numbers of their own.
    shown = level if version is None else version
    return Requirement(
        of=of,
        level=level,
        version=shown,
        evidence=evidence,
        cause=cause,
        nth=code.nth,
        slot=slot,
    )


def grouped(
    requirements: Iterable[Requirement],
) -> dict[tuple[str, str], list[Requirement]]:
    """Return requirements by what they are of, and for which CPU; those that no system fulfils set no floor."""
    groups: dict[tuple[str, str], list[Requirement]] = {}
    for requirement in requirements:
        groups.setdefault((requirement.of, requirement.slot), []).append(requirement)
    return groups


def strictest(group: Sequence[Requirement]) -> Floor:
    """Return the floor that requirements of one thing set: the newest system, with everything that asks for it."""
    # The first of several that are equal, in the order of the files.
    top = max(group, key=lambda requirement: requirement.level)
    evidence = dict.fromkeys(
        one.evidence for one in group if one.version == top.version
    )
    return Floor(
        of=top.of, version=top.version, evidence=tuple(evidence), cpu=top.slot or None
    )


def whole_number(text: str) -> int | None:
    """Return the number that ASCII digits without a leading zero spell, as tags have them.

    >>> whole_number("17"), whole_number("0"), whole_number("017"), whole_number("x")
    (17, 0, None, None)
    """
    if not text.isascii() or not text.isdecimal() or (text[0] == "0" and text != "0"):
        return None
    return int(text)
