"""Which Python and ABI tags a build may claim whose modules name no Python. Pure.

The first answer wins:

1. A stable ABI (PEP 384, PEP 803), when ``wheel.py-api`` asks for it, or when all modules are named for it; but not when
   a module needs the library of one Python, or breaks that ABI.
2. Any Python, when ``wheel.py-api`` is ``py3`` and the modules use the oldest stable ABI only.
3. The Python that built them.
"""

from __future__ import annotations

from ...model.record import replace
from ...model.verdict import PythonTags
from . import py_api as requests
from .import_obstacles import FIRST_ABI3_WITH_PLATFORM, is_suffix_known
from .stable_abi import breach_finding, find_breaches, oldest_python_floors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.contents import Contents
    from ...model.finding import Finding
    from ...model.target import Target
    from .modules import Module


def find_built_tags(
    modules: tuple[Module, ...], contents: Contents, target: Target, py_api: str
) -> PythonTags:
    """Return the tags of a build whose modules name no Python."""
    own = _own_tags(modules[0], target)
    request = requests.stable_request(py_api, target)
    # PEP 384 is about CPython: others have no stable ABI of their own.
    may_be_stable = target.implementation == "cpython" and (
        request is not None or _are_named_for_stable_abi(modules)
    )
    if not may_be_stable:
        if requests.is_for_any_python(py_api):
            return _tags_for_any_python(modules, contents, py_api, own)
        return own
    linked = [module for module in modules if module.versioned_library is not None]
    if linked and py_api:
        return replace(own, findings=(requests.not_kept(py_api, linked[0]),))
    request = request or _request_by_suffixes(modules, target)
    if linked or request is None:
        return own
    if _are_for_both_builds(modules):
        request = requests.request_for_both_builds(py_api, request, target)
    request = _without_refused(request, modules)
    if request is None:
        return own
    return _stable_tags(request, modules, contents, py_api, own)


def _are_named_for_stable_abi(modules: Sequence[Module]) -> bool:
    """Return whether all modules are, which tells that the project means it."""
    return all(module.abi_tag is not None for module in modules)


def _are_for_both_builds(modules: Sequence[Module]) -> bool:
    """Return whether all modules are named for the ABI that Pythons with and without the GIL share (PEP 803)."""
    return all(module.abi_tag == "abi3t" for module in modules)


def _without_refused(
    request: requests.StableRequest, modules: Sequence[Module]
) -> requests.StableRequest | None:
    """Return a request for those of the stable ABIs whose Pythons all modules suit; ``None`` when none is left.

    ``.abi3t.so`` is looked for by Pythons with the GIL as well, but may be compiled for free-threaded ones alone.
    """
    from .abi_records import suits  # few builds are for a stable ABI

    abis = []
    for abi in request.abis:
        is_threaded = abi == "abi3t"
        if all(suits(module, free_threaded=is_threaded) for module in modules):
            abis.append(abi)
    if not abis:
        return None
    return replace(request, abis=tuple(abis))


def _own_tags(example: Module, target: Target) -> PythonTags:
    """Return the tags of the Python that built the modules."""
    why = "is named for no Python" if example.is_module else "imports Python's symbols"
    return PythonTags(
        interpreters=(target.python_tag,),
        abis=(target.abi_tag,),
        reason=f"built for {target.abi_tag}; {example.path} {why}",
    )


def _request_by_suffixes(
    modules: Sequence[Module], target: Target
) -> requests.StableRequest | None:
    """Return the stable ABI that all modules are named for; ``None`` when the Python that built them has it not."""
    abis: tuple[str, ...] = ("abi3", "abi3t")
    # PEP 803: free-threaded Pythons have no abi3; those with the GIL look for .abi3t.so as well, from 3.15 on.
    if target.abi_tag.endswith("t"):
        abis = ("abi3t",)
    if any(module.abi_tag != "abi3t" for module in modules):
        abis = abis[:-1]
    if not abis:
        return None
    return requests.StableRequest(
        python_tag=target.python_tag, version=target.version, abis=abis
    )


def _stable_tags(
    request: requests.StableRequest,
    modules: tuple[Module, ...],
    contents: Contents,
    py_api: str,
    own: PythonTags,
) -> PythonTags:
    """Return the tags of a stable ABI, or the build's own with TW402 and TW403 when modules break it."""
    python_tag, version = request.python_tag, request.version
    findings: tuple[Finding, ...] = ()
    unknown = [module for module in modules if not is_suffix_known(module, version)]
    if unknown:
        version = FIRST_ABI3_WITH_PLATFORM
        python_tag = f"cp3{version[1]}"
        findings = (requests.suffix_too_new(py_api, unknown[0]),)
    breaches = find_breaches(
        modules, version, threaded="abi3t" in request.abis, contents=contents
    )
    broken = tuple([breach_finding(breach) for breach in breaches])
    if broken:
        return replace(own, findings=broken)
    asked = f" (wheel.py-api = {py_api!r})" if py_api else ""
    return PythonTags(
        interpreters=(python_tag,),
        abis=request.abis,
        reason=f"stable ABI of Python {version[0]}.{version[1]}{asked}",
        floors=oldest_python_floors(modules),
        findings=findings,
    )


def _tags_for_any_python(
    modules: tuple[Module, ...],
    contents: Contents,
    py_api: str,
    own: PythonTags,
) -> PythonTags:
    """Return ``py3-none`` for modules that keep to the stable ABI of the oldest such Python, else the build's own."""
    oldest = requests.oldest_for_any(py_api)
    breach = next(
        find_breaches(modules, oldest, threaded=False, contents=contents), None
    )
    if breach is not None:
        return replace(own, findings=(requests.not_kept(py_api, modules[0]),))
    return PythonTags(
        interpreters=tuple(py_api.split(".")),
        abis=("none",),
        reason=f"wheel.py-api = {py_api!r}, and the modules use the oldest stable ABI only",
    )
