"""Which extension modules Pythons look into when they import them: those whose data is worth reading. Text and facts only.

Pythons with the GIL up to 3.14 do not, and most modules are theirs.
"""

from __future__ import annotations

from ..model.module_facts import defines_slots_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.binary import Slice

_COUNTS_SHARED = "_Py_DecRefShared"
"""What inlined reference counting calls in free-threaded builds only (``Include/refcount.h``)."""
_EXTENSIONS = ("so", "pyd", "dll")
_SMALL_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST_VERSION = 15
"""The minor version of the first Python that reads ABI records, whatever its build."""


def may_say_more(path: str, piece: Slice) -> bool:
    """Return whether a Python that imports a file looks at more than its name and symbols.

    Those with the GIL up to 3.14 do not, and most modules are theirs.
    """
    _, _, name = path.rpartition("/")
    label = _label_of(name)
    if label.startswith("abi3"):
        return True
    for beginning in ("cpython-", "cp"):
        if label.startswith(beginning):
            return _is_looked_into(label.removeprefix(beginning))
    # A bare name says nothing, so the symbols have to.
    is_bare = not label and name.endswith((".so", ".pyd", ".dylib"))
    return is_bare and not name.startswith("lib") and _is_free_threaded(piece)


def _label_of(name: str) -> str:
    """Return what stands between the name of a module and its extension."""
    rest, _, extension = name.rpartition(".")
    stem, dot, label = rest.rpartition(".")
    is_labelled = stem and dot and extension in _EXTENSIONS
    return label if is_labelled else ""


def _is_looked_into(version: str) -> bool:
    """Return whether a Python looks into modules: ``313t-x86_64-linux-gnu``, ``315-win_amd64``."""
    abi = version.partition("-")[0]
    digits = abi.rstrip(_SMALL_LETTERS)
    flags = abi.removeprefix(digits)
    if "t" in flags:
        return True
    # 3.15 is written 315.
    minor = digits.removeprefix("3")
    is_version = digits != minor and minor.isdecimal() and len(minor) < 4
    return is_version and int(minor) >= _FIRST_VERSION


def _is_free_threaded(piece: Slice) -> bool:
    """Return whether something in a slice is for free-threaded Pythons, or for those that look for ``PyModExport_``."""
    if defines_slots_only(piece):
        return True
    for need in piece.needs:
        library = need.library.lower()
        if library.startswith("python3") and library.endswith(("t.dll", "t_d.dll")):
            return True
    return any(symbol.name == _COUNTS_SHARED for symbol in piece.imports)
