"""What a module's check of NumPy's C API says: a fact of its bytes, and no opinion."""

from __future__ import annotations

from .record import Record


class NumpyApi(Record):
    """With which NumPy a module that uses its C API can be imported.

    :param headers: the major version of the headers that it was compiled with, 1 or 2. NumPy 2 refuses what was compiled with
        those of NumPy 1. NumPy 1 takes what was compiled with those of NumPy 2, from ``oldest`` on.
    :param oldest: the oldest NumPy that has all that the module asks for, ``"1.23"``. Empty for the headers of NumPy 1: they
        write it as a number in code.
    """

    headers: int
    oldest: str = ""
