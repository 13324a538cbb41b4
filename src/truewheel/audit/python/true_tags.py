"""Which Python and ABI tags are true of extension modules. Pure.

The first answer wins:

1. The Python that a suffix names (PEP 3149), the newest where several are named. In a wheel on disk the library of one
   Python that a module needs counts as well; a build knows its own Python better.
2. In a wheel on disk: none. The tags are believed; with a stable ABI the oldest Python is told.
3. In a build: the stable ABI (PEP 384, PEP 803), when ``wheel.py-api`` asks for it, or when all modules are named for
   it; but not when a module needs the library of one Python or breaks that ABI.
4. In a build: any Python, when ``wheel.py-api`` is ``py3`` and the modules use the oldest stable ABI only.
5. In a build: the Python that built it.
"""

from __future__ import annotations

from ...model.record import replace
from ...model.verdict import PythonRuling
from . import py_api as requests
from .import_obstacles import FIRST_ABI3_WITH_PLATFORM, is_suffix_known
from .interpreters import split_python_tag
from .stable_abi import breach_finding, find_breaches, oldest_python_floors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...model.contents import Contents
    from ...model.finding import Finding
    from ...model.target import Target
    from .modules import Module


def find_true_tags(
    modules: tuple[Module, ...],
    contents: Contents,
    *,
    target: Target | None,
    py_api: str,
) -> PythonRuling:
    """Return the tags that are true of the modules; empty ones where nothing in a wheel on disk tells.

    :param modules: and libraries that are bound to a Python; at least one.
    """
    named = _named_pythons(modules, trust_libraries=target is None)
    if named:
        return _tags_by_suffix(_best_of(named, target), modules, py_api)
    if target is None:
        return _no_tags(modules)
    return _tags_by_symbols(modules, contents, target, py_api)


# --- 1: named Pythons -------------------------------------------------------------------------------------------


def _named_pythons(modules: Iterable[Module], *, trust_libraries: bool) -> set[tuple[str, str]]:
    """Return the Python and ABI tags that modules name."""
    named = set()
    for module in modules:
        tags = _named_python(module, trust_libraries=trust_libraries)
        if tags is not None:
            named.add(tags)
    return named


def _named_python(module: Module, *, trust_libraries: bool) -> tuple[str, str] | None:
    """Return the Python and ABI tag that a module is for, where something in it tells.

    :param trust_libraries: whether the library of Python's that it needs tells as well.
    """
    if module.python_tag is not None:
        return module.python_tag, module.abi_tag or "none"
    library = module.versioned_library
    if library is None or not trust_libraries or not module.is_module:
        return None
    if library.implementation != "cp" or library.cpython_tag is None:
        return None
    return library.cpython_tag, library.cpython_tag + library.flags


def _best_of(named: set[tuple[str, str]], target: Target | None) -> tuple[str, str]:
    """Return the likeliest of several: the target's own, else the newest."""
    if target is not None and (target.python_tag, target.abi_tag) in named:
        return target.python_tag, target.abi_tag
    return max(named, key=lambda tags: (_version_order(tags[0]), tags[1]))


def _version_order(python_tag: str) -> tuple[int, ...]:
    """Return numbers that sort Python tags by version and not by spelling: cp39 before cp310."""
    implementation, digits = split_python_tag(python_tag)
    if implementation == "cp":
        return int(digits[0]), int(digits[1:])
    return (int(digits),)


def _tags_by_suffix(tags: tuple[str, str], modules: Sequence[Module], py_api: str) -> PythonRuling:
    """Return the tags that a module names, and TW408 when others were asked for."""
    python_tag, abi_tag = tags
    example = next(module for module in modules if _named_python(module, trust_libraries=True) == tags)
    source = f"needs {example.python_libraries[0].name} of" if example.names_no_python else "is named for"
    # Other Pythons have no stable ABI, so a request for it asks nothing of them.
    is_asked = py_api != "" and (python_tag.startswith("cp") or requests.is_for_any_python(py_api))
    return PythonRuling(
        interpreters=(python_tag,),
        abis=(abi_tag,),
        reason=f"{example.path} {source} {abi_tag}",
        findings=(requests.not_kept(py_api, example),) if is_asked else (),
    )


# --- 2: nothing tells -------------------------------------------------------------------------------------------


