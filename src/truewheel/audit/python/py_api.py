"""What ``wheel.py-api`` asks for, and what to say when the modules do not keep it (TW408). Pure.

Source: scikit-build-core's setting ``wheel.py-api``: ``cp39``, ``cp315.cp315t``, ``py3``, ``py2.py3``
(https://scikit-build-core.readthedocs.io/en/stable/configuration/index.html).
"""

from __future__ import annotations

import re

from ...model.finding import Finding, Severity
from ...model.record import Record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.target import Target
    from .interpreters import Version
    from .modules import Module

_OLDEST = 2
"""The minor version of the first Python 3 with a stable ABI."""


class StableRequest(Record):
    """A stable ABI that a wheel is to be tagged for: from which Python on, and which of the two kinds."""

    python_tag: str
    version: Version
    abis: tuple[str, ...]


def is_for_any_python(py_api: str) -> bool:
    """Return whether tags for any Python are asked for: ``py3``."""
    return py_api.startswith("py")


def concerns(py_api: str, python_tag: str) -> bool:
    """Return whether something is asked of modules for the Python of a tag.

    Only CPython has a stable ABI, so a request for it asks nothing of modules for others.
    """
    return python_tag.startswith("cp") or is_for_any_python(py_api)


def oldest_for_any(py_api: str) -> Version:
    """Return the oldest Python 3 that ``py3`` or ``py39.py310`` asks for."""
    return 3, min(_minors(r"py3(\d+)", py_api), default=_OLDEST)


def _minors(pattern: str, py_api: str) -> list[int]:
    """Return the minor versions in the parts of ``py-api`` that match a pattern."""
    matches = [re.fullmatch(pattern, part) for part in py_api.split(".")]
    return [int(match[1]) for match in matches if match is not None]


def stable_request(py_api: str, target: Target) -> StableRequest | None:
    """Return the part of ``py-api`` that this build can honour; ``None`` when there is none.

    scikit-build-core compiles for one stable ABI, that of the Python which builds: abi3 with the GIL, abi3t without it.
    """
    with_gil = _minors(r"cp3(\d+)", py_api)
    if not target.abi_tag.endswith("t"):
        return _first_request(with_gil, ("abi3",), target)
    request = _first_request(_minors(r"cp3(\d+)t", py_api), ("abi3t",), target)
    # PEP 803: what is compiled for abi3t serves Pythons with the GIL too, if those were asked for.
    if request is not None and any((3, minor) <= request.version for minor in with_gil):
        return replace(request, abis=("abi3", "abi3t"))
    return request


def request_for_both_builds(
    py_api: str, request: StableRequest, target: Target
) -> StableRequest:
    """Return the request for modules that are named for abi3t, which Pythons with the GIL load as well (PEP 803).

    :param request: what :func:`stable_request` made of ``py_api``, which takes a build with the GIL to make abi3.
    """
    minors = _minors(r"cp3(\d+)t", py_api)
    threaded = _first_request(sorted(minors), ("abi3", "abi3t"), target)
    if threaded is None or request.abis != ("abi3",):
        return request
    # One tag has one version, which both must have.
    newest = max(threaded.version, request.version)
    return replace(threaded, python_tag=f"cp3{newest[1]}", version=newest)


def _first_request(
    minors: list[int], abis: tuple[str, ...], target: Target
) -> StableRequest | None:
    """Return the first version that is not newer than the Python which builds."""
    for minor in minors:
        if (3, minor) <= target.version:
            return StableRequest(
                python_tag=f"cp3{minor}", version=(3, minor), abis=abis
            )
    return None


def not_kept(py_api: str, module: Module) -> Finding:
    """Return TW408 for a module that is for one Python only."""
    bond = "bound to more than the stable ABI"
    if module.abi_tag:
        bond = f"named for {module.abi_tag}"
    elif module.versioned_library:
        bond = f"linked to {module.versioned_library.name}"
    return Finding(
        code="TW408",
        severity=Severity.WARNING,
        where=module.path,
        message=f"wheel.py-api = {py_api!r} is not kept, so the wheel is tagged for one Python",
        evidence=(f"{module.path} is {bond}",),
        hint="in CMake: Python_add_library(NAME MODULE USE_SABI ${SKBUILD_SABI_VERSION} WITH_SOABI …), "
        "or remove wheel.py-api",
    )


def suffix_too_new(py_api: str, module: Module) -> Finding:
    """Return TW408 for a suffix that older Pythons do not look for.

    That are abi3t (PEP 803), and platforms behind either (https://github.com/python/cpython/issues/122931).
    """
    name = "-".join(filter(None, (module.abi_tag, module.suffix_platform)))
    return Finding(
        code="TW408",
        severity=Severity.WARNING,
        where=module.path,
        message=f"wheel.py-api = {py_api!r} is not kept: Pythons look for such a file name from 3.15 on",
        evidence=(f"{module.path} is named for {name}",),
        hint="in CMake: truewheel_add_module(NAME STABLE_ABI …), "
        'or set_target_properties(NAME PROPERTIES SUFFIX ".abi3.so")',
    )
