"""Which Python and ABI tags are true of extension modules. Pure.

The first answer wins:

1. The Python that a suffix names (PEP 3149), the newest where several are named. In a wheel on disk the library of one
   Python that a module needs counts as well; a build knows its own Python better.
2. In a build: what the modules' symbols allow; see :mod:`~truewheel.audit.python.built_tags`.
3. In a wheel on disk: none. The tags are believed; with a stable ABI the oldest Python is told.
"""

from __future__ import annotations

from ...model.verdict import PythonTags
from .interpreters import split_python_tag, version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...model.contents import Contents
    from ...model.finding import Finding
    from ...model.target import Target
    from .file_names import PythonLibrary
    from .modules import Module


def find_true_tags(
    modules: tuple[Module, ...],
    contents: Contents,
    *,
    target: Target | None,
    py_api: str,
) -> PythonTags:
    """Return the tags that are true of the modules; empty ones where nothing in a wheel on disk tells.

    :param modules: and libraries that are bound to a Python; at least one.
    """
    named = _named_pythons(modules, trust_libraries=target is None)
    if named:
        return _tags_by_suffix(_best_of(named, target), modules, py_api)
    if target is None:
        return _no_tags(modules)
    from .built_tags import find_built_tags  # `show` and `check` do without it

    return find_built_tags(modules, contents, target, py_api)


# --- 1: named Pythons -------------------------------------------------------------------------------------------


def _named_pythons(
    modules: Iterable[Module], *, trust_libraries: bool
) -> set[tuple[str, str]]:
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
    # A library that is not imported may be linked with any Python.
    if trust_libraries and module.is_module:
        return _python_of_library(module.versioned_library)
    return None


def _python_of_library(library: PythonLibrary | None) -> tuple[str, str] | None:
    """Return the Python and ABI tag of the CPython that a library is of."""
    if library is None or library.implementation != "cp":
        return None
    return f"{library.cpython_tag}", f"{library.cpython_tag}{library.flags}"


def _best_of(named: set[tuple[str, str]], target: Target | None) -> tuple[str, str]:
    """Return the likeliest of several: the target's own, else the newest."""
    if target is not None and (target.python_tag, target.abi_tag) in named:
        return target.python_tag, target.abi_tag
    return max(named, key=_version_order)


def _version_order(tags: tuple[str, str]) -> tuple[tuple[int, ...], str]:
    """Return what sorts Python and ABI tags by version and not by spelling: cp39 before cp310."""
    python_tag, abi_tag = tags
    implementation, digits = split_python_tag(python_tag)
    # Suffixes of CPython name two numbers, those of others one: CPython's sort first.
    if implementation == "cp":
        return version_of(digits) or (0,), abi_tag
    return (int(digits),), abi_tag


def _tags_by_suffix(
    tags: tuple[str, str], modules: Sequence[Module], py_api: str
) -> PythonTags:
    """Return the tags that a module names, and TW408 when others were asked for."""
    python_tag, abi_tag = tags
    examples = [
        module
        for module in modules
        if _named_python(module, trust_libraries=True) == tags
    ]
    example = examples[0]
    source = "is named for"
    if example.names_no_python:
        source = f"needs {example.python_libraries[0].name} of"
    return PythonTags(
        interpreters=(python_tag,),
        abis=(abi_tag,),
        reason=f"{example.path} {source} {abi_tag}",
        findings=_check_request(py_api, example, python_tag),
    )


def _check_request(
    py_api: str, example: Module, python_tag: str
) -> tuple[Finding, ...]:
    """Return TW408 when something else was asked for than the Python that modules name."""
    if not py_api:
        return ()
    from . import py_api as requests  # wheels on disk ask for nothing

    if not requests.concerns(py_api, python_tag):
        return ()
    return (requests.not_kept(py_api, example),)


# --- 3: nothing tells -------------------------------------------------------------------------------------------


def _no_tags(modules: Sequence[Module]) -> PythonTags:
    """Return no tags for modules that name no one Python, and the oldest Python of those that keep to a stable ABI."""
    for module in modules:
        source = _source_of_stable_abi(module)
        if source is not None:
            from .stable_abi import (
                oldest_python_floors,
            )  # few wheels are for a stable ABI

            reason = f"{module.path} {source}, a stable ABI"
            return PythonTags(
                interpreters=(),
                abis=(),
                reason=reason,
                floors=oldest_python_floors(modules),
            )
    reason = f"{modules[0].path} does not tell for which Python it is, so the claim is believed"
    return PythonTags(interpreters=(), abis=(), reason=reason)


def _source_of_stable_abi(module: Module) -> str | None:
    """Return what tells that a module keeps to a stable ABI: its suffix, or the library that it needs."""
    if module.abi_tag is not None:
        return f"is named for {module.abi_tag}"
    for library in module.python_libraries:
        if library.implementation == "cp":
            return f"needs {library.name}"
    return None
