"""Wheels for any Python (``py3-none``): which modules are for one, by their names or by their symbols. Pure."""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.record import Record
from .claimed_pythons import group_by_stem
from .stable_abi import BreachCause, find_breaches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.binary import Format
    from ...model.contents import Contents
    from .claimed_pythons import Claim
    from .modules import Module
    from .stable_abi import Breach

_OLDEST_STABLE_ABI = (3, 2)
"""The first Python with a stable ABI (https://peps.python.org/pep-0384/)."""
_MOST_FACTS = 5
"""Facts that one finding lists."""


def check_any_python(
    claim: Claim,
    modules: Sequence[Module],
    unnamed: Sequence[Module],
    contents: Contents,
) -> Iterator[Finding]:
    """Report private names of one Python (TW413), and modules that are named for one (TW409).

    :param unnamed: modules and libraries whose names tell no version.
    """
    yield from _check_private_names(unnamed, contents)
    pinned = find_pinned_module(claim, modules, contents)
    if pinned is not None:
        yield _pinned_finding(pinned)


# --- symbols: TW413 ---------------------------------------------------------------------------------------------


def _check_private_names(
    unnamed: Sequence[Module], contents: Contents
) -> Iterator[Finding]:
    """Report names that are private to one Python (TW413): a finding for each file."""
    by_file: dict[str, list[Breach]] = {}
    for breach in find_breaches(
        unnamed, _OLDEST_STABLE_ABI, threaded=False, contents=contents
    ):
        # A name that is merely new is in every Python from then on, so it is not private to one.
        if breach.cause is not BreachCause.TOO_NEW:
            by_file.setdefault(breach.module.path, []).append(breach)
    for path, breaches in by_file.items():
        yield _private_finding(path, breaches)


def _private_finding(path: str, breaches: Sequence[Breach]) -> Finding:
    """Return TW413 for one file."""
    evidence: list[str] = []
    for breach in breaches:
        evidence += breach.evidence
    return Finding(
        code="TW413",
        severity=Severity.WARNING,
        where=path,
        message="is bound to the Python that it was compiled for, in a wheel that claims any",
        evidence=tuple(evidence[:_MOST_FACTS]),
        hint="tag the wheel for that Python, or keep to the stable ABI",
    )


# --- names: TW409 -----------------------------------------------------------------------------------------------


class PinnedModule(Record):
    """A module for particular Pythons in a wheel that any Python accepts.

    :param is_deliberate: whether several Pythons or several systems are served, which nobody does by mistake.
    """

    module: Module
    is_deliberate: bool


def find_pinned_module(
    claim: Claim, modules: Sequence[Module], contents: Contents
) -> PinnedModule | None:
    """Return the first module for particular Pythons that has no file for the others; ``None`` when all have one."""
    for group in group_by_stem(modules).values():
        named = {module.python_tag for module in group}
        has_file_for_others = None in named
        if has_file_for_others or group[0].python_tag in claim.interpreters:
            continue
        serves_several_pythons = len(named) > 1
        serves_several_systems = len(_loadable_formats(contents)) > 1
        return PinnedModule(
            module=group[0],
            is_deliberate=serves_several_pythons or serves_several_systems,
        )
    return None


def _loadable_formats(contents: Contents) -> set[Format]:
    """Return the formats of the binaries that programs can load: each system has its own."""
    return {binary.format for _, binary in contents.binaries() if binary.is_loadable}


def _pinned_finding(pinned: PinnedModule) -> Finding:
    """Return TW409: modules of one Python are missing everywhere else."""
    named = pinned.module.named_for
    return Finding(
        code="TW409",
        severity=Severity.WARNING if pinned.is_deliberate else Severity.ERROR,
        where=pinned.module.path,
        message=f"a module for {named} in a wheel that claims any Python",
        evidence=(f"its file name says {named}", "the ABI tag is none"),
        hint="tag the wheel for that Python",
    )
