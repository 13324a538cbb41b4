"""Why a module cannot be imported by Pythons that accept its wheel: its suffix, its libraries, its symbols. Pure.

Four questions, in this order; the first obstacle is the answer:

1. Do they look for a file of that name? (:func:`_unknown_suffix`, TW401)
2. Is the Python library that it needs theirs? (:func:`_foreign_library`, TW407)
3. Do they call its init function, and have the symbols that it needs? (:func:`_foreign_symbol`, TW401)
4. Does its own ABI record allow them? (:func:`~truewheel.audit.python.abi_records.refusal`, TW401)

What they have of the stable ABI is the matter of :mod:`~truewheel.audit.python.stable_abi`.

Sources: CPython's ``Python/dynload_shlib.c`` and ``Python/dynload_win.c`` (which suffixes each build looks for; the tests ask
real interpreters), PEP 384, PEP 703, PEP 793, PEP 803, PEP 3149.
"""

from __future__ import annotations

from ...model.binary import Format
from ...model.record import Enum, Record
from . import c_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .file_names import PythonLibrary
    from .interpreters import CompatiblePythons, Version
    from .modules import Module

FIRST_ABI3T = (3, 15)
"""The first Python that knows abi3t (https://peps.python.org/pep-0803/), and ``PyModExport_`` (PEP 793)."""
FIRST_ABI3_WITH_PLATFORM = (3, 15)
"""The first Python that looks for ``.abi3-PLATFORM.so`` beside ``.abi3.so``: https://github.com/python/cpython/issues/122931"""
_WITH_PYMALLOC_FLAG = frozenset([(3, minor) for minor in range(2, 8)])
"""The Pythons whose suffix and ABI tag have an m for pymalloc: https://bugs.python.org/issue36707"""
_SOME_PYPY_NAMES = 3
"""As many names that begin as PyPy's may be another project's: a module for PyPy imports more of them."""


class ObstacleCause(Enum):
    """What is in the way of an import: TW407 for a library, TW401 for anything else."""

    SUFFIX = "the suffix of the file is not looked for"
    LIBRARY = "a library of another Python is needed"
    SYMBOL = "a symbol is not there, or not looked for"
    RECORD = "what it says of its own ABI"


class Obstacle(Record):
    """Why a module cannot be imported, with what can be seen in the file."""

    cause: ObstacleCause
    evidence: str


def find_obstacle(module: Module, pythons: CompatiblePythons) -> Obstacle | None:
    """Return why not all of ``pythons`` can import the module; ``None`` when nothing is known against it."""
    # A module for one Python in a wheel for any is reported once for the wheel (TW409).
    if pythons.are_any and not module.names_no_python:
        return None
    for cause, find_evidence in _QUESTIONS:
        evidence = find_evidence(module, pythons)
        if evidence is not None:
            return Obstacle(cause=cause, evidence=evidence)
    return None


# --- suffixes ---------------------------------------------------------------------------------------------------


