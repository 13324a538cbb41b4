"""Why a module cannot be imported by Pythons that accept its wheel: its suffix, its libraries, its symbols. Pure.

Three questions, in this order; the first obstacle is the answer:

1. Do they look for a file of that name? (:func:`_suffix_obstacle`, TW401)
2. Is the Python library that it needs theirs? (:func:`_library_obstacle`, TW407)
3. Do they call its init function, and have the symbols that it needs? (:func:`_symbol_obstacle`, TW401)

What they have of the stable ABI is the matter of :mod:`~truewheel.audit.python.stable_abi`.

Sources: CPython's ``Python/dynload_shlib.c`` and ``Python/dynload_win.c`` (which suffixes each build looks for; the tests ask
real interpreters), PEP 384, PEP 703, PEP 793, PEP 803, PEP 3149.
"""

from __future__ import annotations

import enum

from ...model.binary import Format
from ...model.record import Record
from . import c_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .file_names import PythonLibrary
    from .interpreters import CompatiblePythons
    from .modules import Module

FIRST_ABI3T = (3, 15)
"""The first Python that knows abi3t (https://peps.python.org/pep-0803/), and ``PyModExport_`` (PEP 793)."""
FIRST_ABI3_WITH_PLATFORM = (3, 15)
"""The first Python that looks for ``.abi3-PLATFORM.so`` beside ``.abi3.so``: https://github.com/python/cpython/issues/122931"""
_LAST_PYMALLOC_FLAG = (3, 7)
_SOME_PYPY_NAMES = 3
"""As many names that begin as PyPy's may be another project's: a module for PyPy imports more of them."""


class Cause(enum.Enum):
    """What is in the way of an import."""

    SUFFIX = "the suffix of the file is not looked for"
    LIBRARY = "a library of another Python is needed"
    SYMBOL = "a symbol is not there, or not looked for"


class Obstacle(Record):
    """Why a module cannot be imported, with what can be seen in the file."""

    cause: Cause
    evidence: str


def find_obstacle(module: Module, pythons: CompatiblePythons) -> Obstacle | None:
    """Return why not all of ``pythons`` can import the module; ``None`` when nothing is known against it."""
    # A module for one Python in a wheel for any is reported once for the wheel (TW409).
    if pythons.implementation == "py" and not module.names_no_python:
        return None
    obstacle = _suffix_obstacle(module, pythons)
    obstacle = obstacle or _library_obstacle(module, pythons)
    return obstacle or _symbol_obstacle(module, pythons)


# --- suffixes ---------------------------------------------------------------------------------------------------


def _suffix_obstacle(module: Module, pythons: CompatiblePythons) -> Obstacle | None:
    """Return why the Pythons do not look for the module's suffix."""
    evidence = None
    if not module.names_no_python:
        evidence = _of_versioned_suffix(module, pythons)
    elif module.abi_tag == "abi3":
        evidence = _of_abi3(module, pythons)
    elif module.abi_tag == "abi3t":
        evidence = _of_abi3t(pythons)
    elif pythons.implementation == "pp" and module.format is not Format.PE:
        # PyPy has no bare .so among its suffixes; on Windows it looks for .pyd as well.
        evidence = "its file name names no Python, and PyPy looks for its own suffix only"
    return Obstacle(cause=Cause.SUFFIX, evidence=evidence) if evidence else None


