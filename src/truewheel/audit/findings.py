"""What is to be said of libraries, search paths, symbols and CPUs: one function a code, for every platform.

TW201 to TW206, TW304 and TW306 are made here and nowhere else, from the audit. What differs between platforms is data
that they supply: :class:`~truewheel.platforms.base.Words`, a sentence on a missing library, a mixture of CPUs. Pure.
"""

from __future__ import annotations

from ..model.audit import ExcludedBy, Supplied, SuppliedBy, ViolationCause
from ..model.binary import NeedKind
from ..model.finding import Finding, Severity
from ..model.tags import NEVER
from ..platforms import platform_of
from .compiler_runtimes import runtime_findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit, Requirement
    from ..model.binary import SearchPath
    from ..platforms.base import Mixture, Platform

_NAMED = 3
"""Distributions that are named in a hint."""
_BUILD_PLACES = (
    # Temporary directories: Apple's are in /var/folders, and /var is a link to /private/var.
    "/tmp/",
    "/var/tmp/",
    "/var/folders/",
    "/private/",
    # Homes.
    "/home/",
    "/root/",
    "/Users/",
    "/Volumes/",
    # Where build services and their containers have checkouts: GitHub's, cibuildwheel's, Debian's.
    "/build/",
    "/project/",
    "/github/",
)
"""Where build trees and checkouts lie, on the machines of people and of build services."""


def findings_of(part: PlatformAudit) -> tuple[Finding, ...]:
    """Return everything that is to be said of the files of one platform, whatever their tag."""
    platform = platform_of(part.family)
    found: list[Finding] = list(platform.hazards(part.files))
    mixture = platform.mixture(part.files)
    if mixture is not None:
        found.append(several_cpus(mixture, part))
    for code in part.files:
        found += _search_path_findings(platform, code)
    for link in part.linkage:
        found += _library_findings(platform, part, link)
    for requirement in part.requirements:
        found += _never_fulfilled(requirement)
    found += runtime_findings(part)
    return tuple(dict.fromkeys(found))


def _search_path_findings(platform: Platform, code: LoadableSlice) -> Iterator[Finding]:
    for path in code.slice.search_paths:
        if not platform.is_portable(path):
            yield search_path_of_this_machine(platform, code, path)


def _library_findings(
    platform: Platform,
    part: PlatformAudit,
    link: Linkage,
) -> Iterator[Finding]:
    """Yield what is to be said of one library: it is Python (TW203), missing (TW201), or not found (TW202)."""
    if _is_had(link):
        return
    # This CPU has no manylinux levels, so no library is reported missing.
    if link.is_outside and part.basis.kind is None:
        return
    if platform.is_python(link.need.library):
        yield linked_with_python(link)
    elif link.is_outside:
        # LC_LOAD_WEAK_DYLIB: the library may be absent.
        if link.need.kind is not NeedKind.WEAK:
            yield missing_library(platform, link, part.unseen)
    elif link.in_wheel is not None or isinstance(link.source, SuppliedBy):
        yield _out_of_reach(platform, part, link)


def _out_of_reach(platform: Platform, part: PlatformAudit, link: Linkage) -> Finding:
    """Return what is to be said of a library that the loader does not find: TW544 if the file is installed elsewhere."""
    if ".data/" in link.file:
        from .installed_places import misplaced  # few files lie there

        found = misplaced(platform, part, link)
        if found is not None:
            return found
    return unreachable_library(platform, link)


def _is_had(link: Linkage) -> bool:
    """Return whether a process gets a library for sure."""
    source = link.source
    # The project vouches for what it excludes.
    if isinstance(source, ExcludedBy) or link.inherited:
        return True
    if isinstance(source, SuppliedBy):
        return source.reachable
    return isinstance(source, Supplied) and link.in_wheel is None