def _unknown_suffix(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return why the Pythons do not look for the module's suffix."""
    if not module.names_no_python:
        return _suffix_of_one_python(module, pythons)
    if pythons.are_any:
        return None
    if module.abi_tag == "abi3":
        return _suffix_abi3(module, pythons)
    if module.abi_tag == "abi3t":
        return _suffix_abi3t(pythons)
    # PyPy has no bare .so among its suffixes; on Windows it looks for .pyd as well.
    if pythons.implementation == "pp" and module.format is not Format.PE:
        return "its file name names no Python, and PyPy looks for its own suffix only"
    return None


def _suffix_of_one_python(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about a suffix that names one Python (PEP 3149)."""
    if pythons.and_newer:
        return (
            f"its file name says {module.named_for}; later Pythons do not look for it"
        )
    if module.python_tag != pythons.python_tag:
        return f"its file name says {module.named_for}"
    is_other_abi = _is_of_other_build if pythons.are_cpython else _is_of_other_release
    if is_other_abi(module, pythons):
        return f"its file name says {module.named_for}, the tag {pythons.pair}"
    # Debug builds look for the suffix of release builds as well, but not the other way round, and never on Windows:
    # https://docs.python.org/3/whatsnew/3.8.html#debug-build-uses-the-same-abi-as-release-build
    if module.is_debug and not pythons.debug:
        return f"its file name says {module.named_for}, a debug build's; other builds do not look for it"
    return None


def _is_of_other_build(module: Module, pythons: CompatiblePythons) -> bool:
    """Return whether a suffix is that of another build of the same CPython: with the GIL or without, with pymalloc."""
    # PEP 703: free-threaded builds have a t in their suffix. cp313-none is for both kinds.
    if (
        pythons.free_threaded is not None
        and module.is_threaded != pythons.free_threaded
    ):
        return True
    # Up to 3.7 builds with pymalloc have an m in their suffix and in their ABI tag; on Windows only in the tag.
    if (
        module.format is Format.PE
        or pythons.abi_tag == "none"
        or pythons.version not in _WITH_PYMALLOC_FLAG
    ):
        return False
    claimed_flags = pythons.abi_tag.removeprefix(pythons.python_tag)
    return ("m" in module.abi_flags) != ("m" in claimed_flags)


def _is_of_other_release(module: Module, pythons: CompatiblePythons) -> bool:
    """Return whether a suffix is that of another PyPy or GraalPy: each looks for that of its own ABI alone.

    That ABI is not Python's version: PyPy 7.2 and 7.3 both have a Python 3.6.
    """
    if pythons.abi_tag == "none" or module.abi_tag is None:
        return False
    # The first releases of GraalPy did not name their release in the suffix: .graalpy-38-native-….
    tells_release = not module.abi_tag.startswith("graalpy_")
    return tells_release and module.abi_tag != pythons.abi_tag


def _suffix_abi3(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about the suffix ``.abi3.so`` (PEP 384)."""
    if not pythons.are_cpython:
        return "its file name says abi3, the stable ABI of CPython"
    if pythons.version is not None and not is_suffix_known(module, pythons.version):
        return f"its file name says abi3-{module.suffix_platform}, for which Pythons look from 3.15 on"
    # Free-threaded Pythons before 3.15 look for .abi3.so, though such a module need not work there (PEP 803).
    if pythons.free_threaded and (pythons.and_newer or _is_abi3t_known(pythons)):
        return (
            "its file name says abi3; free-threaded Pythons from 3.15 on look for abi3t"
        )
    return None


def is_suffix_known(module: Module, version: Version) -> bool:
    """Return whether CPython ``version`` looks for the suffix of a stable-ABI module."""
    if module.abi_tag == "abi3t":
        return version >= FIRST_ABI3T
    if module.abi_tag != "abi3" or not module.suffix_platform:
        return True
    return version >= FIRST_ABI3_WITH_PLATFORM


def _suffix_abi3t(pythons: CompatiblePythons) -> str | None:
    """Return what is wrong about the suffix ``.abi3t.so`` (PEP 803)."""
    if not pythons.are_cpython:
        return "its file name says abi3t, a stable ABI of CPython"
    # Builds with the GIL look for it too, from 3.15 on.
    if not _is_abi3t_known(pythons):
        return "its file name says abi3t, for which Pythons look from 3.15 on"
    return None


def _is_abi3t_known(pythons: CompatiblePythons) -> bool:
    """Return whether even the oldest of the Pythons knows abi3t; tags without a version are taken for new ones."""
    return pythons.version is None or pythons.version >= FIRST_ABI3T


# --- libraries --------------------------------------------------------------------------------------------------


def _foreign_library(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return which library of another Python the module needs."""
    for library in module.python_libraries:
        owner = _other_owner(library, pythons)
        if owner is not None:
            return f"it needs {library.name}, {owner}"
    return None


def _other_owner(library: PythonLibrary, pythons: CompatiblePythons) -> str | None:
    """Return whose a needed library of Python's is, if not that of ``pythons``."""
    if library.implementation != pythons.implementation and not pythons.are_any:
        return "another implementation's"
    if library.version is not None and pythons.and_newer:
        return "which one Python has; others take the wheel too"
    if (
        None not in (library.version, pythons.version)
        and library.version != pythons.version
    ):
        return "another version's"
    # cp313-none is for builds of every kind.
    if pythons.free_threaded is not None:
        return _other_build(library, pythons)
    return None


def _other_build(library: PythonLibrary, pythons: CompatiblePythons) -> str | None:
    """Return of which other build of CPython a library is."""
    if pythons.free_threaded and not library.is_threaded:
        return "without the t of free-threaded Pythons"
    if not pythons.free_threaded and _is_for_threaded_only(library, pythons):
        return "a free-threaded Python's"
    if library.is_debug and not pythons.debug:
        return "a debug build's"
    return None


def _is_for_threaded_only(library: PythonLibrary, pythons: CompatiblePythons) -> bool:
    """Return whether only free-threaded builds have a library."""
    # PEP 803: builds with the GIL have python3t.dll too, from 3.15 on.
    is_for_abi3t = library.version is None and _is_abi3t_known(pythons)
    return library.is_threaded and not is_for_abi3t


# --- symbols ----------------------------------------------------------------------------------------------------


def _foreign_symbol(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return which symbol the Pythons lack, or do not look for."""
    if pythons.implementation == "pp":
        return _cpython_names(module)
    if not pythons.are_cpython:
        return None
    evidence = _new_init_function(module, pythons) or _pypy_names(module)
    # cp313-none is for builds of every kind.
    if evidence is None and pythons.free_threaded is not None:
        return _other_counting(module.imports(), pythons)
    return evidence


def _new_init_function(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return whether there is only the init function that Pythons look for from 3.15 on.

    PEP 793 (https://peps.python.org/pep-0793/): a module for older Pythons has ``PyInit_`` beside ``PyModExport_``.
    """
    if not module.is_module or _is_abi3t_known(pythons):
        return None
    functions = module.init_functions()
    new = _names_with_prefix(functions, "PyModExport")
    if not new or _names_with_prefix(functions, "PyInit_", "PyInitU_"):
        return None
    return f"it exports {min(new)} and no PyInit function; Pythons look for it from 3.15 on"


def _cpython_names(module: Module) -> str | None:
    """Return which name of CPython's a module for PyPy imports, and no name of PyPy's at all.

    PyPy's headers rename the C API, as ``PyList_New`` to ``PyPyList_New``, so that it loads no module of CPython's.
    """
    from .stable_abi import symbols  # few wheels are for PyPy

    of_cpython = module.imports() & symbols().keys()
    if not of_cpython or module.pypy_imports():
        return None
    name = min(of_cpython)
    return f"it imports {name}, CPython's; PyPy has Py{name}"


def _pypy_names(module: Module) -> str | None:
    """Return which names of PyPy's a module for CPython imports."""
    of_pypy = module.pypy_imports()
    # A few may be another project's.
    if len(of_pypy) <= _SOME_PYPY_NAMES:
        return None
    return f"it imports {min(of_pypy)}, PyPy's"


def _other_counting(names: frozenset[str], pythons: CompatiblePythons) -> str | None:
    """Return which imported name shows that references are counted as in another build of CPython."""
    of_debug_builds = names & c_api.DEBUG_ONLY
    # What a stable ABI lacks, the table of its names tells (TW402).
    if of_debug_builds and not pythons.debug and not pythons.and_newer:
        return f"it imports {min(of_debug_builds)}, which only debug builds have"
    of_threaded_builds = names & c_api.THREADED_ONLY
    if pythons.free_threaded:
        return None if of_threaded_builds else _counting_with_gil(names)
    if of_threaded_builds:
        return f"it imports {min(of_threaded_builds)}, which only free-threaded Pythons have"
    return None


def _counting_with_gil(names: frozenset[str]) -> str | None:
    """Return whether references are counted as in builds with the GIL.

    Objects of free-threaded builds have another layout (PEP 703): such a module breaks them.
    """
    if c_api.GIL_ONLY not in names:
        return None
    missing = min(c_api.THREADED_ONLY)
    return f"it imports {c_api.GIL_ONLY} and not {missing}: it counts references as builds with the GIL do"


# --- records ----------------------------------------------------------------------------------------------------


def _refused_record(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return what the module says of its own ABI that the Pythons refuse."""
    if not module.is_looked_into:
        return None
    from .abi_records import refusal  # few modules are

    return refusal(module, pythons)


def _names_with_prefix(names: frozenset[str], *prefixes: str) -> list[str]:
    """Return the names that begin with one of the prefixes."""
    return [name for name in names if name.startswith(prefixes)]


_QUESTIONS = (
    (ObstacleCause.SUFFIX, _unknown_suffix),
    (ObstacleCause.LIBRARY, _foreign_library),
    (ObstacleCause.SYMBOL, _foreign_symbol),
    (ObstacleCause.RECORD, _refused_record),
)
"""What is asked, in this order."""
