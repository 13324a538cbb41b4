"""Wheels for single versions of Python (``cp313-cp313``): which modules are for others, which tell no version. Pure."""

from __future__ import annotations

from ...model.finding import Finding, Severity
from . import c_api
from .claimed_pythons import group_by_stem, loads_nowhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .claimed_pythons import Claim
    from .modules import Module

_MOST_MODULES = 5
"""Modules that one finding lists."""


def check_single_versions(claim: Claim, modules: Sequence[Module]) -> Iterator[Finding]:
    """Report modules for other Pythons (TW406), and modules that tell no version (TW410).

    :param claim: of which every pair of tags is for one version of one implementation.
    """
    yield from _check_leftovers(claim, modules)
    silent = tuple(_find_silent_modules(claim, modules))
    if silent:
        yield from _check_abi3_without_gil(claim, silent)
        yield from _check_bare_names(claim, silent)


def _find_silent_modules(claim: Claim, modules: Sequence[Module]) -> Iterator[Module]:
    """Yield the modules that may be imported and tell no version, one file of each."""
    for group in group_by_stem(modules).values():
        is_imported = not all(loads_nowhere(module, claim) for module in group)
        if is_imported and all(_tells_no_version(module) for module in group):
            yield group[0]


def _check_leftovers(claim: Claim, modules: Sequence[Module]) -> Iterator[Finding]:
    """Report modules beside the right ones that no Python of the claim looks for (TW406)."""
    left_over, needed = [], []
    for module in modules:
        if not module.names_no_python and loads_nowhere(module, claim):
            left_over.append(module)
        else:
            needed.append(module)
    if not left_over or not needed:
        return
    listed = [*left_over[: _MOST_MODULES - 1], needed[0]]
    yield Finding(
        code="TW406",
        severity=Severity.WARNING,
        where=left_over[0].path,
        message="modules for several Pythons in one wheel",
        evidence=tuple([f"{module.path}: {module.named_for}" for module in listed]),
        hint="delete the build directory: modules of an earlier Python were installed with the new ones",
    )


def _tells_no_version(module: Module) -> bool:
    """Return whether neither the name nor a library tells a version."""
    return module.names_no_python and module.versioned_library is None


def _check_abi3_without_gil(
    claim: Claim, silent: Sequence[Module]
) -> Iterator[Finding]:
    """Report modules that are named for abi3 in a wheel for free-threaded Pythons (TW410).

    Those have no abi3 (PEP 803), though before 3.15 they look for such a file.
    """
    is_threaded = any(pythons.free_threaded for pythons in claim.pythons)
    misnamed = [module for module in silent if _is_abi3_with_gil(module)]
    if is_threaded and misnamed:
        yield _unproved(
            misnamed,
            Severity.WARNING,
            "it is named for abi3, which free-threaded Pythons lack",
        )


def _is_abi3_with_gil(module: Module) -> bool:
    """Return whether a module is named for abi3, and does not count references as free-threaded builds do."""
    return module.abi_tag == "abi3" and module.imports().isdisjoint(c_api.THREADED_ONLY)


def _check_bare_names(claim: Claim, silent: Sequence[Module]) -> Iterator[Finding]:
    """Report modules with a bare suffix, which every CPython would try to import (TW410)."""
    # Whoever has just built a module knows for which Python.
    if claim.built_for is not None:
        return
    is_for_cpython = any(pythons.are_cpython for pythons in claim.pythons)
    bare = [module for module in silent if _is_bare(module)]
    if is_for_cpython and bare:
        yield _unproved(bare, Severity.NOTE, "any Python would try to import it")


def _is_bare(module: Module) -> bool:
    """Return whether a module that can be imported says nothing of Pythons in its name."""
    return module.abi_tag is None and bool(module.slices) and module.is_importable


def _unproved(modules: Sequence[Module], severity: Severity, reason: str) -> Finding:
    """Return TW410 for modules that tell no version."""
    return Finding(
        code="TW410",
        severity=severity,
        where=modules[0].path,
        message=f"nothing in the file tells for which Python it was compiled: {reason}",
        evidence=tuple(
            [
                f"{module.path} has no version in its name"
                for module in modules[:_MOST_MODULES]
            ]
        ),
        hint="in CMake: Python_add_library(NAME MODULE WITH_SOABI …)",
    )
