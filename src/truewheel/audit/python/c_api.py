"""Names of Python's C API that tell something of a binary which imports them. Pure.

Sources: CPython's ``Include/refcount.h`` and ``Include/object.h`` (inlined reference counting).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...model.binary import Symbol

PREFIXES = ("Py", "_Py")
"""What names of the C API begin with; most names that a module imports begin otherwise."""
PYPY_PREFIXES = ("PyPy", "_PyPy")
"""What PyPy's own names for the C API begin with."""
_NEXT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
"""What follows the prefix. Names of other projects may look like that as well (PySide, PyMOL …)."""

THREADED_ONLY = frozenset({"_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"})
"""What inlined reference counting calls in free-threaded builds; no other build exports it (``Include/refcount.h``)."""
DEBUG_ONLY = frozenset(
    {
        "_Py_INCREF_IncRefTotal",
        "_Py_DECREF_DecRefTotal",
        "_Py_NegativeRefcount",
        "_Py_RefTotal",
    }
)
"""What it calls in debug builds; no other build exports it (``Include/object.h``, ``Py_REF_DEBUG``)."""
GIL_ONLY = "_Py_Dealloc"
"""What it calls in builds with the GIL; the headers of free-threaded builds do not."""

TAKES_DEFINITION = frozenset(
    {"PyModuleDef_Init", "PyModule_Create2", "PyModule_FromDefAndSpec2"}
)
"""What takes a ``PyModuleDef``, which nobody can fill who is compiled for abi3t (PEP 803, ``Include/moduleobject.h``)."""

COMMON = frozenset({
    "PyErr_Clear", "PyErr_ExceptionMatches", "PyErr_Fetch", "PyErr_Format", "PyErr_Occurred", "PyErr_SetString",
    "PyEval_RestoreThread", "PyEval_SaveThread", "PyGILState_Ensure", "PyGILState_Release", "PyImport_ImportModule",
    "PyList_New", "PyLong_AsLong", "PyLong_FromLong", "PyModule_Create2", "PyObject_CallObject", "PyObject_GetAttrString",
    "PyTuple_New", "PyUnicode_AsUTF8", "PyUnicode_FromString", "Py_BuildValue", "Py_DecRef", "Py_IncRef", "_Py_Dealloc",
    "_Py_NoneStruct", "_Py_DecRefShared", "Py_IsInitialized", "PyBytes_AsString", "PyFloat_FromDouble", "PyDict_New",
})  # fmt: skip
"""Names that are certainly Python's. Nearly everything that uses Python's objects needs one of them."""


def with_likely_names(symbols: Iterable[Symbol]) -> list[Symbol]:
    """Return the symbols that must be defined and whose names look like the C API's.

    :param symbols: those whose names begin with one of :data:`PREFIXES`.
    """
    # Large modules have thousands, so that nothing is called for each but what is written in C.
    # A weak symbol may be missing. Pyramid is no name of the C API, PyList_New and _Py_Dealloc are.
    return [
        symbol
        for symbol in symbols
        if symbol.name.lstrip("_")[2:3] in _NEXT
        and not symbol.weak
        and symbol.name.isidentifier()
    ]
