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
    module: Module, piece: Slice, version: Version | None
) -> tuple[ModuleDefinition, ...]:
    """Return the definitions of the module that a Python would import from one slice.

    :param version: of that Python, the oldest of several; from 3.15 on it calls ``PyModExport_…`` where there is one
        (PEP 793). ``None`` for any that does.
    """
    if piece.module is None:
        return ()
    exported = tuple([one for one in piece.module.definitions if one.is_exported])
    if exported and (version is None or version >= FIRST_WITH_EXPORT):
        return _named(exported, module.name)
    others = [one for one in piece.module.definitions if not one.is_exported]
    return _named(tuple(others), module.name)


def _named(
    definitions: tuple[ModuleDefinition, ...], name: str
) -> tuple[ModuleDefinition, ...]:
    """Return the definitions that have a name; the only one, whatever its name, for CPython asks for no name."""
    if len(definitions) == 1:
        return definitions
    # The full name has the package in front; pkg/__init__.so is the package itself.
    return tuple(
        [one for one in definitions if one.name.rpartition(".")[2] in (name, "")]
    )
