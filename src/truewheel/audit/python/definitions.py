"""Which of the definitions in a file are those of the module that its name says. Pure.

A file may hold several modules: submodules of one that is written in Rust, or all modules that mypyc compiled together.
"""

from __future__ import annotations

from .interpreters import FIRST_WITH_EXPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    exported: list[ModuleDefinition] = []
    others: list[ModuleDefinition] = []
    for definition in piece.module.definitions:
        kind = exported if definition.is_exported else others
        kind.append(definition)
    # PEP 793: from 3.15 on, PyModExport_… is called where there is one.
    if exported and version >= FIRST_WITH_EXPORT:
        return _named(exported, module.name)
    return _named(others, module.name)


def _named(
    definitions: list[ModuleDefinition], name: str
) -> tuple[ModuleDefinition, ...]:
    """Return the definitions that have a name; the only one, whatever its name, for CPython asks for no name."""
    if len(definitions) == 1:
        return tuple(definitions)
    found = []
    for definition in definitions:
        # The full name has the package in front.
        own = definition.name.rpartition(".")[2]
        if own in (name, ""):
            found.append(definition)
    return tuple(found)
