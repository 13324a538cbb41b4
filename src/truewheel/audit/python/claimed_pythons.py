"""The Pythons that a wheel claims, and whether its modules are for them. Pure.

:func:`check_claim` asks, of the modules and of who accepts the wheel:

======  =====================================================  ===========================================
TW411   Does any Python accept it?                             :func:`_nobody`
TW401   Can each of those Pythons import each module?          :func:`_check_import`
TW407   Is the Python library that it needs theirs?            :func:`_check_import`
TW402   Does it keep to the stable ABI that is claimed?        :mod:`~truewheel.audit.python.stable_abi`
TW403   … of the oldest Python that is claimed?                :mod:`~truewheel.audit.python.stable_abi`
TW406   Are modules left over that none of them looks for?     :func:`_check_leftovers`
TW410   Does anything tell the version, where one is claimed?  :func:`_check_unproved_versions`
TW413   Does a wheel for any Python use private names of one?  :func:`_check_private_names`
TW409   Does a wheel for any Python hold modules for one?      :func:`find_pinned_module`
======  =====================================================  ===========================================

Each function finds facts first, and makes a finding of them last; no finding is looked at again.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.record import Record
from . import c_api
from .import_obstacles import Cause, find_obstacle
from .interpreters import compatible_pythons
from .libraries import without_embedded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...model.contents import Contents
    from ...model.target import Target
    from .import_obstacles import Obstacle
    from .interpreters import CompatiblePythons
    from .modules import Module
    from .stable_abi import Breach

_OLDEST_STABLE_ABI = (3, 2)
"""The first Python with a stable ABI (https://peps.python.org/pep-0384/)."""
_MOST = 5
"""Facts that one finding lists."""


class Claim(Record):
    """The tags of a wheel.

    :param platforms: its platform tags, for the libc where a module does not tell it.
    :param built_for: the Python that has just built the wheel, and knows its own suffix; ``None`` for a wheel on disk.
    """

    interpreters: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...] = ()
    built_for: Target | None = None

    @property
    def pythons(self) -> tuple[CompatiblePythons, ...] | None:
        """The Pythons that accept the wheel, a group for each pair of tags; ``None`` when a tag is not known here."""
        return compatible_pythons(self.interpreters, self.abis)

    @property
    def is_for_any(self) -> bool:
        """Whether it is for any Python: ``py3-none``."""
        return any(pythons.implementation == "py" for pythons in self.pythons or ())


def check_claim(
    claim: Claim,
    modules: tuple[Module, ...],
    libraries: tuple[Module, ...],
    contents: Contents,
) -> Iterator[Finding]:
    """Yield what contradicts the Python and ABI tags, or is odd beside them.

    :param modules: the extension modules.
    :param libraries: those that are bound to a Python without being modules.
    """
    if claim.pythons is None:
        return
    if not claim.pythons:
        yield _nobody(claim)
        return
    if claim.is_for_any:
        modules = without_embedded(modules, contents)
    groups = group_by_stem(modules)
    for pythons in claim.pythons:
        for group in groups.values():
            yield from _check_import(group, pythons)
    unnamed = [module for module in (*modules, *libraries) if module.names_no_python]
    if unnamed:
        yield from _check_stable_abi(unnamed, claim.pythons, contents)
    if _are_single_versions(claim.pythons):
        yield from _check_leftovers(modules, claim.pythons)
        yield from _check_unproved_versions(groups, claim)
    if claim.is_for_any:
        yield from _check_private_names(unnamed, claim.pythons, contents)
        yield from _check_pinned_modules(modules, claim, contents)


def group_by_stem(modules: Sequence[Module]) -> Mapping[str, list[Module]]:
    """Return the files of each module by what is imported: a module may have a file for each of several Pythons."""
    groups: dict[str, list[Module]] = {}
    for module in modules:
        groups.setdefault(module.stem, []).append(module)
    return groups


def _are_single_versions(claimed: Sequence[CompatiblePythons]) -> bool:
    """Return whether every pair of tags is for one version of one implementation."""
    return not any(pythons.and_newer or pythons.implementation == "py" for pythons in claimed)


def _nobody(claim: Claim) -> Finding:
    """Return TW411 for tags of which no Python accepts any pair."""
    tag = f"{'.'.join(claim.interpreters)}-{'.'.join(claim.abis)}"
    evidence = []
    for interpreter in claim.interpreters:
        evidence += [f"{interpreter}-{abi} is no pair that an interpreter accepts" for abi in claim.abis]
    return Finding(
        code="TW411",
        severity=Severity.ERROR,
        where=tag,
        message=f"no Python accepts a wheel that is tagged {tag}",
        evidence=tuple(evidence[:_MOST]),
        hint="the stable ABI is claimed as cp3N-abi3, one Python's as cp3N-cp3N, none at all as py3-none",
    )


