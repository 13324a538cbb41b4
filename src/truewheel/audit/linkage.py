"""Make the audit: assign every binary to its platform, and resolve each library that it needs, once.

The order is that of loaders. A library of the wheel that the loader finds comes first; then one that was loaded already
because another file's search path leads to it; then what the project excludes, what the system supplies, what lies in the
wheel for Python code to load, and what lies elsewhere on the machine. What remains is missing. Each platform knows its
loader's rules (:class:`~truewheel.platforms.base.Platform`); what follows from the result is decided in
:mod:`.platform_tags`, :mod:`.claimed_tags` and :mod:`.findings`. Pure: the disk is asked through :class:`Libraries`.
"""

from __future__ import annotations

from ..model.audit import (
    Audit,
    Cause,
    Code,
    ExcludedBy,
    External,
    InWheel,
    Linkage,
    Missing,
    PlatformAudit,
)
from ..model.binary import LOADABLE
from ..model.record import replace
from ..platforms import PLATFORMS, platform_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..model.audit import Requirement, Supplied
    from ..model.binary import Binary, Format, Need, Slice
    from ..model.contents import Contents
    from ..model.tags import PlatformTag
    from ..platforms.base import Platform

    class Libraries(Protocol):
        """Where libraries outside of the wheel are looked for: a disk, a sysroot, or a dictionary in tests."""

        def has_file(self, path: str) -> bool:
            """Return whether there is a file at an absolute path."""

        def read_library(self, path: str) -> Binary | None:
            """Return the facts of the file at ``path``; ``None`` when it is not a binary."""


_MISSING = Missing()


def audit_of(
    contents: Contents,
    exclude: tuple[str, ...] = (),
    libraries: Libraries | None = None,
) -> Audit:
    """Return what the binaries of a wheel need, and where each need comes from.

    :param exclude: globs on libraries that someone else supplies at run time.
    :param libraries: where to look for what neither the wheel nor the system has; nowhere by default.
    """
    files: dict[str, list[Code]] = {}
    unknown = []
    for file, binary in contents.binaries():
        is_owned = False
        for nth, piece in enumerate(binary.slices):
            family = owner_of(binary.format, piece) if piece.kind in LOADABLE else None
            if family is not None:
                is_owned = True
                code = Code(
                    path=file.path,
                    installed=contents.installed(file.path),
                    slice=piece,
                    nth=nth,
                )
                files.setdefault(family, []).append(code)
        if not is_owned and binary.is_loadable:
            unknown.append((file, binary))
    is_variant = contents.variant is not None
    parts = []
    for platform in PLATFORMS:
        if platform.family in files:
            own = tuple(files[platform.family])
            part = PlatformAudit(
                family=platform.family,
                files=own,
                basis=platform.basis(own),
                exclude=exclude,
                is_variant=is_variant,
            )
            parts.append(_resolve(part, platform, part.basis.kind, libraries))
    return Audit(platforms=tuple(parts), unknown=tuple(unknown))


def owner_of(form: Format, piece: Slice) -> str | None:
    """Return the family of the platform that a slice is code for; ``None`` when it is for none that is known."""
    for platform in PLATFORMS:
        if platform.owns(form, piece):
            return platform.family
    return None


def requirements_for(part: PlatformAudit, tag: PlatformTag) -> tuple[Requirement, ...]:
    """Return what the files ask of the systems that ``tag`` promises, which may have another libc or a newer CPU."""
    if tag.is_plain:
        return ()
    platform = platform_of(part.family)
    files = tuple(platform.as_run_by(code, tag) for code in part.files)
    if tag.kind != part.basis.kind or files != part.files:
        kind = tag.kind if part.family == "linux" else part.basis.kind
        part = _resolve(replace(part, files=files), platform, kind, None)
    return part.requirements