def _never_fulfilled(requirement: Requirement) -> Iterator[Finding]:
    # What some level has, raises the tag and is no fault.
    if requirement.level != NEVER:
        return
    if requirement.cause is ViolationCause.NEWER_CPU:
        yield newer_cpu(requirement)
    # Libraries are told by their linkage.
    elif requirement.cause is not ViolationCause.NOT_SUPPLIED:
        yield unpromised_symbol(requirement)


# --- libraries --------------------------------------------------------------------------------------------------


def missing_library(
    platform: Platform, link: Linkage, unseen: Sequence[str] = ()
) -> Finding:
    """Return TW201: a library that neither the wheel nor the system has.

    :param unseen: required distributions that nobody has looked at, one of which may have it.
    """
    library = link.need.library
    # A delayed import fails when it is first used, which may be never.
    is_delayed = link.need.kind is NeedKind.DELAYED
    fault, hint = platform.explain_missing(link.need)
    name = platform.names_to_exclude(link.need)[-1]
    when = " when it is first used" if is_delayed else ""
    cure = _leave_to_supplier(name) or (
        f'{hint}, or, when someone else supplies it, set tool.truewheel.exclude = ["{name}"], or --exclude {name}'
        + _known_suppliers(library.rpartition("/")[2])
    )
    if unseen:
        cure = f"{cure}; if it comes from a wheel that this one requires ({_some(unseen)}), name that with --with"
    return Finding(
        code="TW201",
        severity=Severity.NOTE if is_delayed else Severity.WARNING,
        where=link.file,
        message=f"{library} {fault}",
        evidence=(f"{link.file} {platform.words.needs} {library}{when}",),
        hint=cure,
        subject=library,
        alike=f"libraries: each {fault}",
    )


def _some(names: Sequence[str]) -> str:
    """Return the first of some names, for a sentence."""
    more = ", …" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _leave_to_supplier(library: str) -> str:
    """Return what to do about a library that is known to come with another distribution or a driver; empty otherwise."""
    from ..platforms.exclude_sets import MARK, find_supplier  # few are missing

    supplier = find_supplier(library)
    if supplier is None:
        return ""
    name = MARK + supplier.name
    hint = f'set tool.truewheel.exclude = ["{name}"], or --exclude {name}'
    if supplier.has_driver:
        return f"{hint}: it comes with a driver, or with the vendor's installation"
    if not supplier.distributions:
        return f"{hint}, and require the distribution that supplies it"
    # A version of the vendor's product each.
    lines = " or ".join(f'["{one}"]' for one in supplier.distributions)
    return f"{hint}, and require what supplies it: dependencies = {lines}"


def _known_suppliers(library: str) -> str:
    """Return who is known to have a library of that name, as the end of a hint; empty when nobody is."""
    from ..platforms.known_suppliers import find_distributions

    names = find_distributions(library)
    if not names:
        return ""
    have = "has" if len(names) == 1 else "have"
    return f"; {_some(names)} {have} one of that name: if that is meant, require it, and for a build in build-system.requires, too"


def unreachable_library(platform: Platform, link: Linkage) -> Finding:
    """Return TW202: a library of a wheel that the loader does not find, unless Python code loads it first."""
    words, library = platform.words, link.need.library
    path = link.in_wheel.path if link.in_wheel is not None else ""
    about = words.unreachable
    if isinstance(link.source, SuppliedBy):
        other = f"{link.source.distribution} {link.source.version}"
        path = f"{link.source.path} of {other}"
        about = (
            f"{{library}} is in {_verbatim(other)}, but the loader is not told where"
        )
    return Finding(
        code="TW202",
        severity=Severity.NOTE,
        where=link.file,
        message=about.format(library=library),
        evidence=(
            f"{link.file} {words.needs} {library}, which is {path}",
            f"searches {', '.join(link.searched) or words.nowhere}",
        ),
        hint=words.reach,
        subject=library,
        alike=f"libraries: {about.format(library='each')}",
    )


