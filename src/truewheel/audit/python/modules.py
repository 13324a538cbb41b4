"""The extension modules of a wheel: what their file names, init functions and libraries say of the Pythons they are for.

Sources: PEP 3149 and CPython's ``Python/dynload_shlib.c`` and ``dynload_win.c`` (suffixes), PEP 489 (``PyInitU_``), PEP 793
(``PyModExport_``), PEP 803 (``.abi3t.so``). Facts only: whether a claim is true of them is
:mod:`~truewheel.audit.python.tags`'s. Pure.
"""

from __future__ import annotations

import posixpath
import re

from ...model.binary import LOADABLE, Format, Kind
from ...model.record import Record, worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.binary import Binary, Slice
    from ...model.contents import Contents, File

_SUFFIXES = (
    (".cpython-", r"\.cpython-(?P<cpython>3\d+)(?P<flags>[a-z]*)(?:-(?P<place>[\w-]+))?\.(?:so|dll)$"),
    (".cp3", r"\.cp(?P<cpython>3\d+)(?P<flags>t?)-(?P<place>\w+)\.pyd$"),
    (".pypy", r"\.(?P<pypy>pypy\d+)-(?P<pp>pp\d+)(?:-(?P<place>[\w-]+))?\.(?:so|pyd)$"),
    (".graalpy", r"\.graalpy(?P<graalpy>\d*)-(?P<gp>\d+)-(?P<gkind>[a-z]+)(?:-(?P<place>[\w-]+))?\.(?:so|pyd|dylib)$"),
    (".abi3", r"\.(?P<stable>abi3t?)(?:-(?P<place>[\w-]+))?\.(?:so|pyd)$"),
    (".", r"\.(?:pyd|(?P<bare>so|dylib))$"),
)
"""Suffixes of modules, each after a part of it: a pattern is compiled when that turns up, for compiling takes its time."""
_LINKED = r"""(?xi)(?:^|/)(?:
      python3(?P<dll>\d*)(?P<dllt>t?)(?P<dlld>_d)?\.dll
    | libpython3(?:\.(?P<lib>\d+))?(?P<libflags>[a-z]*)\.(?:so|dylib|dll)[\d.]*
    | Python(?P<framet>T?)\.framework/Versions/3\.(?P<frame>\d+)T?/PythonT?
    | libpypy3(?:\.(?P<pypy>\d+))?-c\.(?:so|dylib|dll)[\d.]*
    )$"""
CFFI_PYPY = "_cffi_pypyinit_"
"""What cffi's API mode writes for PyPy (cffi, ``recompiler.py``)."""
_INITS = ("PyInit_", "PyInitU_", "PyModExport_", "PyModExportU_", CFFI_PYPY)
THREADED_ONLY = frozenset({"_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"})
"""What inlined reference counting calls in free-threaded builds, and what no other build exports (``Include/refcount.h``)."""
DEBUG_ONLY = frozenset({"_Py_INCREF_IncRefTotal", "_Py_DECREF_DecRefTotal", "_Py_NegativeRefcount", "_Py_RefTotal"})
"""What reference counting calls in debug builds, and what no other build exports (``Include/object.h``, ``Py_REF_DEBUG``)."""
GIL_ONLY = "_Py_Dealloc"
"""What inlined reference counting calls in builds with the GIL; free-threaded headers do not."""


class Linked(Record):
    """A library of Python's that a module needs at load time.

    :param library: as written in the file.
    :param version: of the Python; ``None`` for the one that serves all of them (``python3.dll``).
    :param flags: ``t`` for free-threaded, ``d`` for debug builds.
    """

    library: str
    implementation: str = "cp"
    version: tuple[int, int] | None = None
    flags: str = ""


class Module(Record):
    """One extension module, or a library that is bound to Python as if it were one.

    :param stem: its path without the suffix: what is imported.
    :param tag: the Python tag that its suffix names (``cp313``, ``pp39``); ``None`` when any Python would try it.
    :param abi: the ABI tag that its suffix names (``cp313t``, ``abi3``, ``pypy39_pp73``); ``None`` when it names none.
    :param place: the system that its suffix names (``x86_64-linux-gnu``, ``win_amd64``); empty when it names none.
    :param linked: the libraries of Python's that it needs.
    :param is_module: False for a library that imports Python's symbols, but is not itself imported.
    """

    path: str
    stem: str
    tag: str | None
    abi: str | None
    place: str = ""
    format: Format = Format.ELF
    pieces: tuple[Slice, ...]
    linked: tuple[Linked, ...] = ()
    is_module: bool = True

    @property
    def loads_by_name(self) -> bool:
        """Whether its suffix names no version, so that only its symbols tell."""
        return self.tag is None

    @property
    def is_importable(self) -> bool:
        """Whether an import statement could name it: a dot means a package, or begins a suffix that is not known here."""
        return "." not in posixpath.basename(self.stem)

    @property
    def flags(self) -> str:
        """The flags of the ABI in its suffix: ``t``, ``d``, ``m``."""
        abi = self.abi or ""
        return abi.removeprefix("cp").lstrip("0123456789") if abi.startswith("cp3") else ""

    @property
    def python_library(self) -> Linked | None:
        """The library of one particular Python that it needs."""
        return next((found for found in self.linked if found.version is not None), None)

    @worked_out
    def imports(self) -> frozenset[str]:
        """Names that look like Python's and must be there at load time. One that the file asks of another library by
        name is none of them (PySide6 takes its own ``PyRun_String`` from ``shiboken6.abi3.dll``)."""
        likely = [s for piece in self.pieces for s in piece.imports if s.name.startswith(_PYTHONS) and not s.weak]
        names = [s.name for s in likely if s.library is None or _may_be_pythons(s.library)]
        return frozenset([n for n in names if (n[2:3] if n[0] == "P" else n[3:4]) in _CAPITALS and n.isidentifier()])


