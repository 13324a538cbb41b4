"""What is kept of a wheel once it has been judged: small enough to be sent from one process to another."""

from __future__ import annotations

from .record import NamedTuple


class WheelOnDisk(NamedTuple):
    """Which file it was.

    :param filename: its base name.
    :param path: as it was asked for.
    :param size: in bytes.
    """

    filename: str
    path: str
    size: int
