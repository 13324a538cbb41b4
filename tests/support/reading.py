"""What a reader says of bytes that it cannot read."""

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