def _no_tags(modules: Sequence[Module]) -> PythonRuling:
    """Return no tags for modules that name no one Python, and the oldest Python of those that keep to a stable ABI."""
    for module in modules:
        source = _source_of_stable_abi(module)
        if source is not None:
            reason = f"{module.path} {source}, a stable ABI"
            return PythonRuling(interpreters=(), abis=(), reason=reason, floors=oldest_python_floors(modules))
    reason = f"{modules[0].path} does not tell for which Python it is, so the claim is believed"
    return PythonRuling(interpreters=(), abis=(), reason=reason)


def _source_of_stable_abi(module: Module) -> str | None:
    """Return what tells that a module keeps to a stable ABI: its suffix, or the library that it needs."""
    if module.abi_tag is not None:
        return f"is named for {module.abi_tag}"
    for library in module.python_libraries:
        if library.implementation == "cp":
            return f"needs {library.name}"
    return None


# --- 3 to 5: builds ---------------------------------------------------------------------------------------------


def _tags_by_symbols(modules: tuple[Module, ...], contents: Contents, target: Target, py_api: str) -> PythonRuling:
    """Return the tags of a build whose modules name no Python."""
    own = _own_tags(modules[0], target)
    request = requests.stable_request(py_api, target)
    is_stable = request is not None or all(module.abi_tag is not None for module in modules)
    # PEP 384 is about CPython: others have no stable ABI of their own.
    if target.implementation != "cpython" or not is_stable:
        if requests.is_for_any_python(py_api):
            return _tags_for_any_python(modules, contents, py_api, own)
        return own
    for module in modules:
        if module.versioned_library is not None:
            return replace(own, findings=(requests.not_kept(py_api, module),) if py_api else ())
    request = request or _request_by_suffixes(modules, target)
    if request is None:
        return own
    return _stable_tags(request, modules, contents, py_api, own)


def _own_tags(example: Module, target: Target) -> PythonRuling:
    """Return the tags of the Python that built the modules."""
    why = "is named for no Python" if example.is_module else "imports Python's symbols"
    return PythonRuling(
        interpreters=(target.python_tag,),
        abis=(target.abi_tag,),
        reason=f"built for {target.abi_tag}; {example.path} {why}",
    )


def _request_by_suffixes(modules: Sequence[Module], target: Target) -> requests.StableRequest | None:
    """Return the stable ABI that all modules are named for; ``None`` when the Python that built them has it not."""
    is_abi3t = {module.abi_tag for module in modules} == {"abi3t"}
    if target.abi_tag.endswith("t"):
        # Free-threaded Pythons have no abi3 (PEP 803).
        abis: tuple[str, ...] = ("abi3t",) if is_abi3t else ()
    else:
        # Pythons with the GIL look for .abi3t.so as well, from 3.15 on (PEP 803).
        abis = ("abi3", "abi3t") if is_abi3t else ("abi3",)
    if not abis:
        return None
    return requests.StableRequest(python_tag=target.python_tag, version=target.version, abis=abis)


def _stable_tags(
    request: requests.StableRequest,
    modules: tuple[Module, ...],
    contents: Contents,
    py_api: str,
    own: PythonRuling,
) -> PythonRuling:
    """Return the tags of a stable ABI, or the build's own with TW402 and TW403 when modules break it."""
    python_tag, version = request.python_tag, request.version
    findings: tuple[Finding, ...] = ()
    unknown = next((module for module in modules if not is_suffix_known(module, version)), None)
    if unknown is not None:
        version = FIRST_ABI3_WITH_PLATFORM
        python_tag = f"cp3{version[1]}"
        findings = (requests.suffix_too_new(py_api, unknown),)
    breaches = find_breaches(modules, version, threaded="abi3t" in request.abis, contents=contents)
    broken = tuple([breach_finding(breach) for breach in breaches])
    if broken:
        return replace(own, findings=broken)
    asked = f" (wheel.py-api = {py_api!r})" if py_api else ""
    return PythonRuling(
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
    own: PythonRuling,
) -> PythonRuling:
    """Return ``py3-none`` for modules that keep to the stable ABI of the oldest such Python, else the build's own."""
    oldest = requests.oldest_for_any(py_api)
    breach = next(find_breaches(modules, oldest, threaded=False, contents=contents), None)
    if breach is not None:
        return replace(own, findings=(requests.not_kept(py_api, modules[0]),))
    return PythonRuling(
        interpreters=tuple(py_api.split(".")),
        abis=("none",),
        reason=f"wheel.py-api = {py_api!r}, and the modules use the oldest stable ABI only",
    )