# --- imports: TW401, TW407 --------------------------------------------------------------------------------------


def _check_import(group: Sequence[Module], pythons: CompatiblePythons) -> Iterator[Finding]:
    """Report a module none of whose files all of ``pythons`` can import: TW407 for a library's sake, else TW401."""
    blocked = _find_blocked_file(group, pythons)
    if blocked is None:
        return
    module, obstacle = blocked
    who = "not every Python" if pythons.and_newer else "no Python"
    yield Finding(
        code="TW407" if obstacle.cause is Cause.LIBRARY else "TW401",
        severity=Severity.ERROR,
        where=module.path,
        message=f"{who} of {pythons.pair} can import it",
        evidence=(obstacle.evidence,),
        hint="tag the wheel for the Python that its modules were compiled for, or compile them for the one it names",
    )


def _find_blocked_file(group: Sequence[Module], pythons: CompatiblePythons) -> tuple[Module, Obstacle] | None:
    """Return the file that shows best why a module cannot be imported, and why; ``None`` when a file of it can be."""
    blocked = []
    for module in group:
        obstacle = find_obstacle(module, pythons)
        if obstacle is None:
            return None
        blocked.append((module, obstacle))
    # A file with the right name and the wrong library is more surprising than one with a wrong name.
    for module, obstacle in blocked:
        if obstacle.cause is Cause.LIBRARY:
            return module, obstacle
    return blocked[0]


# --- the stable ABI: TW402, TW403, TW413 ------------------------------------------------------------------------


def _check_stable_abi(
    unnamed: Sequence[Module],
    claimed: Sequence[CompatiblePythons],
    contents: Contents,
) -> Iterator[Finding]:
    """Report what is not in the stable ABI of the oldest Python that it is claimed for.

    :param unnamed: modules and libraries whose names tell no version.
    """
    stable = [pythons for pythons in claimed if pythons.and_newer and pythons.implementation == "cp"]
    if not stable:
        return
    from .stable_abi import breach_finding, find_breaches  # few wheels claim it

    oldest = min(pythons.version for pythons in stable if pythons.version is not None)
    threaded = any(pythons.free_threaded for pythons in stable)
    for breach in find_breaches(unnamed, oldest, threaded=threaded, contents=contents):
        yield breach_finding(breach)


def _check_private_names(
    unnamed: Sequence[Module],
    claimed: Sequence[CompatiblePythons],
    contents: Contents,
) -> Iterator[Finding]:
    """Report names that are private to one Python in a wheel for any (TW413): a finding for each file."""
    if not unnamed:
        return
    from .stable_abi import Cause as BreachCause  # few wheels for any Python have binaries
    from .stable_abi import find_breaches

    oldest = max(_oldest_for_any(claimed), _OLDEST_STABLE_ABI)
    by_file: dict[str, list[Breach]] = {}
    for breach in find_breaches(unnamed, oldest, threaded=False, contents=contents):
        # py3 names no version, so a name that is merely new is not held against it.
        if breach.cause is not BreachCause.TOO_NEW:
            by_file.setdefault(breach.module.path, []).append(breach)
    for path, breaches in by_file.items():
        evidence: list[str] = []
        for breach in breaches:
            evidence += breach.evidence
        yield Finding(
            code="TW413",
            severity=Severity.WARNING,
            where=path,
            message="is bound to the Python that it was compiled for, in a wheel that claims any",
            evidence=tuple(evidence[:_MOST]),
            hint="tag the wheel for that Python, or keep to the stable ABI",
        )


def _oldest_for_any(claimed: Sequence[CompatiblePythons]) -> tuple[int, int]:
    """Return the oldest Python of tags like ``py39``; that of the first stable ABI where they name none."""
    versions = [pythons.version for pythons in claimed if pythons.implementation == "py" and pythons.version]
    return min(versions, default=_OLDEST_STABLE_ABI)


# --- modules of other Pythons: TW406, TW409 ---------------------------------------------------------------------


