"""The extension modules of a wheel, and what their files tell of the Pythons that they are for. Pure.

Facts only: :mod:`~truewheel.audit.python.tags` begins the decisions. What counts as a module:

1. It is a binary that a program can load, and lies where ``import`` looks: not in ``.data/scripts``, not in a folder of
   bundled libraries.
2. Its name has the suffix of an extension module (:mod:`~truewheel.audit.python.file_names`).
3. A bare ``.so`` or ``.dylib`` may be any library, so it has to export an init function as well
   (:mod:`~truewheel.audit.python.init_functions`).

Libraries that import Python's symbols without being modules are found in :mod:`~truewheel.audit.python.libraries`.
"""

from __future__ import annotations

import posixpath

from ...model.binary import LOADABLE, Format
from ...model.record import Record, replace, worked_out
from . import c_api
from .file_names import find_python_library, find_suffix
from .init_functions import init_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.binary import Binary, Slice
    from ...model.contents import Contents, File
    from .file_names import PythonLibrary


class Module(Record):
    """One extension module, or a library that is bound to Python as if it were one.

    :param stem: its path without the suffix: what is imported.
    :param python_tag: the Python tag that its suffix names (``cp313``, ``pp39``); ``None`` when it names none.
    :param abi_tag: the ABI tag that its suffix names (``cp313t``, ``abi3``, ``pypy39_pp73``); ``None`` when it names
        none.
    :param suffix_platform: the system that its suffix names (``x86_64-linux-gnu``, ``win_amd64``); empty when it
        names none.
    :param slices: the code in it that a program can load, one slice a CPU.
    :param python_libraries: the libraries of Python's that it needs.
    :param is_module: False for a library that imports Python's symbols, but is not itself imported.
    """

    path: str
    stem: str
    python_tag: str | None
    abi_tag: str | None
    suffix_platform: str = ""
    format: Format = Format.ELF
    slices: tuple[Slice, ...]
    python_libraries: tuple[PythonLibrary, ...] = ()
    is_module: bool = True

    @property
    def name(self) -> str:
        """The name in an ``import`` statement, without its package."""
        return posixpath.basename(self.stem)

    @property
    def names_no_python(self) -> bool:
        """Whether its suffix names no Python, so that only its symbols and libraries tell."""
        return self.python_tag is None

    @property
    def is_importable(self) -> bool:
        """Whether an import statement could name it.

        A dot would mean a package, or it begins a suffix that is not known here.
        """
        return "." not in self.name

    @property
    def abi_flags(self) -> str:
        """The flags of CPython's ABI in its suffix: ``t``, ``d``, ``m``; empty for other ABIs."""
        abi = self.abi_tag or ""
        if not abi.startswith("cp3"):
            return ""
        return abi.removeprefix("cp").lstrip("0123456789")

    @property
    def is_threaded(self) -> bool:
        """Whether its suffix names a free-threaded build."""
        return "t" in self.abi_flags

    @property
    def is_debug(self) -> bool:
        """Whether its suffix names a debug build."""
        return "d" in self.abi_flags

    @property
    def is_cpython(self) -> bool:
        """Whether its suffix names a CPython."""
        return self.python_tag is not None and self.python_tag.startswith("cp")

    @property
    def named_for(self) -> str | None:
        """The tag that its suffix names, for messages."""
        return self.abi_tag or self.python_tag

    @property
    def versioned_library(self) -> PythonLibrary | None:
        """The first library of one particular Python that it needs."""
        for library in self.python_libraries:
            if library.version is not None:
                return library
        return None

    @property
    def exports(self) -> frozenset[str]:
        """The names that some slice of it defines."""
        return frozenset().union(*[piece.exports for piece in self.slices])

    @property
    def is_looked_into(self) -> bool:
        """Whether its data was read for what it tells Python."""
        return any(piece.module is not None for piece in self.slices)

    @worked_out
    def imports(self) -> frozenset[str]:
        """Return the names that look like Python's and must be there at load time."""
        names: set[str] = set()
        for piece in self.slices:
            # A module may import thousands of names, most of which are not Python's: the quick test comes first.
            likely = [
                symbol
                for symbol in piece.imports
                if symbol.name.startswith(c_api.PREFIXES)
            ]
            for symbol in c_api.with_likely_names(likely):
                library = symbol.library
                if library is None or _may_be_interpreter(library):
                    names.add(symbol.name)
        return frozenset(names)

    @worked_out
    def init_functions(self) -> frozenset[str]:
        """Return the init functions that some slice of it exports."""
        return init_functions(self.exports)

    @worked_out
    def pypy_imports(self) -> frozenset[str]:
        """Return those of its imports whose names are PyPy's for the C API."""
        names = self.imports()
        return frozenset(
            [name for name in names if name.startswith(c_api.PYPY_PREFIXES)]
        )


