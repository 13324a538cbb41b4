"""Make the audit: assign every binary to its platform, and resolve each library that it needs, once.

The order is that of loaders. A library of the wheel that the loader finds comes first, then one of another distribution that
it finds, for both are unpacked into one ``site-packages``; then one that was loaded already because another file's search path
leads to it; then what the project excludes, what the system supplies, what lies in the wheel or in another distribution for
Python code to load, what a required distribution is known to have, and what lies elsewhere on the machine. What remains is
missing. Each platform knows its loader's rules (:class:`~truewheel.platforms.base.Platform`). What follows is decided in
:mod:`.platform_tags`, :mod:`.claimed_tags` and :mod:`.findings`. Pure: the disk is asked through :class:`Libraries`.
"""

from __future__ import annotations

from ..model.audit import (
    Audit,
    ExcludedBy,
    ExpectedFrom,
    InWheel,
    LibraryBeside,
    Linkage,
    LoadableSlice,
    Missing,
    PlatformAudit,
    SuppliedBy,
    ViolationCause,
)
from ..model.binary import LOADABLE
from ..model.record import replace
from ..platforms import PLATFORMS, platform_of
from .carried_files import is_web_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from ..model.audit import Requirement, Supplied
    from ..model.binary import Binary, Format, Need, Slice
    from ..model.contents import Contents, File
    from ..model.neighbours import Neighbour
    from ..model.surroundings import Surroundings
    from ..model.tags import PlatformTag
    from ..platforms.base import Platform

    class Libraries(Protocol):
        """Where libraries outside of the wheel are looked for: a disk, a sysroot, or a dictionary in tests.

        :ivar around: what the machine and the build add to the loader's search.
        """

        around: Surroundings

        def locate(self, path: str, *, ignore_case: bool = False) -> str | None:
            """Return the file that an absolute path leads to, with links resolved; ``None`` when there is none."""

        def read_library(self, path: str) -> Binary | None:
            """Return the facts of a file; ``None`` when it is not a library that could be read."""

        def problem(self, path: str) -> str:
            """Return why there are no facts of a file, as a phrase."""


_MISSING = Missing()


def audit_of(
    contents: Contents,
    exclude: tuple[str, ...] = (),
    libraries: Libraries | None = None,
    include: tuple[str, ...] = (),
    promise: str = "",
    neighbours: Sequence[Neighbour] = (),
) -> Audit:
    """Return what the binaries of a wheel need, and where each need comes from.

    :param exclude: globs on libraries that someone else supplies at run time.
    :param libraries: where to look for what neither the wheel nor the system has; nowhere by default.
    :param include: libraries that code opens at run time, which are looked for there as well.
    :param promise: a platform tag whose systems are to run the wheel; what they have too old is looked for as well.
    :param neighbours: distributions that are installed beside it.
    """
    beside = _libraries_beside(neighbours)
    by_family = _assign_to_platforms(contents)
    parts = []
    for row in PLATFORMS:
        found = by_family.get(row.family)
        if found is None:
            continue
        files = tuple(found)
        # Not the row, which hands on every question: there are many.
        platform = platform_of(row.family)
        part = PlatformAudit(
            family=platform.family,
            files=files,
            basis=platform.basis(files),
            exclude=exclude,
            is_variant=contents.variant is not None,
            beside=tuple(beside.get(row.family, ())),
        )
        resolved = _resolve(part, platform, part.basis.kind)
        # What no promise is made for, need not bring its libraries.
        if libraries is not None and part.basis.kind is not None:
            from .outside import look_outside  # only repair looks there

            resolved = look_outside(resolved, platform, libraries, include, promise)
        parts.append(resolved)
    return Audit(platforms=tuple(parts), unknown=_unknown_files(contents, by_family))


def _assign_to_platforms(contents: Contents) -> dict[str, list[LoadableSlice]]:
    """Return the loadable slices of all files by the family of the platform that they are for."""
    found: dict[str, list[LoadableSlice]] = {}
    for file, binary in contents.binaries():
        for nth, piece in enumerate(binary.slices):
            # Objects and static archives meet no loader, and WebAssembly for browsers none of Python's.
            if piece.kind not in LOADABLE or is_web_module(file.path, piece):
                continue
            family = owner_of(binary.format, piece)
            if family is None:
                continue
            code = LoadableSlice(
                path=file.path,
                installed=contents.installed(file.path),
                slice=piece,
                nth=nth,
            )
            files = found.setdefault(family, [])
            files.append(code)
    return found


