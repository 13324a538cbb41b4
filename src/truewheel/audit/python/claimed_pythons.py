"""The Pythons that a wheel claims, and whether its modules are for them. Pure.

:func:`check_claim` asks first what concerns every claim, then what its kind asks for:

===============  ====================================================  ============  =====================
Claim            Question                                              Findings      Decided in
===============  ====================================================  ============  =====================
every            Does any Python accept it?                            TW411         `interpreters`
every            Can each of those Pythons import each module?         TW401         `import_obstacles`
every            Is the Python library that a module needs theirs?     TW407         `import_obstacles`
``cp39-abi3``    Does each module keep to the stable ABI?              TW402 TW403   `stable_abi`
``cp313-cp313``  Modules for others? A name without a Python version?  TW406 TW410   `single_versions`
``py3-none``     Are there modules for one, by name or by symbols?     TW409 TW413   `any_python`
===============  ====================================================  ============  =====================

Each function finds facts first, and makes a finding of them last; no finding is looked at again.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.record import Record
from .import_obstacles import ObstacleCause, find_obstacle
from .interpreters import compatible_pythons
from .libraries import without_embedded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...model.audit import LibraryBeside
    from ...model.contents import Contents, Import
    from ...model.module_facts import ImportAnswers
    from ...model.target import Target
    from .import_obstacles import Obstacle
    from .interpreters import CompatiblePythons
    from .modules import Module

_MOST_FACTS = 5
"""Pairs of tags that are listed."""


class Claim(Record):
    """The tags of a wheel.

    :param platforms: its platform tags, for the libc where a module does not tell it.
    :param beside: libraries of other distributions that are installed beside it.
    :param built_for: the Python that has just built the wheel, and knows its own suffix; ``None`` for a wheel on disk.
    :param imports: what the packages of a wheel that was just built import of themselves.
    :param answers: what the interpreter said that imported modules of such a wheel.
    """

    interpreters: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...] = ()
    beside: tuple[LibraryBeside, ...] = ()
    built_for: Target | None = None
    imports: tuple[Import, ...] = ()
    answers: ImportAnswers | None = None

    @property
    def has_unknown_tags(self) -> bool:
        """Whether a tag is of a kind that is not known here, so that nobody can tell which Pythons accept it."""
        return compatible_pythons(self.interpreters, self.abis) is None

    @property
    def pythons(self) -> tuple[CompatiblePythons, ...]:
        """The Pythons that accept the wheel, a group for each pair of tags."""
        return compatible_pythons(self.interpreters, self.abis) or ()

    @property
    def is_for_any(self) -> bool:
        """Whether the wheel is for any Python: ``py3-none``."""
        return any(pythons.are_any for pythons in self.pythons)

    @property
    def stable_abis(self) -> tuple[CompatiblePythons, ...]:
        """The Pythons that accept it for a stable ABI: ``cp39-abi3``."""
        return tuple([pythons for pythons in self.pythons if pythons.claims_stable_abi])

    @property
    def is_for_free_threading(self) -> bool:
        """Whether free-threaded Pythons are meant: ``cp314t``, ``abi3t``; ``cp314-none`` is for both kinds of builds."""
        return any(pythons.free_threaded for pythons in self.pythons)

    @property
    def own_suffix(self) -> str:
        """The suffix that the Python which has just built the wheel looks for; empty for a wheel on disk."""
        return self.built_for.suffix if self.built_for is not None else ""


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
    if claim.has_unknown_tags:
        return
    if not claim.pythons:
        yield _accepted_by_nobody(claim)
        return
    if claim.is_for_any:
        modules = without_embedded(modules, contents)
    groups = group_by_stem(modules)
    for pythons in claim.pythons:
        for group in groups.values():
            yield from _check_import(group, pythons)
    if modules or libraries:
        yield from _check_kind(claim, modules, libraries, contents)


def _check_kind(
    claim: Claim,
    modules: tuple[Module, ...],
    libraries: tuple[Module, ...],
    contents: Contents,
) -> Iterator[Finding]:
    """Yield what the kind of a claim asks for. Few wheels are of more than one kind, so each is imported when needed."""
    unnamed = [module for module in (*modules, *libraries) if module.names_no_python]
    if claim.stable_abis and unnamed:
        from .stable_abi import check_stable_abi

        yield from check_stable_abi(unnamed, claim.stable_abis, contents, claim.beside)
    if claim.is_for_any:
        from .any_python import check_any_python

        yield from check_any_python(claim, modules, unnamed, contents)
    elif not claim.stable_abis:
        from .single_versions import check_single_versions

        yield from check_single_versions(claim, modules)


def group_by_stem(modules: Sequence[Module]) -> Mapping[str, list[Module]]:
    """Return the files of each module by what is imported: a module may have a file for each of several Pythons."""
    groups: dict[str, list[Module]] = {}
    for module in modules:
        groups.setdefault(module.stem, []).append(module)
    return groups


def _accepted_by_nobody(claim: Claim) -> Finding:
    """Return TW411 for tags of which no Python accepts any pair."""
    tag = f"{'.'.join(claim.interpreters)}-{'.'.join(claim.abis)}"
    evidence = []
    for interpreter in claim.interpreters:
        evidence += [
            f"{interpreter}-{abi} is no pair that an interpreter accepts"
            for abi in claim.abis
        ]
    return Finding(
        code="TW411",
        severity=Severity.ERROR,
        where=tag,
        message=f"no Python accepts a wheel that is tagged {tag}",
        evidence=tuple(evidence[:_MOST_FACTS]),
        hint="the stable ABI is claimed as cp3N-abi3, one Python's as cp3N-cp3N, none at all as py3-none",
    )


def _check_import(
    group: Sequence[Module], pythons: CompatiblePythons
) -> Iterator[Finding]:
    """Report a module that some of these Pythons cannot import: TW407 because of a library, else TW401."""
    blocked = _find_blocked_file(group, pythons)
    if blocked is None:
        return
    module, obstacle = blocked
    who = "not every Python" if pythons.and_newer else "no Python"
    yield Finding(
        code="TW407" if obstacle.cause is ObstacleCause.LIBRARY else "TW401",
        severity=Severity.ERROR,
        where=module.path,
        message=f"{who} of {pythons.pair} can import it",
        evidence=(obstacle.evidence,),
        hint="tag the wheel for the Python that its modules were compiled for, or compile them for the one it names",
    )


def _find_blocked_file(
    group: Sequence[Module], pythons: CompatiblePythons
) -> tuple[Module, Obstacle] | None:
    """Return the file that shows best why a module cannot be imported, and why; ``None`` when a file of it can be."""
    blocked = []
    for module in group:
        obstacle = find_obstacle(module, pythons)
        if obstacle is None:
            return None
        blocked.append((module, obstacle))
    # A file with the right name and the wrong library is more surprising than one with a wrong name.
    for module, obstacle in blocked:
        if obstacle.cause is ObstacleCause.LIBRARY:
            return module, obstacle
    return blocked[0]


def loads_nowhere(module: Module, claim: Claim) -> bool:
    """Return whether no group of Pythons that accepts the wheel can import the module."""
    obstacles = [find_obstacle(module, pythons) for pythons in claim.pythons]
    return None not in obstacles
