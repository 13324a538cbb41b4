"""Which extension modules Pythons look into when they import them: those whose data is worth reading. Text and facts only.

Pythons with the GIL up to 3.14 do not, and most modules are theirs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.binary import Slice

_COUNTS_SHARED = "_Py_DecRefShared"
"""What inlined reference counting calls in free-threaded builds only (``Include/refcount.h``)."""
_EXTENSIONS = ("so", "pyd", "dll")
_SMALL_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MAKES_MODULES = ("PyModuleDef_Init", "PyModule_Create2")
"""What a module calls that makes itself."""
_LONGEST_VERSION = 3
"""Digits of a minor version."""
_FIRST_VERSION = 15
"""The minor version of the first Python that reads ABI records, whatever its build."""


def may_say_more(path: str, piece: Slice) -> bool:
    """Return whether a Python that imports a file looks at more than its name and symbols."""
    _, _, name = path.rpartition("/")
    label = _label_of(name)
    if not label:
        return _is_free_threaded(name, piece)
    if label.startswith("abi3"):
        return label.startswith("abi3t") or _is_unusual(piece)
    version = label.removeprefix("cpython-")
    return _is_looked_into(version.removeprefix("cp"))


def _label_of(name: str) -> str:
    """Return what stands between the name of a module and its extension."""
    rest, _, extension = name.rpartition(".")
    stem, _, label = rest.rpartition(".")
    is_labelled = stem != "" and extension in _EXTENSIONS
    return label if is_labelled else ""


def _is_looked_into(version: str) -> bool:
    """Return whether a Python looks into modules: ``313t-x86_64-linux-gnu``, ``315-win_amd64``."""
    abi, _, _ = version.partition("-")
    digits = abi.rstrip(_SMALL_LETTERS)
    flags = abi.removeprefix(digits)
    # 3.15 is written 315.
    minor = digits.removeprefix("3")
    if not minor.isdecimal() or len(minor) > _LONGEST_VERSION:
        return False
    return "t" in flags or int(minor) >= _FIRST_VERSION


def _is_unusual(piece: Slice) -> bool:
    """Return whether a module for the stable ABI exports slots, or has its definition made by somebody else.

    That may be nanobind's backend. Most modules hand over a ``PyModuleDef``, which has a record only if they ask for it.
    """
    if piece.exports_slots:
        return True
    names = {symbol.name for symbol in piece.imports}
    return names.isdisjoint(_MAKES_MODULES)


def _is_free_threaded(name: str, piece: Slice) -> bool:
    """Return whether a file with a bare name shows that it is for free-threaded Pythons, or exports slots."""
    if name.startswith("lib") or not name.endswith((".so", ".pyd")):
        return False
    if piece.exports_slots:
        return True
    libraries = [need.library.lower() for need in piece.needs]
    if any(map(_is_threaded_library, libraries)):
        return True
    return any(symbol.name == _COUNTS_SHARED for symbol in piece.imports)


def _is_threaded_library(library: str) -> bool:
    """Return whether a library is a free-threaded Python's on Windows: ``python314t.dll``."""
    return library.startswith("python3") and library.endswith(("t.dll", "t_d.dll"))