def _libraries_beside(
    neighbours: Sequence[Neighbour],
) -> dict[str, list[LibraryBeside]]:
    """Return the binaries of other distributions by the family of the platform that they are for."""
    found: dict[str, list[LibraryBeside]] = {}
    for neighbour in neighbours:
        by_family = _assign_to_platforms(neighbour.contents)
        for family, files in by_family.items():
            libraries = found.setdefault(family, [])
            for code in files:
                library = LibraryBeside(
                    distribution=neighbour.distribution,
                    version=neighbour.version,
                    code=code,
                )
                libraries.append(library)
    return found


def _unknown_files(
    contents: Contents, by_family: dict[str, list[LoadableSlice]]
) -> tuple[tuple[File, Binary], ...]:
    """Return the loadable files that no platform knows what to make of."""
    known: set[str] = set()
    for files in by_family.values():
        known.update(code.path for code in files)
    found = []
    for file, binary in contents.binaries():
        # A file with several slices is known when one of them is.
        if file.path not in known and binary.is_loadable:
            found.append((file, binary))
    return tuple(found)


def owner_of(form: Format, piece: Slice) -> str | None:
    """Return the family of the platform that a slice is code for; ``None`` when it is for none that is known."""
    # Exactly one owns a loadable slice, so the first that does is the one.
    for platform in PLATFORMS:
        if platform.owns(form, piece):
            return platform.family
    return None


def names_outside(audit: Audit) -> frozenset[str]:
    """Return the file names of libraries that neither the wheel nor the system has."""
    found = set()
    for part in audit.platforms:
        platform = platform_of(part.family)
        for link in part.linkage:
            if not link.is_outside:
                continue
            name = platform.name_in_wheel(link.need)
            # A path of the system's is not looked for by its file's name.
            if name is not None:
                found.add(name)
    return frozenset(found)


def requirements_for(part: PlatformAudit, tag: PlatformTag) -> tuple[Requirement, ...]:
    """Return what the files ask of the systems that ``tag`` promises, which may have another libc or a newer CPU."""
    # A plain tag promises the machine's own system, whatever that has.
    if tag.is_plain:
        return ()
    platform = platform_of(part.family)
    files = tuple(platform.as_run_by(code, tag) for code in part.files)
    # Systems of the same kind, and files that run as they are: that was resolved already.
    if tag.kind == part.basis.kind and files == part.files:
        return part.requirements
    as_run = replace(part, files=files)
    resolved = _resolve(as_run, platform, tag.kind)
    return resolved.requirements


def _resolve(
    part: PlatformAudit,
    platform: Platform,
    kind: str | None,
) -> PlatformAudit:
    """Return the part with everything that its files need, as the systems of a kind of promise have it."""
    resolver = Resolver(platform, part, kind)
    linkage: list[Linkage] = []
    requirements: list[Requirement] = []
    for code in part.files:
        links = [resolver.link(code, need) for need in platform.needs(code)]
        linkage += links
        # What comes into no process asks nothing of a system.
        if platform.is_run(code, part.files):
            requirements += platform.requirements(code, links, kind)
    # PEP 825: a variant may ask for a newer CPU than its tag does, and its label says so (audit/cpu_levels.py).
    if part.is_variant:
        requirements = [
            one for one in requirements if one.cause is not ViolationCause.NEWER_CPU
        ]
    return replace(part, linkage=tuple(linkage), requirements=tuple(requirements))


def resolve_again(part: PlatformAudit) -> PlatformAudit:
    """Return a part that knows more of its surroundings, with everything that its files need."""
    return _resolve(part, platform_of(part.family), part.basis.kind)