def _verbatim(text: str) -> str:
    """Return a text for a template, in which it stands as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def linked_with_python(link: Linkage) -> Finding:
    """Return TW203: an interpreter that is linked statically has no such library, and another has its own."""
    return Finding(
        code="TW203",
        severity=Severity.WARNING,
        where=link.file,
        message="linked with libpython, which many interpreters do not have",
        evidence=(f"{link.file} needs {link.need.library}",),
        hint="ask find_package(Python) for Development.Module instead of Development",
    )


def search_path_of_this_machine(
    platform: Platform,
    code: LoadableSlice,
    path: SearchPath,
) -> Finding:
    """Return TW204, or TW205 when the path looks like one into a build tree: it means nothing on another machine."""
    from .search_paths import sought_there  # few files have such a path

    is_build_place = path.path.startswith(_BUILD_PLACES)
    what = (
        "looks like a build tree" if is_build_place else "is not relative to the file"
    )
    return Finding(
        code="TW205" if is_build_place else "TW204",
        severity=Severity.WARNING,
        where=code.path,
        message=f"{platform.words.search_path.format(kind=path.kind)} that {what}: it means nothing elsewhere",
        evidence=(f"{path.kind} {path.path}", *sought_there(code)),
        hint=platform.words.set_search_path,
    )


# --- symbols and CPUs -------------------------------------------------------------------------------------------


def unpromised_symbol(requirement: Requirement) -> Finding:
    """Return TW206: a symbol that no system promises, be it too new or private to its library."""
    library = requirement.evidence.library
    # A private symbol has a public replacement; a version from the future has an older compiler.
    if requirement.cause is ViolationCause.PRIVATE_SYMBOL:
        fault = "keeps to itself or no longer has"
        message = f"uses a symbol that {library} {fault}"
        alike = f"libraries: a symbol is used that each {fault}"
        hint = "call its public replacement, or link that library statically"
    else:
        fault = "that is newer than every level known here"
        message = f"uses a symbol version of {library} {fault}"
        alike = f"libraries: a symbol version of each is used {fault}"
        hint = "build with an older compiler, or link that library statically (-static-libstdc++, -static-libgcc)"
    return Finding(
        code="TW206",
        severity=Severity.WARNING,
        where=requirement.evidence.file,
        message=message,
        evidence=(str(requirement.evidence),),
        hint=hint,
        subject=library,
        alike=alike,
    )


def newer_cpu(requirement: Requirement) -> Finding:
    """Return TW304: code that no tag promises the CPU for."""
    return Finding(
        code="TW304",
        severity=Severity.WARNING,
        where=requirement.evidence.file,
        message="code that needs more than the baseline CPU",
        evidence=(str(requirement.evidence), "ld.so refuses to load it on older CPUs"),
        hint="build without -march=x86-64-vN (or -Wl,-z,x86-64-vN), choose at run time, or make it a variant",
    )


def several_cpus(mixture: Mixture, part: PlatformAudit) -> Finding:
    """Return TW306: files that no one machine can load together; a note when no extension module is among them."""
    from .carried_files import loaded_paths  # few wheels have several

    loaded = loaded_paths(part)
    mixed = [code for code in part.files if code.path in loaded]
    is_carried = not mixed or platform_of(part.family).mixture(mixed) is None
    # Where a platform knows the reason itself, it says so.
    if is_carried and mixture.severity is not Severity.NOTE:
        paths = {path for path, _ in mixture.rows} - loaded
        others = [code for code in part.files if code.path in paths]
        return _carried_for_several_cpus(mixture, others)
    return Finding(
        code="TW306",
        severity=mixture.severity,
        where=mixture.rows[0][0],
        message=mixture.what,
        evidence=mixture.evidence,
        hint=mixture.hint,
    )


def _carried_for_several_cpus(
    mixture: Mixture, files: Sequence[LoadableSlice]
) -> Finding:
    """Return TW306, a note, for files that Python does not load by itself."""
    from .carried_files import what_they_are

    what = what_they_are(files)
    return Finding(
        code="TW306",
        severity=Severity.NOTE,
        where=mixture.rows[0][0],
        message=f"{what} for several CPUs: taken for data, or for what code chooses by the CPU",
        evidence=mixture.evidence,
    )
