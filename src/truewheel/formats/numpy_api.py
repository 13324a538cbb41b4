"""Which NumPy a module was compiled for, by the texts that NumPy's headers compile into it.

``import_array()`` is a function of the headers, so each module has a copy. It compares the running NumPy with the headers, and
holds the messages for what does not fit. NumPy 2 writes the version into its message so that binaries can be searched for it
(``numpyconfig.h``, ``NPY_FEATURE_VERSION_STRING``). NumPy 1 writes numbers while it runs, and its message has other words.

Source: ``__multiarray_api.h`` of NumPy 1.19 to 2.5.
"""

from __future__ import annotations

from ..model.binary import LOADABLE
from ..model.numpy_api import NumpyApi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.binary import Binary

_NUMPY_1 = b"module compiled against API version 0x%x but this version of numpy is 0x%x"
_NUMPY_2 = b"module was compiled against NumPy C-API version 0x%x (NumPy "
_LONGEST_VERSION = 8
"""Characters of a version in such a message; ``2.10`` has four."""
_GETS_THE_API = "PyCapsule_GetPointer"
"""What ``import_array()`` gets the API by."""


def numpy_api_of(binary: Binary, content: bytes | bytearray) -> NumpyApi | None:
    """Return what the check of NumPy's C API in a module asks for; ``None`` when there is none.

    A search for a long text goes over 9 GB in a second, so it comes before the symbols are asked.
    """
    # The headers of NumPy 1 are the stricter ones, should a file hold both.
    if content.find(_NUMPY_1) >= 0:
        found = NumpyApi(headers=1)
    else:
        oldest = _version_behind(content, content.find(_NUMPY_2))
        if not oldest:
            return None
        found = NumpyApi(headers=2, oldest=oldest)
    # What only holds the text, such as a library of messages, does not ask NumPy for anything.
    return found if _can_get_the_api(binary) else None


def _version_behind(content: bytes | bytearray, start: int) -> str:
    """Return the version that follows the text of NumPy 2's headers; empty when there is none.

    :param start: where the text begins; less than 0 when it is not there.
    """
    if start < 0:
        return ""
    first = start + len(_NUMPY_2)
    text, bracket, _ = content[first : first + _LONGEST_VERSION].partition(b")")
    major, dot, minor = text.partition(b".")
    if not (bracket and dot and major.isdigit() and minor.isdigit()):
        return ""
    return f"{int(major)}.{int(minor)}"


def _can_get_the_api(binary: Binary) -> bool:
    """Return whether a loader takes the file, and it imports what ``import_array()`` calls."""
    for piece in binary.slices:
        if piece.kind in LOADABLE and any(
            symbol.name == _GETS_THE_API for symbol in piece.imports
        ):
            return True
    return False