def _of_versioned_suffix(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about a suffix that names one Python (PEP 3149)."""
    named = module.abi_tag or module.python_tag
    if pythons.and_newer:
        return f"its file name says {named}; later Pythons do not look for it"
    if module.python_tag != pythons.python_tag:
        return f"its file name says {named}"
    if pythons.implementation != "cp":
        return _of_other_release(module, pythons)
    is_threaded = "t" in module.abi_flags
    is_other_gil = pythons.free_threaded is not None and is_threaded != pythons.free_threaded
    if is_other_gil or _differs_in_pymalloc(module, pythons):
        return f"its file name says {named}, the tag {pythons.pair}"
    # Debug builds look for the suffix of release builds as well, but not the other way round, and never on Windows:
    # https://docs.python.org/3/whatsnew/3.8.html#debug-build-uses-the-same-abi-as-release-build
    if "d" in module.abi_flags and not pythons.debug:
        return f"its file name says {named}, a debug build's; other builds do not look for it"
    return None


def _of_other_release(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about a suffix of PyPy or GraalPy: each looks for that of its own ABI alone.

    That ABI is not Python's version: PyPy 7.2 and 7.3 both have a Python 3.6.
    """
    named = module.abi_tag or ""
    claimed = pythons.abi_tag
    # The first releases of GraalPy did not name their release in the suffix: .graalpy-38-native-….
    tells_no_release = named == "" or named.startswith("graalpy_")
    if claimed == "none" or tells_no_release or named == claimed:
        return None
    return f"its file name says {named}, the tag {pythons.pair}"


def _differs_in_pymalloc(module: Module, pythons: CompatiblePythons) -> bool:
    """Return whether a suffix is that of the other kind of build, with pymalloc or without.

    Up to 3.7 builds with pymalloc have an m in their suffix and in their ABI tag (PEP 3149); on Windows only in the tag.
    """
    has_flag = (3, 2) <= (pythons.version or (0, 0)) <= _LAST_PYMALLOC_FLAG
    if module.format is Format.PE or pythons.abi_tag == "none" or not has_flag:
        return False
    claimed_flags = pythons.abi_tag.removeprefix(pythons.python_tag)
    return ("m" in module.abi_flags) != ("m" in claimed_flags)


def _of_abi3(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about the suffix ``.abi3.so``."""
    if pythons.implementation in ("pp", "graalpy"):
        return "its file name says abi3, the stable ABI of CPython"
    is_too_old = pythons.version is not None and not is_suffix_known(module, pythons.version)
    if pythons.implementation == "cp" and is_too_old:
        return f"its file name says abi3-{module.suffix_platform}, for which Pythons look from 3.15 on"
    # Free-threaded Pythons before 3.15 look for .abi3.so, though such a module need not work there (PEP 803).
    newest = FIRST_ABI3T if pythons.and_newer else pythons.version or FIRST_ABI3T
    if pythons.free_threaded and newest >= FIRST_ABI3T:
        return "its file name says abi3; free-threaded Pythons from 3.15 on look for abi3t"
    return None


def is_suffix_known(module: Module, version: tuple[int, int]) -> bool:
    """Return whether CPython ``version`` looks for the suffix of a stable-ABI module."""
    if module.abi_tag != "abi3" or not module.suffix_platform:
        return True
    return version >= FIRST_ABI3_WITH_PLATFORM


def _of_abi3t(pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about the suffix ``.abi3t.so``."""
    if pythons.implementation in ("pp", "graalpy"):
        return "its file name says abi3t, a stable ABI of CPython"
    # PEP 803: builds with the GIL look for it too, from 3.15 on.
    if pythons.implementation == "cp" and (pythons.version or FIRST_ABI3T) < FIRST_ABI3T:
        return "its file name says abi3t, for which Pythons look from 3.15 on"
    return None


# --- libraries --------------------------------------------------------------------------------------------------


def _library_obstacle(module: Module, pythons: CompatiblePythons) -> Obstacle | None:
    """Return which library of another Python the module needs."""
    for library in module.python_libraries:
        wrong = _wrong_library(library, pythons)
        if wrong is not None:
            return Obstacle(cause=Cause.LIBRARY, evidence=f"it needs {library.name}, {wrong}")
    return None


def _wrong_library(library: PythonLibrary, pythons: CompatiblePythons) -> str | None:
    """Return how a needed library of Python's is not that of ``pythons``."""
    if pythons.implementation not in ("py", library.implementation):
        return "another implementation's"
    if library.version is not None and pythons.and_newer:
        return "which one Python has; others take the wheel too"
    if library.version is not None and pythons.version is not None and library.version != pythons.version:
        return "another version's"
    if pythons.implementation == "cp" and pythons.free_threaded is not None:
        return _wrong_build(library, pythons)
    return None


def _wrong_build(library: PythonLibrary, pythons: CompatiblePythons) -> str | None:
    """Return how a library is not that of the build of CPython which accepts the wheel."""
    is_threaded = "t" in library.flags
    if pythons.free_threaded and not is_threaded:
        return "without the t of free-threaded Pythons"
    # PEP 803: python3t.dll is there for builds with the GIL too, from 3.15 on.
    serves_both = library.version is None and (pythons.version or (0, 0)) >= FIRST_ABI3T
    if is_threaded and not pythons.free_threaded and not serves_both:
        return "a free-threaded Python's"
    if "d" in library.flags and not pythons.debug:
        return "a debug build's"
    return None


# --- symbols ----------------------------------------------------------------------------------------------------


def _symbol_obstacle(module: Module, pythons: CompatiblePythons) -> Obstacle | None:
    """Return which symbol the Pythons lack, or do not look for."""
    evidence = _of_new_init_function(module, pythons)
    if evidence is None and pythons.implementation == "pp":
        evidence = _of_names_on_pypy(module)
    elif evidence is None and pythons.implementation == "cp":
        evidence = _of_names_on_cpython(module, pythons)
    return Obstacle(cause=Cause.SYMBOL, evidence=evidence) if evidence else None


def _of_new_init_function(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return whether there is only the init function that Pythons look for from 3.15 on.

    PEP 793: a module for older Pythons has ``PyInit_`` beside ``PyModExport_``
    (https://peps.python.org/pep-0793/).
    """
    if pythons.implementation != "cp" or not module.is_module:
        return None
    if pythons.version is None or pythons.version >= FIRST_ABI3T:
        return None
    new = []
    for piece in module.slices:
        if any(name.startswith(("PyInit_", "PyInitU_")) for name in piece.exports):
            return None
        new += [name for name in piece.exports if name.startswith("PyModExport")]
    if not new:
        return None
    return f"it exports {min(new)} and no PyInit function; Pythons look for it from 3.15 on"


def _of_names_on_pypy(module: Module) -> str | None:
    """Return which name of CPython's a module imports, and no name of PyPy's at all.

    PyPy's headers rename the C API, as ``PyList_New`` to ``PyPyList_New``, so that no module of CPython's is loaded.
    """
    from .stable_abi import symbols  # few wheels are for PyPy

    names = module.imports()
    of_cpython = [name for name in names if name in symbols()]
    of_pypy = _pypy_names(names)
    if not of_cpython or of_pypy:
        return None
    name = min(of_cpython)
    return f"it imports {name}, CPython's; PyPy has Py{name}"


def _of_names_on_cpython(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return which name is not in the build of CPython that accepts the wheel, or counts references as others do."""
    names = module.imports()
    of_pypy = _pypy_names(names)
    if len(of_pypy) > _SOME_PYPY_NAMES:
        return f"it imports {min(of_pypy)}, PyPy's"
    if pythons.free_threaded is None:
        return None
    # What a stable ABI lacks, the table of its names tells (TW402).
    counting = names & c_api.DEBUG_ONLY
    if counting and not pythons.debug and not pythons.and_newer:
        return f"it imports {min(counting)}, which only debug builds have"
    shared = names & c_api.THREADED_ONLY
    if shared and not pythons.free_threaded:
        return f"it imports {min(shared)}, which only free-threaded Pythons have"
    # PEP 703 changes the layout of objects: a module that counts references in the old way breaks them.
    if pythons.free_threaded and not shared and c_api.GIL_ONLY in names:
        other = min(c_api.THREADED_ONLY)
        return f"it imports {c_api.GIL_ONLY} and not {other}: it counts references as builds with the GIL do"
    return None


def _pypy_names(names: frozenset[str]) -> list[str]:
    """Return the names that begin as PyPy's do."""
    return [name for name in names if name.startswith(c_api.PYPY_PREFIXES)]
