"""Hashes as RECORD has them: SHA-256, urlsafe base64 without padding (the binary distribution format, "The .dist-info directory")."""

from __future__ import annotations

import base64
import hashlib

from ...model.record_file import RecordRow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...formats.cursor import Buffer


class RunningHash:
    """The hash and the length of content that comes piece by piece."""

    __slots__ = ("_digest", "size")

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    def update(self, piece: Buffer) -> None:
        """Take in the next piece."""
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def text(self) -> str:
        """The hash of all pieces so far."""
        return base64.urlsafe_b64encode(self._digest.digest()).rstrip(b"=").decode()

    def row(self, path: str) -> RecordRow:
        """Return the row of RECORD for that content under ``path``."""
        return RecordRow(
            path=path, algorithm="sha256", digest=self.text, size=self.size
        )


def hash_of(pieces: Iterable[Buffer]) -> str:
    """Return the hash of all pieces together."""
    running = RunningHash()
    for piece in pieces:
        running.update(piece)
    return running.text


def row_of(path: str, pieces: Iterable[Buffer]) -> RecordRow:
    """Return the row of RECORD for a file with that content."""
    running = RunningHash()
    for piece in pieces:
        running.update(piece)
    return running.row(path)


def hex_digest(pieces: Iterable[Buffer]) -> str:
    """Return the SHA-256 of all pieces together, in hex digits, as bills of materials have it."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