def _may_be_interpreter(library: str) -> bool:
    """Return whether a library that names are asked of may be the interpreter's.

    PySide6 takes its own ``PyRun_String`` from ``shiboken6.abi3.dll``.
    """
    # On iOS the interpreter is @rpath/Python.framework/Python.
    return (
        "python" in posixpath.basename(library).lower()
        or find_python_library(library) is not None
    )


@worked_out
def modules(contents: Contents) -> tuple[Module, ...]:
    """Return the extension modules of a wheel."""
    return tuple(_find_modules(contents))


def _find_modules(contents: Contents) -> Iterator[Module]:
    """Yield the files that are extension modules."""
    data_dir = f"{contents.data_dir}/"
    for file, binary in contents.binaries():
        if not binary.is_loadable or not _is_importable_place(file.path, data_dir):
            continue
        module = _read_module(file, binary)
        if module is not None:
            yield module


def _is_importable_place(path: str, data_dir: str) -> bool:
    """Return whether a file lies where ``import`` may look for it."""
    # Of the install schemes only these two are on the search path (binary distribution format, "The .data directory").
    importable = (f"{data_dir}purelib/", f"{data_dir}platlib/")
    if path.startswith(data_dir) and not path.startswith(importable):
        return False
    # auditwheel, delocate and delvewheel bundle libraries in such folders.
    return ".libs/" not in path and ".dylibs/" not in path


def _read_module(file: File, binary: Binary) -> Module | None:
    """Return the extension module that a file is; ``None`` when it is another library."""
    suffix = find_suffix(posixpath.basename(file.path))
    if suffix is None:
        return None
    slices = loadable_slices(binary)
    module = Module(
        path=file.path,
        stem=file.path.removesuffix(suffix.text),
        python_tag=suffix.python_tag,
        abi_tag=suffix.abi_tag,
        suffix_platform=suffix.platform,
        format=binary.format,
        slices=slices,
        python_libraries=python_libraries(slices),
    )
    # A bare .so may be any library: its init function tells. Where that cannot be read, it is taken for a module.
    if suffix.is_bare and slices and not init_functions(module.exports):
        return None
    return _as_debug_module(module) if _is_debug_module(module) else module


def _is_debug_module(module: Module) -> bool:
    """Return whether a module is named as debug builds of Windows look for it: NAME_d.pyd, NAME_d.cp313-win_amd64.pyd.

    Source: CPython's ``Python/dynload_win.c``. A module may be called NAME_d as well, so its library has to tell.
    """
    if not (module.stem.endswith("_d") and module.path.endswith(".pyd")):
        return False
    return any(library.is_debug for library in module.python_libraries)


def _as_debug_module(module: Module) -> Module:
    """Return the module NAME in place of NAME_d."""
    abi_tag = f"{module.abi_tag}d" if module.abi_tag is not None else None
    return replace(module, stem=module.stem.removesuffix("_d"), abi_tag=abi_tag)


def loadable_slices(binary: Binary) -> tuple[Slice, ...]:
    """Return the slices that a program can load."""
    return tuple([piece for piece in binary.slices if piece.kind in LOADABLE])


def python_libraries(slices: tuple[Slice, ...]) -> tuple[PythonLibrary, ...]:
    """Return the libraries of Python's that some code needs, each once."""
    return tuple(dict.fromkeys(_find_python_libraries(slices)))


def _find_python_libraries(slices: tuple[Slice, ...]) -> Iterator[PythonLibrary]:
    """Yield the libraries of Python's that each slice needs."""
    for piece in slices:
        for need in piece.needs:
            library = find_python_library(need.library)
            if library is not None:
                yield library
