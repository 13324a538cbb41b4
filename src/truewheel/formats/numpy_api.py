"""Which NumPy a module was compiled for, by the texts that NumPy's headers compile into it.

``import_array()`` is a function of the headers, so each module has a copy. It compares the running NumPy with the headers, and
holds the messages for what does not fit. NumPy 2 writes the version into its message so that binaries can be searched for it
(``numpyconfig.h``, ``NPY_FEATURE_VERSION_STRING``). NumPy 1 writes numbers while it runs, and its message has other words.

Source: ``__multiarray_api.h`` of NumPy 1.19 to 2.5.
"""

from __future__ import annotations

from ..model.binary import LOADABLE, NumpyApi
from ..model.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.binary import Binary
    from .cursor import Buffer

_NUMPY_1 = b"module compiled against API version 0x%x but this version of numpy is 0x%x"
_NUMPY_2 = b"module was compiled against NumPy C-API version 0x%x (NumPy "
_EITHER = b"module compiled against ABI version 0x%x but this version of numpy is 0x%x"
"""What both have, so that one search is enough for nearly all files."""
_LONGEST_VERSION = 8
"""Characters of a version in such a message; ``2.10`` has four."""
_GETS_THE_API = "PyCapsule_GetPointer"
"""What ``import_array()`` gets the API by."""


_REACH = len(_NUMPY_1) + _LONGEST_VERSION
"""Bytes that the longer text and what is read behind it take at most."""


class NumpySearch:
    """A search for the texts in a file that comes in pieces, cut anywhere."""

    def __init__(self) -> None:
        self._found: NumpyApi | None = None

    def watch(self, pieces: Iterable[Buffer]) -> Iterator[Buffer]:
        """Yield the pieces as they are."""
        tail = b""
        for piece in pieces:
            window = tail + bytes(piece)
            found = _read_texts(window)
            # The headers of NumPy 1 may still come.
            if found is not None and (self._found is None or found.headers == 1):
                self._found = found
            tail = window[-_REACH:]
            yield piece

    def added_to(self, binary: Binary | None) -> Binary | None:
        """Return the facts of the file with what was found."""
        if binary is None or self._found is None or not _can_get_the_api(binary):
            return binary
        return replace(binary, numpy_api=self._found)


def with_numpy_api(binary: Binary | None, content: Buffer) -> Binary | None:
    """Return the facts of a file that is in memory, with what its check of NumPy's C API asks for, if it has one."""
    # What only holds the texts, such as a library of messages, does not ask NumPy for anything. To ask for one symbol takes
    # less time than to search the file, which goes over 9 GB in a second.
    text = _searchable(content)
    if binary is None or not _can_get_the_api(binary) or text.find(_EITHER) < 0:
        return binary
    found = _read_texts(text)
    return binary if found is None else replace(binary, numpy_api=found)


def _searchable(content: Buffer) -> bytes | bytearray:
    """Return a content as something that can be searched, which a view of memory is not."""
    if isinstance(content, memoryview):
        return bytes(content)
    return content


def _read_texts(content: bytes | bytearray) -> NumpyApi | None:
    """Return what the texts say that stand in a content; ``None`` when there is none."""
    # The headers of NumPy 1 are the stricter ones, should a file hold both.
    if content.find(_NUMPY_1) >= 0:
        return NumpyApi(headers=1)
    oldest = _version_behind(content, content.find(_NUMPY_2))
    if not oldest:
        return None
    return NumpyApi(headers=2, oldest=oldest)


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
        if piece.kind not in LOADABLE:
            continue
        for symbol in piece.imports:
            if symbol.name == _GETS_THE_API:
                return True
    return False
