"""Libraries beside the extension modules: bound to a Python, of a Python, or of somebody else. Pure."""

from __future__ import annotations

import posixpath

from ...model.binary import Format, Kind
from ...model.record import worked_out
from . import c_api
from .file_names import find_python_library
from .modules import Module, loadable_slices, modules, python_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.audit import LibraryBeside
    from ...model.binary import Binary
    from ...model.contents import Contents, File

_LIBRARY_KINDS = (Kind.SHARED, Kind.BUNDLE)
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
    likely = tuple(_find_likely(contents))
    # Names are compared twice, for own_names() takes its time, and few wheels get that far.
    if not likely:
        return ()
    certain = c_api.COMMON - own_names(contents)
    return tuple([library for library in likely if library.imports() & certain])


def _find_likely(contents: Contents) -> Iterator[Module]:
    """Yield the libraries that import a name which is certainly Python's, if the wheel itself does not define it."""
    known = {module.path for module in modules(contents)}
    for file, binary in contents.binaries():
        if file.path in known or not _is_library(binary):
            continue
        if _imports_python(binary):
            yield _as_module(file, binary)


def _is_library(binary: Binary) -> bool:
    """Return whether a file is a library in some slice."""
    return any(piece.kind in _LIBRARY_KINDS for piece in binary.slices)


def _imports_python(binary: Binary) -> bool:
    """Return whether a file imports a name that is certainly Python's."""
    names: set[str] = set()
    for piece in binary.slices:
        names.update([symbol.name for symbol in piece.imports])
    return not names.isdisjoint(c_api.COMMON)


def _as_module(file: File, binary: Binary) -> Module:
    """Return a library as if it were a module; its name says nothing of Pythons."""
    slices = loadable_slices(binary)
    # A directory may have a dot in its name, too.
    directory, slash, name = file.path.rpartition("/")
    return Module(
        path=file.path,
        stem=f"{directory}{slash}{name.partition('.')[0]}",
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


def unknown_libraries(
    module: Module, contents: Contents, beside: Sequence[LibraryBeside] = ()
) -> tuple[str, ...]:
    """Return the libraries that a module needs and of which nothing is known here, sorted.

    They are not in the wheel, not beside it, and not on every system. Where a file does not say which library a name is from, the name
    may be from one of them.
    """
    # Mach-O and PE files say of each name which library it is from.
    if module.format is not Format.ELF:
        return ()
    in_wheel = {posixpath.basename(file.path) for file in contents.files}
    unknown = set(_foreign_libraries(module)) - in_wheel
    for library in beside:
        # Of a stripped file it is not known what it defines.
        if library.code.slice.exports_complete:
            unknown -= _names_of(library)
    return tuple(sorted(unknown))


def names_from_beside(
    module: Module, beside: Sequence[LibraryBeside]
) -> frozenset[str]:
    """Return the names that other distributions define in the libraries which a module needs."""
    names: set[str] = set()
    for library in beside:
        if not _names_of(library).isdisjoint(_foreign_libraries(module)):
            names |= library.code.slice.exports
    return frozenset(names)


def _names_of(library: LibraryBeside) -> set[str]:
    """Return the names by which a library may be needed: that of its file, and its own."""
    own = library.code.slice.name
    return {posixpath.basename(library.code.path), own or ""}


def _foreign_libraries(module: Module) -> Iterator[str]:
    """Yield the names of needed libraries that are not on every system."""
    # Few wheels come this far, and loading it takes longer than judging a small one.
    import re

    for piece in module.slices:
        for need in piece.needs:
            name = posixpath.basename(need.library)
            if re.fullmatch(_SYSTEM_LIBRARIES, name) is None:
                yield name


def without_embedded(
    found: tuple[Module, ...], contents: Contents
) -> tuple[Module, ...]:
    """Return the modules that are not for a Python which the wheel itself brings.

    Applications bring one with its library; its modules are not for the Python that installs the wheel.
    """
    if not found:
        return ()
    embedded = set(_embedded_pythons(contents))
    return tuple([module for module in found if _python_tag_of(module) not in embedded])


def _embedded_pythons(contents: Contents) -> Iterator[str]:
    """Yield the Python tags of the Pythons whose libraries are in the wheel."""
    for file in contents.files:
        # Wheels have thousands of files, and matching a pattern takes its time.
        if "ython" not in file.path:
            continue
        library = find_python_library(posixpath.basename(file.path))
        if library is not None and library.cpython_tag is not None:
            yield library.cpython_tag


def _python_tag_of(module: Module) -> str | None:
    """Return the Python that a module is for, by its suffix or else by the library that it needs."""
    if module.python_tag is not None:
        return module.python_tag
    library = module.versioned_library
    return library.cpython_tag if library is not None else None