def _may_be_pythons(library: str) -> bool:
    """Whether a library of this name may be the interpreter's (on iOS ``@rpath/Python.framework/Python``)."""
    return python_library(library) is not None or "python" in posixpath.basename(library).lower()


_PYTHONS = ("Py", "_Py")
"""What names of Python's C API begin with; most names of a module begin otherwise."""
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
"""What follows. Other people's names may look like that, too (PySide, PyMOL …)."""


@worked_out
def modules(contents: Contents) -> tuple[Module, ...]:
    """The extension modules: loadable, in an importable place, and with an extension's suffix or init function."""
    found = (_module(file, binary) for file, binary in contents.binaries() if _is_candidate(file, binary, contents))
    return tuple(module for module in found if module is not None)


@worked_out
def bound_libraries(contents: Contents) -> tuple[Module, ...]:
    """Libraries that import Python's symbols without being modules: loaded with ``ctypes.PyDLL`` or by a module, they are
    bound to a Python as a module is. A wheel that brings the symbols itself (an embedded Python) is bound to none."""
    known = {module.path for module in modules(contents)}
    loose = [
        (file, binary)
        for file, binary in contents.binaries()
        if file.path not in known and any(s.kind in (Kind.SHARED, Kind.BUNDLE) for s in binary.slices)
    ]
    found = [_library(f, b) for f, b in loose if any(s.name in _COMMON for piece in b.slices for s in piece.imports)]
    if not found:
        return ()
    own = own_names(contents)
    return tuple(m for m in found if not _COMMON.isdisjoint(m.imports() - own))


_USUAL = r"(lib(c|m|dl|rt|util|pthread|resolv|crypt|gcc_s|stdc\+\+|c\+\+|c\+\+abi|System\.B|atomic|gomp|z|python.*|objc\.A)|ld-.*)\.(so|dylib|\d).*"
"""Libraries of systems and of Python that define no names of their own beginning with ``Py``."""


def strangers(module: Module, contents: Contents) -> tuple[str, ...]:
    """Libraries that a module needs and that nobody here knows: neither the wheel's, nor every system's. Where the file
    does not say which library a name is from (ELF), it may be from these."""
    own = {posixpath.basename(file.path) for file in contents.files}
    needs = {
        posixpath.basename(n.library) for piece in module.pieces for n in piece.needs if "/System/" not in n.library
    }
    return (
        tuple(sorted(n for n in needs - own if re.fullmatch(_USUAL, n) is None)) if module.format is Format.ELF else ()
    )


@worked_out
def own_names(contents: Contents) -> frozenset[str]:
    """Names that the wheel itself defines: ``Py…`` is anybody's prefix."""
    return frozenset(name for _, b in contents.binaries() for s in b.slices for name in s.exports)


def without_embedded(found: tuple[Module, ...], contents: Contents) -> tuple[Module, ...]:
    """The modules that are not for a Python which the wheel itself brings, with its library, as applications do."""
    if not found:
        return ()
    names = (posixpath.basename(file.path) for file in contents.files if "ython" in file.path)
    own = [linked for name in names if (linked := python_library(name)) is not None]
    brought = {f"cp3{linked.version[1]}" for linked in own if linked.version}
    return tuple(m for m in found if _python_of(m) not in brought)


def _python_of(module: Module) -> str | None:
    linked = module.python_library
    return module.tag or (f"cp3{linked.version[1]}" if linked is not None and linked.version else None)


_COMMON = frozenset({
    "PyErr_Clear", "PyErr_ExceptionMatches", "PyErr_Fetch", "PyErr_Format", "PyErr_Occurred", "PyErr_SetString",
    "PyEval_RestoreThread", "PyEval_SaveThread", "PyGILState_Ensure", "PyGILState_Release", "PyImport_ImportModule",
    "PyList_New", "PyLong_AsLong", "PyLong_FromLong", "PyModule_Create2", "PyObject_CallObject", "PyObject_GetAttrString",
    "PyTuple_New", "PyUnicode_AsUTF8", "PyUnicode_FromString", "Py_BuildValue", "Py_DecRef", "Py_IncRef", "_Py_Dealloc",
    "_Py_NoneStruct", "_Py_DecRefShared", "Py_IsInitialized", "PyBytes_AsString", "PyFloat_FromDouble", "PyDict_New",
})  # fmt: skip
"""Names that are certainly Python's, and some of which nearly everything needs that uses its objects."""


