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
from ...model.record import Record, worked_out
from . import c_api
from .file_names import find_python_library, find_suffix
from .init_functions import init_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.binary import Binary, Slice, Symbol
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
    def versioned_library(self) -> PythonLibrary | None:
        """The first library of one particular Python that it needs."""
        for library in self.python_libraries:
            if library.version is not None:
                return library
        return None

    @worked_out
    def imports(self) -> frozenset[str]:
        """Return the names that look like Python's and must be there at load time."""
        names = []
        for piece in self.slices:
            # Most names are none of Python's: the test of the prefix comes first, for a module may import thousands.
            likely = [symbol for symbol in piece.imports if symbol.name.startswith(c_api.PREFIXES)]
            names += [symbol.name for symbol in likely if _may_be_pythons(symbol)]
        return frozenset([name for name in names if c_api.is_likely_name(name)])


def _may_be_pythons(symbol: Symbol) -> bool:
    """Return whether the interpreter has to define a symbol.

    It has not when the symbol may be missing (a weak one), or when the file asks another library for it by name: PySide6
    takes its own ``PyRun_String`` from ``shiboken6.abi3.dll``.
    """
    if symbol.weak:
        return False
    if symbol.library is None or find_python_library(symbol.library) is not None:
        return True
    # On iOS the interpreter is @rpath/Python.framework/Python.
    return "python" in posixpath.basename(symbol.library).lower()


@worked_out
def modules(contents: Contents) -> tuple[Module, ...]:
    """Return the extension modules of a wheel."""
    found = []
    for file, binary in contents.binaries():
        if binary.is_loadable and _is_importable_place(file.path, contents):
            module = _read_module(file, binary)
            if module is not None:
                found.append(module)
    return tuple(found)


def _is_importable_place(path: str, contents: Contents) -> bool:
    """Return whether a file lies where ``import`` may look for it."""
    data = f"{contents.data_dir}/"
    if path.startswith(data):
        path = path.removeprefix(data)
        if not path.startswith(("purelib/", "platlib/")):
            return False
    # auditwheel, delocate and delvewheel bundle libraries in such folders.
    folders = path.split("/")[:-1]
    return not any(folder.endswith((".libs", ".dylibs")) for folder in folders)


def _read_module(file: File, binary: Binary) -> Module | None:
    """Return the extension module that a file is; ``None`` when it is another library."""
    suffix = find_suffix(posixpath.basename(file.path))
    if suffix is None:
        return None
    slices = loadable_slices(binary)
    # A bare .so may be any library: its init function tells. Where that cannot be read, it is taken for a module.
    if suffix.is_bare and slices and not any(init_functions(piece) for piece in slices):
        return None
    stem = file.path.removesuffix(suffix.text)
    abi_tag = suffix.abi_tag
    libraries = python_libraries(slices)
    if file.path.endswith(".pyd") and stem.endswith("_d") and any("d" in library.flags for library in libraries):
        # Debug builds of Windows look for NAME_d.pyd and NAME_d.cp313-win_amd64.pyd (CPython's dynload_win.c).
        stem = stem.removesuffix("_d")
        abi_tag = f"{abi_tag}d" if abi_tag else None
    return Module(
        path=file.path,
        stem=stem,
        python_tag=suffix.python_tag,
        abi_tag=abi_tag,
        suffix_platform=suffix.platform,
        format=binary.format,
        slices=slices,
        python_libraries=libraries,
    )


def loadable_slices(binary: Binary) -> tuple[Slice, ...]:
    """Return the slices that a program can load."""
    return tuple([piece for piece in binary.slices if piece.kind in LOADABLE])


def python_libraries(slices: tuple[Slice, ...]) -> tuple[PythonLibrary, ...]:
    """Return the libraries of Python's that some code needs, each once."""
    found: dict[PythonLibrary, None] = {}
    for piece in slices:
        for need in piece.needs:
            library = find_python_library(need.library)
            if library is not None:
                found[library] = None
    return tuple(found)
