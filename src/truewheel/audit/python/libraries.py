"""Libraries beside the extension modules: bound to a Python, of a Python, or of somebody else. Pure."""

from __future__ import annotations

import posixpath
import re

from ...model.binary import Format, Kind
from ...model.record import worked_out
from . import c_api
from .file_names import find_python_library
from .modules import Module, loadable_slices, modules, python_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.binary import Binary
    from ...model.contents import Contents, File

_LIBRARY_KINDS = frozenset({Kind.SHARED, Kind.BUNDLE})
_SYSTEM_LIBRARIES = (
    r"(lib(c|m|dl|rt|util|pthread|resolv|crypt|gcc_s|stdc\+\+|c\+\+|c\+\+abi|System\.B|atomic|gomp|z|python.*|objc\.A)"
    r"|ld-.*)\.(so|dylib|\d).*"
)
"""Libraries of systems and of Python that define no names of their own beginning with ``Py``."""


@worked_out
def bound_libraries(contents: Contents) -> tuple[Module, ...]:
    """Return the libraries that import Python's symbols without being modules.

    Loaded with ``ctypes.PyDLL`` or by a module, they are bound to a Python as a module is. What takes the symbols from
    the wheel itself (an embedded Python) is bound to none.
    """
    # Names are compared twice: imports() and own_names() take their time, and few libraries get that far.
    likely = [_as_module(file, binary) for file, binary in _other_libraries(contents) if _imports_python(binary)]
    if not likely:
        return ()
    own = own_names(contents)
    return tuple([library for library in likely if library.imports() & c_api.COMMON - own])


def _other_libraries(contents: Contents) -> Iterator[tuple[File, Binary]]:
    """Yield the libraries that are not extension modules."""
    known = {module.path for module in modules(contents)}
    for file, binary in contents.binaries():
        kinds = {piece.kind for piece in binary.slices}
        if file.path not in known and kinds & _LIBRARY_KINDS:
            yield file, binary


def _imports_python(binary: Binary) -> bool:
    """Return whether a file imports a name that is certainly Python's."""
    names: set[str] = set()
    for piece in binary.slices:
        names.update([symbol.name for symbol in piece.imports])
    return not names.isdisjoint(c_api.COMMON)


def _as_module(file: File, binary: Binary) -> Module:
    """Return a library as if it were a module; its name says nothing of Pythons."""
    slices = loadable_slices(binary)
    return Module(
        path=file.path,
        stem=file.path.partition(".")[0],
        python_tag=None,
        abi_tag=None,
        format=binary.format,
        slices=slices,
        python_libraries=python_libraries(slices),
        is_module=False,
    )


@worked_out
def own_names(contents: Contents) -> frozenset[str]:
    """Return the names that the wheel itself defines: every project may begin its names with ``Py``."""
    names: set[str] = set()
    for _, binary in contents.binaries():
        for piece in binary.slices:
            names |= piece.exports
    return frozenset(names)


def unknown_libraries(module: Module, contents: Contents) -> tuple[str, ...]:
    """Return the libraries that a module needs and of which nothing is known here, sorted.

    They are not in the wheel, and not on every system. Where a file does not say which library a name is from, the name
    may be from one of them.
    """
    # Mach-O and PE files say of each name which library it is from.
    if module.format is not Format.ELF:
        return ()
    needed: set[str] = set()
    for piece in module.slices:
        needed.update([posixpath.basename(need.library) for need in piece.needs])
    needed -= {posixpath.basename(file.path) for file in contents.files}
    return tuple(sorted([name for name in needed if re.fullmatch(_SYSTEM_LIBRARIES, name) is None]))


def without_embedded(found: tuple[Module, ...], contents: Contents) -> tuple[Module, ...]:
    """Return the modules that are not for a Python which the wheel itself brings.

    Applications bring one with its library; its modules are not for the Python that installs the wheel.
    """
    if not found:
        return ()
    embedded = _embedded_pythons(contents)
    return tuple([module for module in found if _python_tag_of(module) not in embedded])


def _embedded_pythons(contents: Contents) -> set[str | None]:
    """Return the Python tags of the Pythons whose libraries are in the wheel."""
    # Wheels have thousands of files, and matching a pattern takes its time.
    likely = [posixpath.basename(file.path) for file in contents.files if "ython" in file.path]
    libraries = [find_python_library(name) for name in likely]
    tags = {library.cpython_tag for library in libraries if library is not None}
    return tags - {None}


def _python_tag_of(module: Module) -> str | None:
    """Return the Python that a module is for, by its suffix or else by the library that it needs."""
    if module.python_tag is not None:
        return module.python_tag
    library = module.versioned_library
    return library.cpython_tag if library is not None else None
