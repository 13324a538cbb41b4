"""What a module's check of NumPy's C API says."""

from __future__ import annotations

import pytest

from support.slices import linux
from truewheel.formats.numpy_api import NumpySearch, with_numpy_api
from truewheel.model.binary import Binary, Format, Kind, NumpyApi, Symbol
from truewheel.model.record import replace

EITHER = (
    b"\0module compiled against ABI version 0x%x but this version of numpy is 0x%x\0"
)
ONE = (
    EITHER
    + b"module compiled against API version 0x%x but this version of numpy is 0x%x . Check\0"
)
TWO = (
    EITHER
    + b"module was compiled against NumPy C-API version 0x%x (NumPy 1.23) but the running\0"
)


def binary(*imports: str, kind: Kind = Kind.SHARED) -> Binary:
    symbols = tuple(Symbol(name=name) for name in imports)
    code = replace(linux(), imports=symbols, kind=kind)
    return Binary(format=Format.ELF, slices=(code,))


def numpy_api_of(module: Binary, content: bytes | bytearray) -> NumpyApi | None:
    """Return what is found in a file, which has to be the same if it comes in pieces."""
    found = with_numpy_api(module, content)
    assert found is not None
    for size in (1, 7, 64, 1000):
        search = NumpySearch()
        pieces = [content[start : start + size] for start in range(0, len(content), size)]  # fmt: skip
        assert b"".join(search.watch(pieces)) == content
        assert search.added_to(module) == found
    return found.numpy_api


MODULE = binary("PyErr_Format", "PyCapsule_GetPointer")


def test_the_headers_say_which_numpy() -> None:
    assert numpy_api_of(MODULE, ONE) == NumpyApi(headers=1)
    assert numpy_api_of(MODULE, bytearray(TWO)) == NumpyApi(headers=2, oldest="1.23")
    # Two units of one library; the stricter counts.
    assert numpy_api_of(MODULE, TWO + ONE) == NumpyApi(headers=1)


def test_what_cannot_ask_numpy_is_not_a_user_of_it() -> None:
    assert numpy_api_of(binary("PyErr_Format"), TWO) is None
    assert numpy_api_of(binary("PyCapsule_GetPointer", kind=Kind.OBJECT), TWO) is None
    assert numpy_api_of(Binary(format=Format.ELF), TWO) is None
    assert numpy_api_of(MODULE, b"") is None
    assert with_numpy_api(None, TWO) is None
    assert NumpySearch().added_to(None) is None


@pytest.mark.parametrize(
    "behind",
    [b"", b"1", b"1.", b"1.23", b".23)", b"1.x)", b"1.2.3)", b"-1.2)", b"1.23456789)", b"\xb2.0)", b")"],
)  # fmt: skip
def test_what_is_not_a_version_says_nothing(behind: bytes) -> None:
    text = TWO.partition(b"1.23)")[0]
    assert numpy_api_of(MODULE, text + behind) is None