def _check_leftovers(modules: Sequence[Module], claimed: Sequence[CompatiblePythons]) -> Iterator[Finding]:
    """Report modules beside the right ones that no Python of the claim looks for (TW406)."""
    left_over, needed = [], []
    for module in modules:
        if not module.names_no_python and _loads_nowhere(module, claimed):
            left_over.append(module)
        else:
            needed.append(module)
    if not left_over or not needed:
        return
    listed = [*left_over[: _MOST - 1], needed[0]]
    yield Finding(
        code="TW406",
        severity=Severity.WARNING,
        where=left_over[0].path,
        message="modules for several Pythons in one wheel",
        evidence=tuple([f"{module.path}: {module.abi_tag or module.python_tag}" for module in listed]),
        hint="delete the build directory: modules of an earlier Python were installed with the new ones",
    )


def _loads_nowhere(module: Module, claimed: Sequence[CompatiblePythons]) -> bool:
    """Return whether no group of Pythons that accepts the wheel can import the module."""
    return all(find_obstacle(module, pythons) is not None for pythons in claimed)


class PinnedModule(Record):
    """A module for particular Pythons in a wheel that any Python accepts.

    :param is_deliberate: whether several Pythons or several systems are served, which nobody does by mistake.
    """

    module: Module
    is_deliberate: bool


def find_pinned_module(modules: Sequence[Module], claim: Claim, contents: Contents) -> PinnedModule | None:
    """Return the first module for particular Pythons that a wheel for any has no other file of (TW409)."""
    for group in group_by_stem(modules).values():
        tags = {module.python_tag for module in group}
        first = group[0]
        # A file whose name says no Python is there for all others.
        if None in tags or first.python_tag in claim.interpreters:
            continue
        formats = {binary.format for _, binary in contents.binaries() if binary.is_loadable}
        return PinnedModule(module=first, is_deliberate=len(tags) > 1 or len(formats) > 1)
    return None


def _check_pinned_modules(modules: Sequence[Module], claim: Claim, contents: Contents) -> Iterator[Finding]:
    """Report a module for particular Pythons in a wheel for any (TW409)."""
    pinned = find_pinned_module(modules, claim, contents)
    if pinned is None:
        return
    named = pinned.module.abi_tag or pinned.module.python_tag
    yield Finding(
        code="TW409",
        severity=Severity.WARNING if pinned.is_deliberate else Severity.ERROR,
        where=pinned.module.path,
        message=f"a module for {named} in a wheel that claims any Python",
        evidence=(f"its file name says {named}", "the ABI tag is none"),
        hint="tag the wheel for that Python",
    )


# --- versions that nothing proves: TW410 ------------------------------------------------------------------------


def _check_unproved_versions(groups: Mapping[str, list[Module]], claim: Claim) -> Iterator[Finding]:
    """Report claims of one version on modules that tell none (TW410)."""
    claimed = claim.pythons or ()
    silent = [group[0] for group in groups.values() if _tells_no_version(group) and _loads_somewhere(group, claimed)]
    # PEP 803: free-threaded Pythons have no abi3. Before 3.15 they look for such a file all the same.
    if any(pythons.free_threaded for pythons in claimed):
        misnamed = [module for module in silent if _is_abi3_with_gil(module)]
        if misnamed:
            reason = "it is named for abi3, which free-threaded Pythons lack"
            yield _unproved(misnamed, Severity.WARNING, reason)
    # Whoever has just built the module knows for which Python.
    if claim.built_for is None and any(pythons.implementation == "cp" for pythons in claimed):
        bare = [module for module in silent if module.abi_tag is None and module.slices and module.is_importable]
        if bare:
            yield _unproved(bare, Severity.NOTE, "any Python would try to import it")


def _tells_no_version(group: Sequence[Module]) -> bool:
    """Return whether neither a name nor a library of a module's files tells a version."""
    return all(module.names_no_python and module.versioned_library is None for module in group)


def _loads_somewhere(group: Sequence[Module], claimed: Sequence[CompatiblePythons]) -> bool:
    """Return whether some Pythons that accept the wheel can import a file of the module."""
    return not all(_loads_nowhere(module, claimed) for module in group)


def _is_abi3_with_gil(module: Module) -> bool:
    """Return whether a module is named for abi3, and does not count references as free-threaded builds do."""
    return module.abi_tag == "abi3" and module.imports().isdisjoint(c_api.THREADED_ONLY)


def _unproved(modules: Sequence[Module], severity: Severity, reason: str) -> Finding:
    """Return TW410 for modules that tell no version."""
    return Finding(
        code="TW410",
        severity=severity,
        where=modules[0].path,
        message=f"nothing in the file tells for which Python it was compiled: {reason}",
        evidence=tuple([f"{module.path} has no version in its name" for module in modules[:_MOST]]),
        hint="in CMake: Python_add_library(NAME MODULE WITH_SOABI …)",
    )
