"""Which of the definitions in a file are those of the module that its name says. Pure.

A file may hold several modules: submodules of one that is written in Rust, or all modules that mypyc compiled together.
"""

from __future__ import annotations

from .interpreters import FIRST_WITH_EXPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...model.binary import Slice
    from ...model.module_facts import ModuleDefinition
    from .interpreters import Version
    from .modules import Module


def own_definitions(
    module: Module, piece: Slice, version: Version
) -> tuple[ModuleDefinition, ...]:
    """Return the definitions of the module that a Python would import from one slice.

    :param version: of that Python, the oldest of several.
    """
    if piece.module is None:
        return ()
    exported, others = _by_kind(piece.module.definitions)
    # PEP 793: from 3.15 on, PyModExport_… is called where there is one.
    is_exported = exported and version >= FIRST_WITH_EXPORT
    return _named(exported if is_exported else others, module.name)


def _by_kind(
    definitions: Iterable[ModuleDefinition],
) -> tuple[list[ModuleDefinition], list[ModuleDefinition]]:
    """Return the definitions that a function ``PyModExport_…`` returns, and all others."""
    exported: list[ModuleDefinition] = []
    others: list[ModuleDefinition] = []
    for definition in definitions:
        kind = exported if definition.is_exported else others
        kind.append(definition)
    return exported, others


def _named(
    definitions: list[ModuleDefinition], name: str
) -> tuple[ModuleDefinition, ...]:
    """Return the definitions that have a name; the only one, whatever its name, for CPython asks for no name."""
    if len(definitions) == 1:
        return tuple(definitions)
    # A definition may have no name, and then belongs to the file.
    found = filter(lambda one: _last_part(one) in (name, ""), definitions)
    return tuple(found)


def _last_part(definition: ModuleDefinition) -> str:
    """Return a definition's name without the package in front."""
    _, _, own = definition.name.rpartition(".")
    return own
