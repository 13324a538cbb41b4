"""What the readers say about bytes that they cannot read."""

from __future__ import annotations

from truewheel import formats
from truewheel.model.errors import FormatError


def failure(data: bytes) -> FormatError | None:
    """Return the error of a file that cannot be read, or ``None`` if it can be read."""
    try:
        formats.read(data)
    except FormatError as error:
        return error
    return None


def error_of(data: bytes) -> FormatError:
    """Return the error of a file that cannot be read; a file that can be read fails the test."""
    error = failure(data)
    assert error is not None, "this can be read"
    return error


def failure_of_part(whole: bytes, length: int) -> FormatError | None:
    """Return the error of a file of which only the first bytes are left, or ``None`` if these can be read.

    An error must say what is wrong, and at which offset in the whole file.
    """
    error = failure(whole[:length])
    if error is not None:
        assert error.field
        assert 0 <= error.offset <= len(whole)
    return error