def _resolve(
    part: PlatformAudit,
    platform: Platform,
    kind: str | None,
    libraries: Libraries | None,
) -> PlatformAudit:
    """Return the part with everything that its files need, as the systems of a kind of promise have it."""
    resolver = _Resolver(platform, part, kind, libraries)
    linkage: list[Linkage] = []
    requirements: list[Requirement] = []
    for code in part.files:
        links = [resolver.link(code, need) for need in platform.needs(code)]
        linkage += links
        if platform.is_run(code, part.files):
            requirements += platform.requirements(code, links, kind)
    if part.is_variant:
        # That a variant's label says so is checked elsewhere (checks.variants).
        requirements = [one for one in requirements if one.cause != Cause.NEWER_CPU]
    return replace(part, linkage=tuple(linkage), requirements=tuple(requirements))


class _Resolver:
    """Finds libraries as the loader of one platform does."""

    def __init__(
        self,
        platform: Platform,
        part: PlatformAudit,
        kind: str | None,
        libraries: Libraries | None,
    ) -> None:
        self.platform = platform
        self.part = part
        self.kind = kind
        self.libraries = libraries
        self.by_name: dict[str, list[Code]] = {}
        for code in part.files:
            for name in platform.names_of_file(code):
                self.by_name.setdefault(platform.fold(name), []).append(code)
        self._leads_to: frozenset[str] | None = None

    def link(self, code: Code, need: Need) -> Linkage:
        """Return where a file gets a library from."""
        in_wheel = self._in_wheel(code, need)
        if in_wheel is None:
            source = self._outside_wheel(code, need) or self._elsewhere(code, need)
            return Linkage(file=code.path, cpu=code.cpu, need=need, source=source)
        if in_wheel.reachable:
            return Linkage(file=code.path, cpu=code.cpu, need=need, source=in_wheel)
        # Not found, so another file has to bring it into the process: by its own search path, or Python code does.
        outside = (
            None if self._may_be_loaded(in_wheel) else self._outside_wheel(code, need)
        )
        return Linkage(
            file=code.path,
            cpu=code.cpu,
            need=need,
            source=outside or in_wheel,
            in_wheel=in_wheel,
            searched=self.platform.searched(code, need),
        )

    def _in_wheel(self, code: Code, need: Need) -> InWheel | None:
        name = self.platform.name_in_wheel(need)
        namesakes = (
            self.by_name.get(self.platform.fold(name), ()) if name is not None else ()
        )
        for library in namesakes:
            if library.path == code.path or self.platform.reaches(code, need, library):
                return InWheel(path=library.path, reachable=True)
        return InWheel(path=namesakes[0].path, reachable=False) if namesakes else None

    def _may_be_loaded(self, in_wheel: InWheel) -> bool:
        if self._leads_to is None:
            self._leads_to = self.platform.directories_searched(self.part.files)
        directories = {
            code.directory for code in self.part.files if code.path == in_wheel.path
        }
        return not directories.isdisjoint(self._leads_to)

    def _outside_wheel(
        self,
        code: Code,
        need: Need,
    ) -> ExcludedBy | Supplied | None:
        return self._excluded(need) or self.platform.supplies(code, need, self.kind)

    def _excluded(self, need: Need) -> ExcludedBy | None:
        if not self.part.exclude:
            return None
        from fnmatch import fnmatchcase  # rarely needed

        for pattern in self.part.exclude:
            folded = self.platform.fold(pattern)
            if any(
                fnmatchcase(name, folded)
                for name in self.platform.names_to_exclude(need)
            ):
                return ExcludedBy(pattern=pattern)
        return None

    def _elsewhere(self, code: Code, need: Need) -> External | Missing:
        """Return the first library for the same CPU on the machine: loaders pass over those for others."""
        for path, rule in (
            self.platform.places_outside(code, need)
            if self.libraries is not None
            else ()
        ):
            if self.libraries is not None and self.libraries.has_file(path):
                binary = self.libraries.read_library(path)
                if binary is not None and any(
                    piece.cpu == code.cpu for piece in binary.slices
                ):
                    return External(path=path, found_by=rule)
        return _MISSING