def _is_candidate(file: File, binary: Binary, contents: Contents) -> bool:
    if not binary.is_loadable:
        return False
    path, data = file.path, contents.data_dir + "/"
    if path.startswith(data):
        path = path.removeprefix(data)
        if not path.startswith(("purelib/", "platlib/")):
            return False
    return not any(part.endswith((".libs", ".dylibs")) for part in path.split("/")[:-1])


def _module(file: File, binary: Binary) -> Module | None:
    suffix = _suffix(posixpath.basename(file.path))
    if suffix is None:
        return None
    pieces = tuple(s for s in binary.slices if s.kind in LOADABLE)
    # A bare .so may be any library: its init function tells. Where that cannot be read, it is taken for a module.
    if suffix.get("bare") and pieces and not any(inits(s) for s in pieces):
        return None
    tag, abi = _named(suffix)
    stem, linked = file.path.removesuffix(suffix["whole"]), _linked(pieces)
    if file.path.endswith(".pyd") and stem.endswith("_d") and any("d" in found.flags for found in linked):
        # dynload_win.c: debug builds look for NAME_d.pyd and NAME_d.cp313-win_amd64.pyd
        stem, abi = stem.removesuffix("_d"), f"{abi}d" if abi else None
    return Module(
        path=file.path,
        stem=stem,
        tag=tag,
        abi=abi,
        place=suffix.get("place", ""),
        format=binary.format,
        pieces=pieces,
        linked=linked,
    )


def _library(file: File, binary: Binary) -> Module:
    pieces = tuple(s for s in binary.slices if s.kind in LOADABLE)
    stem = file.path.partition(".")[0]
    return Module(
        path=file.path, stem=stem, tag=None, abi=None, format=binary.format, pieces=pieces, linked=_linked(pieces),
        is_module=False,
    )  # fmt: skip


def _suffix(name: str) -> dict[str, str] | None:
    """The parts of an extension module's suffix by their names, and the ``whole`` of it; ``None`` for other files."""
    for part, pattern in _SUFFIXES:
        match = re.search(pattern, name) if part in name else None
        if match is not None:
            return {"whole": match[0], **{key: text for key, text in match.groupdict().items() if text is not None}}
    return None


def _named(suffix: dict[str, str]) -> tuple[str | None, str | None]:
    if "cpython" in suffix:
        return f"cp{suffix['cpython']}", f"cp{suffix['cpython']}{suffix['flags']}"
    if "pypy" in suffix:
        return "pp" + suffix["pypy"].removeprefix("pypy"), f"{suffix['pypy']}_{suffix['pp']}"
    if "gp" in suffix:
        return f"graalpy{suffix['gp']}", f"graalpy{suffix['graalpy']}_{suffix['gp']}_{suffix['gkind']}"
    return None, suffix.get("stable")


def _linked(pieces: tuple[Slice, ...]) -> tuple[Linked, ...]:
    found = (python_library(need.library) for piece in pieces for need in piece.needs)
    return tuple(dict.fromkeys(f for f in found if f is not None))


def python_library(name: str) -> Linked | None:
    """What the name of a needed library says of Pythons; ``None`` when it is not one of theirs.

    >>> python_library("python313t.dll").flags
    't'
    >>> python_library("libpython3.12.so.1.0").version
    (3, 12)
    """
    match = re.search(_LINKED, name) if "py" in name.lower() else None
    if match is None:
        return None
    minor = match["dll"] or match["lib"] or match["frame"] or match["pypy"]
    flags = (match["dllt"] or match["framet"] or match["libflags"] or "").lower().replace("m", "")
    if match["dlld"]:
        flags += "d"
    return Linked(
        library=name,
        implementation="pp" if "pypy" in name.lower() else "cp",
        version=(3, int(minor)) if minor else None,
        flags=flags,
    )


def inits(piece: Slice) -> frozenset[str]:
    """The init functions that it exports."""
    return frozenset(name for name in piece.exports if name.startswith(_INITS) and name not in _INITS)


def expected_inits(name: str) -> tuple[str, str, str]:
    """The functions of which ``import NAME`` looks for one (PEP 489, PEP 793, cffi for PyPy).

    >>> expected_inits("caf\\u00e9")[:2]
    ('PyInitU_caf_dma', 'PyModExportU_caf_dma')
    """
    if name.isascii():
        return f"PyInit_{name}", f"PyModExport_{name}", CFFI_PYPY + name
    import unicodedata  # rarely needed

    spelt = unicodedata.normalize("NFKC", name).encode("punycode").decode("ascii").replace("-", "_")
    return f"PyInitU_{spelt}", f"PyModExportU_{spelt}", CFFI_PYPY + name


def initialised(init: str) -> str:
    """The module that an init function is for, as spelt in the symbol."""
    return next((init.removeprefix(start) for start in _INITS if init.startswith(start)), init)