class Resolver:
    """Finds libraries as the loader of one platform does: in the wheel, and with those who supply them."""

    def __init__(
        self,
        platform: Platform,
        part: PlatformAudit,
        kind: str | None,
    ) -> None:
        """Index the files of the wheel by the names that others may need them by."""
        self.platform = platform
        self.part = part
        self.kind = kind
        self.by_name: dict[str, list[LoadableSlice]] = {}
        for code in part.files:
            for name in platform.names_of_file(code):
                folded = platform.fold(name)
                self.by_name.setdefault(folded, []).append(code)
        self.beside: dict[str, list[LibraryBeside]] = {}
        for other in part.beside:
            for name in platform.names_of_file(other.code):
                folded = platform.fold(name)
                self.beside.setdefault(folded, []).append(other)
        self.expected = dict(part.expected)
        self._leads_to: frozenset[str] | None = None
        self._users: Mapping[str, Sequence[LoadableSlice]] | None = None

    def link(self, code: LoadableSlice, need: Need) -> Linkage:
        """Return where a file gets a library from."""
        in_wheel = self._find_in_wheel(code, need)
        if in_wheel is not None and in_wheel.reachable:
            return Linkage(file=code.path, cpu=code.cpu, need=need, source=in_wheel)
        beside = self._find_beside(code, need)
        if beside is not None and beside.reachable:
            return Linkage(file=code.path, cpu=code.cpu, need=need, source=beside)
        if in_wheel is None:
            others = self._from_others(code, need) or beside
            source = others or self._expected(need) or _MISSING
            searched: tuple[str, ...] = ()
            # It lies beside, where the loader does not look: so it is told where it does.
            if source is beside:
                searched = self.platform.searched(code, need)
            return Linkage(
                file=code.path,
                cpu=code.cpu,
                need=need,
                source=source,
                searched=searched,
            )
        return Linkage(
            file=code.path,
            cpu=code.cpu,
            need=need,
            source=self._source_beside(in_wheel, code, need),
            in_wheel=in_wheel,
            searched=self.platform.searched(code, need),
            inherited=self._inherits(code, need),
        )

    def _find_in_wheel(self, code: LoadableSlice, need: Need) -> InWheel | None:
        """Return the file of the wheel that has the name; of several the first that the loader finds."""
        name = self.platform.name_in_wheel(need)
        if name is None:
            return None
        folded = self.platform.fold(name)
        namesakes = self.by_name.get(folded)
        if namesakes is None:
            return None
        for library in namesakes:
            # A library that needs itself is loaded by then.
            if library.path == code.path or self.platform.reaches(code, need, library):
                return InWheel(path=library.path, reachable=True)
        first = namesakes[0]
        return InWheel(path=first.path, reachable=False)

    def _find_beside(self, code: LoadableSlice, need: Need) -> SuppliedBy | None:
        """Return the library of another distribution that has the name; of several the first that the loader finds."""
        # As a rule there is no other distribution, and the name need not be asked for.
        if not self.beside:
            return None
        name = self.platform.name_in_wheel(need)
        if name is None:
            return None
        folded = self.platform.fold(name)
        found = None
        for other in self.beside.get(folded, ()):
            # ld.so(8) passes over a library for another CPU.
            if other.code.cpu != code.cpu:
                continue
            is_reached = self.platform.reaches(code, need, other.code)
            if is_reached or found is None:
                found = SuppliedBy(
                    distribution=other.distribution,
                    version=other.version,
                    path=other.code.installed,
                    reachable=is_reached,
                )
            if is_reached:
                break
        return found

    def _source_beside(
        self, in_wheel: InWheel, code: LoadableSlice, need: Need
    ) -> InWheel | ExcludedBy | Supplied:
        """Return the source of a library that the wheel holds where the loader does not look.

        A search path of another file may have brought it into the process by then. Otherwise the system's is taken, where
        it has one; and if not, Python code has to load the wheel's first.
        """
        if self._may_be_loaded(in_wheel):
            return in_wheel
        return self._from_others(code, need) or in_wheel

    def _inherits(self, code: LoadableSlice, need: Need) -> bool:
        """Return whether a file finds a library by the search paths of every file that it is loaded for."""
        from .inherited_paths import is_reached_for_all, users_of  # seldom needed

        if self._users is None:
            self._users = users_of(self.platform, self.part.files, self.by_name)
        name = self.platform.name_in_wheel(need) or ""
        library = self.by_name[self.platform.fold(name)][0]
        return is_reached_for_all(self.platform, code, need, library, self._users)

    def _may_be_loaded(self, in_wheel: InWheel) -> bool:
        # ld.so(8): a library whose SONAME was loaded already is not searched for.
        if self._leads_to is None:
            self._leads_to = self.platform.directories_searched(self.part.files)
        for code in self.part.files:
            is_library = code.path == in_wheel.path
            if is_library and code.directory in self._leads_to:
                return True
        return False

    def _from_others(
        self, code: LoadableSlice, need: Need
    ) -> ExcludedBy | Supplied | None:
        """Return who else has a library: somebody whom the project names, or the system."""
        if self.part.exclude:
            excluded = self._excluded(need)
            # The project's word counts before what is known of the system.
            if excluded is not None:
                return excluded
        return self.platform.supplies(code, need, self.kind)

    def _expected(self, need: Need) -> ExpectedFrom | None:
        """Return the required distribution that is known to have a library."""
        # Where other distributions come to lie, no absolute path says.
        if not self.expected or need.library.startswith("/"):
            return None
        name = self.platform.name_in_wheel(need)
        if name is None:
            return None
        folded = self.platform.fold(name)
        distribution = self.expected.get(folded)
        if not distribution:
            return None
        return ExpectedFrom(distribution=distribution)

    def _excluded(self, need: Need) -> ExcludedBy | None:
        """Return the first glob of the project that matches a name of the library, as the loader compares names."""
        from fnmatch import fnmatchcase  # rarely needed

        names = self.platform.names_to_exclude(need)
        for pattern in self.part.exclude:
            folded = self.platform.fold(pattern)
            if any(fnmatchcase(name, folded) for name in names):
                return ExcludedBy(pattern=pattern)
        return None
